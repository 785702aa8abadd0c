//! What is known of a query's answers when its app is loaded: what their keys are made of, how long they are good.

use super::QueryCounters;
use super::kept::More;
use martlet_cache::{QueryId, Start};
use martlet_core::Identity;
use martlet_sql::dependency::Dependencies;
use martlet_sql::{App, Bind, Query, Volatility};
use martlet_store::Inputs;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Bytes of the generation, which every key begins with.
const GENERATION_SIZE: usize = size_of::<u64>();

/// One loading of an app into the cache. What is filled for one is never kept for another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Generation {
    /// Stands in every key.
    pub(super) number: u64,
    pub(super) start: Start,
}

/// How one query's answers are kept.
#[derive(Debug)]
pub(crate) struct CachePlan {
    /// Of the only statement, or of the first page and of those that come after a cursor.
    numbers: Vec<QueryId>,
    /// Parameters that are declared.
    declared: usize,
    /// What the statements use of the caller.
    claims: Box<[Bind]>,
    /// `for`.
    lives_for: Option<Duration>,
    /// `for low..high`: the lower bound.
    renews_from: Option<Duration>,
    /// `stale`.
    stale_for: Option<Duration>,
    /// `named`.
    named: Option<String>,
    /// It depends on the time or on chance.
    must_end: bool,
    unkept: Option<String>,
    pub(crate) counters: Arc<QueryCounters>,
    /// What is kept because of `@warm`, by its keys without the generation; none: it was never filled.
    warm: OnceLock<HashSet<Box<[u8]>>>,
    /// Known once the app is loaded; nothing is asked or kept before.
    generation: Arc<OnceLock<Generation>>,
}

impl CachePlan {
    /// Why no answer is ever kept, in words for the author; none: they are.
    pub(crate) fn unkept(&self) -> Option<&str> {
        self.unkept.as_deref()
    }

    /// The loading that its calls belong to; none: the app is not loaded yet, or nothing is kept.
    pub(crate) fn generation(&self) -> Option<Generation> {
        if self.unkept.is_some() { None } else { self.generation.get().copied() }
    }

    pub(super) fn query(&self, inputs: &Inputs) -> QueryId {
        // Behind the declared ones: how many rows, then the cursor's values.
        let is_after = self.numbers.len() > 1 && inputs.arguments.len() > self.declared + 1;
        self.numbers[usize::from(is_after)]
    }

    /// The numbers of its statements.
    pub(super) fn queries(&self) -> &[QueryId] {
        &self.numbers
    }

    pub(super) fn claims(&self) -> &[Bind] {
        &self.claims
    }

    /// The named cache that it belongs to.
    pub(crate) fn named(&self) -> Option<&str> {
        self.named.as_deref()
    }

    /// Whether the same data may give another answer: by the time, or by chance.
    pub(crate) fn must_end(&self) -> bool {
        self.must_end
    }

    /// Whether an answer of it may end by time, or be given after its end.
    pub(super) fn may_end(&self) -> bool {
        self.lives_for.is_some() || self.named.is_some() || self.stale_for.is_some()
    }

    /// How long an answer may be given after its end.
    pub(crate) fn stale_for(&self) -> Option<Duration> {
        self.stale_for
    }

    /// These are its answers that `@warm` names. The first to say so is right.
    pub(crate) fn set_warm(&self, keys: impl Iterator<Item = Vec<u8>>) {
        self.warm.get_or_init(|| keys.filter_map(|key| Some(key.get(GENERATION_SIZE..)?.into())).collect());
    }

    /// What is kept with an answer under this key, computed for this caller.
    pub(super) fn more(&self, key: &[u8], identity: &Identity) -> More {
        let is_warm = self.warm.get().is_some_and(|keys| keys.contains(key.get(GENERATION_SIZE..).unwrap_or_default()));
        let identity = if self.claims.is_empty() { Identity::Anonymous } else { identity.clone() };
        More { identity, is_warm, renews_from: self.renews_from, stale_for: self.stale_for }
    }

    /// How long an answer is good at most, by the tag and by the time set for its name.
    ///
    /// Errors: none is set, and without one it must not be kept.
    pub(super) fn lives_for(&self, named: Option<Duration>) -> Result<Option<Duration>, NoEnd> {
        let lives_for = [self.lives_for, named].into_iter().flatten().min();
        if self.must_end && lives_for.is_none() { Err(NoEnd) } else { Ok(lives_for) }
    }
}

/// The answer would have to end by time, and no time is set.
#[derive(Debug)]
pub(crate) struct NoEnd;

/// The plans of an app's queries, in the order of their names, to be taken into effect by one [`Generation`].
pub(crate) fn plans<'a>(
    app: &'a App,
    generation: &Arc<OnceLock<Generation>>,
    counters: impl Fn(&str) -> Arc<QueryCounters>,
) -> impl Iterator<Item = (&'a String, CachePlan)> {
    let mut numbers = (0..).map(QueryId);
    app.queries.iter().map(move |(name, query)| {
        let count = 1 + usize::from(query.page.is_some());
        let declared = query.declaration.cache.clone().unwrap_or_default();
        let plan = CachePlan {
            numbers: numbers.by_ref().take(count).collect(),
            declared: query.declaration.params.len(),
            claims: claims(query),
            lives_for: declared.for_ms.map(Duration::from_millis),
            renews_from: declared.from_ms.map(Duration::from_millis),
            stale_for: declared.stale_ms.map(Duration::from_millis),
            named: declared.named,
            must_end: statements(query).any(|statement| statement.volatility != Volatility::Immutable),
            unkept: unkept(query),
            counters: counters(name),
            warm: OnceLock::new(),
            generation: Arc::clone(generation),
        };
        (name, plan)
    })
}

/// What the queries rest on, by their numbers.
pub(super) fn dependencies(app: &App) -> Vec<Arc<Dependencies>> {
    let of = |query: &Arc<Query>| {
        let after = query.page.as_ref().map(|page| Arc::new(page.after_dependencies.clone()));
        [Some(Arc::new(query.dependencies.clone())), after].into_iter().flatten()
    };
    app.queries.values().flat_map(of).collect()
}

fn unkept(query: &Query) -> Option<String> {
    let after = query.page.as_ref().and_then(|page| page.after_dependencies.unkept.clone());
    query.dependencies.unkept.clone().or(after)
}

fn statements(query: &Query) -> impl Iterator<Item = &martlet_sql::Statement> {
    std::iter::once(&query.statement).chain(query.page.as_ref().map(|page| &page.after))
}

/// What all its statements, and those beside them, use of the caller.
fn claims(query: &Query) -> Box<[Bind]> {
    let dependencies = std::iter::once(&query.dependencies).chain(query.page.as_ref().map(|it| &it.after_dependencies));
    let beside = dependencies.flat_map(|it| it.keys.iter().chain(&it.values)).map(|keys| &keys.sqlite);
    let texts = statements(query).map(|statement| &statement.sqlite).chain(beside);
    let of_caller = |bind: &&Bind| matches!(bind, Bind::UserId | Bind::Role | Bind::Claims | Bind::Claim(_));
    let mut claims: Vec<Bind> = Vec::new();
    for bind in texts.flat_map(|text| &text.binds).filter(of_caller) {
        if !claims.contains(bind) {
            claims.push(bind.clone());
        }
    }
    claims.into()
}
