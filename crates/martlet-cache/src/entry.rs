//! A kept answer.

use crate::shapes::QueryId;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

/// How many bytes a kept value takes.
pub trait Weigh {
    /// Bytes, those of its own struct not counted.
    fn weight(&self) -> usize;
}

/// A kept answer. Good for as long as it is alive.
#[derive(Debug)]
pub struct Entry<V> {
    key: Box<[u8]>,
    query: QueryId,
    value: V,
    keys: usize,
    stamp: u64,
    filled_at: Instant,
    ends_at: Option<Instant>,
    is_alive: AtomicBool,
    /// Its place in the index; only under the apply lock.
    record: AtomicU32,
}

impl<V> Entry<V> {
    pub(crate) fn new(
        key: Box<[u8]>,
        query: QueryId,
        value: V,
        keys: usize,
        stamp: u64,
        filled_at: Instant,
        ends_at: Option<Instant>,
    ) -> Self {
        let (is_alive, record) = (AtomicBool::new(true), AtomicU32::new(u32::MAX));
        Self { key, query, value, keys, stamp, filled_at, ends_at, is_alive, record }
    }

    /// What it was kept under.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whose answer it is.
    pub fn query(&self) -> QueryId {
        self.query
    }

    /// The answer.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// How many keys it rests on.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// The commit at which it was the answer; no commit since has touched what it rests on, while it is alive.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// When it was made.
    pub fn filled_at(&self) -> Instant {
        self.filled_at
    }

    /// Whether it may still be given: no change has touched it. To be asked each time before it is given.
    pub fn is_alive(&self) -> bool {
        self.is_alive.load(Ordering::Acquire)
    }

    /// Whether its time limit has passed.
    pub fn is_over(&self, now: Instant) -> bool {
        self.ends_at.is_some_and(|ends_at| now >= ends_at)
    }

    pub(crate) fn has_time_limit(&self) -> bool {
        self.ends_at.is_some()
    }

    pub(crate) fn end(&self) {
        self.is_alive.store(false, Ordering::Release);
    }

    pub(crate) fn record(&self) -> u32 {
        self.record.load(Ordering::Relaxed)
    }

    pub(crate) fn set_record(&self, record: u32) {
        self.record.store(record, Ordering::Relaxed);
    }
}
