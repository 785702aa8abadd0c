//! The words of an explanation.

use super::Explained;
use martlet_sql::{Bind, TableUse};
use martlet_store::proof::{Judged, Proof, Verdict};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) fn write_lines(text: &mut String, proof: &Proof, parent: i64, depth: usize) {
    for line in proof.lines.iter().filter(|line| line.parent == parent && line.id != parent) {
        let _ = writeln!(text, "{}{}", "  ".repeat(depth), line.detail);
        write_lines(text, proof, line.id, depth + 1);
    }
}

pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// What a page adds behind the declared parameters.
fn page_words(explained: &Explained<'_>, index: usize) -> String {
    match index - explained.declaration.params.len() {
        0 => "size of the page, and one".to_owned(),
        key => {
            let by = explained.declaration.page.as_ref().and_then(|page| page.by.get(key - 1));
            format!("{} of the cursor", by.map_or("?", |(expression, _)| expression))
        }
    }
}

pub(super) fn use_words(used: &TableUse) -> String {
    let columns: Vec<&str> = used.columns.iter().map(String::as_str).collect();
    format!("  {} ({})", used.table, columns.join(", "))
}

pub(super) fn bind_words(explained: &Explained<'_>, bind: &Bind, values: &BTreeMap<String, &str>) -> String {
    match bind {
        Bind::Parameter(index) => {
            let Some(param) = explained.declaration.params.get(*index) else { return page_words(explained, *index) };
            let value = values.get(&param.name).map(|value| format!(" = {value}")).unwrap_or_default();
            format!(":{} {}{value}", param.name, param.ty)
        }
        Bind::StepColumn { step, column } => {
            let (statement, name) = match explained.statements.get(*step) {
                Some((statement, name)) => (statement, name.unwrap_or("?")),
                None => return String::new(),
            };
            let column = statement.columns.get(*column).map_or("?", |column| column.name.as_str());
            format!(":{name}.{column}")
        }
        Bind::UserId => "auth.uid()".to_owned(),
        Bind::Role => "auth.role()".to_owned(),
        Bind::Claims => "auth.jwt()".to_owned(),
        Bind::Claim(name) => format!("auth.jwt() ->> '{name}'"),
        Bind::Now => "now()".to_owned(),
        Bind::Today => "current_date".to_owned(),
    }
}

pub(super) fn verdict_words(judged: &Judged, is_allowed: bool) -> String {
    let by = judged.access.index.as_ref().map(|index| format!(" in index {index}")).unwrap_or_default();
    let covering = if judged.access.is_covering { ", which holds all that is read" } else { "" };
    let table = &judged.table;
    match &judged.verdict {
        Verdict::Small => format!("{table}: small by declaration, at most 1,000 rows"),
        Verdict::OneRow => format!("{table}: proven: at most one row, by its key{by}"),
        Verdict::Closed => format!("{table}: proven: a closed search{by}{covering}"),
        Verdict::Ended => format!("{table}: proven: it ends by LIMIT or at the first row, in order{by}"),
        Verdict::Open { column, is_upper_missing } => {
            let end = if *is_upper_missing { "upper" } else { "lower" };
            format!("{table}: not proven: the range of {column} has no {end} end{by}")
        }
        Verdict::Full if is_allowed => format!("{table}: read in full{by}{covering}; allowed by @scan"),
        Verdict::Full => format!("{table}: not proven: read in full{by}{covering}"),
    }
}
