//! From the files of a folder to an [`App`]: all findings of all files at once, in order.

mod files;
mod json_type;
mod page;
mod plan;
mod tree;

use crate::app::{App, Compiled, SourceFile};
use crate::diagnostic::DIAGNOSTICS_MAX;
use crate::source::Source;
use crate::{Diagnostic, Severity, Span, migration, stack};
use files::Folder;
use std::collections::BTreeMap;
pub use tree::{lowered, typed_tree};

/// Compiles the SQL files of a folder: migrations, queries, actions and the seed. Other files are passed over.
///
/// Never panics and does no I/O. Files may come in any order.
pub fn compile(files: &[SourceFile]) -> Compiled {
    // Trees of the deepest statement need more stack than the thread of a caller may have.
    stack::with_deep_stack(|| compile_here(files)).unwrap_or_else(|| {
        let source = Source::new("", "");
        let message = "the system has no thread to compile the app with";
        Compiled { app: None, diagnostics: vec![source.error("no_thread", Span::default(), message)] }
    })
}

fn compile_here(files: &[SourceFile]) -> Compiled {
    let mut sink = Vec::new();
    let folder = Folder::sort(files, &mut sink);
    let replayed = migration::replay(&folder.migrations, &mut sink);
    let is_schema_right = !sink.iter().any(|found| found.severity == Severity::Error);
    let mut app = App {
        catalogue: replayed.catalogue,
        migrations: replayed.migrations,
        queries: BTreeMap::new(),
        actions: BTreeMap::new(),
        seed: None,
    };
    let mut own = Vec::new();
    plan::declared(&folder, &mut app, &mut own);
    // With a broken schema, what is missing in it is not the queries' mistake.
    own.retain(|found| is_schema_right || !found.code.starts_with("unknown_") || found.code == "unknown_tag");
    sink.extend(own);
    finish(app, sink)
}

fn finish(app: App, mut diagnostics: Vec<Diagnostic>) -> Compiled {
    let is_broken = diagnostics.iter().any(|found| found.severity == Severity::Error);
    diagnostics.sort_by(|a, b| {
        let key = |found: &Diagnostic| (found.file.clone(), found.span.start, std::cmp::Reverse(found.severity));
        key(a).cmp(&key(b))
    });
    diagnostics.dedup();
    let count = diagnostics.len();
    if count > DIAGNOSTICS_MAX {
        // Errors first: a flood of notes must not hide why the folder cannot be loaded.
        diagnostics.sort_by_key(|found| std::cmp::Reverse(found.severity));
        diagnostics.truncate(DIAGNOSTICS_MAX);
        let message = format!("{} more findings are not shown", count - DIAGNOSTICS_MAX);
        diagnostics.push(Source::new("", "").note("more", Span::default(), message));
    }
    Compiled { app: (!is_broken).then_some(app), diagnostics }
}

#[cfg(test)]
mod tests;
