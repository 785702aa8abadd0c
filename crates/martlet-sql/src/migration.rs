//! Migrations: the catalogue by replaying their DDL, and each statement's text for either engine.
//!
//! PostgreSQL gets the author's own text. For SQLite the tables are written anew from the schema, so that a change
//! that SQLite cannot make in place becomes a rebuild. Nothing is ever changed silently: what is not portable is
//! refused with what to write instead.

mod alter;
mod create;
mod declared;
mod expression;
mod name;
mod refuse;
mod schema;
mod sqlite;
mod statement;

use crate::app::{Migration, SourceFile};
use crate::header::line::tag_of;
use crate::nearest::nearest;
use crate::source::Source;
use crate::token::{self, StatementText};
use crate::{Catalogue, Diagnostic, Span};
use name::{Engine, MigrationPath, WrongName};
use schema::Schema;
use sha2::{Digest, Sha256};
use statement::{Replay, Tags};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Migrations of one app.
const MIGRATIONS_MAX: usize = 10_000;

/// What the folder `migrations` gives.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    pub(crate) catalogue: Catalogue,
    pub(crate) migrations: Vec<Migration>,
}

/// The files of one migration.
#[derive(Default)]
struct Files<'a> {
    any: Option<&'a SourceFile>,
    sqlite: Option<&'a SourceFile>,
    postgres: Option<&'a SourceFile>,
}

impl<'a> Files<'a> {
    fn all(&self) -> impl Iterator<Item = &'a SourceFile> {
        [self.any, self.sqlite, self.postgres].into_iter().flatten()
    }
}

/// Replays the files below `migrations/`, in the order of their numbers.
pub(crate) fn replay(files: &[&SourceFile], sink: &mut Vec<Diagnostic>) -> Replayed {
    let mut schema = Schema::default();
    let mut migrations = Vec::new();
    for (name, files) in sort(files, sink) {
        migrations.push(replay_one(name, &files, &mut schema, sink));
    }
    Replayed { catalogue: schema.catalogue, migrations }
}

