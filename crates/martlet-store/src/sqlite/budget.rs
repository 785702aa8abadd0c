//! What a running statement may spend: steps, time, and the patience of a client that may have gone.
//!
//! One progress handler per connection looks at this every [`STEPS_PER_TICK`] steps. It is set up once, because it
//! outlives each statement; what it compares with is armed for each run. No other thread ever interrupts a
//! connection, so that a late interrupt cannot hit the next statement.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Virtual-machine steps between two looks.
pub(super) const STEPS_PER_TICK: u32 = 1_000;

/// Why a statement was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// The steps of an inline read are used up: it goes on elsewhere.
    Budget,
    /// The deadline passed.
    Deadline,
    /// Nobody waits for the answer any more.
    Gone,
}

/// What a run may spend.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Steps; none: unbounded.
    pub(super) steps_max: Option<u32>,
    /// When to stop.
    pub(super) deadline: Instant,
    /// Set when nobody waits any more.
    pub(super) gone: Option<Arc<AtomicBool>>,
}

/// The allowance of the connection's present run, and why it was stopped.
#[derive(Debug)]
pub(super) struct Meter {
    base: Instant,
    ticks_left: AtomicI64,
    deadline_nanos: AtomicU64,
    gone: Mutex<Option<Arc<AtomicBool>>>,
    stop: AtomicU8,
}

impl Meter {
    pub(super) fn new() -> Self {
        Self {
            base: Instant::now(),
            ticks_left: AtomicI64::new(i64::MAX),
            deadline_nanos: AtomicU64::new(u64::MAX),
            gone: Mutex::new(None),
            stop: AtomicU8::new(0),
        }
    }

    /// Starts to count, until the guard is dropped: what follows (COMMIT, ROLLBACK, a statement prepared ahead) must
    /// never be interrupted. All atomics are relaxed: a connection belongs to one thread at a time.
    pub(super) fn arm(&self, allowance: Allowance) -> Armed<'_> {
        let ticks = allowance.steps_max.map_or(i64::MAX, |steps| i64::from(steps / STEPS_PER_TICK));
        let nanos = allowance.deadline.saturating_duration_since(self.base).as_nanos();
        self.ticks_left.store(ticks, Relaxed);
        self.deadline_nanos.store(u64::try_from(nanos).unwrap_or(u64::MAX), Relaxed);
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = allowance.gone;
        self.stop.store(0, Relaxed);
        Armed(self)
    }

    fn disarm(&self) {
        self.ticks_left.store(i64::MAX, Relaxed);
        self.deadline_nanos.store(u64::MAX, Relaxed);
        *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The handler: whether to stop now.
    pub(super) fn tick(&self) -> bool {
        let left = self.ticks_left.load(Relaxed);
        self.ticks_left.store(left.saturating_sub(1), Relaxed);
        let stop = if left <= 0 { Some(Stop::Budget) } else { self.overdue() };
        self.stop.store(stop.map_or(0, |stop| stop as u8 + 1), Relaxed);
        stop.is_some()
    }

    /// Whether the deadline has passed or the client has gone, looked at now.
    pub(super) fn overdue(&self) -> Option<Stop> {
        self.overdue_at(Instant::now())
    }

    /// The same at a time that the caller has just read.
    pub(super) fn overdue_at(&self, now: Instant) -> Option<Stop> {
        let deadline = self.deadline_nanos.load(Relaxed);
        if deadline != u64::MAX && now.saturating_duration_since(self.base).as_nanos() >= u128::from(deadline) {
            return Some(Stop::Deadline);
        }
        let gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        gone.as_ref().is_some_and(|gone| gone.load(Relaxed)).then_some(Stop::Gone)
    }

    /// Why the last statement was interrupted.
    pub(super) fn stopped(&self) -> Option<Stop> {
        match self.stop.load(Relaxed) {
            1 => Some(Stop::Budget),
            2 => Some(Stop::Deadline),
            3 => Some(Stop::Gone),
            _ => None,
        }
    }
}

/// The meter counts as long as this lives.
#[derive(Debug)]
#[must_use]
pub(super) struct Armed<'a>(&'a Meter);

impl Drop for Armed<'_> {
    fn drop(&mut self) {
        self.0.disarm();
    }
}
