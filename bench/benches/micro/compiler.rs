//! Loading an app: the whole folder, one query's typed tree, SQLite's text of it.

use super::HOTEL;
use divan::{Bencher, black_box};
use martlet_sql::{App, SourceFile, compile, ir, lowered, typed_tree};
use std::sync::LazyLock;

static APP: LazyLock<App> = LazyLock::new(|| compile(&HOTEL.files).app.unwrap());

fn file(path: &str) -> &'static SourceFile {
    HOTEL.files.iter().find(|file| file.path == path).unwrap()
}

fn tree(path: &str) -> ir::Statement {
    typed_tree(file(path), &APP.catalogue).unwrap()
}

/// From the texts of all files to an app with its plans; on a thread that it starts.
#[divan::bench]
fn parse_a_folder(bencher: Bencher<'_, '_>) {
    bencher.bench(|| compile(black_box(&HOTEL.files)).app.unwrap());
}

/// Header, parser and types of one query; on a thread that it starts.
#[divan::bench(args = ["queries/availability.sql", "queries/report.sql"])]
fn parse_a_query(bencher: Bencher<'_, '_>, path: &str) {
    bencher.bench(|| tree(black_box(path)));
}

#[divan::bench(args = ["queries/availability.sql", "queries/report.sql"])]
fn lower(bencher: Bencher<'_, '_>, path: &str) {
    let tree = tree(path);
    bencher.bench(|| lowered(black_box(&tree)));
}
