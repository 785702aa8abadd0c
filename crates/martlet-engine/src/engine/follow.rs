//! Calls whose answers are followed: by the same policy, arguments and limits as any other, read by the same way.

use super::loaded::Entry;
use super::page::PageCall;
use super::read::Cached;
use super::{Callable, Engine, read_only};
use crate::answer_cache::{AnswerCache, Kept, Unwatched};
use crate::live::{FollowPart, Hub};
use martlet_cache::Watcher;
use martlet_core::{Caller, Error, Timestamp, code};
use martlet_sql::{Query, Returns};
use martlet_store::{Answer, Demand, Inputs, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A call whose answer is followed, without what is a follower's own: the same for all who follow it.
#[derive(Debug)]
pub(crate) struct Followed {
    entry: Arc<Entry>,
    query: Arc<Query>,
    inputs: Inputs,
    /// What the answer is kept under.
    pub(crate) key: Box<[u8]>,
}

/// What is one follower's own.
#[derive(Debug)]
pub(crate) struct Own {
    demand: Demand,
    returns: Returns,
    page: Option<PageCall>,
}

/// What a reading gave.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) result: Result<Answer, Error>,
    /// It was read by a run, and not found.
    pub(crate) is_run: bool,
    /// When it is to be read again although nothing has changed.
    pub(crate) ends_in: Option<Duration>,
}

impl Engine {
    /// Reads a part of what is to be followed, as the app that is served says.
    ///
    /// Errors: those of [`Engine::run_query`] before it runs; MRT031 where the answers are not kept.
    pub(crate) fn followed(
        &self,
        caller: &Caller,
        part: &FollowPart,
        is_counted: bool,
    ) -> Result<(Followed, Own), Error> {
        let (name, arguments) = (&part.name, part.arguments.get());
        let entry = self.loaded.load().permitted(name, arguments, &caller.identity)?.clone();
        let Callable::Query(query) = &entry.callable else { return Err(read_only(name)) };
        let query = Arc::clone(query);
        let mut limits = Vec::new();
        let counted = is_counted.then_some(&mut limits);
        let (inputs, page) = self.inputs(&entry, caller, arguments, self.clock.now(), part.demand, counted)?;
        let own = Own { demand: inputs.demand, returns: query.declaration.returns, page };
        let demand = Demand { form: inputs.demand.form, ..Demand::default() };
        let inputs = Inputs { demand, ..inputs };
        let Some(Cached { cache, plan, generation, .. }) = self.cached(&entry) else {
            let why = entry.cache.as_ref().and_then(|plan| plan.unkept());
            return Err(not_followed(name, why.unwrap_or("no answers are kept")));
        };
        if cache.lives_for(plan).is_err() {
            return Err(not_followed(name, "it depends on the time: give it `@cache for`"));
        }
        let Some(key) = cache.key(plan, generation, &inputs) else {
            return Err(not_followed(name, "the arguments are too long"));
        };
        Ok((Followed { entry, query, inputs, key: key.into() }, own))
    }

    /// Begins to be told of commits that touch an answer.
    pub(crate) fn watch(&self, followed: &Followed) -> Result<Watcher<Kept>, Unwatched> {
        // Both are there: it could not have become one that is followed.
        let (cache, plan) = (self.settings.cache.as_deref(), followed.entry.cache.as_ref());
        let (cache, plan) = cache.zip(plan).ok_or(Unwatched::Replaced)?;
        cache.watch(plan, &followed.key, &followed.inputs)
    }

