//! What is written on a stream: events as the HTML standard reads them.
//!
//! An event's data is the answer's bytes as GET gives them. They have no line ends (canonical JSON), but for a text
//! that somebody could slip one in: each line is one of the data's, so that nothing can end the event early.

use bytes::{Buf, Bytes};
use martlet_core::Code;
use martlet_engine::{Frame, Seen};
use serde_json::{Value, json};
use std::io::Write as _;

/// A comment: what keeps the connection open.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": \n\n");
/// Sent in place of the first answer where the client has it.
pub(super) const UNCHANGED: Bytes = Bytes::from_static(b": unchanged\n\n");

/// A longer answer is not copied into its event.
const COPIED_SIZE_MAX: usize = 8 * 1024;
const DATA: &[u8] = b"data: ";

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

/// An event on its way: in one piece, or about an answer that is not copied.
#[derive(Debug, Default)]
pub(super) struct Event([Bytes; 3]);

impl Event {
    /// To be written.
    pub(super) fn into_buf(self) -> impl Buf {
        let [before, data, after] = self.0;
        before.chain(data).chain(after)
    }
}

impl From<Bytes> for Event {
    fn from(whole: Bytes) -> Self {
        Self([whole, Bytes::new(), Bytes::new()])
    }
}

/// The event of a frame with this answer. Who are told the same share it.
pub(super) fn of_answer(frame: &Frame, data: &Bytes) -> Event {
    if data.len() <= COPIED_SIZE_MAX || memchr::memchr2(b'\n', b'\r', data).is_some() {
        return Event::from(frame.rendered(|frame| whole(frame, data)).clone());
    }
    let before = frame.rendered(|frame| {
        let mut before = beginning(frame, 96);
        before.extend_from_slice(DATA);
        Bytes::from(before)
    });
    Event([before.clone(), data.clone(), Bytes::from_static(b"\n\n")])
}

/// The event of a frame with these answers.
pub(super) fn of_answers(frame: &Frame, data: &[u8]) -> Event {
    Event::from(whole(frame, data))
}

fn whole(frame: &Frame, data: &[u8]) -> Bytes {
    let mut out = beginning(frame, data.len() + 96);
    write_data(data, &mut out);
    Bytes::from(out)
}

fn beginning(frame: &Frame, capacity: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(capacity);
    out.extend_from_slice(if frame.is_partial { Name::Partial } else { Name::Answer }.line());
    let _ = writeln!(out, "id: {}.{}", frame.position, frame.tag);
    out
}

/// The event of an error that may pass, as the surface tells it.
pub(super) fn of_error(told: &Value) -> Event {
    let mut out = Name::Error.line().to_vec();
    write_data(told.to_string().as_bytes(), &mut out);
    Event::from(Bytes::from(out))
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
        out.extend_from_slice(DATA);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &str) -> String {
        let mut out = Vec::new();
        write_data(text.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn nothing_in_the_data_ends_an_event() {
        assert_eq!(data("{}"), "data: {}\n\n");
        assert_eq!(data("a\nb"), "data: a\ndata: b\n\n");
        assert_eq!(data("a\n\nid: 7\r"), "data: a\ndata: \ndata: id: 7\ndata: \n\n");
        assert_eq!(data(""), "data: \n\n");
    }

    #[test]
    fn the_last_event_tells_why() {
        let told = of_end("X", "it \"is\" so", Some(7));
        assert_eq!(told, "event: end\nretry: 7\ndata: {\"code\":\"X\",\"message\":\"it \\\"is\\\" so\"}\n\n");
        assert!(of_code(&martlet_core::code::STREAM_SHUT, None).starts_with(b"event: end\ndata: {\"code\":\"MRT035\""));
    }

    #[test]
    fn only_an_id_of_ours_tells_what_was_seen() {
        let id = "00000000000000ff-7.00abcdef01234567";
        let seen = seen_of(id.as_bytes()).unwrap();
        assert_eq!(format!("{}.{}", seen.position, seen.tag), id);
        for other in
            ["", ".", "7", "00000000000000ff-7", "00000000000000ff-7.", "x.00abcdef01234567", &format!("{id} ")]
        {
            assert_eq!(seen_of(other.as_bytes()), None, "{other}");
        }
        assert_eq!(seen_of(b"\xff.\xff"), None);
    }
}
