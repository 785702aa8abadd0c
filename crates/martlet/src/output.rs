//! The only place that prints. Data goes to stdout, everything else to stderr.
//!
//! Colour is for terminals, never the only signal, and off when NO_COLOR is set.

use crate::exit::Failure;
use martlet_sql::{Diagnostic, Severity};
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

/// Where a text goes, for its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
    /// A file, a browser, a test.
    Plain,
}

#[derive(Debug, Clone, Copy)]
enum Paint {
    Red,
    Yellow,
    Blue,
    Bold,
}

/// Writes data: what the command was asked for. A reader that has gone is an error of kind `BrokenPipe`.
pub(crate) fn data(text: &str) -> io::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

/// Whether stdout is a terminal: somebody reads the data, not a program.
pub(crate) fn is_for_people() -> bool {
    io::stdout().is_terminal()
}

/// Tells people something, a line or more; nothing where there is nothing to tell.
pub(crate) fn note(text: &str) {
    if text.is_empty() {
        return;
    }
    // Nobody is left to be told when stderr is gone.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Tells people of something that they should look at.
pub(crate) fn warning(text: &str) {
    note(&format!("{}: {text}", paint(Stream::Stderr, Paint::Yellow, "warning")));
}

/// Asks for a line at a terminal.
pub(crate) fn prompt(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = write!(stderr, "{text}");
    let _ = stderr.flush();
}

/// Tells of a bug of ours: the panic hook.
pub(crate) fn bug(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line())).unwrap_or_default();
    let message = panic.payload_as_str().unwrap_or("no message");
    let version = env!("CARGO_PKG_VERSION");
    if tracing::dispatcher::has_been_set() {
        // A server goes on; its log stays one record a line.
        tracing::error!(place, version, "bug in martlet: {message}; please report it with this record");
        return;
    }
    let what = paint(Stream::Stderr, Paint::Red, "bug in martlet");
    note(&format!("{what}: {message} ({place}, version {version})\nPlease report it with this text and what you did."));
}

/// Tells why a command could not be done; nothing where all has been told.
pub(crate) fn failure(failure: &Failure) {
    note(&failure_text(failure, Stream::Stderr));
}

pub(crate) fn failure_text(failure: &Failure, stream: Stream) -> String {
    let mut text = diagnostics(&failure.diagnostics, stream);
    if !failure.message.is_empty() {
        let _ = write!(text, "{}: {}", paint(stream, Paint::Red, "error"), failure.message);
    }
    for cause in &failure.causes {
        let _ = write!(text, "\n  caused by: {cause}");
    }
    if !failure.hints.is_empty() {
        text.push('\n');
    }
    for hint in &failure.hints {
        let _ = write!(text, "\n{}: {hint}", paint(stream, Paint::Blue, "hint"));
    }
    text.truncate(text.trim_end().len());
    text
}

/// Findings, each with its place and a marked excerpt, an empty line after each.
pub(crate) fn diagnostics(findings: &[Diagnostic], stream: Stream) -> String {
    let mut text = String::new();
    for finding in findings {
        write_diagnostic(&mut text, finding, stream);
    }
    text
}

fn write_diagnostic(text: &mut String, finding: &Diagnostic, stream: Stream) {
    let (colour, word) = match finding.severity {
        Severity::Error => (Paint::Red, "error"),
        Severity::Warning => (Paint::Yellow, "warning"),
        Severity::Note => (Paint::Blue, "note"),
    };
    let _ =
        writeln!(text, "{}: {}", paint(stream, colour, word), paint(stream, Paint::Bold, &printable(&finding.message)));
    let number = finding.line.to_string();
    let margin = " ".repeat(number.len());
    // A file's name may hold anything but a slash.
    let file = printable(&finding.file);
    let _ = writeln!(text, "{margin}--> {file}:{}:{}", finding.line, finding.column);
    if !finding.excerpt.is_empty() {
        let (before, marks) = marks(finding);
        let marks = paint(stream, colour, &format!("{marks} {}", finding.label));
        let excerpt = cut(&printable(&finding.excerpt));
        let _ = writeln!(text, "{margin} |\n{number} | {excerpt}\n{margin} | {before}{}", marks.trim_end());
    }
    if let Some(hint) = &finding.hint {
        let lines: Vec<String> = hint.split('\n').map(printable).collect();
        let _ = writeln!(text, "{margin} = hint: {}", lines.join(&format!("\n{margin}         ")));
    }
    text.push('\n');
}

/// Characters of an excerpt that are shown.
const EXCERPT_MAX: usize = 160;

/// The blanks before the marks, and the marks under what is meant, as far as it is on the line.
fn marks(finding: &Diagnostic) -> (String, String) {
    let column = finding.column.saturating_sub(1);
    let rest: Vec<char> = finding.excerpt.chars().skip(column).collect();
    let mut bytes = finding.span.end.saturating_sub(finding.span.start);
    let mut width = 0;
    for character in &rest {
        if bytes == 0 {
            break;
        }
        bytes = bytes.saturating_sub(character.len_utf8());
        width += 1;
    }
    let column = column.min(EXCERPT_MAX);
    let width = width.clamp(1, (EXCERPT_MAX - column).max(1));
    (" ".repeat(column), "^".repeat(width))
}

/// One column for each character, and nothing that could steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.trim_end().to_owned(),
    }
}

fn paint(stream: Stream, paint: Paint, text: &str) -> String {
    if !has_colour(stream) {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Red => "1;31",
        Paint::Yellow => "1;33",
        Paint::Blue => "1;34",
        Paint::Bold => "1",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

fn has_colour(stream: Stream) -> bool {
    let is_terminal = match stream {
        Stream::Stdout => io::stdout().is_terminal(),
        Stream::Stderr => io::stderr().is_terminal(),
        Stream::Plain => false,
    };
    is_terminal
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_sql::Span;

    #[test]
    fn a_finding_is_marked_in_its_line() {
        let finding = Diagnostic {
            severity: Severity::Error,
            code: "unknown_column",
            file: "queries/guests.sql".into(),
            span: Span { start: 40, end: 44 },
            line: 12,
            column: 14,
            message: "there is no column `nmae` in `guests`".into(),
            label: "not a column".into(),
            hint: Some("did you mean `name`?".into()),
            excerpt: "select id, g.nmae from guests g\x1b[2J".into(),
        };
        insta::assert_snapshot!(diagnostics(&[finding], Stream::Plain), @r"
        error: there is no column `nmae` in `guests`
          --> queries/guests.sql:12:14
           |
        12 | select id, g.nmae from guests g [2J
           |              ^^^^ not a column
           = hint: did you mean `name`?
        ");
    }

    #[test]
    fn a_failure_says_what_why_and_what_next() {
        let failure = Failure::new("no app in `shop`").cause("no such file").hint("make one with `martlet new shop`");
        insta::assert_snapshot!(failure_text(&failure, Stream::Plain), @r"
        error: no app in `shop`
          caused by: no such file

        hint: make one with `martlet new shop`
        ");
    }

    #[test]
    fn marks_stay_within_the_excerpt() {
        for (column, start, end) in [(1, 0, 0), (500, 0, 10_000), (3, 2, 1), (0, 0, 5)] {
            let finding = Diagnostic {
                severity: Severity::Note,
                code: "x",
                file: "f".into(),
                span: Span { start, end },
                line: 1,
                column,
                message: String::new(),
                label: String::new(),
                hint: None,
                excerpt: "ü".repeat(300),
            };
            assert!(
                diagnostics(&[finding], Stream::Plain).lines().all(|line| line.chars().count() <= EXCERPT_MAX + 10)
            );
        }
    }
}
