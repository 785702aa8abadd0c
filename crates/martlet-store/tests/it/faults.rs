//! A disk that is full or fails: reads go on, nothing is half written, and writes come back with the disk.
//!
//! Method: the test starts itself again under a shell's `ulimit -f`, which makes every write past a size fail with
//! EFBIG: for SQLite a disk that fails, at the commit. The limit is lifted from outside by `prlimit`.

use crate::support::{TestStore, query, text, write};
use martlet_sql::Returns;
use std::process::Command;
use std::time::Duration;

const BLOBS: &[&str] = &["create table blobs (id integer primary key, data text not null) strict"];

/// In units of 512 bytes, as POSIX shells count.
const FILE_SIZE_MAX: u32 = 2_000;

#[test]
fn a_disk_that_fails_stops_writes_and_nothing_else() {
    let this = std::env::current_exe().unwrap();
    let script = format!(r#"trap "" XFSZ; ulimit -S -f {FILE_SIZE_MAX}; exec "$0" --exact faults::under_a_limit"#);
    let output = Command::new("sh").arg("-c").arg(script).arg(this).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// What the other test starts. Run by itself, without a limit, it has nothing to show.
#[tokio::test]
async fn under_a_limit() {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let of_files = limits.lines().find(|line| line.starts_with("Max file size")).unwrap();
    if of_files.split_whitespace().nth(3) == Some("unlimited") {
        return;
    }
    let test = TestStore::with(BLOBS);
    let insert = write("insert into blobs (data) values (?1)");
    let large = text(&"x".repeat(100_000));
    let mut written = 0;
    let error = loop {
        match test.act(&insert, std::slice::from_ref(&large)).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 1_000, "the limit is not in force");
    };
    assert_eq!(error.code, "MRT054", "{error:?}");
    assert!(!test.store.health().can_write && test.store.health().can_read);
    let count = query(Returns::Value, "select count(*) from blobs", "count bigint");
    assert_eq!(test.text(&count, &[]).await, written.to_string(), "reads go on, and nothing is half written");
    for _ in 0..3 {
        let error = test.act(&insert, std::slice::from_ref(&large)).await.unwrap_err();
        assert_eq!(error.code, "MRT054");
    }
    let lift = ["--pid", &std::process::id().to_string(), "--fsize=unlimited:unlimited"].map(str::to_owned);
    assert!(Command::new("prlimit").args(lift).status().unwrap().success());
    tokio::time::sleep(Duration::from_millis(10)).await;
    test.act(&insert, std::slice::from_ref(&large)).await.unwrap();
    assert!(test.store.health().can_write);
    assert_eq!(test.text(&count, &[]).await, (written + 1).to_string());
    let intact = query(Returns::Value, "select count(*) from blobs where length(data) = 100000", "count bigint");
    assert_eq!(test.text(&intact, &[]).await, (written + 1).to_string());
}
