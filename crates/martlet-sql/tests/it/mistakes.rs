//! `cases/mistakes/<case>/`: a folder of an app with mistakes, and `expected.txt` with what is said about them.
//!
//! `UPDATE_CASES=1` writes the expected texts anew.

use martlet_sql::{SourceFile, compile};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_mistake_is_said_with_its_place_and_what_to_write() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/mistakes");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&root).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    cases.sort();
    let is_update = std::env::var_os("UPDATE_CASES").is_some();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in cases.iter().filter(|path| path.is_dir()) {
        let compiled = compile(&files(case, case));
        let said: Vec<String> = compiled.diagnostics.iter().map(martlet_sql::Diagnostic::render).collect();
        count += said.len();
        let said = said.join("\n\n") + "\n";
        let expected = case.join("expected.txt");
        if is_update {
            fs::write(&expected, &said).expect("the expected text can be written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("== {}\n{said}", case.display()));
        }
        assert_eq!(
            compiled.app.is_some(),
            !said.lines().any(|line| line.starts_with("error: ")),
            "{}: an app without errors, and none with",
            case.display()
        );
    }
    assert!(wrong.is_empty(), "{}\nUPDATE_CASES=1 writes these texts", wrong.join("\n"));
    assert!(count >= 60, "only {count} mistakes");
}

/// All files of a case but the expected text, with paths relative to it.
fn files(case: &Path, folder: &Path) -> Vec<SourceFile> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(case, &path));
        } else if path.file_name().is_some_and(|name| name != "expected.txt") {
            let relative = path.strip_prefix(case).expect("it lies in the case").to_string_lossy().replace('\\', "/");
            found.push(SourceFile { path: relative, text: fs::read_to_string(&path).expect("a text") });
        }
    }
    found
}
