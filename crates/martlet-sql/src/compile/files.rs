//! Which file of a folder is what.

use crate::app::SourceFile;
use crate::header::is_plain_name;
use crate::source::Source;
use crate::{Diagnostic, Span};
use std::collections::BTreeMap;

/// Queries and actions of one app.
const DECLARATIONS_MAX: usize = 10_000;

/// The SQL files by what they are.
#[derive(Default)]
pub(super) struct Folder<'a> {
    pub(super) migrations: Vec<&'a SourceFile>,
    /// By name.
    pub(super) queries: BTreeMap<&'a str, &'a SourceFile>,
    /// By name.
    pub(super) actions: BTreeMap<&'a str, &'a SourceFile>,
    pub(super) seed: Option<&'a SourceFile>,
}

impl<'a> Folder<'a> {
    pub(super) fn sort(files: &'a [SourceFile], sink: &mut Vec<Diagnostic>) -> Self {
        let mut folder = Self::default();
        let mut sorted: Vec<&SourceFile> = files.iter().collect();
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        for file in sorted {
            let wrong = |code: &'static str, message: String, hint: &str| {
                Source::of_file(file).error(code, Span::default(), message).hint(hint)
            };
            match file.path.split_once('/') {
                Some(("migrations", _)) => folder.migrations.push(file),
                Some((kind @ ("queries" | "actions"), below)) => {
                    let Some(stem) = below.strip_suffix(".sql") else { continue };
                    if let Some(found) = wrong_stem(stem, kind) {
                        sink.push(wrong("file_name", found.0, found.1));
                        continue;
                    }
                    if folder.queries.contains_key(stem) || folder.actions.contains_key(stem) {
                        let message = format!("`{stem}` is also the name of another file");
                        sink.push(wrong("duplicate_name", message, "a name is a query's or an action's, not both"));
                        continue;
                    }
                    if folder.queries.len() + folder.actions.len() == DECLARATIONS_MAX {
                        let message = format!("there are more than {DECLARATIONS_MAX} queries and actions");
                        sink.push(wrong("too_many", message, "split the app"));
                        break;
                    }
                    let map = if kind == "queries" { &mut folder.queries } else { &mut folder.actions };
                    map.insert(stem, file);
                }
                Some((kind @ ("jobs" | "hooks"), below)) if below.ends_with(".sql") => {
                    let message = format!("`{kind}/` is not yet in effect: this file is passed over");
                    sink.push(Source::of_file(file).note("not_yet", Span::default(), message));
                }
                None if file.path == "seed.sql" => folder.seed = Some(file),
                _ => {}
            }
        }
        folder
    }
}

fn wrong_stem(stem: &str, kind: &str) -> Option<(String, &'static str)> {
    if is_plain_name(stem) {
        return None;
    }
    if stem.contains('/') {
        return Some((format!("`{kind}/` has no folders"), "the file's name is the name by which it is called"));
    }
    if stem.ends_with(".sqlite") || stem.ends_with(".postgres") {
        let hint = "only a migration may have a file for one engine";
        return Some((format!("`{stem}.sql`: a statement of one engine alone is not yet possible"), hint));
    }
    let hint = "a name is of a-z, 0-9 and _, begins with a letter and has at most 63 characters";
    let shown: String = stem.chars().take(80).collect();
    Some((format!("`{shown}` is no name of a query or action"), hint))
}
