//! A person at the database: copies.

use crate::support::{TestStore, write};
use martlet_core::Value;
use martlet_store::Shell;
use std::ops::ControlFlow;
use std::path::Path;

const NUMBERS: &[&str] = &["create table numbers (n integer primary key) strict"];

fn count(data: &Path) -> Vec<Value> {
    let mut cells = Vec::new();
    let mut on_row = |_: &[String], row: Vec<Value>| {
        cells.extend(row);
        ControlFlow::Continue(())
    };
    Shell::open(data, false).unwrap().run("select count(*) from numbers", &mut on_row, &mut |_| {}).unwrap();
    cells
}

#[tokio::test]
async fn a_copy_has_what_was_committed_while_the_store_is_open_and_overwrites_nothing() {
    let test = TestStore::with(NUMBERS);
    let insert = write("insert into numbers values (?1)");
    test.act(&insert, &[Value::Integer(1)]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("app.db");
    let shell = Shell::open(&test.settings.data, false).unwrap();
    shell.copy_to(&copy).unwrap();
    test.act(&insert, &[Value::Integer(2)]).await.unwrap();
    assert_eq!(count(folder.path()), [Value::Integer(1)], "the moment of the copy");
    assert_eq!(count(&test.settings.data), [Value::Integer(2)]);
    assert!(shell.copy_to(&copy).unwrap_err().to_string().contains("already exists"));
    // What a copy needs, a shell has only while it copies.
    let attached = shell.run("attach ':memory:' as other", &mut |_, _| ControlFlow::Continue(()), &mut |_| {});
    assert!(attached.unwrap_err().to_string().contains("too many attached"));
}
