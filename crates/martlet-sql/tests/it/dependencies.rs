//! What answers rest on: the rules, and the shapes of the apps.

use martlet_sql::{App, Query, SourceFile, compile};
use std::fmt::Write as _;
use std::path::Path;

const SCHEMA: &str = "
create table users (id bigint primary key, name text not null, team_id bigint);
create table teams (id bigint primary key, name text not null, is_open boolean not null);
create table rooms (id bigint primary key, name text not null, places integer not null);
create table bookings (id bigint primary key, user_id bigint not null references users (id),
  room_id bigint not null references rooms (id), first_day date not null, last_day date not null,
  status text not null, note text, price double precision not null);
create table tags (booking_id bigint not null references bookings (id), tag text not null,
  primary key (booking_id, tag));
create view open_bookings as select b.id, b.user_id, b.room_id, b.first_day from bookings b where b.status = 'open';
create view spending as select b.user_id, sum(b.price) as total, max(b.first_day) as newest from bookings b
  group by b.user_id;
create view ranked as select b.user_id, b.id, row_number() over (order by b.first_day) as place from bookings b;
";

/// The dependencies of one query, a line each.
fn told(app: &App, query: &Query) -> String {
    let mut told = String::new();
    let pages = query.page.iter().map(|page| &page.after_dependencies);
    for dependencies in std::iter::once(&query.dependencies).chain(pages) {
        for shape in &dependencies.shapes {
            let table = app.catalogue.table(&shape.table).unwrap();
            let reads: Vec<&str> = shape.reads.iter().map(|column| table.columns[*column].name.as_str()).collect();
            let words = shape.words(&app.catalogue, &query.declaration);
            writeln!(told, "{words} [{}]", reads.join(" ")).unwrap();
            shape.coarse.iter().for_each(|reason| writeln!(told, "    {reason}").unwrap());
        }
        if dependencies.shapes.is_empty() {
            told.push_str("no row\n");
        }
        for keys in &dependencies.keys {
            writeln!(told, "  keys: {}", keys.sqlite.text.replace('\n', " ")).unwrap();
        }
        if let Some(values) = &dependencies.values {
            writeln!(told, "  values: {}", values.sqlite.text.replace('\n', " ")).unwrap();
        }
        let kept = dependencies.kept_words(&query.declaration);
        if kept.lines().next() != Some("kept in memory until a commit changes one of these") {
            writeln!(told, "  {kept}").unwrap();
        }
    }
    told
}

/// The dependencies of a query over the schema above.
fn of(query: &str) -> String {
    let files = [
        SourceFile { path: "migrations/0001_all.sql".to_owned(), text: SCHEMA.to_owned() },
        SourceFile { path: "queries/q.sql".to_owned(), text: format!("-- @allow anyone\n{query}") },
    ];
    let compiled = compile(&files);
    let app = compiled.app.unwrap_or_else(|| panic!("{query}: {:#?}", compiled.diagnostics));
    told(&app, &app.queries["q"])
}

fn folder(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let mut files = Vec::new();
    for part in ["migrations", "queries", "actions"] {
        for entry in std::fs::read_dir(root.join(part)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            files.push(SourceFile { path: format!("{part}/{name}"), text });
        }
    }
    let app = compile(&files).app.unwrap();
    app.queries.iter().map(|(name, query)| format!("{name}\n{}", told(&app, query))).collect()
}

/// Compares a text with a file of the cases; `UPDATE_CASES=1` writes it anew.
fn check(file: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/dependencies").join(file);
    if std::env::var_os("UPDATE_CASES").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

#[test]
fn every_rule_gives_the_shapes_of_its_cases() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/dependencies/rules.txt");
    let cases = std::fs::read_to_string(path).unwrap();
    let queries = cases.trim_end().split("\n\n").map(|case| case.split("\n=>").next().unwrap());
    let found: Vec<String> = queries.map(|query| format!("{query}\n=>\n{}", of(query).trim_end())).collect();
    assert!(found.len() > 40);
    check("rules.txt", &format!("{}\n", found.join("\n\n")));
}

#[test]
fn the_apps_have_the_shapes_that_are_expected() {
    for app in ["examples/hotel", "examples/events", "bench/workloads"] {
        let file = format!("{}.txt", app.rsplit('/').next().unwrap());
        check(&file, &folder(app));
    }
}
