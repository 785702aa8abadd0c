//! The one writer: a thread that owns the one connection that writes.

use super::Shared;
use super::authorizer::Role;
use super::connection::Connection;
use super::error;
use super::foreign::Others;
use super::group::{self, Aftermath, Pending, Ticket, Wait};
use super::idempotency;
use super::inline::Inline;
use super::log_copy::LogCopy;
use super::queue::{Queue, Refused, Taken};
use crate::{Answer, Inputs, Once};
use martlet_core::{Error, code, limits};
use martlet_sql::Action;
use rusqlite::hooks::{AuthContext, Authorization};
use rusqlite::wal::CheckpointMode;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Without work for so long, the log is copied whatever its size, so that a start has little to recover.
const IDLE: Duration = Duration::from_secs(1);
/// How often the file is looked at for writes of others.
const LOOK_EVERY: Duration = Duration::from_millis(limits::FOREIGN_WRITES_LOOK_MS);

/// How often expired idempotency keys are removed: in idle moments; a tenth as often where there are none.
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// After so long a group is committed as far as it got.
const GROUP_TIME_MAX: Duration = Duration::from_millis(20);

/// What the writer is asked for.
#[derive(Debug)]
enum Job {
    /// Run an action.
    Action(Pending),
    /// Lend the connection and wait until it is back.
    Lend(Lend),
}

#[derive(Debug)]
struct Lend {
    give: SyncSender<Connection>,
    back: Receiver<Connection>,
}

/// The callers' end of the writer.
#[derive(Debug)]
pub(super) struct Writer {
    shared: Arc<Shared>,
    queue: Arc<Queue<Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(shared: Arc<Shared>, inline: Arc<Inline>, connection: Connection) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(shared.settings.write_queue_max));
        let mut work = WriterThread {
            shared: Arc::clone(&shared),
            queue: Arc::clone(&queue),
            inline,
            connection: Some(connection),
            log_copy: LogCopy::default(),
            started: Instant::now(),
            purged: None,
            others: Others::default(),
            idle_since: Instant::now(),
        };
        let thread = std::thread::Builder::new().name("martlet-writer".to_owned()).spawn(move || work.run())?;
        Ok(Self { shared, queue, thread: Mutex::new(Some(thread)) })
    }

    /// Runs an action in its turn.
    pub(super) async fn transact(
        &self,
        action: Arc<Action>,
        inputs: Inputs,
        once: Option<Once>,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let (reply, mut outcome) = oneshot::channel();
        let ticket = Arc::new(Ticket::default());
        let ticket_kept = Arc::clone(&ticket);
        let pending = Pending { action, inputs, once, deadline, wait: Wait::begin(), ticket: ticket_kept, reply };
        let pushed = self.queue.push(Job::Action(pending));
        pushed.inspect_err(|_| self.shared.statistics.writer.timed_out()).map_err(of_refused)?;
        let call_off = CallOff { queue: &self.queue, ticket: &ticket };
        match tokio::time::timeout_at(deadline.into(), &mut outcome).await {
            Ok(outcome) => outcome.unwrap_or_else(|_| Err(no_outcome())),
            Err(_) if call_off.now() => {
                self.shared.statistics.writer.timed_out();
                Err(Error::new(&code::DEADLINE, "the deadline passed while the action waited"))
            }
            // It has begun: only the writer knows how it ends.
            Err(_) => outcome.await.unwrap_or_else(|_| Err(no_outcome())),
        }
    }

    /// Runs something between two groups, on the writer's own connection. Blocks.
    pub(super) fn borrow<R>(&self, work: impl FnOnce(&mut Connection) -> R) -> Result<R, Error> {
        let (give, given) = sync_channel(1);
        let (bring_back, back) = sync_channel(1);
        self.queue.push_always(Job::Lend(Lend { give, back })).map_err(of_refused)?;
        let mut connection = given.recv().map_err(|_| read_only("the writer's connection cannot be opened"))?;
        let result = work(&mut connection);
        // If the writer has gone, so has its interest in the connection.
        let _ = bring_back.send(connection);
        Ok(result)
    }

    pub(super) fn queue_depth(&self) -> usize {
        self.queue.len()
    }

    /// Takes no more actions, finishes those accepted, empties the log and ends.
    pub(super) fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer ended by a panic");
        }
    }
}

