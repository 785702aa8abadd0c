//! The cache: what is there is good.
//!
//! A commit ends the entries that it touches before anyone can see it. An answer is kept only if no commit since the
//! position that it was read at has touched what it rests on; else it is given to who asked, and forgotten. Hits take
//! no lock; commits and fills take one, for microseconds.

use crate::applied::Applied;
use crate::bound::{Bound, Resolve};
use crate::entry::{Entry, NewEntry, Weigh};
use crate::figures::{CacheFigures, Gone, QueryFigures, Unkept};
use crate::groups::{Membership, Told, Unwatched};
use crate::index::Index;
use crate::map::Map;
use crate::past::{Past, Pasts};
use crate::recent::CommitTold;
use crate::rules::{Rule, Rules};
use crate::settings::CacheSettings;
use crate::shapes::{QueryId, Shapes};
use crate::sync::{AtomicU64, Mutex, MutexGuard};
use crate::watcher::Watcher;
use hashbrown::DefaultHashBuilder;
use martlet_core::{Change, limits};
use martlet_sql::dependency::{Dependencies, Tracked};
use std::hash::BuildHasher;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A fill has begun; taken before the position that its answer is read at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    generation: u64,
}

/// An entry that a commit has ended.
#[derive(Debug)]
pub struct Ended<V> {
    /// The entry; nobody is given it any more.
    pub entry: Arc<Entry<V>>,
    /// Whether answers under its key are read more often than commits end them.
    pub is_hot: bool,
}

/// Answers of values of type `V`.
#[derive(Debug)]
pub struct Cache<V> {
    settings: CacheSettings,
    map: Map<V>,
    applied: Mutex<Applied<V>>,
    pasts: Mutex<Pasts<V>>,
    /// There is something to tell of groups.
    tells: Notify,
    generation: AtomicU64,
    hasher: DefaultHashBuilder,
    rules: Rules,
}

impl<V: Weigh> Cache<V> {
    /// An empty cache of no app: it keeps nothing until [`Cache::load`].
    pub fn new(settings: CacheSettings) -> Self {
        #[cfg(feature = "mutants")]
        let rules = Rules::of_environment();
        #[cfg(not(feature = "mutants"))]
        let rules = Rules::default();
        Self::with(settings, rules)
    }

    /// A cache without one of its rules: some of what it gives is stale.
    #[cfg(any(test, feature = "mutants"))]
    pub fn without(settings: CacheSettings, rule: Option<Rule>) -> Self {
        Self::with(settings, Rules::without(rule))
    }

    fn with(settings: CacheSettings, rules: Rules) -> Self {
        let hasher = DefaultHashBuilder::default();
        let map = Map::new(&settings);
        let applied = Applied::new(Index::new(hasher.clone(), Arc::default()), rules);
        let (applied, tells) = (Mutex::new(applied), Notify::new());
        let pasts = Mutex::new(Pasts::new(settings.bytes_max / limits::CACHE_STALE_SHARE));
        Self { settings, map, applied, pasts, tells, generation: AtomicU64::new(0), hasher, rules }
    }

    /// No app is served from here on, or its database is about to be another: everything is dropped, and nothing is
    /// kept until [`Cache::load`].
    pub fn pause(&self) {
        let mut applied = self.lock();
        self.generation.store(applied.pause(), Ordering::Release);
        self.drop_all(&mut applied);
        drop(applied);
        self.tells.notify_one();
    }

    /// Serves another version of the app: its tracked tables, and the dependencies of its queries by [`QueryId`].
    /// Everything is dropped; figures by query begin anew.
    pub fn load(&self, tracked: Arc<Tracked>, queries: Vec<Arc<Dependencies>>) {
        let shapes = Shapes::new(&tracked, queries);
        let mut applied = self.lock();
        self.drop_all(&mut applied);
        self.generation.store(applied.load(shapes), Ordering::Release);
        drop(applied);
        self.tells.notify_one();
    }

    /// The answer that is kept under this key, if it is still good. Who gives it says so by [`Entry::note_read`].
    pub fn get(&self, key: &[u8], now: Instant) -> Option<Arc<Entry<V>>> {
        let entry = self.map.get(key)?;
        let is_good = entry.is_alive() && !(entry.has_time_limit() && entry.is_over(now));
        is_good.then_some(entry)
    }

    /// Holds on to an entry that a commit has ended, for who takes what is not the answer any more: until then.
    pub fn keep_past(&self, past: Past<V>, until: Instant, now: Instant) {
        let weight = self.map.weight_of(&past.entry);
        self.pasts().add(past, weight, until, now);
    }

