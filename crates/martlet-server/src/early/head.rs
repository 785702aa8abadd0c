//! A head that is read on the wire: by the parser that hyper has, and only if there is nothing unusual about it.

use crate::first_stage::is_host;
use crate::headers;
use crate::settings::{HEADER_NAME_SIZE_MAX, ServerSettings};
use hyper::header::{self, HeaderName};

/// Fields of a plain head.
const FIELDS_MAX: usize = 32;

/// All of the bytes: a GET or HEAD of HTTP/1.1 without a body, on a connection that stays.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PlainHead<'a> {
    pub(super) is_head: bool,
    pub(super) target: &'a str,
    pub(super) origin: Option<&'a [u8]>,
    pub(super) request_id: Option<&'a [u8]>,
    pub(super) if_none_match: Option<&'a [u8]>,
    pub(super) chosen_by: ChosenBy<'a>,
    /// Whether it has to be looked at closer before it is answered with anything but a refusal.
    pub(super) is_odd: bool,
}

/// The fields that decide, with the target, which answer a request gets. `Prefer` and `If-Match` do so too: a request
/// with them is odd. No other field is read on the way to an answer of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ChosenBy<'a> {
    pub(crate) authorization: Option<&'a [u8]>,
    pub(crate) apikey: Option<&'a [u8]>,
    pub(crate) accept: Option<&'a [u8]>,
    pub(crate) accept_encoding: Option<&'a [u8]>,
}

impl<'a> PlainHead<'a> {
    pub(super) fn of(bytes: &'a [u8], settings: &ServerSettings) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        let is_whole = request.parse(bytes) == Ok(httparse::Status::Complete(bytes.len()));
        let target = request.path.filter(|_| is_whole && request.version == Some(1))?;
        let is_head = match request.method {
            Some("GET") => false,
            Some("HEAD") => true,
            _ => return None,
        };
        let mut plain = Self { is_head, target, ..Self::default() };
        plain.is_odd = request.headers.len() > settings.header_count_max || bytes.len() > settings.header_size_max;
        let mut has_host = false;
        for field in &*request.headers {
            let is = |name: &HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
            let value = field.value;
            match field.name.len() {
                4 if is(&header::HOST) => {
                    plain.is_odd |= std::mem::replace(&mut has_host, true) || !is_host(value);
                }
                10 if is(&header::CONNECTION) && !value.eq_ignore_ascii_case(b"keep-alive") => return None,
                14 if is(&header::CONTENT_LENGTH) => return None,
                17 if is(&header::TRANSFER_ENCODING) => return None,
                7 if is(&header::UPGRADE) => return None,
                6 if is(&header::EXPECT) => return None,
                6 if is(&header::ORIGIN) => plain.origin = plain.origin.or(Some(value)),
                12 if is(&headers::REQUEST_ID) => plain.request_id = plain.request_id.or(Some(value)),
                13 if is(&header::AUTHORIZATION) => plain.is_odd |= twice(&mut plain.chosen_by.authorization, value),
                6 if is(&headers::APIKEY) => plain.is_odd |= twice(&mut plain.chosen_by.apikey, value),
                6 if is(&header::ACCEPT) => plain.is_odd |= twice(&mut plain.chosen_by.accept, value),
                15 if is(&header::ACCEPT_ENCODING) => {
                    plain.is_odd |= twice(&mut plain.chosen_by.accept_encoding, value);
                }
                13 if is(&header::IF_NONE_MATCH) => plain.is_odd |= twice(&mut plain.if_none_match, value),
                6 if is(&headers::PREFER) => plain.is_odd = true,
                8 if is(&header::IF_MATCH) => plain.is_odd = true,
                5 if is(&header::RANGE) => plain.is_odd = true,
                // It tells another address only where proxies are trusted.
                15 if is(&headers::FORWARDED_FOR) => plain.is_odd |= !settings.trusted_proxies.is_empty(),
                size => plain.is_odd |= size > HEADER_NAME_SIZE_MAX,
            }
        }
        plain.is_odd |= !has_host || !target.starts_with('/');
        Some(plain)
    }

