//! The cache as the engine asks it: what an answer is kept under, how long, and who tells of commits.
//!
//! One for each store, which tells it of every commit; the engine asks it before every read.
//! In reading order: an app is served from it, a look-up, an answer is kept, times that are settings, figures.

mod counters;
mod kept;
mod key;
mod plan;

pub use counters::QueryCacheFigures;
pub(crate) use counters::QueryCounters;
pub use kept::{Attached, Kept, KeptAnswer};
pub(crate) use plan::{CachePlan, Generation, NoEnd, plans};

use arc_swap::ArcSwap;
use bytes::Bytes;
pub(crate) use martlet_cache::Unwatched;
use martlet_cache::{Cache, QueryId, Resolve, Watcher};
pub use martlet_cache::{CacheFigures, CacheSettings};
use martlet_core::{Clock, Timestamp};
use martlet_sql::dependency::Tracked;
use martlet_sql::{App, Bind};
use martlet_store::{Answer, AnswerKeys, Changes, CommitObserver, Inputs};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The answers of one store. Share it in an `Arc`: with the store as its observer, with the engine as its cache.
#[derive(Debug)]
pub struct AnswerCache {
    cache: Arc<Cache<Kept>>,
    settings: CacheSettings,
    clock: Arc<dyn Clock>,
    /// The same moment by both ways of telling it.
    began: (Instant, Timestamp),
    generations: AtomicU64,
    /// How long the answers of each named cache are good.
    named: ArcSwap<BTreeMap<String, Duration>>,
}

/// What was found under a call's key.
pub(crate) enum LookUp {
    /// It may be given with a position that was read before.
    Hit(KeptAnswer),
    /// It is not there; the key to keep it under.
    Miss(Box<[u8]>),
    /// What has so large a key is never kept.
    TooLarge,
}

