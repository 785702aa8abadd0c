//! SQLite: one writer with group commit, readers inline and in a pool.
//!
//! In reading order: the folder and its lock, a connection and what it may do, what a run may spend, one statement,
//! the reads, the writes, and what is done rarely: migrations, the seed, preparing an app.

mod authorizer;
mod bind;
mod budget;
mod capture;
mod connection;
mod cross_check;
mod error;
mod foreign;
mod group;
mod held;
mod idempotency;
mod inline;
mod inspection;
mod keys;
mod layouts;
mod lock;
mod log_copy;
mod migrate;
mod overruns;
mod queue;
mod reader;
mod reset;
mod run;
mod scratch;
mod seed;
mod settings;
mod shared;
mod shell;
mod statistics;
mod writer;

pub use inspection::{Inspection, RowCount};
pub use lock::Running;
pub use scratch::{PlanLine, Scratch, ScratchError};
pub use settings::{Health, MigrateReport, SeedProgress, StoreSettings, Synchronous};
pub use shell::{OnRow, Shell, ShellError, ShellOutcome};
pub use statistics::{DATABASE_BOUNDS, ROWS_BOUNDS};

use crate::{Answer, CommitObserver, Figures, Inputs, Once, Read, Snapshot};
use connection::Connection;
use martlet_core::{Clock, Error, Position, code};
use martlet_sql::dependency::Tracked;
use martlet_sql::{Action, App, Seed};
use reader::Readers;
use shared::Shared;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use writer::Writer;

/// The store on SQLite. Cheap to clone; the last clone closes it.
#[derive(Debug, Clone)]
pub struct SqliteStore(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    shared: Arc<Shared>,
    readers: Readers,
    writer: Writer,
    folder: lock::DataFolder,
}

impl SqliteStore {
    /// Takes the lock `DATA/lock`, opens `DATA/app.db`, makes what is missing, starts the writer and the readers.
    ///
    /// Errors: MRT054 where another process holds the lock or the folder cannot be used; its message is complete.
    pub fn open(settings: StoreSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if !connection::is_version_supported() {
            return Err(Error::internal(format!("SQLite {} is too old", rusqlite::version())));
        }
        let folder = lock::DataFolder::take(&settings.data)?;
        let database = folder.database();
        let shared = Arc::new(Shared::new(settings, clock, database.clone())?);
        // The writer opens first: it makes the log and its index, which readers cannot.
        let connection = writer::open(&shared).map_err(|failure| not_opened(&database, &failure))?;
        // The log is there now: without its name a power cut would take what was acknowledged.
        folder.sync()?;
        let readers = Readers::start(&shared)?;
        let writer =
            Writer::start(Arc::clone(&shared), readers.inline(), connection).map_err(|error| no_thread(&error))?;
        Ok(Self(Arc::new(Inner { shared, readers, writer, folder })))
    }

    /// Moves the database of a data folder out of its place and gives back where it is now; none if there was none.
    ///
    /// Errors: MRT054 where a process holds the lock or the folder cannot be written; its message is complete.
    pub fn set_aside(data: &Path, clock: &dyn Clock) -> Result<Option<PathBuf>, Error> {
        reset::set_aside(data, clock)
    }

    /// Applies what is missing in one transaction, after a copy by VACUUM INTO; refuses an edited applied file.
    ///
    /// Dry, it only tells what it would do. Blocks. Errors: MRT500 whose message is complete and for the operator.
    pub fn migrate(&self, app: &App, is_dry: bool) -> Result<MigrateReport, Error> {
        self.0.writer.borrow(|connection| {
            let before = self.0.shared.capture.tracked();
            // Triggers of ours would stand in the way of what changes their tables.
            connection.stop_capture(&self.0.shared.capture).map_err(|failure| not_captured(&failure))?;
            let report = migrate::migrate(&self.0.shared, app, is_dry);
            if is_dry || report.as_ref().map_or(true, |report| report.applied.is_empty()) {
                // The tables are as they were.
                self.0.capture(connection, before)?;
            }
            report
        })?
    }

    /// Runs the seed in one transaction. Blocks.
    pub fn seed(&self, seed: &Seed, scale: f64, progress: &mut dyn FnMut(SeedProgress)) -> Result<(), Error> {
        self.0.writer.borrow(|_| seed::seed(&self.0.shared, seed, scale, progress))?
    }

    /// Whether no table of the app has a row. A table that is not there has none.
    pub fn is_empty(&self, app: &App) -> Result<bool, Error> {
        seed::is_empty(&self.0.shared, app)
    }

    /// Prepares every plan of the app on every connection, so that no statement is first prepared on a request's way.
    ///
    /// Compares the catalogue with the real tables, and what SQLite says that a plan accesses with what the plan says.
    /// Blocks. Errors: MRT500, whose operator's message names the plan; a message about a missing migration.
    pub fn prepare(&self, app: &App) -> Result<(), Error> {
        cross_check::tables(&self.0.shared, app)?;
        self.0.shared.set_constraint_names(app);
        self.0.shared.statistics.prepare(app);
        let before = self.0.shared.capture.tracked();
        let mut is_first = true;
        let prepared =
            self.0.writer.borrow(|connection| self.0.prepare_writer(connection, app)).flatten().and_then(|()| {
                self.0
                    .readers
                    .on_each(|connection| cross_check::queries(connection, app, std::mem::take(&mut is_first)))
            });
        if prepared.is_err() {
            // The app before goes on being served: its tables are the ones to be told of.
            self.0.writer.borrow(|connection| self.0.capture(connection, before))??;
        }
        prepared
    }

