//! Opening, the lock, closing.

use crate::support::{TestStore, inputs, query, read_of, settings, soon, write};
use martlet_core::{SystemClock, Value};
use martlet_sql::Returns;
use martlet_store::SqliteStore;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

const NUMBERS: &[&str] = &["create table numbers (n integer primary key) strict"];

#[tokio::test]
async fn the_folder_is_private_and_one_process_has_it() {
    let test = TestStore::with(NUMBERS);
    let data = &test.settings.data;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data), 0o700);
    for file in ["app.db", "app.db-wal", "app.db-shm", "lock"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    let error = SqliteStore::open(test.settings.clone(), Arc::new(SystemClock)).unwrap_err();
    assert_eq!(error.code, "MRT054");
    assert!(error.message.contains(&format!("process {}", std::process::id())), "{}", error.message);
    assert!(error.hint.is_some());
    test.store.close();
    let again = SqliteStore::open(test.settings.clone(), Arc::new(SystemClock)).unwrap();
    assert_ne!(again.position().epoch, test.store.position().epoch, "every opening is an epoch of its own");
    assert_eq!(again.position().number, 0);
}

#[tokio::test]
async fn closing_finishes_what_was_accepted_and_refuses_the_rest() {
    let test = TestStore::with(NUMBERS);
    let insert = write("insert into numbers values (?1)");
    let mut accepted = Vec::new();
    for number in 0..200 {
        let (store, insert) = (test.store.clone(), Arc::clone(&insert));
        #[expect(clippy::disallowed_methods, reason = "the test waits for each of them")]
        let task = tokio::spawn(async move { store.transact(insert, inputs(&[Value::Integer(number)]), soon()).await });
        accepted.push(task);
    }
    tokio::task::yield_now().await;
    let store = test.store.clone();
    tokio::task::spawn_blocking(move || store.close()).await.unwrap();
    let mut written = 0;
    for task in accepted {
        match task.await.unwrap() {
            Ok(_) => written += 1,
            Err(error) => assert_eq!(error.code, "57P01"),
        }
    }
    let error = test.act(&insert, &[Value::Integer(999)]).await.unwrap_err();
    assert_eq!(error.code, "57P01");
    let count = query(Returns::Value, "select count(*) from numbers", "count bigint");
    assert_eq!(test.read_all(vec![read_of(&count, &[])]).await.unwrap_err().code, "57P01");
    assert!(!test.store.health().can_read && !test.store.health().can_write);
    assert!(!test.settings.data.join("app.db-wal").exists(), "the log is emptied and gone");
    let again = SqliteStore::open(test.settings.clone(), Arc::new(SystemClock)).unwrap();
    let snapshot = again.read(vec![read_of(&count, &[])], soon()).await.unwrap();
    let body = crate::support::body(snapshot.answers[0].as_ref().unwrap());
    assert_eq!(body, written.to_string(), "what was acknowledged is there, and nothing else");
    assert!(written > 0);
}

#[test]
fn a_folder_that_cannot_be_used_is_told_about() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    std::fs::write(folder.path().join("file"), "x").unwrap();
    settings.data = folder.path().join("file/data");
    let error = SqliteStore::open(settings.clone(), Arc::new(SystemClock)).unwrap_err();
    assert!(error.message.contains("file/data"), "{}", error.message);
    settings.data = folder.path().join("no-database");
    std::fs::create_dir(&settings.data).unwrap();
    std::fs::write(settings.data.join("app.db"), "this is no database at all, but text ".repeat(100)).unwrap();
    let error = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap_err();
    assert!(error.message.contains("app.db"), "{}", error.message);
}
