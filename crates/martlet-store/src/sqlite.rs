//! SQLite: one writer with group commit, readers inline and in a pool.

use crate::{Answer, Inputs, Read, Snapshot};
use martlet_core::{Clock, Error, Position};
use martlet_sql::{Action, App, Seed};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

/// When a commit is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// After fsync: an acknowledged write survives power loss.
    #[default]
    Full,
    /// Before fsync: an acknowledged write survives a crash of the process, not of the machine.
    Normal,
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The data folder; the database is `app.db` in it.
    pub data: PathBuf,
    /// When a commit is acknowledged.
    pub synchronous: Synchronous,
    /// Reader threads behind the inline reads.
    pub readers: usize,
    /// Actions that may wait for the writer.
    pub write_queue_max: usize,
    /// Rows of one answer.
    pub answer_rows_max: usize,
    /// Bytes of one answer.
    pub answer_size_max: usize,
    /// A statement that takes longer is logged at warn; none: never.
    pub slow_statement_ms: Option<u64>,
}

/// What `migrate` did or, dry, would do.
#[derive(Debug, Clone, Default)]
pub struct MigrateReport {
    /// Names that were applied, in order.
    pub applied: Vec<String>,
    /// Names that had been applied before.
    pub already: usize,
    /// The copy that was taken first, if there was anything to copy.
    pub copy: Option<PathBuf>,
}

/// Told after each statement of the seed.
#[derive(Debug, Clone)]
pub struct SeedProgress {
    /// The table just filled.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// Statements done.
    pub done: usize,
    /// Statements in all.
    pub total: usize,
}

/// How the database is.
#[derive(Debug, Clone)]
pub struct Health {
    /// Whether reads work.
    pub can_read: bool,
    /// Whether writes work, as far as is known without writing.
    pub can_write: bool,
    /// Actions that wait for the writer.
    pub queue_depth: usize,
}

/// The store on SQLite. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct SqliteStore;

#[expect(clippy::todo, reason = "skeleton")]
#[allow(clippy::unused_async, unused_variables, missing_docs, reason = "skeleton")]
impl SqliteStore {
    /// Takes the lock `DATA/lock`, opens `DATA/app.db`, makes what is missing, starts the writer and the readers.
    pub fn open(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        todo!()
    }
    /// Applies what is missing in one transaction, after a copy by VACUUM INTO; refuses an edited applied file.
    pub fn migrate(&self, app: &App, is_dry: bool) -> Result<MigrateReport, Error> {
        todo!()
    }
    /// Runs the seed in one transaction.
    pub fn seed(&self, seed: &Seed, scale: f64, progress: &mut dyn FnMut(SeedProgress)) -> Result<(), Error> {
        todo!()
    }
    /// Whether no table of the app has a row.
    pub fn is_empty(&self, app: &App) -> Result<bool, Error> {
        todo!()
    }
    /// Prepares every plan of the app on every connection, so that no statement is first prepared on a request's way.
    pub fn prepare(&self, app: &App) -> Result<(), Error> {
        todo!()
    }
    /// Runs queries at one snapshot. Safe to be dropped at any await.
    pub async fn read(&self, reads: Vec<Read>, deadline: Instant) -> Result<Snapshot, Error> {
        todo!()
    }
    /// Runs an action. Dropped while it waits: never started. Dropped later: it commits or not, as a whole.
    pub async fn transact(&self, action: Arc<Action>, inputs: Inputs, deadline: Instant) -> Result<Answer, Error> {
        todo!()
    }
    /// The last commit.
    pub fn position(&self) -> Position {
        todo!()
    }
    /// How the database is; never blocks on the writer.
    pub fn health(&self) -> Health {
        todo!()
    }
    /// Finishes accepted actions, checkpoints, closes. Later calls get 57P01.
    pub fn close(&self) {
        todo!()
    }
}
