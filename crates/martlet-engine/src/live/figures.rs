//! What following has done, for the operator.

use martlet_core::{Histogram, HistogramCounts};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Upper bounds of the time from a commit to the hand-over, or to the write, of what it changed, in nanoseconds.
pub const DELIVERY_BOUNDS: &[u64] = &[
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
];

/// What following has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveFigures {
    /// Answers that are followed now, each once however many follow it.
    pub groups: usize,
    /// Those who follow now.
    pub followers: usize,
    /// Frames that followers were given.
    pub frames: u64,
    /// Runs of followed queries that gave another answer, the first one included.
    pub reruns_changed: u64,
    /// Those that gave the same answer, of which nobody was told.
    pub reruns_same: u64,
    /// Those that failed.
    pub reruns_failed: u64,
    /// From the moment that a commit could be seen until a follower was given what it changed, in nanoseconds.
    pub delivery: HistogramCounts,
}

/// The counters behind it.
#[derive(Debug)]
pub(super) struct Counters {
    frames: AtomicU64,
    changed: AtomicU64,
    same: AtomicU64,
    failed: AtomicU64,
    delivery: Histogram,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rerun {
    Changed,
    Same,
    Failed,
}

impl Default for Counters {
    fn default() -> Self {
        let zero = || AtomicU64::new(0);
        let delivery = Histogram::new(DELIVERY_BOUNDS);
        Self { frames: zero(), changed: zero(), same: zero(), failed: zero(), delivery }
    }
}

impl Counters {
    /// A follower was given a frame, so long after its commit could be seen.
    pub(super) fn handed_over(&self, after: Option<Duration>) {
        self.frames.fetch_add(1, Relaxed);
        if let Some(after) = after {
            self.delivery.observe(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
        }
    }

    pub(super) fn ran(&self, rerun: Rerun) {
        let counter = match rerun {
            Rerun::Changed => &self.changed,
            Rerun::Same => &self.same,
            Rerun::Failed => &self.failed,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn figures(&self, groups: usize, followers: usize) -> LiveFigures {
        LiveFigures {
            groups,
            followers,
            frames: self.frames.load(Relaxed),
            reruns_changed: self.changed.load(Relaxed),
            reruns_same: self.same.load(Relaxed),
            reruns_failed: self.failed.load(Relaxed),
            delivery: self.delivery.counts(),
        }
    }
}
