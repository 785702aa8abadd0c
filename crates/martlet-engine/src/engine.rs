//! The engine: one loaded app over one store.
//!
//! A call takes the app that is current when it arrives and keeps it to its end, so a reload never mixes two
//! versions. Each future of this module may be dropped at any await: what it holds it gives back.
//! In reading order: what goes in and comes out, the engine, a reload; the way of a read, a batch, limits, pages.

mod batch;
mod cache;
mod caches;
mod call;
mod check;
mod follow;
mod limit;
mod loaded;
mod look;
mod page;
mod read;
mod reload;
mod renew;

use crate::answer_cache::AnswerCache;
use crate::cursor::CursorKey;
use crate::flight::Flights;
use crate::idempotency::{self, Running};
use crate::live::Hub;
use crate::route::{RouteCount, RouteFound};
use crate::{Arguments, policy};
use arc_swap::ArcSwap;
pub use cache::Clear;
pub use caches::{CacheOverview, NamedCache};
use call::read_only;
pub use call::{BatchItem, Call, Callable, Extras, Outcome, Source, Target};
pub use check::CheckFigures;
use check::Checks;
pub(crate) use follow::{Followed, Own, Reading, not_followed, too_many};
pub use limit::{LimitState, network};
use loaded::{Entry, Loaded};
pub use look::{IndexLook, Look, PlanLook, StatementLook, TableLook};
use martlet_core::{Caller, Clock, Error, Position, Timestamp, code, limits};
use martlet_sql::{Action, App};
use martlet_store::{Answer, CommitObserver, Demand, Inputs, SqliteStore};
use page::PageCall;
use read::{Found, Given};
pub use renew::{WarmFigures, warm_arguments};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Defaults for what a declaration leaves open.
#[derive(Debug, Clone)]
pub struct EngineSettings {
    /// Deadline of a query without `@timeout`.
    pub query_timeout: Duration,
    /// Deadline of an action without `@timeout`.
    pub action_timeout: Duration,
    /// Queries of one batch.
    pub batch_queries_max: usize,
    /// What the cursors of pages are sealed with.
    pub cursor_key: CursorKey,
    /// What keeps the answers; none: every read is the store's. It must be the observer of the store.
    pub cache: Option<Arc<AnswerCache>>,
    /// Of so many answers from memory one is computed again and compared: 1 for each, 0 for none.
    pub check_every: u64,
}

impl Default for EngineSettings {
    /// The limits of `martlet_core::limits`; a key for cursors that ends with the process; no cache.
    fn default() -> Self {
        Self {
            query_timeout: Duration::from_millis(limits::QUERY_TIMEOUT_MS),
            action_timeout: Duration::from_millis(limits::ACTION_TIMEOUT_MS),
            batch_queries_max: limits::BATCH_QUERIES_MAX,
            cursor_key: CursorKey::ephemeral(),
            cache: None,
            check_every: 0,
        }
    }
}

/// A loaded app over a store. Share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    loaded: ArcSwap<Loaded>,
    store: SqliteStore,
    running: Running,
    flights: Flights<Given>,
    checks: Checks,
    live: Hub,
    settings: EngineSettings,
    clock: Arc<dyn Clock>,
    /// Held by who replaces the app.
    reloading: Mutex<()>,
}

impl Engine {
    /// An engine that serves this app from this store, which is migrated to it.
    ///
    /// Prepares every statement. Errors: those of preparing; internal where an expression does not compile, or where
    /// the store tells the cache of no commits.
    pub fn new(app: App, store: SqliteStore, settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if let Some(cache) = &settings.cache
            && !store.observer().is_some_and(|observer| is_same(observer, cache))
        {
            return Err(Error::internal("the cache is not the observer of its store"));
        }
        let loaded = Loaded::new(Arc::new(app), None)?;
        store.prepare(&loaded.app)?;
        loaded.begin(settings.cache.as_deref());
        if let Some(cache) = &settings.cache {
            cache.renewals.loaded.notify_one();
        }
        Ok(Self {
            loaded: ArcSwap::from_pointee(loaded),
            store,
            running: Running::default(),
            flights: Flights::default(),
            checks: Checks::default(),
            live: Hub::default(),
            settings,
            clock,
            reloading: Mutex::default(),
        })
    }

