//! A validating scanner: one event a token, the grammar checked, nothing decoded.

use super::{JsonError, NESTING_MAX};

/// What the scanner has just passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'t> {
    /// `{`
    BeginObject,
    /// `}`
    EndObject,
    /// `[`
    BeginArray,
    /// `]`
    EndArray,
    /// A key of an object.
    Key(Text<'t>),
    /// A string that is a value.
    String(Text<'t>),
    /// A number as written.
    Number(&'t str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
    /// The text's end; the document is whole.
    End,
}

/// The inside of a JSON string as written, between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text<'t> {
    /// Escapes not decoded.
    pub raw: &'t str,
    /// Whether there is any escape.
    pub has_escapes: bool,
}

/// Where in the grammar the scanner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEndArray,
    KeyOrEndObject,
    Key,
    CommaOrEnd,
    Done,
}

/// Reads one JSON document.
#[derive(Debug, Clone)]
pub struct Scanner<'t> {
    text: &'t str,
    at: usize,
    expect: Expect,
    /// One bit a level: set for an object.
    levels: [u64; NESTING_MAX / 64],
    depth: usize,
}

impl<'t> Scanner<'t> {
    /// Starts before the first token.
    pub fn new(text: &'t str) -> Self {
        Self { text, at: 0, expect: Expect::Value, levels: [0; NESTING_MAX / 64], depth: 0 }
    }

    /// The byte after the last token.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Open objects and arrays.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Passes the next token.
    pub fn next_event(&mut self) -> Result<Event<'t>, JsonError> {
        self.skip_blanks();
        if self.expect == Expect::CommaOrEnd {
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.expect = if self.is_in_object() { Expect::Key } else { Expect::Value };
                    self.skip_blanks();
                }
                Some(b'}') if self.is_in_object() => return Ok(self.close(Event::EndObject)),
                Some(b']') if !self.is_in_object() => return Ok(self.close(Event::EndArray)),
                _ => return Err(self.error()),
            }
        }
        match self.expect {
            Expect::Done if self.at == self.text.len() => Ok(Event::End),
            Expect::KeyOrEndObject if self.peek() == Some(b'}') => Ok(self.close(Event::EndObject)),
            Expect::ValueOrEndArray if self.peek() == Some(b']') => Ok(self.close(Event::EndArray)),
            Expect::Key | Expect::KeyOrEndObject => self.key(),
            Expect::Value | Expect::ValueOrEndArray => self.value(),
            Expect::CommaOrEnd | Expect::Done => Err(self.error()),
        }
    }

    /// Passes the rest of the value whose first event was just given; nothing after a scalar.
    pub fn skip_value(&mut self, first: Event<'t>) -> Result<(), JsonError> {
        if !matches!(first, Event::BeginObject | Event::BeginArray) {
            return Ok(());
        }
        let outside = self.depth - 1;
        while self.depth > outside {
            self.next_event()?;
        }
        Ok(())
    }

    fn key(&mut self) -> Result<Event<'t>, JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.error());
        }
        let key = self.string()?;
        self.skip_blanks();
        if self.peek() != Some(b':') {
            return Err(self.error());
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Event::Key(key))
    }

    fn value(&mut self) -> Result<Event<'t>, JsonError> {
        let event = match self.peek() {
            Some(b'{') => return self.open(Event::BeginObject),
            Some(b'[') => return self.open(Event::BeginArray),
            Some(b'"') => Event::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Event::Number(self.number()?),
            Some(b't') => self.word("true", Event::Bool(true))?,
            Some(b'f') => self.word("false", Event::Bool(false))?,
            Some(b'n') => self.word("null", Event::Null)?,
            _ => return Err(self.error()),
        };
        self.expect = if self.depth == 0 { Expect::Done } else { Expect::CommaOrEnd };
        Ok(event)
    }

    fn open(&mut self, event: Event<'t>) -> Result<Event<'t>, JsonError> {
        if self.depth == NESTING_MAX {
            return Err(JsonError::Depth);
        }
        let (word, bit) = (self.depth / 64, 1_u64 << (self.depth % 64));
        if event == Event::BeginObject {
            self.levels[word] |= bit;
            self.expect = Expect::KeyOrEndObject;
        } else {
            self.levels[word] &= !bit;
            self.expect = Expect::ValueOrEndArray;
        }
        self.depth += 1;
        self.at += 1;
        Ok(event)
    }

    fn close(&mut self, event: Event<'t>) -> Event<'t> {
        self.depth -= 1;
        self.at += 1;
        self.expect = if self.depth == 0 { Expect::Done } else { Expect::CommaOrEnd };
        event
    }

    fn is_in_object(&self) -> bool {
        self.depth > 0 && self.levels[(self.depth - 1) / 64] & 1 << ((self.depth - 1) % 64) != 0
    }

    fn word(&mut self, word: &str, event: Event<'t>) -> Result<Event<'t>, JsonError> {
        let rest = &self.text.as_bytes()[self.at..];
        let is_longer = rest.get(word.len()).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !rest.starts_with(word.as_bytes()) || is_longer {
            return Err(self.error());
        }
        self.at += word.len();
        Ok(event)
    }

    fn string(&mut self) -> Result<Text<'t>, JsonError> {
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let mut at = start;
        let mut has_escapes = false;
        loop {
            at += super::escape::plain_prefix(&bytes[at..]);
            match bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    at += self.escape_len(at)?;
                }
                _ => return Err(JsonError::Syntax(at)),
            }
        }
        self.at = at + 1;
        Ok(Text { raw: &self.text[start..at], has_escapes })
    }

    fn escape_len(&self, at: usize) -> Result<usize, JsonError> {
        match self.text.as_bytes().get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
            Some(b'u') => {
                let digits = self.text.as_bytes().get(at + 2..at + 6).ok_or(JsonError::Syntax(at))?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(JsonError::Syntax(at));
                }
                Ok(6)
            }
            _ => Err(JsonError::Syntax(at)),
        }
    }

    fn number(&mut self) -> Result<&'t str, JsonError> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + usize::from(bytes[start] == b'-');
        let whole = digits_at(bytes, at);
        if whole == 0 || (whole > 1 && bytes[at] == b'0') {
            return Err(JsonError::Syntax(start));
        }
        at += whole;
        if bytes.get(at) == Some(&b'.') {
            let fraction = digits_at(bytes, at + 1);
            if fraction == 0 {
                return Err(JsonError::Syntax(start));
            }
            at += 1 + fraction;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            at += usize::from(matches!(bytes.get(at), Some(b'+' | b'-')));
            let exponent = digits_at(bytes, at);
            if exponent == 0 {
                return Err(JsonError::Syntax(start));
            }
            at += exponent;
        }
        if bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            return Err(JsonError::Syntax(start));
        }
        self.at = at;
        Ok(&self.text[start..at])
    }

    fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self) -> JsonError {
        JsonError::Syntax(self.at)
    }
}

