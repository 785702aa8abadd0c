//! Migrations and the seed: all or nothing, history is kept, a copy comes first.

use crate::support::{TestStore, app, migration, query, settings, statement, write};
use martlet_core::SystemClock;
use martlet_sql::catalogue::{Catalogue, Table};
use martlet_sql::{Returns, Seed};
use martlet_store::SqliteStore;
use std::sync::Arc;

const FIRST: &[&str] = &["create table a (id integer primary key, b integer) strict"];

fn first() -> martlet_sql::Migration {
    migration("0001_tables", FIRST)
}

fn second(ddl: &[&str]) -> martlet_sql::Migration {
    migration("0002_more", ddl)
}

#[tokio::test]
async fn what_is_missing_is_applied_once_after_a_copy() {
    let test = TestStore::with(FIRST);
    test.act(&write("insert into a values (1, 2)"), &[]).await.unwrap();
    let both =
        app(vec![first(), second(&["create table c (id integer primary key) strict", "insert into c values (7)"])]);
    let dry = test.store.migrate(&both, true).unwrap();
    assert_eq!((dry.applied.as_slice(), dry.already), (["0002_more".to_owned()].as_slice(), 1));
    assert!(dry.copy.is_none());
    let real = test.store.migrate(&both, false).unwrap();
    assert_eq!(real.applied, dry.applied);
    let copy = real.copy.unwrap();
    assert!(copy.starts_with(test.settings.data.join("backups")), "{}", copy.display());
    assert!(copy.file_name().unwrap().to_str().unwrap().starts_with("before-0002_more-"));
    assert_eq!(std::fs::read_dir(copy.parent().unwrap()).unwrap().count(), 1);
    let sum = query(Returns::Value, "select (select sum(b) from a) + (select sum(id) from c) as s", "s bigint");
    assert_eq!(test.text(&sum, &[]).await, "9", "readers that were open see the new schema");
    let again = test.store.migrate(&both, false).unwrap();
    assert!(again.applied.is_empty() && again.copy.is_none());
    assert_eq!(again.already, 2);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_everything_as_it_was() {
    let test = TestStore::with(FIRST);
    test.act(&write("insert into a values (1, 2)"), &[]).await.unwrap();
    for (ddl, reason) in [
        (&["create table c (x integer) strict", "create table a (y integer) strict"][..], "statement 2"),
        (&["create table c (x integer) strict", "commit"][..], "not authorized"),
        (&["alter table a add column d integer not null"][..], "NOT NULL"),
        (
            &["create table c (x integer references a (id)) strict", "insert into c values (99)"][..],
            "refer to rows of \"a\" that are not there",
        ),
    ] {
        let error = test.store.migrate(&app(vec![first(), second(ddl)]), false).unwrap_err();
        assert!(error.message.contains(reason), "{reason}: {}", error.message);
        let mut with_c = app(vec![first()]);
        with_c.catalogue = tables(&["c"]);
        assert!(test.store.is_empty(&with_c).unwrap(), "c is not there");
        let sum = query(Returns::Value, "select sum(b) as s from a", "s bigint");
        assert_eq!(test.text(&sum, &[]).await, "2");
    }
    let good = app(vec![first(), second(&["create table c (x integer) strict"])]);
    assert_eq!(test.store.migrate(&good, false).unwrap().applied, ["0002_more"]);
}

fn tables(names: &[&str]) -> Catalogue {
    let table = |name: &str| Table {
        name: name.to_owned(),
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        is_small: false,
        place: Default::default(),
    };
    Catalogue { tables: names.iter().map(|name| ((*name).to_owned(), table(name))).collect(), ..Catalogue::default() }
}

#[test]
fn history_is_neither_edited_nor_removed_nor_preceded() {
    let test = TestStore::with(FIRST);
    let edited = app(vec![migration("0001_tables", &["create table a (id integer primary key) strict"])]);
    let removed = app(vec![]);
    let preceded = app(vec![migration("0000_late", &["create table z (id integer) strict"]), first()]);
    for (app, reason) in [
        (edited, "migrations/0001_tables.sql was edited after it was applied"),
        (removed, "migration 0001_tables was applied and its file is gone"),
        (preceded, "migrations/0000_late.sql comes before migrations/0001_tables.sql"),
    ] {
        for is_dry in [true, false] {
            let error = test.store.migrate(&app, is_dry).unwrap_err();
            assert!(error.message.contains(reason), "{}", error.message);
            assert!(error.hint.as_ref().unwrap().contains("--reset"));
        }
    }
}

#[test]
fn a_copy_that_fails_stops_the_migration() {
    let test = TestStore::with(FIRST);
    std::fs::write(test.settings.data.join("backups"), "a file where the folder should be").unwrap();
    let both = app(vec![first(), second(&["create table c (x integer) strict"])]);
    let error = test.store.migrate(&both, false).unwrap_err();
    assert!(error.message.contains("the copy before the migration failed"), "{}", error.message);
    assert_eq!(test.store.migrate(&both, true).unwrap().applied, ["0002_more"], "it is still missing");
}

#[tokio::test]
async fn a_table_is_rebuilt_with_its_children_in_place() {
    let ddl = [
        "create table parents (id integer primary key, name text) strict",
        "create table children (id integer primary key, parent integer not null references parents (id) on delete cascade) strict",
        "insert into parents values (1, 'p')",
        "insert into children values (5, 1)",
    ];
    let test = TestStore::with(&ddl);
    let rebuild = second(&[
        "create table parents_new (id integer primary key, name text not null) strict",
        "insert into parents_new select id, name from parents",
        "drop table parents",
        "alter table parents_new rename to parents",
    ]);
    test.store.migrate(&app(vec![migration("0001_tables", &ddl), rebuild]), false).unwrap();
    let count =
        query(Returns::Value, "select count(*) from children join parents on parents.id = parent", "count bigint");
    assert_eq!(test.text(&count, &[]).await, "1");
    let orphan = test.act(&write("insert into children values (6, 99)"), &[]).await.unwrap_err();
    assert_eq!(orphan.code, "23503", "keys are on again");
}

#[tokio::test]
async fn the_seed_is_one_transaction_with_progress() {
    let test = TestStore::with(&["create table a (id integer primary key autoincrement, b integer unique) strict"]);
    let series = "insert into a (b) select value from generate_series(1, cast(1000 * ?1 as integer))";
    let seed = |second: &str| Seed {
        statements: vec![statement(series, ""), statement(second, "")],
        tables: vec!["a".to_owned(), "a".to_owned()],
    };
    let mut with_a = app(vec![]);
    with_a.catalogue = tables(&["a"]);
    assert!(test.store.is_empty(&with_a).unwrap());
    let error = test.store.seed(&seed("insert into a (b) values (1)"), 0.01, &mut |_| {}).unwrap_err();
    assert!(error.message.contains("seed.sql, statement 2 (table a)"), "{}", error.message);
    assert!(test.store.is_empty(&with_a).unwrap(), "nothing of a seed that fails stays");
    let before = test.store.position();
    let mut told = Vec::new();
    let mut progress = |step: martlet_store::SeedProgress| told.push((step.table, step.rows, step.done, step.total));
    test.store.seed(&seed("insert into a (b) values (0)"), 0.01, &mut progress).unwrap();
    assert_eq!(told, [("a".to_owned(), 10, 1, 2), ("a".to_owned(), 1, 2, 2)]);
    assert!(!test.store.is_empty(&with_a).unwrap());
    assert_eq!(test.store.position().number, before.number + 1);
    let insert = crate::support::action(
        Returns::Value,
        vec![crate::support::step(statement("insert into a (b) values (-1) returning id", "id bigint"))],
    );
    let answer = test.act(&insert, &[]).await.unwrap();
    assert_eq!(crate::support::body(&answer), "12", "generated ids go on after the seed's");
}

#[test]
fn a_new_database_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(settings(&folder), Arc::new(SystemClock)).unwrap();
    assert!(store.migrate(&app(vec![first()]), false).unwrap().copy.is_none());
}
