//! The compiler's own plans: the example hotel, migrated, seeded, prepared, read and booked.

use crate::support::{inputs, settings, soon, text};
use martlet_core::SystemClock;
use martlet_sql::{App, SourceFile, compile};
use martlet_store::SqliteStore;
use std::path::Path;
use std::sync::Arc;

fn hotel() -> (App, Vec<SourceFile>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/hotel");
    let mut files = Vec::new();
    for part in ["migrations", "queries", "actions"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{part}/{}", entry.file_name().to_str().unwrap());
            files.push(SourceFile { path, text: std::fs::read_to_string(entry.path()).unwrap() });
        }
    }
    let seed = std::fs::read_to_string(folder.join("seed.sql")).unwrap();
    files.push(SourceFile { path: "seed.sql".to_owned(), text: seed });
    let compiled = compile(&files);
    (compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics)), files)
}

#[tokio::test]
async fn the_hotel_is_migrated_seeded_and_prepared() {
    let (app, _) = hotel();
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(settings(&folder), Arc::new(SystemClock)).unwrap();
    assert_eq!(store.migrate(&app, false).unwrap().applied.len(), app.migrations.len());
    store.prepare(&app).unwrap();
    assert!(store.is_empty(&app).unwrap());
    store.seed(app.seed.as_ref().unwrap(), 0.001, &mut |_| {}).unwrap();
    assert!(!store.is_empty(&app).unwrap());
    store.prepare(&app).unwrap();
    let stay = inputs(&[text("2026-07-10"), text("2026-07-12")]);
    let read = martlet_store::Read { query: Arc::clone(&app.queries["availability"]), inputs: stay, wants_keys: false };
    let snapshot = store.read(vec![read], soon()).await.unwrap();
    let answer = snapshot.answers[0].as_ref().unwrap();
    assert!(answer.rows > 0, "{}", crate::support::body(answer));
}

/// The plan of what comes after a cursor is judged by itself: here it alone finds no index.
#[test]
fn check_judges_the_second_page_as_it_does_the_first() {
    let (mut app, files) = hotel();
    let codes = |app: &App| -> Vec<(String, &'static str, usize)> {
        let found = martlet_store::proof::check(app, &files, &SystemClock);
        found.into_iter().map(|found| (found.file, found.code, found.line)).collect()
    };
    assert_eq!(codes(&app), []);
    let mut query = (*app.queries["my_bookings"]).clone();
    let page = query.page.as_mut().unwrap();
    let served = page.after.sqlite.text.clone();
    // A unary plus keeps a column from every index.
    page.after.sqlite.text = served
        .replace("= \"b\".\"room_type_id\"", "= +\"b\".\"room_type_id\"")
        .replace("WHERE \"b\".\"user_id\" =", "WHERE +\"b\".\"user_id\" =")
        .replace("(\"b\".\"created_at\", \"b\".\"id\") <", "(+\"b\".\"created_at\", +\"b\".\"id\") <");
    assert_ne!(page.after.sqlite.text, served);
    app.queries.insert("my_bookings".to_owned(), Arc::new(query));
    assert_eq!(codes(&app), [("queries/my_bookings.sql".to_owned(), "p08_full_read", 9)]);
}
