//! What commits and fills agree on, under one lock.

use crate::bound::Bound;
use crate::entry::Entry;
use crate::figures::{CacheFigures, Gone, QueryCounters, Unkept};
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
    pub(crate) index: Index<V>,
    recent: Recent,
    /// The last commit that has begun.
    started: u64,
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

impl<V> Applied<V> {
    pub(crate) fn new(index: Index<V>, rules: Rules) -> Self {
        Self {
            index,
            recent: Recent::default(),
            started: 0,
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
        self.index.add(Arc::clone(entry), bound, weight);
    }

    /// Ends an entry; false where that has happened before.
    pub(crate) fn end(&mut self, entry: &Entry<V>, gone: Gone, key: impl FnOnce() -> u64) -> bool {
        if self.rules.holds(Rule::DeadNotGiven) {
            entry.end();
        }
        let Some(weight) = self.index.remove(entry) else { return false };
        let filled = entry.filled_at().saturating_duration_since(self.born);
        if let Some(counters) = self.queries.get_mut(entry.query().0 as usize) {
            counters.removed(weight, filled);
            counters.count(gone);
        }
        match gone {
            Gone::Invalidated => {
                self.figures.invalidated += 1;
                self.history.ended(key(), entry.digest(), entry.was_read());
            }
            Gone::Evicted => self.figures.evicted += 1,
            Gone::Cleared => {}
        }
        true
    }

    /// An entry counts for more than before; false where it is no longer there.
    pub(crate) fn reweigh(&mut self, entry: &Entry<V>, weight: usize) -> bool {
        let Some(before) = self.index.set_weight(entry, weight) else { return false };
        if let Some(counters) = self.queries.get_mut(entry.query().0 as usize) {
            counters.reweighed(before, weight);
        }
        true
    }

    /// A commit begins; what it touches is to be ended.
    pub(crate) fn begins(&mut self, number: u64, changes: &[Change]) -> Vec<Arc<Entry<V>>> {
        self.started = number;
        self.recent.push(number, changes);
        if !self.rules.holds(Rule::EndsBeforeCommit) {
            self.late = changes.to_vec();
            return Vec::new();
        }
        self.index.touched(changes)
    }

    /// A commit can be seen, or has failed; what it touches and has not ended is to be ended.
    pub(crate) fn ended(&mut self) -> Vec<Arc<Entry<V>>> {
        if self.rules.holds(Rule::EndsBeforeCommit) {
            return Vec::new();
        }
        self.index.touched(&std::mem::take(&mut self.late))
    }

    /// A commit begins that may change everything.
    pub(crate) fn begins_with_everything(&mut self, number: u64) {
        self.started = number;
        if self.rules.holds(Rule::EverythingResetsFloor) {
            self.recent.reset(number);
        }
    }

    /// No app is served from here on. Gives the generation.
    pub(crate) fn pause(&mut self) -> u64 {
        self.is_paused = true;
        self.generation += 1;
        self.generation
    }

    /// Another app is served; the index is empty. Changes so far speak of the tables of the one before. Gives the
    /// generation.
    pub(crate) fn load(&mut self, shapes: Shapes) -> u64 {
        self.is_paused = false;
        self.generation += 1;
        self.recent.reset(self.started);
        self.queries = vec![QueryCounters::default(); shapes.queries()];
        self.index = Index::new(self.index.hasher().clone(), Arc::new(shapes));
        self.generation
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

    pub(crate) fn started(&self) -> u64 {
        self.started
    }

    pub(crate) fn figures(&self, bytes: u64) -> CacheFigures {
        CacheFigures { entries: self.index.len(), bytes, ..self.figures }
    }

    pub(crate) fn query(&self, query: QueryId) -> Option<&QueryCounters> {
        self.queries.get(query.0 as usize)
    }

    pub(crate) fn born(&self) -> Instant {
        self.born
    }
}
