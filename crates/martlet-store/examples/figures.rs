//! Rough figures of the store: group commit against one client, reads inline, steps to the millisecond.
//!
//! `cargo run --release -p martlet-store --example figures [FOLDER]`; the folder decides which disk is measured.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "figures for a person")]

use martlet_core::{Identity, SystemClock, Timestamp, Type, Value};
use martlet_sql::{
    Action, App, Bind, Catalogue, Column, Declaration, EngineText, Migration, Query, Returns, Span, Statement,
    StatementKind, Step, Volatility,
};
use martlet_store::{Demand, Inputs, Read, SqliteStore, StoreSettings, Synchronous};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const MEASURED: Duration = Duration::from_millis(1_500);

fn main() {
    let folder = std::env::args().nth(1).unwrap_or_else(|| std::env::temp_dir().display().to_string());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for synchronous in [Synchronous::Full, Synchronous::Normal] {
        let data = tempfile::tempdir_in(&folder).unwrap();
        let store = open(data.path(), synchronous);
        for clients in [1, 64] {
            let rate = runtime.block_on(rate(clients, &store, |store, number| async move {
                store.transact(booking(), inputs(number), deadline()).await.unwrap();
            }));
            println!("{synchronous:?}, {clients:2} clients: {rate:8.0} actions/s");
        }
        store.close();
        let began = Instant::now();
        let again = open(data.path(), synchronous);
        println!("{synchronous:?}: opened again in {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
        drop(again);
    }
    let data = tempfile::tempdir_in(&folder).unwrap();
    let store = open(data.path(), Synchronous::Normal);
    let point = query(Returns::Row, "select id, free from rooms where id = ?1", &["id", "free"]);
    let reads = |count: u64, query: &Arc<Query>| {
        let began = Instant::now();
        runtime.block_on(async {
            for number in 0..count {
                let read = Read { query: Arc::clone(query), inputs: inputs(number % 1_000 + 1), wants_keys: false };
                store.read(vec![read], deadline()).await.unwrap().answers.remove(0).unwrap();
            }
        });
        began.elapsed().as_secs_f64() * 1e6 / count as f64
    };
    reads(1_000, &point);
    println!("point read inline: {:.2} us", reads(50_000, &point));
    let many = query(Returns::Rows, "select id, free from rooms where id <= 64 order by free", &["id", "free"]);
    println!("64 rows, sorted: {:.1} us", reads(2_000, &many));
    // Three steps to a number: what a budget of steps is worth in time.
    let sum = "select sum(a.id * b.id) as s from rooms a, rooms b where a.id <= ?1";
    let sum = query(Returns::Value, sum, &["s"]);
    for rows in [1, 8, 32, 64] {
        let began = Instant::now();
        runtime.block_on(async {
            let read = Read { query: Arc::clone(&sum), inputs: inputs(rows), wants_keys: false };
            store.read(vec![read], deadline()).await.unwrap().answers.remove(0).unwrap();
        });
        println!("join of {rows} x 1000 rows: {:.0} us", began.elapsed().as_secs_f64() * 1e6);
    }
}

async fn rate<F: Future<Output = ()> + Send>(
    clients: u64,
    store: &SqliteStore,
    act: impl Fn(SqliteStore, u64) -> F + Copy + Send + 'static,
) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let end = Instant::now() + MEASURED;
    let mut tasks = Vec::new();
    for client in 0..clients {
        let (store, done) = (store.clone(), Arc::clone(&done));
        #[expect(clippy::disallowed_methods, reason = "each is waited for below")]
        tasks.push(tokio::spawn(async move {
            let mut number = client;
            while Instant::now() < end {
                act(store.clone(), number % 1_000 + 1).await;
                number += clients;
                done.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    done.load(Ordering::Relaxed) as f64 / MEASURED.as_secs_f64()
}

fn open(data: &std::path::Path, synchronous: Synchronous) -> SqliteStore {
    let settings = StoreSettings {
        observer: None,
        data: data.to_owned(),
        synchronous,
        readers: 4,
        write_queue_max: 4_096,
        answer_rows_max: 10_000,
        answer_size_max: 1 << 24,
        slow_statement_ms: None,
    };
    let store = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap();
    let ddl = [
        "create table rooms (id integer primary key, free integer not null) strict",
        "create table bookings (id integer primary key autoincrement, room integer not null references rooms (id),
                                made text not null) strict",
        "create index bookings_room on bookings (room)",
        "insert into rooms select value, 1000000 from generate_series(1, 1000)",
    ];
    let migration = Migration {
        name: "0001".to_owned(),
        file: "migrations/0001.sql".to_owned(),
        checksum: String::new(),
        sqlite: ddl.map(str::to_owned).to_vec(),
        postgres: Vec::new(),
    };
    let app = App {
        catalogue: Catalogue::default(),
        migrations: vec![migration],
        queries: BTreeMap::new(),
        actions: BTreeMap::new(),
        seed: None,
    };
    store.migrate(&app, false).unwrap();
    store
}

fn booking() -> Arc<Action> {
    static BOOKING: std::sync::LazyLock<Arc<Action>> = std::sync::LazyLock::new(|| {
        let take = statement("update rooms set free = free - 1 where id = ?1 and free > 0 returning free", &["free"]);
        let book = statement("insert into bookings (room, made) values (?1, ?2) returning id", &["id"]);
        let steps = [take, book].map(|statement| Step { statement, name: None, expect: None }).to_vec();
        let declaration = Declaration { name: "book".to_owned(), returns: Returns::Row, ..Declaration::default() };
        Arc::new(Action { declaration, file: "actions/book.sql".to_owned(), steps, answer: 1 })
    });
    Arc::clone(&BOOKING)
}

fn query(returns: Returns, sql: &str, columns: &[&str]) -> Arc<Query> {
    let declaration = Declaration { name: "read".to_owned(), returns, ..Declaration::default() };
    Arc::new(Query {
        declaration,
        file: "queries/read.sql".to_owned(),
        statement: statement(sql, columns),
        page: None,
        dependencies: Default::default(),
    })
}

fn statement(sql: &str, columns: &[&str]) -> Statement {
    let column = |name: &&str| Column { name: (*name).to_owned(), ty: Type::Bigint, is_nullable: false };
    Statement {
        kind: StatementKind::Select,
        span: Span::default(),
        sqlite: EngineText { text: sql.to_owned(), binds: vec![Bind::Parameter(0), Bind::Now] },
        postgres: EngineText::default(),
        columns: columns.iter().map(column).collect(),
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
        json: Vec::new(),
    }
}

fn inputs(number: u64) -> Inputs {
    let number = i64::try_from(number).unwrap();
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    Inputs { arguments: [Value::Integer(number)].into(), identity: Identity::Anonymous, now, demand: Demand::default() }
}

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(10)
}
