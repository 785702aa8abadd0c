//! What the store counts.

use crate::support::{self, TestStore, action, query, soon, statement, step, text, write};
use martlet_core::Value;
use martlet_sql::Returns;
use martlet_store::{SqliteStore, StoreSettings};
use std::sync::Arc;
use std::time::Instant;

#[tokio::test]
async fn calls_rows_scans_and_sorts_are_counted() {
    let site = TestStore::with(&["create table t (id integer primary key, body text) strict"]);
    for number in 0..5 {
        let insert = write("insert into t (body) values (?1)");
        site.act(&insert, &[text(&format!("{number}"))]).await.unwrap();
    }
    let sorted = query(Returns::Rows, "select id, body from t order by body", "id bigint, body text");
    for _ in 0..3 {
        site.text(&sorted, &[]).await;
    }
    let figures = site.store.figures();
    let [query, action] = &figures.plans[..] else { panic!("{figures:?}") };
    assert_eq!((action.name.as_str(), action.is_action, action.calls, action.errors), ("an_action", true, 5, 0));
    assert_eq!((query.name.as_str(), query.calls, query.rows, query.sorts), ("a_query", 3, 15, 3));
    assert_eq!((query.full_scans, query.auto_indexes), (3, 0));
    assert!(query.rows_scanned >= 12 && query.steps > 30, "{query:?}");
    assert!(query.min_ns > 0 && query.min_ns <= query.max_ns && query.max_ns <= query.total_ns);
    assert!(query.percentiles_ns.is_sorted() && query.seen.is_some());
    let [select] = &query.statements[..] else { panic!("{query:?}") };
    assert_eq!((select.operation, select.durations.count(), select.rows.sum), ("SELECT", 3, 15));
    let [writer, reader] = &figures.pools;
    assert_eq!((writer.name, writer.max, writer.pending, writer.wait.count()), ("writer", 1, 0, 5));
    assert_eq!((reader.name, reader.timeouts), ("reader", 0));
    assert!(figures.wal_bytes.is_some_and(|bytes| bytes > 0));
}

#[tokio::test]
async fn failures_are_counted_by_code() {
    let site = TestStore::with(&["create table t (id integer primary key) strict"]);
    let insert = write("insert into t (id) values (?1)");
    site.act(&insert, &[Value::Integer(1)]).await.unwrap();
    site.act(&insert, &[Value::Integer(1)]).await.unwrap_err();
    let figures = site.store.figures();
    let plan = &figures.plans[0];
    assert_eq!((plan.calls, plan.errors), (2, 1));
    let failures: Vec<_> = plan.statements[0].failures.iter().map(|(code, counts)| (*code, counts.count())).collect();
    assert_eq!(failures, [("23505", 1)]);
    assert_eq!(plan.statements[0].durations.count(), 1);
}

/// What overran the inline budget has run twice and is counted once.
#[tokio::test]
async fn a_read_that_is_handed_over_is_one_call() {
    let site = TestStore::with(&[]);
    let sql =
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select max(i) as i from n";
    let long = query(Returns::Value, sql, "i bigint");
    site.text(&long, &[]).await;
    let figures = site.store.figures();
    assert_eq!((figures.plans[0].calls, figures.plans[0].statements[0].durations.count()), (1, 1));
    assert_eq!(figures.pools[1].wait.count(), 1);
}

#[tokio::test]
async fn an_action_refused_by_its_deadline_is_counted() {
    let site = TestStore::with(&["create table t (id integer primary key) strict"]);
    let insert = action(Returns::Nothing, vec![step(statement("insert into t (id) values (?1)", ""))]);
    let late = site.store.transact(Arc::clone(&insert), support::inputs(&[Value::Integer(1)]), Instant::now());
    late.await.unwrap_err();
    assert_eq!(site.store.figures().pools[0].timeouts, 1);
    site.store.transact(insert, support::inputs(&[Value::Integer(1)]), soon()).await.unwrap();
}

#[test]
fn the_lock_tells_who_has_the_folder_and_where_to_ask() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(SqliteStore::running(&data), None);
    let store = SqliteStore::open(StoreSettings::new(&data), Arc::new(martlet_core::SystemClock)).unwrap();
    assert_eq!(SqliteStore::running(&data).unwrap().url, None);
    store.announce("http://127.0.0.1:1");
    let running = SqliteStore::running(&data).unwrap();
    assert_eq!((running.pid, running.url.as_deref()), (Some(std::process::id()), Some("http://127.0.0.1:1")));
    let refused = SqliteStore::open(StoreSettings::new(&data), Arc::new(martlet_core::SystemClock)).unwrap_err();
    assert!(refused.message.ends_with(&format!("process {}", std::process::id())), "{}", refused.message);
    store.close();
    assert_eq!(SqliteStore::running(&data), None);
}

/// Resident memory of this process, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Only an author can write texts; however many, what is kept of them is bounded.
#[tokio::test]
async fn abuse_sql_22_statements_and_statistics_of_many_texts_are_bounded() {
    let site = TestStore::with(&["create table t (id integer primary key, body text) strict"]);
    let plan = |number: usize, filler: usize| {
        let mut query = Arc::unwrap_or_clone(query(
            Returns::Value,
            &format!("select count(*) as n from t where id = {number} /* {} */", "x".repeat(filler)),
            "n bigint",
        ));
        query.declaration.name = format!("q{number}");
        Arc::new(query)
    };
    for number in 0..500 {
        site.text(&plan(number, 1_000), &[]).await;
    }
    let before = memory();
    for number in 500..7_000 {
        assert_eq!(site.text(&plan(number, if number % 10 == 0 { 200_000 } else { 1_000 }), &[]).await, "0");
    }
    let figures = site.store.figures();
    assert!(figures.plans.len() <= martlet_core::limits::STATISTICS_MAX, "{}", figures.plans.len());
    assert!(figures.evicted >= 2_000, "{}", figures.evicted);
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
}
