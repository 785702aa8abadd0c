//! What the operator sees of the cache as a whole, and what he is told of names that are not there.

use super::Engine;
use super::cache::Clear;
use super::loaded::Loaded;
use crate::arguments::quoted;
use crate::{CacheFigures, CacheSettings, QueryCacheFigures, RenewalFigures};
use martlet_core::{Error, code, limits, nearest};
use std::collections::BTreeMap;
use std::time::Duration;

/// The cache as a whole.
#[derive(Debug)]
pub struct CacheOverview {
    /// How large it may become.
    pub settings: CacheSettings,
    /// What it has done.
    pub figures: CacheFigures,
    /// What it has done for each query, by name.
    pub queries: Vec<QueryCacheFigures>,
    /// What became of answers that were computed before anybody waited for them.
    pub renewals: RenewalFigures,
    /// Named caches, by name: those of the app and those that only have a time.
    pub named: Vec<NamedCache>,
}

/// What queries share by `@cache named NAME`.
#[derive(Debug, PartialEq, Eq)]
pub struct NamedCache {
    /// Its name.
    pub name: String,
    /// How long its answers are good at most; none: as long as nothing changes them.
    pub lives_for: Option<Duration>,
    /// The queries that name it.
    pub queries: Vec<String>,
}

impl Engine {
    /// Whether answers are kept at all.
    pub fn has_cache(&self) -> bool {
        self.settings.cache.is_some()
    }

    /// What the cache holds and has done; none without a cache.
    pub fn cache(&self) -> Option<CacheOverview> {
        let cache = self.settings.cache.as_deref()?;
        let loaded = self.loaded.load();
        let mut named: BTreeMap<String, NamedCache> = BTreeMap::new();
        let new = |name: &str| NamedCache { name: name.to_owned(), lives_for: None, queries: Vec::new() };
        for (query, name) in loaded.named() {
            named.entry(name.to_owned()).or_insert_with(|| new(name)).queries.push(query.to_owned());
        }
        for (name, lives_for) in &*cache.named() {
            named.entry(name.clone()).or_insert_with(|| new(name)).lives_for = Some(*lives_for);
        }
        Some(CacheOverview {
            settings: cache.settings().clone(),
            figures: cache.figures(),
            queries: loaded.cache_figures(cache),
            renewals: cache.renewals.figures(),
            named: named.into_values().collect(),
        })
    }

    /// Sets how long the answers of a named cache are good at most, until the engine ends; those that are kept are
    /// dropped, so that none is good for longer. How many there were.
    ///
    /// Errors: MRT030 for a name that no query of the app names; MRT001 for a time out of range.
    pub fn set_cache_time(&self, name: &str, lives_for: Duration) -> Result<usize, Error> {
        let max = Duration::from_millis(limits::CACHE_NAMED_MS_MAX);
        if lives_for < Duration::from_millis(1) || lives_for > max {
            return Err(Error::new(&code::ARGUMENTS, "the time is out of range").hint("use a time from 1ms to 365d"));
        }
        let named = Clear::Named(name);
        if !self.named_caches().contains_key(name) {
            return Err(self.unknown_cache(named));
        }
        if let Some(cache) = &self.settings.cache {
            cache.set_named_time(name, lives_for);
        }
        let dropped = self.clear_cache(named).unwrap_or(0);
        self.live().run_all();
        Ok(dropped)
    }

    /// The error of who names what is not there: MRT030, with the nearest name.
    pub fn unknown_cache(&self, which: Clear<'_>) -> Error {
        let loaded = self.loaded.load();
        let (what, name, all): (_, _, Vec<&str>) = match which {
            Clear::All => ("cache", "", Vec::new()),
            Clear::Query(name) => ("query", name, loaded.cached().map(|(query, _)| query).collect()),
            Clear::Named(name) => ("named cache", name, loaded.named().map(|(_, named)| named).collect()),
        };
        let error = Error::new(&code::UNKNOWN_CACHE, format!("there is no {what} {}", quoted(name)));
        match nearest(name, all) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("`martlet cache stats` lists them"),
        }
    }
}

impl Loaded {
    /// Queries that name a cache, with the name.
    fn named(&self) -> impl Iterator<Item = (&str, &str)> {
        self.cached().filter_map(|(query, plan)| Some((query, plan.named()?)))
    }
}
