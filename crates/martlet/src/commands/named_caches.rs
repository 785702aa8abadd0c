//! `@cache named NAME` and the setting that it names: who writes the one and forgets the other gets no time at all.

use crate::settings::key::CACHE_NAMED;
use martlet_core::nearest;
use martlet_sql::{App, Diagnostic, Severity, SourceFile, Span};
use std::collections::BTreeMap;
use std::time::Duration;

/// An error for each query that names a cache for which no time is set.
pub(super) fn check(app: &App, files: &[SourceFile], times: &BTreeMap<String, Duration>) -> Vec<Diagnostic> {
    let finding = |query: &martlet_sql::Query| {
        let name = query.declaration.cache.as_ref()?.named.as_deref().filter(|name| !times.contains_key(*name))?;
        let text = files.iter().find(|file| file.path == query.file).map_or("", |file| &file.text);
        Some(no_time(&query.file, text, name, times))
    };
    app.queries.values().filter_map(|query| finding(query)).collect()
}

fn no_time(file: &str, text: &str, name: &str, times: &BTreeMap<String, Duration>) -> Diagnostic {
    let is_tag = |line: &&str| line.trim_start().starts_with("--") && line.contains("@cache");
    let line = text.lines().position(|line| is_tag(&line)).unwrap_or(0);
    let excerpt = text.lines().nth(line).unwrap_or_default();
    let start = text.lines().take(line).map(|line| line.len() + 1).sum::<usize>();
    let column = excerpt.find("@cache").unwrap_or(0);
    let variable = format!("{}_{}", CACHE_NAMED.variable(), name.to_uppercase());
    let hint = match nearest(name, times.keys().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? Else set {variable}, or `{name}` under `[cache.named]`"),
        None => format!("write `{name} = \"30s\"` under `[cache.named]` in martlet.toml, or set {variable}"),
    };
    let span = Span { start: start + column, end: start + excerpt.trim_end().len() };
    finding(file, text, span, "cache_time", format!("no time is set for the named cache `{name}`"), Some(hint))
}

/// An error at a place of a file.
pub(super) fn finding(
    file: &str,
    text: &str,
    span: Span,
    code: &'static str,
    message: String,
    hint: Option<String>,
) -> Diagnostic {
    let before = text.get(..span.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let excerpt = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
    Diagnostic {
        severity: Severity::Error,
        code,
        file: file.to_owned(),
        span,
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message,
        label: String::new(),
        hint,
        excerpt: excerpt.to_owned(),
    }
}
