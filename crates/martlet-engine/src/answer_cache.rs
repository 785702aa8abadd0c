//! The cache as the engine asks it: what an answer is kept under, how long, and who tells of commits.
//!
//! One for each store, which tells it of every commit; the engine asks it before every read.
//! In reading order: an app is served from it, a look-up, an answer is kept, times that are settings, figures.

mod counters;
mod kept;
mod key;
mod plan;
mod record;
mod renewals;

pub use counters::QueryCacheFigures;
pub(crate) use counters::QueryCounters;
pub use kept::{Attached, Kept, KeptAnswer};
pub(crate) use plan::{CachePlan, Generation, NoEnd, plans};
pub(crate) use record::FillRecord;
pub use renewals::{Cause, RenewalFigures, Renewed};
pub(crate) use renewals::{Due, Renewals};

use arc_swap::ArcSwap;
use bytes::Bytes;
use martlet_cache::{Cache, Ended, Past, QueryId, Resolve, Told, Watcher};
pub use martlet_cache::{CacheFigures, CacheSettings};
pub(crate) use martlet_cache::{Unkept, Unwatched};
use martlet_core::{Clock, Timestamp, Value};
use martlet_sql::dependency::Tracked;
use martlet_sql::{App, Bind};
use martlet_store::{Answer, Changes, CommitObserver, Demand, Inputs};
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
    pub(crate) renewals: Renewals,
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

/// How far an answer is from being the answer now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Staleness {
    /// Since when it is not known to be the answer.
    pub age: Duration,
    /// Since when it would not be given without `@cache stale`.
    pub over: Duration,
}

/// A call whose answer was kept.
pub(crate) struct KeptCall {
    generation: u64,
    query: QueryId,
    pub(crate) inputs: Inputs,
}

impl KeptCall {
    /// Whether it is a call of this plan's query, and not of another version of the app.
    pub(crate) fn is_of(&self, plan: &CachePlan) -> bool {
        let is_of_app = plan.generation().is_some_and(|generation| generation.number == self.generation);
        is_of_app && plan.queries().contains(&self.query)
    }
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
        let generations = AtomicU64::new(0);
        let (named, renewals) = (ArcSwap::default(), Renewals::default());
        Self { cache, settings, clock, began, generations, named, renewals }
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

    /// Keeps an answer if it may be kept: made from `generation`, at the answer's position, begun at `now`. Errors: why
    /// not, where that is not known beforehand.
    pub(crate) fn keep(
        &self,
        plan: &CachePlan,
        generation: Generation,
        key: Box<[u8]>,
        inputs: &Inputs,
        answer: &Answer,
        now: Instant,
    ) -> Result<KeptAnswer, Option<Unkept>> {
        let keys = answer.keys.as_ref().ok_or(None)?;
        let time_of_name = || plan.named().and_then(|name| self.named.load().get(name).copied());
        let named = time_of_name();
        let lives_for = plan.lives_for(named).map_err(|NoEnd| None)?;
        let bind = |bind: &Bind| bind_of(bind, inputs);
        let resolve = Resolve { bind: &bind, keys: &keys.keys, values: &keys.values };
        // As it was written it may have room for more, which would be kept as well.
        let body = answer.body.as_deref().map(Bytes::copy_from_slice);
        let kept = Answer { body, keys: None, last: answer.last.clone(), ..*answer };
        let kept = Kept::new(kept, Arc::clone(&plan.counters), plan.more(&key, &inputs.identity));
        let query = plan.query(inputs);
        let number = answer.position.number;
        let entry = self.cache.keep(generation.start, number, key, query, &resolve, kept, lives_for, now);
        // Whoever sets another time drops what is kept after that: this may have come later, by the time before.
        if time_of_name() != named {
            self.clear_plans(std::iter::once(plan));
        }
        entry.map(KeptAnswer).map_err(|(reason, _)| Some(reason))
    }

