//! One connection: how it is opened, what it is limited to.

use super::Synchronous;
use super::authorizer::{Recorder, Role, authorize};
use super::budget::{Meter, STEPS_PER_TICK};
use super::held::Held;
use super::idempotency;
use super::layouts::Layouts;
use martlet_core::{Timestamp, limits};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{OpenFlags, Result};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

/// The oldest SQLite that is known to be free of the WAL-reset fault (3.51.3).
const SQLITE_VERSION_MIN: i32 = 3_051_003;

/// How long a statement waits for another process's lock. Ours never wait for each other: one writer, WAL.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// Bytes of the file that readers map instead of copying pages into their caches. Only touched pages are resident.
const MMAP_SIZE: i64 = 256 * 1024 * 1024;

/// The log is cut back to this when it starts again from the front.
const WAL_SIZE_KEPT: i64 = 64 * 1024 * 1024;

/// A connection with its meter and its recorder.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sqlite: rusqlite::Connection,
    pub(super) meter: Arc<Meter>,
    pub(super) recorder: Arc<Recorder>,
    /// How answers are written, by plan.
    pub(super) layouts: Layouts,
    /// The snapshot that reads in a row share.
    pub(super) held: Held,
    /// Pages in the log after the last commit.
    pub(super) wal_pages: Arc<AtomicU32>,
    /// What `now()` gives in a column's default: microseconds since 1970.
    now: Arc<AtomicI64>,
}

impl Connection {
    pub(super) fn open(path: &Path, role: Role, synchronous: Synchronous) -> Result<Self> {
        let access = match role {
            Role::Reader | Role::Inspector => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Role::Writer | Role::Maintenance => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        let sqlite = rusqlite::Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        harden(&sqlite)?;
        set_pragmas(&sqlite, role, synchronous)?;
        if role == Role::Writer {
            idempotency::create(&sqlite)?;
        }
        let now = Arc::new(AtomicI64::new(0));
        let meter = Arc::new(Meter::new());
        let watched = Arc::clone(&meter);
        let watch: crate::functions::Watch = Arc::new(move || watched.overdue().is_some());
        crate::functions::register_watched(&sqlite, &now, &watch)?;
        sqlite.set_prepared_statement_cache_capacity(limits::STATEMENTS_KEPT_MAX);
        let mut connection = Self {
            sqlite,
            meter,
            recorder: Arc::new(Recorder::default()),
            layouts: Layouts::default(),
            held: Held::default(),
            wal_pages: Arc::new(AtomicU32::new(0)),
            now,
        };
        connection.set_hooks(role)?;
        Ok(connection)
    }

    /// Runs one of our own statements (BEGIN, COMMIT, ...), kept prepared.
    pub(super) fn run(&self, sql: &'static str) -> Result<()> {
        self.sqlite.prepare_cached(sql)?.raw_execute().map(drop)
    }

    /// Runs statements of our own on our own tables, which no plan may name.
    pub(super) fn as_ours<R>(&self, work: impl FnOnce(&rusqlite::Connection) -> R) -> R {
        // Also while they run: SQLite prepares a kept statement again when the schema has changed.
        let _ours = self.recorder.ours();
        work(&self.sqlite)
    }

    /// Sets what `now()` is for the statements that follow.
    pub(super) fn set_now(&self, now: Timestamp) {
        self.now.store(now.micros(), Ordering::Relaxed);
    }

    /// Whether no transaction is open.
    pub(super) fn is_autocommit(&self) -> bool {
        self.sqlite.is_autocommit()
    }

    fn set_hooks(&mut self, role: Role) -> Result<()> {
        let meter = Arc::clone(&self.meter);
        let steps = i32::try_from(STEPS_PER_TICK).unwrap_or(i32::MAX);
        self.sqlite.progress_handler(steps, Some(move || meter.tick()))?;
        if role == Role::Writer {
            // In the place of SQLite's own checkpoints, which would run in the middle of a client's commit.
            let pages = Arc::clone(&self.wal_pages);
            self.sqlite.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count: i32| {
                pages.store(u32::try_from(count).unwrap_or(0), Ordering::Relaxed);
                Ok(())
            }))?;
        }
        if matches!(role, Role::Writer | Role::Reader) {
            let recorder = Arc::clone(&self.recorder);
            let decide = move |context: rusqlite::hooks::AuthContext<'_>| authorize(role, &recorder, &context);
            self.sqlite.authorizer(Some(decide))?;
        }
        Ok(())
    }
}

/// Whether the SQLite inside is one that may be used.
pub(super) fn is_version_supported() -> bool {
    rusqlite::version_number() >= SQLITE_VERSION_MIN
}

fn harden(sqlite: &rusqlite::Connection) -> Result<()> {
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        // Else an analysed database makes SQLite plan a kept statement again for each new argument; and the plan
        // that was proven by EXPLAIN must be the one that runs.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    ] {
        sqlite.set_db_config(config, value)?;
    }
    for (limit, max) in [
        (Limit::SQLITE_LIMIT_LENGTH, limits::CELL_SIZE_MAX),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, limits::LOWERED_SQL_SIZE_MAX),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, limits::LOWERED_DEPTH_MAX),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, limits::PLACEHOLDERS_MAX),
        (Limit::SQLITE_LIMIT_COLUMN, limits::COLUMNS_MAX),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, limits::TRIGGER_DEPTH_MAX),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
    ] {
        sqlite.set_limit(limit, i32::try_from(max).unwrap_or(i32::MAX))?;
    }
    Ok(())
}

fn set_pragmas(sqlite: &rusqlite::Connection, role: Role, synchronous: Synchronous) -> Result<()> {
    let synchronous = match synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    let (cache_kib, mmap_size) = match role {
        Role::Reader | Role::Inspector => (2_048, MMAP_SIZE),
        // Without a map: a disk that fails under a map ends the process by a signal.
        Role::Writer => (8_192, 0),
        Role::Maintenance => (32_768, 0),
    };
    if matches!(role, Role::Writer | Role::Maintenance) {
        sqlite.pragma_update(None, "journal_mode", "WAL")?;
        sqlite.pragma_update(None, "synchronous", synchronous)?;
        sqlite.pragma_update(None, "journal_size_limit", WAL_SIZE_KEPT)?;
    }
    sqlite.pragma_update(None, "cache_size", -cache_kib)?;
    sqlite.pragma_update(None, "mmap_size", mmap_size)?;
    // A large sort of a reader's goes on in files that are gone with it: in memory, only its deadline would bound it.
    // The writer's journals of statements are small and stay in memory, so that a full disk cannot stop a rollback.
    let temp_store = if role == Role::Reader { "FILE" } else { "MEMORY" };
    sqlite.pragma_update(None, "temp_store", temp_store)?;
    // Meant for a page when it is read from the disk. Readers map the file and set up a page at each visit: they would
    // check all cells of it each time, a fifth of a join's time. The writer and whoever copies the file do check.
    sqlite.pragma_update(None, "cell_size_check", mmap_size == 0)?;
    if role != Role::Maintenance {
        // A copy by VACUUM INTO attaches its target.
        sqlite.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    }
    Ok(())
}
