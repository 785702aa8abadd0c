//! Reads: on the caller's own thread with a budget of steps, else on a reader thread.
//!
//! Handing a read over costs more than most reads (4 us against 4.5 us for a point read), so short ones run where
//! they are asked. What overruns its budget is interrupted and run again on a reader thread, where a deadline or a
//! client that has gone interrupt it; a plan that overran [`limits::INLINE_OVERRUNS_MAX`] times starts there.
//!
//! So many may wait for a reader thread as are read within a second, by the rate that is measured. What has waited
//! that long while many wait, or half its time, is not begun: it would be stopped halfway, and its work would be lost
//! to those behind it.

use super::Shared;
use super::authorizer::Role;
use super::budget::{Allowance, Stop};
use super::connection::Connection;
use super::error;
use super::inline::{Inline, Slot};
use super::keys;
use super::overruns::Overruns;
use super::queue::{Queue, Refused, Taken};
use super::run::{Failure, Run, Wanted, WantedPage};
use super::statistics::Ended;
use crate::{Answer, Read, Snapshot};
use martlet_core::{Error, Position, QueueBounds, QueueLimit, Value, code, limits};
#[cfg(test)]
use martlet_sql::Query;
use martlet_sql::Statement;
use martlet_sql::dependency::Dependencies;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// A reader thread looks up so often although nothing came.
const IDLE: Duration = Duration::from_secs(60);

/// All that reads run on.
#[derive(Debug)]
pub(super) struct Readers {
    shared: Arc<Shared>,
    inline: Arc<Inline>,
    /// Each thread's connection, which it holds while it runs a job.
    pooled: Vec<Arc<Slot>>,
    line: Arc<Line>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    overruns: Overruns,
}

/// What waits for a reader thread.
#[derive(Debug)]
struct Line {
    queue: Queue<Job>,
    limit: QueueLimit,
    min: usize,
    base: Instant,
}

impl Line {
    fn new(readers: usize) -> Self {
        let bounds = QueueBounds {
            target: Duration::from_millis(limits::READ_QUEUE_TARGET_MS),
            patience: Duration::from_millis(limits::READ_QUEUE_PATIENCE_MS),
            min: limits::READ_QUEUE_MIN * readers,
            max: limits::READ_QUEUE_MAX,
        };
        let queue = Queue::new(limits::READ_QUEUE_MAX);
        Self { queue, limit: QueueLimit::new(bounds), min: bounds.min, base: Instant::now() }
    }

    fn push(&self, job: Job) -> Result<(), Refused> {
        let now_ns = u64::try_from(job.queued.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX);
        if !self.limit.admits(now_ns, self.queue.len()) {
            return Err(Refused::Full);
        }
        self.queue.push(job)
    }

    /// Whether a read that has waited so long of its time should not be begun: others wait behind it for what it would
    /// do in vain.
    fn is_too_late(&self, waited: Duration, time: Duration) -> bool {
        let is_over_target = waited >= Duration::from_millis(limits::READ_QUEUE_TARGET_MS);
        waited >= time / 2 || (is_over_target && self.queue.len() > self.min)
    }

    /// One has been taken and has ended.
    fn served(&self) {
        self.limit.served();
        if self.queue.len() == 0 {
            self.limit.emptied();
        }
    }
}

#[derive(Debug)]
struct Job {
    reads: Vec<Read>,
    queued: Instant,
    deadline: Instant,
    gone: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<Snapshot, Error>>,
}

