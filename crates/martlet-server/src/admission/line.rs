//! Who waits, and for how long: the driver's wake-ups are counted on their way to a connection's task.

use martlet_core::Histogram;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

/// Upper bounds of the time until a connection's turn, in nanoseconds.
const DELAY_BOUNDS: &[u64] = &[
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
];

/// The connections whose bytes have come and whose turn has not.
#[derive(Debug)]
pub(crate) struct Line {
    base: Instant,
    pub(super) waiting: AtomicUsize,
    delay: Histogram,
}

impl Line {
    pub(super) fn new() -> Self {
        Self { base: Instant::now(), waiting: AtomicUsize::new(0), delay: Histogram::new(DELAY_BOUNDS) }
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    pub(crate) fn delay(&self) -> &Histogram {
        &self.delay
    }

    /// Counts how long one has waited.
    pub(super) fn note_waited(&self, waited: Duration) {
        self.delay.observe(u64::try_from(waited.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(super) fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.base).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One connection's place in the line.
#[derive(Debug)]
pub(crate) struct Turn {
    line: Arc<Line>,
    /// When its bytes came, in nanoseconds of the line's; 0: it does not wait.
    woken: AtomicU64,
    /// The same of the turn that it has now.
    came: AtomicU64,
}

impl Turn {
    pub(crate) fn new(line: Arc<Line>) -> Self {
        Self { line, woken: AtomicU64::new(0), came: AtomicU64::new(0) }
    }

    /// Its bytes have come.
    fn wake(&self) {
        if self.woken.load(Relaxed) == 0 {
            let now = self.line.nanos(Instant::now()).max(1);
            if self.woken.compare_exchange(0, now, Relaxed, Relaxed).is_ok() {
                self.line.waiting.fetch_add(1, Relaxed);
            }
        }
    }

    /// Its turn has come, whatever it does with it.
    pub(crate) fn take(&self) {
        if self.woken.load(Relaxed) != 0 {
            let woken = self.woken.swap(0, Relaxed);
            if woken != 0 {
                self.line.waiting.fetch_sub(1, Relaxed);
                self.came.store(woken, Relaxed);
            }
        }
    }

    /// Whether others wait too.
    pub(crate) fn is_crowded(&self) -> bool {
        self.line.waiting() > 0
    }

    /// When the bytes of the request came that is read in this turn. Each is told once: of several in the same bytes
    /// only the first has waited.
    pub(crate) fn came(&self) -> Option<Instant> {
        let came = self.came_yet();
        if came.is_some() {
            self.came.store(0, Relaxed);
        }
        came
    }

    /// The same, to be told again.
    pub(crate) fn came_yet(&self) -> Option<Instant> {
        let came = self.came.load(Relaxed);
        (came != 0).then(|| self.line.base + Duration::from_nanos(came))
    }

    /// Its request is answered: what woke it meanwhile was the rest of that.
    pub(crate) fn end(&self) {
        self.came.store(0, Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.take();
    }
}

/// Wakes a connection's task and notes when.
#[derive(Debug)]
pub(crate) struct Relay {
    turn: Arc<Turn>,
    task: Waker,
}

impl Relay {
    /// The waker to give to the stream; the one from before where it still stands for the task.
    pub(crate) fn of<'a>(kept: &'a mut Option<(Arc<Relay>, Waker)>, turn: &Arc<Turn>, task: &Waker) -> &'a Waker {
        // A task's waker stays the same: this makes one for each connection.
        if !kept.as_ref().is_some_and(|(relay, _)| relay.task.will_wake(task)) {
            let relay = Arc::new(Relay { turn: Arc::clone(turn), task: task.clone() });
            let waker = Waker::from(Arc::clone(&relay));
            *kept = Some((relay, waker));
        }
        &kept.as_ref().expect("made above").1
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.turn.wake();
        self.task.wake_by_ref();
    }
}