    /// The app that is served now.
    pub fn app(&self) -> Arc<App> {
        self.loaded.load().app.clone()
    }

    /// The store behind.
    pub fn store(&self) -> &SqliteStore {
        &self.store
    }

    /// The last commit: to be read before what is kept is looked up, and told with it.
    pub fn position(&self) -> Position {
        self.store.position()
    }

    /// What a name stands for, whoever asks.
    pub fn lookup(&self, name: &str) -> Option<Callable> {
        self.loaded.load().get(name).map(|entry| entry.callable.clone())
    }

    /// What a surface must know of a name, whoever asks; a look-up without a copy.
    pub fn target(&self, name: &str) -> Option<Target> {
        self.loaded.load().get(name).map(|entry| entry.target)
    }

    /// Whether the app declares any route.
    pub fn has_routes(&self) -> bool {
        !self.loaded.load().routes.is_empty()
    }

    /// The declared route of a method and the decoded parts of a path.
    pub fn route(&self, method: &str, path: &[&str]) -> RouteFound {
        self.loaded.load().routes.find(method, path)
    }

    /// How often each declared route was called, by path.
    pub fn route_counts(&self) -> Vec<RouteCount> {
        self.loaded.load().routes.counts()
    }

    /// All that a caller may call, by name.
    pub fn callable(&self, caller: &Caller) -> Vec<Callable> {
        let loaded = self.loaded.load();
        let may_call = |entry: &&Entry| policy::allows(entry.callable.declaration(), &caller.identity);
        loaded.entries().filter(may_call).map(|entry| entry.callable.clone()).collect()
    }

    /// Runs the query or action of this name.
    ///
    /// Errors: as [`Engine::run_query`] and [`Engine::run_action`]. Dropped: as they are.
    pub async fn run(&self, call: Call<'_>) -> Result<Answer, Error> {
        self.answer(call, Extras::default()).await.result
    }

    /// As [`Engine::run`], with what a surface adds, and with how the declared limits stand.
    pub async fn answer(&self, call: Call<'_>, extras: Extras<'_>) -> Outcome {
        let mut limits = Vec::new();
        let result = match self.permitted(&call) {
            Ok(entry) if extras.is_read_only && entry.target.is_action => Err(read_only(call.name)),
            Ok(entry) => self.run_entry(&entry, &call, extras, &mut limits).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(Found { answer, source, kept }) => Outcome { result: Ok(answer), limits, source, kept },
            Err(error) => Outcome { result: Err(error), limits, source: Source::Store, kept: None },
        }
    }

    /// Runs a declared query.
    ///
    /// Errors: PGRST202 for an unknown name, 42501 for one that the caller may not call, 25006 for an action's,
    /// MRT001 with every wrong argument, MRT029 over a limit, 57014 when the deadline passes, and those of the store.
    /// Dropped at its await: the statement is stopped, nothing is left.
    pub async fn run_query(&self, call: Call<'_>) -> Result<Answer, Error> {
        let entry = self.permitted(&call)?;
        match &entry.callable {
            Callable::Query(_) => Ok(self.run_entry(&entry, &call, Extras::default(), &mut Vec::new()).await?.answer),
            Callable::Action(_) => Err(read_only(call.name)),
        }
    }

    /// Runs a declared action.
    ///
    /// Errors: as [`Engine::run_query`], those of `@expect` and of the data. A query's name is PGRST202.
    /// Dropped at its await: an action that waits is never started; one that has started commits or not, as a whole.
    pub async fn run_action(&self, call: Call<'_>) -> Result<Answer, Error> {
        let entry = self.permitted(&call)?;
        match &entry.callable {
            Callable::Action(_) => Ok(self.run_entry(&entry, &call, Extras::default(), &mut Vec::new()).await?.answer),
            Callable::Query(_) => {
                Err(Error::new(&code::UNKNOWN_NAME, format!("{} is a query, not an action", call.name)))
            }
        }
    }