/// Opens the connection that writes, with what notes its writes if anybody is told.
pub(super) fn open(shared: &Shared) -> rusqlite::Result<Connection> {
    let connection = Connection::open(&shared.database, Role::Writer, shared.settings.synchronous)?;
    if shared.settings.observer.is_some() {
        connection.capture(&shared.capture)?;
    }
    Ok(connection)
}

/// Calls an action off when its future is dropped before it has begun.
struct CallOff<'a> {
    queue: &'a Queue<Job>,
    ticket: &'a Arc<Ticket>,
}

impl CallOff<'_> {
    fn now(&self) -> bool {
        let is_off = self.ticket.cancel();
        if is_off {
            self.queue.remove(|job| matches!(job, Job::Action(action) if Arc::ptr_eq(&action.ticket, self.ticket)));
        }
        is_off
    }
}

impl Drop for CallOff<'_> {
    fn drop(&mut self) {
        self.now();
    }
}

fn of_refused(refused: Refused) -> Error {
    match refused {
        Refused::Full => Error::new(&code::QUEUE_FULL, "too many writes wait"),
        Refused::Closed => super::closed(),
    }
}

fn no_outcome() -> Error {
    Error::internal("the writer ended without an outcome")
}

fn read_only(operator: &str) -> Error {
    Error::new(&code::READ_ONLY, "the database cannot be written just now").operator(operator)
}

/// In which moment the log may be copied.
enum When {
    /// There was nothing to do for a while.
    Idle,
    /// A group has been answered.
    Served,
}

struct WriterThread {
    shared: Arc<Shared>,
    queue: Arc<Queue<Job>>,
    /// Those of the readers that may hold a snapshot.
    inline: Arc<Inline>,
    /// None after the disk failed, until it opens again; for ever where it did not keep what was written.
    connection: Option<Connection>,
    /// What of the log has been copied into the database.
    log_copy: LogCopy,
    started: Instant,
    /// When expired idempotency keys were last removed.
    purged: Option<Instant>,
    /// What others have written.
    others: Others,
    /// When there was work last, or what is done in idle moments was done.
    idle_since: Instant,
}

impl WriterThread {
    fn run(&mut self) {
        loop {
            let is_action = |job: &Job| matches!(job, Job::Action(_));
            // Without anybody to tell, others' writes are not looked for, and an idle server stays asleep.
            let idle = if self.shared.settings.observer.is_some() { LOOK_EVERY } else { IDLE };
            let taken = self.queue.take(limits::WRITE_GROUP_MAX, idle, is_action);
            if matches!(taken, Taken::Closed) {
                break;
            }
            // Whatever it does: without this thread there is no write any more.
            let work = AssertUnwindSafe(|| match taken {
                Taken::Items(jobs) => self.serve(jobs),
                Taken::Idle => {
                    self.look_for_others();
                    if !self.is_idle_over() {
                        return;
                    }
                    self.purge();
                    self.inline.let_snapshots_go();
                    self.checkpoint(When::Idle);
                }
                Taken::Closed => {}
            });
            if catch_unwind(work).is_err() {
                tracing::error!("panic in the writer; its connection is opened again");
                self.connection = None;
            }
        }
        if let Some(connection) = self.connection.take().filter(|_| !self.shared.is_disk_lost()) {
            let emptied = connection.sqlite.wal_checkpoint_v2(Some("main"), CheckpointMode::TRUNCATE);
            if let Err(failure) = emptied {
                tracing::warn!(error = %failure, "the log could not be emptied; the next start recovers from it");
            }
        }
    }

    /// Whether there has been no work for so long that it is time for what is done in idle moments.
    fn is_idle_over(&mut self) -> bool {
        let is_over = self.idle_since.elapsed() >= IDLE;
        if is_over {
            self.idle_since = Instant::now();
        }
        is_over
    }

    fn serve(&mut self, jobs: Vec<Job>) {
        self.idle_since = Instant::now();
        let mut actions = Vec::with_capacity(jobs.len());
        for job in jobs {
            match job {
                Job::Action(pending) => actions.push(pending),
                Job::Lend(lend) => self.lend(lend),
            }
        }
        if actions.is_empty() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        match self.ensure_connection() {
            Ok((connection, others)) => {
                let aftermath = group::run(&shared, connection, others, actions, GROUP_TIME_MAX);
                self.after(aftermath);
            }
            Err(error) => {
                for pending in actions {
                    let _ = pending.reply.send(Err(error.clone()));
                }
            }
        }
        if self.purged.unwrap_or(self.started).elapsed() >= PURGE_EVERY * 10 {
            self.purge();
        }
        self.checkpoint(When::Served);
    }

