//! The commits of late: what a fill may have missed.

use martlet_core::Change;
use std::collections::VecDeque;

/// Changes that are remembered; a fill that is older than the oldest is not kept.
const CHANGES_MAX: usize = 65_536;
/// Commits that are remembered.
const COMMITS_MAX: usize = 16_384;

/// A commit of late: how many rows of which tables, and none of their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitTold {
    /// Its number.
    pub number: u64,
    /// By tracked table: rows inserted, updated, deleted.
    pub tables: Vec<(usize, [usize; 3])>,
}

impl CommitTold {
    fn of(number: u64, changes: &[Change], wanted: &[usize]) -> Self {
        let mut tables: Vec<(usize, [usize; 3])> = Vec::new();
        for change in changes.iter().filter(|change| wanted.contains(&change.table)) {
            let place = tables.iter().position(|(table, _)| *table == change.table).unwrap_or_else(|| {
                tables.push((change.table, [0; 3]));
                tables.len() - 1
            });
            let kind = match (&change.old, &change.new) {
                (None, _) => 0,
                (Some(_), Some(_)) => 1,
                (Some(_), None) => 2,
            };
            tables[place].1[kind] += 1;
        }
        Self { number, tables }
    }
}

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

    /// What it says of commits from this one on that have written to one of these tables, without any value: the first
    /// and the last, `max` of both together at most. And how many there are.
    pub(crate) fn told(&self, from: u64, tables: &[usize], max: usize) -> (Vec<CommitTold>, usize) {
        let first = self.commits.partition_point(|(number, _)| *number < from);
        let is_wanted = |told: &CommitTold| !told.tables.is_empty();
        let all = || self.commits.range(first..).map(|(number, changes)| CommitTold::of(*number, changes, tables));
        let count = all().filter(is_wanted).count();
        let (before, after) = (max / 2, count.saturating_sub(max - max / 2));
        let wanted = all().filter(is_wanted).enumerate();
        (wanted.filter(|(place, _)| *place < before || *place >= after).map(|(_, told)| told).collect(), count)
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

    #[test]
    fn commits_are_told_by_number_and_table_the_first_and_the_last() {
        let mut recent = Recent::default();
        let written = |table, old: bool, new: bool| {
            let row = |is: bool| is.then(|| Box::from([]));
            Change { table, old: row(old), new: row(new) }
        };
        for number in 1..=20 {
            recent.push(number, &[written(1, false, true), written(1, true, true), written(7, true, false)]);
            recent.push(100 + number, &[written(2, true, false)]);
        }
        let (told, count) = recent.told(0, &[1], 4);
        assert_eq!((told.iter().map(|told| told.number).collect::<Vec<_>>(), count), (vec![1, 2, 19, 20], 20));
        assert_eq!(told[0].tables, [(1, [1, 1, 0])]);
        let (told, count) = recent.told(0, &[2, 7], 1_000);
        assert_eq!((told.len(), count, &told[1].tables), (40, 40, &vec![(2, [0, 0, 1])]));
        assert_eq!(recent.told(0, &[9], 4), (Vec::new(), 0));
    }

    #[test]
    fn what_was_forgotten_is_not_known() {
        let mut recent = Recent::default();
        recent.push(8, &vec![change(0); CHANGES_MAX + 1]);
        let since = |recent: &Recent, number| {
            recent.since(number).map(|changes| changes.map(|change| change.table).collect::<Vec<_>>())
        };
        assert_eq!((since(&recent, 7), since(&recent, 8)), (None, Some(vec![])));
    }
}
