//! Reads `text/event-stream` as the WHATWG's standard has it, from bytes as they come.

use memchr::memchr2;

/// Bytes of one event, or of one line; a stream with more is malformed.
const EVENT_SIZE_MAX: usize = 64 * 1024 * 1024;

/// What a stream tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told<'a> {
    /// An event with data.
    Event(Event<'a>),
    /// A comment, without its colon and the blank after it; servers send them so that a silent stream is not cut off.
    Comment(&'a [u8]),
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its type; empty where none is given (`message`).
    pub name: &'a [u8],
    /// The last id of the stream, which may be of an earlier event; empty where there was none.
    pub id: &'a [u8],
    /// The data; several lines are joined by line feeds.
    pub data: &'a [u8],
}

/// More than [`EVENT_SIZE_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The state between two pieces.
#[derive(Debug, Default)]
pub(crate) struct EventReader {
    /// A line's beginning, where it came in pieces.
    carried: Vec<u8>,
    name: Vec<u8>,
    id: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// The last byte was a carriage return: a line feed after it ends no line.
    was_return: bool,
    is_begun: bool,
}

impl EventReader {
    /// Takes the next bytes and tells what they complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], tell: &mut impl FnMut(Told<'_>)) -> Result<(), TooLong> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.was_return) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.carried.extend_from_slice(bytes);
                return self.within();
            };
            self.was_return = bytes[end] == b'\r';
            let rest = &bytes[end + 1..];
            if self.carried.is_empty() {
                self.take_line(&bytes[..end], tell);
            } else {
                let mut line = std::mem::take(&mut self.carried);
                line.extend_from_slice(&bytes[..end]);
                self.take_line(&line, tell);
            }
            self.within()?;
            bytes = rest;
        }
        Ok(())
    }

    fn within(&self) -> Result<(), TooLong> {
        let size = self.carried.len() + self.data.len();
        if size <= EVENT_SIZE_MAX { Ok(()) } else { Err(TooLong) }
    }

    fn take_line(&mut self, mut line: &[u8], tell: &mut impl FnMut(Told<'_>)) {
        if !std::mem::replace(&mut self.is_begun, true) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch(tell);
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"" => tell(Told::Comment(value)),
            b"event" => value.clone_into(&mut self.name),
            b"id" if !value.contains(&0) => value.clone_into(&mut self.id),
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            // `retry` is for those who reconnect by themselves.
            _ => {}
        }
    }

    fn dispatch(&mut self, tell: &mut impl FnMut(Told<'_>)) {
        // Thousands of streams are silent most of the time: they keep no room for what has been told.
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        if std::mem::take(&mut self.has_data) {
            tell(Told::Event(Event { name: &name, id: &self.id, data: &data }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pieces: &[&[u8]]) -> Vec<String> {
        let (mut reader, mut all) = (EventReader::default(), Vec::new());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        for piece in pieces {
            let mut tell = |what: Told<'_>| {
                all.push(match what {
                    Told::Comment(comment) => format!(":{}", text(comment)),
                    Told::Event(Event { name, id, data }) => format!("{}|{}|{}", text(name), text(id), text(data)),
                });
            };
            reader.feed(piece, &mut tell).unwrap();
        }
        all
    }

    const STREAM: &[u8] = b"\xEF\xBB\xBFretry: 2000\n\nid: 7-1.ab\ndata: [1]\n\n: still here\n\
        event: partial\nid: 7-2.cd\ndata:a\ndata\ndata:  b\n\nevent: nothing\n\ndata: [2]\n\ndata: not ended";

    #[test]
    fn events_comments_and_ids_are_told_as_the_standard_has_it() {
        let wanted = ["|7-1.ab|[1]", ":still here", "partial|7-2.cd|a\n\n b", "|7-2.cd|[2]"];
        assert_eq!(told(&[STREAM]), wanted);
        let returns = STREAM.iter().map(|byte| if *byte == b'\n' { b'\r' } else { *byte }).collect::<Vec<_>>();
        assert_eq!(told(&[&returns]), wanted);
        let both = String::from_utf8_lossy(STREAM).replace('\n', "\r\n").into_bytes();
        assert_eq!(told(&[&both[3..]]), wanted);
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let whole = told(&[STREAM]);
        for cut in 0..STREAM.len() {
            assert_eq!(told(&[&STREAM[..cut], &STREAM[cut..]]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(told(&bytes), whole);
    }

    #[test]
    fn an_event_without_an_end_is_given_up() {
        let mut reader = EventReader::default();
        let piece = vec![b'x'; EVENT_SIZE_MAX / 2 + 1];
        assert_eq!(reader.feed(&piece, &mut |_| {}), Ok(()));
        assert_eq!(reader.feed(&piece, &mut |_| {}), Err(TooLong));
    }
}
