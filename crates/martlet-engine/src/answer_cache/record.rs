//! How a kept answer came to be there, and what was written since: for who looks for a fault. No value of anything.

use super::{AnswerCache, KeptAnswer};
use martlet_cache::CommitTold;
use std::time::Duration;

/// Commits that are told.
const COMMITS_MAX: usize = 20;

/// A kept answer's history.
#[derive(Debug)]
pub(crate) struct FillRecord {
    /// The commit that it was read at.
    pub(crate) position: u64,
    /// How long ago it was made.
    pub(crate) age: Duration,
    /// How many keys it rests on.
    pub(crate) keys: usize,
    /// Rows of it.
    pub(crate) rows: u64,
    /// The commits around and since that wrote to the tables asked for: the first and the last of them.
    pub(crate) commits: Vec<CommitTold>,
    /// How many there are.
    pub(crate) commit_count: usize,
}

impl AnswerCache {
    /// The record of an answer; `tables` are numbers of tracked tables.
    pub(crate) fn record_of(&self, kept: &KeptAnswer, tables: &[usize]) -> FillRecord {
        let entry = &kept.0;
        // The one that it was read at may be the one that it missed.
        let (commits, commit_count) = self.cache.commits_since(entry.stamp(), tables, COMMITS_MAX);
        FillRecord {
            position: entry.stamp(),
            age: self.now().saturating_duration_since(entry.filled_at()),
            keys: entry.keys(),
            rows: kept.answer().rows,
            commits,
            commit_count,
        }
    }
}
