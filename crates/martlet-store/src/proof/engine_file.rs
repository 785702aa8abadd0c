//! What `check` tells of migrations in SQLite's own SQL, into which the compiler does not look.

use super::source::Files;
use martlet_sql::{Diagnostic, Severity, Span};

/// Looks for what would take a promise away: foreign keys off, tables that take any type.
pub(super) fn findings(files: Files<'_>) -> Vec<Diagnostic> {
    let mut sink = Vec::new();
    let own = files.0.iter().filter(|file| file.path.starts_with("migrations/") && file.path.ends_with(".sqlite.sql"));
    for file in own {
        let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
        let whole = Span { start: 0, end: text.len() };
        if let Some(span) = files.word(&file.path, whole, &["foreign_keys"]) {
            let found = files.finding(
                &file.path,
                Severity::Error,
                "d07_foreign_keys",
                span,
                "a migration may not turn foreign keys off",
            );
            sink.extend(
                found.map(|found| found.hint("leave the pragma out: keys are checked at the end of the migration")),
            );
        }
        sink.extend(loose_tables(files, &file.path, text));
    }
    sink
}

fn loose_tables(files: Files<'_>, path: &str, text: &str) -> Vec<Diagnostic> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = lower[from..].find("create table").map(|at| from + at) {
        let end = lower[at..].find(';').map_or(lower.len(), |end| at + end);
        let tail = lower[at..end].rsplit(')').next().unwrap_or("");
        if !tail.contains("strict") {
            let span = Span { start: at, end: at + "create table".len() };
            let finding = files.finding(
                path,
                Severity::Note,
                "p24_loose_type",
                span,
                "this table takes values of any type in any column",
            );
            found.extend(finding.map(|finding| finding.hint("end it by `strict`: create table ... (...) strict;")));
        }
        from = end;
    }
    found
}