impl Readers {
    pub(super) fn start(shared: &Arc<Shared>) -> Result<Self, Error> {
        let open = || Connection::open(&shared.database, Role::Reader, shared.settings.synchronous);
        let not_opened = |failure| super::not_opened(&shared.database, &failure);
        let inline = Arc::new(Inline::open(open).map_err(not_opened)?);
        let pooled = (0..shared.settings.readers.max(1)).map(|_| Ok(Arc::new(Mutex::new(Some(open()?)))));
        let pooled = pooled.collect::<rusqlite::Result<Vec<_>>>().map_err(not_opened)?;
        let line = Arc::new(Line::new(pooled.len()));
        let threads = pooled.iter().map(|connection| spawn(shared, connection, &line));
        let threads = threads.collect::<std::io::Result<Vec<_>>>().map_err(|error| super::no_thread(&error))?;
        let overruns = Overruns::default();
        Ok(Self { shared: Arc::clone(shared), inline, pooled, line, threads: Mutex::new(threads), overruns })
    }

    /// Runs reads at one snapshot, here or on a reader thread.
    pub(super) async fn read(&self, reads: Vec<Read>, deadline: Instant) -> Result<Snapshot, Error> {
        if !reads.iter().any(|read| self.overruns.is_long(&read.query)) {
            match self.read_inline(&reads, deadline) {
                Some(Ok(snapshot)) => return Ok(snapshot),
                Some(Err(overran)) => self.overruns.note(&reads[overran.read].query),
                None => {}
            }
        }
        // In a box, so that the future of a read that is answered at once is small.
        Box::pin(self.read_pooled(reads, deadline)).await
    }

