//! The way of a read: the cache, then one computation for all who ask, then the store.
//!
//! Policy, arguments and limits stand before it, and what the statement uses of the caller is in the key: nobody is
//! given what is another's. The position told with a kept answer is read before it is looked up: then it was the
//! answer at that position, or is a later one.

use super::loaded::Entry;
use super::{Engine, Source};
use crate::answer_cache::{AnswerCache, CachePlan, Cause, Generation, KeptAnswer, LookUp, Staleness, Unkept};
use crate::flight::{Leading, Turn};
use martlet_core::{Error, Kind, Position};
use martlet_sql::Query;
use martlet_store::{Answer, Demand, Inputs, Read};
use std::sync::Arc;
use std::time::Instant;

/// What a run gives: to its own caller, and to those who wait for it.
pub(super) type Given = Result<Answer, Error>;

/// An answer as the store gives it: of a page its rows.
pub(super) struct Found {
    pub(super) answer: Answer,
    pub(super) source: Source,
    pub(super) kept: Option<KeptAnswer>,
}

impl Found {
    /// Of an answer that is kept; the position was read before it was looked up.
    pub(super) fn of(kept: KeptAnswer, position: Position) -> Self {
        let answer = Answer { position, ..kept.answer().clone() };
        Self { answer, source: Source::Memory, kept: Some(kept) }
    }

    /// Of an answer that was one: with the position that it was one at.
    fn stale(kept: KeptAnswer, staleness: Staleness) -> Self {
        Self { answer: kept.answer().clone(), source: Source::Stale(staleness), kept: Some(kept) }
    }

    /// Of an answer that the store gave and that is not kept.
    pub(super) fn of_store(answer: Answer) -> Self {
        Self { answer, source: Source::Store, kept: None }
    }
}

/// A query whose answers are kept, and the cache that they are kept in.
#[derive(Clone, Copy)]
pub(super) struct Cached<'a> {
    pub(super) cache: &'a AnswerCache,
    pub(super) plan: &'a CachePlan,
    pub(super) generation: Generation,
    /// When it was looked up.
    pub(super) now: Instant,
}

impl Engine {
    /// The answer of a query from where it can be had soonest; where `takes_stale`, also what was the answer until lately,
    /// if the query allows that. Dropped at its await: nothing is left.
    pub(super) async fn read(
        &self,
        entry: &Entry,
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
        takes_stale: bool,
    ) -> Result<Found, Error> {
        let Some(cached) = self.cached(entry) else {
            return self.read_store(query, inputs, deadline).await;
        };
        let position = self.store.position();
        match cached.cache.look_up(cached.plan, cached.generation, &inputs, cached.now) {
            LookUp::Hit(kept) => {
                kept.note_read();
                if kept.is_renewal_due(cached.now) {
                    cached.cache.ask_for_next(&kept, Cause::Ahead);
                }
                let demand = inputs.demand;
                let found = match self.is_compared(cached.plan) {
                    true => Box::pin(self.checked_hit(cached, kept, position, query, inputs, deadline)).await,
                    false => Found::of(kept, position),
                };
                given(query, demand, found)
            }
            // A surface was about to give one.
            LookUp::Miss(key) if let Some(suspect) = self.suspect(cached.plan, &key) => {
                let demand = inputs.demand;
                match Box::pin(self.checked(cached, suspect, query, inputs.clone(), deadline)).await {
                    Some(found) => {
                        cached.plan.counters.missed();
                        given(query, demand, found)
                    }
                    None => Box::pin(self.read_together(cached, &key, query, inputs, deadline)).await,
                }
            }
            LookUp::TooLarge => {
                cached.plan.counters.bypassed();
                self.read_store(query, inputs, deadline).await
            }
            LookUp::Miss(key)
                if takes_stale && let Some((kept, staleness)) = cached.cache.stale(cached.plan, &key, cached.now) =>
            {
                cached.plan.counters.gave_stale();
                given(query, inputs.demand, Found::stale(kept, staleness))
            }
            // In a box, so that a hit's future is small.
            LookUp::Miss(key) => Box::pin(self.read_together(cached, &key, query, inputs, deadline)).await,
        }
    }

