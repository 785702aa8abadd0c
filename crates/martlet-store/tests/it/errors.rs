//! Every error of SQLite's that a call can meet has one translation.

use crate::support::{TestStore, action, app, migration, query, statement, step, text, write};
use martlet_core::{Error, Type, Value};
use martlet_sql::Returns;
use martlet_sql::catalogue::{Catalogue, Index, Table, TableColumn};

const SCHEMA: &[&str] = &[
    "create table users (
       id integer primary key, email text not null unique, tenant text, code text,
       age integer constraint users_age_check check (age > 0), size integer check (size < 10),
       unique (tenant, code)) strict",
    "create unique index one_admin on users (code) where tenant = 'admin'",
    "create table posts (id integer primary key, user_id integer not null references users (id)) strict",
    "create table words (word text primary key) strict, without rowid",
    "create trigger told before insert on words when new.word = 'rude' begin select raise(abort, 'mind your words'); end",
    "create trigger state before insert on words when new.word = 'zero'
     begin select raise(abort, '@22012@division by zero'); end",
    "insert into users (id, email, tenant, code) values (1, 'a@x', 't', 'c')",
    "insert into posts values (1, 1)",
    "insert into words values ('old')",
];

async fn error_of(test: &TestStore, sql: &str) -> Error {
    test.act(&write(sql), &[]).await.unwrap_err()
}

#[tokio::test]
async fn constraints_have_postgresql_s_codes_and_words() {
    let test = TestStore::with(SCHEMA);
    for (sql, code, message) in [
        (
            "insert into users (email) values ('a@x')",
            "23505",
            "duplicate key value violates unique constraint \"users_email_key\"",
        ),
        (
            "insert into users (email, tenant, code) values ('b', 't', 'c')",
            "23505",
            "duplicate key value violates unique constraint \"users_tenant_code_key\"",
        ),
        (
            "insert into users (id, email) values (1, 'b')",
            "23505",
            "duplicate key value violates unique constraint \"users_pkey\"",
        ),
        ("insert into words values ('old')", "23505", "duplicate key value violates unique constraint \"words_pkey\""),
        (
            "insert into posts (user_id) values (9)",
            "23503",
            "a row that this one refers to is missing, or others still refer to this one",
        ),
        (
            "delete from users where id = 1",
            "23503",
            "a row that this one refers to is missing, or others still refer to this one",
        ),
        (
            "insert into users (email) values (null)",
            "23502",
            "null value in column \"email\" of relation \"users\" violates not-null constraint",
        ),
        (
            "insert into users (email, age) values ('b', 0)",
            "23514",
            "new row violates check constraint \"users_age_check\"",
        ),
        ("insert into users (email, size) values ('b', 11)", "23514", "new row violates a check constraint"),
        ("insert into users (email, age) values ('b', 1.5e300)", "22003", "a value does not fit its column's type"),
        ("insert into words values ('rude')", "P0001", "mind your words"),
        ("insert into words values ('zero')", "22012", "division by zero"),
    ] {
        let error = error_of(&test, sql).await;
        assert_eq!((error.code.as_ref(), error.message.as_str()), (code, message), "{sql}");
        assert!(!error.message.contains("a@x") && error.hint.is_none() && error.details.is_empty(), "{error:?}");
    }
    let count = query(Returns::Value, "select count(*) from users", "count bigint");
    assert_eq!(test.text(&count, &[]).await, "1");
}

#[tokio::test]
async fn a_unique_index_has_its_own_name_once_the_app_is_known() {
    let test = TestStore::with(SCHEMA);
    let clash = "insert into users (email, tenant, code) values ('1', 'admin', 'x'), ('2', 'admin', 'x')";
    let mut app = app(vec![migration("0001_tables", SCHEMA)]);
    app.catalogue = catalogue();
    test.store.prepare(&app).unwrap();
    let error = error_of(&test, clash).await;
    assert_eq!(error.message, "duplicate key value violates unique constraint \"one_admin\"");
}

fn catalogue() -> Catalogue {
    let column = |name: &str, ty| TableColumn {
        name: name.to_owned(),
        ty,
        is_nullable: true,
        has_default: false,
        is_identity: false,
    };
    let columns = vec![
        column("id", Type::Bigint),
        column("email", Type::Text),
        column("tenant", Type::Text),
        column("code", Type::Text),
        column("age", Type::Integer),
        column("size", Type::Integer),
    ];
    let users = Table {
        name: "users".to_owned(),
        columns,
        primary_key: vec![0],
        unique_keys: vec![vec![1], vec![2, 3]],
        foreign_keys: Vec::new(),
        is_small: false,
        place: Default::default(),
    };
    let one_admin = Index {
        name: "one_admin".to_owned(),
        table: "users".to_owned(),
        columns: vec![("code".to_owned(), false)],
        is_unique: true,
        is_partial: true,
        predicate: None,
        keep: None,
        place: Default::default(),
    };
    Catalogue {
        tables: [("users".to_owned(), users)].into(),
        indexes: [("one_admin".to_owned(), one_admin)].into(),
        ..Catalogue::default()
    }
}

