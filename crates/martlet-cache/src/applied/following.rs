//! Who follows an answer is bound to it by the index, as an entry is.

use super::{Applied, Item};
use crate::bound::Bound;
use crate::entry::Entry;
use crate::groups::{Membership, Unwatched};
use crate::shapes::QueryId;

impl<V> Applied<V> {
    /// Joins those who follow the answer under a key; `entry` is the one that is kept under it.
    pub(crate) fn join(
        &mut self,
        key: &[u8],
        query: QueryId,
        groups_max: usize,
        entry: Option<&Entry<V>>,
    ) -> Result<Membership, Unwatched> {
        if self.is_paused {
            return Err(Unwatched::Replaced);
        }
        let Self { groups, index, .. } = self;
        groups.join(key, query, groups_max, |key| {
            let bound = index.bound(entry?.record())?.clone();
            Some((index.add(bound, Item::Group(key)), entry?.stamp()))
        })
    }

    pub(crate) fn leave(&mut self, membership: &Membership) {
        if let Some(record) = self.groups.leave(&membership.key, membership.number) {
            self.index.remove(record);
        }
    }

    /// Binds those who follow the answer under a key to one that no commit after `since` has touched.
    pub(crate) fn bind_group(&mut self, key: &[u8], query: QueryId, since: u64, bound: &Bound) {
        let Self { groups, index, .. } = self;
        if groups.is_followed(key, query)
            && let Some(before) = groups.bind(key, since, |key| index.add(bound.clone(), Item::Group(key)))
        {
            index.remove(before);
        }
    }

    /// Whether one who follows the answer under a key, and has one of this position, will be told of the next commit
    /// that touches it; `entry` is the one that is kept under it.
    pub(crate) fn covers(&mut self, membership: &Membership, position: u64, entry: Option<&Entry<V>>) -> bool {
        if self.groups.is_unbound(&membership.key)
            && let Some(entry) = entry
            && let Some(bound) = self.index.bound(entry.record()).cloned()
        {
            self.bind_group(&membership.key, entry.query(), entry.stamp(), &bound);
        }
        self.groups.covers(membership, position)
    }

    /// An answer under this key was overtaken: who follows it reads again. Whether there is something to tell by now.
    pub(crate) fn unbind_group(&mut self, key: &[u8]) -> bool {
        if let Some(record) = self.groups.touch(key) {
            self.index.remove(record);
        }
        !self.is_committing && self.groups.wake()
    }
}
