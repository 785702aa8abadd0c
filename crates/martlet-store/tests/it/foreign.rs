//! Another process at the same file, although the lock forbids it: waited for, refused with a hint, never half done.

use crate::support::{TestStore, query, write};
use martlet_core::Value;
use martlet_sql::Returns;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const ROWS: &[&str] = &["create table rows (id integer primary key, text text not null default 'x') strict"];

fn foreign(test: &TestStore) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(test.settings.data.join("app.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_sql_15_a_busy_database_is_waited_for_then_refused_as_retryable() {
    let test = TestStore::with(ROWS);
    let add = write("insert into rows (id) values (?1)");
    let count = query(Returns::Value, "select count(*) from rows", "count bigint");
    // Held for a moment: the write waits, and is done once.
    let other = foreign(&test);
    other.execute_batch("begin immediate; insert into rows (id) values (100)").unwrap();
    let held = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        other.execute_batch("commit").unwrap();
        other
    });
    test.act(&add, &[Value::Integer(1)]).await.unwrap();
    let other = held.join().unwrap();
    assert_eq!(test.text(&count, &[]).await, "2");
    // Held for longer: everybody who waits is told that a retry may help, and nothing is done.
    other.execute_batch("begin immediate; insert into rows (id) values (101)").unwrap();
    let began = Instant::now();
    let (two, three) = ([Value::Integer(2)], [Value::Integer(3)]);
    let refused = tokio::join!(test.act(&add, &two), test.act(&add, &three));
    for error in [refused.0.unwrap_err(), refused.1.unwrap_err()] {
        assert_eq!((error.code.as_ref(), error.hint.as_deref()), ("40001", Some("retryable")), "{error:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(test.text(&count, &[]).await, "2", "reads go on");
    assert!(test.store.health().can_write, "a lock is no failure of the disk");
    assert!(test.store.figures().busy > 0);
    other.execute_batch("rollback").unwrap();
    for id in [2, 3] {
        test.act(&add, &[Value::Integer(id)]).await.unwrap();
    }
    assert_eq!(test.text(&count, &[]).await, "4", "each retry has its one effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_sql_23_statements_outlive_changes_by_another_process() {
    let test = TestStore::with(ROWS);
    let add = write("insert into rows (id) values (?1)");
    let texts = query(Returns::Rows, "select id, text from rows order by id limit 3", "id bigint, text text");
    let all = query(Returns::Value, "select count(text) from rows", "count bigint");
    let is_over = &AtomicBool::new(false);
    let other = foreign(&test);
    std::thread::scope(|scope| {
        let changer = scope.spawn(move || {
            for number in 0..50 {
                let change = match number % 5 {
                    0 => format!("alter table rows add column c{number} text default 'v'"),
                    1 => format!("create index rows_{number} on rows (text, id)"),
                    2 => "begin immediate; create table kept (id integer primary key, text text not null default 'x') strict;
                          insert into kept (id, text) select id, text from rows; drop table rows;
                          alter table kept rename to rows; commit"
                        .to_owned(),
                    3 => "analyze".to_owned(),
                    _ => "begin immediate; create table more (id); drop table more; commit".to_owned(),
                };
                other.execute_batch(&change).unwrap_or_else(|fault| panic!("{change}: {fault}"));
                // Calls come between the changes.
                std::thread::sleep(Duration::from_millis(8));
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let runtime = tokio::runtime::Handle::current();
        let mut written = 0_u64;
        tokio::task::block_in_place(|| {
            runtime.block_on(async {
                while !is_over.load(Ordering::Relaxed) && !changer.is_finished() {
                    let id = i64::try_from(written).unwrap() + 1;
                    test.act(&add, &[Value::Integer(id)]).await.unwrap_or_else(|error| panic!("{id}: {error:?}"));
                    written += 1;
                    assert_eq!(test.text(&all, &[]).await, written.to_string());
                    assert!(test.text(&texts, &[]).await.starts_with(r#"[{"id":1,"text":"x"}"#));
                }
            });
        });
        changer.join().unwrap();
        assert!(written > 10, "{written}");
    });
}
