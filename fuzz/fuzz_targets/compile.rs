//! Any texts as the files of a folder: never a panic, and every finding has a place inside its file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use martlet_sql::{SourceFile, compile};

const PATHS: [&str; 4] = ["migrations/0001_a.sql", "queries/q.sql", "actions/a.sql", "seed.sql"];

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let files: Vec<_> = PATHS
        .into_iter()
        .zip(text.split('\0'))
        .map(|(path, text)| SourceFile { path: path.into(), text: text.into() })
        .collect();
    for diagnostic in compile(&files).diagnostics {
        let file = files.iter().find(|file| file.path == diagnostic.file).expect("a file of the folder");
        assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= file.text.len());
        assert!(diagnostic.line >= 1 && diagnostic.column >= 1);
    }
});