thread_local! {
    /// A hit needs its key for a moment only.
    static KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl AnswerCache {
    /// An empty cache. It keeps nothing before an engine serves an app from it.
    pub fn new(settings: CacheSettings, clock: Arc<dyn Clock>) -> Self {
        let began = (Instant::now(), clock.steady());
        let cache = Arc::new(Cache::new(settings.clone()));
        Self { cache, settings, clock, began, generations: AtomicU64::new(0), named: ArcSwap::default() }
    }

    /// Serves an app from now on, whose tables the store captures changes of. Everything is dropped.
    pub(crate) fn load(&self, app: &App) -> Generation {
        self.cache.load(Arc::new(Tracked::of(app)), plan::dependencies(app));
        let number = self.generations.fetch_add(1, Ordering::Relaxed);
        Generation { number, start: self.cache.start() }
    }

    /// Keeps nothing until an app is loaded: what the store tells meanwhile may be of tables of another app.
    pub(crate) fn pause(&self) {
        self.cache.pause();
    }

    /// What is kept for a call.
    pub(crate) fn look_up(&self, plan: &CachePlan, generation: Generation, inputs: &Inputs, now: Instant) -> LookUp {
        let look = |key: &mut Vec<u8>| {
            if !key::write(key, plan, generation.number, inputs) {
                return LookUp::TooLarge;
            }
            match self.cache.get(key, now) {
                Some(entry) => LookUp::Hit(KeptAnswer(entry)),
                None => LookUp::Miss(key.as_slice().into()),
            }
        };
        KEY.with(|key| match key.try_borrow_mut() {
            Ok(mut key) => look(&mut key),
            Err(_) => look(&mut Vec::new()),
        })
    }

    /// What the answer of a call is kept under; none: it never is, its key is too large.
    pub(crate) fn key(&self, plan: &CachePlan, generation: Generation, inputs: &Inputs) -> Option<Vec<u8>> {
        let mut key = Vec::new();
        key::write(&mut key, plan, generation.number, inputs).then_some(key)
    }

    /// Follows the answer of a call.
    pub(crate) fn watch(&self, plan: &CachePlan, key: &[u8], inputs: &Inputs) -> Result<Watcher<Kept>, Unwatched> {
        self.cache.watch(key, plan.query(inputs))
    }

    /// How long the answers of a plan are good at most, as it is set now. Errors: without such a time they are not
    /// kept, and none is set.
    pub(crate) fn lives_for(&self, plan: &CachePlan) -> Result<Option<Duration>, NoEnd> {
        let named = plan.named().and_then(|name| self.named.load().get(name).copied());
        plan.lives_for(named)
    }

    /// What is kept under a key by now.
    pub(crate) fn get(&self, key: &[u8], now: Instant) -> Option<KeptAnswer> {
        self.cache.get(key, now).map(KeptAnswer)
    }

    /// The time to compare ends with: read only where an answer of the plan may end by time.
    pub(crate) fn now_for(&self, plan: &CachePlan) -> Instant {
        if plan.may_end() { self.now() } else { self.began.0 }
    }

    /// The time by the clock.
    pub(crate) fn now(&self) -> Instant {
        let (instant, timestamp) = self.began;
        let passed = self.clock.steady().micros().saturating_sub(timestamp.micros());
        instant + Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }

    /// Keeps an answer if it may be kept: made from `generation`, at the answer's position, begun at `now`.
    pub(crate) fn keep(
        &self,
        plan: &CachePlan,
        generation: Generation,
        key: Box<[u8]>,
        inputs: &Inputs,
        answer: &Answer,
        now: Instant,
    ) -> Option<KeptAnswer> {
        let AnswerKeys { keys, values } = &**answer.keys.as_ref()?;
        let time_of_name = || plan.named().and_then(|name| self.named.load().get(name).copied());
        let named = time_of_name();
        let lives_for = plan.lives_for(named).ok()?;
        let bind = |bind: &Bind| match bind {
            Bind::Parameter(index) => inputs.arguments.get(*index).cloned(),
            of_caller => key::of_caller(of_caller, &inputs.identity),
        };
        let resolve = Resolve { bind: &bind, keys, values };
        // As it was written it may have room for more, which would be kept as well.
        let body = answer.body.as_deref().map(Bytes::copy_from_slice);
        let kept = Answer { body, keys: None, last: answer.last.clone(), ..*answer };
        let kept = Kept::new(kept, Arc::clone(&plan.counters));
        let query = plan.query(inputs);
        let number = answer.position.number;
        let entry = self.cache.keep(generation.start, number, key, query, &resolve, kept, lives_for, now);
        // Whoever sets another time drops what is kept after that: this may have come later, by the time before.
        if time_of_name() != named {
            self.clear_plans(std::iter::once(plan));
        }
        entry.ok().map(KeptAnswer)
    }

    /// Sets how long the answers of each named cache (`@cache named NAME`) are good; names that are missing have no
    /// end by time. For what is kept from now on: [`crate::Engine::set_cache_time`] also ends what is kept.
    pub fn set_named(&self, named: BTreeMap<String, Duration>) {
        self.named.store(Arc::new(named));
    }

    /// How long the answers of each named cache are good.
    pub fn named(&self) -> Arc<BTreeMap<String, Duration>> {
        self.named.load_full()
    }

    /// As [`AnswerCache::set_named`], of one name.
    pub(crate) fn set_named_time(&self, name: &str, lives_for: Duration) {
        self.named.rcu(|named| {
            let mut named = BTreeMap::clone(named);
            named.insert(name.to_owned(), lives_for);
            named
        });
    }

    /// How large it may become.
    pub(crate) fn settings(&self) -> &CacheSettings {
        &self.settings
    }

    /// Drops the answers of these plans; how many there were.
    pub(crate) fn clear_plans<'a>(&self, plans: impl Iterator<Item = &'a CachePlan>) -> usize {
        let queries: HashSet<QueryId> = plans.flat_map(|plan| plan.queries().iter().copied()).collect();
        self.cache.clear_queries(|query| queries.contains(&query))
    }

    /// Drops everything.
    pub fn clear(&self) {
        self.cache.clear();
    }

    /// What it has done.
    pub fn figures(&self) -> CacheFigures {
        self.cache.figures()
    }

    /// What it has done for one query.
    pub(crate) fn query_figures(&self, name: &str, plan: &CachePlan) -> QueryCacheFigures {
        let now = self.now();
        let kept: Vec<_> = plan.queries().iter().map(|query| self.cache.query_figures(*query, now)).collect();
        plan.counters.figures(name, plan.unkept(), &kept)
    }

    /// Keeps with an answer what a surface has made of it, unless there is something already.
    pub(crate) fn attach(&self, kept: &KeptAnswer, attached: Box<dyn Attached>) {
        if kept.0.value().attached.set(attached).is_ok() {
            self.reweigh(kept);
        }
    }

    /// What is attached to an answer has grown.
    pub(crate) fn reweigh(&self, kept: &KeptAnswer) {
        self.cache.reweigh(&kept.0);
    }
}

impl CommitObserver for AnswerCache {
    fn begins(&self, number: u64, changes: Changes<'_>) {
        match changes {
            Changes::Rows(changes) => self.cache.begins(number, changes),
            Changes::Everything => self.cache.begins_with_everything(number),
        }
    }

    fn ended(&self, number: u64) {
        self.cache.ended(number);
    }
}
