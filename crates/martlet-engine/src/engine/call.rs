//! What goes into the engine and what comes out of it.

use super::LimitState;
use crate::answer_cache::Staleness;
use crate::{Arguments, KeptAnswer};
use martlet_core::{Caller, Error, code};
use martlet_sql::{Action, Declaration, Query, Returns};
use martlet_store::{Answer, Demand};
use std::sync::Arc;
use std::time::Instant;

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
    /// Who asks takes what was the answer until lately, where `@cache stale` allows it, and tells so.
    pub takes_stale: bool,
}

/// How a call ended.
#[derive(Debug)]
pub struct Outcome {
    /// The answer.
    pub result: Result<Answer, Error>,
    /// How the declared limits stand after the call; empty where there is none, or where it never came so far.
    pub limits: Vec<LimitState>,
    /// Where the answer came from.
    pub source: Source,
    /// The kept answer that this is, byte for byte; none where it was not kept, or is a page of one.
    pub kept: Option<KeptAnswer>,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// It was kept.
    Memory,
    /// The store ran it for this call.
    Store,
    /// The store ran it once for this call and others.
    Flight,
    /// It was kept, and is not the answer any more: only where [`Extras::takes_stale`].
    Stale(Staleness),
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

/// An action was called where only a query may run.
pub(super) fn read_only(name: &str) -> Error {
    Error::new(&code::READ_ONLY_METHOD, format!("{name} is an action: it cannot run in a read-only transaction"))
        .hint("call it by POST /rest/v1/rpc")
}
