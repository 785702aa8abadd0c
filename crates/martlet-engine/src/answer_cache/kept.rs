//! What is kept: the store's answer, and what a surface has made of it.

use super::QueryCounters;
use hashbrown::DefaultHashBuilder;
use martlet_cache::{Entry, Weigh};
use martlet_core::Value;
use martlet_store::Answer;
use std::any::Any;
use std::fmt::Debug;
use std::hash::BuildHasher;
use std::mem::size_of;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Instant;

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
}

impl Kept {
    pub(super) fn new(answer: Answer, counters: Arc<QueryCounters>) -> Self {
        Self { answer, attached: OnceLock::new(), counters }
    }
}

impl Weigh for Kept {
    fn weight(&self) -> usize {
        let body = self.answer.body.as_ref().map_or(0, bytes::Bytes::len);
        let last = self.answer.last.iter().flatten().map(|value| match value {
            Value::Text(text) => size_of::<Value>() + text.len(),
            _ => size_of::<Value>(),
        });
        body + last.sum::<usize>() + self.attached.get().map_or(0, |attached| attached.weight())
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

    /// Whether no commit has touched what it rests on.
    pub(crate) fn is_alive(&self) -> bool {
        self.0.is_alive()
    }

    /// The answer; its position is not the one to be told with it.
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