    /// Reads answers: what is kept is taken, the others are run in one snapshot and kept where they may be. One for
    /// each, in order. To be called after [`Watcher::begin`]. Dropped at its await: nothing is left.
    pub(crate) async fn read_followed(&self, all: &[Arc<Followed>]) -> Vec<Reading> {
        let position = self.store.position();
        let mut readings: Vec<Option<Reading>> = all.iter().map(|one| self.look_up_followed(one, position)).collect();
        let is_missing = |(index, _): &(usize, _)| readings[*index].is_none();
        let missing: Vec<(usize, &Arc<Followed>)> = all.iter().enumerate().filter(is_missing).collect();
        if !missing.is_empty() {
            let now = self.clock.now();
            let read = |one: &Followed| {
                let inputs = Inputs { now, ..one.inputs.clone() };
                Read { query: Arc::clone(&one.query), inputs, wants_keys: true }
            };
            let reads = missing.iter().map(|(_, one)| read(one)).collect();
            let timeout = missing.iter().map(|(_, one)| self.timeout(&one.entry.callable)).max().unwrap_or_default();
            let began = self.settings.cache.as_deref().map_or_else(Instant::now, AnswerCache::now);
            let answers = match self.store.read(reads, Instant::now() + timeout).await {
                Ok(snapshot) => snapshot.answers,
                Err(error) => vec![Err(error); missing.len()],
            };
            for ((index, one), result) in missing.into_iter().zip(answers) {
                readings[index] = Some(self.keep_followed(one, result, position.number, began));
            }
        }
        let none = || Err(Error::internal("the store gave too few answers"));
        let none = || Reading { result: none(), is_run: true, ends_in: None };
        readings.into_iter().map(|reading| reading.unwrap_or_else(none)).collect()
    }

    fn look_up_followed(&self, followed: &Followed, position: martlet_core::Position) -> Option<Reading> {
        let Cached { cache, plan, now, .. } = self.cached(&followed.entry)?;
        let kept = cache.get(&followed.key, now)?;
        let ends_in = kept.ends_at().map(|ends_at| ends_at.saturating_duration_since(cache.now_for(plan)));
        let answer = Answer { position, ..kept.answer().clone() };
        Some(Reading { result: Ok(answer), is_run: false, ends_in })
    }

    fn keep_followed(
        &self,
        followed: &Followed,
        result: Result<Answer, Error>,
        position: u64,
        began: Instant,
    ) -> Reading {
        let Followed { entry, query, inputs, key } = followed;
        let Some(Cached { cache, plan, generation, .. }) = self.cached(entry) else {
            return Reading { result, is_run: true, ends_in: None };
        };
        match &result {
            Ok(answer) => _ = cache.keep(plan, generation, key.clone(), inputs, answer, began),
            Err(_) => {
                let hidden = inputs.arguments.len().saturating_sub(query.declaration.params.len());
                let dependencies = query.dependencies_of(hidden);
                // What stands in other rows was not read.
                if dependencies.keys.is_empty() && dependencies.values.is_none() {
                    cache.bind(plan, generation, key, inputs, position);
                }
            }
        }
        let ends_in = cache.lives_for(plan).ok().flatten();
        let result = result.map(|answer| Answer { keys: None, ..answer });
        Reading { result, is_run: true, ends_in }
    }

    /// What keeps the answers, if anything does.
    pub(crate) fn answer_cache(&self) -> Option<&AnswerCache> {
        self.settings.cache.as_deref()
    }

    /// Those who follow its answers.
    pub(crate) fn live(&self) -> &Hub {
        &self.live
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Parts that one may follow together.
    pub(crate) fn parts_max(&self) -> usize {
        self.settings.batch_queries_max
    }

    /// How long a follower waits for another version of the app to be ready before it is answered at all.
    pub(crate) fn begin_timeout(&self) -> Duration {
        self.settings.query_timeout
    }
}

impl Followed {
    /// The declared name.
    pub(crate) fn name(&self) -> &str {
        &self.query.declaration.name
    }

    /// The query: the same for all calls of it under one version of the app.
    pub(crate) fn query(&self) -> &Arc<Query> {
        &self.query
    }
}

impl Own {
    /// Whether a follower is given the answer as all are.
    pub(crate) fn is_plain(&self) -> bool {
        self.page.is_none() && !self.demand.is_single && self.demand.rows_max.is_none()
    }

    /// The answer as this follower is given it: a page with a cursor of its own, or the error of what it demands.
    pub(crate) fn give(&self, engine: &Engine, answer: &Answer) -> Result<Answer, Error> {
        self.demand.check(self.returns, answer.rows)?;
        match &self.page {
            Some(page) => engine.end_page(&page.at(engine.now()), answer.clone()),
            None => Ok(answer.clone()),
        }
    }
}

pub(crate) fn not_followed(name: &str, why: &str) -> Error {
    Error::new(&code::NOT_FOLLOWED, format!("the answers of {name} cannot be followed: {why}"))
}

pub(crate) fn too_many(name: &str) -> Error {
    Error::new(&code::TOO_MANY_FOLLOWED, format!("as many answers are followed as may be; {name} is one too many"))
}
