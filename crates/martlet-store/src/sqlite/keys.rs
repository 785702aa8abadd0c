//! The statements beside a query's own that tell what its answer rests on.

use super::bind::bind_all;
use super::capture::value_of;
use super::run::{Failure, Run};
use crate::{AnswerKeys, Inputs};
use martlet_core::{Type, Value};
use martlet_sql::dependency::{Dependencies, KeysStatement};
use rusqlite::types::ValueRef;

/// Runs them in the open snapshot. None where one fails: then the answer is good, but cannot be kept.
pub(super) fn of(
    run: Run<'_>,
    dependencies: &Dependencies,
    inputs: &Inputs,
) -> Result<Option<Box<AnswerKeys>>, Failure> {
    let mut found = AnswerKeys::default();
    if let Some(values) = &dependencies.values {
        let Some(mut rows) = rows(run, values, inputs)? else { return Ok(None) };
        found.values = rows.pop().unwrap_or_default();
    }
    for statement in &dependencies.keys {
        let Some(rows) = rows(run, statement, inputs)? else { return Ok(None) };
        found.keys.push(rows);
    }
    Ok(Some(Box::new(found)))
}

fn rows(run: Run<'_>, statement: &KeysStatement, inputs: &Inputs) -> Result<Option<Vec<Box<[Value]>>>, Failure> {
    let sqlite = &run.connection.sqlite;
    let Ok(mut prepared) = sqlite.prepare_cached(&statement.sqlite.text) else { return Ok(None) };
    if bind_all(&mut prepared, &statement.sqlite.binds, inputs, &Vec::new()).is_err() {
        return Ok(None);
    }
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                let value = |(column, ty): (usize, &Type)| value_of(row.get_ref(column).unwrap_or(ValueRef::Null), *ty);
                found.push(statement.columns.iter().enumerate().map(value).collect());
            }
            Ok(None) => return Ok(Some(found)),
            // Out of time, or the client has gone: that is the read's own end.
            Err(_) => {
                return match run.connection.meter.stopped() {
                    Some(stop) => Err(Failure::Stopped(stop)),
                    None => Ok(None),
                };
            }
        }
    }
}
