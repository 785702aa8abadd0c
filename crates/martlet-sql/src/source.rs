//! A file of an app folder with what is needed to point into it.
//!
//! Places are bytes inside; sqlparser's are lines and columns in characters. Both ways are found without walking a
//! whole line, so that a file of one long line costs no more than another.

use crate::diagnostic::{EXCERPT_CHARS_MAX, Severity};
use crate::{Diagnostic, SourceFile, Span};

/// A byte offset is noted for every so many characters.
const STRIDE: usize = 32;

/// A file's text and where its lines and characters are.
#[derive(Debug)]
pub(crate) struct Source {
    path: String,
    text: String,
    lines: Vec<Line>,
    /// Byte offset of every `STRIDE`th character.
    marks: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Line {
    byte: usize,
    character: usize,
}

impl Source {
    /// Takes in a file; a byte order mark at its start is dropped, so places are counted without it.
    pub(crate) fn new(path: impl Into<String>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        let mut lines = vec![Line { byte: 0, character: 0 }];
        let mut marks = Vec::with_capacity(text.len() / STRIDE + 1);
        for (character, (byte, c)) in text.char_indices().enumerate() {
            if character % STRIDE == 0 {
                marks.push(byte);
            }
            if c == '\n' {
                lines.push(Line { byte: byte + 1, character: character + 1 });
            }
        }
        Self { path: path.into(), text, lines, marks }
    }

    pub(crate) fn of_file(file: &SourceFile) -> Self {
        Self::new(file.path.clone(), &file.text)
    }

    /// Path relative to the app folder.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span; empty for one that is not of this file.
    pub(crate) fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// Index of the line in which a byte stands, from 0.
    pub(crate) fn line_index(&self, byte: usize) -> usize {
        self.lines.partition_point(|line| line.byte <= byte).saturating_sub(1)
    }

    /// Line and column of a byte, both from 1, the column in characters.
    pub(crate) fn line_column(&self, byte: usize) -> (usize, usize) {
        let byte = byte.min(self.text.len());
        let index = self.line_index(byte);
        (index + 1, self.character_at(byte) - self.lines[index].character + 1)
    }

    /// The line with this index, without its end.
    pub(crate) fn line_text(&self, index: usize) -> &str {
        let start = self.lines[index].byte;
        let end = self.lines.get(index + 1).map_or(self.text.len(), |next| next.byte);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    /// The bytes of a place that sqlparser names; empty and at the start where it names none.
    pub(crate) fn span_of(&self, span: sqlparser::tokenizer::Span) -> Span {
        if span.start.line == 0 {
            return Span::default();
        }
        let start = self.byte_at(span.start);
        Span { start, end: self.byte_at(span.end).max(start) }
    }

    pub(crate) fn byte_at(&self, location: sqlparser::tokenizer::Location) -> usize {
        let (line, column) = (location.line as usize, location.column as usize);
        let Some(line) = self.lines.get(line.saturating_sub(1)) else { return self.text.len() };
        self.byte_of_character(line.character + column.saturating_sub(1))
    }

    fn byte_of_character(&self, character: usize) -> usize {
        let Some(&mark) = self.marks.get(character / STRIDE) else { return self.text.len() };
        let rest = &self.text[mark..];
        rest.char_indices().nth(character % STRIDE).map_or(self.text.len(), |(byte, _)| mark + byte)
    }

    fn character_at(&self, byte: usize) -> usize {
        let index = self.marks.partition_point(|&mark| mark <= byte).saturating_sub(1);
        let Some(&mark) = self.marks.get(index) else { return 0 };
        let inside = self.text[mark..].char_indices().take_while(|(at, _)| mark + at < byte).count();
        index * STRIDE + inside
    }

    pub(crate) fn error(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Error, code, span, message.into())
    }

    pub(crate) fn warning(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Warning, code, span, message.into())
    }

    pub(crate) fn note(&self, code: &'static str, span: Span, message: impl Into<String>) -> Diagnostic {
        self.diagnostic(Severity::Note, code, span, message.into())
    }

    pub(crate) fn diagnostic(&self, severity: Severity, code: &'static str, span: Span, message: String) -> Diagnostic {
        let (line, column) = self.line_column(span.start);
        Diagnostic {
            severity,
            code,
            file: self.path.clone(),
            span,
            line,
            column,
            message,
            label: String::new(),
            hint: None,
            excerpt: self.line_text(line - 1).chars().take(EXCERPT_CHARS_MAX).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlparser::tokenizer::Location;

    #[test]
    fn every_byte_has_a_line_and_a_column_and_they_lead_back() {
        let text = "eins\r\nzwei äöü\n\n  drei 🦀 vier fünf sechs sieben acht neun zehn elf zwölf\n";
        let source = Source::new("x.sql", text);
        for (byte, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let (line, column) = source.line_column(byte);
            assert_eq!(source.byte_at(Location::new(line as u64, column as u64)), byte, "byte {byte}");
        }
        assert_eq!(source.line_column(6), (2, 1));
        assert_eq!(source.line_text(0), "eins");
        assert_eq!(source.line_text(2), "");
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        let source = Source::new("x.sql", "\u{feff}select 1");
        assert_eq!(source.text(), "select 1");
        assert_eq!(Source::new("x.sql", "").line_column(0), (1, 1));
    }
}
