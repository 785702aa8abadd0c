//! The words of an early refusal: those of a late one, as far as they are always the same made beforehand.
//!
//! Left out are `Date` (RFC 9110, section 6.6.1 leaves it open for 5xx), `Server-Timing`, and how the limit of the
//! address stands, since what is refused to everybody is counted for nobody.

use super::head::PlainHead;
use super::lines::write_fields;
use crate::failure::Surface;
use crate::front::Shared;
use crate::headers;
use hyper::header;

/// What writes refusals.
pub(super) struct Refusals {
    /// The status line and the fields that are always the same.
    head: Vec<u8>,
    /// The length, the end of the head, the body.
    tail: Vec<u8>,
    pub(super) body_size: u64,
}

impl Refusals {
    pub(super) fn new(shared: &Shared) -> Self {
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
        Self { head, tail, body_size: body.len() as u64 }
    }

    pub(super) fn write(&self, shared: &Shared, plain: &PlainHead<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"retry-after: ");
        out.extend_from_slice(shared.admission.retry_after().as_bytes());
        out.extend_from_slice(b"\r\nx-request-id: ");
        shared.request_ids.write(plain.request_id, out);
        out.extend_from_slice(b"\r\n");
        shared.cors.write_lines(plain.origin, out);
        out.extend_from_slice(&self.tail);
    }
}
