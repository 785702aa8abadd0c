//! Finds the end of an answer in bytes as they come: `Content-Length`, chunks, no body at all, or until the
//! connection ends. The body is not kept, but for refusals' first bytes.

use httparse::{ParserConfig, Status};
use std::mem::MaybeUninit;

/// Header fields of an answer; more is malformed.
const HEADER_FIELDS_MAX: usize = 128;
/// Bytes of an answer's head; more is malformed.
const HEAD_SIZE_MAX: usize = 64 * 1024;
/// Bytes of the line before a chunk; more is malformed.
const CHUNK_LINE_MAX: usize = 1024;
/// Bytes of a refusal's body that are kept.
const REFUSAL_KEPT_MAX: usize = 4 * 1024;

/// The bytes are no answer of HTTP/1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Which bodies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// The first bytes of answers from 400 on.
    Refusals,
    /// All, up to so many bytes.
    UpTo(usize),
}

/// Reads one answer after the other.
#[derive(Debug)]
pub(crate) struct AnswerReader {
    state: State,
    keep: Keep,
    /// The head as far as it came, where it came in pieces.
    carried: Vec<u8>,
    pub(crate) status: u16,
    /// The server will close the connection after this answer.
    pub(crate) is_closing: bool,
    pub(crate) body: Vec<u8>,
    pub(crate) head: Vec<u8>,
    is_bodiless: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Head,
    Length {
        left: u64,
    },
    ChunkLine {
        size: u64,
        digits: usize,
        length: usize,
        is_extension: bool,
    },
    ChunkData {
        left: u64,
    },
    /// The line feed (and carriage return) after a chunk's data.
    ChunkEnd,
    /// Lines after the last chunk, up to an empty one.
    Trailer {
        line: usize,
        total: usize,
    },
    UntilEnd,
}

