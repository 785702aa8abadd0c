//! How long answers took, kept to three digits in constant memory (an HDR histogram).

use hdrhistogram::Histogram;
use std::time::Duration;

/// What is shorter counts as this; what is longer than the last counts as that.
const LEAST: Duration = Duration::from_micros(1);
const MOST: Duration = Duration::from_secs(600);
const DIGITS: u8 = 3;

/// Durations, and what share of them was below what.
#[derive(Debug, Clone)]
pub struct Latency {
    histogram: Histogram<u64>,
}

impl Latency {
    /// Begins empty.
    pub fn new() -> Self {
        let (least, most) = (LEAST.as_nanos() as u64, MOST.as_nanos() as u64);
        let histogram = Histogram::new_with_bounds(least, most, DIGITS).expect("the bounds are constant and sound");
        Self { histogram }
    }

    /// Counts one.
    pub fn record(&mut self, duration: Duration) {
        self.histogram.saturating_record(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds all of another's.
    pub fn merge(&mut self, other: &Self) {
        self.histogram.add(&other.histogram).expect("both have the same bounds");
    }

    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The duration that this share of all (0.99) did not exceed; zero where there are none.
    pub fn at(&self, share: f64) -> Duration {
        if self.count() == 0 {
            return Duration::ZERO;
        }
        Duration::from_nanos(self.histogram.value_at_quantile(share).min(self.histogram.max()))
    }

    /// The longest; zero where there are none.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.histogram.max())
    }

    /// The mean; zero where there are none.
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.histogram.mean() as u64)
    }

    /// Counts by powers of two from a microsecond on: the end of each bucket, and how many fell below it but not
    /// below the one before. Empty ones at both ends are left out.
    pub fn buckets(&self) -> Vec<(Duration, u64)> {
        let mut buckets = Vec::new();
        let (mut end, mut before) = (LEAST, 0);
        while before < self.count() {
            let below = self.histogram.count_between(0, end.as_nanos() as u64 - 1);
            let is_last = end > MOST;
            let below = if is_last { self.count() } else { below };
            if below > before || !buckets.is_empty() {
                buckets.push((end, below - before));
            }
            before = below;
            end *= 2;
        }
        buckets
    }
}

impl Default for Latency {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_thousandth() {
        let mut latency = Latency::new();
        (1..=10_000).for_each(|us| latency.record(Duration::from_micros(us)));
        for (share, wanted_us) in [(0.5, 5_000.0), (0.99, 9_900.0), (0.999, 9_990.0), (1.0, 10_000.0)] {
            let got_us = latency.at(share).as_secs_f64() * 1e6;
            assert!((got_us - wanted_us).abs() <= wanted_us * 0.001 + 1.0, "{share}: {got_us}, wanted {wanted_us}");
        }
        assert_eq!(latency.count(), 10_000);
    }

    #[test]
    fn nothing_counted_is_zero_and_extremes_are_kept_at_the_ends() {
        let mut latency = Latency::new();
        assert_eq!((latency.at(0.99), latency.max(), latency.buckets().len()), (Duration::ZERO, Duration::ZERO, 0));
        latency.record(Duration::ZERO);
        latency.record(Duration::from_secs(86_400));
        assert_eq!(latency.count(), 2);
        assert!(latency.max() >= MOST);
        assert_eq!(latency.buckets().iter().map(|(_, count)| count).sum::<u64>(), 2);
    }

    #[test]
    fn buckets_hold_each_once_and_merge_adds() {
        let (mut one, mut other) = (Latency::new(), Latency::new());
        one.record(Duration::from_micros(100));
        other.record(Duration::from_micros(1_000));
        other.record(Duration::from_micros(1_100));
        one.merge(&other);
        let buckets = one.buckets();
        assert_eq!(buckets.first(), Some(&(Duration::from_micros(128), 1)));
        assert_eq!(buckets.last().map(|(_, count)| *count), Some(1));
        assert_eq!(buckets.iter().map(|(_, count)| count).sum::<u64>(), 3);
    }
}
