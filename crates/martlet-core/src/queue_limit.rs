//! How many may wait in a queue: as many as are served within a target time, by the rate that is measured.
//!
//! By Little's law a queue of `rate * target` makes its last one wait `target`. Only the rate has to be measured, and
//! only while the queue is never empty: then it is what can be served, not what is asked. Nothing feeds back: a
//! limit that is too small or too large changes how long the queue is, not what is served, so it cannot swing.
//!
//! Bursts are let in: the excess is refused only once more than the limit have waited for a while, and until
//! fewer than half of it wait. Which one is refused is whose turn it is: all wait equally long, nobody starves.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The least time over which a rate is measured.
const WINDOW_NS: u64 = 50_000_000;
/// A window goes on until so many were served...
const WINDOW_SERVED_MIN: u64 = 16;
/// ...but not longer than this.
const WINDOW_NS_MAX: u64 = 1_000_000_000;

/// Within what a limit moves.
#[derive(Debug, Clone, Copy)]
pub struct QueueBounds {
    /// How long the last of the queue should wait.
    pub target: Duration,
    /// How long more than the limit may wait before any is refused.
    pub patience: Duration,
    /// So many may always wait.
    pub min: usize,
    /// More never may.
    pub max: usize,
}

/// The limit of one queue. Lock-free; times are nanoseconds since any one moment, the same for all calls.
#[derive(Debug)]
pub struct QueueLimit {
    bounds: QueueBounds,
    limit: AtomicUsize,
    /// Since when more wait than may, plus one; 0: they do not.
    above_since: AtomicU64,
    window: Window,
}

#[derive(Debug, Default)]
struct Window {
    began: AtomicU64,
    served: AtomicU64,
    served_before: AtomicU64,
    was_empty: AtomicBool,
    /// Served a second; 0: not yet known.
    rate: AtomicU64,
}

impl QueueLimit {
    /// A limit that lets all in up to `max` until it has measured.
    pub fn new(bounds: QueueBounds) -> Self {
        let bounds = QueueBounds { max: bounds.max.max(bounds.min), ..bounds };
        Self { bounds, limit: AtomicUsize::new(bounds.max), above_since: AtomicU64::new(0), window: Window::default() }
    }

    /// Whether one more may be begun (or may wait), with so many waiting besides it.
    pub fn admits(&self, now_ns: u64, waiting: usize) -> bool {
        let began = self.window.began.load(Relaxed);
        if now_ns.saturating_sub(began) >= WINDOW_NS {
            self.end_window(began, now_ns);
        }
        // After the window's end: the quiet that may follow is the next one's.
        if waiting == 0 {
            self.emptied();
        }
        self.judge(now_ns, waiting)
    }

    /// Counts one as served.
    pub fn served(&self) {
        self.window.served.fetch_add(1, Relaxed);
    }

    /// Nobody waits any more.
    pub fn emptied(&self) {
        if !self.window.was_empty.load(Relaxed) {
            self.window.was_empty.store(true, Relaxed);
        }
    }

    /// Whether more than may have waited of late: then some may be refused.
    pub fn is_strained(&self) -> bool {
        self.above_since.load(Relaxed) != 0
    }

    /// How many may wait now.
    pub fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    fn judge(&self, now_ns: u64, waiting: usize) -> bool {
        let limit = self.limit.load(Relaxed);
        let since = self.above_since.load(Relaxed);
        if waiting <= limit {
            if since != 0 && waiting <= limit / 2 {
                self.above_since.store(0, Relaxed);
            }
            return true;
        }
        if since == 0 {
            // Of several threads any one's moment will do.
            self.above_since.store(now_ns + 1, Relaxed);
            return self.bounds.patience > Duration::ZERO;
        }
        u128::from((now_ns + 1).saturating_sub(since)) < self.bounds.patience.as_nanos()
    }

    fn end_window(&self, began: u64, now_ns: u64) {
        let window = &self.window;
        let served = window.served.load(Relaxed);
        let count = served.saturating_sub(window.served_before.load(Relaxed));
        let took_ns = now_ns - began;
        if count < WINDOW_SERVED_MIN && took_ns < WINDOW_NS_MAX {
            return;
        }
        // Whoever moves the beginning ends the window; the others have nothing to do.
        if window.began.compare_exchange(began, now_ns, Relaxed, Relaxed).is_err() {
            return;
        }
        window.served_before.store(served, Relaxed);
        let measured = u64::try_from(u128::from(count) * 1_000_000_000 / u128::from(took_ns)).unwrap_or(u64::MAX);
        let known = window.rate.load(Relaxed);
        let rate = if window.was_empty.swap(false, Relaxed) {
            // More could have been served: it only shows that the rate is not lower.
            if known == 0 || measured <= known {
                return;
            }
            measured
        } else if known == 0 {
            measured.max(1)
        } else {
            (known / 2 + measured / 2).max(1)
        };
        window.rate.store(rate, Relaxed);
        let fitting = u128::from(rate) * self.bounds.target.as_nanos() / 1_000_000_000;
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        self.limit.store(fitting.clamp(self.bounds.min, self.bounds.max), Relaxed);
    }
}

#[cfg(test)]
mod tests;
