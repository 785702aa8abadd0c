//! Counts of every query and action, and of what they run on. Counting takes no lock and makes no call.
//!
//! The table of plans is replaced as a whole when a name is met first: looking up costs two loads and a hash.

use crate::figures::{PlanFigures, PoolFigures, StatementFigures};
use arc_swap::ArcSwap;
use hashbrown::HashMap;
use martlet_core::{Histogram, Percentiles, Timestamp, code, limits};
use martlet_sql::{Action, App, Query, Statement, StatementKind};
use rusqlite::{ErrorCode, StatementStatus};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of durations in the database, in nanoseconds.
pub const DATABASE_BOUNDS: &[u64] = &[
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    20_000_000,
    50_000_000,
    100_000_000,
    200_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// Upper bounds of returned rows.
pub const ROWS_BOUNDS: &[u64] = &[0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000];

/// A code that is none of ours: an app's own.
const OTHER: &str = "_OTHER";

/// All that is counted.
#[derive(Debug)]
pub(super) struct Statistics {
    plans: ArcSwap<HashMap<String, Arc<PlanStatistics>>>,
    /// Held by whoever replaces the table.
    change: Mutex<()>,
    pub(super) evicted: AtomicU64,
    pub(super) slow: AtomicU64,
    pub(super) busy: AtomicU64,
    pub(super) checkpoints: Histogram,
    pub(super) writer: PoolStatistics,
    pub(super) readers: PoolStatistics,
}

/// What waits for a connection.
#[derive(Debug)]
pub(super) struct PoolStatistics {
    wait: Histogram,
    timeouts: AtomicU64,
}

impl PoolStatistics {
    fn new() -> Self {
        Self { wait: Histogram::new(DATABASE_BOUNDS), timeouts: AtomicU64::new(0) }
    }

    pub(super) fn waited(&self, time: Duration) {
        self.wait.observe(nanos(time));
    }

    pub(super) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Relaxed);
    }

    pub(super) fn figures(&self, name: &'static str, max: usize, pending: usize) -> PoolFigures {
        PoolFigures { name, max, pending, timeouts: self.timeouts.load(Relaxed), wait: self.wait.counts() }
    }
}

impl Statistics {
    pub(super) fn new() -> Self {
        Self {
            plans: ArcSwap::default(),
            change: Mutex::new(()),
            evicted: AtomicU64::new(0),
            slow: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            checkpoints: Histogram::new(DATABASE_BOUNDS),
            writer: PoolStatistics::new(),
            readers: PoolStatistics::new(),
        }
    }

    /// Counts an error that says that the database is busy.
    pub(super) fn note_busy(&self, error: &rusqlite::Error) {
        if matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)) {
            self.busy.fetch_add(1, Relaxed);
        }
    }

    /// Those of a query.
    pub(super) fn of_query(&self, query: &Query) -> Arc<PlanStatistics> {
        self.get(&query.declaration.name).unwrap_or_else(|| self.add(PlanStatistics::of_query(query)))
    }

    /// Those of an action.
    pub(super) fn of_action(&self, action: &Action) -> Arc<PlanStatistics> {
        self.get(&action.declaration.name).unwrap_or_else(|| self.add(PlanStatistics::of_action(action)))
    }

    fn get(&self, name: &str) -> Option<Arc<PlanStatistics>> {
        self.plans.load().get(name).cloned()
    }

    /// Makes room for an app's plans. One whose statements are others than before begins anew.
    pub(super) fn prepare(&self, app: &App) {
        let queries = app.queries.values().map(|query| PlanStatistics::of_query(query));
        for plan in queries.chain(app.actions.values().map(|action| PlanStatistics::of_action(action))) {
            if self.get(&plan.name).is_none_or(|known| !known.has_shape_of(&plan)) {
                self.add(plan);
            }
        }
    }

    fn add(&self, plan: PlanStatistics) -> Arc<PlanStatistics> {
        let _change = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut plans = HashMap::clone(&self.plans.load());
        // Another thread may have met the name at the same time.
        if let Some(known) = plans.get(&plan.name).filter(|known| known.has_shape_of(&plan)) {
            return Arc::clone(known);
        }
        if plans.len() >= limits::STATISTICS_MAX
            && let Some(least) =
                plans.values().min_by_key(|plan| plan.percentiles.count()).map(|plan| plan.name.clone())
        {
            plans.remove(&least);
            self.evicted.fetch_add(1, Relaxed);
        }
        let plan = Arc::new(plan);
        plans.insert(plan.name.clone(), Arc::clone(&plan));
        self.plans.store(Arc::new(plans));
        plan
    }

    pub(super) fn plans(&self) -> Vec<PlanFigures> {
        let mut plans: Vec<PlanFigures> = self.plans.load().values().map(|plan| plan.figures()).collect();
        plans.sort_by(|a, b| a.name.cmp(&b.name));
        plans
    }
}

