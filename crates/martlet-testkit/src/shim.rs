//! Libraries that lie between a server under test and libc, written in C and built here (`shim/*.c`).
//!
//! So the product has no hook for tests, `unsafe` stays denied, and every fault is met where the system would give it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a library in a folder; panics with what the compiler says when that fails.
pub(crate) fn build(folder: &Path, name: &str, text: &str) -> PathBuf {
    let source = folder.join(format!("{name}.c"));
    let library = folder.join(format!("{name}.so"));
    fs::write(&source, text).expect("a file in a new folder can be written");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o"]);
    let built = compiler.arg(&library).arg(&source).output().expect("cc can be run");
    assert!(built.status.success(), "cc failed: {}", String::from_utf8_lossy(&built.stderr));
    library
}
