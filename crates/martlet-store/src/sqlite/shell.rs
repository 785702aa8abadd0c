//! A person at the database: any statement, with our functions; reading only unless they asked to write.
//!
//! The one place that runs free text. It is for whoever owns the data folder, never for a caller of the server.

use super::Synchronous;
use super::authorizer::Role;
use super::connection::Connection;
use super::lock::DataFolder;
use martlet_core::{Error, Value, code};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::path::Path;

/// A connection for a person. One that writes holds the data folder's lock.
#[derive(Debug)]
pub struct Shell {
    connection: Connection,
    _folder: Option<DataFolder>,
}

/// Takes the rows of a statement, one after another, and may have enough of them.
pub type OnRow<'a> = &'a mut dyn FnMut(&[String], Vec<Value>) -> ControlFlow<()>;

/// What a statement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellOutcome {
    /// The columns that it gives, also without a row; none: it answers nothing.
    pub columns: Vec<String>,
    /// Rows that it changed; none for a statement that only reads.
    pub changed: Option<u64>,
}

/// Why a statement failed, in SQLite's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ShellError(String);

impl Shell {
    /// Opens the database of a data folder. To write takes the lock, so no server may be running.
    pub fn open(data: &Path, can_write: bool) -> Result<Self, Error> {
        let database = data.join("app.db");
        if !database.is_file() {
            let message = format!("there is no database in {}", data.display());
            return Err(Error::new(&code::READ_ONLY, message).hint("make one with `martlet migrate DIR`"));
        }
        let folder = if can_write { Some(DataFolder::take(data)?) } else { None };
        let role = if can_write { Role::Maintenance } else { Role::Inspector };
        let connection = Connection::open(&database, role, Synchronous::Full)
            .map_err(|error| Error::new(&code::READ_ONLY, format!("cannot open {}: {error}", database.display())))?;
        Ok(Self { connection, _folder: folder })
    }

    /// Copies the whole database as one moment has it, also while a server writes to it, into a file that is not there.
    ///
    /// Errors: SQLite's words, such as that the file exists or that the disk is full.
    pub fn copy_to(&self, file: &Path) -> Result<(), ShellError> {
        let sqlite = &self.connection.sqlite;
        let target = file.to_str().ok_or_else(|| ShellError(format!("{} is not UTF-8", file.display())))?;
        // A copy attaches its target, which a shell may not otherwise.
        let before = sqlite.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 1).map_err(told)?;
        let copied = sqlite.execute("VACUUM INTO ?1", [target]).map_err(told);
        sqlite.set_limit(Limit::SQLITE_LIMIT_ATTACHED, before).map_err(told)?;
        copied.map(drop)
    }

    /// Runs statements one after another, and tells after each what it did. Stops at the first that fails.
    pub fn run(&self, text: &str, on_row: OnRow<'_>, on_end: &mut dyn FnMut(ShellOutcome)) -> Result<(), ShellError> {
        let sqlite = &self.connection.sqlite;
        let mut batch = rusqlite::Batch::new(sqlite, text);
        while let Some(mut statement) = batch.next().map_err(told)? {
            if statement.parameter_count() > 0 {
                return Err(ShellError("placeholders have no values here: write the values themselves".into()));
            }
            let is_reading = statement.readonly();
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next().map_err(told)? {
                let cells = (0..columns.len()).map(|column| row.get_ref(column).map(value));
                let cells: Result<Vec<Value>, _> = cells.collect();
                if on_row(&columns, cells.map_err(told)?).is_break() {
                    return Ok(());
                }
            }
            drop(rows);
            on_end(ShellOutcome { columns, changed: (!is_reading).then(|| sqlite.changes()) });
        }
        Ok(())
    }
}

fn value(cell: ValueRef<'_>) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Double(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into()),
        ValueRef::Blob(bytes) => {
            let mut text = String::from("x'");
            for byte in bytes {
                let _ = write!(text, "{byte:02x}");
            }
            Value::Text((text + "'").into())
        }
    }
}

fn told(error: rusqlite::Error) -> ShellError {
    let text = match &error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    // Our functions prefix theirs by `@SQLSTATE@`.
    let text = match text.strip_prefix('@').and_then(|rest| rest.split_once('@')) {
        Some((state, message)) => format!("{message} ({state})"),
        None => text,
    };
    ShellError(if text.contains("readonly database") { format!("{text}: run with --write") } else { text })
}
