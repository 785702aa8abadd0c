//! Rows for development and tests.

use super::authorizer::Role;
use super::bind::FirstRows;
use super::capture::Captured;
use super::connection::Connection;
use super::error::translate;
use super::run::{Run, Wanted};
use super::statistics::PlanStatistics;
use super::{SeedProgress, Shared};
use crate::{Demand, Inputs};
use martlet_core::{Error, Identity, Value};
use martlet_sql::{App, Seed};
use std::cell::Cell;
use std::time::Instant;

/// Rows that ANALYZE looks at in each index: enough for a plan, little for a large table.
const ANALYSIS_ROWS: i64 = 1_000;

/// Runs the seed in one transaction, on a connection of its own; the caller holds the writer's turn.
pub(super) fn seed(
    shared: &Shared,
    seed: &Seed,
    scale: f64,
    progress: &mut dyn FnMut(SeedProgress),
) -> Result<(), Error> {
    let connection = open(shared)?;
    let translated = |failure: rusqlite::Error| translate(&failure, &shared.constraint_names());
    let now = shared.clock.now();
    connection.set_now(now);
    connection.run("BEGIN IMMEDIATE").map_err(translated)?;
    let inputs = Inputs {
        arguments: [Value::Double(scale)].into(),
        identity: Identity::Service(None),
        now,
        demand: Demand::default(),
    };
    let statistics = PlanStatistics::uncounted();
    let at = Cell::new(Instant::now());
    let run = Run { shared, connection: &connection, statistics: &statistics, name: "seed", at: &at };
    let wanted = Wanted { is_bulk: true, ..Wanted::default() };
    for (index, statement) in seed.statements.iter().enumerate() {
        let table = seed.tables.get(index).cloned().unwrap_or_default();
        let output = run.statement(0, statement, &inputs, &FirstRows::new(), wanted);
        // The connection is dropped on the way out, and with it everything is rolled back.
        let rows = output.map_err(|failure| of_statement(index, &table, failure.into_error()))?.rows;
        progress(SeedProgress { table, rows, done: index + 1, total: seed.statements.len() });
    }
    let committed = shared.commit(&Captured::Everything, || connection.run("COMMIT"));
    committed.inspect_err(|failure| shared.note_failure(failure)).map_err(translated)?;
    analyse(&connection);
    Ok(())
}

/// Whether no table of the app has a row.
pub(super) fn is_empty(shared: &Shared, app: &App) -> Result<bool, Error> {
    let connection = open(shared)?;
    let failed = |failure: rusqlite::Error| translate(&failure, &shared.constraint_names());
    for name in app.catalogue.tables.keys() {
        if !connection.sqlite.table_exists(Some("main"), name.as_str()).map_err(failed)? {
            continue;
        }
        let sql = format!("select exists (select 1 from {})", quoted(name));
        if connection.sqlite.query_row(&sql, [], |row| row.get(0)).map_err(failed)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A name as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn open(shared: &Shared) -> Result<Connection, Error> {
    shared.check_open()?;
    let opened = Connection::open(&shared.database, Role::Maintenance, shared.settings.synchronous);
    opened.map_err(|failure| super::not_opened(&shared.database, &failure))
}

/// The developer reads this: the reason stands in the message.
fn of_statement(index: usize, table: &str, mut error: Error) -> Error {
    let reason = error.operator.as_deref().filter(|operator| !operator.is_empty()).unwrap_or(&error.message);
    error.message = format!("seed.sql, statement {} (table {table}): {reason}", index + 1);
    error
}

/// Tells the planner about the new rows. Without it plans are only worse.
pub(super) fn analyse(connection: &Connection) {
    let analysed = connection
        .sqlite
        .pragma_update(None, "analysis_limit", ANALYSIS_ROWS)
        .and_then(|()| connection.sqlite.execute_batch("ANALYZE"));
    if let Err(failure) = analysed {
        tracing::warn!(error = %failure, "the seeded tables could not be analysed");
    }
}
