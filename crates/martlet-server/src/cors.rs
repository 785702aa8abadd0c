//! Which origins may read answers (Fetch standard): all without credentials, or exactly those listed, with them.

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, \
     Range-Unit, ETag, Preference-Applied, Retry-After, RateLimit, RateLimit-Policy, Deprecation, Sunset, \
     Server-Timing, X-Request-Id, Martlet-Cache, Martlet-Position, X-Martlet-Reload-Error",
);
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const PREFLIGHT_VARY: HeaderValue =
    HeaderValue::from_static("Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
/// Bytes of a preflight's list of headers.
const REQUESTED_SIZE_MAX: usize = 2048;

/// Who may read answers from another origin.
#[derive(Debug)]
pub(crate) enum Cors {
    /// Everybody, without credentials.
    Any,
    /// These, byte for byte, with credentials.
    Listed(Vec<HeaderValue>),
}

impl Cors {
    /// Of the setting `cors.origins`; texts that cannot be an origin match none.
    pub(crate) fn new(origins: &[String]) -> Self {
        if origins.is_empty() || origins.iter().any(|origin| origin == "*") {
            return Cors::Any;
        }
        Cors::Listed(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect())
    }

    /// Adds what lets the origin read this answer, if it may. `Vary: Origin` is the caller's.
    pub(crate) fn allow(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        // Only browsers ask, and they always say from where.
        let Some(origin) = origin else { return };
        match self {
            Cors::Any => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
            }
            Cors::Listed(ours) if origin != "null" && ours.contains(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            }
            Cors::Listed(_) => return,
        }
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }

    /// The same as lines of a head, for an answer that is written by hand.
    pub(crate) fn write_lines(&self, origin: Option<&[u8]>, head: &mut Vec<u8>) {
        let Some(origin) = origin else { return };
        let mut line = |name: &HeaderName, value: &[u8]| {
            for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
                head.extend_from_slice(part);
            }
        };
        match self {
            Cors::Any => line(&header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY.as_bytes()),
            Cors::Listed(ours) if origin != b"null" && ours.iter().any(|our| our.as_bytes() == origin) => {
                line(&header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                line(&header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE.as_bytes());
            }
            Cors::Listed(_) => return,
        }
        line(&header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED.as_bytes());
    }

    /// The headers that answer a preflight.
    pub(crate) fn preflight(&self, request: &HeaderMap, answer: &mut HeaderMap) {
        answer.insert(header::VARY, PREFLIGHT_VARY);
        let before = answer.len();
        self.allow(request.get(header::ORIGIN), answer);
        if answer.len() == before {
            return;
        }
        answer.remove(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        // Clients add headers of their own (x-client-info, traceparent), which all are harmless to us: what is asked
        // for is allowed. `*` would not cover Authorization.
        if let Some(requested) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS)
            && requested.len() <= REQUESTED_SIZE_MAX
            && requested.as_bytes().iter().all(|b| is_token_byte(*b) || matches!(b, b',' | b' '))
        {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, requested.clone());
        }
    }
}

/// RFC 9110, section 5.6.2.
fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(cors: &Cors, origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        cors.allow(Some(&HeaderValue::from_str(origin).unwrap()), &mut headers);
        headers
    }

    #[test]
    fn everybody_by_default_but_without_credentials() {
        let headers = allowed(&Cors::new(&[]), "https://anywhere.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    }

    #[test]
    fn abuse_http_11_only_the_very_origin() {
        let cors = Cors::new(&["https://app.example".to_owned()]);
        let headers = allowed(&cors, "https://app.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        for other in [
            "null",
            "https://app.example.evil",
            "https://evil-app.example",
            "http://app.example",
            "https://app.example:8443",
            "https://APP.example",
            "https://app.example/",
            "",
        ] {
            assert!(allowed(&cors, other).is_empty(), "{other}");
        }
        assert!(allowed(&Cors::new(&["null".to_owned()]), "null").is_empty());
    }

    #[test]
    fn lines_say_the_same_as_fields() {
        let listed = || Cors::new(&["https://app.example".to_owned(), "null".to_owned()]);
        for cors in [Cors::Any, listed()] {
            for origin in ["https://app.example", "https://other.example", "null", ""] {
                let fields = allowed(&cors, origin);
                let fields = fields.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
                let mut lines = Vec::new();
                cors.write_lines(Some(origin.as_bytes()), &mut lines);
                assert_eq!(String::from_utf8(lines).unwrap(), fields.collect::<String>(), "{origin}");
            }
        }
    }

    #[test]
    fn a_preflight_allows_what_is_asked_for_if_well_formed() {
        let mut request = HeaderMap::new();
        request.insert(header::ORIGIN, HeaderValue::from_static("https://app.example"));
        request.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("apikey, x-client-info"));
        let mut answer = HeaderMap::new();
        Cors::Any.preflight(&request, &mut answer);
        assert_eq!(answer[header::ACCESS_CONTROL_ALLOW_HEADERS], "apikey, x-client-info");
        assert_eq!(answer[header::ACCESS_CONTROL_MAX_AGE], "600");
        request.insert(header::ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("a\"; <b>"));
        let mut answer = HeaderMap::new();
        Cors::Any.preflight(&request, &mut answer);
        assert!(!answer.contains_key(header::ACCESS_CONTROL_ALLOW_HEADERS));
        let mut answer = HeaderMap::new();
        Cors::new(&["https://other.example".to_owned()]).preflight(&request, &mut answer);
        assert_eq!(answer.len(), 1, "Vary alone");
    }
}
