//! An app made ready for calls: every name with its plan and its compiled parameters.

use super::limit::{self, DeclaredLimit};
use super::{Callable, Target};
use crate::answer_cache::{self, AnswerCache, CachePlan, Generation, QueryCacheFigures};
use crate::arguments::{Arguments, CompiledParams, keys, quoted};
use crate::cursor::QueryScope;
use crate::policy;
use crate::route::RouteTable;
use martlet_core::{Error, Identity, code, nearest};
use martlet_sql::{Allow, App, Bind, Statement};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Argument names that the message about an unknown function repeats.
const NAMES_SHOWN_MAX: usize = 10;

/// Immutable; replaced as a whole.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) app: Arc<App>,
    pub(super) routes: RouteTable,
    entries: BTreeMap<String, Arc<Entry>>,
    /// Set once answers may be kept.
    generation: Arc<OnceLock<Generation>>,
}

/// A name that can be called.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) callable: Callable,
    pub(super) params: CompiledParams,
    pub(super) target: Target,
    pub(super) limits: Vec<DeclaredLimit>,
    /// What the cursors of its pages belong to; none without pages.
    pub(super) page_scope: Option<QueryScope>,
    /// How its answers are kept; none of an action.
    pub(super) cache: Option<CachePlan>,
}

impl Loaded {
    /// Makes an app ready; what was counted for the one before goes on.
    pub(super) fn new(app: Arc<App>, before: Option<&Loaded>) -> Result<Self, Error> {
        let before_of = |name: &str| before.and_then(|before| before.get(name));
        let generation = Arc::default();
        let counters = |name: &str| {
            let plan = before_of(name).and_then(|entry| entry.cache.as_ref());
            plan.map_or_else(Arc::default, |plan| Arc::clone(&plan.counters))
        };
        let mut plans: BTreeMap<&String, CachePlan> = answer_cache::plans(&app, &generation, counters).collect();
        let queries = app.queries.iter().map(|(name, query)| (name, Callable::Query(query.clone())));
        let actions = app.actions.iter().map(|(name, action)| (name, Callable::Action(action.clone())));
        let entry = |(name, callable): (&String, Callable)| {
            let cache = plans.remove(name);
            let params = CompiledParams::new(callable.declaration())?;
            let target = target(&callable);
            let before = before_of(name).map_or(&[][..], |entry| &entry.limits);
            let limits = limit::declared(callable.declaration(), before);
            let page_scope = page_scope(&callable);
            Ok((name.clone(), Arc::new(Entry { callable, params, target, limits, page_scope, cache })))
        };
        let entries = queries.chain(actions).map(entry).collect::<Result<_, Error>>()?;
        let routes = RouteTable::new(&app, before.map(|before| &before.routes));
        Ok(Self { app, routes, entries, generation })
    }

    /// Its answers may be kept from now on: the store is ready for it.
    pub(super) fn begin(&self, cache: Option<&AnswerCache>) {
        if let Some(cache) = cache {
            self.generation.get_or_init(|| cache.load(&self.app));
        }
    }

    /// What the cache has done for each query.
    pub(super) fn cache_figures(&self, cache: &AnswerCache) -> Vec<QueryCacheFigures> {
        let figures = |(name, entry): (&String, &Arc<Entry>)| Some(cache.query_figures(name, entry.cache.as_ref()?));
        self.entries.iter().filter_map(figures).collect()
    }

    /// Every query, and how its answers are kept.
    pub(super) fn cached(&self) -> impl Iterator<Item = (&str, &CachePlan)> + Clone {
        self.entries.iter().filter_map(|(name, entry)| Some((name.as_str(), entry.cache.as_ref()?)))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(name)
    }

    pub(super) fn named_entries(&self) -> impl Iterator<Item = (&str, &Arc<Entry>)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry))
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().map(Arc::as_ref)
    }

    /// The entry of a name that the identity may call: PGRST202 where there is none, 42501 where it may not.
    pub(super) fn permitted(
        &self,
        name: &str,
        arguments: Arguments<'_>,
        identity: &Identity,
    ) -> Result<&Arc<Entry>, Error> {
        let entry = self.get(name).ok_or_else(|| self.unknown(name, arguments, identity))?;
        policy::permit(entry.callable.declaration(), identity)?;
        Ok(entry)
    }

    /// The hint names only what the caller may call: others' names are not to be guessed by misspelling them.
    fn unknown(&self, name: &str, arguments: Arguments<'_>, identity: &Identity) -> Error {
        let given = keys(arguments, NAMES_SHOWN_MAX);
        let shown = quoted(name);
        let message = if given.is_empty() {
            format!("Could not find the function public.{shown} without parameters in the schema cache")
        } else {
            let given: Vec<String> = given.iter().map(|key| quoted(key)).collect();
            format!("Could not find the function public.{shown}({}) in the schema cache", given.join(", "))
        };
        let error = Error::new(&code::UNKNOWN_NAME, message);
        let callable = self.entries().map(|entry| entry.callable.declaration());
        let names = callable.filter(|declaration| policy::allows(declaration, identity)).map(|it| it.name.as_str());
        match nearest(name, names) {
            Some(near) => error.hint(format!("Perhaps you meant to call the function public.{near}")),
            None => error,
        }
    }
}

fn page_scope(callable: &Callable) -> Option<QueryScope> {
    match callable {
        Callable::Query(query) => {
            let page = query.page.as_ref()?;
            Some(QueryScope::new(&query.declaration.name, &page.after.sqlite.text))
        }
        Callable::Action(_) => None,
    }
}

fn target(callable: &Callable) -> Target {
    let declaration = callable.declaration();
    let reads_claims = match callable {
        Callable::Query(query) => reads_claims(&query.statement),
        Callable::Action(action) => action.steps.iter().any(|step| reads_claims(&step.statement)),
    };
    Target {
        is_action: matches!(callable, Callable::Action(_)),
        returns: declaration.returns,
        is_public: declaration.allow == [Allow::Anyone] && !reads_claims,
        is_paged: matches!(callable, Callable::Query(query) if query.page.is_some()),
    }
}

fn reads_claims(statement: &Statement) -> bool {
    statement.sqlite.binds.iter().any(|bind| match bind {
        Bind::UserId | Bind::Role | Bind::Claims | Bind::Claim(_) => true,
        Bind::Parameter(_) | Bind::StepColumn { .. } | Bind::Now | Bind::Today => false,
    })
}
