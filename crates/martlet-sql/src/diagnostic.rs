//! A finding with a place, a label and a hint.

use crate::SourceFile;
use crate::source::Source;
use std::fmt::Write as _;

/// A place in a file: bytes from `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Something to know, such as a tag that is not yet in effect.
    Note,
    /// The app runs; somebody should look.
    Warning,
    /// The app cannot be loaded.
    Error,
}

/// What is wrong in a file, where, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// A stable word for machines, such as `unknown_column`.
    pub code: &'static str,
    /// Path relative to the app folder, with `/`.
    pub file: String,
    /// Where.
    pub span: Span,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// A few words under the marked excerpt; may be empty.
    pub label: String,
    /// What to write instead.
    pub hint: Option<String>,
    /// The marked excerpt: the whole source line of `line`.
    pub excerpt: String,
}

/// Characters of a source line that a diagnostic keeps.
pub(crate) const EXCERPT_CHARS_MAX: usize = 400;
/// Findings that one folder reports; the rest is only counted.
pub(crate) const DIAGNOSTICS_MAX: usize = 1_000;

impl Severity {
    /// `error`, `warning`, `note`.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl Diagnostic {
    /// A finding at a place of a file.
    pub fn at(
        file: &SourceFile,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        Source::of_file(file).diagnostic(severity, code, span, message.into())
    }

    /// Adds the words under the marked excerpt.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to write instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what to write instead, if that is known.
    #[must_use]
    pub(crate) fn hint_maybe(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// The finding as text for a person, with the marked excerpt; without a line end.
    ///
    /// Control characters of the source are shown as blanks, so that a file cannot steer a terminal.
    pub fn render(&self) -> String {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let mut text = format!("{}: {}\n", self.severity.name(), printable(&self.message));
        let _ = writeln!(text, "{margin}--> {}:{}:{}", printable(&self.file), self.line, self.column);
        let excerpt = printable(&self.excerpt);
        if !excerpt.trim().is_empty() {
            let length = self.excerpt.chars().count();
            let column = (self.column - 1).min(length);
            let marked = self.marked_chars().clamp(1, (length - column).max(1));
            let _ = writeln!(text, "{margin} |\n{number} | {}", excerpt.trim_end());
            let mark = format!("{}{}", " ".repeat(column), "^".repeat(marked));
            let _ = writeln!(text, "{margin} | {}", format!("{mark} {}", printable(&self.label)).trim_end());
        }
        if let Some(hint) = &self.hint {
            // What to write instead may be several lines of SQL.
            for (index, line) in hint.lines().enumerate() {
                let lead = if index == 0 { "= hint:" } else { "       " };
                let _ = writeln!(text, "{margin} {lead} {}", printable(line));
            }
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// How many characters of the excerpt are marked: up to the end of the span or of the line.
    fn marked_chars(&self) -> usize {
        let before: usize = self.excerpt.chars().take(self.column - 1).map(char::len_utf8).sum();
        let wanted = self.span.end.saturating_sub(self.span.start);
        let rest = self.excerpt.get(before..).unwrap_or("").trim_end();
        rest.char_indices().take_while(|(at, _)| *at < wanted).count()
    }
}

fn printable(text: &str) -> String {
    // Marks that turn the direction of text could show another line than the one that is compiled.
    let is_hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use crate::Span;
    use crate::source::Source;

    #[test]
    fn shows_place_mark_label_and_hint() {
        let source = Source::new("queries/x.sql", "-- one\n\t-- @parm id bigint\nselect 1\n");
        let at = source.text().find("@parm").expect("it is there");
        let shown = source
            .error("unknown_tag", Span { start: at, end: at + 5 }, "unknown tag `@parm`")
            .label("no such tag")
            .hint("did you mean `@param`?")
            .render();
        let expected = "error: unknown tag `@parm`\n --> queries/x.sql:2:5\n  |\n2 |  -- @parm id bigint\n  |     ^^^^^ no such tag\n  = hint: did you mean `@param`?";
        assert_eq!(shown, expected);
    }

    #[test]
    fn marks_no_further_than_the_line_and_copes_with_its_end() {
        let source = Source::new("x.sql", "select ä\n  from t\n");
        let shown = source.error("x", Span { start: 7, end: 99 }, "m").render();
        assert!(shown.ends_with("1 | select ä\n  |        ^"), "{shown}");
        let shown = source.error("x", Span { start: 19, end: 19 }, "m").render();
        assert_eq!(shown, "error: m\n --> x.sql:3:1");
    }
}
