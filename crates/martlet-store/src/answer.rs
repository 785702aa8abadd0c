//! What goes into a plan and what comes out of it.

use bytes::Bytes;
use martlet_core::{Error, Identity, Position, Timestamp, Value};
use martlet_sql::Query;
use std::sync::Arc;

/// What a plan is run with, checked and typed by the engine: one value for each declared parameter.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// One for each declared parameter, in order.
    pub arguments: Arc<[Value]>,
    /// Who asks.
    pub identity: Identity,
    /// What `now()` is.
    pub now: Timestamp,
}

/// One query to be run.
#[derive(Debug, Clone)]
pub struct Read {
    /// The plan.
    pub query: Arc<Query>,
    /// Its inputs.
    pub inputs: Inputs,
}

/// The canonical answer of one query or action.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body; none where the answer is `nothing` (204).
    pub body: Option<Bytes>,
    /// Rows in it.
    pub rows: u64,
    /// The commit that it shows (read) or made (action).
    pub position: Position,
}

/// Answers of one read transaction.
#[derive(Debug)]
pub struct Snapshot {
    /// The commit that all of them show.
    pub position: Position,
    /// In the order of the reads.
    pub answers: Vec<Result<Answer, Error>>,
}
