//! `-- @table name(col type, ...)`: objects that an engine's own file makes.

use super::schema::{ColumnState, IDENT_SIZE_MAX, Schema, TableState};
use crate::header::line::{Tag, tag_of};
use crate::source::Source;
use crate::token::Comment;
use crate::{Diagnostic, Span, types};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// Takes in the tables that the header of an engine's own file declares.
pub(super) fn tables(source: &Source, schema: &mut Schema, sink: &mut Vec<Diagnostic>) {
    let mut at = 0;
    for line in source.text().split_inclusive('\n') {
        let start = at;
        at += line.len();
        let text = line.trim();
        if text.is_empty() {
            continue;
        }
        let Some(rest) = text.strip_prefix("--") else { break };
        let start = start + (line.len() - line.trim_start().len()) + 2;
        let span = Span { start, end: start + rest.len() };
        let comment = Comment { span, line: source.line_index(start), is_alone: true };
        match tag_of(source, &comment) {
            Some(tag) if tag.name == "table" => table(source, &tag, schema, sink),
            Some(tag) => {
                let message = format!("`@{}` does not belong into an engine's own file", tag.name);
                let hint = "declare what it makes: `-- @table name(column type, ...)`";
                sink.push(source.error("tag_place", tag.name_span, message).hint(hint));
            }
            None => {}
        }
    }
}

fn table(source: &Source, tag: &Tag, schema: &mut Schema, sink: &mut Vec<Diagnostic>) {
    let wrong = |message: String| {
        source.error("tag_form", tag.rest, message).hint("write `-- @table name(column type [not null], ...)`")
    };
    let Some((name, columns)) = split(source.slice(tag.rest)) else {
        sink.push(wrong("`@table` has a name and its columns in brackets".to_owned()));
        return;
    };
    let mut state = TableState { name: name.to_owned(), is_foreign: true, ..TableState::default() };
    for column in columns.split(',') {
        match read_column(column) {
            Ok(column) if state.column(&column.name).is_some() => {
                sink.push(wrong(format!("the column `{}` is named twice", column.name)));
                return;
            }
            Ok(column) => state.columns.push(column),
            Err(message) => {
                sink.push(wrong(message));
                return;
            }
        }
    }
    if !is_name(name) {
        sink.push(wrong(format!("`{name}` is no name of a table")));
        return;
    }
    if let Some(other) = schema.tables.get(name).filter(|other| other.is_foreign) {
        // Both engines' files declare the same table.
        let columns = |state: &TableState| {
            state.columns.iter().map(|c| (c.name.clone(), c.ty, c.is_nullable)).collect::<Vec<_>>()
        };
        if columns(other) != columns(&state) {
            sink.push(wrong(format!("`{name}` is declared otherwise in another file")));
        }
        return;
    }
    if let Some(kind) = schema.relation(name) {
        sink.push(source.error("duplicate_name", tag.rest, format!("there is already a {kind} `{name}`")));
        return;
    }
    schema.tables.insert(name.to_owned(), state);
    schema.refresh(name);
}

fn split(text: &str) -> Option<(&str, &str)> {
    let (name, columns) = text.strip_suffix(')')?.split_once('(')?;
    Some((name.trim(), columns))
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= IDENT_SIZE_MAX
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn read_column(text: &str) -> Result<ColumnState, String> {
    let (name, ty) = text.trim().split_once(char::is_whitespace).ok_or("a column has a name and a type")?;
    if !is_name(name) {
        return Err(format!("`{name}` is no name of a column"));
    }
    let lower = ty.trim().to_lowercase();
    let (ty, is_nullable) = match lower.strip_suffix("not null") {
        Some(ty) => (ty.trim(), false),
        None => (lower.as_str(), true),
    };
    let is_known = |c: char| c.is_ascii_alphanumeric() || c == ' ';
    if ty.is_empty() || ty.len() > 40 || !ty.chars().all(is_known) {
        return Err(format!("`{name}` has no type that is known"));
    }
    let parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(ty);
    let parsed = parser.and_then(|mut parser| parser.parse_data_type());
    match parsed.ok().map(|parsed| types::of(&parsed)) {
        Some(Ok(ty)) if !ty.is_list && ty.base.is_storable() => {
            Ok(ColumnState { name: name.to_owned(), ty: ty.base, is_nullable, is_identity: false, default: None })
        }
        Some(Err(refusal)) => Err(format!("{}: {}", refusal.message, refusal.hint)),
        _ => Err(format!("`{ty}` is no type of a column")),
    }
}
