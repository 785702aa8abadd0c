//! Many callers at once: what they see, what is called off, what is bounded.

use crate::support::{TestStore, action, expecting, inputs, query, read_of, soon, statement, step, text, write};
use martlet_core::{Error, Value};
use martlet_sql::{Action, ExpectedRows, Query, Returns};
use martlet_store::{Answer, SqliteStore};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const ACCOUNTS: &[&str] = &[
    "create table accounts (id integer primary key, balance integer not null check (balance >= 0)) strict",
    "insert into accounts select value, 100 from generate_series(1, 10)",
    "create table marks (id integer primary key) strict",
];

/// Holds the writer for as long as its deadline allows.
fn occupy() -> Arc<Action> {
    let endless = "with recursive endless (n) as (select 1 union all select n + 1 from endless) select n from endless where n < 0";
    action(Returns::Rows, vec![step(statement(endless, "n bigint"))])
}

/// Holds the writer until the deadline; it has begun when this returns.
async fn occupied(test: &TestStore, patience: Duration) -> JoinHandle<Result<Answer, Error>> {
    let task = start(test, &occupy(), 0, patience);
    tokio::task::yield_now().await;
    while test.store.health().queue_depth > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    task
}

fn mark() -> Arc<Action> {
    write("insert into marks values (?1)")
}

fn start(
    test: &TestStore,
    action: &Arc<Action>,
    argument: i64,
    patience: Duration,
) -> JoinHandle<Result<Answer, Error>> {
    let (store, action) = (test.store.clone(), Arc::clone(action));
    #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
    tokio::spawn(
        async move { store.transact(action, inputs(&[Value::Integer(argument)]), Instant::now() + patience).await },
    )
}

async fn marks(test: &TestStore) -> String {
    let marks = query(Returns::Value, "select coalesce(group_concat(id), '') as ids from marks", "ids text");
    test.text(&marks, &[]).await.trim_matches('"').to_owned()
}

/// Lets a future begin, so that its action waits in the queue.
fn poll_once(future: std::pin::Pin<&mut impl Future>) -> bool {
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(_))
}

#[tokio::test]
async fn an_action_dropped_while_it_waits_never_starts() {
    let test = TestStore::with(ACCOUNTS);
    let occupied = occupied(&test, Duration::from_millis(300)).await;
    let kept = start(&test, &mark(), 1, Duration::from_secs(30));
    {
        let mut dropped = pin!(test.store.transact(mark(), inputs(&[Value::Integer(2)]), soon()));
        assert!(!poll_once(dropped.as_mut()));
        assert!(test.store.health().queue_depth > 0);
    }
    assert_eq!(occupied.await.unwrap().unwrap_err().code, "57014");
    kept.await.unwrap().unwrap();
    assert_eq!(marks(&test).await, "1");
}

#[tokio::test]
async fn an_action_out_of_time_in_the_queue_is_told_at_once_and_never_starts() {
    let test = TestStore::with(ACCOUNTS);
    let occupied = occupied(&test, Duration::from_secs(2)).await;
    let began = Instant::now();
    let late = start(&test, &mark(), 1, Duration::from_millis(50)).await.unwrap();
    assert_eq!(late.unwrap_err().code, "57014");
    assert!(began.elapsed() < Duration::from_millis(1_500), "it does not wait for the one before it");
    assert_eq!(test.store.health().queue_depth, 0);
    assert_eq!(occupied.await.unwrap().unwrap_err().code, "57014");
    assert_eq!(marks(&test).await, "");
}

