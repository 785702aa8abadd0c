//! Every finding of `check` has a folder with the mistake and one without: `cases/lints/ID-bad`, `ID-good`.
//!
//! `expected.txt` is what `check` tells of the bad one; `UPDATE_CASES=1` writes it. Of a good one it tells nothing.

use crate::support::martlet;
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
