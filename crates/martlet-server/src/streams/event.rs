//! What is written on a stream: events as the HTML standard reads them.
//!
//! An event's data is the answer's bytes as GET gives them. They have no line ends (canonical JSON), but for a text
//! that somebody could slip one in: each line is one of the data's, so that nothing can end the event early.

use bytes::Bytes;
use martlet_core::Code;
use martlet_engine::{Frame, Seen};
use serde_json::{Value, json};
use std::io::Write as _;

/// A comment: what keeps the connection open.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": \n\n");
/// Sent in place of the first answer where the client has it.
pub(super) const UNCHANGED: Bytes = Bytes::from_static(b": unchanged\n\n");

/// How an event is named; an answer is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    Answer,
    /// Answers of several queries, of which some are of another position than others.
    Partial,
    /// What is followed has no answer now.
    Error,
    /// The last one.
    End,
}

impl Name {
    const fn line(self) -> &'static [u8] {
        match self {
            Self::Answer => b"",
            Self::Partial => b"event: partial\n",
            Self::Error => b"event: error\n",
            Self::End => b"event: end\n",
        }
    }
}

/// The event of a frame.
pub(super) fn of_frame(frame: &Frame, data: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(data.len() + 96);
    out.extend_from_slice(if frame.is_partial { Name::Partial } else { Name::Answer }.line());
    let _ = writeln!(out, "id: {}.{}", frame.position, frame.tag);
    write_data(data, &mut out);
    Bytes::from(out)
}

/// The event of an error that may pass, as the surface tells it.
pub(super) fn of_error(told: &Value) -> Bytes {
    let mut out = Name::Error.line().to_vec();
    write_data(told.to_string().as_bytes(), &mut out);
    Bytes::from(out)
}

/// The last event. `retry_ms`: when to come back.
pub(super) fn of_end(code: &str, message: &str, retry_ms: Option<u64>) -> Bytes {
    let mut out = Name::End.line().to_vec();
    if let Some(retry_ms) = retry_ms {
        let _ = writeln!(out, "retry: {retry_ms}");
    }
    write_data(json!({"code": code, "message": message}).to_string().as_bytes(), &mut out);
    Bytes::from(out)
}

/// The same of a code of ours in its own words.
pub(super) fn of_code(code: &Code, retry_ms: Option<u64>) -> Bytes {
    of_end(code.code, code.text, retry_ms)
}

/// The first line: when to come back.
pub(super) fn retry(retry_ms: u64) -> Bytes {
    Bytes::from(format!("retry: {retry_ms}\n\n"))
}

fn write_data(data: &[u8], out: &mut Vec<u8>) {
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// What a `Last-Event-ID` tells; none: it is no id of ours.
pub(super) fn seen_of(id: &[u8]) -> Option<Seen> {
    let (position, tag) = std::str::from_utf8(id).ok()?.split_once('.')?;
    Some(Seen { position: position.parse().ok()?, tag: tag.parse().ok()? })
}
