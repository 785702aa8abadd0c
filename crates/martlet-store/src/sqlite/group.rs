//! Group commit: many actions, one SAVEPOINT each, one COMMIT.
//!
//! Order of events (design.md, section 5):
//! - Nothing of a group, refusals included, is answered before its COMMIT; if that fails, all get its error.
//! - After every action the connection is asked whether the transaction still stands: an interrupt, RAISE(ROLLBACK)
//!   and some errors end it whole. Then the offender gets its error and the others run again from their inputs.
//! - Those before the offender are committed on their own first, so that each action runs at most once more for each
//!   offender behind it in its group, and an offender's refusal, which may rest on what they wrote, is told after
//!   what it rests on is durable.

use super::Shared;
use super::bind::FirstRows;
use super::budget::{Allowance, Stop};
use super::connection::Connection;
use super::error;
use super::foreign::Others;
use super::idempotency;
use super::run::{Failure, Run, Wanted};
use super::shared::is_of_database;
use super::statistics::Ended;
use crate::canonical::AnswerLayout;
use crate::{Answer, Inputs, Once};
use bytes::Bytes;
use martlet_core::{Error, code};
use martlet_sql::{Action, Bind, Expect};
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Whether an action has begun; decides who may still call it off.
#[derive(Debug, Default)]
pub(super) struct Ticket(AtomicU8);

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const CANCELLED: u8 = 2;

