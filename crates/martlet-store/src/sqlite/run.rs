//! One statement: bound, stepped, its rows written straight into the canonical answer.

use super::Shared;
use super::bind::{FirstRows, bind_all};
use super::budget::Stop;
use super::connection::Connection;
use super::error;
use super::statistics::PlanStatistics;
use crate::Inputs;
use crate::canonical::{AnswerLayout, AnswerLimits, Cell as AnswerCell};
use crate::forms::FormWriter;
use bytes::Bytes;
use martlet_core::{Error, Type, Value, code};
use martlet_sql::{Column, Statement};
use rusqlite::ErrorCode;
use rusqlite::types::{Value as SqliteValue, ValueRef};
use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// The first of so many slow statements is logged with its plan.
const PLAN_EVERY: u64 = 10;

/// Why a statement gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// It was stopped.
    Stopped(Stop),
    /// It failed.
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(error)
    }
}

impl Failure {
    /// The error for the caller.
    pub(super) fn into_error(self) -> Error {
        match self {
            Failure::Stopped(stop) => error::of_stop(stop),
            Failure::Error(error) => error,
        }
    }
}

/// What is wanted of a statement besides its effect.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted<'a> {
    /// The answer, in this form.
    pub(super) answer: Option<&'a AnswerLayout>,
    /// The first row, for later statements.
    pub(super) first_row: bool,
    /// The number of rows, even where the answer cannot be written: an expectation decides first.
    pub(super) all_rows: bool,
    /// Only a page of the rows.
    pub(super) page: Option<WantedPage<'a>>,
    /// It fills a table: that it takes long is no news.
    pub(super) is_bulk: bool,
}

/// A page of a statement's rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct WantedPage<'a> {
    /// So many rows; whether another one follows is told by the keys of the last.
    pub(super) rows: u64,
    /// The hidden columns behind the others.
    pub(super) keys: &'a [Column],
}

/// What a statement gave.
#[derive(Debug)]
pub(super) struct Output {
    /// The canonical answer; none where it is `nothing` or was not wanted. An error only if all rows were wanted.
    pub(super) body: Result<Option<Bytes>, Error>,
    /// Rows returned or, without RETURNING, affected.
    pub(super) rows: u64,
    /// The first row, if it was wanted and there is one.
    pub(super) first_row: Option<Vec<SqliteValue>>,
    /// The keys of the last row of a page that another one follows.
    pub(super) last: Option<Box<[Value]>>,
}

/// Who runs: for the log and the translation of errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) shared: &'a Shared,
    pub(super) connection: &'a Connection,
    /// Where it is counted.
    pub(super) statistics: &'a PlanStatistics,
    /// The query's or action's name.
    pub(super) name: &'a str,
    /// The last reading of the clock: where one statement ends the next begins. A reading costs 30 ns.
    pub(super) at: &'a Cell<Instant>,
}

