//! SQLite's errors become ours: the one translation of constraints and engine errors.
//!
//! What the client reads never holds SQL, a path or another user's value; the operator's message has SQLite's words.

use super::budget::Stop;
use martlet_core::{Code, Error, code};
use martlet_sql::App;
use rusqlite::ffi;
use std::collections::HashMap;

/// Names of unique constraints by table and columns, as SQLite tells them: `users.email, users.tenant`.
#[derive(Debug, Default)]
pub(super) struct ConstraintNames(HashMap<String, String>);

impl ConstraintNames {
    /// The names that PostgreSQL gives.
    pub(super) fn of(app: &App) -> Self {
        let mut names = HashMap::new();
        for table in app.catalogue.tables.values() {
            let columns = |key: &[usize]| -> Vec<&str> {
                key.iter().filter_map(|&column| Some(table.columns.get(column)?.name.as_str())).collect()
            };
            for key in &table.unique_keys {
                let columns = columns(key);
                names.insert(told(&table.name, &columns), format!("{}_{}_key", table.name, columns.join("_")));
            }
            names.insert(told(&table.name, &columns(&table.primary_key)), format!("{}_pkey", table.name));
        }
        for index in app.catalogue.indexes.values().filter(|index| index.is_unique) {
            let columns: Vec<&str> = index.columns.iter().map(|(column, _)| column.as_str()).collect();
            names.insert(told(&index.table, &columns), index.name.clone());
        }
        Self(names)
    }

    fn of_unique(&self, columns: &str) -> Option<String> {
        if let Some(name) = self.0.get(columns) {
            return Some(name.clone());
        }
        let mut names = columns.split(", ").map(|column| column.rsplit_once('.'));
        let (table, first) = names.next()??;
        let rest: Option<Vec<&str>> = names.map(|name| name.map(|(_, column)| column)).collect();
        let columns: Vec<&str> = std::iter::once(first).chain(rest?).collect();
        Some(format!("{table}_{}_key", columns.join("_")))
    }
}

fn told(table: &str, columns: &[&str]) -> String {
    columns.iter().map(|column| format!("{table}.{column}")).collect::<Vec<_>>().join(", ")
}

/// The error of a statement that was stopped.
pub(super) fn of_stop(stop: Stop) -> Error {
    match stop {
        Stop::Deadline => Error::new(&code::DEADLINE, "the deadline passed; nothing was written"),
        Stop::Gone => Error::new(&code::DEADLINE, "nobody waits for the answer any more"),
        Stop::Budget => Error::internal("an inline read's budget ended outside an inline read"),
    }
}

/// Translates an error of a statement or of SQLite itself.
pub(super) fn translate(error: &rusqlite::Error, names: &ConstraintNames) -> Error {
    let rusqlite::Error::SqliteFailure(failure, message) = error else {
        return Error::internal(format!("SQLite: {error}"));
    };
    let message = message.as_deref().unwrap_or_default();
    let operator = format!("SQLite {}: {message}", failure.extended_code);
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            of_unique(message, failure.extended_code != ffi::SQLITE_CONSTRAINT_UNIQUE, names)
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => Error::new(
            &code::FOREIGN_KEY,
            "a row that this one refers to is missing, or others still refer to this one",
        ),
        ffi::SQLITE_CONSTRAINT_NOTNULL => of_not_null(message),
        ffi::SQLITE_CONSTRAINT_CHECK => of_check(message),
        ffi::SQLITE_CONSTRAINT_TRIGGER => of_raise(message, operator),
        // The index of the log could not grow: it lies on the same disk.
        ffi::SQLITE_IOERR_SHMSIZE => of_primary_code(ffi::SQLITE_FULL, message, operator),
        ffi::SQLITE_CONSTRAINT_DATATYPE => {
            Error::new(&code::OUT_OF_RANGE, "a value does not fit its column's type").operator(operator)
        }
        _ => of_primary_code(failure.extended_code & 0xff, message, operator),
    }
}

