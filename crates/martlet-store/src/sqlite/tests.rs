//! What only the inside can bring about: a full disk, a database that cannot be written, a plan that lies.

use super::authorizer::Role;
use super::*;
use crate::Demand;
use martlet_core::{Identity, SystemClock, Timestamp, Type, Value};
use martlet_sql::catalogue::{Catalogue, ForeignKey, Table, TableColumn};
use martlet_sql::{
    Bind, Column, Declaration, EngineText, Migration, Query, Returns, Span, Statement, StatementKind, Step, TableUse,
    Volatility,
};
use std::collections::BTreeMap;
use std::time::Duration;

struct Bench {
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(ddl: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = StoreSettings {
            observer: None,
            data: folder.path().join("data"),
            synchronous: Synchronous::Full,
            readers: 1,
            write_queue_max: 16,
            answer_rows_max: 100,
            answer_size_max: 1_000_000,
            slow_statement_ms: Some(0),
        };
        let store = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap();
        store.migrate(&app(ddl), false).unwrap();
        Self { store, _folder: folder }
    }

    /// Changes how the writer's connection behaves, past its authorizer.
    fn on_writer(&self, pragma: &str, value: i64) {
        let change = |connection: &mut Connection| {
            let none = None::<fn(rusqlite::hooks::AuthContext<'_>) -> rusqlite::hooks::Authorization>;
            connection.sqlite.authorizer(none).unwrap();
            connection
                .sqlite
                .pragma_update_and_check(None, pragma, value, |_| Ok(()))
                .or_else(|error| if error == rusqlite::Error::QueryReturnedNoRows { Ok(()) } else { Err(error) })
        };
        self.store.0.writer.borrow(change).unwrap().unwrap();
    }

    async fn act(&self, sql: &str) -> Result<Answer, Error> {
        let step = Step { statement: statement(StatementKind::Insert, sql, 0, &[], &[]), name: None, expect: None };
        self.store.transact(action(vec![step]), inputs(), Instant::now() + Duration::from_secs(30)).await
    }

    async fn number(&self, sql: &str) -> String {
        let query = query(statement(StatementKind::Select, sql, 1, &[], &[]));
        let reads = vec![Read { query, inputs: inputs(), wants_keys: false }];
        let snapshot = self.store.read(reads, Instant::now() + Duration::from_secs(30)).await.unwrap();
        let body = snapshot.answers.into_iter().next().unwrap().unwrap().body.unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

fn inputs() -> Inputs {
    Inputs {
        arguments: [Value::Integer(1)].into(),
        identity: Identity::Anonymous,
        now: Timestamp::from_micros(0),
        demand: Demand::default(),
    }
}

fn app(ddl: &[&str]) -> App {
    let migration = Migration {
        name: "0001".to_owned(),
        file: "migrations/0001.sql".to_owned(),
        checksum: "0".to_owned(),
        sqlite: ddl.iter().map(|&text| text.to_owned()).collect(),
        postgres: Vec::new(),
    };
    App {
        catalogue: Catalogue::default(),
        migrations: vec![migration],
        queries: BTreeMap::new(),
        actions: BTreeMap::new(),
        seed: None,
    }
}

fn declaration(name: &str, returns: Returns) -> Declaration {
    Declaration { name: name.to_owned(), returns, ..Declaration::default() }
}

/// Reads and writes are written `table.column`.
fn statement(kind: StatementKind, sql: &str, columns: usize, reads: &[&str], writes: &[&str]) -> Statement {
    let column = Column { name: "n".to_owned(), ty: Type::Bigint, is_nullable: true };
    Statement {
        kind,
        span: Span::default(),
        sqlite: EngineText { text: sql.to_owned(), binds: vec![Bind::Parameter(0)] },
        postgres: EngineText::default(),
        columns: vec![column; columns],
        reads: uses(reads),
        writes: uses(writes),
        volatility: Volatility::Immutable,
        rows_max: None,
        json: Vec::new(),
    }
}

fn uses(names: &[&str]) -> Vec<TableUse> {
    let mut tables = BTreeMap::<String, TableUse>::new();
    for (table, column) in names.iter().map(|name| name.split_once('.').unwrap()) {
        let new = || TableUse { table: table.to_owned(), columns: std::collections::BTreeSet::new() };
        tables.entry(table.to_owned()).or_insert_with(new).columns.insert(column.to_owned());
    }
    tables.into_values().collect()
}

fn query(statement: Statement) -> Arc<Query> {
    let declaration = declaration("q", Returns::Value);
    Arc::new(Query {
        declaration,
        file: "queries/q.sql".to_owned(),
        statement,
        page: None,
        dependencies: Default::default(),
    })
}

fn action(steps: Vec<Step>) -> Arc<Action> {
    let answer = steps.len() - 1;
    let declaration = declaration("a", Returns::Nothing);
    Arc::new(Action { declaration, file: "actions/a.sql".to_owned(), steps, answer })
}

const BLOBS: &[&str] = &["create table blobs (id integer primary key, data text not null) strict"];
const LARGE: &str = "insert into blobs (data) values (printf('%.*c', 100000, 'x'))";

#[tokio::test]
async fn a_full_disk_refuses_writes_until_there_is_space() {
    let bench = Bench::new(BLOBS);
    bench.on_writer("max_page_count", 60);
    let mut written = 0;
    let error = loop {
        match bench.act(LARGE).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.code, "53100");
    assert!(!bench.store.health().can_write && bench.store.health().can_read);
    assert_eq!(bench.number("select count(*) as n from blobs").await, written.to_string());
    assert!(bench.act("insert into blobs (data) values ('small')").await.is_ok(), "what fits is written");
    assert_eq!(bench.act(LARGE).await.unwrap_err().code, "53100");
    bench.on_writer("max_page_count", 100_000);
    bench.act(LARGE).await.unwrap();
    assert!(bench.store.health().can_write);
    assert_eq!(bench.number("select count(*) as n from blobs").await, (written + 2).to_string());
}

#[tokio::test]
async fn a_database_that_cannot_be_written_can_be_read() {
    let bench = Bench::new(BLOBS);
    bench.act("insert into blobs (data) values ('before')").await.unwrap();
    bench.on_writer("query_only", 1);
    let error = bench.act("insert into blobs (data) values ('after')").await.unwrap_err();
    assert_eq!(error.code, "MRT054");
    assert!(!bench.store.health().can_write);
    assert_eq!(bench.number("select count(*) as n from blobs").await, "1");
    bench.on_writer("query_only", 0);
    bench.act("insert into blobs (data) values ('after')").await.unwrap();
    assert!(bench.store.health().can_write);
}

#[tokio::test]
async fn the_writer_outlives_a_panic_of_who_borrows_it() {
    let bench = Bench::new(BLOBS);
    let writer = &bench.store.0.writer;
    let borrowed = std::panic::AssertUnwindSafe(|| writer.borrow(|_| panic!("on purpose")));
    assert!(std::panic::catch_unwind(borrowed).is_err());
    bench.act("insert into blobs (data) values ('after')").await.unwrap();
}

const FAMILY: &[&str] = &[
    "create table parents (id integer primary key, name text not null) strict",
    "create table children (id integer primary key, parent integer not null references parents (id) on delete cascade, age integer) strict",
    "create view adults as select id, parent from children where age > 17",
];

fn family() -> Catalogue {
    let column = |name: &str, ty| TableColumn {
        name: name.to_owned(),
        ty,
        is_nullable: false,
        has_default: false,
        is_identity: false,
    };
    let table = |name: &str, columns| Table {
        name: name.to_owned(),
        columns,
        primary_key: vec![0],
        unique_keys: Vec::new(),
        foreign_keys: Vec::new(),
        is_small: false,
        place: Default::default(),
    };
    let parents = table("parents", vec![column("id", Type::Bigint), column("name", Type::Text)]);
    let columns = vec![column("id", Type::Bigint), column("parent", Type::Bigint), column("age", Type::Integer)];
    let mut children = table("children", columns);
    children.foreign_keys.push(ForeignKey {
        name: "children_parent_fkey".to_owned(),
        columns: vec![1],
        table: "parents".to_owned(),
        referenced: vec!["id".to_owned()],
    });
    let tables = [parents, children].into_iter().map(|table| (table.name.clone(), table)).collect();
    Catalogue { tables, ..Catalogue::default() }
}

const UPDATE_OLD: &str = "update parents set name = (select max(age) from children)";
const DELETE_OLD: &str = "delete from parents where id in (select parent from children where age > ?1)";

/// What `prepare` says of one statement's plan.
fn prepared(bench: &Bench, statement: Statement) -> Result<(), String> {
    let mut app = App { catalogue: family(), ..app(FAMILY) };
    if statement.kind == StatementKind::Select {
        app.queries.insert("q".to_owned(), query(statement));
    } else {
        app.actions.insert("a".to_owned(), action(vec![Step { statement, name: None, expect: None }]));
    }
    bench.store.prepare(&app).map_err(|error| error.operator.unwrap_or(error.message))
}

#[test]
fn a_plan_that_names_less_than_sqlite_sees_is_refused() {
    use StatementKind::{Delete, Insert, Select, Update};
    let bench = Bench::new(FAMILY);
    let join = "select c.id as n from children c join parents p on p.id = c.parent where p.name = 'x'";
    let all = ["children.id", "children.parent", "parents.id", "parents.name"];
    let rename = "update parents set name = 'y' where id = ?1";
    for (statement, missing) in [
        (statement(Select, join, 1, &all, &[]), None),
        (statement(Select, join, 1, &all[..3], &[]), Some("name")),
        (statement(Select, join, 1, &all[..2], &[]), Some("parents")),
        (statement(Select, "select count(*) as n from parents", 1, &["parents.id"], &[]), None),
        (statement(Select, "select count(*) as n from parents", 1, &[], &[]), Some("parents")),
        (
            statement(
                Select,
                "with recursive c (i) as (select 1 union select 2) select count(*) as n from c",
                1,
                &[],
                &[],
            ),
            None,
        ),
        (statement(Select, "select 1 as n from generate_series(1, 3)", 1, &[], &[]), None),
        (statement(Select, "with unused as (select * from parents) select 1 as n", 1, &["parents.id"], &[]), None),
        (statement(Update, rename, 0, &["parents.id"], &["parents.name"]), None),
        (statement(Update, rename, 0, &["parents.id"], &["parents.id"]), Some("name")),
        (
            statement(Update, "update parents set id = 1 where name = 'x' returning id as n", 1, &[], &["parents.id"]),
            None,
        ),
        (statement(Update, UPDATE_OLD, 0, &["parents.id"], &["parents.name"]), Some("age")),
        (statement(Insert, "insert into children values (1, 2, 3)", 0, &[], &["children.id"]), None),
        (statement(Insert, "insert into children values (1, 2, 3)", 0, &[], &["parents.id"]), Some("Insert")),
        (statement(Delete, DELETE_OLD, 0, &["parents.id", "children.parent"], &["parents.id"]), Some("age")),
        // A cascade and the check of a key touch the other table, but not by this statement's text.
        (statement(Delete, "delete from parents where id = ?1", 0, &["parents.id"], &["parents.id"]), None),
        (statement(Delete, "delete from parents where id = ?1", 0, &["parents.id"], &[]), Some("Delete")),
        (statement(Select, "select id as n, id as m from parents", 1, &["parents.id"], &[]), Some("gives 2 columns")),
        (statement(Select, "select ?2 as n", 1, &[], &[]), Some("more placeholders")),
        (statement(Select, "select nothing as n from parents", 1, &[], &[]), Some("SQLite refuses it")),
    ] {
        let text = statement.sqlite.text.clone();
        match (prepared(&bench, statement), missing) {
            (Ok(()), None) => {}
            (Err(reason), Some(missing)) => assert!(reason.contains(missing), "{text}: {reason}"),
            (outcome, missing) => panic!("{text}: {outcome:?}, expected {missing:?}"),
        }
    }
}

#[test]
fn a_schema_that_is_not_the_app_s_is_told_about() {
    let bench = Bench::new(&["create table parents (id integer primary key, title text) strict"]);
    let mut with_tables = App { catalogue: family(), ..app(FAMILY) };
    let error = bench.store.prepare(&with_tables).unwrap_err();
    assert_eq!(error.message, "the database has no table children");
    with_tables.catalogue.tables.remove("children");
    let error = bench.store.prepare(&with_tables).unwrap_err();
    assert_eq!(error.message, "table parents has the columns id, title; the migrations make id, name");
    assert!(error.hint.unwrap().contains("martlet migrate"));
}

#[tokio::test]
async fn a_plan_that_overran_three_times_starts_on_a_reader_thread() {
    let bench = Bench::new(BLOBS);
    let sql =
        "with recursive c (n) as (select 1 union all select n + 1 from c where n < 100000) select count(*) as n from c";
    let long = query(statement(StatementKind::Select, sql, 1, &[], &[]));
    let overruns = || bench.store.0.readers.is_long(&long);
    for number in 0..4 {
        assert_eq!(overruns(), number >= 3, "after {number}");
        let reads = vec![Read { query: Arc::clone(&long), inputs: inputs(), wants_keys: false }];
        let snapshot = bench.store.read(reads, Instant::now() + Duration::from_secs(30)).await.unwrap();
        assert!(snapshot.answers[0].is_ok());
    }
}

#[test]
fn a_kept_statement_is_not_planned_again_for_other_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let maintenance = Connection::open(&path, Role::Maintenance, Synchronous::Normal).unwrap();
    let skewed = "create table t (k integer, v text) strict; create index t_k on t (k);
                  insert into t select case when value % 100 = 0 then value else 1 end, 'x' from generate_series(1, 5000);
                  analyze;";
    maintenance.sqlite.execute_batch(skewed).unwrap();
    let reader = Connection::open(&path, Role::Reader, Synchronous::Normal).unwrap();
    let sql = "select count(v) from t where k > ?1 and k < ?2";
    for low in [0, 1, 100, 4_000] {
        let mut statement = reader.sqlite.prepare_cached(sql).unwrap();
        let _: i64 = statement.query_row([low, low + 10], |row| row.get(0)).unwrap();
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "from {low}");
    }
}

#[tokio::test]
async fn the_log_is_bounded() {
    let bench = Bench::new(BLOBS);
    for _ in 0..300 {
        bench.act(LARGE).await.unwrap();
    }
    let size = std::fs::metadata(bench.store.0.folder.path.join("app.db-wal")).unwrap().len();
    assert!(size < 20 * 1024 * 1024, "30 MB were written, the log has {size} bytes");
}

#[tokio::test]
async fn the_log_is_bounded_under_reads_that_hold_snapshots() {
    let bench = Bench::new(BLOBS);
    for _ in 0..300 {
        bench.act(LARGE).await.unwrap();
        bench.number("select count(*) as n from blobs").await;
    }
    let size = std::fs::metadata(bench.store.0.folder.path.join("app.db-wal")).unwrap().len();
    assert!(size < 20 * 1024 * 1024, "30 MB were written, the log has {size} bytes");
}

#[tokio::test]
async fn a_read_sees_every_write_that_was_answered_before() {
    let bench = Bench::new(BLOBS);
    for number in 0..100 {
        assert_eq!(bench.number("select count(*) as n from blobs").await, number.to_string());
        bench.act("insert into blobs (data) values ('x')").await.unwrap();
    }
}
