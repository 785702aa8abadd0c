//! What the store has counted, as plain data for metrics and statistics.

use martlet_core::{HistogramCounts, Spread, Timestamp};

/// Everything that the store has counted since it was opened.
#[derive(Debug, Clone)]
pub struct Figures {
    /// One for each query and action that is known, by name.
    pub plans: Vec<PlanFigures>,
    /// Queries and actions whose figures were dropped because there were too many.
    pub evicted: u64,
    /// Statements slower than `slow_statement_ms`.
    pub slow: u64,
    /// How often SQLite said that the database was busy.
    pub busy: u64,
    /// Nanoseconds of copying the log into the database.
    pub checkpoints: HistogramCounts,
    /// The version of SQLite.
    pub sqlite_version: &'static str,
    /// Bytes of the log; none where it cannot be looked at.
    pub wal_bytes: Option<u64>,
    /// The writer, then the readers.
    pub pools: [PoolFigures; 2],
}

/// What waits for a connection.
#[derive(Debug, Clone)]
pub struct PoolFigures {
    /// `writer` or `reader`.
    pub name: &'static str,
    /// Connections at most.
    pub max: usize,
    /// What waits now.
    pub pending: usize,
    /// What was refused because the queue was full or the deadline passed in it.
    pub timeouts: u64,
    /// Nanoseconds that work waited.
    pub wait: HistogramCounts,
}

/// A query or action.
#[derive(Debug, Clone)]
pub struct PlanFigures {
    /// Its declared name.
    pub name: String,
    /// Whether it is an action.
    pub is_action: bool,
    /// Calls that came to the database, those that failed there included.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Rows answered.
    pub rows: u64,
    /// Nanoseconds from its start to its answer, without what it waited before; of an action with its commit.
    pub total_ns: u64,
    /// The shortest.
    pub min_ns: u64,
    /// The longest.
    pub max_ns: u64,
    /// 50th, 95th, 99th percentile, an eighth too high at most.
    pub percentiles_ns: [u64; 3],
    /// How all the calls' nanoseconds spread.
    pub durations: Spread,
    /// Nanoseconds waited for a connection.
    pub wait_ns: u64,
    /// Rows stepped over by scans of whole tables (SQLITE_STMTSTATUS_FULLSCAN_STEP).
    pub rows_scanned: u64,
    /// Statements run that did such a scan.
    pub full_scans: u64,
    /// Sorts (SQLITE_STMTSTATUS_SORT).
    pub sorts: u64,
    /// Rows put into an index made for one run (SQLITE_STMTSTATUS_AUTOINDEX).
    pub auto_indexes: u64,
    /// Virtual-machine steps.
    pub steps: u64,
    /// When it was first and last called.
    pub seen: Option<(Timestamp, Timestamp)>,
    /// Its statements in order; a query has one.
    pub statements: Vec<StatementFigures>,
}

/// One statement of a query or action.
#[derive(Debug, Clone)]
pub struct StatementFigures {
    /// `SELECT`, `INSERT`, `UPDATE`, `DELETE`.
    pub operation: &'static str,
    /// The table that it writes or, if it is the only one, reads.
    pub collection: Option<String>,
    /// Nanoseconds of those that worked.
    pub durations: HistogramCounts,
    /// Rows that it returned.
    pub rows: HistogramCounts,
    /// Nanoseconds of those that failed, by code.
    pub failures: Vec<(&'static str, HistogramCounts)>,
}
