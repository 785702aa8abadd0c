//! Whether somebody else has written: another connection of ours (a migration, a seed), another process, or another
//! file in the place of ours. None of that goes through the hook.

use super::Shared;
use super::connection::Connection;
use martlet_core::limits;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the file's number is looked at: a system call, too much for each group.
const FILE_EVERY: Duration = Duration::from_millis(limits::FOREIGN_WRITES_LOOK_MS);

/// What the writer saw when it looked last.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Changes with each commit of others, never with the connection's own.
    data_version: Option<i64>,
    /// Device and number of the file, and when they were looked at.
    file: Option<(Instant, Option<(u64, u64)>)>,
}

impl Others {
    /// Forgets all that is known of the data where somebody else has written since the last look. In a transaction
    /// nobody can come between the look and what follows, and it costs next to nothing there.
    pub(super) fn look(&mut self, shared: &Shared, connection: &Connection) {
        if shared.settings.observer.is_none() {
            return;
        }
        let read = |sqlite: &rusqlite::Connection| -> rusqlite::Result<i64> {
            let mut statement = sqlite.prepare_cached("PRAGMA data_version")?;
            statement.query_row([], |row| row.get(0))
        };
        let version = connection.as_ours(read).ok();
        let is_first = self.file.is_none();
        let mut has_changed = std::mem::replace(&mut self.data_version, version) != version;
        let now = Instant::now();
        if self.file.is_none_or(|(at, _)| now.duration_since(at) >= FILE_EVERY) {
            let file = identity(&shared.database);
            has_changed |= self.file.replace((now, file)).is_some_and(|(_, before)| before != file);
        }
        if has_changed && !is_first {
            tracing::debug!("somebody else has written; nothing that was known of the data counts any more");
            shared.forget_all();
        }
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
