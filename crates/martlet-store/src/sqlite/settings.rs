//! Plain data of the store's public face.

use crate::CommitObserver;
use martlet_core::limits;
use std::path::PathBuf;
use std::sync::Arc;

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
    /// Told of every commit; none: changes are not captured.
    pub observer: Option<Arc<dyn CommitObserver>>,
}

impl StoreSettings {
    /// The defaults for a data folder: durable, two readers a processor, the limits of `martlet_core::limits`.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            data: data.into(),
            synchronous: Synchronous::Full,
            readers: processors * 2,
            write_queue_max: limits::WRITE_QUEUE_MAX,
            answer_rows_max: limits::ANSWER_ROWS_MAX,
            answer_size_max: limits::ANSWER_SIZE_MAX,
            slow_statement_ms: None,
            observer: None,
        }
    }
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
