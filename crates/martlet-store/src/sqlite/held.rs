//! One read transaction for many reads: as long as nothing was committed, the snapshot of the last read is still the
//! newest there is.
//!
//! To begin and end a read transaction on the log takes and frees locks by system calls, which is half of a point
//! read's time. All commits are made by this process, which holds the folder's lock, and each is announced before it
//! begins: that none was announced since is proof that the snapshot is current. While one is under way no snapshot is
//! reused, so that nobody who has seen it in one answer misses it in the next. What another process commits past the
//! lock is not announced; it is seen when the snapshot ends by its age.
//!
//! An open snapshot keeps the log from being copied beyond it and from being begun again: when much of the log waits to
//! be copied none is held any more, and the writer ends those of idle connections before it copies and after.

use super::connection::Connection;
use martlet_core::limits;
use rusqlite::Result;
use std::cell::Cell;
use std::time::{Duration, Instant};

/// How old a snapshot may become.
const AGE_MAX: Duration = Duration::from_millis(limits::SNAPSHOT_HELD_MS_MAX);

/// The read transaction that a connection holds open.
#[derive(Debug, Default)]
pub(super) struct Held(Cell<Option<Snapshot>>);

#[derive(Debug, Clone, Copy)]
struct Snapshot {
    /// Between which commits it began.
    turn: u64,
    since: Instant,
}

impl Connection {
    /// Opens a read transaction, or keeps the open one if it shows all that is committed.
    ///
    /// `turn` was looked at before; none while a commit is under way: then each statement has a snapshot of its own.
    pub(super) fn hold_snapshot(&self, turn: Option<u64>, now: Instant) -> Result<()> {
        if let Some(held) = self.held.0.get() {
            let is_young = now.saturating_duration_since(held.since) < AGE_MAX;
            // An error may have ended the transaction behind our back.
            if turn == Some(held.turn) && is_young && !self.is_autocommit() {
                return Ok(());
            }
            self.let_snapshot_go();
        }
        if let Some(turn) = turn {
            self.run("BEGIN")?;
            self.held.0.set(Some(Snapshot { turn, since: now }));
        }
        Ok(())
    }

    /// Ends the read transaction, if one is held.
    pub(super) fn let_snapshot_go(&self) {
        if self.held.0.take().is_some() && !self.is_autocommit() {
            // Nothing was written: how it ends makes no difference.
            let _ = self.run("ROLLBACK");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::Synchronous;
    use crate::sqlite::authorizer::Role;

    struct Both {
        writer: Connection,
        reader: Connection,
        _folder: tempfile::TempDir,
    }

    impl Both {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("app.db");
            let writer = Connection::open(&path, Role::Maintenance, Synchronous::Normal).unwrap();
            writer.sqlite.execute_batch("create table t (n integer) strict").unwrap();
            let reader = Connection::open(&path, Role::Reader, Synchronous::Normal).unwrap();
            Self { writer, reader, _folder: folder }
        }

        fn write(&self) {
            self.writer.sqlite.execute("insert into t values (1)", []).unwrap();
        }

        /// Rows that a read sees which begins between these commits at this time.
        fn rows(&self, turn: Option<u64>, now: Instant) -> i64 {
            self.reader.hold_snapshot(turn, now).unwrap();
            self.reader.sqlite.query_row("select count(*) from t", [], |row| row.get(0)).unwrap()
        }
    }

    #[test]
    fn a_snapshot_is_kept_until_a_commit_or_its_age_ends_it() {
        let (both, now) = (Both::new(), Instant::now());
        assert_eq!(both.rows(Some(0), now), 0);
        // Past the count, as another process would: so that what is seen tells which snapshot it is.
        both.write();
        assert_eq!(both.rows(Some(0), now + AGE_MAX / 2), 0, "the same snapshot");
        assert_eq!(both.rows(Some(0), now + AGE_MAX), 1, "too old");
        both.write();
        assert_eq!(both.rows(Some(0), now + AGE_MAX), 1);
        assert_eq!(both.rows(Some(2), now + AGE_MAX), 2, "a commit was counted");
    }

    #[test]
    fn no_snapshot_is_reused_while_a_commit_is_under_way() {
        let (both, now) = (Both::new(), Instant::now());
        assert_eq!(both.rows(Some(0), now), 0);
        both.write();
        assert_eq!(both.rows(None, now), 1, "whoever asked another connection may have seen it");
        assert!(both.reader.is_autocommit(), "and none is kept");
        both.write();
        assert_eq!(both.rows(None, now), 2);
    }

    #[test]
    fn a_snapshot_that_was_let_go_holds_nothing_back() {
        let (both, now) = (Both::new(), Instant::now());
        both.write();
        assert_eq!(both.rows(Some(0), now), 1);
        both.write();
        let copied = || -> (i64, i64, i64) {
            let copy = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            both.writer.sqlite.query_row("pragma wal_checkpoint(passive)", [], copy).unwrap()
        };
        let (_, in_log, in_file) = copied();
        assert!(in_file < in_log, "{in_file} of {in_log}");
        both.reader.let_snapshot_go();
        let (_, in_log, in_file) = copied();
        assert_eq!(in_file, in_log);
        assert_eq!(both.rows(Some(0), now), 2);
    }
}