    /// Runs queries at one snapshot. Safe to be dropped at any await.
    ///
    /// The position is never later than what the answers show, and shows every acknowledged write. Needs a tokio
    /// runtime with time enabled. Errors of one query are in its place; of all of them: 57P01, MRT053, 57014.
    pub async fn read(&self, reads: Vec<Read>, deadline: Instant) -> Result<Snapshot, Error> {
        self.0.shared.check_open()?;
        self.0.readers.read(reads, deadline).await
    }

    /// Runs an action. Dropped while it waits: never started. Dropped later: it commits or not, as a whole.
    ///
    /// Needs a tokio runtime with time enabled.
    pub async fn transact(&self, action: Arc<Action>, inputs: Inputs, deadline: Instant) -> Result<Answer, Error> {
        self.0.shared.check_open()?;
        self.0.writer.transact(action, inputs, None, deadline).await
    }

    /// As [`SqliteStore::transact`], but with one effect for a key: who repeats a call gets the outcome that was kept.
    ///
    /// Success and refusals of the author's expectations are kept, in the transaction of the effect; a refusal with
    /// 401, 403 or 429 and every other error are not. Errors: MRT021 for other arguments under the same key.
    pub async fn transact_once(
        &self,
        action: Arc<Action>,
        inputs: Inputs,
        once: Once,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        self.0.shared.check_open()?;
        self.0.writer.transact(action, inputs, Some(once), deadline).await
    }

    /// The last commit: the number counts those that changed a row since the store was opened.
    pub fn position(&self) -> Position {
        self.0.shared.position()
    }

    /// Between which commits it is now; none while one is under way. Equal before and after: everything between was at
    /// one position, as far as the writes of this process go.
    pub fn turn(&self) -> Option<u64> {
        self.0.shared.turn()
    }

    /// Who is told of its commits.
    pub fn observer(&self) -> Option<&Arc<dyn CommitObserver>> {
        self.0.shared.settings.observer.as_ref()
    }

    /// How the database is; never blocks on the writer.
    pub fn health(&self) -> Health {
        self.0.shared.health(self.0.writer.queue_depth())
    }

    /// What has been counted since the store was opened. Starts no work in the database.
    pub fn figures(&self) -> Figures {
        let Inner { shared, readers, writer, .. } = &*self.0;
        let statistics = &shared.statistics;
        let mut log = shared.database.clone().into_os_string();
        log.push("-wal");
        Figures {
            plans: statistics.plans(),
            evicted: statistics.evicted.load(Relaxed),
            slow: statistics.slow.load(Relaxed),
            busy: statistics.busy.load(Relaxed),
            sqlite_version: rusqlite::version(),
            checkpoints: statistics.checkpoints.counts(),
            wal_bytes: std::fs::metadata(log).ok().map(|log| log.len()),
            pools: [
                statistics.writer.figures("writer", 1, writer.queue_depth()),
                statistics.readers.figures("reader", readers.count(), readers.queue_depth()),
            ],
        }
    }

    /// Writes into the lock where this process can be asked, for commands that look for it.
    pub fn announce(&self, url: &str) {
        self.0.folder.announce(url);
    }

    /// The process that has this data folder open; none where nobody has.
    pub fn running(data: &Path) -> Option<Running> {
        lock::running(data)
    }

    /// Finishes accepted actions, checkpoints, closes. Later calls get 57P01. Blocks.
    pub fn close(&self) {
        self.0.close();
    }
}

impl Inner {
    /// Before any of the app's statements is prepared: what was prepared before a trigger is prepared again.
    fn prepare_writer(&self, connection: &Connection, app: &App) -> Result<(), Error> {
        self.capture(connection, Some(Arc::new(Tracked::of(app))))?;
        cross_check::actions(connection, app)
    }

    /// Tells the observer, if there is one, of these tables from now on.
    fn capture(&self, connection: &Connection, tracked: Option<Arc<Tracked>>) -> Result<(), Error> {
        if self.shared.settings.observer.is_none() {
            return Ok(());
        }
        self.shared.capture.track(tracked);
        connection.capture(&self.shared.capture).map_err(|failure| not_captured(&failure))
    }

    fn close(&self) {
        if self.shared.begin_closing() {
            self.readers.close();
            self.writer.close();
            self.folder.release();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

fn closed() -> Error {
    Error::new(&code::SHUTTING_DOWN, "the server is stopping")
}

fn not_opened(database: &Path, failure: &rusqlite::Error) -> Error {
    Error::new(&code::READ_ONLY, format!("cannot open the database {}: {failure}", database.display()))
        .hint("check that the file is a database of Martlet's and that it can be written")
}

fn not_captured(failure: &rusqlite::Error) -> Error {
    Error::internal(format!("capturing changes: {failure}"))
}

fn no_thread(error: &std::io::Error) -> Error {
    Error::internal(format!("cannot start a thread: {error}"))
}

#[cfg(test)]
mod tests;
