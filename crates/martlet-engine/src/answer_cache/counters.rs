//! What is counted for each query. A hit adds to one number; the rest is counted where an answer is computed.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often a query's answer came from where.
#[derive(Debug, Default)]
pub(crate) struct QueryCounters {
    pub(super) hits: AtomicU64,
    misses: AtomicU64,
    coalesced: AtomicU64,
    bypassed: AtomicU64,
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

    pub(crate) fn figures(&self, name: &str, unkept: Option<&str>) -> QueryCacheFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        QueryCacheFigures {
            name: name.to_owned(),
            unkept: unkept.map(str::to_owned),
            hits: of(&self.hits),
            misses: of(&self.misses),
            coalesced: of(&self.coalesced),
            bypassed: of(&self.bypassed),
        }
    }
}

/// What the cache has done for one query. Hits, misses and what was bypassed add up to its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryCacheFigures {
    /// The declared name.
    pub name: String,
    /// Why its answers are never kept; none: they are.
    pub unkept: Option<String>,
    /// Answers that were there.
    pub hits: u64,
    /// Answers that were not there.
    pub misses: u64,
    /// Of the misses, those for which another call's computation was waited for.
    pub coalesced: u64,
    /// Calls that did not ask: the query's answers, or those of arguments so long, are never kept.
    pub bypassed: u64,
}
