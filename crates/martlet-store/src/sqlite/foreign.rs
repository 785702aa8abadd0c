//! Whether somebody else has written: another connection of ours (a migration, a seed), another process, or another
//! file in the place of ours. None of that goes through the hook.

use super::connection::Connection;
use std::fs;
use std::path::Path;

/// What the file looked like when the writer looked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seen {
    /// Changes with each commit of others, never with the connection's own.
    data_version: Option<i64>,
    /// Device and number of the file.
    file: Option<(u64, u64)>,
}

impl Seen {
    pub(super) fn now(connection: &Connection, database: &Path) -> Self {
        let read = |sqlite: &rusqlite::Connection| -> rusqlite::Result<i64> {
            let mut statement = sqlite.prepare_cached("PRAGMA data_version")?;
            statement.query_row([], |row| row.get(0))
        };
        Self { data_version: connection.as_ours(read).ok(), file: identity(database) }
    }
}

#[cfg(unix)]
fn identity(database: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(database).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(database: &Path) -> Option<(u64, u64)> {
    fs::metadata(database).ok().map(|_| (0, 0))
}
