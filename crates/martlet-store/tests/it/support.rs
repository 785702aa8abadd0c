//! Plans by hand, and a store of its own for each test.

use martlet_core::{Identity, SystemClock, Timestamp, Type, Value};
use martlet_sql::{
    Action, App, Bind, Catalogue, Column, Declaration, EngineText, Expect, ExpectedRows, Migration, Query, Returns,
    Span, Statement, StatementKind, Step, Volatility,
};
use martlet_store::{Answer, Demand, Inputs, Read, Snapshot, SqliteStore, StoreSettings, Synchronous};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A store in a folder that goes with it.
pub(crate) struct TestStore {
    pub(crate) store: SqliteStore,
    pub(crate) settings: StoreSettings,
    folder: tempfile::TempDir,
}

pub(crate) fn settings(folder: &tempfile::TempDir) -> StoreSettings {
    StoreSettings {
        data: folder.path().join("data"),
        synchronous: Synchronous::Normal,
        readers: 2,
        write_queue_max: 4_096,
        answer_rows_max: 1_000,
        answer_size_max: 1_000_000,
        slow_statement_ms: None,
        observer: None,
    }
}

impl TestStore {
    /// A store whose only migration is this DDL.
    pub(crate) fn with(ddl: &[&str]) -> Self {
        Self::with_settings(ddl, |_| {})
    }

    pub(crate) fn with_settings(ddl: &[&str], change: impl FnOnce(&mut StoreSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(&folder);
        change(&mut settings);
        let store = SqliteStore::open(settings.clone(), Arc::new(SystemClock)).unwrap();
        store.migrate(&app(vec![migration("0001_tables", ddl)]), false).unwrap();
        Self { store, settings, folder }
    }

    /// Drops the store and gives back its folder.
    pub(crate) fn keep_folder(self) -> tempfile::TempDir {
        self.folder
    }

    pub(crate) async fn read(&self, query: &Arc<Query>, arguments: &[Value]) -> Result<Answer, martlet_core::Error> {
        let snapshot = self.read_all(vec![read_of(query, arguments)]).await?;
        snapshot.answers.into_iter().next().unwrap()
    }

    pub(crate) async fn read_all(&self, reads: Vec<Read>) -> Result<Snapshot, martlet_core::Error> {
        self.store.read(reads, soon()).await
    }

    pub(crate) async fn text(&self, query: &Arc<Query>, arguments: &[Value]) -> String {
        body(&self.read(query, arguments).await.unwrap())
    }

    pub(crate) async fn act(&self, action: &Arc<Action>, arguments: &[Value]) -> Result<Answer, martlet_core::Error> {
        self.store.transact(Arc::clone(action), inputs(arguments), soon()).await
    }
}

pub(crate) fn body(answer: &Answer) -> String {
    answer.body.as_ref().map_or_else(|| "(nothing)".to_owned(), |body| String::from_utf8(body.to_vec()).unwrap())
}

/// A deadline that a sound test never reaches.
pub(crate) fn soon() -> Instant {
    Instant::now() + Duration::from_secs(30)
}

pub(crate) fn inputs(arguments: &[Value]) -> Inputs {
    Inputs {
        arguments: arguments.into(),
        identity: Identity::Anonymous,
        now: Timestamp::parse("2026-07-01T12:00:00Z").unwrap(),
        demand: Demand::default(),
    }
}

pub(crate) fn read_of(query: &Arc<Query>, arguments: &[Value]) -> Read {
    Read { query: Arc::clone(query), inputs: inputs(arguments), wants_keys: false }
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn declaration(name: &str, returns: Returns) -> Declaration {
    Declaration { name: name.to_owned(), returns, ..Declaration::default() }
}

/// A statement whose placeholders `?1`, `?2`, ... are the arguments; columns are written `name type, name type`.
pub(crate) fn statement(sql: &str, columns: &str) -> Statement {
    let placeholders = (0..9).filter(|number| sql.contains(&format!("?{}", number + 1))).count();
    statement_with(sql, columns, (0..placeholders).map(Bind::Parameter).collect())
}

pub(crate) fn statement_with(sql: &str, columns: &str, binds: Vec<Bind>) -> Statement {
    Statement {
        kind: StatementKind::Select,
        span: Span::default(),
        sqlite: EngineText { text: sql.to_owned(), binds },
        postgres: EngineText::default(),
        columns: columns.split(", ").filter(|column| !column.is_empty()).map(column).collect(),
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
        json: Vec::new(),
    }
}

fn column(text: &str) -> Column {
    let (name, ty) = text.split_once(' ').unwrap();
    let types = [Type::Bigint, Type::Integer, Type::Double, Type::Boolean, Type::Text, Type::Date, Type::Jsonb];
    let ty = *types.iter().find(|candidate| candidate.name() == ty).unwrap();
    Column { name: name.to_owned(), ty, is_nullable: true }
}

pub(crate) fn query(returns: Returns, sql: &str, columns: &str) -> Arc<Query> {
    query_of(returns, statement(sql, columns))
}

pub(crate) fn query_of(returns: Returns, statement: Statement) -> Arc<Query> {
    Arc::new(Query {
        declaration: declaration("a_query", returns),
        file: "queries/a_query.sql".to_owned(),
        statement,
        page: None,
        dependencies: Default::default(),
    })
}

pub(crate) fn step(statement: Statement) -> Step {
    Step { statement, name: None, expect: None }
}

pub(crate) fn expecting(statement: Statement, rows: ExpectedRows, status: u16, code: &str) -> Step {
    let expect = Expect { rows, status, code: code.to_owned(), message: format!("{code} happened") };
    Step { statement, name: None, expect: Some(expect) }
}

/// An action that answers with its last step.
pub(crate) fn action(returns: Returns, steps: Vec<Step>) -> Arc<Action> {
    let answer = steps.len() - 1;
    Arc::new(Action {
        declaration: declaration("an_action", returns),
        file: "actions/an_action.sql".to_owned(),
        steps,
        answer,
    })
}

/// An action of one statement that answers nothing.
pub(crate) fn write(sql: &str) -> Arc<Action> {
    action(Returns::Nothing, vec![step(statement(sql, ""))])
}

pub(crate) fn migration(name: &str, ddl: &[&str]) -> Migration {
    Migration {
        name: name.to_owned(),
        file: format!("migrations/{name}.sql"),
        checksum: format!(
            "{:016x}",
            ddl.iter().flat_map(|text| text.bytes()).fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(byte))
        ),
        sqlite: ddl.iter().map(|&text| text.to_owned()).collect(),
        postgres: Vec::new(),
    }
}

pub(crate) fn app(migrations: Vec<Migration>) -> App {
    App { catalogue: Catalogue::default(), migrations, queries: BTreeMap::new(), actions: BTreeMap::new(), seed: None }
}
