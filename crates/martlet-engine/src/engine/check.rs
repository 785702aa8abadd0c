//! The sampler: an answer from memory is computed again by the store, and compared.
//!
//! With `cache.mode = "check"` every one, for tests; else one of `cache.check_every`, in production, at distances that
//! vary, so that no caller who asks in turns is always or never looked at. What a surface is about to give by itself
//! counts too: that very answer is compared ([`Engine::check_next`]).
//!
//! An answer that was good when no commit was under way must be what the store gives for as long as none begins: that
//! is the same position, and a difference there breaks a promise. Only another process's write, of which nobody is
//! told, may come between: it is found a tenth of a second later, and then no answer of that epoch counts. Where a
//! commit did come between, a difference counts only if it is still there at a fresh snapshot and the entry lives on.
//! It is counted, told to the operator with how the answer came to be kept and what was written since, and all answers
//! of the query are dropped.

mod compare;
mod told;

use super::read::{Cached, Found};
use super::{Engine, Source};
use crate::KeptAnswer;
use crate::answer_cache::CachePlan;
use compare::is_same;
use martlet_core::{Position, limits};
use martlet_sql::Query;
use martlet_store::{Demand, Inputs, Read};
use std::cell::Cell;
use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After so long a write of another process has been found.
const FOUND_AFTER: Duration = Duration::from_millis(3 * limits::FOREIGN_WRITES_LOOK_MS);
/// Answers of surfaces that wait to be compared. Who was to get one may have gone away.
const SUSPECTS_MAX: usize = 8;
/// From this on distances vary by half; smaller ones are for tests.
const VARIED_MIN: u64 = 100;

thread_local! {
    /// Hits of this thread since the last check, and more to begin with: a distance is less than the longest by that.
    static SINCE: Cell<u64> = const { Cell::new(0) };
}

/// What has been compared.
#[derive(Debug, Default)]
pub(super) struct Checks {
    checked: AtomicU64,
    violations: AtomicU64,
    suspects: Mutex<VecDeque<Subject>>,
    has_suspects: AtomicBool,
}

/// How often answers from memory were computed again, and how often they were wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckFigures {
    /// Answers that were compared.
    pub checked: u64,
    /// Answers that were not what the database gives, although nothing that they rest on had changed. Must be 0.
    pub violations: u64,
}

/// A kept answer that is compared.
#[derive(Debug)]
pub(super) struct Subject {
    kept: KeptAnswer,
    /// When it was certainly good: between which commits. None: one was under way, or it had ended.
    turn: Option<u64>,
}

/// By how much a distance is less or more than it is set.
const fn variation(every: u64) -> u64 {
    if every < VARIED_MIN { 0 } else { every / 2 }
}

impl Engine {
    /// Whether the next answer from memory is to be compared. A surface that gives kept answers by itself asks this
    /// for each, and takes the whole way ([`Engine::answer`]) where it is so: it stays due until then.
    pub fn is_check_due(&self) -> bool {
        let every = self.settings.check_every;
        if every == 0 {
            return false;
        }
        SINCE.with(|since| {
            let count = since.get() + 1;
            since.set(count);
            count >= every + variation(every)
        })
    }

    /// A surface was about to give this answer when a check was due: it is what is compared, if the call that follows
    /// asks for it.
    pub fn check_next(&self, kept: &KeptAnswer) {
        let subject = self.subject(kept.clone());
        let mut suspects = self.suspects();
        if suspects.len() >= SUSPECTS_MAX {
            suspects.pop_front();
        }
        suspects.push_back(subject);
        self.checks.has_suspects.store(true, Ordering::Relaxed);
    }

    /// What has been compared so far.
    pub fn check_figures(&self) -> CheckFigures {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CheckFigures { checked: of(&self.checks.checked), violations: of(&self.checks.violations) }
    }

    /// Whether this answer from memory is compared. What depends on the time or on chance is not: its turn passes.
    pub(super) fn is_compared(&self, plan: &CachePlan) -> bool {
        let is_due = self.is_check_due();
        if is_due {
            self.begin_anew();
        }
        is_due && !plan.must_end()
    }

    /// The answer under this key that a surface was about to give. None where it cannot be compared.
    pub(super) fn suspect(&self, plan: &CachePlan, key: &[u8]) -> Option<Subject> {
        if plan.must_end() || !self.checks.has_suspects.load(Ordering::Relaxed) {
            return None;
        }
        let mut suspects = self.suspects();
        let place = suspects.iter().position(|suspect| suspect.kept.key() == key)?;
        let suspect = suspects.remove(place);
        self.checks.has_suspects.store(!suspects.is_empty(), Ordering::Relaxed);
        drop(suspects);
        self.begin_anew();
        suspect
    }

    /// The next check is due after a distance by chance.
    fn begin_anew(&self) {
        let variation = variation(self.settings.check_every);
        let ahead = if variation == 0 { 0 } else { RandomState::new().hash_one(()) % (2 * variation + 1) };
        SINCE.with(|since| since.set(ahead));
    }

    fn subject(&self, kept: KeptAnswer) -> Subject {
        // Alive after the turn was read: good in it.
        let turn = self.store.turn().filter(|_| kept.is_alive());
        Subject { kept, turn }
    }

    /// Gives an answer from memory after it was compared; where the store fails, without. Dropped at its await:
    /// nothing is left.
    pub(super) async fn checked_hit(
        &self,
        cached: Cached<'_>,
        kept: KeptAnswer,
        position: Position,
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
    ) -> Found {
        // What a surface was about to give may be another than what is found now.
        let subject = self.suspect(cached.plan, kept.key()).unwrap_or_else(|| self.subject(kept.clone()));
        match self.checked(cached, subject, query, inputs, deadline).await {
            Some(found) if found.source == Source::Store => found,
            _ => Found::of(kept, position),
        }
    }

    /// The answer after a kept one was compared with it: the kept one if it is the same and good, else the store's.
    /// None: the store failed. Dropped at its await: nothing is left.
    pub(super) async fn checked(
        &self,
        cached: Cached<'_>,
        subject: Subject,
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
    ) -> Option<Found> {
        let Subject { kept, turn } = subject;
        let demand = Demand { form: inputs.demand.form, ..Demand::default() };
        let inputs = Inputs { demand, ..inputs };
        let again = || {
            let read = Read { query: Arc::clone(query), inputs: inputs.clone(), wants_keys: false };
            self.read_one(read, deadline)
        };
        let epoch = self.store.position().epoch;
        let first = again().await.ok()?;
        // Nothing was committed meanwhile: it must be the same.
        let is_one_position = turn.is_some() && self.store.turn() == turn;
        self.checks.checked.fetch_add(1, Ordering::Relaxed);
        if is_same(kept.answer(), &first) {
            return Some(if kept.is_alive() { Found::of(kept, first.position) } else { Found::of_store(first) });
        }
        if !is_one_position && !kept.is_alive() {
            return Some(Found::of_store(first));
        }
        tokio::time::sleep(FOUND_AFTER).await;
        if is_one_position {
            if self.store.position().epoch == epoch {
                self.violated(cached, query, &kept, &first, true);
            }
            return Some(Found::of_store(first));
        }
        let second = if kept.is_alive() { again().await.ok() } else { None };
        match second {
            Some(second) if !is_same(kept.answer(), &second) && kept.is_alive() => {
                self.violated(cached, query, &kept, &second, false);
                Some(Found::of_store(second))
            }
            _ => Some(Found::of_store(first)),
        }
    }

    fn suspects(&self) -> MutexGuard<'_, VecDeque<Subject>> {
        self.checks.suspects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
