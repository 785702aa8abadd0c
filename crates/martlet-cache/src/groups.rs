//! Answers that are followed: a group for each key, told of when a commit that touches the answer can be seen.
//!
//! A group is bound as an entry is: each answer that is computed under its key binds it, kept or not. A commit that
//! touches it unbinds it, and it is told of when that commit can be seen, so that who runs the query again gets what it
//! wrote. A fill that a commit has overtaken does not bind: the query is to be run again. One takes what there is to
//! tell of all groups together: a commit writes a number for each that it touches, whoever and however many follow.

use crate::shapes::QueryId;
use crate::sync::AtomicU64;
use hashbrown::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Why an answer cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unwatched {
    /// As many answers are followed as may be.
    TooMany,
    /// Another version of the app is served since, or is about to be: whoever follows begins anew.
    Replaced,
}

/// What there is to tell of all groups, since it was taken last.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Groups that commits have touched, by [`crate::Watcher::number`], each once, and since when the first of those
    /// commits can be seen.
    pub touched: Vec<(u64, Instant)>,
    /// All groups are no more: another version of the app is served, or is about to be.
    pub is_replaced: bool,
}

impl Told {
    /// Nothing.
    pub fn is_empty(&self) -> bool {
        self.touched.is_empty() && !self.is_replaced
    }
}

/// All groups, by key. Under the apply lock.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: HashMap<Arc<[u8]>, Group>,
    /// Touched by a commit that cannot be seen yet.
    touched: Vec<Arc<[u8]>>,
    told: Told,
    /// Those in it.
    is_told: HashSet<u64>,
    last: u64,
}

/// An answer that is followed.
#[derive(Debug)]
struct Group {
    number: u64,
    query: QueryId,
    followers: usize,
    /// Where it is in the index; none: no answer of now is known.
    record: Option<u32>,
    /// No commit after this one has touched the answer that it is bound to.
    since: u64,
    /// How often it was touched, and how often by what can be seen.
    touches: u64,
    seen: u64,
}

/// One who joined a group.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) key: Arc<[u8]>,
    pub(crate) number: u64,
    /// What could be seen of the group's touches when the answer was about to be read. Under the apply lock.
    pub(crate) seen: AtomicU64,
}

impl Groups {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Joins the group of a key, or makes it. `bound` gives where a new one is in the index, and
    /// since which commit its answer is the one of now.
    pub(crate) fn join(
        &mut self,
        key: &[u8],
        query: QueryId,
        groups_max: usize,
        bound: impl FnOnce(Arc<[u8]>) -> Option<(u32, u64)>,
    ) -> Result<Membership, Unwatched> {
        let known = self.all.get_key_value(key).map(|(key, _)| Arc::clone(key));
        if let Some(key) = known
            && let Some(group) = self.all.get_mut(&key)
        {
            group.followers += 1;
            return Ok(Membership { key, number: group.number, seen: AtomicU64::new(group.seen) });
        }
        if self.all.len() >= groups_max {
            return Err(Unwatched::TooMany);
        }
        let key: Arc<[u8]> = key.into();
        self.last += 1;
        let (record, since) = bound(Arc::clone(&key)).unzip();
        let since = since.unwrap_or_default();
        let group = Group { number: self.last, query, followers: 1, record, since, touches: 0, seen: 0 };
        let number = group.number;
        self.all.insert(Arc::clone(&key), group);
        Ok(Membership { key, number, seen: AtomicU64::new(0) })
    }

    /// One has gone; gives the record of a group that nobody follows any more.
    pub(crate) fn leave(&mut self, key: &[u8], number: u64) -> Option<u32> {
        let group = self.all.get_mut(key).filter(|group| group.number == number)?;
        group.followers -= 1;
        if group.followers > 0 {
            return None;
        }
        self.all.remove(key)?.record
    }

