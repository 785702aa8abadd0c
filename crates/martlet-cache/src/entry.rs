//! A kept answer.

use crate::shapes::QueryId;
use crate::sync::{AtomicBool, AtomicU32};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// How many bytes a kept value takes, and what they are.
pub trait Weigh {
    /// Bytes, those of its own struct not counted. May grow while it is kept: then [`crate::Cache::reweigh`].
    fn weight(&self) -> usize;

    /// Of the answer: equal for equal ones. Asked once, when it is kept.
    fn digest(&self) -> u64;
}

/// Reads of an entry that are counted where no time ends it: more tell nothing new.
const READS_COUNTED_MAX: u32 = 15;
/// The same of one that time ends, whose reads say when it is renewed.
const READS_TIMED_MAX: u32 = 4_096;

/// Nobody has been asked for the next one.
const RENEWAL_NONE: u32 = 0;
/// Somebody has.
const RENEWAL_ASKED: u32 = 1;
/// Somebody was, and there is none.
const RENEWAL_FAILED: u32 = 2;

/// A kept answer. Good for as long as it is alive.
#[derive(Debug)]
pub struct Entry<V> {
    key: Box<[u8]>,
    value: V,
    digest: u64,
    stamp: u64,
    filled_at: Instant,
    ends_at: Option<Instant>,
    query: QueryId,
    keys: u32,
    /// Bytes of what it rests on.
    bound_size: u32,
    /// Its place in the index; only under the apply lock.
    record: AtomicU32,
    is_alive: AtomicBool,
    /// Whether somebody has been asked to compute the next one: [`RENEWAL_NONE`] and the like.
    renewal: AtomicU32,
    reads: AtomicU32,
}

/// What an entry is made of.
pub(crate) struct NewEntry<V> {
    pub(crate) key: Box<[u8]>,
    pub(crate) query: QueryId,
    pub(crate) value: V,
    pub(crate) digest: u64,
    pub(crate) keys: usize,
    pub(crate) bound_size: usize,
    pub(crate) stamp: u64,
    pub(crate) filled_at: Instant,
    pub(crate) ends_at: Option<Instant>,
}

impl<V> Entry<V> {
    pub(crate) fn new(new: NewEntry<V>) -> Self {
        let NewEntry { key, query, value, digest, keys, bound_size, stamp, filled_at, ends_at } = new;
        let keys = u32::try_from(keys).unwrap_or(u32::MAX);
        let bound_size = u32::try_from(bound_size).unwrap_or(u32::MAX);
        let (is_alive, renewal) = (AtomicBool::new(true), AtomicU32::new(RENEWAL_NONE));
        let (record, reads) = (AtomicU32::new(u32::MAX), AtomicU32::new(0));
        Self {
            key,
            value,
            digest,
            stamp,
            filled_at,
            ends_at,
            query,
            keys,
            bound_size,
            record,
            is_alive,
            renewal,
            reads,
        }
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
        self.keys as usize
    }

    pub(crate) fn bound_size(&self) -> usize {
        self.bound_size as usize
    }

    /// The commit that it was read at; no commit since has touched what it rests on, while it is alive.
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

    /// It was given to someone. To be called for every hit: a key that nobody reads is no longer kept.
    pub fn note_read(&self) {
        let max = if self.has_time_limit() { READS_TIMED_MAX } else { READS_COUNTED_MAX };
        let reads = self.reads.load(Ordering::Relaxed);
        // Readers share the line for as long as nobody writes to it. Two at once may count as one.
        if reads < max {
            self.reads.store(reads + 1, Ordering::Relaxed);
        }
    }

    /// How often it was given, up to a bound: 15, or 4,096 of one that ends by time.
    pub fn reads(&self) -> u32 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Whether nobody has been asked for the next one yet.
    pub fn is_first_renewal(&self) -> bool {
        self.renewal.load(Ordering::Relaxed) == RENEWAL_NONE
    }

    /// The next one is asked for; false where that was done before, and may still give one.
    pub fn begin_renewal(&self) -> bool {
        self.renewal.swap(RENEWAL_ASKED, Ordering::Relaxed) != RENEWAL_ASKED
    }

    /// There is no next one: it may be asked for again.
    pub fn renewal_failed(&self) {
        self.renewal.store(RENEWAL_FAILED, Ordering::Relaxed);
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// Whether it ends by time.
    pub fn has_time_limit(&self) -> bool {
        self.ends_at.is_some()
    }

    /// When it ends by time.
    pub fn ends_at(&self) -> Option<Instant> {
        self.ends_at
    }

    pub(crate) fn end(&self) {
        self.is_alive.store(false, Ordering::Release);
    }

    /// Its place in the index, if it has one.
    pub(crate) fn record(&self) -> u32 {
        self.record.load(Ordering::Relaxed)
    }

    /// As [`Entry::record`]; it has none from here on.
    pub(crate) fn take_record(&self) -> u32 {
        self.record.swap(u32::MAX, Ordering::Relaxed)
    }

    pub(crate) fn set_record(&self, record: u32) {
        self.record.store(record, Ordering::Relaxed);
    }
}
