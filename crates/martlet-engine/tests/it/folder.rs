use martlet_engine::{Folder, FolderError, load_folder, read_folder};
use martlet_sql::Severity;
use martlet_testkit::write_folder;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

const QUERY: &str = "-- @allow anyone\nselect 1 as one\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("make a folder");
    fs::create_dir(folder.path().join("queries")).expect("make a folder");
    write_folder(folder.path(), files);
    folder
}

fn paths(folder: &Folder) -> Vec<&str> {
    folder.files.iter().map(|file| file.path.as_str()).collect()
}

fn codes(folder: &Folder) -> Vec<(&str, &str)> {
    folder.diagnostics.iter().map(|it| (it.file.as_str(), it.code)).collect()
}

#[test]
fn takes_the_sql_files_of_an_app_and_nothing_else() {
    let folder = folder(&[
        ("seed.sql", "-- rows"),
        ("queries/b.sql", QUERY),
        ("queries/a.sql", QUERY),
        ("queries/.b.sql.swp", "x"),
        ("queries/notes.md", "x"),
        ("actions/book.sql", QUERY),
        ("migrations/0001_tables.sql", ""),
        ("migrations/20240101000000_more/migration.sql", ""),
        ("migrations/20240101000000_more/down.sql", ""),
        ("public/index.html", "x"),
        ("data/app.sql", "x"),
        ("martlet.toml", ""),
    ]);
    let read = read_folder(folder.path()).unwrap();
    assert_eq!(
        paths(&read),
        [
            "actions/book.sql",
            "migrations/0001_tables.sql",
            "migrations/20240101000000_more/migration.sql",
            "queries/a.sql",
            "queries/b.sql",
            "seed.sql"
        ]
    );
    assert_eq!(codes(&read), []);
}

#[test]
fn tells_every_file_that_it_cannot_take_and_takes_the_others() {
    let folder =
        folder(&[("queries/good.sql", QUERY), ("queries/deeper/x.sql", QUERY), ("migrations/empty/x.sql", "")]);
    let queries = folder.path().join("queries");
    fs::write(queries.join("latin1.sql"), b"-- caf\xe9\nselect 1").unwrap();
    let largest = martlet_core::limits::SQL_TEXT_SIZE_MAX;
    fs::write(queries.join("largest.sql"), " ".repeat(largest)).unwrap();
    fs::write(queries.join("larger.sql"), " ".repeat(largest + 1)).unwrap();
    symlink("/etc/hostname", queries.join("outside.sql")).unwrap();
    symlink("good.sql", queries.join("inside.sql")).unwrap();
    symlink("nowhere.sql", queries.join("broken.sql")).unwrap();
    symlink("loop.sql", queries.join("loop.sql")).unwrap();
    fs::create_dir(queries.join("folder.sql")).unwrap();
    let read = read_folder(folder.path()).unwrap();
    assert_eq!(paths(&read), ["queries/good.sql", "queries/inside.sql", "queries/largest.sql"]);
    assert_eq!(
        codes(&read),
        [
            ("migrations/empty", "empty_migration"),
            ("queries/broken.sql", "file_unreadable"),
            ("queries/deeper", "nested_folder"),
            ("queries/folder.sql", "file_unreadable"),
            ("queries/larger.sql", "file_size"),
            ("queries/latin1.sql", "file_encoding"),
            ("queries/loop.sql", "file_unreadable"),
            ("queries/outside.sql", "link_outside"),
        ]
    );
}

#[test]
fn a_whole_folder_that_is_a_link_outside_is_refused() {
    let elsewhere = folder(&[("queries/secret.sql", QUERY)]);
    let app = folder(&[]);
    symlink(elsewhere.path().join("queries"), app.path().join("actions")).unwrap();
    let read = read_folder(app.path()).unwrap();
    assert_eq!((paths(&read), codes(&read)), (vec![], vec![("actions", "link_outside")]));
}

#[test]
fn a_pipe_does_not_make_it_wait() {
    let folder = folder(&[]);
    let pipe = folder.path().join("queries/pipe.sql");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(codes(&read_folder(folder.path()).unwrap()), [("queries/pipe.sql", "file_unreadable")]);
}

#[test]
fn folders_of_later_are_noted() {
    let folder = folder(&[("jobs/nightly.sql", ""), ("hooks/stripe.sql", "")]);
    let read = read_folder(folder.path()).unwrap();
    assert_eq!(codes(&read), [("jobs", "not_yet_in_effect"), ("hooks", "not_yet_in_effect")]);
    assert!(read.diagnostics.iter().all(|it| it.severity == Severity::Note));
}

#[test]
fn a_path_that_is_no_app_folder_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(read_folder(empty.path()), Err(FolderError::NotAnApp { .. })));
    assert!(matches!(read_folder(Path::new("/nowhere/at/all")), Err(FolderError::Unreadable { .. })));
    let file = empty.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(read_folder(&file), Err(FolderError::Unreadable { .. })));
}

#[test]
fn an_unreadable_file_keeps_the_app_from_loading() {
    let folder = folder(&[("queries/good.sql", QUERY)]);
    assert!(load_folder(folder.path()).unwrap().app.is_some());
    fs::write(folder.path().join("queries/bad.sql"), b"\xff").unwrap();
    let compiled = load_folder(folder.path()).unwrap();
    assert!(compiled.app.is_none());
    assert_eq!(compiled.diagnostics[0].file, "queries/bad.sql");
}
