//! Entries that a commit has ended and that may be given for a while all the same, to who agrees to that.
//!
//! Nothing here is an answer of now: who gives one says since when it is not. Bounded by bytes; the oldest goes first.

use crate::entry::Entry;
use crate::shapes::QueryId;
use hashbrown::HashMap;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// An answer that was one.
#[derive(Debug)]
pub struct Past<V> {
    /// The entry.
    pub entry: Arc<Entry<V>>,
    /// Since when it is not known to be the answer.
    pub ended_at: Instant,
}

impl<V> Clone for Past<V> {
    fn clone(&self) -> Self {
        Self { entry: Arc::clone(&self.entry), ended_at: self.ended_at }
    }
}

/// By key, and in the order in which they ended.
#[derive(Debug)]
pub(crate) struct Pasts<V> {
    numbers: HashMap<Box<[u8]>, u64>,
    all: BTreeMap<u64, Item<V>>,
    last: u64,
    bytes: u64,
    bytes_max: u64,
}

#[derive(Debug)]
struct Item<V> {
    past: Past<V>,
    until: Instant,
    weight: u64,
}

impl<V> Pasts<V> {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { numbers: HashMap::new(), all: BTreeMap::new(), last: 0, bytes: 0, bytes_max }
    }

    /// Adds one that weighs so much, instead of the one under its key, and lets go what is over.
    pub(crate) fn add(&mut self, past: Past<V>, weight: usize, until: Instant, now: Instant) {
        self.last += 1;
        let key: Box<[u8]> = past.entry.key().into();
        if let Some(before) = self.numbers.insert(key, self.last)
            && let Some(item) = self.all.remove(&before)
        {
            self.bytes -= item.weight;
        }
        let weight = weight as u64;
        self.bytes += weight;
        self.all.insert(self.last, Item { past, until, weight });
        while let Some(first) = self.all.first_entry()
            && (self.bytes > self.bytes_max || first.get().until <= now)
        {
            let item = first.remove();
            self.bytes -= item.weight;
            self.numbers.remove(item.past.entry.key());
        }
    }

    /// The last one of a key, while it may be given.
    pub(crate) fn get(&self, key: &[u8], now: Instant) -> Option<Past<V>> {
        let item = self.all.get(self.numbers.get(key)?)?;
        (now < item.until).then(|| item.past.clone())
    }

    /// Lets go all of these queries.
    pub(crate) fn remove_queries(&mut self, is_wanted: impl Fn(QueryId) -> bool) {
        let gone = |item: &Item<V>| is_wanted(item.past.entry.query());
        self.bytes -= self.all.values().filter(|item| gone(item)).map(|item| item.weight).sum::<u64>();
        self.all.retain(|_, item| !gone(item));
        self.numbers.retain(|_, number| self.all.contains_key(number));
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { last: self.last, ..Self::new(self.bytes_max) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::NewEntry;
    use std::time::Duration;

    fn entry(key: u8, query: u32) -> Arc<Entry<u8>> {
        Arc::new(Entry::new(NewEntry {
            key: [key].into(),
            query: QueryId(query),
            value: key,
            digest: 0,
            keys: 0,
            bound_size: 0,
            stamp: 0,
            filled_at: Instant::now(),
            ends_at: None,
        }))
    }

    #[test]
    fn what_has_ended_is_there_for_its_time_and_the_oldest_goes_first() {
        let mut pasts = Pasts::new(100);
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let add = |pasts: &mut Pasts<u8>, key: u8, now: u64| {
            let past = Past { entry: entry(key, u32::from(key) % 2), ended_at: at(now) };
            pasts.add(past, 30, at(now + 5), at(now));
        };
        let given = |pasts: &Pasts<u8>, now: u64| -> Vec<u8> {
            (0..9).filter(|key| pasts.get(&[*key], at(now)).is_some()).collect()
        };
        (1..=3).for_each(|key| add(&mut pasts, key, 0));
        assert_eq!(given(&pasts, 4), [1, 2, 3]);
        assert_eq!(given(&pasts, 5), [0; 0], "their time is over");
        add(&mut pasts, 1, 1);
        assert_eq!(given(&pasts, 5), [1], "it has ended again");
        add(&mut pasts, 4, 1);
        assert_eq!(given(&pasts, 4), [1, 3, 4], "the oldest has made room");
        add(&mut pasts, 5, 6);
        assert_eq!((pasts.all.len(), pasts.numbers.len(), pasts.bytes), (1, 1, 30), "what is over is let go");
        add(&mut pasts, 6, 6);
        pasts.remove_queries(|query| query == QueryId(1));
        assert_eq!((given(&pasts, 7), pasts.bytes), (vec![6], 30));
        pasts.clear();
        assert_eq!((given(&pasts, 7), pasts.bytes), (vec![], 0));
    }
}
