//! Which plans are too long to be tried on the caller's thread.

use martlet_core::limits;
use martlet_sql::Query;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

/// Plans that overran the inline budget, and how often.
#[derive(Debug, Default)]
pub(super) struct Overruns {
    /// Spares every read the lock as long as nothing ever overran.
    is_any: AtomicBool,
    plans: RwLock<HashMap<usize, Overrun>>,
}

#[derive(Debug)]
struct Overrun {
    /// Keeps the plan's address from being used again while its count stands.
    plan: Weak<Query>,
    count: u32,
}

impl Overruns {
    /// Whether the plan starts on a reader thread.
    pub(super) fn is_long(&self, query: &Arc<Query>) -> bool {
        self.is_any.load(Ordering::Relaxed) && {
            let plans = self.plans.read().unwrap_or_else(PoisonError::into_inner);
            plans.get(&key_of(query)).is_some_and(|overrun| overrun.count >= limits::INLINE_OVERRUNS_MAX)
        }
    }

    /// Counts one overrun.
    pub(super) fn note(&self, query: &Arc<Query>) {
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= limits::OVERRUN_PLANS_MAX {
            plans.retain(|_, overrun| overrun.plan.strong_count() > 0);
        }
        if plans.len() < limits::OVERRUN_PLANS_MAX {
            let new = || Overrun { plan: Arc::downgrade(query), count: 0 };
            plans.entry(key_of(query)).or_insert_with(new).count += 1;
            self.is_any.store(true, Ordering::Relaxed);
        }
    }
}

fn key_of(query: &Arc<Query>) -> usize {
    Arc::as_ptr(query) as usize
}
