//! Looks into a head's bytes, on their way to hyper, for what hyper does not tell.
//!
//! Whether it named a length although it also named a coding: hyper goes by the coding, drops the length and closes
//! after its answer, as RFC 9112, section 6.1 allows; refusing is safer, for whoever stands before us may have gone by
//! the length. And whether the bytes were this head and nothing else, so that the next ones begin a new one.
//!
//! Nothing is kept but the beginning of a line that is cut between two reads: about 50 ns for a usual head.

use memchr::memchr;

const LENGTH: &[u8] = b"content-length:";
const CODING: &[u8] = b"transfer-encoding:";

/// What has been seen of one head.
#[derive(Debug, Default)]
pub(crate) struct RawHead {
    /// The beginning of the line that is not yet whole, as far as it matters.
    line: [u8; CODING.len()],
    line_size: usize,
    has_line: bool,
    is_over: bool,
    has_length: bool,
    has_coding: bool,
    has_more: bool,
}

impl RawHead {
    /// Whether a field `Content-Length` was there.
    pub(crate) fn has_length(&self) -> bool {
        self.has_length
    }

    /// Whether the head has ended with the last byte, and no body follows.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_over && !(self.has_more || self.has_length || self.has_coding)
    }

    /// Whether nothing of a head has come.
    pub(crate) fn is_empty(&self) -> bool {
        !(self.has_line || self.is_over) && self.line_size == 0
    }

    /// Takes in the next bytes; those behind the head are passed over.
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
        self.has_more |= !bytes.is_empty();
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
                self.has_length |= has_name(line, LENGTH);
            }
            [b't' | b'T', ..] => {
                self.has_line = true;
                self.has_coding |= has_name(line, CODING);
            }
            _ => self.has_line = true,
        }
    }
}

fn has_name(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
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
    fn a_head_is_alone_where_nothing_follows() {
        for (head, expected) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("GET / HTTP/1.1\n\n", true),
            ("GET / HTTP/1.1\r\nHost: x\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\nG", false),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", false),
            ("POST / HTTP/1.1\r\ntransfer-Encoding: chunked\r\n\r\n", false),
        ] {
            let mut whole = RawHead::default();
            assert!(whole.is_empty() && !whole.is_alone());
            whole.read(head.as_bytes());
            let mut cut = RawHead::default();
            head.as_bytes().chunks(1).for_each(|piece| cut.read(piece));
            assert_eq!((whole.is_alone(), cut.is_alone()), (expected, expected), "{head:?}");
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