    /// The answer is about to be read: all that can be seen by now will be in it.
    pub(crate) fn begin(&self, membership: &Membership) {
        if let Some(group) = self.get(membership) {
            membership.seen.store(group.seen, Ordering::Relaxed);
        }
    }

    /// Whether a follower who has an answer of this position is told of the next commit that touches it.
    pub(crate) fn covers(&self, membership: &Membership, position: u64) -> bool {
        // Of a group that is gone its followers are told at once.
        let seen = membership.seen.load(Ordering::Relaxed);
        self.get(membership)
            .is_none_or(|group| group.touches > seen || self.bound_since(membership, position).is_some())
    }

    /// Since which commit at the latest an answer that was read at this position is the one of now; none: a commit that
    /// has begun may have touched it.
    pub(crate) fn bound_since(&self, membership: &Membership, position: u64) -> Option<u64> {
        let group = self.get(membership)?;
        (group.record.is_some() && group.since <= position).then_some(group.since)
    }

    fn get(&self, membership: &Membership) -> Option<&Group> {
        self.all.get(&membership.key).filter(|group| group.number == membership.number)
    }

    /// Whether the group of a key is bound to no answer.
    pub(crate) fn is_unbound(&self, key: &[u8]) -> bool {
        self.all.get(key).is_some_and(|group| group.record.is_none())
    }

    /// Whether someone follows the answer of this query under a key.
    pub(crate) fn is_followed(&self, key: &[u8], query: QueryId) -> bool {
        self.all.get(key).is_some_and(|group| group.query == query)
    }

    /// Binds the group of a key by `bound`, which is given its key, to an answer that no commit after `since` has
    /// touched; gives the record that it had before.
    pub(crate) fn bind(&mut self, key: &[u8], since: u64, bound: impl FnOnce(Arc<[u8]>) -> u32) -> Option<u32> {
        let known = self.all.get_key_value(key).map(|(key, _)| Arc::clone(key))?;
        let group = self.all.get_mut(&known)?;
        // Nothing has touched it since it was bound: it is the same answer, and has been for as long.
        group.since = if group.record.is_some() { group.since.min(since) } else { since };
        group.record.replace(bound(known))
    }

    /// A commit that touches the answer under a key has begun; gives the group's record.
    pub(crate) fn touch(&mut self, key: &[u8]) -> Option<u32> {
        let known = self.all.get_key_value(key).map(|(key, _)| Arc::clone(key))?;
        let group = self.all.get_mut(&known)?;
        group.touches += 1;
        self.touched.push(known);
        group.record.take()
    }

    /// Every answer may be touched; gives the records.
    pub(crate) fn touch_all(&mut self) -> Vec<u32> {
        let keys: Vec<_> = self.all.keys().map(Arc::clone).collect();
        keys.iter().filter_map(|key| self.touch(key)).collect()
    }

    /// The commits that have begun can be seen: there is more to tell. Whether there was nothing to tell before.
    pub(crate) fn wake(&mut self) -> bool {
        if self.touched.is_empty() {
            return false;
        }
        let (was_empty, now) = (self.told.is_empty(), Instant::now());
        for key in self.touched.drain(..) {
            if let Some(group) = self.all.get_mut(&key) {
                group.seen = group.touches;
                if self.is_told.insert(group.number) {
                    self.told.touched.push((group.number, now));
                }
            }
        }
        was_empty
    }

    /// There are no groups any more.
    pub(crate) fn end(&mut self) {
        self.all.clear();
        self.touched.clear();
        self.is_told.clear();
        self.told = Told { touched: Vec::new(), is_replaced: true };
    }

    /// Takes what there is to tell.
    pub(crate) fn take_told(&mut self) -> Told {
        self.is_told.clear();
        std::mem::take(&mut self.told)
    }

    /// How many are in the index.
    #[cfg(test)]
    pub(crate) fn bound(&self) -> usize {
        self.all.values().filter(|group| group.record.is_some()).count()
    }
}
