//! Answers that are to be computed again before anybody has to wait for them: a bounded queue, and what became of it.
//!
//! A commit that ends an answer under a hot key, or one that `@warm` names, puts it here; so does a reader that is
//! given an answer near its end. The engine's driver takes them out ([`crate::Engine::tend`]). Without a driver nothing
//! is put here, and every answer is computed when it is asked for.

use super::{Kept, KeptAnswer};
use martlet_cache::Entry;
use martlet_core::{Identity, limits};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How long what a commit has ended waits at first.
const WAIT: Duration = Duration::from_millis(limits::CACHE_RENEWAL_WAIT_MS);

/// Why an answer is computed although nobody waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// `@warm` names it.
    Warm,
    /// A change has ended it, and it is read more often than changed.
    Hot,
    /// It has ended and was given all the same, as `@cache stale` allows.
    Stale,
    /// It is read so often that it is renewed before its time is over.
    Ahead,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Cause; 4] = [Cause::Warm, Cause::Hot, Cause::Stale, Cause::Ahead];

    /// Its name where it is a label.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Warm => "warm",
            Cause::Hot => "hot",
            Cause::Stale => "stale",
            Cause::Ahead => "ahead",
        }
    }
}

/// What became of an answer that was to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Renewed {
    /// It was computed and is kept.
    Kept,
    /// Somebody had computed it meanwhile.
    Found,
    /// It was computed, and a commit had touched it again.
    Overtaken,
    /// It was computed and is not kept: nobody reads it, or it is too large.
    Unkept,
    /// It could not be computed.
    Failed,
    /// It was left to who asks for it: callers waited for their turn.
    Skipped,
    /// It was left to who asks for it: too many were waiting to be renewed.
    Dropped,
}

impl Renewed {
    /// Every outcome.
    pub const ALL: [Renewed; 7] = [
        Renewed::Kept,
        Renewed::Found,
        Renewed::Overtaken,
        Renewed::Unkept,
        Renewed::Failed,
        Renewed::Skipped,
        Renewed::Dropped,
    ];

    /// Its name where it is a label.
    pub fn name(self) -> &'static str {
        match self {
            Renewed::Kept => "kept",
            Renewed::Found => "found",
            Renewed::Overtaken => "overtaken",
            Renewed::Unkept => "unkept",
            Renewed::Failed => "failed",
            Renewed::Skipped => "skipped",
            Renewed::Dropped => "dropped",
        }
    }
}

/// What became of all answers that were to be renewed, since the server started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenewalFigures {
    /// Those that wait now.
    pub waiting: usize,
    counts: [[u64; Renewed::ALL.len()]; Cause::ALL.len()],
}

impl RenewalFigures {
    /// How many of a cause came to this end.
    pub fn count(&self, cause: Cause, renewed: Renewed) -> u64 {
        self.counts[cause as usize][renewed as usize]
    }
}

/// An answer that is to be computed again. It holds on to no body: what has ended is to be let go.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) cause: Cause,
    /// When it was put in.
    pub(crate) since: Instant,
    /// Before this moment it is too early.
    not_before: Instant,
    tries: u32,
    /// What it was kept under.
    pub(super) key: Box<[u8]>,
    /// For whom it was computed, as far as its query uses anything of the caller.
    pub(super) identity: Identity,
    entry: Weak<Entry<Kept>>,
}

impl Due {
    /// The answer itself, if anybody still holds it.
    pub(crate) fn kept(&self) -> Option<KeptAnswer> {
        self.entry.upgrade().map(KeptAnswer)
    }
}

/// What waits, and what was counted.
#[derive(Debug, Default)]
pub(crate) struct Renewals {
    queue: Mutex<VecDeque<Due>>,
    /// Something waits.
    told: Notify,
    /// Another version of the app is served.
    pub(crate) loaded: Notify,
    has_driver: AtomicBool,
    counts: [[AtomicU64; Renewed::ALL.len()]; Cause::ALL.len()],
}

/// Whoever takes out what is put in. Dropped: nothing is put in any more.
#[derive(Debug)]
pub(crate) struct Driver<'a>(&'a Renewals);

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        self.0.has_driver.store(false, Relaxed);
        self.0.lock().clear();
    }
}

impl Renewals {
    /// From now on someone takes out what is put in. None: somebody does already.
    pub(crate) fn drive(&self) -> Option<Driver<'_>> {
        (!self.has_driver.swap(true, Relaxed)).then_some(Driver(self))
    }

    /// Puts an answer in; false where it is not: nobody takes it out, or too many wait.
    pub(super) fn push(&self, kept: &KeptAnswer, cause: Cause) -> bool {
        if !self.has_driver.load(Relaxed) {
            return false;
        }
        let mut queue = self.lock();
        let has_room = queue.len() < limits::CACHE_RENEWALS_MAX;
        if has_room {
            let (key, identity, entry) = (kept.0.key().into(), kept.identity(), Arc::downgrade(&kept.0));
            let since = Instant::now();
            // Commits in a row cost one computation. Of the others, a reader has just been given what is to go.
            let not_before = match cause {
                Cause::Warm | Cause::Hot => since + WAIT,
                Cause::Stale | Cause::Ahead => since,
            };
            queue.push_back(Due { cause, since, not_before, tries: 1, key, identity, entry });
        }
        drop(queue);
        if !has_room {
            self.count(cause, Renewed::Dropped);
        }
        has_room
    }

    /// Wakes who takes out, if there is something.
    pub(super) fn wake(&self) {
        if self.has_driver.load(Relaxed) && !self.lock().is_empty() {
            self.told.notify_one();
        }
    }

    /// Waits until something is there.
    pub(crate) async fn wait(&self) {
        while self.lock().is_empty() {
            self.told.notified().await;
        }
    }

    /// What has waited longest of what it is not too early for. Where more waits, another is told.
    pub(crate) fn take(&self, now: Instant) -> Option<Due> {
        let mut queue = self.lock();
        let at = queue.iter().position(|due| due.not_before <= now)?;
        let due = queue.remove(at);
        if !queue.is_empty() {
            self.told.notify_one();
        }
        due
    }

    /// It was too early for this one.
    pub(crate) fn put_back(&self, due: Due, wait: Duration) {
        self.lock().push_back(Due { not_before: Instant::now() + wait, ..due });
    }

    /// A commit has overtaken it: it is tried again a few times, later and later. Whether it is.
    pub(crate) fn try_again(&self, due: Due) -> bool {
        let is_tried = due.tries < limits::CACHE_RENEWAL_TRIES;
        if is_tried {
            let wait = WAIT * 2_u32.saturating_pow(due.tries);
            self.put_back(Due { tries: due.tries + 1, ..due }, wait);
        }
        is_tried
    }

    pub(crate) fn count(&self, cause: Cause, renewed: Renewed) {
        self.counts[cause as usize][renewed as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn figures(&self) -> RenewalFigures {
        let of = |counts: &[AtomicU64; Renewed::ALL.len()]| counts.each_ref().map(|count| count.load(Relaxed));
        RenewalFigures { waiting: self.lock().len(), counts: self.counts.each_ref().map(of) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Due>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
