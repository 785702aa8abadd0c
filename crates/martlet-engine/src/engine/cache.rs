//! What a surface and an operator do with the cache: see what it has done, empty it, set times, attach.

use super::Engine;
use crate::answer_cache::{Attached, CachePlan, KeptAnswer, QueryCacheFigures};
use std::collections::BTreeMap;
use std::time::Duration;

/// Which answers are to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clear<'a> {
    /// All.
    All,
    /// Those of the query of this name.
    Query(&'a str),
    /// Those of all queries of this named cache: `@cache named NAME`.
    Named(&'a str),
}

impl Engine {
    /// What the cache has done for each query, by name; empty without a cache.
    pub fn cache_figures(&self) -> Vec<QueryCacheFigures> {
        let cache = self.settings.cache.as_deref();
        cache.map(|cache| self.loaded.load().cache_figures(cache)).unwrap_or_default()
    }

    /// Keeps with an answer what a surface has made of it; the first to do so wins.
    pub fn attach(&self, kept: &KeptAnswer, attached: Box<dyn Attached>) {
        if let Some(cache) = &self.settings.cache {
            cache.attach(kept, attached);
        }
    }

    /// What is attached to an answer has grown: it counts for more from here on.
    pub fn reweigh(&self, kept: &KeptAnswer) {
        if let Some(cache) = &self.settings.cache {
            cache.reweigh(kept);
        }
    }

    /// Drops answers; how many there were. None: there is no such query, or no query with such a named cache.
    pub fn clear_cache(&self, clear: Clear<'_>) -> Option<usize> {
        let cache = self.settings.cache.as_deref();
        let loaded = self.loaded.load();
        let plans: Vec<&CachePlan> = loaded
            .entries()
            .filter_map(|entry| Some((entry.callable.declaration().name.as_str(), entry.cache.as_ref()?)))
            .filter(|(name, plan)| match clear {
                Clear::All => true,
                Clear::Query(wanted) => *name == wanted,
                Clear::Named(wanted) => plan.named() == Some(wanted),
            })
            .map(|(_, plan)| plan)
            .collect();
        if plans.is_empty() && clear != Clear::All {
            return None;
        }
        Some(cache.map_or(0, |cache| cache.clear_plans(plans.into_iter())))
    }

    /// The named caches that queries of the app belong to, each with its time; none: it has no end by time.
    pub fn named_caches(&self) -> BTreeMap<String, Option<Duration>> {
        let loaded = self.loaded.load();
        let times = self.settings.cache.as_deref().map(|cache| cache.named()).unwrap_or_default();
        let named = loaded.entries().filter_map(|entry| entry.cache.as_ref()?.named());
        named.map(|name| (name.to_owned(), times.get(name).copied())).collect()
    }
}
