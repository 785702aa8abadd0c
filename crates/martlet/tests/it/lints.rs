//! Every finding of `check` has a folder with the mistake and one without: `cases/lints/ID-bad`, `ID-good`.
//!
//! `expected.txt` is what `check` tells of the bad one; `UPDATE_CASES=1` writes it. Of a good one it tells nothing.

use crate::support::martlet;
use martlet_testkit::copy_folder;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folders(ending: &str) -> Vec<PathBuf> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/lints");
    let entries = std::fs::read_dir(cases).expect("the cases are there").map(|entry| entry.expect("readable").path());
    let mut found: Vec<PathBuf> = entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    found.sort();
    found
}

#[test]
fn the_mistake_of_each_bad_folder_is_told() {
    for folder in folders("-bad") {
        let run = martlet(&["check", folder.to_str().unwrap()], "", &[]);
        let expected = folder.join("expected.txt");
        if std::env::var_os("UPDATE_CASES").is_some() {
            std::fs::write(&expected, &run.stdout).unwrap();
        }
        let wanted = std::fs::read_to_string(&expected).unwrap_or_default();
        assert!(!wanted.is_empty(), "{} has no expected.txt", folder.display());
        assert_eq!(run.stdout, wanted, "{}", folder.display());
        let is_error = wanted.contains("error: ");
        assert_eq!(run.code, i32::from(is_error), "{}", folder.display());
    }
}

#[test]
fn nothing_is_told_of_the_good_folders() {
    let good = folders("-good");
    assert_eq!(good.len(), folders("-bad").len(), "each mistake has a folder without it");
    for folder in good {
        let run = martlet(&["check", folder.to_str().unwrap()], "", &[]);
        assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{}", folder.display());
    }
}

#[test]
fn the_sql_that_a_finding_proposes_mends_it() {
    let mut count = 0;
    for folder in folders("-bad") {
        let told = martlet(&["check", folder.to_str().unwrap()], "", &[]).stdout;
        let proposed: BTreeSet<&str> = told.lines().filter_map(proposal).collect();
        if proposed.is_empty() {
            continue;
        }
        count += 1;
        let copy = tempfile::tempdir().unwrap();
        copy_folder(&folder, copy.path());
        let sql: String = proposed.iter().map(|statement| format!("{statement}\n")).collect();
        std::fs::write(copy.path().join("migrations/9999_mend.sql"), sql).unwrap();
        let after = martlet(&["check", copy.path().to_str().unwrap()], "", &[]).stdout;
        for statement in proposed {
            assert!(!after.contains(statement), "{}: {statement}\n{after}", folder.display());
        }
        assert!(!after.contains("9999_mend"), "{}: {after}", folder.display());
    }
    assert!(count >= 7, "{count}");
}

/// The statement in a hint.
fn proposal(line: &str) -> Option<&str> {
    let hint = line.split_once("migration: ").or_else(|| line.split_once("early: "))?.1;
    Some(&hint[..=hint.find(';')?])
}
