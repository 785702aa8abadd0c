//! Refusals in an overload that are written before the request is read as one.
//!
//! At ten times the peak nine of ten requests are refused, and each refusal is an exchange over a socket: what hyper
//! and the first stage add to that is a quarter of it. So a plain head, whole in one read on a connection that stands
//! between two requests, is looked at here; if it is one too many, its answer is written at once and nobody behind
//! hears of it. Whatever is not plain goes on, and is refused by the first stage in the same words.
//!
//! What is left out of the words: `Date` (RFC 9110, section 6.6.1 leaves it open for 5xx), `Server-Timing`, and how
//! the limit of the address stands, since what is refused to everybody is counted for nobody.

use crate::failure::Surface;
use crate::first_stage::{RPC_ROUTE, rpc_name};
use crate::front::Shared;
use crate::headers;
use crate::wire::Wire;
use hyper::header::{self, HeaderMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Fields of a plain head.
const FIELDS_MAX: usize = 32;

/// What writes such refusals.
pub(crate) struct EarlyRefusal {
    shared: Arc<Shared>,
    /// The status line and the fields that are always the same.
    head: Vec<u8>,
    /// The length, the end of the head, the body.
    tail: Vec<u8>,
    body_size: u64,
    /// How long after its last head hyper may be passed by: it closes a connection that seems idle.
    passed_by_max: Duration,
}

/// What is of interest in a plain head.
struct PlainHead<'a> {
    origin: Option<&'a [u8]>,
    request_id: Option<&'a [u8]>,
}

impl EarlyRefusal {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        let response = shared.admission.refuse(Surface::Rest);
        let mut head = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
        let mut fields = response.headers().clone();
        fields.remove(header::RETRY_AFTER);
        fields.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
        fields.insert(header::REFERRER_POLICY, headers::NO_REFERRER);
        fields.insert(header::VARY, headers::VARY_ORIGIN);
        write_fields(&fields, &mut head);
        let body = response.into_body().into_bytes();
        let mut tail = format!("content-length: {}\r\n\r\n", body.len()).into_bytes();
        tail.extend_from_slice(&body);
        let passed_by_max = shared.settings.idle_timeout / 2;
        Self { shared, head, tail, body_size: body.len() as u64, passed_by_max }
    }

    /// The answer to these bytes, which begin a request on a connection that waits for one; none: they go on.
    ///
    /// `last_head` is when hyper was last given a head.
    pub(crate) fn answer(&self, bytes: &[u8], wire: &Wire, last_head: Instant) -> Option<Vec<u8>> {
        let shared = &*self.shared;
        let is_told = shared.is_draining() || shared.dev.has_reload_error() || tracing::enabled!(tracing::Level::DEBUG);
        if !shared.admission.is_strained() || is_told {
            return None;
        }
        let plain = PlainHead::of(bytes)?;
        let now = Instant::now();
        if now.saturating_duration_since(last_head) > self.passed_by_max {
            return None;
        }
        let at = wire.turn.came_yet().map_or(now, |came| came.min(now));
        shared.admission.sheds(now, now - at, wire.phase.has_left())?;
        shared.statistics.count_refused(RPC_ROUTE, now - at, self.body_size);
        Some(self.write(&plain))
    }

    fn write(&self, plain: &PlainHead<'_>) -> Vec<u8> {
        let mut text = Vec::with_capacity(1024);
        text.extend_from_slice(&self.head);
        text.extend_from_slice(b"retry-after: ");
        text.extend_from_slice(self.shared.admission.retry_after().as_bytes());
        text.extend_from_slice(b"\r\nx-request-id: ");
        self.shared.request_ids.write(plain.request_id, &mut text);
        text.extend_from_slice(b"\r\n");
        self.shared.cors.write_lines(plain.origin, &mut text);
        text.extend_from_slice(&self.tail);
        text
    }
}

impl<'a> PlainHead<'a> {
    /// A GET of a query by its name, by the parser that hyper has: all of the bytes, without a body, on a connection
    /// that stays.
    fn of(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(b"GET /rest/v1/rpc/") {
            return None;
        }
        let mut fields = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut fields);
        let is_whole = request.parse(bytes) == Ok(httparse::Status::Complete(bytes.len()));
        let target = request.path.filter(|_| is_whole && request.version == Some(1))?;
        rpc_name(target.split('?').next().unwrap_or_default())?;
        let mut plain = Self { origin: None, request_id: None };
        for field in &*request.headers {
            let is = |name: &header::HeaderName| field.name.eq_ignore_ascii_case(name.as_str());
            match field.name.len() {
                6 if is(&header::ORIGIN) => plain.origin = plain.origin.or(Some(field.value)),
                12 if is(&headers::REQUEST_ID) => plain.request_id = plain.request_id.or(Some(field.value)),
                10 if is(&header::CONNECTION) && !field.value.eq_ignore_ascii_case(b"keep-alive") => return None,
                14 if is(&header::CONTENT_LENGTH) => return None,
                17 if is(&header::TRANSFER_ENCODING) => return None,
                7 if is(&header::UPGRADE) => return None,
                6 if is(&header::EXPECT) => return None,
                _ => {}
            }
        }
        Some(plain)
    }
}

/// Writes fields as lines of a head.
pub(crate) fn write_fields(fields: &HeaderMap, head: &mut Vec<u8>) {
    for (name, value) in fields {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(head: &str) -> Option<(Option<String>, Option<String>)> {
        let text = |value: Option<&[u8]>| value.map(|value| String::from_utf8_lossy(value).into_owned());
        PlainHead::of(head.as_bytes()).map(|plain| (text(plain.origin), text(plain.request_id)))
    }

    #[test]
    fn only_a_plain_head_is_read_here() {
        let of = |line: &str, fields: &str| plain(&format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"));
        let some = Some((None, None));
        assert_eq!(of("GET /rest/v1/rpc/free?a=/b", ""), some);
        assert_eq!(of("GET /rest/v1/rpc/free", "Connection: Keep-Alive\r\nCookie: a=b\r\n"), some);
        let known = of("GET /rest/v1/rpc/free", "ORIGIN: https://a\r\nx-request-id: 7\r\norigin: https://b\r\n");
        assert_eq!(known, Some((Some("https://a".to_owned()), Some("7".to_owned()))));
        for line in
            ["GET /rest/v1/rpc/", "GET /rest/v1/rpc/a/b", "GET /rest/v1/batch", "POST /rest/v1/rpc/free", "GET /"]
        {
            assert_eq!(of(line, ""), None, "{line}");
        }
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
            assert_eq!(plain(head), None, "{head}");
        }
    }
}
