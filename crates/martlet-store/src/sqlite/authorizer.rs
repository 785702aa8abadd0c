//! What SQL may do on a connection, decided when a statement is prepared.
//!
//! Plans come from our compiler alone; this is the second wall, for what an engine's own file or a fault of the
//! compiler might bring in: no ATTACH, no PRAGMA, no DDL, no reading of SQLite's own tables, no loading of code, also
//! inside views and triggers. The same callbacks, noted down, are the cross-check of a plan's reads and writes.

use super::{capture, idempotency};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Table-valued functions that plans may read from.
pub(super) const TABLE_FUNCTIONS: &[&str] = &["json_each", "json_tree", "generate_series"];

/// Functions of SQLite's that reach outside the database or its memory limits.
const REFUSED_FUNCTIONS: &[&str] =
    &["load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "sqlite_log", "zeroblob", "randomblob"];

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Runs the statements of actions.
    Writer,
    /// Runs queries.
    Reader,
    /// Runs migrations, the seed and copies: no authorizer.
    Maintenance,
    /// A person's shell that only reads: no authorizer.
    Inspector,
}

/// Something that a statement does to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Access {
    /// Reads a column; an empty name: rows are counted.
    Read { table: String, column: String },
    /// Inserts.
    Insert { table: String },
    /// Sets a column.
    Update { table: String, column: String },
    /// Deletes.
    Delete { table: String },
}

/// An access and the innermost view or trigger that makes it.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) access: Access,
    pub(super) accessor: Option<String>,
}

/// Notes down what is prepared, while it is asked to; knows whether it is a statement of ours.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    noted: Mutex<Option<Vec<Noted>>>,
    is_ours: AtomicBool,
}

/// Until it is dropped, statements are ours.
pub(super) struct Ours<'a>(&'a Recorder);

impl Drop for Ours<'_> {
    fn drop(&mut self) {
        self.0.is_ours.store(false, Ordering::Relaxed);
    }
}

impl Recorder {
    /// Runs `prepare` and gives back what it was seen to access, its views and foreign keys included.
    pub(super) fn record<R>(&self, prepare: impl FnOnce() -> R) -> (R, Vec<Noted>) {
        *self.lock() = Some(Vec::new());
        let result = prepare();
        (result, self.lock().take().unwrap_or_default())
    }

    /// From now on statements are ours.
    pub(super) fn ours(&self) -> Ours<'_> {
        self.is_ours.store(true, Ordering::Relaxed);
        Ours(self)
    }

    fn is_allowed(&self, table: &str) -> bool {
        is_table_of_the_app(table) || (is_table_of_ours(table) && self.is_ours.load(Ordering::Relaxed))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Vec<Noted>>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, context: &AuthContext<'_>, access: impl FnOnce() -> Access) {
        // What our own triggers read is no part of a plan.
        if context.accessor.is_some_and(|accessor| accessor.starts_with(capture::TRIGGER)) {
            return;
        }
        if let Some(noted) = self.lock().as_mut() {
            noted.push(Noted { access: access(), accessor: context.accessor.map(str::to_owned) });
        }
    }
}

/// Decides about one access, and notes it.
pub(super) fn authorize(role: Role, recorder: &Recorder, context: &AuthContext<'_>) -> Authorization {
    let is_writer = role == Role::Writer;
    let is_allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            !REFUSED_FUNCTIONS.iter().any(|refused| function_name.eq_ignore_ascii_case(refused))
        }
        AuthAction::Read { table_name, column_name } => {
            recorder.note(context, || Access::Read { table: table_name.to_owned(), column: column_name.to_owned() });
            recorder.is_allowed(table_name)
        }
        // Readers bracket a batch by BEGIN and COMMIT.
        AuthAction::Transaction { .. } => true,
        AuthAction::Savepoint { .. } => is_writer,
        // Of the capture of changes, and of looking for writes of others: never the app's.
        AuthAction::Pragma { pragma_name: "data_version", pragma_value: None }
        | AuthAction::Pragma { pragma_name: "table_info", .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::DropTempTrigger { .. } => is_writer && recorder.is_ours.load(Ordering::Relaxed),
        AuthAction::Insert { table_name } => {
            recorder.note(context, || Access::Insert { table: table_name.to_owned() });
            is_writer && recorder.is_allowed(table_name)
        }
        AuthAction::Update { table_name, column_name } => {
            recorder.note(context, || Access::Update { table: table_name.to_owned(), column: column_name.to_owned() });
            is_writer && recorder.is_allowed(table_name)
        }
        AuthAction::Delete { table_name } => {
            recorder.note(context, || Access::Delete { table: table_name.to_owned() });
            is_writer && recorder.is_allowed(table_name)
        }
        _ => false,
    };
    if is_allowed { Authorization::Allow } else { Authorization::Deny }
}

/// What our own statements may name besides the app's tables.
fn is_table_of_ours(table: &str) -> bool {
    [idempotency::TABLE, "sqlite_master", "sqlite_temp_master", "pragma_table_info"].contains(&table)
}

/// SQLite's tables, ours, and those of the pragmas begin with a reserved word.
fn is_table_of_the_app(table: &str) -> bool {
    let is_reserved = |prefix: &str| table.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    !is_reserved("sqlite_")
        && !is_reserved("martlet_")
        && !is_reserved("pragma_")
        && !table.eq_ignore_ascii_case("dbstat")
}
