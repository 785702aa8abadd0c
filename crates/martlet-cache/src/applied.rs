//! What commits and fills agree on, under one lock.

mod following;

use crate::bound::Bound;
use crate::entry::Entry;
use crate::figures::{CacheFigures, Gone, QueryCounters, Unkept};
use crate::groups::Groups;
use crate::history::History;
use crate::index::Index;
use crate::recent::Recent;
use crate::rules::{Rule, Rules};
use crate::shapes::{QueryId, Shapes};
use martlet_core::Change;
use std::sync::Arc;
use std::time::Instant;

/// What commits and fills agree on.
#[derive(Debug)]
pub(crate) struct Applied<V> {
    pub(crate) index: Index<Item<V>>,
    pub(crate) groups: Groups,
    recent: Recent,
    /// The last commit that has begun.
    started: u64,
    /// It has not ended.
    is_committing: bool,
    generation: u64,
    /// No app is served: nothing is kept.
    is_paused: bool,
    history: History,
    queries: Vec<QueryCounters>,
    figures: CacheFigures,
    rules: Rules,
    /// What a commit changes, where what it touches ends too late: without the rule alone.
    late: Vec<Change>,
    born: Instant,
}

/// What changes are looked up for.
#[derive(Debug)]
pub(crate) enum Item<V> {
    /// An entry with what it weighs.
    Entry(Arc<Entry<V>>, usize),
    /// The key of those who follow an answer.
    Group(Arc<[u8]>),
}

impl<V> Applied<V> {
    pub(crate) fn new(index: Index<Item<V>>, rules: Rules) -> Self {
        Self {
            index,
            groups: Groups::default(),
            recent: Recent::default(),
            started: 0,
            is_committing: false,
            generation: 0,
            is_paused: true,
            history: History::default(),
            queries: Vec::new(),
            figures: CacheFigures::default(),
            rules,
            late: Vec::new(),
            born: Instant::now(),
        }
    }

    /// Whether an answer that was read at `position` may be kept: whether it is the answer now.
    pub(crate) fn check(&self, generation: u64, position: u64, bound: &Bound) -> Result<(), Unkept> {
        if self.rules.holds(Rule::ChecksGeneration) && (self.is_paused || self.generation != generation) {
            return Err(Unkept::Replaced);
        }
        match self.is_untouched_since(position, bound) {
            _ if !self.rules.holds(Rule::ValidatesFills) => Ok(()),
            None => Err(Unkept::TooOld),
            Some(false) => Err(Unkept::Overtaken),
            Some(true) => Ok(()),
        }
    }

    /// None: it is not known.
    fn is_untouched_since(&self, position: u64, bound: &Bound) -> Option<bool> {
        let mut changes = self.recent.since(position)?;
        Some(!changes.any(|change| self.index.touches(change, bound)))
    }

    /// Whether answers under this key are worth keeping; counts whether this one is the one that was ended before.
    pub(crate) fn admits(&mut self, key: u64, digest: u64, query: QueryId, bound: &Bound) -> bool {
        if self.history.is_as_before(key, digest) {
            self.figures.useless += 1;
            if let Some(counters) = self.queries.get_mut(query.0 as usize) {
                counters.count_useless();
            }
        }
        let Self { history, recent, index, started, .. } = self;
        history.admits(key, *started, |since| {
            recent.since(since).is_some_and(|mut changes| !changes.any(|change| index.touches(change, bound)))
        })
    }

    pub(crate) fn add(&mut self, entry: &Arc<Entry<V>>, bound: Bound, weight: usize) {
        let filled = entry.filled_at().saturating_duration_since(self.born);
        if let Some(counters) = self.queries.get_mut(entry.query().0 as usize) {
            counters.added(weight, filled);
        }
        let record = self.index.add(bound, Item::Entry(Arc::clone(entry), weight));
        entry.set_record(record);
    }

    /// Ends an entry; whether its key is hot, which is told where a commit ends it. None: it has ended before.
    pub(crate) fn end(&mut self, entry: &Entry<V>, gone: Gone, key: impl FnOnce() -> u64) -> Option<bool> {
        if self.rules.holds(Rule::DeadNotGiven) {
            entry.end();
        }
        let Some(Item::Entry(_, weight)) = self.index.remove(entry.take_record()) else { return None };
        let filled = entry.filled_at().saturating_duration_since(self.born);
        if let Some(counters) = self.queries.get_mut(entry.query().0 as usize) {
            counters.removed(weight, filled);
            counters.count(gone);
        }
        match gone {
            Gone::Invalidated => {
                self.figures.invalidated += 1;
                return Some(self.history.ended(key(), entry.digest(), entry.reads()));
            }
            Gone::Evicted => self.figures.evicted += 1,
            Gone::Cleared => {}
        }
        Some(false)
    }