    /// Runs reads at one snapshot on a reader thread.
    async fn read_pooled(&self, reads: Vec<Read>, deadline: Instant) -> Result<Snapshot, Error> {
        let (reply, answer) = oneshot::channel();
        let gone = Arc::new(AtomicBool::new(false));
        let job = Job { reads, queued: Instant::now(), deadline, gone: Arc::clone(&gone), reply };
        let _told_when_dropped = Gone { gone, line: &self.line };
        self.line.push(job).inspect_err(|_| self.shared.statistics.readers.timed_out()).map_err(of_refused)?;
        match tokio::time::timeout_at(deadline.into(), answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(Error::internal("a reader ended without an answer"))),
            Err(_) => Err(error::of_stop(Stop::Deadline)),
        }
    }

    /// Runs reads on this thread; none where every connection is busy.
    fn read_inline(&self, reads: &[Read], deadline: Instant) -> Option<Result<Snapshot, Stopped>> {
        let guard = self.inline.free()?;
        let connection = guard.as_ref()?;
        // Taken before the snapshot, and before it is known to be the newest: every commit up to here is in it.
        let position = self.shared.position();
        let now = Instant::now();
        let is_held = connection.hold_snapshot(self.shared.commit_turn(), now);
        let allowance = Allowance { steps_max: Some(limits::INLINE_READ_STEPS_MAX), deadline, gone: None };
        let begun = Begun { position, waited: Duration::ZERO, at: Cell::new(now) };
        let result = run_reads(&self.shared, connection, reads, &begun, allowance);
        // What went wrong may be the snapshot's: the next read begins with another.
        let is_sound = result.as_ref().is_ok_and(|snapshot| snapshot.answers.iter().all(Result::is_ok));
        if is_held.is_err() || !is_sound {
            connection.let_snapshot_go();
        }
        Some(result)
    }

    /// The connections of reads on the caller's own thread.
    pub(super) fn inline(&self) -> Arc<Inline> {
        Arc::clone(&self.inline)
    }

    /// Does something on every connection, each in its turn, but for those that are busy with a long read. Blocks.
    pub(super) fn on_each(&self, mut work: impl FnMut(&Connection) -> Result<(), Error>) -> Result<(), Error> {
        for slot in self.inline.slots() {
            if let Some(connection) = slot.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
                // Work on a schema may follow a migration.
                connection.let_snapshot_go();
                work(connection)?;
            }
        }
        for slot in &self.pooled {
            if let Ok(slot) = slot.try_lock()
                && let Some(connection) = slot.as_ref()
            {
                work(connection)?;
            }
        }
        Ok(())
    }

    /// Connections in all.
    pub(super) fn count(&self) -> usize {
        self.inline.slots().len() + self.pooled.len()
    }

    /// Reads that wait for a reader thread.
    pub(super) fn queue_depth(&self) -> usize {
        self.line.queue.len()
    }

    /// Whether the plan starts on a reader thread.
    #[cfg(test)]
    pub(super) fn is_long(&self, query: &Arc<Query>) -> bool {
        self.overruns.is_long(query)
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.inline.slots().iter().chain(self.pooled.iter().map(|slot| &**slot))
    }

    /// Finishes the reads that were accepted and closes every connection.
    pub(super) fn close(&self) {
        self.line.queue.close();
        for thread in self.threads.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader ended by a panic");
            }
        }
        for slot in self.slots() {
            slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

fn spawn(shared: &Arc<Shared>, connection: &Arc<Slot>, line: &Arc<Line>) -> std::io::Result<JoinHandle<()>> {
    let (shared, connection, line) = (Arc::clone(shared), Arc::clone(connection), Arc::clone(line));
    let work = move || {
        loop {
            match line.queue.take(1, IDLE, |_| false) {
                Taken::Items(jobs) => {
                    jobs.into_iter().for_each(|job| serve(&shared, &line, &connection, job));
                    line.served();
                }
                Taken::Idle => {}
                Taken::Closed => break,
            }
        }
    };
    std::thread::Builder::new().name("martlet-reader".to_owned()).spawn(work)
}

fn serve(shared: &Shared, line: &Line, slot: &Slot, job: Job) {
    if job.gone.load(Ordering::Relaxed) {
        return;
    }
    let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(connection) = slot.as_ref() else { return };
    let now = Instant::now();
    let waited = now.saturating_duration_since(job.queued);
    shared.statistics.readers.waited(waited);
    if line.is_too_late(waited, job.deadline.saturating_duration_since(job.queued)) {
        shared.statistics.readers.timed_out();
        let _ = job.reply.send(Err(Error::new(&code::QUEUE_FULL, "the read waited too long")));
        return;
    }
    let allowance = Allowance { steps_max: None, deadline: job.deadline, gone: Some(Arc::clone(&job.gone)) };
    // Taken before the snapshot: every commit up to here is in it.
    let position = shared.position();
    let begun = Begun { position, waited, at: Cell::new(now) };
    let run = || run_reads(shared, connection, &job.reads, &begun, allowance);
    let result = catch_unwind(AssertUnwindSafe(run));
    let result = match result {
        Ok(result) => result.map_err(|stopped| error::of_stop(stopped.stop)),
        Err(_) => Err(Error::internal("panic in a read")),
    };
    let _ = job.reply.send(result);
}

/// The reads have to be run again, or nobody waits for them.
#[derive(Debug)]
struct Stopped {
    stop: Stop,
    /// Which of them was running.
    read: usize,
}

/// What reads that run together have in common.
#[derive(Debug)]
struct Begun {
    /// That of the snapshot.
    position: Position,
    /// For a thread.
    waited: Duration,
    /// The last reading of the clock.
    at: Cell<Instant>,
}

/// Runs reads in order; several in one transaction, the one that is open or one whose snapshot the first of them takes.
fn run_reads(
    shared: &Shared,
    connection: &Connection,
    reads: &[Read],
    begun: &Begun,
    allowance: Allowance,
) -> Result<Snapshot, Stopped> {
    let is_several =
        reads.len() > 1 || reads.iter().any(|read| read.wants_keys && !dependencies_of(read).keys.is_empty());
    let transaction = (is_several && connection.is_autocommit()).then(|| ReadTransaction::begin(connection));
    // Declared after the transaction, so that it ends before the transaction does.
    let _armed = connection.meter.arm(allowance);
    let mut answers = Vec::with_capacity(reads.len());
    for (index, read) in reads.iter().enumerate() {
        let answer = match &transaction {
            Some(Err(error)) => Err(Failure::Error(error.clone())),
            _ => run_read(shared, connection, read, begun),
        };
        match answer {
            Err(Failure::Stopped(stop @ (Stop::Budget | Stop::Gone))) => return Err(Stopped { stop, read: index }),
            answer => answers.push(answer.map_err(Failure::into_error)),
        }
    }
    shared.note_reads(&answers);
    Ok(Snapshot { position: begun.position, answers })
}

fn run_read(shared: &Shared, connection: &Connection, read: &Read, begun: &Begun) -> Result<Answer, Failure> {
    let Begun { position, waited, at } = begun;
    let started = at.get();
    let statistics = shared.statistics.of_query(&read.query);
    let name = &read.query.declaration.name;
    let answer = step_read(Run { shared, connection, statistics: &statistics, name, at }, read, *position);
    // What overran its budget is run again elsewhere, and counted there.
    if !matches!(answer, Err(Failure::Stopped(Stop::Budget))) {
        let rows = answer.as_ref().ok().map(|answer| answer.rows);
        let took = at.get().saturating_duration_since(started);
        statistics.ended(Ended { rows, took, waited: *waited, now: read.inputs.now });
    }
    answer
}

fn step_read(run: Run<'_>, read: &Read, position: Position) -> Result<Answer, Failure> {
    let connection = run.connection;
    let layout = connection.layouts.of(&read.query);
    let (statement, page) = statement_of(read);
    let wanted = Wanted { answer: Some(&layout), page, ..Wanted::default() };
    connection.set_now(read.inputs.now);
    let output = run.statement(0, statement, &read.inputs, &Vec::new(), wanted)?;
    read.inputs.demand.check(layout.returns(), output.rows)?;
    let keys = if read.wants_keys { keys::of(run, dependencies_of(read), &read.inputs)? } else { None };
    if keys.as_ref().is_some_and(|keys| !keys.keys.is_empty()) {
        // What they took is the query's.
        run.at.set(Instant::now());
    }
    Ok(Answer { body: output.body?, rows: output.rows, position, last: output.last, keys })
}

/// What the answer rests on.
fn dependencies_of(read: &Read) -> &Dependencies {
    let hidden = read.inputs.arguments.len().saturating_sub(read.query.declaration.params.len());
    read.query.dependencies_of(hidden)
}

/// The statement that the arguments are for and, of a page, what is wanted of it.
fn statement_of(read: &Read) -> (&Statement, Option<WantedPage<'_>>) {
    let Some(page) = &read.query.page else { return (&read.query.statement, None) };
    let hidden = read.inputs.arguments.get(read.query.declaration.params.len()..).unwrap_or_default();
    let statement = if hidden.len() > 1 { &page.after } else { &read.query.statement };
    let rows = match hidden.first() {
        Some(Value::Integer(rows)) => u64::try_from(*rows).unwrap_or(0).saturating_sub(1),
        _ => 0,
    };
    (statement, Some(WantedPage { rows, keys: &page.keys }))
}

/// A read transaction that ends with this, also by a panic.
struct ReadTransaction<'a>(&'a Connection);

impl<'a> ReadTransaction<'a> {
    fn begin(connection: &'a Connection) -> Result<Self, Error> {
        let begun = connection.run("BEGIN");
        begun.map_err(|failure| error::translate(&failure, &error::ConstraintNames::default()))?;
        Ok(Self(connection))
    }
}

impl Drop for ReadTransaction<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            // Nothing was written: how it ends makes no difference.
            let _ = self.0.run("ROLLBACK");
        }
    }
}

/// Tells the reader thread that nobody waits any more, or takes the read out of the line.
struct Gone<'a> {
    gone: Arc<AtomicBool>,
    line: &'a Line,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::Relaxed);
        // Once answered it is not in the line; then this looks through a short list at most.
        self.line.queue.remove(|job| Arc::ptr_eq(&job.gone, &self.gone));
    }
}

fn of_refused(refused: Refused) -> Error {
    match refused {
        Refused::Full => Error::new(&code::QUEUE_FULL, "too many long reads wait"),
        Refused::Closed => super::closed(),
    }
}
