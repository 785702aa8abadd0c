//! `@warm` as the server will take it: arguments that a caller could give, for answers that are kept and everybody's.

use super::named_caches::finding;
use martlet_engine::{Arguments, CompiledParams, warm_arguments};
use martlet_sql::{App, Bind, Diagnostic, Query, SourceFile};

/// An error for each `@warm` that fills nothing.
pub(super) fn check(app: &App, files: &[SourceFile]) -> Vec<Diagnostic> {
    app.queries.values().flat_map(|query| of_query(query, files)).collect()
}

fn of_query(query: &Query, files: &[SourceFile]) -> Vec<Diagnostic> {
    let declaration = &query.declaration;
    let text = files.iter().find(|file| file.path == query.file).map_or("", |file| &file.text);
    let Some(first) = declaration.warm.first() else { return Vec::new() };
    let wrong = |span, message: String, hint: Option<String>| finding(&query.file, text, span, "warm", message, hint);
    if let Some(reason) = &query.dependencies.unkept {
        return vec![wrong(first.span, format!("nothing is kept that could be warmed: {reason}"), None)];
    }
    if statements(query).any(|bind| matches!(bind, Bind::UserId | Bind::Role | Bind::Claims | Bind::Claim(_))) {
        let message = "each caller has an answer of its own here, and `@warm` asks for nobody".to_owned();
        let hint = "warm a query that uses nothing of the caller; answers that are read often are computed again by themselves";
        return vec![wrong(first.span, message, Some(hint.to_owned()))];
    }
    // An expression that does not compile is told as such.
    let Ok(params) = CompiledParams::new(declaration) else { return Vec::new() };
    let refused = declaration.warm.iter().filter_map(|warm| {
        let error = params.read(Arguments::Json(warm_arguments(declaration, warm).as_bytes())).err()?;
        let details: Vec<String> = error.details.into_iter().map(|detail| detail.message).collect();
        let why = if details.is_empty() { error.message } else { details.join("; ") };
        Some(wrong(warm.span, format!("a caller could not ask for this: {why}"), None))
    });
    refused.collect()
}

fn statements(query: &Query) -> impl Iterator<Item = &Bind> {
    let after = query.page.as_ref().map(|page| &page.after);
    std::iter::once(&query.statement).chain(after).flat_map(|statement| &statement.sqlite.binds)
}
