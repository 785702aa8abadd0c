//! The entries by key, bounded by bytes and number; what has to make room is told.

use crate::entry::{Entry, Weigh};
use crate::settings::CacheSettings;
use hashbrown::DefaultHashBuilder;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::thread::available_parallelism;

/// Bytes of an entry beside its key and value: its struct, its places in the map and in the index.
const ENTRY_SIZE: usize = 360;
/// Bytes of the place in the index of one key of what an entry rests on.
const DEPENDENCY_SIZE: usize = 48;
/// A part of the map, with a lock of its own, has room for so many answers of the largest size.
const LARGEST_PER_SHARD: u64 = 4;

/// The entries by key.
#[derive(Debug)]
pub(crate) struct Map<V> {
    entries: Cache<EntryKey<V>, Resident<V>, Weights, DefaultHashBuilder, Evicted>,
    weight_min: usize,
}

/// An entry stands for its key, which is so in memory once.
#[derive(Debug)]
struct EntryKey<V>(Arc<Entry<V>>);

impl<V> Hash for EntryKey<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.key().hash(state);
    }
}

impl<V> PartialEq for EntryKey<V> {
    fn eq(&self, other: &Self) -> bool {
        self.0.key() == other.0.key()
    }
}

impl<V> Eq for EntryKey<V> {}

impl<V> Borrow<[u8]> for EntryKey<V> {
    fn borrow(&self) -> &[u8] {
        self.0.key()
    }
}

/// An entry with the weight that it was counted with: a value may have grown since.
#[derive(Debug)]
struct Resident<V> {
    entry: Arc<Entry<V>>,
    weight: u64,
}

impl<V> Clone for Resident<V> {
    fn clone(&self) -> Self {
        Self { entry: Arc::clone(&self.entry), weight: self.weight }
    }
}

#[derive(Debug, Clone)]
struct Weights;

impl<V> Weighter<EntryKey<V>, Resident<V>> for Weights {
    fn weight(&self, _: &EntryKey<V>, resident: &Resident<V>) -> u64 {
        resident.weight
    }
}

/// Gathers what an insertion pushes out.
#[derive(Debug, Clone)]
struct Evicted;

impl<V> Lifecycle<EntryKey<V>, Resident<V>> for Evicted {
    type RequestState = Vec<Arc<Entry<V>>>;

    fn on_evict(&self, state: &mut Self::RequestState, _: EntryKey<V>, resident: Resident<V>) {
        state.push(resident.entry);
    }
}

impl<V: Weigh> Map<V> {
    pub(crate) fn new(settings: &CacheSettings) -> Self {
        let largest = (settings.answer_size_max as u64).saturating_mul(LARGEST_PER_SHARD).max(1);
        let wanted = available_parallelism().map_or(1, |threads| threads.get() * 4);
        let fitting = usize::try_from(settings.bytes_max / largest).unwrap_or(usize::MAX).max(1);
        // Rounded up to a power of two by the map.
        let shards = wanted.min(fitting.next_power_of_two().div_ceil(2));
        let options = OptionsBuilder::new()
            .shards(shards)
            .estimated_items_capacity(settings.entries_max)
            .weight_capacity(settings.bytes_max)
            .build()
            .expect("both capacities are given");
        let entries = Cache::with_options(options, Weights, DefaultHashBuilder::default(), Evicted);
        // So many entries fit because none weighs less than its share.
        let weight_min = settings.bytes_max / settings.entries_max.max(1) as u64;
        Self { entries, weight_min: usize::try_from(weight_min).unwrap_or(usize::MAX) }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<Entry<V>>> {
        self.entries.get(key).map(|resident| resident.entry)
    }

    /// As [`Map::get`], but it does not count as a use.
    pub(crate) fn peek(&self, key: &[u8]) -> Option<Arc<Entry<V>>> {
        self.entries.peek(key).map(|resident| resident.entry)
    }

    /// What an entry counts for now.
    pub(crate) fn weight_of(&self, entry: &Entry<V>) -> usize {
        let rests_on = entry.bound_size() + entry.keys() * DEPENDENCY_SIZE;
        (ENTRY_SIZE + entry.key().len() + entry.value().weight() + rests_on).max(self.weight_min)
    }

    /// Adds an entry, or counts it anew; gives the entries that are no longer there.
    pub(crate) fn insert(&self, entry: &Arc<Entry<V>>, weight: usize) -> Vec<Arc<Entry<V>>> {
        let mut gone = Vec::new();
        let resident = Resident { entry: Arc::clone(entry), weight: weight as u64 };
        self.entries.insert_with_lifecycle(EntryKey(Arc::clone(entry)), resident, &mut gone);
        // What was counted anew is reported as replaced; what is too large to be taken, as well.
        let is_kept = self.peek(entry.key()).is_some_and(|kept| Arc::ptr_eq(&kept, entry));
        gone.retain(|other| !(is_kept && Arc::ptr_eq(other, entry)));
        gone
    }

    pub(crate) fn remove(&self, entry: &Entry<V>) {
        self.entries.remove(entry.key());
    }

    pub(crate) fn clear(&self) {
        self.entries.clear();
    }

    pub(crate) fn weight(&self) -> u64 {
        self.entries.weight()
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
