//! The differential check: an answer from memory is computed again by the store, and compared.
//!
//! With `cache.mode = "check"` every one, for tests; else one of `cache.check_every`, in production. Two answers may
//! differ where a commit came between them; then the entry has ended. While it is alive no commit that anybody can see
//! has touched it, but for another process's write, which is found a tenth of a second later. So a difference counts
//! only if it is still there after that time, at a fresh snapshot, and the entry lives on after it: then a promise is
//! broken. It is counted, told to the operator by the query's name, and all answers of the query are dropped.

use super::read::{Cached, Found};
use super::{Engine, Source};
use crate::KeptAnswer;
use crate::answer_cache::CachePlan;
use martlet_core::{Position, limits};
use martlet_sql::Query;
use martlet_store::{Answer, Demand, Inputs, Read};
use serde_json::Value;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After so long a write of another process has been found.
const FOUND_AFTER: Duration = Duration::from_millis(3 * limits::FOREIGN_WRITES_LOOK_MS);

thread_local! {
    /// Hits of this thread since the last check.
    static SINCE: Cell<u64> = const { Cell::new(0) };
}

/// What has been compared.
#[derive(Debug, Default)]
pub(super) struct Checks {
    checked: AtomicU64,
    violations: AtomicU64,
}

/// How often answers from memory were computed again, and how often they were wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CheckFigures {
    /// Answers that were compared.
    pub checked: u64,
    /// Answers that were not what the database gives, although nothing that they rest on had changed. Must be 0.
    pub violations: u64,
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
            count >= every
        })
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
            SINCE.with(|since| since.set(0));
        }
        is_due && !plan.must_end()
    }

    /// Gives an answer from memory after it was compared; where the store fails, without. Dropped at its await:
    /// nothing is left.
    pub(super) async fn checked(
        &self,
        cached: Cached<'_>,
        kept: KeptAnswer,
        position: Position,
        query: &Arc<Query>,
        inputs: Inputs,
        deadline: Instant,
    ) -> Found {
        let demand = Demand { form: inputs.demand.form, ..Demand::default() };
        let inputs = Inputs { demand, ..inputs };
        let again = || {
            let read = Read { query: Arc::clone(query), inputs: inputs.clone(), wants_keys: false };
            self.read_one(read, deadline)
        };
        let Ok(first) = again().await else { return Found::of(kept, position) };
        self.checks.checked.fetch_add(1, Ordering::Relaxed);
        if is_same(kept.answer(), &first) {
            return Found::of(kept, position);
        }
        if kept.is_alive() {
            tokio::time::sleep(FOUND_AFTER).await;
            let second = if kept.is_alive() { again().await.ok() } else { None };
            if let Some(second) = second
                && !is_same(kept.answer(), &second)
                && kept.is_alive()
            {
                self.violated(cached, query);
                return Found { answer: second, source: Source::Store, kept: None };
            }
        }
        Found { answer: first, source: Source::Store, kept: None }
    }

    fn violated(&self, cached: Cached<'_>, query: &Query) {
        self.checks.violations.fetch_add(1, Ordering::Relaxed);
        let dropped = cached.cache.clear_plans(std::iter::once(cached.plan));
        // No argument's value: the log is not the place for them.
        tracing::error!(
            query = %query.declaration.name,
            dropped,
            "an answer from memory was not what the database gives, and nothing had told the cache of a change; \
             all answers of this query are dropped, please report it"
        );
    }
}

/// Whether two answers are the same, rows in another order apart: where the query leaves the order open, both are
/// right.
fn is_same(one: &Answer, other: &Answer) -> bool {
    if one.body == other.body {
        return one.last == other.last;
    }
    let (Some(one_body), Some(other_body)) = (&one.body, &other.body) else { return false };
    let lines = |body: &[u8]| sorted(body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect());
    one.rows == other.rows
        && match (rows(one_body), rows(other_body)) {
            (Some(one), Some(other)) => one == other,
            // CSV.
            _ => lines(one_body) == lines(other_body),
        }
}

fn rows(body: &[u8]) -> Option<Vec<String>> {
    let Ok(Value::Array(rows)) = serde_json::from_slice(body) else { return None };
    Some(sorted(rows.iter().map(Value::to_string).collect()))
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort_unstable();
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_in_another_order_are_the_same_and_others_are_not() {
        let answer = |body: Option<&'static str>| Answer {
            body: body.map(Into::into),
            rows: 1,
            position: Position::default(),
            last: None,
            keys: None,
        };
        let of = |body| answer(Some(body));
        for (one, other, wanted) in [
            ("[1,2]", "[1,2]", true),
            ("[{\"a\":1},{\"a\":2}]", "[{\"a\":2},{\"a\":1}]", true),
            ("[{\"a\":1},{\"a\":1}]", "[{\"a\":1},{\"a\":2}]", false),
            ("[12]", "[21]", false),
            ("{\"a\":1}", "{\"a\":2}", false),
            ("a\n1\n2", "a\n2\n1", true),
            ("a\n12", "a\n21", false),
        ] {
            assert_eq!(is_same(&of(one), &of(other)), wanted, "{one} {other}");
        }
        assert!(!is_same(&of("[]"), &answer(None)));
    }
}
