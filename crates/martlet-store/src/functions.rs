//! SQL functions that every SQLite connection has: PostgreSQL's, under its names and with its errors.

use rusqlite::Connection;

/// Registers every function.
pub(crate) fn register(_connection: &Connection) -> rusqlite::Result<()> {
    Ok(())
}

/// Splits the message of a function's error, `@SQLSTATE@message`, into its two parts.
pub(crate) fn decode_error(message: &str) -> Option<(&str, &str)> {
    let (sqlstate, message) = message.strip_prefix('@')?.split_once('@')?;
    (sqlstate.len() == 5).then_some((sqlstate, message))
}
