//! The engine: one loaded app over one store.
//!
//! A call takes the app that is current when it arrives and keeps it to its end, so a reload never mixes two
//! versions. No future of this module holds anything that must be given back: each may be dropped at any await.

mod limit;
mod loaded;
mod page;

use crate::cursor::CursorKey;
use crate::idempotency::{self, Running};
use crate::route::{RouteCount, RouteFound};
use crate::{Arguments, policy};
use arc_swap::ArcSwap;
pub use limit::{LimitState, network};
use loaded::{Entry, Loaded};
use martlet_core::{Caller, Clock, Error, Timestamp, code, limits};
use martlet_sql::{Action, App, Declaration, Query, Returns};
use martlet_store::{Answer, Demand, Inputs, Read, Snapshot, SqliteStore};
use page::PageCall;
use std::sync::Arc;
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
}

impl Default for EngineSettings {
    /// The limits of `martlet_core::limits`; a key for cursors that ends with the process.
    fn default() -> Self {
        Self {
            query_timeout: Duration::from_millis(limits::QUERY_TIMEOUT_MS),
            action_timeout: Duration::from_millis(limits::ACTION_TIMEOUT_MS),
            batch_queries_max: limits::BATCH_QUERIES_MAX,
            cursor_key: CursorKey::ephemeral(),
        }
    }
}

/// One call of a query or action.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who asks, from where.
    pub caller: &'a Caller,
    /// The declared name.
    pub name: &'a str,
    /// As they came.
    pub arguments: Arguments<'a>,
    /// When the request arrived: the deadline counts from here.
    pub arrival: Instant,
    /// What the caller demands of the answer besides what is declared.
    pub demand: Demand,
}

/// What a surface may add to a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extras<'a> {
    /// The key under which an action that is `@idempotent` has one effect; others pass over it.
    pub idempotency_key: Option<&'a str>,
    /// Only a query may run: 25006 for an action.
    pub is_read_only: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub result: Result<Answer, Error>,
    /// How the declared limits stand after the call; empty where there is none, or where it never came so far.
    pub limits: Vec<LimitState>,
}

/// One query of a batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchItem<'a> {
    /// The declared name.
    pub name: &'a str,
    /// As they came.
    pub arguments: Arguments<'a>,
}

/// What a name stands for.
#[derive(Debug, Clone)]
pub enum Callable {
    /// A declared SELECT: GET, HEAD and POST.
    Query(Arc<Query>),
    /// A declared transaction: POST.
    Action(Arc<Action>),
}

impl Callable {
    /// The header.
    pub fn declaration(&self) -> &Declaration {
        match self {
            Callable::Query(query) => &query.declaration,
            Callable::Action(action) => &action.declaration,
        }
    }
}

/// What a surface must know of a name before it runs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// POST only; 25006 by GET.
    pub is_action: bool,
    /// The answer's form.
    pub returns: Returns,
    /// Whether every caller gets the same answer: `@allow` is exactly `anyone` and no claim is read.
    pub is_public: bool,
    /// `@page`: the answer is one object with the rows in it, although it `returns` rows.
    pub is_paged: bool,
}