    /// The last answer of a key that is not known to be the answer any more: since its end by time, not longer ago
    /// than `for_so_long`, or since a commit, for as long as [`Cache::keep_past`] said.
    pub fn past(&self, key: &[u8], for_so_long: Duration, now: Instant) -> Option<Past<V>> {
        let over = self.map.peek(key).filter(|entry| entry.is_alive()).and_then(|entry| {
            let ended_at = entry.ends_at()?;
            (now < ended_at + for_so_long).then_some(Past { entry, ended_at })
        });
        over.or_else(|| self.pasts().get(key, now))
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
        self.rules.linger(&[Rule::ValidatesFills, Rule::EverythingResetsFloor, Rule::ChecksGeneration]);
        let shapes = Arc::clone(self.lock().index.shapes());
        let bound = Bound::new(&shapes, &self.hasher, query, resolve).ok_or(Unkept::Unbound);
        let (digest, hash) = (value.digest(), self.hasher.hash_one(&key));
        let mut applied = self.lock();
        let checked = bound.and_then(|bound| {
            applied.check(start.generation, position, &bound)?;
            applied.bind_group(&key, query, position, &bound);
            match value.weight() <= self.settings.answer_size_max {
                true if applied.admits(hash, digest, query, &bound) => Ok(bound),
                true => Err(Unkept::Unread),
                false => Err(Unkept::TooLarge),
            }
        });
        let bound = match checked {
            Ok(bound) => bound,
            Err(reason) => {
                let tells = matches!(reason, Unkept::Overtaken | Unkept::TooOld) && applied.unbind_group(&key);
                applied.count_unkept(query, reason);
                drop(applied);
                self.tell(tells);
                return Err((reason, value));
            }
        };
        if let Some(before) = self.map.peek(&key) {
            applied.end(&before, Gone::Cleared, || 0);
        }
        let (keys, bound_size, stamp) = (bound.keys(), bound.size(), position);
        let ends_at = lives_for.and_then(|lives_for| now.checked_add(lives_for));
        let new = NewEntry { key, query, value, digest, keys, bound_size, stamp, filled_at: now, ends_at };
        let entry = Arc::new(Entry::new(new));
        let weight = self.map.weight_of(&entry);
        applied.add(&entry, bound, weight);
        let gone = self.map.insert(&entry, weight);
        gone.iter().for_each(|gone| _ = applied.end(gone, Gone::Evicted, || 0));
        drop(applied);
        Ok(entry)
    }

    /// The value of an entry has grown: it counts for more from here on, and others may have to make room.
    pub fn reweigh(&self, entry: &Arc<Entry<V>>) {
        let mut applied = self.lock();
        let weight = self.map.weight_of(entry);
        if applied.reweigh(entry, weight) {
            let gone = self.map.insert(entry, weight);
            gone.iter().for_each(|gone| _ = applied.end(gone, Gone::Evicted, || 0));
            drop(applied);
        }
    }

    /// A commit of this number begins, with these changes: what it touches ends here, before anyone can see it. Gives
    /// what it has ended.
    pub fn begins(&self, number: u64, changes: &[Change]) -> Vec<Ended<V>> {
        let mut applied = self.lock();
        let touched = applied.begins(number, changes);
        let ended = self.end_touched(&mut applied, touched);
        // What is freed is freed without the lock.
        drop(applied);
        ended
    }

    /// A commit of this number begins that may change everything.
    pub fn begins_with_everything(&self, number: u64) {
        let mut applied = self.lock();
        applied.begins_with_everything(number);
        self.drop_all(&mut applied);
    }

    /// The commit of this number can be seen, or has failed.
    pub fn ended(&self, _number: u64) {
        self.rules.linger(&[Rule::EndsBeforeCommit]);
        let mut applied = self.lock();
        let (late, tells) = applied.ended();
        self.end_touched(&mut applied, late);
        drop(applied);
        self.tell(tells);
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.drop_all(&mut self.lock());
    }

    /// Drops the answers of some queries; how many there were.
    pub fn clear_queries(&self, is_wanted: impl Fn(QueryId) -> bool) -> usize {
        let mut applied = self.lock();
        let wanted = |entry: &&Arc<Entry<V>>| is_wanted(entry.query());
        let entries: Vec<_> = applied.entries().filter(wanted).map(Arc::clone).collect();
        for entry in &entries {
            applied.end(entry, Gone::Cleared, || 0);
            self.map.remove(entry);
        }
        drop(applied);
        self.pasts().remove_queries(is_wanted);
        entries.len()
    }

    /// Commits from this one on that have written to one of these tracked tables, the first and the last of them, and
    /// how many there are, as far as they are remembered: for who looks for a fault.
    pub fn commits_since(&self, number: u64, tables: &[usize], max: usize) -> (Vec<CommitTold>, usize) {
        self.lock().recent().told(number, tables, max)
    }

    /// What it has done.
    pub fn figures(&self) -> CacheFigures {
        self.lock().figures(self.map.weight())
    }

    /// What it has done for a query of the app that is served.
    pub fn query_figures(&self, query: QueryId, now: Instant) -> QueryFigures {
        let applied = self.lock();
        applied.query(query).map(|counters| counters.figures(applied.born(), now)).unwrap_or_default()
    }

