//! What is kept: the store's answer, and what a surface has made of it.

use super::QueryCounters;
use hashbrown::DefaultHashBuilder;
use martlet_cache::{Entry, Weigh};
use martlet_core::{Identity, Value};
use martlet_store::Answer;
use std::any::Any;
use std::fmt::Debug;
use std::hash::BuildHasher;
use std::mem::size_of;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::{Duration, Instant};

/// What a surface keeps with an answer: its tag, its header values, its compressed forms. Goes when the answer goes.
pub trait Attached: Any + Send + Sync + Debug {
    /// Bytes that it takes.
    fn weight(&self) -> usize;
}

/// A kept answer: of a page its rows, before its cursor is sealed for who asks.
#[derive(Debug)]
pub struct Kept {
    pub(super) answer: Answer,
    pub(super) attached: OnceLock<Box<dyn Attached>>,
    pub(super) counters: Arc<QueryCounters>,
    pub(super) more: Option<Box<More>>,
}

/// What most answers do without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct More {
    /// For whom it was computed, where the query uses something of the caller: to compute it again.
    pub(super) identity: Identity,
    /// `@warm` names it.
    pub(super) is_warm: bool,
    /// The lower bound of its time: from here on it is renewed as often as it is read.
    pub(super) renews_from: Option<Duration>,
    /// How long it may be given after its end.
    pub(super) stale_for: Option<Duration>,
}

impl Kept {
    pub(super) fn new(answer: Answer, counters: Arc<QueryCounters>, more: More) -> Self {
        let more = (more != More::default()).then(|| Box::new(more));
        Self { answer, attached: OnceLock::new(), counters, more }
    }
}

impl Weigh for Kept {
    fn weight(&self) -> usize {
        let body = self.answer.body.as_ref().map_or(0, bytes::Bytes::len);
        let last = self.answer.last.iter().flatten().map(|value| match value {
            Value::Text(text) => size_of::<Value>() + text.len(),
            _ => size_of::<Value>(),
        });
        let more = self
            .more
            .as_ref()
            .map_or(0, |more| size_of::<More>() + more.identity.claims().map_or(0, |claims| claims.json.len()));
        body + more + last.sum::<usize>() + self.attached.get().map_or(0, |attached| attached.weight())
    }

    /// Tells only whether a change was in vain: a fast hash of the body will do.
    fn digest(&self) -> u64 {
        static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);
        HASHER.hash_one(&self.answer.body)
    }
}

/// A handle on a kept answer. It may outlive the answer: ask [`KeptAnswer::is_good`] each time before it is given.
#[derive(Debug, Clone)]
pub struct KeptAnswer(pub(super) Arc<Entry<Kept>>);

impl KeptAnswer {
    /// Whether it may be given now: no commit has touched what it rests on, and its time has not passed.
    ///
    /// To be asked after the position was read that is told with it.
    pub fn is_good(&self, now: Instant) -> bool {
        self.0.is_alive() && !self.0.is_over(now)
    }

    /// Whether it is time to compute the next one, although this one may be given: it has been read `n` times, and is
    /// older than the upper bound of its time through `n`, and than the lower one. A surface that gives kept answers
    /// by itself asks this for each, and takes the whole way ([`crate::Engine::answer`]) where it is so.
    pub fn is_renewal_due(&self, now: Instant) -> bool {
        let Some(ends_at) = self.0.ends_at() else { return false };
        let Some(from) = self.0.value().more.as_ref().and_then(|more| more.renews_from) else { return false };
        let (age, time) = (now.saturating_duration_since(self.0.filled_at()), ends_at - self.0.filled_at());
        age >= from && self.0.is_first_renewal() && age.saturating_mul(self.0.reads()) >= time
    }

    /// How long it may be given after its end.
    pub(super) fn stale_for(&self) -> Option<Duration> {
        self.0.value().more.as_ref()?.stale_for
    }

    /// Whether `@warm` names it.
    pub(super) fn is_warm(&self) -> bool {
        self.0.value().more.as_ref().is_some_and(|more| more.is_warm)
    }

    /// For whom it was computed, as far as its query uses anything of the caller.
    pub(super) fn identity(&self) -> Identity {
        self.0.value().more.as_ref().map(|more| more.identity.clone()).unwrap_or_default()
    }

    /// Whether this is the other one, and not one like it.
    pub(crate) fn is(&self, other: &KeptAnswer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// It could not be renewed: it may be tried again.
    pub(crate) fn renewal_failed(&self) {
        self.0.renewal_failed();
    }

    /// What it is kept under.
    pub(crate) fn key(&self) -> &[u8] {
        self.0.key()
    }

    /// Whether no commit has touched what it rests on.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.is_alive()
    }

    /// When its time passes, if it does.
    pub(crate) fn ends_at(&self) -> Option<Instant> {
        self.0.ends_at()
    }

    /// The answer; while it is good, its position is not the one to be told with it.
    pub fn answer(&self) -> &Answer {
        &self.0.value().answer
    }

    /// What a surface has made of it; [`crate::Engine::attach`] adds it.
    pub fn attached(&self) -> Option<&dyn Attached> {
        self.0.value().attached.get().map(|attached| &**attached)
    }

    /// It is given once more: counts a hit of its query. To be called for every hit.
    pub fn note_read(&self) {
        self.note_shared();
        self.0.value().counters.hits.fetch_add(1, Ordering::Relaxed);
    }

    /// It is given to one who waited for it.
    pub(crate) fn note_shared(&self) {
        self.0.note_read();
    }
}
