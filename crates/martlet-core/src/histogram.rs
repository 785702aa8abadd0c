//! Counting without a lock: histograms whose bounds are known beforehand, and percentiles over a wide range.
//!
//! Written here because the counts must be plain atomics that the hot path touches once; what reads them adds up.

mod spread;

pub use spread::Spread;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts of values by upper bound. The unit is the owner's: nanoseconds, bytes, rows.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistogramCounts {
    /// Upper bounds, both ends of a bucket's values being `(bound before, bound]`.
    pub bounds: &'static [u64],
    /// One for each bound, then those above all.
    pub counts: Vec<u64>,
    /// Of all values.
    pub sum: u64,
}

impl Histogram {
    /// An empty one; the bounds rise.
    pub fn new(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), sum: AtomicU64::new(0) }
    }

    /// Counts one value.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].fetch_add(1, Relaxed);
        if value > 0 {
            self.sum.fetch_add(value, Relaxed);
        }
    }

    /// What has been counted.
    pub fn counts(&self) -> HistogramCounts {
        let counts = self.counts.iter().map(|count| count.load(Relaxed)).collect();
        HistogramCounts { bounds: self.bounds, counts, sum: self.sum.load(Relaxed) }
    }
}

impl HistogramCounts {
    /// Values counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// Buckets of one power of two.
const STEPS: u64 = 8;
const STEPS_BITS: u32 = STEPS.ilog2();
/// Values from 2 to this power on are counted in the last bucket.
const POWER_MAX: u32 = 40;
const BUCKETS: usize = ((POWER_MAX - STEPS_BITS + 1) as usize) * STEPS as usize;

/// Counts from which percentiles are read, an eighth too high at most.
#[derive(Debug)]
pub struct Percentiles(Box<[AtomicU64]>);

impl Default for Percentiles {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Percentiles {
    /// Counts one value.
    pub fn observe(&self, value: u64) {
        self.0[bucket_of(value)].fetch_add(1, Relaxed);
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|count| count.load(Relaxed)).sum()
    }

    /// The values below which these shares (0 to 1, rising) of all lie; 0 where nothing was counted.
    pub fn at<const N: usize>(&self, shares: [f64; N]) -> [u64; N] {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        shares.map(|share| percentile(counts.iter().copied().enumerate(), total, share))
    }

    /// What was counted, to be kept.
    pub fn spread(&self) -> Spread {
        Spread::of(self.0.iter().map(|count| count.load(Relaxed)))
    }
}

/// The upper end of the bucket in which this share of all ends; 0 where nothing was counted.
fn percentile(counts: impl Iterator<Item = (usize, u64)>, total: u64, share: f64) -> u64 {
    // Never the count before the first.
    let rank = ((total as f64 * share).ceil() as u64).max(1);
    let mut seen = 0_u64;
    for (bucket, count) in counts {
        seen = seen.saturating_add(count);
        if seen >= rank {
            return upper_of(bucket);
        }
    }
    0
}

fn bucket_of(value: u64) -> usize {
    if value < STEPS {
        return value as usize;
    }
    let power = value.ilog2();
    if power >= POWER_MAX {
        return BUCKETS - 1;
    }
    let step = (value >> (power - STEPS_BITS)) - STEPS;
    ((u64::from(power - STEPS_BITS + 1)) * STEPS + step) as usize
}

fn upper_of(bucket: usize) -> u64 {
    let (group, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    if group == 0 { step } else { ((STEPS + step + 1) << (group - 1)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket() {
        let histogram = Histogram::new(&[10, 20]);
        [0, 10, 11, 20, 21, u64::from(u32::MAX)].into_iter().for_each(|value| histogram.observe(value));
        let counts = histogram.counts();
        assert_eq!(counts.counts, [2, 2, 2]);
        assert_eq!((counts.count(), counts.sum), (6, 62 + u64::from(u32::MAX)));
    }

    #[test]
    fn percentiles_are_an_eighth_too_high_at_most() {
        for value in (0..1_000_000).step_by(7).chain([1 << 39, (1 << 40) - 1]) {
            let upper = upper_of(bucket_of(value));
            assert!(upper >= value && upper <= value + value / 8, "{value}: {upper}");
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
        let percentiles = Percentiles::default();
        assert_eq!((percentiles.at([0.5]), percentiles.count()), ([0], 0));
        (1..=1000).for_each(|value| percentiles.observe(value));
        assert_eq!(percentiles.count(), 1000);
        let [half, most] = percentiles.at([0.5, 0.99]);
        assert!((500..=562).contains(&half) && (990..=1113).contains(&most), "{half} {most}");
    }
}