/// The migrations by number; duplicate numbers and wrong names are reported.
fn sort<'a>(files: &[&'a SourceFile], sink: &mut Vec<Diagnostic>) -> Vec<(&'a str, Files<'a>)> {
    let mut by_number: BTreeMap<u64, (&str, Files<'_>)> = BTreeMap::new();
    for file in files {
        let below = file.path.strip_prefix("migrations/").unwrap_or(&file.path);
        let MigrationPath { number, name, engine } = match name::parse(below) {
            Ok(path) => path,
            Err(WrongName::NotSql) => continue,
            Err(wrong) => {
                let hint = "such as `0001_tables.sql`, `20251024090952_index.sql` or `0001_tables/migration.sql`";
                sink.push(Source::of_file(file).error("migration_name", Span::default(), wrong.to_string()).hint(hint));
                continue;
            }
        };
        let (first, entry) = by_number.entry(number).or_insert_with(|| (name, Files::default()));
        let slot = match engine {
            Engine::Any => &mut entry.any,
            Engine::Sqlite => &mut entry.sqlite,
            Engine::Postgres => &mut entry.postgres,
        };
        if *first != name || slot.is_some() {
            let message = format!("the number {number} is also that of `{first}`");
            let hint = "every migration has a number of its own; applied ones keep theirs";
            sink.push(Source::of_file(file).error("migration_number", Span::default(), message).hint(hint));
            continue;
        }
        *slot = Some(file);
    }
    if by_number.len() > MIGRATIONS_MAX
        && let Some(file) = files.first()
    {
        let message = format!("there are {} migrations; at most {MIGRATIONS_MAX} are read", by_number.len());
        sink.push(Source::of_file(file).error("too_many", Span::default(), message));
    }
    by_number.into_values().take(MIGRATIONS_MAX).collect()
}

fn replay_one(name: &str, files: &Files<'_>, schema: &mut Schema, sink: &mut Vec<Diagnostic>) -> Migration {
    let mut migration = Migration {
        name: name.to_owned(),
        file: files.all().next().map(|file| file.path.clone()).unwrap_or_default(),
        checksum: checksum(files),
        sqlite: Vec::new(),
        postgres: Vec::new(),
    };
    if let Some(file) = files.any {
        let source = Source::of_file(file);
        (migration.sqlite, migration.postgres) = replay_file(&source, schema, sink);
    }
    // An engine's own file replaces what was lowered for it; its text is not looked into.
    for (file, texts) in [(files.sqlite, &mut migration.sqlite), (files.postgres, &mut migration.postgres)] {
        if let Some(file) = file {
            let source = Source::of_file(file);
            declared::tables(&source, schema, sink);
            *texts = if source.text().trim().is_empty() { Vec::new() } else { vec![source.text().to_owned()] };
        }
    }
    migration
}

/// Of the file's bytes; of several, each behind its path.
fn checksum(files: &Files<'_>) -> String {
    let all: Vec<&SourceFile> = files.all().collect();
    let mut hash = Sha256::new();
    for file in &all {
        if all.len() > 1 {
            hash.update(file.path.as_bytes());
            hash.update([0]);
            hash.update((file.text.len() as u64).to_be_bytes());
        }
        hash.update(file.text.as_bytes());
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The statements for SQLite and for PostgreSQL.
fn replay_file(source: &Source, schema: &mut Schema, sink: &mut Vec<Diagnostic>) -> (Vec<String>, Vec<String>) {
    let file = token::split(source, sink);
    let mut postgres = Vec::new();
    let mut replay = Replay { schema, source, sink, sqlite: Vec::new(), statement_span: Span::default() };
    let count = file.statements.len();
    for (index, statement) in file.statements.iter().enumerate() {
        let tags = tags(source, statement, replay.sink);
        if file.is_broken && index + 1 == count {
            break;
        }
        replay.statement(statement, tags);
        postgres.push(source.slice(statement.span).to_owned());
    }
    let sqlite = replay.sqlite;
    for comment in &file.trailing {
        if let Some(tag) = tag_of(source, comment) {
            sink.push(source.error("tag_place", tag.name_span, format!("no statement follows `@{}`", tag.name)));
        }
    }
    (sqlite, postgres)
}

/// Reads the tags above a statement.
fn tags(source: &Source, statement: &StatementText, sink: &mut Vec<Diagnostic>) -> Tags {
    let mut tags = Tags::default();
    let first: Vec<String> = statement.tokens.iter().take(3).map(|t| t.token.to_string().to_lowercase()).collect();
    let is_table = first.first().is_some_and(|w| w == "create") && first.get(1).is_some_and(|w| w == "table");
    let is_index = first.first().is_some_and(|w| w == "create") && first.iter().any(|w| w == "index");
    for comment in statement.comments.iter().chain(&statement.inner_comments) {
        let Some(tag) = tag_of(source, comment) else { continue };
        let is_above = statement.comments.contains(comment) && tag.is_alone;
        let rest = source.slice(tag.rest);
        let found = match tag.name.as_str() {
            _ if !is_above => Some(("a tag stands in a line of its own above the statement", None)),
            "small" if !is_table => Some(("`@small` stands directly above `create table`", None)),
            "small" if !rest.is_empty() => Some(("`@small` takes nothing", Some("write `-- @small`".to_owned()))),
            "small" => {
                tags.is_small = true;
                None
            }
            "keep" if !is_index => Some(("`@keep` stands directly above `create index`", None)),
            "keep" if !is_quoted(rest) => {
                Some(("`@keep` gives its reason in double quotes", Some("write `-- @keep \"reason\"`".to_owned())))
            }
            "keep" => {
                tags.keep = Some(rest[1..rest.len() - 1].to_owned());
                None
            }
            "table" => Some((
                "`@table` stands in an engine's own file",
                Some("a portable migration says it by `create table`".to_owned()),
            )),
            other => Some((
                "this tag does not belong into a migration",
                nearest(other, ["small", "keep", "table"]).map(|name| format!("did you mean `@{name}`?")),
            )),
        };
        if let Some((message, hint)) = found {
            sink.push(source.error("tag_place", tag.name_span, message).hint_maybe(hint));
        }
    }
    tags
}

fn is_quoted(text: &str) -> bool {
    text.len() > 2 && text.starts_with('"') && text.ends_with('"')
}

/// The catalogue of a DDL text, for tests.
#[cfg(test)]
#[expect(clippy::panic, reason = "a test's own DDL is right")]
pub(crate) fn catalogue_of(ddl: &str) -> Catalogue {
    let file = SourceFile { path: "migrations/0001_test.sql".to_owned(), text: ddl.to_owned() };
    let mut sink = Vec::new();
    let replayed = replay(&[&file], &mut sink);
    if let Some(found) = sink.iter().find(|found| found.severity == crate::Severity::Error) {
        panic!("{}", found.render());
    }
    replayed.catalogue
}

#[cfg(test)]
mod tests;