/// Counts of one query or action.
#[derive(Debug)]
pub(super) struct PlanStatistics {
    name: String,
    is_action: bool,
    errors: AtomicU64,
    rows: AtomicU64,
    total_ns: AtomicU64,
    min_ns: AtomicU64,
    max_ns: AtomicU64,
    wait_ns: AtomicU64,
    percentiles: Percentiles,
    rows_scanned: AtomicU64,
    full_scans: AtomicU64,
    sorts: AtomicU64,
    auto_indexes: AtomicU64,
    steps: AtomicU64,
    first_seen: AtomicI64,
    last_seen: AtomicI64,
    statements: Box<[StatementStatistics]>,
}

#[derive(Debug)]
struct StatementStatistics {
    operation: &'static str,
    collection: Option<String>,
    durations: Histogram,
    rows: Histogram,
    /// A lock, but only failures take it.
    failures: Mutex<BTreeMap<&'static str, Histogram>>,
}

/// One call as it ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    /// Rows of the answer; none if it failed.
    pub(super) rows: Option<u64>,
    pub(super) took: Duration,
    pub(super) waited: Duration,
    pub(super) now: Timestamp,
}

impl PlanStatistics {
    /// Of what is no query or action.
    pub(super) fn uncounted() -> Self {
        Self::new("", true, std::iter::empty())
    }

    fn of_query(query: &Query) -> Self {
        Self::new(&query.declaration.name, false, std::iter::once(&query.statement))
    }

    fn of_action(action: &Action) -> Self {
        Self::new(&action.declaration.name, true, action.steps.iter().map(|step| &step.statement))
    }