/// Whether the disk itself failed: then what SQLite believes of the file cannot be trusted any more.
pub(super) fn is_disk_failure(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_extended_error_code().unwrap_or(ffi::SQLITE_OK) & 0xff;
    matches!(code, ffi::SQLITE_IOERR | ffi::SQLITE_CORRUPT | ffi::SQLITE_NOTADB)
}

/// Whether the disk refused to keep what was written. What is in the file and what is on the disk may differ from then
/// on, and the next sync may succeed without having written anything: the system has forgotten what it owed.
pub(super) fn is_sync_failure(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_extended_error_code().unwrap_or(ffi::SQLITE_OK);
    matches!(code, ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC)
}

fn of_primary_code(primary: i32, message: &str, operator: String) -> Error {
    match primary {
        ffi::SQLITE_FULL => Error::new(&code::DISK_FULL, "the disk is full; nothing was written"),
        ffi::SQLITE_READONLY | ffi::SQLITE_IOERR | ffi::SQLITE_CANTOPEN => {
            Error::new(&code::READ_ONLY, "the database cannot be written just now")
        }
        ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED => {
            Error::new(&code::SERIALIZATION, "another transaction is in the way").hint("retryable")
        }
        ffi::SQLITE_INTERRUPT => of_stop(Stop::Deadline),
        ffi::SQLITE_TOOBIG => Error::new(&code::ANSWER_TOO_LARGE, "a value is larger than the limit allows"),
        ffi::SQLITE_ERROR => return of_message(message, operator),
        _ => return Error::internal(operator),
    }
    .operator(operator)
}

/// Plain errors: those of functions, ours (`@SQLSTATE@message`) and SQLite's own.
fn of_message(message: &str, operator: String) -> Error {
    if let Some(error) = of_function(message) {
        return error;
    }
    match message {
        "integer overflow" => Error::new(&code::OUT_OF_RANGE, "bigint out of range"),
        _ if message.contains("malformed JSON") => {
            Error::new(&code::INVALID_TEXT, "invalid input syntax for type json")
        }
        _ => Error::internal(operator),
    }
}

fn of_function(message: &str) -> Option<Error> {
    let (state, text) = crate::functions::decode_error(message)?;
    Some(Error::new(registered(state)?, text))
}

fn registered(state: &str) -> Option<&'static Code> {
    code::ALL.iter().copied().find(|code| code.code == state)
}

fn of_unique(message: &str, is_primary: bool, names: &ConstraintNames) -> Error {
    let columns = message.strip_prefix("UNIQUE constraint failed: ").unwrap_or_default();
    let name = match columns.strip_prefix("index '") {
        Some(index) => Some(index.trim_end_matches('\'').to_owned()),
        None if is_primary => columns.split_once('.').map(|(table, _)| format!("{table}_pkey")),
        None => names.of_unique(columns),
    };
    let message = match name {
        Some(name) => format!("duplicate key value violates unique constraint \"{name}\""),
        None => "duplicate key value violates a unique constraint".to_owned(),
    };
    Error::new(&code::UNIQUE, message)
}

fn of_not_null(message: &str) -> Error {
    let column = message.strip_prefix("NOT NULL constraint failed: ").and_then(|name| name.split_once('.'));
    let message = match column {
        Some((table, column)) => {
            format!("null value in column \"{column}\" of relation \"{table}\" violates not-null constraint")
        }
        None => "a null value violates a not-null constraint".to_owned(),
    };
    Error::new(&code::NOT_NULL, message)
}

/// SQLite tells the constraint's name or, of one without a name, its expression, which is not for the client.
fn of_check(message: &str) -> Error {
    let name = message.strip_prefix("CHECK constraint failed: ").unwrap_or_default();
    // A check that stands for a type is named by the error that it means.
    if let Some(error) = of_function(name) {
        return error;
    }
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if is_name {
        Error::new(&code::CHECK, format!("new row violates check constraint \"{name}\""))
    } else {
        Error::new(&code::CHECK, "new row violates a check constraint").operator(message)
    }
}

/// RAISE in a trigger of the app's own: its author wrote the message.
fn of_raise(message: &str, operator: String) -> Error {
    of_function(message).unwrap_or_else(|| Error::new(&code::RAISED, message).operator(operator))
}
