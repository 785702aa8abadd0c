//! Reads a tag's text piece by piece, every piece with its place.

use crate::source::Source;
use crate::{Diagnostic, Span};

/// What is wrong with a tag: a place, words, and what to write.
pub(super) type Parsed<T> = Result<T, Box<Diagnostic>>;

pub(super) struct Cursor<'a> {
    pub(super) source: &'a Source,
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a Source, span: Span) -> Self {
        Self { source, at: span.start, end: span.end }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.source.text().get(self.at..self.end).unwrap_or("")
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn skip(&mut self) -> &mut Self {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self
    }

    /// Whether nothing but blanks is left.
    pub(super) fn is_end(&mut self) -> bool {
        self.skip().rest().is_empty()
    }

    pub(super) fn advance(&mut self, bytes: usize) {
        self.at = (self.at + bytes).min(self.end);
    }

    pub(super) fn span_from(&self, start: usize) -> Span {
        Span { start, end: self.at }
    }

    /// Takes this text if it is next.
    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_next = self.rest().starts_with(text);
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// Takes this word if it is next and ends there.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let before = self.at;
        self.skip();
        if self.peek_word() == word {
            self.at += word.len();
            return true;
        }
        self.at = before;
        false
    }

    /// The word that is next: letters, digits and `_`, not beginning with a digit; may be empty.
    pub(super) fn peek_word(&self) -> &'a str {
        let rest = self.rest();
        let is_start = |c: char| c.is_alphabetic() || c == '_';
        if !rest.starts_with(is_start) {
            return "";
        }
        &rest[..rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())]
    }

    pub(super) fn word(&mut self) -> Option<(&'a str, Span)> {
        let start = self.skip().at;
        let word = self.peek_word();
        self.at += word.len();
        (!word.is_empty()).then(|| (word, self.span_from(start)))
    }

    /// Digits, with a sign, a point and an exponent; `1..2` ends before the points.
    pub(super) fn number(&mut self) -> Option<(&'a str, Span)> {
        let start = self.skip().at;
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits = |from: usize| bytes[from.min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
        let whole = digits(sign);
        if whole == 0 {
            return None;
        }
        let mut size = sign + whole;
        if bytes.get(size) == Some(&b'.') && digits(size + 1) > 0 {
            size += 1 + digits(size + 1);
        }
        if matches!(bytes.get(size), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(size + 1), Some(b'+' | b'-')));
            if digits(size + 1 + sign) > 0 {
                size += 1 + sign + digits(size + 1 + sign);
            }
        }
        self.at += size;
        Some((&rest[..size], self.span_from(start)))
    }

    /// Text in quotes of one kind, a doubled quote being one; none if it does not begin here.
    pub(super) fn quoted(&mut self, quote: char) -> Parsed<Option<(String, Span)>> {
        let start = self.skip().at;
        let Some(rest) = self.rest().strip_prefix(quote) else { return Ok(None) };
        let mut text = String::new();
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            // A doubled quote is one; a single one is the end.
            if c != quote || chars.next_if(|(_, next)| *next == quote).is_some() {
                text.push(c);
                continue;
            }
            self.at = start + 1 + at + 1;
            return Ok(Some((text, self.span_from(start))));
        }
        self.at = self.end;
        Err(self.error(self.span_from(start), "this text is not closed").hint(format!("end it with {quote}")).into())
    }

    /// Up to the next blank; for marking what was not understood.
    pub(super) fn piece(&mut self) -> (&'a str, Span) {
        self.piece_to(char::is_whitespace)
    }

    /// Up to the next character of a kind.
    pub(super) fn piece_to(&mut self, is_end: impl Fn(char) -> bool) -> (&'a str, Span) {
        let start = self.skip().at;
        let rest = self.rest();
        let size = rest.find(is_end).unwrap_or(rest.len());
        self.at += size;
        (&rest[..size], self.span_from(start))
    }

    pub(super) fn error(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.source.error("tag_form", span, message)
    }

    /// An error at what is next, or at the end.
    pub(super) fn error_here(&mut self, message: impl Into<String>) -> Diagnostic {
        let (_, span) = self.piece();
        self.error(span, message)
    }

    /// Reports what is left over.
    pub(super) fn expect_end(&mut self, hint: &str) -> Parsed<()> {
        if self.is_end() {
            return Ok(());
        }
        let start = self.at;
        let text = self.rest().trim_end();
        let span = Span { start, end: start + text.len() };
        Err(self.error(span, format!("`{text}` is too much here")).hint(hint).into())
    }
}

/// A plain name of ours: `[a-z][a-z0-9_]*`, at most 63 characters.
pub(crate) fn is_plain_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Reads `2s`, `500ms`, `15m`, `1h`, `30d`; in `@limit` also `s` alone.
pub(super) fn duration_ms(text: &str, is_number_needed: bool) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let count: u64 = match &text[..digits] {
        "" if is_number_needed => return None,
        "" => 1,
        count if count.len() <= 9 => count.parse().ok()?,
        _ => return None,
    };
    let unit: u64 = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    Some(count * unit).filter(|ms| *ms > 0)
}