    /// The path as it stands there.
    pub(super) fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// Keeps a value; whether there was one already.
fn twice<'a>(place: &mut Option<&'a [u8]>, value: &'a [u8]) -> bool {
    place.replace(value).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ServerSettings {
        ServerSettings::default()
    }

    fn is_plain(head: &str) -> Option<bool> {
        PlainHead::of(head.as_bytes(), &settings()).map(|plain| !plain.is_odd)
    }

    #[test]
    fn only_a_plain_head_is_read_here() {
        let of = |line: &str, fields: &str| is_plain(&format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
        assert_eq!(of("GET /rest/v1/rpc/free?a=/b", ""), Some(true));
        assert_eq!(of("HEAD /rest/v1/rpc/free", "Connection: Keep-Alive\r\nCookie: a=b\r\n"), Some(true));
        assert_eq!(of("POST /rest/v1/rpc/free", ""), None);
        for fields in [
            "Connection: close\r\n",
            "Connection: keep-alive, close\r\n",
            "Content-Length: 0\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Upgrade: websocket\r\n",
            "Expect: 100-continue\r\n",
            "bad field: x\r\n",
            &"a: b\r\n".repeat(FIELDS_MAX),
        ] {
            assert_eq!(of("GET /rest/v1/rpc/free", fields), None, "{fields}");
        }
        for head in [
            "GET /rest/v1/rpc/free HTTP/1.0\r\nHost: x\r\n\r\n",
            "GET /rest/v1/rpc/free HTTP/1.1\r\nHost: x\r\n",
            "GET /rest/v1/rpc/free HTTP/1.1\r\nHost: x\r\n\r\nGET",
            "",
        ] {
            assert_eq!(is_plain(head), None, "{head}");
        }
    }

    #[test]
    fn abuse_cache_06_what_is_unusual_is_odd() {
        let of = |line: &str, fields: &str| is_plain(&format!("{line} HTTP/1.1\r\n{fields}\r\n"));
        for fields in [
            "",
            "Host: a\r\nHost: a\r\n",
            "Host: a b\r\n",
            "Host: x\r\nAuthorization: a\r\nAuthorization: b\r\n",
            "Host: x\r\nApikey: a\r\napikey: a\r\n",
            "Host: x\r\nAccept: a\r\nAccept: b\r\n",
            "Host: x\r\nAccept-Encoding: gzip\r\nAccept-Encoding: br\r\n",
            "Host: x\r\nIf-None-Match: a\r\nIf-None-Match: b\r\n",
            "Host: x\r\nPrefer: count=exact\r\n",
            "Host: x\r\nIf-Match: a\r\n",
            "Host: x\r\nRange: bytes=0-1\r\n",
            &format!("Host: x\r\n{}: b\r\n", "a".repeat(HEADER_NAME_SIZE_MAX + 1)),
        ] {
            assert_eq!(of("GET /rest/v1/rpc/free", fields), Some(false), "{fields}");
        }
        assert_eq!(of("GET http://x/rest/v1/rpc/free", "Host: x\r\n"), Some(false));
        let forwarded = "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n";
        assert_eq!(is_plain(forwarded), Some(true));
        let behind = ServerSettings { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..settings() };
        assert!(PlainHead::of(forwarded.as_bytes(), &behind).unwrap().is_odd);
    }

    #[test]
    fn fields_are_found_in_any_case_and_the_first_counts() {
        let head = "GET / HTTP/1.1\r\nHost: x\r\nORIGIN: https://a\r\nx-request-id: 7\r\norigin: https://b\r\n\
                    aPikey: k\r\nIf-None-Match:  \"x\" \r\n\r\n";
        let settings = settings();
        let plain = PlainHead::of(head.as_bytes(), &settings).unwrap();
        assert_eq!((plain.origin, plain.request_id), (Some(&b"https://a"[..]), Some(&b"7"[..])));
        assert_eq!((plain.chosen_by.apikey, plain.if_none_match), (Some(&b"k"[..]), Some(&b"\"x\""[..])));
        assert!(!plain.is_odd);
    }
}
