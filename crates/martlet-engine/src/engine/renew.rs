//! Answers are computed before anybody waits for them: those that `@warm` names, and those that readers want again.
//!
//! One driver for an engine. It comes after those who ask: while callers wait for their turn a renewal is left to the
//! next caller, who would have computed the answer anyway; and it rests three times as long as it has computed, so
//! that it takes a quarter of two processors at most. What is computed goes by the way of a miss: one run for all who
//! ask, kept only if no commit has touched it since.
//! In reading order: the driver, one renewal, `@warm`.

mod warm;

pub use warm::{WarmFigures, warm_arguments};

use super::Engine;
use super::loaded::{Entry, Loaded};
use super::read::{Cached, Found};
use crate::KeptAnswer;
use crate::answer_cache::{AnswerCache, Cause, Due, Renewed, Unkept};
use crate::engine::Callable;
use crate::flight::Turn;
use martlet_core::limits;
use martlet_sql::Query;
use martlet_store::Inputs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// How long the driver waits where it is too early for all that is due.
const WAIT: Duration = Duration::from_millis(limits::CACHE_RENEWAL_WAIT_MS);
/// How long an answer of `@warm` waits at most until no caller waits.
const WARM_PATIENCE: Duration = Duration::from_millis(limits::CACHE_WARM_PATIENCE_MS);
/// So long the driver computes before it rests: what is shorter no timer can tell.
const RESTS_AFTER: Duration = Duration::from_millis(1);

const _: () = assert!(limits::CACHE_RENEWALS_AT_ONCE == 2, "as many as `tend` joins");

/// Computes in the background, and rests in proportion.
#[derive(Debug, Default)]
struct Pace {
    spent: Duration,
}

impl Pace {
    /// So much time was used for one answer. Gives way in any case.
    async fn used(&mut self, spent: Duration) {
        self.spent += spent;
        if self.spent < RESTS_AFTER {
            return tokio::task::yield_now().await;
        }
        sleep(std::mem::take(&mut self.spent) * limits::CACHE_RENEWAL_REST).await;
    }
}

impl Engine {
    /// Computes what `@warm` names, now and after each reload, and what is to be renewed. `is_busy`: whether callers
    /// wait for their turn. Ends at once where another does it, or nothing is kept; else never. Needs a runtime with
    /// time enabled. Dropped: what ends is computed when it is asked for.
    pub async fn tend(self: Arc<Self>, is_busy: impl Fn() -> bool + Sync) {
        let Some(cache) = self.settings.cache.clone() else { return };
        let Some(_driver) = cache.renewals.drive() else { return };
        tokio::join!(
            self.warm_when_loaded(&cache, &is_busy),
            self.renew_what_is_due(&cache, &is_busy),
            self.renew_what_is_due(&cache, &is_busy),
        );
    }

    /// One of [`limits::CACHE_RENEWALS_AT_ONCE`].
    async fn renew_what_is_due(&self, cache: &AnswerCache, is_busy: &(impl Fn() -> bool + Sync)) {
        let mut pace = Pace::default();
        loop {
            cache.renewals.wait().await;
            let began = Instant::now();
            let Some(due) = cache.renewals.take(began) else {
                sleep(WAIT).await;
                continue;
            };
            let renewed = match due.cause {
                Cause::Hot | Cause::Ahead if is_busy() => Renewed::Skipped,
                Cause::Warm if is_busy() && began.saturating_duration_since(due.since) < WARM_PATIENCE => {
                    cache.renewals.put_back(due, WAIT);
                    continue;
                }
                // What was given after its end is computed instead of the caller who was given it.
                Cause::Hot | Cause::Ahead | Cause::Warm | Cause::Stale => self.renew(cache, &due).await,
            };
            let kept = due.kept();
            cache.renewals.count(due.cause, renewed);
            let is_over = renewed != Renewed::Overtaken || !cache.renewals.try_again(due);
            if is_over && !matches!(renewed, Renewed::Kept | Renewed::Found) {
                kept.iter().for_each(KeptAnswer::renewal_failed);
            }
            pace.used(began.elapsed()).await;
        }
    }

    async fn renew(&self, cache: &AnswerCache, due: &Due) -> Renewed {
        let loaded = self.loaded.load_full();
        match self.called(cache, &loaded, due) {
            Some((entry, query, inputs)) => self.renew_call(entry, query, inputs, due).await,
            None => Renewed::Unkept,
        }
    }

    /// The call whose answer is due; none: another version of the app is served.
    fn called<'a>(
        &self,
        cache: &AnswerCache,
        loaded: &'a Loaded,
        due: &Due,
    ) -> Option<(&'a Entry, &'a Arc<Query>, Inputs)> {
        let call = cache.call_of(due)?;
        let entry = loaded.entries().find(|entry| entry.cache.as_ref().is_some_and(|plan| call.is_of(plan)))?;
        match &entry.callable {
            Callable::Query(query) => Some((entry, query, call.inputs)),
            Callable::Action(_) => None,
        }
    }

    /// Computes the answer of a call, unless it is there: nobody waits for it, or whoever does is given it.
    async fn renew_call(&self, entry: &Entry, query: &Arc<Query>, inputs: Inputs, due: &Due) -> Renewed {
        let deadline = Instant::now() + self.timeout(&entry.callable);
        let Some(cached) = self.cached(entry) else { return Renewed::Unkept };
        let before = due.kept();
        let is_another = |kept: &KeptAnswer| before.as_ref().is_none_or(|before| !kept.is(before));
        self.fill(cached, query, inputs, deadline, is_another).await
    }

    /// Computes an answer for whoever asks for it next, unless one that `suffices` is there.
    async fn fill(
        &self,
        cached: Cached<'_>,
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
        suffices: impl Fn(&KeptAnswer) -> bool,
    ) -> Renewed {
        let Cached { cache, plan, generation, .. } = cached;
        let Some(key) = cache.key(plan, generation, &inputs) else { return Renewed::Unkept };
        let look = || cache.get(&key, cache.now_for(plan)).filter(|kept| suffices(kept));
        if look().is_some() {
            return Renewed::Found;
        }
        let seat = self.flights.join(&key);
        match seat.turn(deadline, look).await {
            Ok(Turn::Found(_)) => Renewed::Found,
            // A caller has computed it: it is kept, or could not be.
            Ok(Turn::Given(_)) => look().map_or(Renewed::Unkept, |_| Renewed::Found),
            Ok(Turn::Lead(leading)) => match self.compute(leading, cached, &key, query, inputs, deadline).await {
                Ok((Found { kept: Some(_), .. }, _)) => {
                    plan.counters.renewed();
                    Renewed::Kept
                }
                Ok((_, Some(Unkept::Overtaken))) => Renewed::Overtaken,
                Ok(_) => Renewed::Unkept,
                Err(_) => Renewed::Failed,
            },
            Err(_) => Renewed::Failed,
        }
    }
}

/// Waits until no caller waits for its turn, for a while at most.
async fn give_way(is_busy: &(impl Fn() -> bool + Sync)) {
    let began = Instant::now();
    while is_busy() && began.elapsed() < WARM_PATIENCE {
        sleep(WAIT).await;
    }
}
