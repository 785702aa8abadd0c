//! One who follows an answer.

use crate::cache::Cache;
use crate::entry::Weigh;
use crate::groups::Membership;
use std::sync::Arc;

/// Follows the answer under one key. Again and again: [`Watcher::begin`], read the answer,
/// [`Watcher::covers`], and when [`Cache::told`] names its number once more from the beginning.
#[derive(Debug)]
pub struct Watcher<V: Weigh> {
    cache: Arc<Cache<V>>,
    pub(crate) membership: Membership,
}

impl<V: Weigh> Watcher<V> {
    pub(crate) fn new(cache: Arc<Cache<V>>, membership: Membership) -> Self {
        Self { cache, membership }
    }

    /// What [`Cache::told`] calls it: the same for all who follow the answer under this key, and never another's.
    pub fn number(&self) -> u64 {
        self.membership.number
    }

    /// To be called before the answer is read: all that can be seen by now is in it.
    pub fn begin(&self) {
        self.cache.begin(&self.membership);
    }

    /// Whether the next commit that touches the answer, which was read at this position, is told of. Where it is not
    /// so, read again: the answer may be one of before this watcher, or a commit may have touched it meanwhile. Where it
    /// is still not so the answer cannot be followed: a value that it rests on is not known.
    pub fn covers(&self, position: u64) -> bool {
        self.cache.covers(&self.membership, position)
    }
}

impl<V: Weigh> Drop for Watcher<V> {
    fn drop(&mut self) {
        self.cache.leave(&self.membership);
    }
}
