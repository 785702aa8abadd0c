//! A table's DDL for SQLite, and the rebuild for changes that SQLite's ALTER TABLE does not know.
//!
//! Types live in the catalogue; the STRICT table keeps the storage class and, for integers, the range. A check that
//! stands for a type is named by the error that it means, `@22003@...`, as the errors of our functions are.

use super::schema::{ColumnState, IndexState, Key, Schema, TableState, ViewState};
use martlet_core::Type;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Name of the table under construction in a rebuild; `martlet_` cannot begin an author's name.
const REBUILT: &str = "martlet_rebuilt";

/// An identifier in double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

fn storage(ty: Type) -> &'static str {
    match ty {
        Type::Integer | Type::Bigint | Type::Boolean => "integer",
        Type::Double => "real",
        _ => "text",
    }
}

fn column_part(column: &ColumnState, key: Option<&Key>) -> String {
    let quoted_name = quote(&column.name);
    let mut part = format!("{quoted_name} {}", storage(column.ty));
    if column.is_identity {
        // AUTOINCREMENT stands only directly at its column.
        let name = key.map_or("", |key| key.name.as_str());
        let _ = write!(part, " not null constraint {} primary key autoincrement", quote(name));
    } else if !column.is_nullable {
        part.push_str(" not null");
    }
    if let Some(default) = &column.default {
        let _ = write!(part, " default ({})", default.sqlite);
    }
    match column.ty {
        Type::Integer => {
            let range = "between -2147483648 and 2147483647";
            let _ = write!(part, " constraint \"@22003@integer out of range\" check ({quoted_name} {range})");
        }
        Type::Boolean => {
            let _ = write!(part, " constraint \"@22P02@not a boolean\" check ({quoted_name} in (0, 1))");
        }
        _ => {}
    }
    part
}

/// Adds a column in place: SQLite can where it is nullable and has neither default nor key.
pub(super) fn add_column(table: &str, column: &ColumnState) -> String {
    format!("alter table {} add column {}", quote(table), column_part(column, None))
}

pub(super) fn create_table(table: &TableState, name: &str) -> String {
    let mut text = format!("create table {} (\n", quote(name));
    let mut parts: Vec<String> = Vec::new();
    let key = table.primary_key.as_ref();
    parts.extend(table.columns.iter().map(|column| format!("  {}", column_part(column, key))));
    let is_identity_key = table.columns.iter().any(|column| column.is_identity);
    if let Some(key) = key.filter(|_| !is_identity_key) {
        parts.push(format!("  constraint {} primary key ({})", quote(&key.name), quoted(&key.columns)));
    }
    for key in &table.uniques {
        parts.push(format!("  constraint {} unique ({})", quote(&key.name), quoted(&key.columns)));
    }
    for check in &table.checks {
        parts.push(format!("  constraint {} check ({})", quote(&check.name), check.expression.sqlite));
    }
    for key in &table.foreign_keys {
        let mut part = format!(
            "  constraint {} foreign key ({}) references {} ({})",
            quote(&key.name),
            quoted(&key.columns),
            quote(&key.table),
            quoted(&key.referenced)
        );
        if !key.on_delete.is_empty() {
            let _ = write!(part, " on delete {}", key.on_delete);
        }
        parts.push(part);
    }
    text.push_str(&parts.join(",\n"));
    text.push_str("\n) strict");
    text
}

pub(super) fn create_index(state: &IndexState) -> String {
    let index = &state.index;
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|(name, is_descending)| format!("{}{}", quote(name), if *is_descending { " desc" } else { "" }))
        .collect();
    let mut text = format!(
        "create {}index {} on {} ({})",
        if index.is_unique { "unique " } else { "" },
        quote(&index.name),
        quote(&index.table),
        columns.join(", ")
    );
    if let Some(predicate) = &state.predicate {
        let _ = write!(text, " where {}", predicate.sqlite);
    }
    text
}

pub(super) fn create_view(name: &str, columns: &[String], query: &str) -> String {
    format!("create view {} ({}) as\n{query}", quote(name), quoted(columns))
}

/// SQLite's own twelve steps: make the new table, copy, drop the old, rename; then indexes and views again.
///
/// `copied` pairs a column of the old table with its name in the new one. Foreign keys must be off, and are checked
/// by the store before the commit: dropping a table deletes its rows, and deletes cascade.
pub(super) fn rebuild(
    schema: &Schema,
    old: &str,
    table: &TableState,
    indexes: &BTreeMap<String, IndexState>,
    copied: &[(String, String)],
) -> Vec<String> {
    let views: Vec<&ViewState> = schema.views.iter().filter(|view| view.words.contains(old)).collect();
    let mut steps: Vec<String> = views.iter().rev().map(|view| format!("drop view {}", quote(&view.name))).collect();
    steps.push(create_table(table, REBUILT));
    let from: Vec<String> = copied.iter().map(|(from, _)| from.clone()).collect();
    let to: Vec<String> = copied.iter().map(|(_, to)| to.clone()).collect();
    if !copied.is_empty() {
        steps.push(format!(
            "insert into {} ({}) select {} from {}",
            quote(REBUILT),
            quoted(&to),
            quoted(&from),
            quote(old)
        ));
    }
    if table.columns.iter().any(|column| column.is_identity) {
        // The counter goes on where it was, even if the highest rows are gone.
        let old = old.replace('\'', "''");
        steps.push(format!("delete from sqlite_sequence where name = '{REBUILT}'"));
        steps.push(format!(
            "insert into sqlite_sequence (name, seq) select '{REBUILT}', seq from sqlite_sequence where name = '{old}'"
        ));
    }
    steps.push(format!("drop table {}", quote(old)));
    steps.push(format!("alter table {} rename to {}", quote(REBUILT), quote(&table.name)));
    steps.extend(indexes.values().filter(|state| state.index.table == table.name).map(create_index));
    steps.extend(views.iter().map(|view| view.sqlite.clone()));
    steps
}
