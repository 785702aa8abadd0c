//! The commits of late: what a fill may have missed.

use martlet_core::Change;
use std::collections::VecDeque;

/// Changes that are remembered; a fill that is older than the oldest is not kept.
const CHANGES_MAX: usize = 65_536;
/// Commits that are remembered.
const COMMITS_MAX: usize = 16_384;

/// In commit order, bounded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent {
    commits: VecDeque<(u64, Box<[Change]>)>,
    changes: usize,
    /// Nothing is remembered of commits up to here.
    floor: u64,
}

impl Recent {
    /// Adds a commit and forgets the oldest where there are too many.
    pub(crate) fn push(&mut self, number: u64, changes: &[Change]) {
        self.changes += changes.len();
        self.commits.push_back((number, changes.into()));
        while self.commits.len() > COMMITS_MAX || self.changes > CHANGES_MAX {
            let Some((number, changes)) = self.commits.pop_front() else { break };
            self.changes -= changes.len();
            self.floor = number;
        }
    }

    /// Forgets all up to a commit that may have changed everything.
    pub(crate) fn reset(&mut self, number: u64) {
        *self = Self { floor: number, ..Self::default() };
    }

    /// The changes of all commits after this one; none where some are forgotten.
    pub(crate) fn since(&self, number: u64) -> Option<impl Iterator<Item = &Change>> {
        if number < self.floor {
            return None;
        }
        let first = self.commits.partition_point(|(known, _)| *known <= number);
        Some(self.commits.range(first..).flat_map(|(_, changes)| changes.iter()))
    }

    /// All that it says of commits: up to where none, then each with its tables.
    #[cfg(test)]
    pub(crate) fn marks(&self) -> (u64, Vec<(u64, Vec<usize>)>) {
        let tables = |changes: &[Change]| changes.iter().map(|change| change.table).collect();
        (self.floor, self.commits.iter().map(|(number, changes)| (*number, tables(changes))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(table: usize) -> Change {
        Change { table, old: None, new: None }
    }

    #[test]
    fn tells_what_came_after_or_that_it_does_not_know() {
        let mut recent = Recent::default();
        (1..=5).for_each(|number| recent.push(number, &[change(number as usize)]));
        let since = |recent: &Recent, number| {
            recent.since(number).map(|changes| changes.map(|change| change.table).collect::<Vec<_>>())
        };
        assert_eq!(since(&recent, 3), Some(vec![4, 5]));
        assert_eq!(since(&recent, 5), Some(vec![]));
        assert_eq!(since(&recent, 0), Some(vec![1, 2, 3, 4, 5]));
        recent.reset(7);
        assert_eq!((since(&recent, 6), since(&recent, 7)), (None, Some(vec![])));
        recent.push(8, &vec![change(0); CHANGES_MAX + 1]);
        assert_eq!((since(&recent, 7), since(&recent, 8)), (None, Some(vec![])));
    }
}