impl Run<'_> {
    /// Runs one statement to its end; `index` is its place in the query or action.
    pub(super) fn statement(
        &self,
        index: usize,
        statement: &Statement,
        inputs: &Inputs,
        steps: &FirstRows,
        wanted: Wanted<'_>,
    ) -> Result<Output, Failure> {
        let started = self.at.get();
        if let Some(stop) = self.connection.meter.overdue_at(started) {
            return Err(Failure::Stopped(stop));
        }
        let sqlite = &self.connection.sqlite;
        let mut prepared = sqlite.prepare_cached(&statement.sqlite.text).map_err(|error| self.failure(&error))?;
        let result = self.step_all(&mut prepared, statement, inputs, steps, wanted);
        self.statistics.stepped(&prepared);
        drop(prepared);
        let ended = Instant::now();
        self.at.set(ended);
        let took = ended.saturating_duration_since(started);
        match &result {
            Ok(output) => self.statistics.ran(index, took, Ok(output.rows)),
            // It is run again elsewhere, and counted there.
            Err(Failure::Stopped(Stop::Budget)) => return result,
            Err(Failure::Stopped(_)) => self.statistics.ran(index, took, Err(code::DEADLINE.code)),
            Err(Failure::Error(error)) => self.statistics.ran(index, took, Err(&error.code)),
        }
        let is_slow = |slow_ms| took.as_millis() >= u128::from(slow_ms);
        if !wanted.is_bulk && self.shared.settings.slow_statement_ms.is_some_and(is_slow) {
            self.tell_slow(index, statement, took, &result);
        }
        result
    }

    /// One record, with the plan of each tenth. Never what was bound.
    fn tell_slow(&self, index: usize, statement: &Statement, took: Duration, result: &Result<Output, Failure>) {
        let nth = self.shared.statistics.slow.fetch_add(1, Relaxed);
        let plan = if nth.is_multiple_of(PLAN_EVERY) { self.plan(&statement.sqlite.text) } else { None };
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let rows = result.as_ref().ok().map(|output| output.rows);
        let name = self.name;
        tracing::warn!(
            statement.name = name,
            statement.index = index,
            duration_ms,
            rows,
            plan,
            "slow statement in {name}"
        );
    }

    /// How SQLite runs a statement, a line for each step.
    fn plan(&self, sql: &str) -> Option<String> {
        let mut explain = self.connection.sqlite.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).ok()?;
        let mut rows = explain.raw_query();
        let mut lines = Vec::new();
        while let Ok(Some(row)) = rows.next() {
            lines.push(row.get::<_, String>("detail").ok()?);
        }
        (!lines.is_empty()).then(|| lines.join("; "))
    }

    fn step_all(
        &self,
        prepared: &mut rusqlite::Statement<'_>,
        statement: &Statement,
        inputs: &Inputs,
        steps: &FirstRows,
        wanted: Wanted<'_>,
    ) -> Result<Output, Failure> {
        bind_all(prepared, &statement.sqlite.binds, inputs, steps)?;
        let form = inputs.demand.form;
        let new_writer = |layout| FormWriter::new(form, layout, &statement.columns, self.limits());
        let mut answer = wanted.answer.map(|layout| Ok(new_writer(layout)));
        let mut first_row = None;
        let mut count: u64 = 0;
        let (mut keys, mut has_more) = (None, false);
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next().map_err(|error| self.failure(&error))? {
            if wanted.page.is_some_and(|page| count >= page.rows) {
                has_more = true;
                break;
            }
            count += 1;
            if let Some(page) = wanted.page.filter(|page| count == page.rows) {
                keys = Some(keys_of(row, statement.columns.len(), page.keys)?);
            }
            if wanted.first_row && count == 1 {
                let cells = (0..statement.columns.len()).map(|column| row.get::<_, SqliteValue>(column));
                first_row = Some(cells.collect::<Result<_, _>>().map_err(|error| self.failure(&error))?);
            }
            if let Some(Ok(writer)) = &mut answer {
                // A cell that is not there is refused by `prepare`; here it is of no type.
                let written = writer.row(|column| row.get_ref(column).map_or(AnswerCell::Blob, AnswerCell::from));
                match written {
                    Ok(()) => {}
                    Err(error) if wanted.all_rows => answer = Some(Err(error)),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        drop(rows);
        if statement.columns.is_empty() {
            count = self.connection.sqlite.changes();
        }
        let body = answer.map_or(Ok(None), |answer| answer.and_then(FormWriter::finish));
        Ok(Output { body, rows: count, first_row, last: keys.filter(|_| has_more) })
    }

    fn limits(&self) -> AnswerLimits {
        let settings = &self.shared.settings;
        AnswerLimits { rows_max: settings.answer_rows_max, size_max: settings.answer_size_max }
    }

    fn failure(&self, error: &rusqlite::Error) -> Failure {
        self.shared.statistics.note_busy(error);
        let is_interrupted = error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted);
        match self.connection.meter.stopped() {
            Some(stop) if is_interrupted => Failure::Stopped(stop),
            _ => Failure::Error(error::translate(error, &self.shared.constraint_names())),
        }
    }
}

/// The hidden cells of a row, from the one at `first`.
fn keys_of(row: &rusqlite::Row<'_>, first: usize, keys: &[Column]) -> Result<Box<[Value]>, Failure> {
    let key = |(index, column): (usize, &Column)| {
        let cell = row.get_ref(first + index).unwrap_or(ValueRef::Null);
        match (cell, column.ty) {
            (ValueRef::Integer(value), Type::Boolean) => Ok(Value::Boolean(value != 0)),
            (ValueRef::Integer(value), _) => Ok(Value::Integer(value)),
            (ValueRef::Real(value), _) => Ok(Value::Double(value)),
            (ValueRef::Text(text), _) => Ok(Value::Text(String::from_utf8_lossy(text).into())),
            (ValueRef::Null | ValueRef::Blob(_), _) => {
                let fault = format!("the page's column {} is null or bytes", column.name);
                Err(Error::new(&code::CELL_TYPE, "a value is not of its column's type").operator(fault).into())
            }
        }
    };
    keys.iter().enumerate().map(key).collect()
}
