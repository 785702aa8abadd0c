//! One who follows an answer.

use crate::cache::Cache;
use crate::entry::Weigh;
use crate::groups::{Membership, Unwatched};
use std::sync::Arc;

/// Follows the answer under one key. Again and again: [`Watcher::begin`], read the answer,
/// [`Watcher::covers`], [`Watcher::changed`].
#[derive(Debug)]
pub struct Watcher<V: Weigh> {
    cache: Arc<Cache<V>>,
    membership: Membership,
}

impl<V: Weigh> Watcher<V> {
    pub(crate) fn new(cache: Arc<Cache<V>>, membership: Membership) -> Self {
        Self { cache, membership }
    }

    /// To be called before the answer is read: all that can be seen by now is in it.
    pub fn begin(&mut self) {
        self.membership.receiver.borrow_and_update();
    }

    /// Whether [`Watcher::changed`] will tell of the next commit that touches the answer, which was read at this
    /// position. Where it is not so, read again: the answer may be one of before this watcher, or a commit may have
    /// touched it meanwhile. Where it is still not so the answer cannot be followed: a value that it rests on is not
    /// known.
    pub fn covers(&self, position: u64) -> bool {
        self.cache.covers(&self.membership, position)
    }

    /// Returns when a commit that may have changed the answer since [`Watcher::begin`] can be seen; several at once
    /// are one. Errors: another version of the app is served.
    pub async fn changed(&mut self) -> Result<(), Unwatched> {
        self.membership.receiver.changed().await.map_err(|_| Unwatched::Replaced)
    }
}

impl<V: Weigh> Drop for Watcher<V> {
    fn drop(&mut self) {
        self.cache.leave(&self.membership);
    }
}
