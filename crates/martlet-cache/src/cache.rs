//! The cache: what is there is good.
//!
//! A commit ends the entries that it touches before anyone can see it. An answer is kept only if no commit since the
//! position that it was read at has touched what it rests on; else it is given to who asked, and forgotten. Hits take
//! no lock; commits and fills take one, for microseconds.

use crate::bound::{Bound, Resolve};
use crate::entry::{Entry, Weigh};
use crate::index::Index;
use crate::recent::Recent;
use crate::shapes::{QueryId, Shapes};
use hashbrown::DefaultHashBuilder;
use martlet_core::Change;
use martlet_sql::dependency::{Dependencies, Tracked};
use quick_cache::sync::Cache as Map;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes of an entry beside its key and value: its struct, its places in the map and in the index.
const ENTRY_SIZE: usize = 360;
/// Bytes of one key of what an entry rests on.
const DEPENDENCY_SIZE: usize = 64;

/// How large the cache may become.
#[derive(Debug, Clone)]
pub struct CacheSettings {
    /// Bytes of all entries, with what they cost beside their answers.
    pub bytes_max: u64,
    /// Entries.
    pub entries_max: usize,
    /// Bytes of the largest answer that is kept.
    pub answer_size_max: usize,
}

impl Default for CacheSettings {
    /// 100 MiB, a million entries, answers of up to a MiB.
    fn default() -> Self {
        Self { bytes_max: 100 * 1024 * 1024, entries_max: 1_000_000, answer_size_max: 1024 * 1024 }
    }
}

/// A fill has begun; taken before the position that its answer is read at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    generation: u64,
}

/// Why an answer was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unkept {
    /// Another version of the app is served since.
    Replaced,
    /// A commit since the answer was read has touched what it rests on.
    Overtaken,
    /// It is older than the commits that are remembered.
    TooOld,
    /// A value that it rests on is not known.
    Unbound,
    /// It is larger than what is kept.
    TooLarge,
}

/// What the cache has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Entries now.
    pub entries: usize,
    /// Bytes now, with what entries cost beside their answers.
    pub bytes: u64,
    /// Entries that commits have ended.
    pub invalidated: u64,
    /// Entries that had to make room.
    pub evicted: u64,
    /// Times that everything was dropped.
    pub cleared: u64,
}

/// Answers of values of type `V`.
#[derive(Debug)]
pub struct Cache<V> {
    settings: CacheSettings,
    map: Map<Box<[u8]>, Arc<Entry<V>>, Weights, DefaultHashBuilder, Evicted>,
    applied: Mutex<Applied<V>>,
    generation: AtomicU64,
    invalidated: AtomicU64,
    evicted: AtomicU64,
    cleared: AtomicU64,
}

/// What commits and fills agree on.
#[derive(Debug)]
struct Applied<V> {
    index: Index<V>,
    recent: Recent,
    /// The last commit that has begun.
    started: u64,
    generation: u64,
}

/// So many entries fit because none weighs less than its share.
#[derive(Debug, Clone)]
struct Weights {
    weight_min: u64,
}

impl<V: Weigh> Weighter<Box<[u8]>, Arc<Entry<V>>> for Weights {
    fn weight(&self, key: &Box<[u8]>, entry: &Arc<Entry<V>>) -> u64 {
        let size = ENTRY_SIZE + key.len() + entry.value().weight() + entry.keys() * DEPENDENCY_SIZE;
        (size as u64).max(self.weight_min)
    }
}

/// Gathers what an insertion pushes out.
#[derive(Debug, Clone)]
struct Evicted;

impl<V> Lifecycle<Box<[u8]>, Arc<Entry<V>>> for Evicted {
    type RequestState = Vec<Arc<Entry<V>>>;

    fn on_evict(&self, state: &mut Self::RequestState, _: Box<[u8]>, entry: Arc<Entry<V>>) {
        state.push(entry);
    }
}

impl<V: Weigh> Cache<V> {
    /// An empty cache of no app: it keeps nothing until [`Cache::load`].
    pub fn new(settings: CacheSettings) -> Self {
        let hasher = DefaultHashBuilder::default();
        let options = OptionsBuilder::new()
            .estimated_items_capacity(settings.entries_max)
            .weight_capacity(settings.bytes_max)
            .build()
            .expect("both capacities are given");
        let weights = Weights { weight_min: settings.bytes_max / settings.entries_max.max(1) as u64 };
        let map = Map::with_options(options, weights, hasher.clone(), Evicted);
        let index = Index::new(hasher, Arc::default());
        let applied = Applied { index, recent: Recent::default(), started: 0, generation: 0 };
        let zero = || AtomicU64::new(0);
        Self {
            settings,
            map,
            applied: Mutex::new(applied),
            generation: zero(),
            invalidated: zero(),
            evicted: zero(),
            cleared: zero(),
        }
    }