/// A loaded app over a store. Share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    loaded: ArcSwap<Loaded>,
    store: SqliteStore,
    running: Running,
    settings: EngineSettings,
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// An engine that serves this app from this store, which is migrated to it.
    ///
    /// Prepares every statement. Errors: those of preparing; internal where an expression does not compile.
    pub fn new(app: App, store: SqliteStore, settings: EngineSettings, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let loaded = Loaded::new(app, None)?;
        store.prepare(&loaded.app)?;
        Ok(Self { loaded: ArcSwap::from_pointee(loaded), store, running: Running::default(), settings, clock })
    }

    /// Serves another version of the app from the next call on; calls under way end with the old one.
    ///
    /// Prepares every statement first; on an error the app that is served stays.
    pub fn replace_app(&self, app: App) -> Result<(), Error> {
        let loaded = Loaded::new(app, Some(&self.loaded.load()))?;
        self.store.prepare(&loaded.app)?;
        self.loaded.store(Arc::new(loaded));
        Ok(())
    }

    /// The app that is served now.
    pub fn app(&self) -> Arc<App> {
        self.loaded.load().app.clone()
    }

    /// The store behind.
    pub fn store(&self) -> &SqliteStore {
        &self.store
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
        Outcome { result, limits }
    }

    /// Runs a declared query.
    ///
    /// Errors: PGRST202 for an unknown name, 42501 for one that the caller may not call, 25006 for an action's,
    /// MRT001 with every wrong argument, MRT029 over a limit, 57014 when the deadline passes, and those of the store.
    /// Dropped at its await: the statement is stopped, nothing is left.
    pub async fn run_query(&self, call: Call<'_>) -> Result<Answer, Error> {
        let entry = self.permitted(&call)?;
        match &entry.callable {
            Callable::Query(_) => self.run_entry(&entry, &call, Extras::default(), &mut Vec::new()).await,
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
            Callable::Action(_) => self.run_entry(&entry, &call, Extras::default(), &mut Vec::new()).await,
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
    ) -> Result<Answer, Error> {
        let (inputs, page) = self.inputs(entry, call.caller, call.arguments, self.clock.now(), call.demand, limits)?;
        let deadline = call.arrival + self.timeout(&entry.callable);
        match &entry.callable {
            Callable::Query(query) => {
                let answer = self.read(query.clone(), inputs, deadline).await?;
                self.end_page(page.as_ref(), answer)
            }
            Callable::Action(action) => {
                let key = extras.idempotency_key.filter(|_| action.declaration.is_idempotent);
                // In a box, so that a read's future need not be as large as an action's.
                Box::pin(self.transact(action.clone(), inputs, call.caller, key, deadline)).await
            }
        }
    }

    /// Runs several queries at one snapshot, in one turn; each has its own answer or error, in order.
    ///
    /// A bad item (unknown, forbidden, wrong arguments, an action) is an error in its place and costs the others
    /// nothing. The deadline is the latest of the queries' own.
    /// Errors: MRT004 for more items than `batch_queries_max`; 57014 and those of the store for all together.
    /// Dropped at its await: the statements are stopped, nothing is left.
    pub async fn run_batch(
        &self,
        caller: &Caller,
        items: &[BatchItem<'_>],
        arrival: Instant,
    ) -> Result<Snapshot, Error> {
        let items_max = self.settings.batch_queries_max;
        if items.len() > items_max {
            return Err(Error::new(&code::TOO_MANY_PARTS, format!("a batch takes at most {items_max} queries")));
        }
        let loaded = self.loaded.load_full();
        let now = self.clock.now();
        let mut deadline = arrival;
        let mut reads = Vec::with_capacity(items.len());
        let mut pages = Vec::with_capacity(items.len());
        let mut refused = Vec::with_capacity(items.len());
        for item in items {
            match self.batch_read(&loaded, caller, item, now) {
                Ok((read, page, timeout)) => {
                    pages.push(page);
                    deadline = deadline.max(arrival + timeout);
                    reads.push(read);
                    refused.push(None);
                }
                Err(error) => refused.push(Some(error)),
            }
        }
        if reads.is_empty() {
            let answers = refused.into_iter().flatten().map(Err).collect();
            return Ok(Snapshot { position: self.store.position(), answers });
        }
        let snapshot = self.store.read(reads, deadline).await?;
        let mut answered = snapshot.answers.into_iter().zip(pages);
        let answers = refused.into_iter().map(|refusal| match refusal {
            Some(error) => Err(error),
            None => match answered.next() {
                Some((answer, page)) => answer.and_then(|answer| self.end_page(page.as_ref(), answer)),
                None => Err(Error::internal("the store gave too few answers")),
            },
        });
        Ok(Snapshot { position: snapshot.position, answers: answers.collect() })
    }

    fn batch_read(
        &self,
        loaded: &Loaded,
        caller: &Caller,
        item: &BatchItem<'_>,
        now: Timestamp,
    ) -> Result<(Read, Option<PageCall>, Duration), Error> {
        let entry = loaded.permitted(item.name, item.arguments, &caller.identity)?;
        let Callable::Query(query) = &entry.callable else {
            return Err(read_only(item.name));
        };
        let (inputs, page) = self.inputs(entry, caller, item.arguments, now, Demand::default(), &mut Vec::new())?;
        Ok((Read { query: query.clone(), inputs, wants_keys: false }, page, self.timeout(&entry.callable)))
    }

    /// The entry of a name that the caller may call.
    fn permitted(&self, call: &Call<'_>) -> Result<Arc<Entry>, Error> {
        self.loaded.load().permitted(call.name, call.arguments, &call.caller.identity).cloned()
    }

    async fn read(&self, query: Arc<Query>, inputs: Inputs, deadline: Instant) -> Result<Answer, Error> {
        let mut snapshot = self.store.read(vec![Read { query, inputs, wants_keys: false }], deadline).await?;
        snapshot.answers.pop().unwrap_or_else(|| Err(Error::internal("the store gave no answer")))
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

    /// Arguments first, then the limits: a call that is not understood is not counted.
    fn inputs(
        &self,
        entry: &Entry,
        caller: &Caller,
        arguments: Arguments<'_>,
        now: Timestamp,
        demand: Demand,
        limits: &mut Vec<LimitState>,
    ) -> Result<(Inputs, Option<PageCall>), Error> {
        let arguments = entry.params.read(arguments)?;
        if !entry.limits.is_empty() {
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

    fn end_page(&self, page: Option<&PageCall>, answer: Answer) -> Result<Answer, Error> {
        match page {
            Some(page) => page::end(page, &self.settings.cursor_key, answer),
            None => Ok(answer),
        }
    }

    fn timeout(&self, callable: &Callable) -> Duration {
        match (callable.declaration().timeout_ms, callable) {
            (Some(timeout_ms), _) => Duration::from_millis(timeout_ms.min(limits::TIMEOUT_MS_MAX)),
            (None, Callable::Query(_)) => self.settings.query_timeout,
            (None, Callable::Action(_)) => self.settings.action_timeout,
        }
    }
}

fn read_only(name: &str) -> Error {
    Error::new(&code::READ_ONLY_METHOD, format!("{name} is an action: it cannot run in a read-only transaction"))
        .hint("call it by POST /rest/v1/rpc")
}