    /// An entry counts for more than before; false where it is no longer there.
    pub(crate) fn reweigh(&mut self, entry: &Entry<V>, weight: usize) -> bool {
        let Some(Item::Entry(_, known)) = self.index.get_mut(entry.record()) else { return false };
        let before = std::mem::replace(known, weight);
        if let Some(counters) = self.queries.get_mut(entry.query().0 as usize) {
            counters.reweighed(before, weight);
        }
        true
    }

    /// A commit begins; what it touches is to be ended. Who follows an answer that it touches is noted.
    pub(crate) fn begins(&mut self, number: u64, changes: &[Change]) -> Vec<Arc<Entry<V>>> {
        self.started = number;
        self.is_committing = true;
        self.recent.push(number, changes);
        if !self.rules.holds(Rule::EndsBeforeCommit) {
            self.late = changes.to_vec();
            return Vec::new();
        }
        self.touch(changes)
    }

    fn touch(&mut self, changes: &[Change]) -> Vec<Arc<Entry<V>>> {
        let mut entries = Vec::new();
        for record in self.index.touched(changes) {
            match self.index.get(record) {
                Some(Item::Entry(entry, _)) => entries.push(Arc::clone(entry)),
                Some(Item::Group(key)) => {
                    self.groups.touch(key);
                    self.index.remove(record);
                }
                None => {}
            }
        }
        entries
    }

    /// The commit can be seen, or has failed. What it touches and has not ended is to be ended; and whether there is
    /// something to tell of groups.
    pub(crate) fn ended(&mut self) -> (Vec<Arc<Entry<V>>>, bool) {
        self.is_committing = false;
        let late = match self.rules.holds(Rule::EndsBeforeCommit) {
            true => Vec::new(),
            false => {
                let late = std::mem::take(&mut self.late);
                self.touch(&late)
            }
        };
        (late, self.groups.wake())
    }

    /// A commit begins that may change everything.
    pub(crate) fn begins_with_everything(&mut self, number: u64) {
        self.started = number;
        self.is_committing = true;
        if self.rules.holds(Rule::EverythingResetsFloor) {
            self.recent.reset(number);
        }
        for record in self.groups.touch_all() {
            self.index.remove(record);
        }
    }

    /// No app is served from here on. Gives the generation.
    pub(crate) fn pause(&mut self) -> u64 {
        self.is_paused = true;
        self.generation += 1;
        self.groups.end();
        self.generation
    }

    /// Another app is served. Changes so far speak of the tables of the one before. Gives the generation.
    pub(crate) fn load(&mut self, shapes: Shapes) -> u64 {
        self.is_paused = false;
        self.generation += 1;
        self.recent.reset(self.started);
        self.queries = vec![QueryCounters::default(); shapes.queries()];
        self.groups.end();
        self.index = Index::new(self.index.hasher().clone(), Arc::new(shapes));
        self.generation
    }

    /// Commits of late, for who looks for a fault.
    pub(crate) fn recent(&self) -> &Recent {
        &self.recent
    }

    pub(crate) fn count_cleared(&mut self) {
        self.figures.cleared += 1;
    }

    pub(crate) fn count_unkept(&mut self, query: QueryId, reason: Unkept) {
        self.figures.unkept += 1;
        // Of another app, the number is another query's.
        if reason != Unkept::Replaced
            && let Some(counters) = self.queries.get_mut(query.0 as usize)
        {
            counters.count_unkept(reason);
        }
    }

    /// Every entry.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Entry<V>>> {
        self.index.items().filter_map(|item| match item {
            Item::Entry(entry, _) => Some(entry),
            Item::Group(_) => None,
        })
    }

    pub(crate) fn figures(&self, bytes: u64) -> CacheFigures {
        let entries = self.queries.iter().map(QueryCounters::entries).sum();
        CacheFigures { entries, bytes, groups: self.groups.len(), ..self.figures }
    }

    pub(crate) fn query(&self, query: QueryId) -> Option<&QueryCounters> {
        self.queries.get(query.0 as usize)
    }

    pub(crate) fn born(&self) -> Instant {
        self.born
    }
}

#[cfg(test)]
impl<V> Applied<V> {
    pub(crate) fn rules(&self) -> Rules {
        self.rules
    }

    pub(crate) fn weight_of(&self, entry: &Entry<V>) -> Option<usize> {
        match self.index.get(entry.record())? {
            Item::Entry(_, weight) => Some(*weight),
            Item::Group(_) => None,
        }
    }
}
