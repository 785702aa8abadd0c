//! How far SQLite's log grows while everybody reads and writes.

use crate::support::{TestStore, query, read_of, soon, text, write};
use martlet_core::Value;
use martlet_sql::Returns;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A write of so many bytes fills more than 64 pages.
const TEXT_SIZE: usize = 256 * 1024;
const ROWS: i64 = 16;
/// 200 MiB through the log, which is copied each 16 MiB.
const WRITES: i64 = 800;
/// As long as it becomes when it cannot begin anew nine times in a row: a reader may lose its processor at the wrong
/// moment, but not each time.
const LOG_MAX: u64 = 150 * 1024 * 1024;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_log_begins_anew_under_steady_reads_and_writes() {
    let test = TestStore::with(&["create table rows (id integer primary key, text text not null) strict"]);
    let put = write("insert into rows (id, text) values (?1, ?2) on conflict (id) do update set text = excluded.text");
    // What is written over itself does not come into the log.
    let texts = ["x", "y"].map(|letter| text(&letter.repeat(TEXT_SIZE)));
    let lengths = query(Returns::Value, "select sum(id) from rows", "sum bigint");
    let (is_over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut readers = Vec::new();
    for _ in 0..3 {
        let (store, lengths) = (test.store.clone(), Arc::clone(&lengths));
        let (is_over, reads) = (Arc::clone(&is_over), Arc::clone(&reads));
        #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
        readers.push(tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                store.read(vec![read_of(&lengths, &[])], soon()).await.unwrap();
                reads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        }));
    }
    let mut longest = 0;
    for number in 0..WRITES {
        let text = &texts[usize::from(number / ROWS % 2 == 0)];
        test.act(&put, &[Value::Integer(number % ROWS), text.clone()]).await.unwrap();
        longest = longest.max(test.store.figures().wal_bytes.unwrap());
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    assert!(reads.load(Ordering::Relaxed) > 100, "{reads:?}");
    assert!(longest <= LOG_MAX, "{longest} bytes");
}