impl Ticket {
    /// Calls the action off; false if it has begun.
    pub(super) fn cancel(&self) -> bool {
        self.0.compare_exchange(WAITING, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Begins; false if it was called off.
    fn start(&self) -> bool {
        self.0.compare_exchange(WAITING, STARTED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What was done is undone: as if it had never begun.
    fn undo(&self) {
        let _ = self.0.compare_exchange(STARTED, WAITING, Ordering::AcqRel, Ordering::Acquire);
    }
}

/// An action that waits for its outcome.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) action: Arc<Action>,
    pub(super) inputs: Inputs,
    /// The key under which it has one effect.
    pub(super) once: Option<Once>,
    pub(super) deadline: Instant,
    /// How long it has waited for its turn.
    pub(super) wait: Wait,
    pub(super) ticket: Arc<Ticket>,
    pub(super) reply: oneshot::Sender<Result<Answer, Error>>,
}

/// When an action came into the queue, and when its turn came last.
#[derive(Debug)]
pub(super) struct Wait {
    queued: Instant,
    waited_ns: AtomicU64,
}

impl Wait {
    pub(super) fn begin() -> Self {
        Self { queued: Instant::now(), waited_ns: AtomicU64::new(0) }
    }

    fn end(&self) {
        let waited_ns = u64::try_from(self.queued.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.waited_ns.store(waited_ns, Ordering::Relaxed);
    }

    /// The time waited, and the time since.
    fn and_since(&self) -> (Duration, Duration) {
        let waited = Duration::from_nanos(self.waited_ns.load(Ordering::Relaxed));
        (waited, self.queued.elapsed().saturating_sub(waited))
    }
}

/// Whether the connection may be used further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aftermath {
    /// Yes.
    Sound,
    /// The disk failed: nothing more may be acknowledged on it.
    Broken,
}

/// How one attempt at a group ended.
enum Attempt {
    /// With COMMIT, perhaps of the first part only. An action that was called off has no outcome.
    Committed(Vec<Option<Result<Done, Error>>>),
    /// Nothing was written and nobody is at fault.
    Failed(Error, Aftermath),
    /// One action ended the transaction of all.
    Lost { offender: usize, error: Error },
}

/// What an action gave, before its position is known.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) body: Option<Bytes>,
    pub(super) rows: u64,
    /// Whether it changed any row of the app's.
    pub(super) is_changed: bool,
}

/// Runs actions in order and answers each once its outcome is durable.
///
/// After `patience` a group is committed as far as it got: who is done need not wait for more long actions.
pub(super) fn run(
    shared: &Shared,
    connection: &Connection,
    others: &mut Others,
    actions: Vec<Pending>,
    patience: Duration,
) -> Aftermath {
    let mut waiting = actions;
    // Offenders, refused once those before them are durable.
    let mut refused: Vec<(Pending, Error)> = Vec::new();
    let mut cut = waiting.len();
    while !waiting.is_empty() || !refused.is_empty() {
        let rest = waiting.split_off(cut);
        let mut group = std::mem::replace(&mut waiting, rest);
        match attempt(shared, connection, others, &group, patience) {
            Attempt::Committed(outcomes) => {
                let mut rest = group.split_off(outcomes.len());
                answer(shared, group, outcomes);
                cut = rest.len();
                rest.append(&mut waiting);
                waiting = rest;
                if cut == 0 {
                    refused.drain(..).for_each(|(offender, error)| tell(shared, offender, Err(error)));
                    cut = waiting.len();
                }
            }
            Attempt::Failed(error, aftermath) => {
                let offenders = refused.drain(..).map(|(offender, _)| offender);
                let all = group.into_iter().chain(offenders).chain(waiting.drain(..));
                all.for_each(|pending| tell(shared, pending, Err(error.clone())));
                return aftermath;
            }
            Attempt::Lost { offender, error } => {
                group.iter().for_each(|pending| pending.ticket.undo());
                refused.push((group.remove(offender), error));
                group.append(&mut waiting);
                waiting = group;
                cut = offender;
            }
        }
    }
    Aftermath::Sound
}

fn answer(shared: &Shared, group: Vec<Pending>, outcomes: Vec<Option<Result<Done, Error>>>) {
    let position = shared.position();
    for (pending, outcome) in group.into_iter().zip(outcomes) {
        if let Some(outcome) = outcome {
            tell(
                shared,
                pending,
                outcome.map(|done| Answer { body: done.body, rows: done.rows, position, last: None, keys: None }),
            );
        }
    }
}

fn tell(shared: &Shared, pending: Pending, outcome: Result<Answer, Error>) {
    match &outcome {
        Ok(_) => shared.note_write(true),
        Err(error) if is_of_database(error) => shared.note_write(false),
        Err(_) => {}
    }
    let (waited, took) = pending.wait.and_since();
    let rows = outcome.as_ref().ok().map(|answer| answer.rows);
    let now = pending.inputs.now;
    shared.statistics.of_action(&pending.action).ended(Ended { rows, took, waited, now });
    shared.statistics.writer.waited(waited);
    // Nobody may wait any more: then there is nobody to tell.
    let _ = pending.reply.send(outcome);
}

fn attempt(
    shared: &Shared,
    connection: &Connection,
    others: &mut Others,
    group: &[Pending],
    patience: Duration,
) -> Attempt {
    if group.is_empty() {
        return Attempt::Committed(Vec::new());
    }
    let failed = |failure: &rusqlite::Error| {
        shared.statistics.note_busy(failure);
        shared.note_failure(failure);
        let aftermath = if error::is_disk_failure(failure) { Aftermath::Broken } else { Aftermath::Sound };
        Attempt::Failed(error::translate(failure, &shared.constraint_names()), aftermath)
    };
    if let Err(failure) = connection.run("BEGIN IMMEDIATE") {
        return failed(&failure);
    }
    others.look(shared, connection);
    shared.capture.begin();
    let mut outcomes = Vec::with_capacity(group.len());
    let mut is_changed = false;
    let began = Instant::now();
    for (index, pending) in group.iter().enumerate() {
        match run_in_savepoint(shared, connection, pending) {
            Ok(outcome) => {
                is_changed |= matches!(outcome, Some(Ok(Done { is_changed: true, .. })));
                outcomes.push(outcome);
            }
            Err(TransactionLost(error)) => return Attempt::Lost { offender: index, error },
        }
        if began.elapsed() >= patience {
            break;
        }
    }
    // Nobody needs to hear of a group that has changed nothing.
    let committed = if is_changed {
        shared.commit(&shared.capture.take(), || connection.run("COMMIT"))
    } else {
        connection.run("COMMIT")
    };
    match committed {
        Ok(()) => Attempt::Committed(outcomes),
        Err(failure) => {
            roll_back(connection);
            failed(&failure)
        }
    }
}

/// The whole transaction is gone, because of this.
struct TransactionLost(Error);

/// Runs one action; none: it was called off before it began.
fn run_in_savepoint(
    shared: &Shared,
    connection: &Connection,
    pending: &Pending,
) -> Result<Option<Result<Done, Error>>, TransactionLost> {
    if pending.reply.is_closed() || !pending.ticket.start() {
        return Ok(None);
    }
    pending.wait.end();
    if Instant::now() >= pending.deadline {
        shared.statistics.writer.timed_out();
        return Ok(Some(Err(error::of_stop(Stop::Deadline))));
    }
    if let Some(once) = &pending.once {
        match idempotency::find(shared, connection, once) {
            Ok(None) => {}
            Ok(Some(kept)) => return Ok(Some(kept)),
            Err(error) => return Ok(Some(Err(error))),
        }
    }
    let outcome = run_alone(shared, connection, pending)?;
    // What an expectation refused has been undone; the refusal itself is kept, in a savepoint of its own.
    if let (Some(once), Err(refusal)) = (&pending.once, &outcome)
        && idempotency::refusal_status(refusal).is_some()
    {
        let keep = || idempotency::keep(shared, connection, once, Err(refusal));
        if let Err(error) = in_savepoint(shared, connection, keep)? {
            return Ok(Some(Err(error)));
        }
    }
    Ok(Some(outcome))
}

/// Runs one action, and keeps its success.
fn run_alone(
    shared: &Shared,
    connection: &Connection,
    pending: &Pending,
) -> Result<Result<Done, Error>, TransactionLost> {
    in_savepoint(shared, connection, || {
        let changes = connection.sqlite.total_changes();
        let mut done = run_metered(shared, connection, pending)?;
        done.is_changed = connection.sqlite.total_changes() != changes;
        // Without a transaction there is nothing to keep it in; the savepoint's end tells so.
        if let Some(once) = pending.once.as_ref().filter(|_| !connection.is_autocommit()) {
            idempotency::keep(shared, connection, once, Ok(&done))?;
        }
        Ok(done)
    })
}

fn run_metered(shared: &Shared, connection: &Connection, pending: &Pending) -> Result<Done, Error> {
    connection.set_now(pending.inputs.now);
    let armed = connection.meter.arm(Allowance { steps_max: None, deadline: pending.deadline, gone: None });
    let result = catch_unwind(AssertUnwindSafe(|| run_steps(shared, connection, pending)));
    drop(armed);
    result.unwrap_or_else(|panic| Err(of_panic(&*panic)))
}

/// Runs something in a savepoint, which is undone where it fails.
fn in_savepoint<T>(
    shared: &Shared,
    connection: &Connection,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<Result<T, Error>, TransactionLost> {
    let translate = |failure: rusqlite::Error| error::translate(&failure, &shared.constraint_names());
    let mark = shared.capture.mark();
    if let Err(failure) = connection.run("SAVEPOINT action") {
        return lost_or(connection, translate(failure));
    }
    let result = work();
    if connection.is_autocommit() {
        let error = result.err().unwrap_or_else(|| Error::internal("the transaction ended without an error"));
        return Err(TransactionLost(error));
    }
    let result = result.and_then(|done| connection.run("RELEASE action").map_err(translate).map(|()| done));
    let Err(error) = result else {
        return Ok(result);
    };
    let undone = connection.run("ROLLBACK TO action").and_then(|()| connection.run("RELEASE action"));
    if undone.is_err() || connection.is_autocommit() {
        return lost_or(connection, error);
    }
    shared.capture.cut_back(mark);
    Ok(Err(error))
}

/// Where undoing one action is not possible, all is undone.
fn lost_or<T>(connection: &Connection, error: Error) -> Result<T, TransactionLost> {
    roll_back(connection);
    Err(TransactionLost(error))
}

/// Ends the transaction if one is open. Its own error is no news: the transaction is gone either way.
fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        let _ = connection.run("ROLLBACK");
    }
}

fn of_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::internal(format!("panic in an action: {text}"))
}