    fn new<'a>(name: &str, is_action: bool, statements: impl Iterator<Item = &'a Statement>) -> Self {
        let zero = || AtomicU64::new(0);
        Self {
            name: name.to_owned(),
            is_action,
            errors: zero(),
            rows: zero(),
            total_ns: zero(),
            min_ns: AtomicU64::new(u64::MAX),
            max_ns: zero(),
            wait_ns: zero(),
            percentiles: Percentiles::default(),
            rows_scanned: zero(),
            full_scans: zero(),
            sorts: zero(),
            auto_indexes: zero(),
            steps: zero(),
            first_seen: AtomicI64::new(0),
            last_seen: AtomicI64::new(0),
            statements: statements.map(StatementStatistics::new).collect(),
        }
    }

    fn has_shape_of(&self, other: &Self) -> bool {
        let shape = |plan: &Self| -> Vec<_> {
            plan.statements.iter().map(|statement| (statement.operation, statement.collection.clone())).collect()
        };
        self.is_action == other.is_action && shape(self) == shape(other)
    }

    /// Counts a call that has ended.
    pub(super) fn ended(&self, call: Ended) {
        let took_ns = nanos(call.took);
        // Calls are not counted: they are what the percentiles have counted.
        if self.first_seen.load(Relaxed) == 0 {
            self.first_seen.store(call.now.micros(), Relaxed);
        }
        self.last_seen.store(call.now.micros(), Relaxed);
        match call.rows {
            Some(rows) => self.rows.fetch_add(rows, Relaxed),
            None => self.errors.fetch_add(1, Relaxed),
        };
        self.total_ns.fetch_add(took_ns, Relaxed);
        self.percentiles.observe(took_ns);
        // Looked at first: a store would take the line from the others for nothing.
        if took_ns < self.min_ns.load(Relaxed) {
            self.min_ns.fetch_min(took_ns, Relaxed);
        }
        if took_ns > self.max_ns.load(Relaxed) {
            self.max_ns.fetch_max(took_ns, Relaxed);
        }
        if !call.waited.is_zero() {
            self.wait_ns.fetch_add(nanos(call.waited), Relaxed);
        }
    }

    /// Counts a statement that was run, and how it ended: rows, or a code.
    pub(super) fn ran(&self, index: usize, took: Duration, ended: Result<u64, &str>) {
        let Some(statement) = self.statements.get(index) else { return };
        match ended {
            Ok(rows) => {
                statement.durations.observe(nanos(took));
                statement.rows.observe(rows);
            }
            Err(failed) => {
                let known = code::ALL.iter().find(|ours| ours.code == failed).map_or(OTHER, |ours| ours.code);
                let mut failures = statement.failures.lock().unwrap_or_else(PoisonError::into_inner);
                failures.entry(known).or_insert_with(|| Histogram::new(DATABASE_BOUNDS)).observe(nanos(took));
            }
        }
    }

    /// Adds what SQLite counted in a statement, and sets its counters back.
    pub(super) fn stepped(&self, statement: &rusqlite::Statement<'_>) {
        let take = |status| u64::try_from(statement.reset_status(status)).unwrap_or(0);
        let add = |sum: &AtomicU64, count: u64| {
            if count > 0 {
                sum.fetch_add(count, Relaxed);
            }
        };
        let scanned = take(StatementStatus::FullscanStep);
        add(&self.rows_scanned, scanned);
        add(&self.full_scans, u64::from(scanned > 0));
        add(&self.sorts, take(StatementStatus::Sort));
        add(&self.auto_indexes, take(StatementStatus::AutoIndex));
        add(&self.steps, take(StatementStatus::VmStep));
    }

    fn figures(&self) -> PlanFigures {
        let load = |count: &AtomicU64| count.load(Relaxed);
        let durations = self.percentiles.spread();
        let calls = durations.count();
        let seen = |at: &AtomicI64| Timestamp::from_micros(at.load(Relaxed));
        PlanFigures {
            name: self.name.clone(),
            is_action: self.is_action,
            calls,
            errors: load(&self.errors),
            rows: load(&self.rows),
            total_ns: load(&self.total_ns),
            min_ns: if calls == 0 { 0 } else { load(&self.min_ns) },
            max_ns: load(&self.max_ns),
            percentiles_ns: durations.at([0.5, 0.95, 0.99]),
            durations,
            wait_ns: load(&self.wait_ns),
            rows_scanned: load(&self.rows_scanned),
            full_scans: load(&self.full_scans),
            sorts: load(&self.sorts),
            auto_indexes: load(&self.auto_indexes),
            steps: load(&self.steps),
            seen: (calls > 0).then(|| (seen(&self.first_seen), seen(&self.last_seen))),
            statements: self.statements.iter().map(StatementStatistics::figures).collect(),
        }
    }
}

impl StatementStatistics {
    fn new(statement: &Statement) -> Self {
        let operation = match statement.kind {
            StatementKind::Select => "SELECT",
            StatementKind::Insert => "INSERT",
            StatementKind::Update => "UPDATE",
            StatementKind::Delete => "DELETE",
        };
        let collection = match (&*statement.writes, &*statement.reads) {
            ([written, ..], _) => Some(written.table.clone()),
            ([], [read]) => Some(read.table.clone()),
            _ => None,
        };
        Self {
            operation,
            collection,
            durations: Histogram::new(DATABASE_BOUNDS),
            rows: Histogram::new(ROWS_BOUNDS),
            failures: Mutex::default(),
        }
    }

    fn figures(&self) -> StatementFigures {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        StatementFigures {
            operation: self.operation,
            collection: self.collection.clone(),
            durations: self.durations.counts(),
            rows: self.rows.counts(),
            failures: failures.iter().map(|(code, durations)| (*code, durations.counts())).collect(),
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