    /// A commit has ended these: what is worth it is computed again once the commit can be seen.
    fn has_ended(&self, ended: Vec<Ended<Kept>>) {
        for Ended { entry, is_hot } in ended {
            let kept = KeptAnswer(entry);
            if let Some(stale_for) = kept.stale_for() {
                let now = self.now();
                let ended_at = kept.0.ends_at().map_or(now, |ends_at| ends_at.min(now));
                let past = Past { entry: Arc::clone(&kept.0), ended_at };
                self.cache.keep_past(past, ended_at + stale_for, now);
            }
            if kept.is_warm() {
                self.renewals.push(&kept, Cause::Warm);
            } else if is_hot {
                self.renewals.push(&kept, Cause::Hot);
            }
        }
    }

    /// What was the answer under a key until lately and may still be given, and since when it is not known to be the
    /// answer: where a next one is being computed.
    pub(crate) fn stale(&self, plan: &CachePlan, key: &[u8], now: Instant) -> Option<(KeptAnswer, Staleness)> {
        let Past { entry, ended_at } = self.cache.past(key, plan.stale_for()?, now)?;
        // Of one that time may end nobody knows whether it was the answer after it was computed.
        let known_at = if entry.has_time_limit() { entry.filled_at() } else { ended_at };
        let since = |moment: Instant| now.saturating_duration_since(moment);
        let staleness = Staleness { age: since(known_at), over: since(ended_at) };
        let kept = KeptAnswer(entry);
        self.ask_for_next(&kept, Cause::Stale).then_some((kept, staleness))
    }

    /// Asks for the next answer in place of this one, if that has not been done; false where none will come.
    pub(crate) fn ask_for_next(&self, kept: &KeptAnswer, cause: Cause) -> bool {
        if !kept.0.begin_renewal() {
            return true;
        }
        let is_asked = self.renewals.push(kept, cause);
        match is_asked {
            true => self.renewals.wake(),
            false => kept.renewal_failed(),
        }
        is_asked
    }

    /// What must be known to compute an answer again.
    pub(crate) fn call_of(&self, due: &Due) -> Option<KeptCall> {
        let key::Called { generation, query, form, arguments } = key::read(&due.key)?;
        let demand = Demand { form, ..Demand::default() };
        let (now, identity) = (self.clock.now(), due.identity.clone());
        let inputs = Inputs { arguments: arguments.into(), identity, now, demand };
        Some(KeptCall { generation, query: QueryId(query), inputs })
    }

    /// Those who follow the answer of a call are told when what a run of it rested on is touched, though it failed.
    /// For a plan whose keys all stand in its arguments.
    pub(crate) fn bind(&self, plan: &CachePlan, generation: Generation, key: &[u8], inputs: &Inputs, position: u64) {
        let bind = |bind: &Bind| bind_of(bind, inputs);
        let resolve = Resolve { bind: &bind, keys: &[], values: &[] };
        self.cache.bind(generation.start, position, key, plan.query(inputs), &resolve);
    }

    /// Waits until there may be something to tell of answers that are followed.
    pub(crate) async fn tells(&self) {
        self.cache.tells().await;
    }

    /// What there is to tell by now.
    pub(crate) fn take_told(&self) -> Told {
        self.cache.take_told()
    }

    /// See [`Cache::hold`].
    pub(crate) fn hold<'a>(&self, all: impl Iterator<Item = (&'a Watcher<Kept>, u64)>) -> Vec<Option<u64>> {
        self.cache.hold(all)
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

fn bind_of(bind: &Bind, inputs: &Inputs) -> Option<Value> {
    match bind {
        Bind::Parameter(index) => inputs.arguments.get(*index).cloned(),
        of_caller => key::of_caller(of_caller, &inputs.identity),
    }
}

impl CommitObserver for AnswerCache {
    fn begins(&self, number: u64, changes: Changes<'_>) {
        match changes {
            Changes::Rows(changes) => self.has_ended(self.cache.begins(number, changes)),
            Changes::Everything => self.cache.begins_with_everything(number),
        }
    }

    fn ended(&self, number: u64) {
        self.cache.ended(number);
        self.renewals.wake();
    }
}
