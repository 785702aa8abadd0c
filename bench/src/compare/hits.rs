//! How many answers came from memory, as the server itself counts them.

use std::ops::{AddAssign, Sub};

const CALLS: &str = "martlet_cache_requests_total{";
const HIT: &str = r#"result="hit""#;

/// Counts since the server's start, or between two looks at them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hits {
    pub(crate) hits: u64,
    pub(crate) calls: u64,
}

impl Hits {
    /// Reads them out of `/metrics`.
    pub(crate) fn told(metrics: &str) -> Self {
        let mut told = Self::default();
        for line in metrics.lines().filter(|line| line.starts_with(CALLS)) {
            let count = line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or(0.0) as u64;
            told.calls += count;
            told.hits += if line.contains(HIT) { count } else { 0 };
        }
        told
    }

    /// Hits among all calls; none where nobody called.
    pub(crate) fn share(self) -> Option<f64> {
        (self.calls > 0).then(|| self.hits as f64 / self.calls as f64)
    }
}

impl AddAssign for Hits {
    fn add_assign(&mut self, other: Self) {
        self.hits += other.hits;
        self.calls += other.calls;
    }
}

impl Sub for Hits {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { hits: self.hits.saturating_sub(before.hits), calls: self.calls.saturating_sub(before.calls) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_counted_among_all_calls_of_queries() {
        let metrics = "\
# TYPE martlet_cache_requests_total counter
martlet_cache_requests_total{cache=\"answers\",level=\"memory\",martlet_name=\"a\",result=\"hit\"} 90
martlet_cache_requests_total{cache=\"answers\",level=\"memory\",martlet_name=\"a\",result=\"miss\"} 8
martlet_cache_requests_total{cache=\"answers\",level=\"memory\",martlet_name=\"b\",result=\"bypass\"} 2
martlet_cache_entries{cache=\"answers\"} 7
";
        let hits = Hits::told(metrics);
        assert_eq!(hits, Hits { hits: 90, calls: 100 });
        assert_eq!((hits.share(), Hits::told("").share()), (Some(0.9), None));
        assert_eq!(hits - Hits { hits: 40, calls: 50 }, Hits { hits: 50, calls: 50 });
    }
}