    /// Serves another version of the app: its tracked tables, and the dependencies of its queries by [`QueryId`].
    /// Everything is dropped.
    pub fn load(&self, tracked: Arc<Tracked>, queries: Vec<Arc<Dependencies>>) {
        let mut applied = self.lock();
        applied.generation += 1;
        self.generation.store(applied.generation, Ordering::Release);
        self.drop_all(&mut applied);
        let hasher = applied.index.hasher().clone();
        applied.index = Index::new(hasher, Arc::new(Shapes::new(tracked, queries)));
    }

    /// The answer that is kept under this key, if it is still good.
    pub fn get(&self, key: &[u8], now: Instant) -> Option<Arc<Entry<V>>> {
        let entry = self.map.get(key)?;
        let is_good = entry.is_alive() && !(entry.has_time_limit() && entry.is_over(now));
        is_good.then_some(entry)
    }

    /// Begins a fill. To be called before the position of its answer is taken.
    pub fn start(&self) -> Start {
        Start { generation: self.generation.load(Ordering::Acquire) }
    }

    /// Keeps an answer, unless a commit after `position`, the number of the commit that it was read at, has touched
    /// what it rests on. Once kept, it was the answer at the moment of the call.
    #[expect(clippy::too_many_arguments, reason = "each is another part of one entry")]
    pub fn keep(
        &self,
        start: Start,
        position: u64,
        key: Box<[u8]>,
        query: QueryId,
        resolve: &Resolve<'_>,
        value: V,
        lives_for: Option<Duration>,
        now: Instant,
    ) -> Result<Arc<Entry<V>>, (Unkept, V)> {
        if value.weight() > self.settings.answer_size_max {
            return Err((Unkept::TooLarge, value));
        }
        let (shapes, hasher) = {
            let applied = self.lock();
            (Arc::clone(applied.index.shapes()), applied.index.hasher().clone())
        };
        let Some(bound) = Bound::new(&shapes, &hasher, query, resolve) else {
            return Err((Unkept::Unbound, value));
        };
        let mut applied = self.lock();
        if applied.generation != start.generation {
            return Err((Unkept::Replaced, value));
        }
        match applied.recent.since(position) {
            None => return Err((Unkept::TooOld, value)),
            Some(mut changes) => {
                if changes.any(|change| applied.index.touches(change, &bound)) {
                    return Err((Unkept::Overtaken, value));
                }
            }
        }
        let ends_at = lives_for.and_then(|lives_for| now.checked_add(lives_for));
        let entry = Arc::new(Entry::new(key.clone(), query, value, bound.keys(), applied.started, now, ends_at));
        if let Some(before) = self.map.peek(&key) {
            before.end();
            applied.index.remove(&before);
        }
        applied.index.add(Arc::clone(&entry), bound);
        let mut evicted = Vec::new();
        self.map.insert_with_lifecycle(key, Arc::clone(&entry), &mut evicted);
        for gone in evicted {
            gone.end();
            applied.index.remove(&gone);
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(entry)
    }

    /// A commit of this number begins, with these changes: what it touches ends here, before anyone can see it.
    pub fn begins(&self, number: u64, changes: &[Change]) {
        let mut applied = self.lock();
        applied.started = number;
        applied.recent.push(number, changes);
        let touched = applied.index.touched(changes);
        for entry in touched {
            if entry.is_alive() {
                entry.end();
                applied.index.remove(&entry);
                self.map.remove(entry.key());
                self.invalidated.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// A commit of this number begins that may change everything.
    pub fn begins_with_everything(&self, number: u64) {
        let mut applied = self.lock();
        applied.started = number;
        applied.recent.reset(number);
        self.drop_all(&mut applied);
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.drop_all(&mut self.lock());
    }

    /// What it has done.
    pub fn figures(&self) -> CacheFigures {
        let entries = self.lock().index.len();
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheFigures {
            entries,
            bytes: self.map.weight(),
            invalidated: of(&self.invalidated),
            evicted: of(&self.evicted),
            cleared: of(&self.cleared),
        }
    }

    fn drop_all(&self, applied: &mut Applied<V>) {
        let all: Vec<Arc<Entry<V>>> = applied.index.entries().map(Arc::clone).collect();
        for entry in all {
            entry.end();
            applied.index.remove(&entry);
        }
        self.map.clear();
        self.cleared.fetch_add(1, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Applied<V>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
