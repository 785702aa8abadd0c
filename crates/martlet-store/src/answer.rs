//! What goes into a plan and what comes out of it.

use bytes::Bytes;
use martlet_core::{Error, Identity, Position, Timestamp, Value, code};
use martlet_sql::{Query, Returns};
use std::sync::Arc;

/// What a plan is run with, checked and typed by the engine: one value for each declared parameter.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// One for each declared parameter, in order. Of a query with `@page` also those of its plan: how many rows are
    /// wanted (one more than the page shows) and, after a cursor, the values of its keys.
    pub arguments: Arc<[Value]>,
    /// Who asks.
    pub identity: Identity,
    /// What `now()` is.
    pub now: Timestamp,
    /// What the caller demands of the answer.
    pub demand: Demand,
}

/// The form of an answer's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// Canonical JSON.
    #[default]
    Canonical,
    /// Canonical JSON without the members of objects that are null.
    WithoutNulls,
    /// A line of column names, then a line for each row.
    Csv,
}

/// What a caller demands of an answer besides what is declared. An action that does not meet it is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Demand {
    /// How it is written.
    pub form: Form,
    /// A list has exactly one row.
    pub is_single: bool,
    /// It is a list and has at most so many rows.
    pub rows_max: Option<u64>,
}

impl Demand {
    /// Whether an answer of so many rows meets it.
    ///
    /// Errors: PGRST116 where a list is not of one row; PGRST124 past the maximum, PGRST128 where it is no list.
    pub fn check(&self, returns: Returns, rows: u64) -> Result<(), Error> {
        let is_list = returns == Returns::Rows;
        if self.rows_max.is_some() && !is_list {
            let message =
                "Function must return SETOF or TABLE when max-affected preference is used with handling=strict";
            return Err(Error::new(&code::MAX_AFFECTED_NO_ROWS, message));
        }
        if self.rows_max.is_some_and(|rows_max| rows > rows_max) {
            let message = "Query result exceeds max-affected preference constraint";
            let text = format!("The query affects {rows} rows");
            return Err(Error::new(&code::MAX_AFFECTED, message).details_text(text));
        }
        if self.is_single && is_list && rows != 1 {
            let message = "Cannot coerce the result to a single JSON object";
            return Err(Error::new(&code::NO_ROW, message).details_text(format!("The result contains {rows} rows")));
        }
        Ok(())
    }
}

/// A key under which an action is to have one effect, whoever repeats it.
#[derive(Debug, Clone)]
pub struct Once {
    /// Stands for the key in its scope.
    pub id: [u8; 32],
    /// Stands for the arguments: other ones under the same key are refused.
    pub arguments: [u8; 32],
    /// When the call came.
    pub now: Timestamp,
    /// How long the outcome is kept.
    pub expires_at: Timestamp,
}

/// One query to be run.
#[derive(Debug, Clone)]
pub struct Read {
    /// The plan.
    pub query: Arc<Query>,
    /// Its inputs.
    pub inputs: Inputs,
    /// Whether to tell with the answer what it rests on.
    pub wants_keys: bool,
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
    /// Of a page that more rows follow: the keys of its last row.
    pub last: Option<Box<[Value]>>,
    /// What it rests on, where that was asked for and could be found.
    pub keys: Option<Box<AnswerKeys>>,
}

/// What the statements beside the author's have given, at the snapshot of the answer.
#[derive(Debug, Clone, Default)]
pub struct AnswerKeys {
    /// The rows of each keys-statement, in order.
    pub keys: Vec<Vec<Box<[Value]>>>,
    /// The row of the values-statement.
    pub values: Box<[Value]>,
}

/// Answers of one read transaction.
#[derive(Debug)]
pub struct Snapshot {
    /// The commit that all of them show.
    pub position: Position,
    /// In the order of the reads.
    pub answers: Vec<Result<Answer, Error>>,
}
