//! One effect for a key: replays, refusals, other arguments, expiry, races, and what the app may not see.

use crate::support::{TestStore, action, body, expecting, inputs, query, settings, soon, statement, step};
use martlet_core::{Clock, Error, SystemClock, TestClock, Timestamp, Value};
use martlet_sql::{Action, ExpectedRows, Returns};
use martlet_store::{Answer, Inputs, Once, SqliteStore};
use std::sync::Arc;

const NOTES: &[&str] = &["create table notes (id integer primary key, n integer not null unique) strict"];
const HOUR: i64 = 3_600_000_000;

fn add() -> Arc<Action> {
    action(
        Returns::Row,
        vec![step(statement("insert into notes (n) values (?1) returning id, n", "id bigint, n bigint"))],
    )
}

fn refuse(status: u16) -> Arc<Action> {
    let write = step(statement("insert into notes (n) values (?1)", ""));
    let nobody = statement("update notes set n = 0 where id = -1", "");
    action(Returns::Nothing, vec![write, expecting(nobody, ExpectedRows::Exactly(1), status, "no_note")])
}

fn once(key: u8, argument: u8, now: Timestamp) -> Once {
    let expires_at = Timestamp::from_micros(now.micros() + 24 * HOUR);
    Once { id: [key; 32], arguments: [argument; 32], now, expires_at }
}

async fn call(test: &TestStore, action: &Arc<Action>, argument: i64, once: Once) -> Result<Answer, Error> {
    let inputs: Inputs = inputs(&[Value::Integer(argument)]);
    test.store.transact_once(Arc::clone(action), inputs, once, soon()).await
}

async fn notes(test: &TestStore) -> String {
    test.text(&query(Returns::Value, "select count(*) from notes", "count bigint"), &[]).await
}

#[tokio::test]
async fn abuse_sql_20_who_repeats_gets_what_was_kept() {
    let test = TestStore::with(NOTES);
    let now = SystemClock.now();
    let first = call(&test, &add(), 7, once(1, 7, now)).await.unwrap();
    let again = call(&test, &add(), 7, once(1, 7, now)).await.unwrap();
    assert_eq!((body(&first), first.rows), (r#"{"id":1,"n":7}"#.to_owned(), 1));
    assert_eq!((body(&again), again.rows), (body(&first), first.rows));
    assert_eq!(again.position, first.position, "a replay is no commit");
    assert_eq!(call(&test, &add(), 8, once(1, 8, now)).await.unwrap_err().code, "MRT021");
    assert!(call(&test, &add(), 8, once(2, 8, now)).await.is_ok(), "another key");
    assert_eq!(notes(&test).await, "2");
}

#[tokio::test]
async fn a_refusal_is_an_outcome_and_a_fault_is_none() {
    let test = TestStore::with(NOTES);
    let now = SystemClock.now();
    let refused = call(&test, &refuse(422), 7, once(1, 7, now)).await.unwrap_err();
    assert_eq!((refused.code.as_ref(), refused.status, notes(&test).await.as_str()), ("no_note", Some(422), "0"));
    // Whatever the action would do now: what was told is told again.
    let again = call(&test, &add(), 7, once(1, 7, now)).await.unwrap_err();
    assert_eq!(
        (&again.code, &again.message, again.status, again.kind),
        (&refused.code, &refused.message, refused.status, refused.kind)
    );
    for (key, status) in [(2, 401), (3, 403), (4, 429)] {
        assert_eq!(call(&test, &refuse(status), 7, once(key, 7, now)).await.unwrap_err().status, Some(status));
        assert!(call(&test, &add(), i64::from(key), once(key, 7, now)).await.is_ok(), "{status} is not kept");
    }
    // Nor is what the data was against.
    assert_eq!(call(&test, &add(), 2, once(5, 2, now)).await.unwrap_err().code, "23505");
    assert!(call(&test, &add(), 99, once(5, 2, now)).await.is_ok());
}

#[tokio::test]
async fn what_is_kept_expires_and_is_removed() {
    let test = TestStore::with(NOTES);
    let now = SystemClock.now();
    let old = Timestamp::from_micros(now.micros() - 25 * HOUR);
    assert!(call(&test, &add(), 1, once(1, 1, old)).await.is_ok());
    assert!(call(&test, &add(), 2, once(1, 2, now)).await.is_ok(), "the day is over: the key is free");
    assert_eq!(notes(&test).await, "2");
    assert!(call(&test, &add(), 3, once(9, 1, old)).await.is_ok());
    let settings = test.settings.clone();
    // At an idle moment the writer removes what has expired.
    tokio::time::sleep(std::time::Duration::from_millis(1_600)).await;
    let folder = test.keep_folder();
    let kept = rusqlite_count(&settings.data.join("app.db"));
    assert_eq!(kept, 1);
    drop(folder);
}

/// Rows of the table, seen from outside.
fn rusqlite_count(path: &std::path::Path) -> i64 {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("select count(*) from martlet_idempotency", [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn an_app_does_not_see_what_is_kept() {
    let test = TestStore::with(NOTES);
    let now = SystemClock.now();
    call(&test, &add(), 1, once(1, 1, now)).await.unwrap();
    let look = query(Returns::Value, "select count(*) from martlet_idempotency", "count bigint");
    assert!(test.read(&look, &[]).await.is_err());
    let forget = action(Returns::Nothing, vec![step(statement("delete from martlet_idempotency", ""))]);
    assert!(test.act(&forget, &[]).await.is_err());
    assert!(call(&test, &add(), 1, once(1, 1, now)).await.is_ok(), "still kept");
    assert_eq!(notes(&test).await, "1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn abuse_sql_20_fifty_at_once_have_one_effect_and_one_answer() {
    let test = Arc::new(TestStore::with(NOTES));
    let now = SystemClock.now();
    for round in 0..200_u8 {
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let test = Arc::clone(&test);
            calls
                .spawn(async move { call(&test, &add(), round.into(), once(round, 1, now)).await.map(|it| body(&it)) });
        }
        let mut answers: Vec<String> = calls.join_all().await.into_iter().map(Result::unwrap).collect();
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(notes(&test).await, (u64::from(round) + 1).to_string());
    }
}

#[tokio::test]
async fn what_is_kept_outlives_the_process_with_the_effect() {
    let test = TestStore::with(NOTES);
    let clock = Arc::new(TestClock::at(SystemClock.now()));
    let first = call(&test, &add(), 1, once(1, 1, clock.now())).await.unwrap();
    let folder = test.keep_folder();
    let store = SqliteStore::open(settings(&folder), clock.clone()).unwrap();
    let again =
        store.transact_once(add(), inputs(&[Value::Integer(1)]), once(1, 1, clock.now()), soon()).await.unwrap();
    assert_eq!(body(&first), body(&again));
}