#[tokio::test]
async fn a_full_queue_refuses() {
    let test = TestStore::with_settings(ACCOUNTS, |settings| settings.write_queue_max = 2);
    let occupied = occupied(&test, Duration::from_millis(300)).await;
    let waiting =
        [start(&test, &mark(), 1, Duration::from_secs(30)), start(&test, &mark(), 2, Duration::from_secs(30))];
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(test.store.health().queue_depth, 2);
    let error = test.act(&mark(), &[Value::Integer(3)]).await.unwrap_err();
    assert_eq!(error.code, "MRT053");
    assert!(occupied.await.unwrap().is_err());
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    assert_eq!(marks(&test).await, "1,2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_after_an_acknowledgement_shows_the_write() {
    let test = Arc::new(TestStore::with(ACCOUNTS));
    let seen = query(Returns::Value, "select count(*) from marks where id = ?1", "count bigint");
    let mut writers = Vec::new();
    for writer in 0..8 {
        let (store, seen) = (test.store.clone(), Arc::clone(&seen));
        #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
        writers.push(tokio::spawn(async move {
            for number in 0..100 {
                let id = [Value::Integer(writer * 1_000 + number)];
                let written = store.transact(mark(), inputs(&id), soon()).await.unwrap();
                let snapshot = store.read(vec![read_of(&seen, &id)], soon()).await.unwrap();
                let answer = snapshot.answers[0].as_ref().unwrap();
                assert_eq!(crate::support::body(answer), "1");
                let is_later = answer.position.number >= written.position.number;
                assert!(is_later && answer.position.epoch == written.position.epoch);
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(test.store.position().number <= 800, "a commit is counted once, however many actions it holds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_reads_is_one_snapshot_under_writes() {
    let test = TestStore::with(ACCOUNTS);
    let is_over = Arc::new(AtomicBool::new(false));
    let transfer = action(
        Returns::Nothing,
        vec![
            expecting(
                statement("update accounts set balance = balance - ?2 where id = ?1", ""),
                ExpectedRows::Exactly(1),
                409,
                "gone",
            ),
            step(statement("update accounts set balance = balance + ?2 where id = ?3", "")),
        ],
    );
    let mut writers = Vec::new();
    for writer in 1..=4 {
        let (store, transfer, is_over) = (test.store.clone(), Arc::clone(&transfer), Arc::clone(&is_over));
        #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
        writers.push(tokio::spawn(async move {
            for round in 0.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let arguments = [writer, 1 + round % 3, 1 + (writer + round) % 10].map(Value::Integer);
                // A balance that would fall below zero is refused: no matter here.
                let _ = store.transact(Arc::clone(&transfer), inputs(&arguments), soon()).await;
            }
        }));
    }
    let sum = query(Returns::Value, "select sum(balance) as s from accounts", "s bigint");
    let low = query(Returns::Value, "select sum(balance) as s from accounts where id <= 5", "s bigint");
    let high = query(Returns::Value, "select sum(balance) as s from accounts where id > 5", "s bigint");
    let mut last = test.store.position().number;
    for _ in 0..500 {
        let reads = [&low, &sum, &high, &low].map(|query| read_of(query, &[]));
        let snapshot = test.store.read(reads.to_vec(), soon()).await.unwrap();
        let numbers: Vec<i64> = snapshot.answers.iter().map(|answer| number_of(answer.as_ref().unwrap())).collect();
        assert_eq!((numbers[0] + numbers[2], numbers[1], numbers[3]), (1_000, 1_000, numbers[0]));
        assert!(snapshot.position.number >= last, "positions never go back");
        last = snapshot.position.number;
        tokio::task::yield_now().await;
    }
    is_over.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(last > 0);
}

fn number_of(answer: &Answer) -> i64 {
    crate::support::body(answer).parse().unwrap()
}

/// Takes about so many steps for each thousand.
fn long(steps: u64) -> Arc<Query> {
    let sql = format!(
        "with recursive c (n) as (select 1 union all select n + 1 from c where n < {}) select count(*) as n from c",
        steps / 10
    );
    query(Returns::Value, &sql, "n bigint")
}

#[tokio::test]
async fn a_read_over_its_budget_is_run_again_on_a_reader_thread() {
    let test = TestStore::with(ACCOUNTS);
    let long = long(2_000_000);
    for _ in 0..5 {
        assert_eq!(test.text(&long, &[]).await, "200000");
    }
    let sum = query(Returns::Value, "select sum(balance) as s from accounts", "s bigint");
    let snapshot = test.read_all(vec![read_of(&sum, &[]), read_of(&long, &[]), read_of(&sum, &[])]).await.unwrap();
    let bodies: Vec<i64> = snapshot.answers.iter().map(|answer| number_of(answer.as_ref().unwrap())).collect();
    assert_eq!(bodies, [1_000, 200_000, 1_000]);
}

#[tokio::test]
async fn a_read_is_stopped_at_its_deadline_and_when_its_client_has_gone() {
    let test = TestStore::with_settings(ACCOUNTS, |settings| settings.readers = 1);
    let endless = long(u64::MAX);
    let began = Instant::now();
    let read = test.store.read(vec![read_of(&endless, &[])], Instant::now() + Duration::from_millis(100));
    let code = match read.await {
        Ok(snapshot) => snapshot.answers.into_iter().next().unwrap().unwrap_err().code,
        Err(error) => error.code,
    };
    assert_eq!(code, "57014");
    assert!(began.elapsed() < Duration::from_secs(2));
    {
        let mut dropped = pin!(test.store.read(vec![read_of(&endless, &[])], soon()));
        assert!(!poll_once(dropped.as_mut()));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The only reader thread is free again at once.
    let began = Instant::now();
    assert_eq!(test.text(&long(2_000_000), &[]).await, "200000");
    assert!(began.elapsed() < Duration::from_secs(2));
    let began = Instant::now();
    let past = test.store.read(vec![read_of(&long(10), &[])], Instant::now()).await.unwrap();
    assert_eq!(past.answers[0].as_ref().unwrap_err().code, "57014", "what is late is not begun");
    assert!(began.elapsed() < Duration::from_millis(100));
}

#[tokio::test]
async fn a_statement_of_an_action_is_stopped_at_its_deadline() {
    let test = TestStore::with(ACCOUNTS);
    let endless = "with recursive endless (n) as (select 1 union all select n + 1 from endless)
                   insert into marks select n from endless";
    let began = Instant::now();
    let slow = start(&test, &write(endless), 0, Duration::from_millis(150));
    tokio::time::sleep(Duration::from_millis(30)).await;
    let neighbours =
        [start(&test, &mark(), 1, Duration::from_secs(30)), start(&test, &mark(), 2, Duration::from_secs(30))];
    assert_eq!(slow.await.unwrap().unwrap_err().code, "57014");
    assert!(began.elapsed() < Duration::from_secs(2));
    for neighbour in neighbours {
        neighbour.await.unwrap().unwrap();
    }
    assert_eq!(marks(&test).await, "1,2");
}

#[tokio::test]
async fn answers_are_bounded_in_rows_and_bytes() {
    let test = TestStore::with_settings(ACCOUNTS, |settings| settings.answer_rows_max = 10);
    let rows =
        |count: i64| query(Returns::Rows, &format!("select value as v from generate_series(1, {count})"), "v bigint");
    assert_eq!(test.read(&rows(10), &[]).await.unwrap().rows, 10);
    assert_eq!(test.read(&rows(11), &[]).await.unwrap_err().code, "54000");
    let echo = query(Returns::Value, "select ?1 as t", "t text");
    let fits = test.settings.answer_size_max - 2;
    assert!(test.read(&echo, &[text(&"x".repeat(fits))]).await.is_ok());
    assert_eq!(test.read(&echo, &[text(&"x".repeat(fits + 1))]).await.unwrap_err().code, "54000");
}

#[tokio::test]
async fn the_last_clone_closes_the_store() {
    let test = TestStore::with(ACCOUNTS);
    let settings = test.settings.clone();
    let folder = test.keep_folder();
    let store = SqliteStore::open(settings, Arc::new(martlet_core::SystemClock)).unwrap();
    assert!(store.health().can_write);
    drop(folder);
}