fn run_steps(shared: &Shared, connection: &Connection, pending: &Pending) -> Result<Done, Error> {
    let action = &*pending.action;
    let statistics = shared.statistics.of_action(action);
    let at = Cell::new(Instant::now());
    let run = Run { shared, connection, statistics: &statistics, name: &action.declaration.name, at: &at };
    let mut steps: FirstRows = vec![None; action.steps.len()];
    let mut answer = Done { body: None, rows: 0, is_changed: false };
    let columns = action.steps.get(action.answer).map_or(&[][..], |step| &step.statement.columns);
    let layout = AnswerLayout::new(action.declaration.returns, columns);
    for (index, step) in action.steps.iter().enumerate() {
        let is_answer = index == action.answer;
        let wanted = Wanted {
            answer: is_answer.then_some(&layout),
            first_row: is_used_later(action, index),
            all_rows: step.expect.is_some(),
            page: None,
            is_bulk: false,
        };
        let output =
            run.statement(index, &step.statement, &pending.inputs, &steps, wanted).map_err(Failure::into_error)?;
        // `@expect` decides before `@returns row` complains of a row that is missing, or of one too many.
        if let Some(expect) = &step.expect
            && !expect.rows.holds(output.rows)
        {
            return Err(of_expect(expect));
        }
        let body = output.body?;
        steps[index] = output.first_row;
        if is_answer {
            answer = Done { body, rows: output.rows, is_changed: false };
        }
    }
    pending.inputs.demand.check(layout.returns(), answer.rows)?;
    Ok(answer)
}

fn is_used_later(action: &Action, index: usize) -> bool {
    let later = action.steps.iter().skip(index + 1).flat_map(|step| &step.statement.sqlite.binds);
    later.into_iter().any(|bind| matches!(bind, Bind::StepColumn { step, .. } if *step == index))
}

fn of_expect(expect: &Expect) -> Error {
    of_refusal(expect.status, expect.code.clone(), expect.message.clone())
}

/// The error of a refusal that an author wrote.
pub(super) fn of_refusal(status: u16, code: String, message: String) -> Error {
    let base = match status {
        401 => &code::BAD_TOKEN,
        403 => &code::FORBIDDEN,
        404 | 410 => &code::NO_ROW,
        405 => &code::METHOD,
        413 => &code::BODY_TOO_LARGE,
        409 | 412 => &code::EXPECTATION_FAILED,
        _ => &code::ARGUMENTS,
    };
    let mut error = Error::new(base, message);
    error.code = code.into();
    error.kind = match status {
        422 => martlet_core::Kind::Unprocessable,
        429 => martlet_core::Kind::RateLimited,
        _ => base.kind,
    };
    error.status = Some(status);
    error
}

#[cfg(test)]
mod tests;
