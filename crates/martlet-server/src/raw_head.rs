//! Looks into a head's bytes, on their way to hyper, for what hyper does not tell.
//!
//! Whether it named a length although it also named a coding: hyper goes by the coding, drops the length and closes
//! after its answer, as RFC 9112, section 6.1 allows; refusing is safer, for whoever stands before us may have gone by
//! the length. And whether the bytes were this request and nothing else, so that the next ones begin a new one.
//!
//! Nothing is kept but the beginning of a line that is cut between two reads: about 50 ns for a usual head.

use memchr::memchr;

const LENGTH: &[u8] = b"content-length:";
const CODING: &[u8] = b"transfer-encoding:";
/// Bytes of a line that are looked at: the longer name, and a length of any size that there is.
const KEPT: usize = CODING.len() + 20;

/// What has been seen of one head, and of the body behind it.
#[derive(Debug)]
pub(crate) struct RawHead {
    /// The beginning of the line that is not yet whole, as far as it matters.
    line: [u8; KEPT],
    line_size: usize,
    has_line: bool,
    is_over: bool,
    has_length: bool,
    has_coding: bool,
    /// Of its body, as its length says, what has not come; none: it cannot be told.
    body_left: Option<u64>,
}

impl Default for RawHead {
    fn default() -> Self {
        let (line, body_left) = ([0; KEPT], Some(0));
        Self { line, line_size: 0, has_line: false, is_over: false, has_length: false, has_coding: false, body_left }
    }
}

impl RawHead {
    /// Whether a field `Content-Length` was there.
    pub(crate) fn has_length(&self) -> bool {
        self.has_length
    }

    /// Whether the request has ended with the last byte.
    pub(crate) fn is_whole(&self) -> bool {
        self.is_over && !self.has_coding && self.body_left == Some(0)
    }

    /// Whether nothing of a head has come.
    pub(crate) fn is_empty(&self) -> bool {
        !(self.has_line || self.is_over) && self.line_size == 0
    }

    /// Takes in the next bytes; those behind the head are only counted.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while !self.is_over {
            let Some(end) = memchr(b'\n', bytes) else { return self.keep(bytes) };
            let (line, rest) = bytes.split_at(end);
            if self.line_size == 0 {
                self.judge(line);
            } else {
                self.keep(line);
                let (kept, size) = (self.line, self.line_size);
                self.judge(&kept[..size.min(kept.len())]);
            }
            self.line_size = 0;
            bytes = &rest[1..];
        }
        self.body_left = self.body_left.and_then(|left| left.checked_sub(bytes.len() as u64));
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(room) = self.line.get_mut(self.line_size..) {
            let size = room.len().min(bytes.len());
            room[..size].copy_from_slice(&bytes[..size]);
        }
        self.line_size = self.line_size.saturating_add(bytes.len());
    }

    fn judge(&mut self, line: &[u8]) {
        match line {
            // Empty lines before the first are nothing.
            [] | [b'\r'] => self.is_over = self.has_line,
            [b'c' | b'C', ..] => {
                self.has_line = true;
                if let Some(length) = value_of(line, LENGTH) {
                    // Named twice it is refused, or the same: nobody needs to know.
                    self.body_left = if self.has_length { None } else { length_of(length) };
                    self.has_length = true;
                }
            }
            [b't' | b'T', ..] => {
                self.has_line = true;
                self.has_coding |= value_of(line, CODING).is_some();
            }
            _ => self.has_line = true,
        }
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then_some(value)
}

/// None: it is no plain number, or its line was cut where it is not kept.
fn length_of(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    let is_plain = value.len() + LENGTH.len() < KEPT && !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if is_plain { std::str::from_utf8(digits).ok()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn has_length(pieces: &[&[u8]]) -> bool {
        let mut head = RawHead::default();
        pieces.iter().for_each(|piece| head.read(piece));
        head.has_length()
    }

    #[test]
    fn a_length_is_seen_in_the_head_only() {
        for (head, expected) in [
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", true),
            ("POST / HTTP/1.1\nCONTENT-LENGTH:5\n\n", true),
            ("\r\n\r\nPOST / HTTP/1.1\r\ncontent-length: 5\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nX-Content-Length: 5\r\nContent-Lengthy: 1\r\nContent: 1\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nContent-Length: 5\r\n", false),
            ("", false),
        ] {
            assert_eq!(has_length(&[head.as_bytes()]), expected, "{head:?}");
            let bytes: Vec<&[u8]> = head.as_bytes().chunks(1).collect();
            assert_eq!(has_length(&bytes), expected, "byte by byte: {head:?}");
        }
    }

    #[test]
    fn a_request_is_whole_where_nothing_follows() {
        for (text, expected) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("GET / HTTP/1.1\n\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nG", false),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhell", false),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", true),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello!", false),
            ("POST / HTTP/1.1\r\ncontent-length:0\r\n\r\n", true),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", false),
            ("POST / HTTP/1.1\r\nContent-Length: +5\r\n\r\nhello", false),
            ("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", false),
            ("POST / HTTP/1.1\r\nContent-Length:                                     5\r\n\r\nhello", false),
            ("POST / HTTP/1.1\r\ntransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false),
            ("POST / HTTP/1.1\r\ntransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            let mut whole = RawHead::default();
            assert!(whole.is_empty() && !whole.is_whole());
            whole.read(text.as_bytes());
            let mut cut = RawHead::default();
            text.as_bytes().chunks(1).for_each(|piece| cut.read(piece));
            assert_eq!((whole.is_whole(), cut.is_whole()), (expected, expected), "{text:?}");
            assert!(!whole.is_empty());
        }
    }

    proptest! {
        #[test]
        fn where_reads_are_cut_makes_no_difference(
            lines in prop::collection::vec("(Content-Length|content-length|Host|C|x)?:?[a-z0-9 ]{0,20}", 0..6),
            cuts in prop::collection::vec(0usize..200, 0..6),
        ) {
            let text = format!("POST / HTTP/1.1\r\n{}\r\n\r\ncontent-length: 1\r\n", lines.join("\r\n"));
            let before_end = lines.iter().take_while(|line| !line.is_empty());
            let expected = before_end.into_iter().any(|line| line.to_ascii_lowercase().starts_with("content-length:"));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text.as_bytes()[from..cut]);
                from = cut;
            }
            prop_assert_eq!(has_length(&pieces), expected, "{:?}", text);
        }
    }
}