#[tokio::test]
async fn engine_errors_are_translated_for_reads() {
    let test = TestStore::with(SCHEMA);
    let sum = "select sum(value) as s from (select 9223372036854775807 as value union all select 1)";
    let error = test.read(&query(Returns::Value, sum, "s bigint"), &[]).await.unwrap_err();
    assert_eq!(error.code, "22003");
    let large = "select replace(hex(zeroblob(5000000)), '0', 'ab') as t";
    let error = test.read(&query(Returns::Value, large, "t text"), &[]).await.unwrap_err();
    assert_eq!(error.code, "MRT500", "zeroblob is refused by the authorizer");
    let large = "select replace(replace(printf('%.*c', 5000000, 'a'), 'a', 'bb'), 'b', 'ccc') as t";
    let error = test.read(&query(Returns::Value, large, "t text"), &[]).await.unwrap_err();
    assert_eq!(error.code, "54000", "a value of more than 16 MiB");
    let json = query(Returns::Value, "select value as v from json_each('[1,')", "v bigint");
    assert_eq!(test.read(&json, &[]).await.unwrap_err().code, "22P02");
    let missing = query(Returns::Value, "select nothing as n from nowhere", "n bigint");
    let error = test.read(&missing, &[]).await.unwrap_err();
    assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT500", "internal error"));
    assert!(error.operator.unwrap().contains("nowhere"), "the operator reads what the client must not");
}

#[tokio::test]
async fn what_no_value_can_hold_is_refused_when_it_is_bound() {
    let test = TestStore::with(SCHEMA);
    let echo = query(Returns::Value, "select ?1 as d", "d double precision");
    let error = test.read(&echo, &[Value::Double(f64::NAN)]).await.unwrap_err();
    assert_eq!(error.code, "22003");
    let huge = text(&"x".repeat(17 * 1024 * 1024));
    let echo = query(Returns::Value, "select ?1 as t", "t text");
    assert_eq!(test.read(&echo, &[huge]).await.unwrap_err().code, "54000");
}

#[tokio::test]
async fn abuse_sql_17_plans_cannot_reach_outside_their_tables() {
    let test = TestStore::with(SCHEMA);
    let folder = test.settings.data.display().to_string();
    let attach = format!("attach '{folder}/other.db' as other");
    let vacuum = format!("vacuum into '{folder}/copy.db'");
    for sql in [
        attach.as_str(),
        vacuum.as_str(),
        "pragma writable_schema = on",
        "pragma journal_mode = delete",
        "create table mine (a)",
        "create temp table mine (a)",
        "create temp trigger t after insert on users begin delete from posts; end",
        "drop table posts",
        "alter table users add column more text",
        "reindex",
        "analyze",
        "commit",
        "rollback",
        "delete from sqlite_schema",
        "delete from sqlite_sequence",
        "select load_extension('x')",
        "insert into words select sql from sqlite_schema",
        "insert into words select name from pragma_table_info('users')",
        "with w as (select load_extension('x') as x) insert into words select x from w",
    ] {
        let error = error_of(&test, sql).await;
        assert!(["MRT500"].contains(&error.code.as_ref()), "{sql}: {error:?}");
    }
    for sql in ["select sql as t from sqlite_schema", "select name as t from pragma_database_list"] {
        assert_eq!(test.read(&query(Returns::Rows, sql, "t text"), &[]).await.unwrap_err().code, "MRT500", "{sql}");
    }
    let write = query(Returns::Rows, "delete from posts returning id", "id bigint");
    assert!(test.read(&write, &[]).await.is_err(), "a reader cannot write");
    let two = action(Returns::Nothing, vec![step(statement("delete from posts; delete from users", ""))]);
    assert_eq!(test.act(&two, &[]).await.unwrap_err().code, "MRT500", "one statement, not two");
    let count =
        query(Returns::Value, "select (select count(*) from posts) + (select count(*) from users) as n", "n bigint");
    assert_eq!(test.text(&count, &[]).await, "2", "nothing of it did anything");
}

/// What a migration of an engine's own file, or a hand at the database, might have left behind.
const REACHING: &[&str] = &[
    "create table seen (text text) strict",
    "create table quiet (text text) strict",
    "create view of_schema as select sql as t from sqlite_schema",
    "create view of_pragma as select name as t from pragma_database_list",
    "create view of_keys as select code as t from martlet_idempotency",
    "create view of_file as select readfile('/etc/passwd') as t",
    "create view of_code as select load_extension('x') as t",
    "create view of_view as with w as (select t from of_schema) select t from w",
    "create trigger of_seen after insert on seen when new.text = 'schema'
     begin insert into quiet select sql from sqlite_schema; end",
    "create trigger of_seen_keys after insert on seen when new.text = 'keys'
     begin delete from martlet_idempotency; end",
    "create trigger of_seen_code after insert on seen when new.text = 'code'
     begin insert into quiet select load_extension('x'); end",
];

#[tokio::test]
async fn abuse_sql_17_nor_through_views_triggers_and_ctes() {
    let test = TestStore::with(REACHING);
    for view in ["of_schema", "of_pragma", "of_keys", "of_file", "of_code", "of_view"] {
        for sql in [
            format!("select t from {view}"),
            format!("with w as (select t from {view}) select t from w"),
            format!("select (select t from {view} limit 1) as t"),
            format!("select text as t from seen union all select t from {view}"),
        ] {
            let error = test.read(&query(Returns::Rows, &sql, "t text"), &[]).await.unwrap_err();
            assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT500", "internal error"), "{sql}");
        }
        let error = error_of(&test, &format!("insert into quiet select t from {view}")).await;
        assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT500", "internal error"), "{view}");
    }
    // A trigger's program is authorized whole when a statement that may fire it is prepared, whatever its WHEN says.
    for text in ["schema", "keys", "code", "nothing"] {
        let error = error_of(&test, &format!("insert into seen values ('{text}')")).await;
        assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT500", "internal error"), "{text}");
    }
    let count = "select (select count(*) from seen) + (select count(*) from quiet) as n";
    assert_eq!(test.text(&query(Returns::Value, count, "n bigint"), &[]).await, "0");
}