    /// Follows the answer of a query under a key: commits that touch it are told of by [`Cache::told`]. See [`Watcher`].
    /// Errors: as many are followed as may be, or no app is served.
    pub fn watch(self: &Arc<Self>, key: &[u8], query: QueryId) -> Result<Watcher<V>, Unwatched> {
        let mut applied = self.lock();
        let entry = self.map.peek(key).filter(|entry| entry.query() == query);
        let membership = applied.join(key, query, self.settings.groups_max, entry.as_deref())?;
        drop(applied);
        Ok(Watcher::new(Arc::clone(self), membership))
    }

    /// Waits until there is something to tell of the answers that are followed, and takes it. For one who asks; dropped
    /// at its await: nothing is lost.
    pub async fn told(&self) -> Told {
        loop {
            let told = self.take_told();
            if !told.is_empty() {
                return told;
            }
            self.tells().await;
        }
    }

    /// Waits until there may be something to tell: a commit that comes after [`Cache::take_told`] ends it.
    pub async fn tells(&self) {
        self.tells.notified().await;
    }

    /// What there is to tell now.
    pub fn take_told(&self) -> Told {
        self.lock().groups.take_told()
    }

    /// For each watcher and the position at which its answer was read: since which commit at the latest that answer is
    /// the one of now; none: it may be another. All at one moment: those that are of now hold together.
    pub fn hold<'a>(&self, all: impl Iterator<Item = (&'a Watcher<V>, u64)>) -> Vec<Option<u64>>
    where
        V: 'a,
    {
        let applied = self.lock();
        all.map(|(watcher, position)| applied.groups.bound_since(&watcher.membership, position)).collect()
    }

    /// Binds who follows the answer under a key to what a run that failed rested on, as [`Cache::keep`] does to an
    /// answer's, unless a commit after `position` has touched that: then it is told of.
    pub fn bind(&self, start: Start, position: u64, key: &[u8], query: QueryId, resolve: &Resolve<'_>) {
        let shapes = Arc::clone(self.lock().index.shapes());
        let Some(bound) = Bound::new(&shapes, &self.hasher, query, resolve) else { return };
        let mut applied = self.lock();
        let tells = match applied.check(start.generation, position, &bound) {
            Ok(()) => {
                applied.bind_group(key, query, position, &bound);
                false
            }
            Err(reason) => matches!(reason, Unkept::Overtaken | Unkept::TooOld) && applied.unbind_group(key),
        };
        drop(applied);
        self.tell(tells);
    }

    fn tell(&self, tells: bool) {
        if tells {
            self.tells.notify_one();
        }
    }

    pub(crate) fn begin(&self, membership: &Membership) {
        self.lock().groups.begin(membership);
    }

    pub(crate) fn leave(&self, membership: &Membership) {
        self.lock().leave(membership);
    }

    pub(crate) fn covers(&self, membership: &Membership, position: u64) -> bool {
        let mut applied = self.lock();
        let entry = self.map.peek(&membership.key);
        applied.covers(membership, position, entry.as_deref())
    }

    fn end_touched(&self, applied: &mut Applied<V>, touched: Vec<Arc<Entry<V>>>) -> Vec<Ended<V>> {
        let end = |entry: Arc<Entry<V>>| {
            let is_hot = applied.end(&entry, Gone::Invalidated, || self.hasher.hash_one(entry.key()))?;
            self.map.remove(&entry);
            Some(Ended { entry, is_hot })
        };
        touched.into_iter().filter_map(end).collect()
    }

    fn drop_all(&self, applied: &mut Applied<V>) {
        let all: Vec<Arc<Entry<V>>> = applied.entries().map(Arc::clone).collect();
        all.iter().for_each(|entry| _ = applied.end(entry, Gone::Cleared, || 0));
        self.map.clear();
        self.pasts().clear();
        applied.count_cleared();
    }

    fn pasts(&self) -> MutexGuard<'_, Pasts<V>> {
        self.pasts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Applied<V>> {
        self.applied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
impl<V: Weigh> Cache<V> {
    /// That index, map and figures agree; how many entries there are.
    pub(crate) fn validate(&self) -> usize {
        let applied = self.lock();
        let figures = applied.figures(self.map.weight());
        let mut bytes = 0;
        for entry in applied.entries() {
            let kept = self.map.peek(entry.key()).expect("what is in the index is in the map");
            assert!(Arc::ptr_eq(&kept, entry), "another entry is in the map");
            assert!(applied.rules().holds(Rule::DeadNotGiven).then(|| entry.is_alive()) != Some(false));
            bytes += applied.weight_of(entry).expect("it is in the index");
        }
        assert_eq!((figures.entries, figures.bytes), (applied.entries().count(), bytes as u64));
        assert_eq!(self.map.len(), figures.entries, "what is in the map is in the index");
        assert_eq!(applied.index.items().count(), figures.entries + applied.groups.bound());
        figures.entries
    }
}
