//! Refusals that hyper writes by itself, before any handler of ours, in the shape that every error has.
//!
//! A head that cannot be parsed is answered by hyper with a bare status. What it writes is known to the byte, and
//! while no request is being answered nothing else is written: so it is found on its way out and given our body.

use crate::early::write_fields;
use crate::failure::{Failure, Surface};
use crate::refusal;
use bytes::Bytes;
use martlet_core::Error;

/// The answer to write in place of these bytes; none: they are no refusal of hyper's.
pub(crate) fn in_our_shape(written: &[u8]) -> Option<Bytes> {
    let text = std::str::from_utf8(written).ok()?;
    let mut lines = text.strip_suffix("\r\n\r\n")?.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    let error = error_of(status)?;
    // Every answer of ours has other fields too.
    let is_bare = |line: &str| ["connection: close", "content-length: 0"].contains(&line) || line.starts_with("date: ");
    lines.all(is_bare).then(|| write(Failure::from(error)))
}

/// hyper tells no more than these (`on_error` of its server role).
fn error_of(status: &str) -> Option<Error> {
    match status {
        "400" => Some(refusal::bad_request("the request's head is not well-formed")),
        "414" => Some(refusal::url_unreadable()),
        "431" => Some(refusal::header_too_large("the request's head is too large")),
        _ => None,
    }
}

fn write(failure: Failure) -> Bytes {
    let status = failure.status();
    let response = failure.into_response(Surface::Other);
    let mut text =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\nx-content-type-options: nosniff\r\n").into_bytes();
    write_fields(response.headers(), &mut text);
    let body = response.into_body().into_bytes();
    text.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    text.extend_from_slice(&body);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_refusals_get_a_body_and_nothing_else_is_touched() {
        for status in ["400 Bad Request", "414 URI Too Long", "431 Request Header Fields Too Large"] {
            let bare = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n");
            let ours = in_our_shape(bare.as_bytes()).unwrap();
            let ours = std::str::from_utf8(&ours).unwrap();
            let (head, body) = ours.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\nconnection: close\r\n")), "{head}");
            assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
            assert!(head.contains("content-type: application/problem+json") && body.contains("\"MRT002\""), "{ours}");
        }
        for other in [
            "HTTP/1.1 400 Bad Request\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 ",
            "",
        ] {
            assert_eq!(in_our_shape(other.as_bytes()), None, "{other}");
        }
    }
}
