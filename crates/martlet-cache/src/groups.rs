//! Who follows an answer: a group for each key, told when a commit that touches the answer can be seen.
//!
//! A group is bound as an entry is: each answer that is computed under its key binds it, kept or not. A commit that
//! touches it unbinds it, and the wake-up waits until that commit can be seen, so that who runs the query again gets
//! what it wrote. A fill that a commit has overtaken does not bind: its followers run again.

use crate::shapes::QueryId;
use hashbrown::HashMap;
use std::sync::Arc;
use tokio::sync::watch;

/// Why an answer cannot be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unwatched {
    /// As many answers are followed as may be.
    TooMany,
    /// Another version of the app is served since, or is about to be: whoever follows begins anew.
    Replaced,
}

/// All groups, by key. Under the apply lock.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    all: HashMap<Arc<[u8]>, Group>,
    /// Touched by a commit that cannot be seen yet.
    touched: Vec<Arc<[u8]>>,
    last: u64,
}

/// Those who follow one answer.
#[derive(Debug)]
struct Group {
    number: u64,
    query: QueryId,
    followers: usize,
    /// Where it is in the index; none: no answer of now is known.
    record: Option<u32>,
    /// No commit after this one has touched the answer that it is bound to.
    since: u64,
    /// How often it was touched.
    touches: u64,
    sender: watch::Sender<u64>,
}

/// One who joined a group.
#[derive(Debug)]
pub(crate) struct Membership {
    pub(crate) key: Arc<[u8]>,
    pub(crate) number: u64,
    pub(crate) receiver: watch::Receiver<u64>,
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
        if let Some((key, group)) = self.all.get_key_value(key) {
            let membership =
                Membership { key: Arc::clone(key), number: group.number, receiver: group.sender.subscribe() };
            if let Some(group) = self.all.get_mut(&membership.key) {
                group.followers += 1;
            }
            return Ok(membership);
        }
        if self.all.len() >= groups_max {
            return Err(Unwatched::TooMany);
        }
        let key: Arc<[u8]> = key.into();
        let (sender, receiver) = watch::channel(0);
        self.last += 1;
        let (record, since) = bound(Arc::clone(&key)).unzip();
        let since = since.unwrap_or_default();
        let group = Group { number: self.last, query, followers: 1, record, since, touches: 0, sender };
        let number = group.number;
        self.all.insert(Arc::clone(&key), group);
        Ok(Membership { key, number, receiver })
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

    /// Whether a follower who has an answer of this position will be told of the next commit that touches it.
    pub(crate) fn covers(&self, membership: &Membership, position: u64) -> bool {
        let Membership { key, number, receiver } = membership;
        let group = self.all.get(key).filter(|group| group.number == *number);
        // Of a group that is gone its followers are told at once.
        group.is_none_or(|group| {
            let will_wake = group.touches > *receiver.borrow() || receiver.has_changed().unwrap_or(true);
            will_wake || (group.record.is_some() && group.since <= position)
        })
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
        group.since = since;
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

    /// The commits that have begun can be seen: followers wake.
    pub(crate) fn wake(&mut self) {
        for key in self.touched.drain(..) {
            if let Some(group) = self.all.get(&key) {
                group.sender.send_replace(group.touches);
            }
        }
    }

    /// All followers are told that their group is no more.
    pub(crate) fn end(&mut self) {
        self.all.clear();
        self.touched.clear();
    }

    /// How many are in the index.
    #[cfg(test)]
    pub(crate) fn bound(&self) -> usize {
        self.all.values().filter(|group| group.record.is_some()).count()
    }
}