impl AnswerReader {
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            state: State::Head,
            keep,
            carried: Vec::new(),
            status: 0,
            is_closing: false,
            body: Vec::new(),
            head: Vec::new(),
            is_bodiless: false,
        }
    }

    /// Makes ready for the answer to a request; one to HEAD has no body whatever it says.
    pub(crate) fn begin(&mut self, is_head: bool) {
        self.state = State::Head;
        self.is_bodiless = is_head;
        self.is_closing = false;
        self.status = 0;
        self.carried.clear();
        self.body.clear();
        self.head.clear();
    }

    /// Takes the next bytes; true when the answer is whole. Bytes after its end are malformed: nothing was asked.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<bool, Malformed> {
        loop {
            if let State::Head = self.state {
                let Some(rest) = self.feed_head(bytes)? else { return Ok(false) };
                bytes = rest;
                match self.state {
                    // An interim answer (100, 103): the real one follows.
                    State::Head => continue,
                    State::Length { left: 0 } => return ended(bytes),
                    _ => {}
                }
            }
            let Some(&first) = bytes.first() else { return Ok(false) };
            match &mut self.state {
                State::Head => {}
                State::Length { left } => {
                    let taken = take(left, &mut bytes);
                    let is_whole = *left == 0;
                    self.keep_body(taken);
                    if is_whole {
                        return ended(bytes);
                    }
                }
                State::UntilEnd => {
                    self.keep_body(bytes);
                    return Ok(false);
                }
                State::ChunkData { left } => {
                    let taken = take(left, &mut bytes);
                    if *left == 0 {
                        self.state = State::ChunkEnd;
                    }
                    self.keep_body(taken);
                }
                _ => {
                    bytes = &bytes[1..];
                    if self.feed_frame(first)? {
                        return ended(bytes);
                    }
                }
            }
        }
    }

    /// The connection has ended: whether the answer is whole by that.
    pub(crate) fn is_whole_at_end(&self) -> bool {
        matches!(self.state, State::UntilEnd)
    }

    /// Reads the head; gives what follows it, or nothing while it is not whole.
    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<&'a [u8]>, Malformed> {
        if self.carried.is_empty() {
            if let Some(length) = self.read_head(bytes)? {
                return Ok(Some(&bytes[length..]));
            }
            self.carried.extend_from_slice(bytes);
            return within_head(self.carried.len()).map(|()| None);
        }
        let before = self.carried.len();
        let mut carried = std::mem::take(&mut self.carried);
        carried.extend_from_slice(bytes);
        let length = self.read_head(&carried)?;
        let Some(length) = length else {
            self.carried = carried;
            return within_head(self.carried.len()).map(|()| None);
        };
        // A head that was not whole before ends in these bytes.
        Ok(Some(bytes.get(length.saturating_sub(before)..).unwrap_or_default()))
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let mut fields = [const { MaybeUninit::uninit() }; HEADER_FIELDS_MAX];
        let mut response = httparse::Response::new(&mut []);
        let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut response, bytes, &mut fields);
        let Status::Complete(length) = parsed.map_err(|_| Malformed)? else { return Ok(None) };
        self.status = response.code.ok_or(Malformed)?;
        let (mut content_length, mut is_chunked, mut is_coded) = (None, false, false);
        self.is_closing = response.version == Some(0);
        for field in response.headers.iter() {
            if field.name.eq_ignore_ascii_case("content-length") {
                let text = std::str::from_utf8(field.value).map_err(|_| Malformed)?;
                let value: u64 = text.trim().parse().map_err(|_| Malformed)?;
                if content_length.is_some_and(|before| before != value) {
                    return Err(Malformed);
                }
                content_length = Some(value);
            } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
                is_coded = true;
                is_chunked = field.value.trim_ascii().to_ascii_lowercase().ends_with(b"chunked");
            } else if field.name.eq_ignore_ascii_case("connection") {
                self.is_closing |= field.value.to_ascii_lowercase().windows(5).any(|word| word == b"close");
            }
        }
        if let Keep::UpTo(_) = self.keep {
            self.head = bytes[..length].to_vec();
        }
        self.state = match self.status {
            101 => return Err(Malformed),
            100..=199 => State::Head,
            204 | 304 => State::Length { left: 0 },
            _ if self.is_bodiless => State::Length { left: 0 },
            _ if is_chunked => State::chunk_line(),
            _ if is_coded => State::UntilEnd,
            _ => content_length.map_or(State::UntilEnd, |left| State::Length { left }),
        };
        Ok(Some(length))
    }

    /// Takes a byte of what stands around chunks; true when the answer is whole.
    fn feed_frame(&mut self, byte: u8) -> Result<bool, Malformed> {
        match &mut self.state {
            State::ChunkLine { size, digits, length, is_extension } => {
                *length += 1;
                match (byte, char::from(byte).to_digit(16)) {
                    (b'\n', _) if *digits > 0 => {
                        let size = *size;
                        self.state = match size {
                            0 => State::Trailer { line: 0, total: 0 },
                            left => State::ChunkData { left },
                        };
                    }
                    (_, Some(digit)) if !*is_extension => {
                        *digits += 1;
                        *size = size.checked_mul(16).ok_or(Malformed)? + u64::from(digit);
                    }
                    (b';' | b' ' | b'\t' | b'\r', _) if *digits > 0 => *is_extension = true,
                    _ if *is_extension && byte != b'\n' && *length <= CHUNK_LINE_MAX => {}
                    _ => return Err(Malformed),
                }
            }
            State::ChunkEnd => match byte {
                b'\r' => {}
                b'\n' => self.state = State::chunk_line(),
                _ => return Err(Malformed),
            },
            State::Trailer { line, total } => {
                *total += 1;
                match byte {
                    b'\n' if *line == 0 => return Ok(true),
                    b'\n' => *line = 0,
                    b'\r' => {}
                    _ if *total > HEAD_SIZE_MAX => return Err(Malformed),
                    _ => *line += 1,
                }
            }
            State::Head | State::Length { .. } | State::ChunkData { .. } | State::UntilEnd => {}
        }
        Ok(false)
    }

    fn keep_body(&mut self, bytes: &[u8]) {
        let most = match self.keep {
            Keep::UpTo(most) => most,
            Keep::Refusals if self.status >= 400 => REFUSAL_KEPT_MAX,
            Keep::Refusals => return,
        };
        let room = most.saturating_sub(self.body.len()).min(bytes.len());
        self.body.extend_from_slice(&bytes[..room]);
    }
}

impl State {
    fn chunk_line() -> Self {
        Self::ChunkLine { size: 0, digits: 0, length: 0, is_extension: false }
    }
}

fn take<'a>(left: &mut u64, bytes: &mut &'a [u8]) -> &'a [u8] {
    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    let (now, rest) = bytes.split_at(taken);
    *left -= taken as u64;
    *bytes = rest;
    now
}

fn ended(rest: &[u8]) -> Result<bool, Malformed> {
    if rest.is_empty() { Ok(true) } else { Err(Malformed) }
}

fn within_head(length: usize) -> Result<(), Malformed> {
    if length <= HEAD_SIZE_MAX { Ok(()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests;
