//! How often what is followed is run again: a share of the processors, so that reads keep theirs.
//!
//! What the runs cost is a debt that is paid off at the rate of the share. Nothing waits while it is small; when more
//! is changed than the share pays for, each answer comes later by its part of what all of them cost.

use std::time::{Duration, Instant};

/// Of the processors' time, the part that runs may take: 1 of so many.
const SHARE: u32 = 4;
/// A debt that nobody waits for.
const DEBT_FREE: Duration = Duration::from_millis(50);

/// The debt.
#[derive(Debug)]
pub(super) struct Pace {
    /// Paid off in a second, in seconds.
    rate: f64,
    debt: Duration,
    at: Instant,
}

impl Pace {
    pub(super) fn new(processors: usize, now: Instant) -> Self {
        let processors = u32::try_from(processors.max(1)).unwrap_or(u32::MAX);
        Self { rate: f64::from(processors) / f64::from(SHARE), debt: Duration::ZERO, at: now }
    }

    /// Runs have cost so much.
    pub(super) fn spent(&mut self, cost: Duration, now: Instant) {
        self.debt = self.debt_at(now) + cost;
        self.at = now;
    }

    /// When the next run may begin.
    pub(super) fn free_at(&self, now: Instant) -> Instant {
        let over = self.debt_at(now).saturating_sub(DEBT_FREE);
        now + over.div_f64(self.rate)
    }

    fn debt_at(&self, now: Instant) -> Duration {
        let passed = now.saturating_duration_since(self.at);
        self.debt.saturating_sub(passed.mul_f64(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn little_is_run_at_once_and_more_takes_its_share() {
        let start = Instant::now();
        let mut pace = Pace::new(2, start);
        pace.spent(50 * MS, start);
        assert_eq!(pace.free_at(start), start);
        // Half a second of a processor in each second.
        pace.spent(100 * MS, start);
        assert_eq!(pace.free_at(start), start + 200 * MS);
        assert_eq!(pace.free_at(start + 150 * MS), start + 200 * MS);
        assert_eq!(pace.free_at(start + 200 * MS), start + 200 * MS);
        // It never owes less than nothing.
        let later = start + 60_000 * MS;
        assert_eq!(pace.free_at(later), later);
        pace.spent(60 * MS, later);
        assert_eq!(pace.free_at(later), later + 20 * MS);
    }

    /// The gap is what all that change cost, over the share.
    #[test]
    fn what_changes_all_the_time_is_run_as_often_as_the_share_pays_for() {
        let start = Instant::now();
        let (mut pace, mut now, mut runs) = (Pace::new(2, start), start, 0);
        while now < start + 10_000 * MS {
            now = pace.free_at(now) + 5 * MS;
            pace.spent(10 * MS, now);
            runs += 1;
        }
        // 10 ms each, half of a processor: 50 in a second.
        assert!((480..=520).contains(&runs), "{runs}");
    }
}
