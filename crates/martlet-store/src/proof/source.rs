//! Places in the author's files: where a statement names a table or a function.

use martlet_sql::{Diagnostic, Severity, SourceFile, Span};

/// The files of the app.
#[derive(Debug, Clone, Copy)]
pub(super) struct Files<'a>(pub(super) &'a [SourceFile]);

impl<'a> Files<'a> {
    pub(super) fn get(self, path: &str) -> Option<&'a SourceFile> {
        self.0.iter().find(|file| file.path == path)
    }

    /// A finding in one of the files; none where it is not of the app.
    pub(super) fn finding(
        self,
        path: &str,
        severity: Severity,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
    ) -> Option<Diagnostic> {
        self.get(path).map(|file| Diagnostic::at(file, severity, code, span, message))
    }

    /// The text of a statement.
    fn text(self, path: &str, span: Span) -> &'a str {
        let text = self.get(path).map_or("", |file| file.text.strip_prefix('\u{feff}').unwrap_or(&file.text));
        text.get(span.start..span.end).unwrap_or("")
    }

    /// Where a statement reads or writes a table under an alias; else its first word.
    pub(super) fn table(self, path: &str, statement: Span, table: &str, alias: &str) -> Span {
        let words = words(self.text(path, statement));
        let alias = alias.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
        let is_relation = |at: usize| {
            let before = at.checked_sub(1).and_then(|before| words.get(before)).map_or("", |(word, _)| word.as_str());
            words[at].0 == table && matches!(before, "from" | "join" | "update" | "into" | "only" | ",")
        };
        let is_aliased = |at: &usize| {
            let next = words[at + 1..].iter().map(|(word, _)| word.as_str()).find(|word| *word != "as");
            alias == table || next == Some(alias)
        };
        let found: Vec<usize> = (0..words.len()).filter(|at| is_relation(*at)).collect();
        let best = found.iter().copied().find(is_aliased).or(found.first().copied()).or(Some(0));
        let word = best.and_then(|at| words.get(at));
        word.map_or(statement, |(_, span)| Span {
            start: statement.start + span.start,
            end: statement.start + span.end,
        })
    }

    /// Where a statement compares a column, or names it otherwise.
    pub(super) fn comparison(self, path: &str, statement: Span, column: &str) -> Option<Span> {
        let text = self.text(path, statement);
        let signs = ['<', '>', '='];
        let is_compared = |span: &Span| {
            let after = text[span.end..].trim_start();
            // An alias may stand in front: `? < b.check_in`.
            let before = text[..span.start].trim_end_matches(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
            after.starts_with(signs) || after.starts_with("between") || before.trim_end().ends_with(signs)
        };
        let words = words(text);
        let named: Vec<Span> = words.into_iter().filter(|(word, _)| word == column).map(|(_, span)| span).collect();
        let span = named.iter().copied().find(is_compared).or(named.first().copied())?;
        Some(Span { start: statement.start + span.start, end: statement.start + span.end })
    }

    /// Where a statement says one of these words.
    pub(super) fn word(self, path: &str, statement: Span, wanted: &[&str]) -> Option<Span> {
        let words = words(self.text(path, statement));
        let (_, span) = words.into_iter().find(|(word, _)| wanted.contains(&word.as_str()))?;
        Some(Span { start: statement.start + span.start, end: statement.start + span.end })
    }
}

/// Words in lower case and commas, with their places; comments and texts are left out.
fn words(text: &str) -> Vec<(String, Span)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let size = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '\'' || c == '"' {
            let end = rest[1..].find(c).map_or(rest.len(), |end| end + 2);
            if c == '"' {
                let name = rest[1..end].trim_end_matches('"').to_owned();
                words.push((name, Span { start: at, end: at + end }));
            }
            end
        } else if c.is_alphanumeric() || c == '_' {
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
            words.push((rest[..end].to_lowercase(), Span { start: at, end: at + end }));
            end
        } else {
            if c == ',' {
                words.push((",".to_owned(), Span { start: at, end: at + 1 }));
            }
            c.len_utf8()
        };
        at += size;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_found_where_it_is_read_under_its_alias() {
        let text = "select a.b -- from notes\n  from x a, notes n where exists (select 1 from notes as m)";
        let files = [SourceFile { path: "q".into(), text: text.into() }];
        let whole = Span { start: 0, end: text.len() };
        let place = |alias: &str| Files(&files).table("q", whole, "notes", alias).start;
        assert_eq!(&text[place("n")..][..7], "notes n");
        assert_eq!(&text[place("m_2")..][..8], "notes as");
        assert_eq!(Files(&files).table("q", whole, "gone", "g").start, 0);
    }
}
