//! The proof that declared reads stay small while tables grow, and what else of a schema is known to go wrong.
//!
//! Plans come from a scratch database ([`crate::Scratch`]); the judging is pure. An access is proven when it is a
//! search whose range columns are closed on both sides, or ends by LIMIT in index order; tables of `-- @small` need
//! no proof. What is refused is told with the index that mends it, and that index has been tried.

mod engine_file;
mod findings;
mod judge;
mod plan;
mod schema;
mod source;
mod statement;
mod text;

pub use judge::{Judged, Verdict};
pub use plan::{Access, Term, Way};
pub use statement::{Proof, judge_plan, prove};

use crate::{Scratch, ScratchError};
use martlet_core::Clock;
use martlet_sql::{App, Diagnostic, Severity, SourceFile, Span};
use source::Files;
use std::collections::BTreeSet;

/// Judges all queries, actions and the schema of an app; `files` are those that it was compiled from. Blocks.
pub fn check(app: &App, files: &[SourceFile], clock: &dyn Clock) -> Vec<Diagnostic> {
    let files = Files(files);
    let mut sink = engine_file::findings(files);
    match Scratch::build(app, clock) {
        Ok(scratch) => {
            let mut used = BTreeSet::new();
            let mut judging = findings::Judging { app, files, scratch: &scratch, used: &mut used, sink: &mut sink };
            for query in app.queries.values() {
                judging.query(query);
            }
            for action in app.actions.values() {
                judging.action(action);
            }
            schema::findings(app, files, Some(&used), &mut sink);
        }
        Err(failed) => {
            sink.extend(not_built(app, files, &failed));
            schema::findings(app, files, None, &mut sink);
        }
    }
    sink.sort_by(|a, b| (&a.file, a.span.start, a.code, &a.message).cmp(&(&b.file, b.span.start, b.code, &b.message)));
    sink.dedup();
    sink
}

/// A migration or the seed does not run.
fn not_built(app: &App, files: Files<'_>, failed: &ScratchError) -> Option<Diagnostic> {
    let statement = failed.statement.and_then(|index| app.seed.as_ref()?.statements.get(index));
    let span = statement.map_or(Span::default(), |statement| statement.span);
    let is_key = failed.message.contains("would refer to rows") || failed.message.contains("FOREIGN KEY");
    let (code, hint) = match (is_key, statement.is_some()) {
        (true, _) => ("d07_broken_key", "insert the rows that are referred to first"),
        (_, true) => ("seed_fails", "a seed runs on an empty database that was just migrated"),
        _ => ("migration_fails", "all migrations run in order on an empty database"),
    };
    let file = if failed.file.is_empty() { "migrations" } else { failed.file.as_str() };
    let message = format!("{file} does not run on an empty database: {}", failed.message);
    files.finding(file, Severity::Error, code, span, message).map(|found| found.hint(hint))
}
