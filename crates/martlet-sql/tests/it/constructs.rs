//! Every construct of docs/sql.md: what it becomes on each engine, and what it reads.
//!
//! A case is a folder of `cases/constructs`: `statement.sql` (a query) or `action.sql`, and, where the shared ones do not
//! do, `schema.sql` and `rows.sql`. `UPDATE_CASES=1` writes the expected files anew. That both texts mean the same is
//! shown by the store's differential test, which runs the same folders.

use martlet_sql::{Action, App, Bind, Declaration, EngineText, SourceFile, Statement, TableUse, compile};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

fn cases_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

fn case_names() -> Vec<String> {
    let folder = cases_folder().join("constructs");
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.collect();
    names.sort();
    names
}

#[test]
fn every_construct_becomes_what_its_case_says() {
    let mut wrong = String::new();
    for name in case_names() {
        if let Err(reason) = check(&name) {
            writeln!(wrong, "{name}: {reason}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn docs_and_cases_name_each_other() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    let document = fs::read_to_string(document).unwrap();
    let (_, list) = document.split_once("## The list").unwrap();
    let mut rows = BTreeSet::new();
    for line in list.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")) {
        let case = line.trim_end_matches('|').rsplit('|').next().unwrap().trim();
        if case != "case" {
            assert!(rows.insert(case.to_owned()), "{case} has two rows");
        }
    }
    let cases: BTreeSet<String> = case_names().into_iter().collect();
    assert_eq!(rows, cases);
}

fn check(name: &str) -> Result<(), String> {
    let folder = cases_folder().join("constructs").join(name);
    let app = compiled(name, &folder)?;
    let (declaration, statements) = match (app.queries.get(name), app.actions.get(name)) {
        (Some(query), _) => {
            let after = query.page.as_ref().map(|page| (&page.after, "-- after a cursor\n".to_owned()));
            (&query.declaration, std::iter::once((&query.statement, String::new())).chain(after).collect())
        }
        (_, Some(action)) => (&action.declaration, steps(action)),
        _ => return Err("no plan".to_owned()),
    };
    let text = |of: fn(&Statement) -> &EngineText, mark: char| {
        let texts =
            statements.iter().map(|(statement, step)| format!("{step}{}", shown(of(statement), declaration, mark)));
        texts.collect::<Vec<_>>().join("\n")
    };
    let reads: Vec<String> = statements.iter().map(|(statement, step)| format!("{step}{}", facts(statement))).collect();
    expect(&folder.join("sqlite.sql"), &text(|statement| &statement.sqlite, '?'))?;
    expect(&folder.join("postgres.sql"), &text(|statement| &statement.postgres, '$'))?;
    expect(&folder.join("reads.txt"), &reads.join("\n"))
}

fn steps(action: &Action) -> Vec<(&Statement, String)> {
    let is_many = action.steps.len() > 1;
    let numbered = action.steps.iter().enumerate();
    numbered
        .map(|(index, step)| (&step.statement, if is_many { format!("-- {}\n", index + 1) } else { String::new() }))
        .collect()
}

fn compiled(name: &str, folder: &Path) -> Result<App, String> {
    let read = |path: PathBuf| fs::read_to_string(path).ok();
    let own_schema = read(folder.join("schema.sql"));
    let rows = match (&own_schema, read(folder.join("rows.sql"))) {
        (_, Some(rows)) => Some(rows),
        (None, None) => read(cases_folder().join("rows.sql")),
        (Some(_), None) => None,
    };
    let schema = own_schema.or_else(|| read(cases_folder().join("schema.sql")));
    let candidates = [
        (Some("migrations/0001_schema.sql".to_owned()), schema),
        (Some("seed.sql".to_owned()), rows),
        (Some(format!("queries/{name}.sql")), read(folder.join("statement.sql"))),
        (Some(format!("actions/{name}.sql")), read(folder.join("action.sql"))),
    ];
    let files: Vec<SourceFile> =
        candidates.into_iter().filter_map(|(path, text)| Some(SourceFile { path: path?, text: text? })).collect();
    let compiled = compile(&files);
    compiled.app.ok_or_else(|| {
        let findings = compiled.diagnostics.iter();
        let findings = findings.map(|found| {
            let place = format!("{}:{}:{}", found.file, found.line, found.column);
            format!("{place}: {} ({}){}", found.message, found.label, found.hint.as_deref().unwrap_or_default())
        });
        findings.collect::<Vec<_>>().join("\n    ")
    })
}

/// The text, and under it what is bound to its placeholders.
fn shown(text: &EngineText, declaration: &Declaration, mark: char) -> String {
    let mut shown = format!("{};\n", text.text);
    for (index, bind) in text.binds.iter().enumerate() {
        let bound = match bind {
            Bind::Parameter(parameter) => match declaration.params.get(*parameter) {
                Some(param) => format!(":{}", param.name),
                None => format!("the page's {}", parameter - declaration.params.len()),
            },
            Bind::StepColumn { step, column } => format!("column {} of statement {}", column + 1, step + 1),
            Bind::UserId => "auth.uid()".to_owned(),
            Bind::Role => "auth.role()".to_owned(),
            Bind::Claims => "auth.jwt()".to_owned(),
            Bind::Claim(claim) => format!("auth.jwt() ->> '{claim}'"),
            Bind::Now => "now()".to_owned(),
            Bind::Today => "current_date".to_owned(),
        };
        writeln!(shown, "-- {mark}{} is {bound}", index + 1).unwrap();
    }
    shown
}

fn facts(statement: &Statement) -> String {
    let mut facts = String::new();
    let uses = |facts: &mut String, verb: &str, tables: &[TableUse]| {
        for table in tables {
            let columns: Vec<&str> = table.columns.iter().map(String::as_str).collect();
            writeln!(facts, "{verb} {}({})", table.table, columns.join(", ")).unwrap();
        }
    };
    uses(&mut facts, "reads", &statement.reads);
    uses(&mut facts, "writes", &statement.writes);
    for column in &statement.columns {
        let null = if column.is_nullable { " or null" } else { "" };
        writeln!(facts, "gives {} {}{null}", column.name, column.ty).unwrap();
    }
    let rows = statement.rows_max.map_or("any number".to_owned(), |rows| format!("at most {rows}"));
    writeln!(facts, "rows: {rows}; {:?}", statement.volatility).unwrap();
    facts
}

fn expect(path: &Path, actual: &str) -> Result<(), String> {
    if std::env::var_os("UPDATE_CASES").is_some() {
        fs::write(path, actual).unwrap();
        return Ok(());
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    if expected == actual {
        Ok(())
    } else {
        Err(format!("{file} differs\n--- expected\n{expected}\n--- actual\n{actual}"))
    }
}