    async fn run_entry(
        &self,
        entry: &Entry,
        call: &Call<'_>,
        extras: Extras<'_>,
        limits: &mut Vec<LimitState>,
    ) -> Result<Found, Error> {
        let (inputs, page) =
            self.inputs(entry, call.caller, call.arguments, self.clock.now(), call.demand, Some(limits))?;
        let deadline = call.arrival + self.timeout(&entry.callable);
        match &entry.callable {
            Callable::Query(query) => {
                let found = self.read(entry, query, inputs, deadline, extras.takes_stale).await?;
                match &page {
                    // The cursor in it is the caller's own.
                    Some(page) => Ok(Found { answer: self.end_page(page, found.answer)?, kept: None, ..found }),
                    None => Ok(found),
                }
            }
            Callable::Action(action) => {
                let key = extras.idempotency_key.filter(|_| action.declaration.is_idempotent);
                // In a box, so that a read's future need not be as large as an action's.
                let answer = Box::pin(self.transact(action.clone(), inputs, call.caller, key, deadline)).await?;
                Ok(Found { answer, source: Source::Store, kept: None })
            }
        }
    }

    /// The entry of a name that the caller may call.
    fn permitted(&self, call: &Call<'_>) -> Result<Arc<Entry>, Error> {
        self.loaded.load().permitted(call.name, call.arguments, &call.caller.identity).cloned()
    }

    async fn transact(
        &self,
        action: Arc<Action>,
        inputs: Inputs,
        caller: &Caller,
        key: Option<&str>,
        deadline: Instant,
    ) -> Result<Answer, Error> {
        let Some(key) = key else {
            return self.store.transact(action, inputs, deadline).await;
        };
        let once = idempotency::once(&action.declaration.name, caller, key, &inputs)?;
        let _running = self.running.begin(&once)?;
        self.store.transact_once(action, inputs, once, deadline).await
    }

    /// Arguments first, then the limits: a call that is not understood is not counted. None: what is done is no call
    /// of the caller's.
    fn inputs(
        &self,
        entry: &Entry,
        caller: &Caller,
        arguments: Arguments<'_>,
        now: Timestamp,
        demand: Demand,
        limits: Option<&mut Vec<LimitState>>,
    ) -> Result<(Inputs, Option<PageCall>), Error> {
        let arguments = entry.params.read(arguments)?;
        if let Some(limits) = limits
            && !entry.limits.is_empty()
        {
            let (states, allowed) = limit::take(&entry.limits, caller, &arguments, self.clock.steady());
            *limits = states;
            allowed?;
        }
        let identity = caller.identity.clone();
        let (Callable::Query(query), Some(scope)) = (&entry.callable, &entry.page_scope) else {
            return Ok((Inputs { arguments, identity, now, demand }, None));
        };
        let demand = page::demand(demand)?;
        let (arguments, page) = page::begin(query, scope, &self.settings.cursor_key, caller, &arguments, now)?;
        Ok((Inputs { arguments, identity, now, demand }, page))
    }

    fn end_page(&self, page: &PageCall, answer: Answer) -> Result<Answer, Error> {
        page::end(page, &self.settings.cursor_key, answer)
    }

    fn timeout(&self, callable: &Callable) -> Duration {
        match (callable.declaration().timeout_ms, callable) {
            (Some(timeout_ms), _) => Duration::from_millis(timeout_ms.min(limits::TIMEOUT_MS_MAX)),
            (None, Callable::Query(_)) => self.settings.query_timeout,
            (None, Callable::Action(_)) => self.settings.action_timeout,
        }
    }
}

fn is_same(observer: &Arc<dyn CommitObserver>, cache: &Arc<AnswerCache>) -> bool {
    std::ptr::addr_eq(Arc::as_ptr(observer), Arc::as_ptr(cache))
}