fn digits_at(bytes: &[u8], at: usize) -> usize {
    bytes[at.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// A piece of a string: plain text, or the UTF-16 unit of a surrogate that stands alone.
pub(super) enum Piece<'t> {
    Plain(&'t str),
    Char(char),
    Lone(u16),
}

impl<'t> Text<'t> {
    /// Returns the decoded text; an error for `\u0000` and lone surrogates, which no text can hold.
    pub fn decode(self) -> Result<std::borrow::Cow<'t, str>, JsonError> {
        if !self.has_escapes {
            return Ok(std::borrow::Cow::Borrowed(self.raw));
        }
        let mut decoded = String::with_capacity(self.raw.len());
        self.pieces(|piece| {
            match piece {
                Piece::Plain(text) => decoded.push_str(text),
                Piece::Char('\0') => return Err(JsonError::Nul),
                Piece::Lone(_) => return Err(JsonError::Surrogate),
                Piece::Char(character) => decoded.push(character),
            }
            Ok(())
        })?;
        Ok(std::borrow::Cow::Owned(decoded))
    }

    /// Gives the string piece by piece. The scanner has checked its escapes.
    pub(super) fn pieces(self, mut give: impl FnMut(Piece<'t>) -> Result<(), JsonError>) -> Result<(), JsonError> {
        let mut rest = self.raw;
        while let Some(at) = rest.find('\\') {
            if at > 0 {
                give(Piece::Plain(&rest[..at]))?;
            }
            let (piece, len) = escape(&rest[at..]);
            give(piece)?;
            rest = &rest[at + len..];
        }
        if rest.is_empty() { Ok(()) } else { give(Piece::Plain(rest)) }
    }
}

fn escape(text: &str) -> (Piece<'_>, usize) {
    let character = match text.as_bytes().get(1) {
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => return unicode_escape(text),
        Some(byte) => char::from(*byte),
        None => '\\',
    };
    (Piece::Char(character), 2)
}

fn unicode_escape(text: &str) -> (Piece<'_>, usize) {
    let high = unit_at(text, 0).unwrap_or(0);
    if let Some(character) = char::from_u32(u32::from(high)) {
        return (Piece::Char(character), 6);
    }
    let low = unit_at(text, 6).unwrap_or(0);
    match char::decode_utf16([high, low]).next() {
        Some(Ok(character)) => (Piece::Char(character), 12),
        _ => (Piece::Lone(high), 6),
    }
}

fn unit_at(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}
