//! The file of the history: a small SQLite database of its own, so that it can neither harm nor be harmed by the app's.
//!
//! A row for each minute and each hour, and one for each item of it. What is written is merged into both rows in one
//! transaction: hours need no run of their own, and a server that starts again goes on with the minute it ended in.
//! Write-ahead log, synced at checkpoints only: a kill loses nothing, loss of power the last minutes, and neither
//! harms the file. The columns are made from the tables of figures: a newer version adds those that are missing.

use super::bounds::{drop_beyond, drop_to_size};
use super::period::{Figure, ItemFigure, Period};
use super::rows::{item_of, period_of, read_one, select_items, select_periods, write_one};
use martlet_core::Timestamp;
use rusqlite::{Connection, OpenFlags, Result};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What the header of our files says: `MLhi`.
const APPLICATION: i64 = 0x4d4c_6869;
/// The form of the tables. Columns that are added do not change it.
const VERSION: i64 = 1;
/// How long a write waits for another process that reads or writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
const PAGE_SIZE: i64 = 4096;
/// Pages after which the log is copied into the file.
const LOG_PAGES: u32 = 256;

pub(super) const MINUTE_S: i64 = 60;
pub(super) const HOUR_S: i64 = 3_600;

/// Minutes or hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A row for each minute.
    Minute,
    /// A row for each hour.
    Hour,
}

impl Step {
    pub(super) const ALL: [Step; 2] = [Step::Minute, Step::Hour];

    /// How long one is, in seconds.
    pub const fn seconds(self) -> i64 {
        match self {
            Step::Minute => MINUTE_S,
            Step::Hour => HOUR_S,
        }
    }

    pub(super) const fn table(self) -> &'static str {
        match self {
            Step::Minute => "minutes",
            Step::Hour => "hours",
        }
    }

    pub(super) const fn items(self) -> &'static str {
        match self {
            Step::Minute => "minute_items",
            Step::Hour => "hour_items",
        }
    }

    pub(super) fn begin_s(self, at: Timestamp) -> i64 {
        at.micros().div_euclid(1_000_000 * self.seconds()) * self.seconds()
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Rows of minutes.
    pub minutes_max: usize,
    /// Rows of hours.
    pub hours_max: usize,
    /// Bytes of the file, its log not counted.
    pub size_max: u64,
}

impl Bounds {
    fn pages_max(&self) -> i64 {
        i64::try_from(self.size_max).unwrap_or(i64::MAX) / PAGE_SIZE
    }

    const fn rows_max(&self, step: Step) -> usize {
        match step {
            Step::Minute => self.minutes_max,
            Step::Hour => self.hours_max,
        }
    }
}

/// The file is not one of ours, or of a version that is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a history of this version of Martlet")]
pub(super) struct NotOurs;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
}

impl FileError {
    /// Whether the file itself is to blame: it will not get better by waiting.
    pub(super) fn is_broken(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase, SchemaChanged, TypeMismatch, Unknown};
        match self {
            FileError::NotOurs(_) => true,
            FileError::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, DatabaseCorrupt | NotADatabase | SchemaChanged | TypeMismatch | Unknown)
            }
            // A column that is not there or holds what it must not.
            FileError::Sqlite(_) => true,
        }
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct File {
    sqlite: Connection,
    /// Device and number, by which it is known again.
    identity: Option<(u64, u64)>,
}

