//! Values from the rows: of the columns with which parameters are compared, and of SELECTs in `bench.toml`.

use crate::exit::Failure;
use martlet_core::{Type, Value};
use martlet_load::Random;
use martlet_sql::{App, Bind, Declaration, Statement};
use martlet_store::Shell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Values that are kept of a column.
const KEPT_MAX: usize = 1_000;
/// Rows of a column that are looked at for them, and rows that are kept of a SELECT in `bench.toml`.
const LOOKED_AT_MAX: u64 = 1_000_000;
const SELECTED_MAX: usize = 10_000;

/// A column's values, drawn evenly from its rows: a value that many rows have is drawn as much more often.
pub(super) fn of_column(shell: &Shell, table: &str, column: &str, random: &mut Random) -> Result<Vec<Value>, Failure> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (table, column) = (quoted(table), quoted(column));
    let text = format!("select {column} from {table} where {column} is not null limit {LOOKED_AT_MAX}");
    let mut kept: Vec<Value> = Vec::new();
    let mut seen: u64 = 0;
    let mut on_row = |_: &[String], mut cells: Vec<Value>| {
        seen += 1;
        let Some(value) = cells.pop() else { return ControlFlow::Break(()) };
        if kept.len() < KEPT_MAX {
            kept.push(value);
        } else if let Some(place) = usize::try_from(random.below(seen)).ok().and_then(|place| kept.get_mut(place)) {
            *place = value;
        }
        ControlFlow::Continue(())
    };
    shell.run(&text, &mut on_row, &mut |_| {}).map_err(anyhow::Error::from)?;
    Ok(kept)
}

/// The first rows of a SELECT of the author's, each by the names of its columns.
pub(super) fn of_select(shell: &Shell, text: &str, what: &str) -> Result<Vec<BTreeMap<String, Value>>, Failure> {
    let mut rows = Vec::new();
    let mut on_row = |columns: &[String], cells: Vec<Value>| {
        rows.push(columns.iter().cloned().zip(cells).collect());
        if rows.len() < SELECTED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let ran = shell.run(text, &mut on_row, &mut |_| {});
    ran.map_err(|error| Failure::new(format!("bench.toml: {what}: the statement failed")).cause(error.to_string()))?;
    if rows.is_empty() {
        return Err(Failure::new(format!("bench.toml: {what}: the statement gives no row")));
    }
    Ok(rows)
}

/// The first column of a SELECT of the author's.
pub(super) fn first_column(shell: &Shell, text: &str, what: &str) -> Result<Vec<Value>, Failure> {
    let mut values = Vec::new();
    let mut on_row = |_: &[String], cells: Vec<Value>| {
        values.extend(cells.into_iter().next());
        if values.len() < SELECTED_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let ran = shell.run(text, &mut on_row, &mut |_| {});
    ran.map_err(|error| Failure::new(format!("bench.toml: {what}: the statement failed")).cause(error.to_string()))?;
    if values.is_empty() {
        return Err(Failure::new(format!("bench.toml: {what}: the statement gives no row")));
    }
    Ok(values)
}

/// The column that a parameter is compared with by `=` in one of these statements: (table, column).
///
/// A column of another type is none. Where several tables of a statement have one of this name, a key comes first.
pub(super) fn compared_column(
    app: &App,
    declaration: &Declaration,
    index: usize,
    statements: &[&Statement],
) -> Option<(String, String)> {
    let wanted = declaration.params.get(index)?.ty.base;
    statements.iter().find_map(|statement| {
        // The author's own text, with `$1`; SQLite's says the same in other words.
        let words = words(&statement.postgres.text);
        let placeholders =
            statement.postgres.binds.iter().enumerate().filter(|(_, bind)| **bind == Bind::Parameter(index));
        let names = placeholders.flat_map(|(place, _)| compared_names(&words, &format!("${}", place + 1)));
        names.into_iter().find_map(|name| column(app, statement, &name, wanted))
    })
}

fn column(app: &App, statement: &Statement, name: &str, wanted: Type) -> Option<(String, String)> {
    let tables = statement.reads.iter().chain(&statement.writes).filter_map(|used| app.catalogue.table(&used.table));
    let mut found = tables.filter_map(|table| {
        let (index, column) = table.column(name)?;
        let is_key =
            table.primary_key.contains(&index) || table.foreign_keys.iter().any(|key| key.columns.contains(&index));
        (column.ty == wanted).then(|| (!is_key, (table.name.clone(), column.name.clone())))
    });
    let first = found.next()?;
    Some(std::iter::once(first).chain(found).min_by_key(|(is_other, _)| *is_other)?.1)
}

/// Names beside `=` and this placeholder: `name = $1`, `$1 = name`, `name = any($1)`.
fn compared_names(words: &[&str], placeholder: &str) -> Vec<String> {
    let word = |index: Option<usize>| index.and_then(|index| words.get(index)).copied().unwrap_or_default();
    let places = words.iter().enumerate().filter(|(_, word)| **word == placeholder).map(|(place, _)| place);
    let names = places.filter_map(|place| {
        let before = |count: usize| word(place.checked_sub(count));
        let name = if before(1) == "=" {
            before(2)
        } else if before(1) == "(" && before(2).eq_ignore_ascii_case("any") && before(3) == "=" {
            before(4)
        } else if word(Some(place + 1)) == "=" {
            word(Some(place + 2))
        } else {
            return None;
        };
        let last = name.rsplit('.').next()?;
        let is_name = last.starts_with(|first: char| first.is_alphabetic() || first == '_' || first == '"');
        is_name.then(|| match last.strip_prefix('"') {
            Some(quoted) => quoted.trim_end_matches('"').to_owned(),
            None => last.to_lowercase(),
        })
    });
    names.collect()
}

/// Names with their dots, placeholders and single other characters; texts in quotes are left out.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '"');
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            first if in_word(first) => rest.find(|c| !in_word(c)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        if !first.is_whitespace() && first != '\'' {
            words.push(&rest[..length]);
        }
        rest = &rest[length..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beside_a_placeholder_are_found() {
        let text =
            "select 'a = $1' from t where t.id = $1 and $2 = lower(x) and \"Odd\" = $3 and b > $4 and k = any($5)";
        let names = |placeholder| compared_names(&words(text), placeholder);
        assert_eq!(names("$1"), ["id"]);
        assert_eq!(names("$2"), ["lower"], "a function's name is no column's");
        assert_eq!(names("$3"), ["Odd"]);
        assert!(names("$4").is_empty(), "a range is no key");
        assert_eq!(names("$5"), ["k"]);
    }
}
