//! What is counted for each query. A hit adds to one number; the rest is counted where an answer is computed.

use martlet_cache::{QueryFigures, Unkept};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often a query's answer came from where.
#[derive(Debug, Default)]
pub(crate) struct QueryCounters {
    pub(super) hits: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
    bypassed: AtomicU64,
    stale: AtomicU64,
    renewed: AtomicU64,
}

impl QueryCounters {
    pub(crate) fn missed(&self) {
        self.misses.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn coalesced(&self) {
        self.coalesced.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bypassed(&self) {
        self.bypassed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn gave_stale(&self) {
        self.stale.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn renewed(&self) {
        self.renewed.fetch_add(1, Ordering::Relaxed);
    }

    /// With what the cache tells of each of the query's statements.
    pub(super) fn figures(&self, name: &str, unkept: Option<&str>, kept: &[QueryFigures]) -> QueryCacheFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let sum = |number: fn(&QueryFigures) -> u64| kept.iter().map(number).sum();
        let entries = kept.iter().map(|figures| figures.entries).sum();
        let ages = kept.iter().map(|figures| figures.age_mean * u32::try_from(figures.entries).unwrap_or(u32::MAX));
        let reason = |reason: Unkept| (reason.name(), kept.iter().map(|figures| figures.unkept(reason)).sum());
        QueryCacheFigures {
            name: name.to_owned(),
            unkept: unkept.map(str::to_owned),
            hits: of(&self.hits),
            misses: of(&self.misses),
            coalesced: of(&self.coalesced),
            bypassed: of(&self.bypassed),
            stale: of(&self.stale),
            renewed: of(&self.renewed),
            entries,
            bytes: sum(|figures| figures.bytes),
            age_mean: ages.sum::<Duration>() / u32::try_from(entries).unwrap_or(u32::MAX).max(1),
            invalidated: sum(|figures| figures.invalidated),
            useless: sum(|figures| figures.useless),
            evicted: sum(|figures| figures.evicted),
            unkept_for: Unkept::ALL.map(reason),
        }
    }
}

/// What the cache has done for one query. Hits, misses, what was bypassed and what was stale add up to its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryCacheFigures {
    /// The declared name.
    pub name: String,
    /// Why its answers are never kept, in words for the author; none: they are.
    pub unkept: Option<String>,
    /// Answers that were there.
    pub hits: u64,
    /// Answers that were not there.
    pub misses: u64,
    /// Of the misses, those for which another call's computation was waited for.
    pub coalesced: u64,
    /// Calls that did not ask: the query's answers, or those of arguments so long, are never kept.
    pub bypassed: u64,
    /// Answers that had ended and were given all the same, as `@cache stale` allows.
    pub stale: u64,
    /// Answers that were computed and kept although nobody waited for them.
    pub renewed: u64,
    /// Answers that are kept now.
    pub entries: usize,
    /// Bytes of them now, with what they cost beside their bodies.
    pub bytes: u64,
    /// Their mean age.
    pub age_mean: Duration,
    /// Answers that commits have ended, since the app was loaded.
    pub invalidated: u64,
    /// Of them those that were computed again and were the same.
    pub useless: u64,
    /// Answers that had to make room, since the app was loaded.
    pub evicted: u64,
    /// Answers that were not kept since the app was loaded, by the reason's name.
    pub unkept_for: [(&'static str, u64); Unkept::ALL.len()],
}
