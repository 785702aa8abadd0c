//! The app of a group of cases.

use super::case::Group;
use martlet_sql::{App, Compiled, Diagnostic, Severity, SourceFile, compile};

/// The prefix of the queries that show a whole table.
pub(super) const DUMP: &str = "all_rows_of_";

/// The app of all cases that compile, and what is wrong with the others.
pub(super) fn compile_what_can_be(group: &Group) -> Result<(App, Vec<String>), String> {
    let mut without = Vec::new();
    let mut errors = Vec::new();
    let dumps = dumps(group)?;
    loop {
        let mut files = group.folder(&without);
        files.extend(dumps.iter().cloned());
        let Compiled { app, diagnostics } = compile(&files);
        if let Some(app) = app {
            return Ok((app, errors));
        }
        let found: Vec<_> = diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        let before = without.len();
        for found in &found {
            errors.push(format!("{}:{}: {}", found.file, found.line, found.message));
            let is_case = found.file == "seed.sql" || group.cases.iter().any(|case| case.path() == found.file);
            if is_case && !without.contains(&found.file) {
                without.push(found.file.clone());
            }
        }
        if without.len() == before {
            return Err(errors.join("\n"));
        }
    }
}

/// A query for each table, ordered by its primary key.
fn dumps(group: &Group) -> Result<Vec<SourceFile>, String> {
    let schema = SourceFile { path: "migrations/0001_schema.sql".to_owned(), text: group.schema.clone() };
    let Compiled { app, diagnostics } = compile(&[schema]);
    let app = app.ok_or_else(|| {
        let told = |found: &Diagnostic| format!("{}:{}: {}", found.file, found.line, found.message);
        diagnostics.iter().map(told).collect::<Vec<_>>().join("\n")
    })?;
    let dump = |table: &martlet_sql::catalogue::Table| {
        let keys: Vec<&str> = table.primary_key.iter().map(|index| table.columns[*index].name.as_str()).collect();
        let quoted = |names: &[&str]| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let order = if keys.is_empty() { String::new() } else { format!(" order by {}", quoted(&keys)) };
        let told = table
            .columns
            .iter()
            .filter(|column| !group.unequal.contains(&column.name.as_str()) || keys.contains(&column.name.as_str()));
        let told: Vec<&str> = told.map(|column| column.name.as_str()).collect();
        let text = format!("-- @allow anyone\nselect {} from \"{}\"{order}", quoted(&told), table.name);
        SourceFile { path: format!("queries/{DUMP}{}.sql", table.name), text }
    };
    Ok(app.catalogue.tables.values().map(dump).collect())
}