    pub(super) fn cached<'a>(&'a self, entry: &'a Entry) -> Option<Cached<'a>> {
        let (cache, plan) = (self.settings.cache.as_deref()?, entry.cache.as_ref()?);
        match plan.generation() {
            Some(generation) => Some(Cached { cache, plan, generation, now: cache.now_for(plan) }),
            None => {
                plan.counters.bypassed();
                None
            }
        }
    }

    /// What is not kept is computed once, however many ask.
    async fn read_together(
        &self,
        cached: Cached<'_>,
        key: &[u8],
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
    ) -> Result<Found, Error> {
        let Cached { cache, plan, .. } = cached;
        plan.counters.missed();
        let look = || {
            let position = self.store.position();
            cache.get(key, cache.now_for(plan)).map(|kept| (kept, position))
        };
        let seat = self.flights.join(key);
        let demand = inputs.demand;
        match seat.turn(deadline, look).await? {
            Turn::Found((kept, position)) => {
                plan.counters.coalesced();
                kept.note_shared();
                given(query, demand, Found::of(kept, position))
            }
            Turn::Given(result) => {
                plan.counters.coalesced();
                given(query, demand, Found { answer: result?, source: Source::Flight, kept: None })
            }
            Turn::Lead(leading) => {
                let found = self.compute(leading, cached, key, query, inputs, deadline).await;
                given(query, demand, found?.0)
            }
        }
    }

    /// Runs a query for all who ask; what it gives is kept where it may be, and else it is told why not.
    pub(super) async fn compute(
        &self,
        leading: Leading<'_, Given>,
        cached: Cached<'_>,
        key: &[u8],
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
    ) -> Result<(Found, Option<Unkept>), Error> {
        // Each has demands of its own, which are looked at when it is given the answer.
        let demand = Demand { form: inputs.demand.form, ..Demand::default() };
        let read = Read { query: Arc::clone(query), inputs: Inputs { demand, ..inputs.clone() }, wants_keys: true };
        let Cached { cache, plan, generation, .. } = cached;
        // The end of an answer by time counts from here.
        let began = cache.now();
        match self.read_one(read, deadline).await {
            Ok(answer) => {
                let kept = cache.keep(plan, generation, key.into(), &inputs, &answer, began);
                let answer = Answer { keys: None, ..answer };
                leading.give(Ok(answer.clone()));
                let (kept, unkept) = match kept {
                    Ok(kept) => (Some(kept), None),
                    Err(unkept) => (None, unkept),
                };
                Ok((Found { answer, source: Source::Store, kept }, unkept))
            }
            Err(error) => {
                if is_of_the_data(error.kind) {
                    leading.give(Err(error.clone()));
                }
                Err(error)
            }
        }
    }

    async fn read_store(&self, query: &Arc<Query>, inputs: Inputs, deadline: Instant) -> Result<Found, Error> {
        let read = Read { query: Arc::clone(query), inputs, wants_keys: false };
        Ok(Found { answer: self.read_one(read, deadline).await?, source: Source::Store, kept: None })
    }

    pub(super) async fn read_one(&self, read: Read, deadline: Instant) -> Result<Answer, Error> {
        let mut snapshot = self.store.read(vec![read], deadline).await?;
        snapshot.answers.pop().unwrap_or_else(|| Err(Error::internal("the store gave no answer")))
    }
}

/// Errors: of a demand that the answer does not meet.
fn given(query: &Query, demand: Demand, found: Found) -> Result<Found, Error> {
    demand.check(query.declaration.returns, found.answer.rows)?;
    Ok(found)
}

/// Whether every caller would get this error now, and not only one who came late or was one too many.
fn is_of_the_data(kind: Kind) -> bool {
    match kind {
        Kind::Invalid
        | Kind::Unprocessable
        | Kind::Unauthenticated
        | Kind::Forbidden
        | Kind::NotFound
        | Kind::MethodNotAllowed
        | Kind::Conflict
        | Kind::TooLarge => true,
        Kind::RateLimited | Kind::Timeout | Kind::Unavailable | Kind::StorageFull | Kind::Internal => false,
    }
}
