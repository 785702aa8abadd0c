//! `kill -9` under load: no acknowledged action lost, none half done, serving again at once.
//!
//! Method: the test starts itself again as a process that writes with 16 clients and tells each acknowledgement on
//! its standard output; that process is killed at a random moment, and the database opened here. The child knows
//! its part by a file in its working directory.

use crate::support::{action, app, body, inputs, migration, query, read_of, settings, soon, statement, step};
use martlet_core::{SystemClock, Value};
use martlet_sql::{Action, Returns};
use martlet_store::{SqliteStore, StoreSettings, Synchronous};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const KILLS: u64 = 20;
const CLIENTS: i64 = 16;
const MARK: &str = "child-of-the-crash-test";

/// One action is one pair: half of it must never be seen.
const PAIRS: &[&str] = &[
    "create table lefts (id integer primary key) strict",
    "create table rights (id integer primary key references lefts (id), filler text not null) strict",
];

fn pair() -> Arc<Action> {
    let left = step(statement("insert into lefts values (?1)", ""));
    let right = step(statement("insert into rights values (?1, printf('%.*c', 500, 'x'))", ""));
    action(Returns::Nothing, vec![left, right])
}

fn durable(settings: StoreSettings) -> StoreSettings {
    StoreSettings { synchronous: Synchronous::Full, ..settings }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(MARK), "").unwrap();
    let settings = durable(settings(&folder));
    let mut acknowledged = BTreeSet::new();
    for round in 0..KILLS {
        let mut child = start_child(folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let first = lines.by_ref().find_map(|line| id_of(&line)).expect("the child writes");
        let told = std::thread::spawn(move || lines.filter_map(|line| id_of(&line)).collect::<Vec<_>>());
        // Moments that differ from round to round, in and between commits.
        std::thread::sleep(Duration::from_micros(round * round * 331));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged.insert(first);
        acknowledged.extend(told.join().unwrap());
        let began = Instant::now();
        let store = SqliteStore::open(settings.clone(), Arc::new(SystemClock)).unwrap();
        let stored = ids(&store, "select json_group_array(id) as ids from lefts").await;
        assert!(began.elapsed() < Duration::from_secs(2), "it serves again at once");
        assert!(acknowledged.is_subset(&stored), "round {round}: lost {:?}", acknowledged.difference(&stored));
        assert_eq!(
            ids(&store, "select json_group_array(id) as ids from rights").await,
            stored,
            "round {round}: a half"
        );
        store.close();
    }
    assert!(acknowledged.len() > 50, "the children wrote only {}", acknowledged.len());
    let database = rusqlite::Connection::open(settings.data.join("app.db")).unwrap();
    let verdict: String = database.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

fn start_child(folder: &std::path::Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::a_child_that_writes", "--nocapture"]).current_dir(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn id_of(line: &str) -> Option<i64> {
    line.strip_prefix("acknowledged ")?.strip_suffix('.')?.parse().ok()
}

async fn ids(store: &SqliteStore, sql: &str) -> BTreeSet<i64> {
    let query = query(Returns::Value, sql, "ids jsonb");
    let snapshot = store.read(vec![read_of(&query, &[])], soon()).await.unwrap();
    let text = body(snapshot.answers[0].as_ref().unwrap());
    text.trim_matches(['[', ']']).split(',').filter(|id| !id.is_empty()).map(|id| id.parse().unwrap()).collect()
}

/// What the other test starts. Run by itself it has nothing to show.
#[tokio::test]
async fn a_child_that_writes() {
    let here = std::env::current_dir().unwrap();
    if !here.join(MARK).exists() {
        return;
    }
    let settings = StoreSettings {
        observer: None,
        data: here.join("data"),
        synchronous: Synchronous::Full,
        readers: 1,
        write_queue_max: 100,
        answer_rows_max: 10,
        answer_size_max: 100_000_000,
        slow_statement_ms: None,
    };
    let store = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap();
    store.migrate(&app(vec![migration("0001_pairs", PAIRS)]), false).unwrap();
    let first = ids(&store, "select json_group_array(id) as ids from lefts").await.last().map_or(0, |last| last + 1);
    let mut clients = Vec::new();
    for client in 0..CLIENTS {
        let store = store.clone();
        #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
        clients.push(tokio::spawn(async move {
            for round in 0..5_000 {
                let id = first + client + CLIENTS * round;
                store.transact(pair(), inputs(&[Value::Integer(id)]), soon()).await.unwrap();
                // One write: a line that the kill cuts short has no full stop.
                std::io::stdout().write_all(format!("acknowledged {id}.\n").as_bytes()).unwrap();
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
}