impl File {
    /// Opens the file, or makes it.
    pub(super) fn open(path: &Path, bounds: &Bounds) -> std::result::Result<Self, FileError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = Connection::open_with_flags(path, flags)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        let application: i64 = sqlite.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i64 = sqlite.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables: i64 = sqlite.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let is_new = (application, version, tables) == (0, 0, 0);
        if !is_new && (application, version) != (APPLICATION, VERSION) {
            return Err(NotOurs.into());
        }
        sqlite.pragma_update(None, "page_size", PAGE_SIZE)?;
        sqlite.pragma_update(None, "journal_mode", "wal")?;
        sqlite.pragma_update(None, "synchronous", "normal")?;
        sqlite.pragma_update(None, "wal_autocheckpoint", LOG_PAGES)?;
        sqlite.pragma_update(None, "journal_size_limit", i64::from(LOG_PAGES) * PAGE_SIZE)?;
        sqlite.pragma_update(None, "cell_size_check", true)?;
        // What it cannot be larger than, whatever we count.
        sqlite.pragma_update(None, "max_page_count", bounds.pages_max())?;
        let mut file = Self { sqlite, identity: identity(path) };
        file.prepare()?;
        Ok(file)
    }

    /// Opens a file to read it; none where there is none. Works beside a server that writes it.
    pub(super) fn open_to_read(path: &Path) -> std::result::Result<Option<Self>, FileError> {
        if !path.is_file() {
            return Ok(None);
        }
        // To read a write-ahead log SQLite has to write beside it; a folder that may not be written has none open.
        let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_WRITE)
            .or_else(|_| Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_READ_ONLY))?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        sqlite.pragma_update(None, "query_only", true)?;
        let application: i64 = sqlite.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let version: i64 = sqlite.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if (application, version) != (APPLICATION, VERSION) {
            return Err(NotOurs.into());
        }
        Ok(Some(Self { sqlite, identity: None }))
    }

    /// Whether it is still the one that stands at its place: somebody may have taken it away.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        identity(path) == self.identity
    }

    fn prepare(&mut self) -> Result<()> {
        let transaction = self.sqlite.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.execute_batch(
            "CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name));",
        )?;
        for step in Step::ALL {
            transaction.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {} (at INTEGER PRIMARY KEY, observed_ms INTEGER NOT NULL, durations BLOB NOT NULL);
                 CREATE TABLE IF NOT EXISTS {} (at INTEGER NOT NULL, name INTEGER NOT NULL, durations BLOB NOT NULL, PRIMARY KEY (at, name)) WITHOUT ROWID;",
                step.table(),
                step.items()
            ))?;
            add_columns(&transaction, step.table(), Figure::ALL.iter().map(|figure| figure.name()))?;
            add_columns(&transaction, step.items(), ItemFigure::ALL.iter().map(|figure| figure.name()))?;
        }
        transaction.commit()
    }

    /// Merges a part of a minute into its minute and its hour, and drops what is too much.
    pub(super) fn write(&mut self, part: &Period, bounds: &Bounds, now: Timestamp) -> Result<()> {
        let transaction = self.sqlite.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        for step in Step::ALL {
            let at_s = step.begin_s(part.at);
            let mut whole = read_one(&transaction, step, at_s)?.unwrap_or_else(|| Period::empty(time_of(at_s)));
            whole.merge(part);
            write_one(&transaction, step, at_s, &whole)?;
            drop_beyond(&transaction, step, bounds.rows_max(step), now)?;
        }
        drop_to_size(&transaction, bounds.pages_max(), now)?;
        transaction.commit()
    }

    /// The rows from `from` on, before `until`, rising.
    pub(super) fn read(&self, step: Step, from: Timestamp, until: Timestamp) -> Result<Vec<Period>> {
        let transaction = self.sqlite.unchecked_transaction()?;
        let (from_s, until_s) = (seconds_up(from), seconds_up(until));
        let sql = format!("{} WHERE at >= ?1 AND at < ?2 ORDER BY at", select_periods(step));
        let mut statement = transaction.prepare(&sql)?;
        let periods = statement.query_map([from_s, until_s], period_of)?;
        let mut periods = periods.collect::<Result<Vec<Period>>>()?;
        let places: HashMap<i64, usize> =
            periods.iter().enumerate().map(|(place, period)| (step.begin_s(period.at), place)).collect();
        let sql = format!("{} WHERE at >= ?1 AND at < ?2", select_items(step));
        let mut statement = transaction.prepare(&sql)?;
        let mut rows = statement.query([from_s, until_s])?;
        let mut names: HashMap<String, Arc<str>> = HashMap::new();
        while let Some(row) = rows.next()? {
            let (at_s, item) = item_of(row, &mut names)?;
            if let Some(place) = places.get(&at_s) {
                periods[*place].items.push(item);
            }
        }
        Ok(periods)
    }

    /// Forgets names that nothing has any more: after a long time with many versions of an app they would be many.
    pub(super) fn forget_names(&self) -> Result<()> {
        let unused =
            Step::ALL.map(|step| format!("id NOT IN (SELECT DISTINCT name FROM {})", step.items())).join(" AND ");
        self.sqlite.execute(&format!("DELETE FROM names WHERE {unused}"), []).map(drop)
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

fn add_columns(sqlite: &Connection, table: &str, names: impl Iterator<Item = &'static str>) -> Result<()> {
    let mut statement = sqlite.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let known = statement.query_map([table], |row| row.get(0))?.collect::<Result<Vec<String>>>()?;
    for name in names.filter(|name| !known.iter().any(|known| known == name)) {
        sqlite.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {name} INTEGER NOT NULL DEFAULT 0"))?;
    }
    Ok(())
}

pub(super) fn time_of(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn seconds_up(at: Timestamp) -> i64 {
    -(-at.micros()).div_euclid(1_000_000)
}