    /// In an idle moment; a group looks by itself.
    fn look_for_others(&mut self) {
        let shared = Arc::clone(&self.shared);
        if shared.settings.observer.is_some()
            && let Ok((connection, others)) = self.ensure_connection()
        {
            others.look(&shared, connection);
        }
    }

    fn after(&mut self, aftermath: Aftermath) {
        if aftermath == Aftermath::Sound {
            return;
        }
        self.connection = None;
        if self.shared.is_disk_lost() {
            self.bury();
        } else {
            tracing::error!("the disk failed at a commit; the writer's connection is opened again");
        }
    }

    /// Writes over what the refused commit left in the log, once: it ends in a sound record of a commit there, and the
    /// next start would take it for one. Nobody is told of this write, and whether it is kept decides nothing.
    fn bury(&self) {
        let bury = || {
            let mut connection =
                Connection::open(&self.shared.database, Role::Writer, self.shared.settings.synchronous)?;
            connection.sqlite.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
            let version: i64 = connection.sqlite.pragma_query_value(None, "user_version", |row| row.get(0))?;
            connection.sqlite.pragma_update(None, "user_version", version)
        };
        let written: rusqlite::Result<()> = bury();
        if let Err(failure) = written {
            tracing::error!(error = %failure, "what the refused commit wrote may be found by the next start");
        }
    }

    /// The connection; opened again after the disk failed: then the file decides what is there.
    fn ensure_connection(&mut self) -> Result<(&Connection, &mut Others), Error> {
        if self.shared.is_disk_lost() {
            self.connection = None;
            return Err(read_only("a sync failed before; the server must be started anew"));
        }
        if self.connection.is_none() {
            let opened = open(&self.shared);
            let opened = opened.map_err(|failure| error::translate(&failure, &self.shared.constraint_names()));
            self.connection = Some(opened.inspect_err(|_| self.shared.note_write(false))?);
            // What others have written is counted for each connection by itself.
            self.others = Others::default();
            if self.shared.settings.observer.is_some() {
                self.shared.forget_all();
            }
        }
        let connection = self.connection.as_ref().ok_or_else(no_outcome)?;
        Ok((connection, &mut self.others))
    }

    fn lend(&mut self, lend: Lend) {
        if self.ensure_connection().is_err() {
            return;
        }
        if let Some(connection) = self.connection.take()
            && lend.give.send(connection).is_ok()
        {
            // Not brought back: a panic took it; the next action opens another.
            self.connection = lend.back.recv().ok();
        }
    }

    /// Removes expired idempotency keys, some at a time.
    fn purge(&mut self) {
        if self.purged.is_some_and(|at| at.elapsed() < PURGE_EVERY) {
            return;
        }
        let Some(connection) = self.connection.as_ref().filter(|_| !self.shared.is_disk_lost()) else { return };
        let has_more = idempotency::purge(&self.shared, connection);
        self.purged = (!has_more).then(Instant::now);
    }

    /// Copies the log into the database where so many pages have come since the last time.
    fn checkpoint(&mut self, when: When) {
        let Some(connection) = self.connection.as_ref().filter(|_| !self.shared.is_disk_lost()) else { return };
        let pages = connection.wal_pages.load(Ordering::Relaxed);
        self.log_copy.see(pages);
        self.shared.let_hold(self.log_copy.may_hold(pages));
        let started = Instant::now();
        let is_due = match when {
            When::Idle => self.log_copy.has_new(pages),
            When::Served => self.log_copy.is_due(pages, self.queue.len() > 0, started),
        };
        if !is_due {
            return;
        }
        self.inline.let_snapshots_go();
        let copied = connection.sqlite.wal_checkpoint_v2(Some("main"), CheckpointMode::PASSIVE);
        // Snapshots from now on need nothing of the log, and the next write begins it again from the front.
        self.inline.let_snapshots_go();
        let is_whole = copied.as_ref().is_ok_and(|(in_log, in_file)| in_log == in_file);
        self.log_copy.copied(pages, is_whole, started, Instant::now());
        self.shared.let_hold(is_whole);
        let took_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.shared.statistics.checkpoints.observe(took_ns);
        if let Err(failure) = copied {
            self.shared.note_failure(&failure);
            tracing::warn!(error = %failure, "the log could not be copied into the database");
        }
    }
}
