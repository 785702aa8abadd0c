//! A database in memory on which statements are planned and none is run: migrated, seeded, analysed.
//!
//! A table that grows and has few seeded rows is planned as SQLite plans an unknown one. Else the planner would read
//! ten rows in full where an index stands, and the proof would tell of the seed instead of the app.

use super::authorizer::Role;
use super::bind::{FirstRows, bind_all};
use super::budget::Allowance;
use super::connection::Connection;
use super::seed::{analyse, quoted};
use super::{Synchronous, migrate};
use crate::{Demand, Inputs};
use martlet_core::{Clock, Error, Identity, Timestamp, Value};
use martlet_sql::{App, Seed};
use rusqlite::config::DbConfig;
use std::path::Path;
use std::time::{Duration, Instant};

/// `:scale` of the scratch database's seed.
const SCALE: f64 = 0.01;

/// A seed that is not done by then stays as far as it came: plans need some rows, not all.
const SEED_TIME_MAX: Duration = Duration::from_secs(10);

/// From so many rows on, what ANALYZE counted is what the planner gets.
const ROWS_TOLD_MIN: i64 = 1_000;

/// A line of SQLite's plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLine {
    /// Its number.
    pub id: i64,
    /// The line under which it stands; 0: none.
    pub parent: i64,
    /// What SQLite says, such as `SEARCH b USING INDEX i (a=? AND b>?)`.
    pub detail: String,
}

/// Why there is no scratch database: a file of the app's does not run.
#[derive(Debug, Clone)]
pub struct ScratchError {
    /// The migration or the seed.
    pub file: String,
    /// Index of the seed's statement.
    pub statement: Option<usize>,
    /// What the engine says.
    pub message: String,
}

/// A database in memory with the app's schema and a few of its rows.
#[derive(Debug)]
pub struct Scratch(Connection);

impl Scratch {
    /// Migrates, seeds and analyses. Blocks, for at most some seconds.
    pub fn build(app: &App, clock: &dyn Clock) -> Result<Self, ScratchError> {
        let of_file = |file: &str, message: String| ScratchError { file: file.to_owned(), statement: None, message };
        let opened = Connection::open(Path::new(":memory:"), Role::Maintenance, Synchronous::Normal);
        let mut connection = opened.map_err(|failure| of_file("", failure.to_string()))?;
        let now = clock.now();
        for migration in &app.migrations {
            let applied = migrate::apply_all(&mut connection, &[migration], now);
            let committed = applied.and_then(|()| migrate::commit(&connection).map_err(migrate::not_committed));
            committed.map_err(|error| of_file(&migration.file, error.message))?;
        }
        let keys_on = connection.sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true);
        keys_on.map_err(|failure| of_file("", failure.to_string()))?;
        if let Some(seed) = &app.seed {
            fill(&connection, seed, now)?;
        }
        analyse(&connection);
        forget_few(&connection, app).map_err(|failure| of_file("", failure.to_string()))?;
        Ok(Self(connection))
    }

    /// SQLite's plan of a statement.
    pub fn explain(&self, text: &str) -> Result<Vec<PlanLine>, Error> {
        plan_of(&self.0, text)
    }

    /// As `explain`, with an index that is gone again afterwards.
    pub fn explain_with(&self, index: &str, text: &str) -> Result<Vec<PlanLine>, Error> {
        let run = |sql: &str| {
            self.0.sqlite.execute_batch(sql).map_err(|failure| Error::internal(format!("trying an index: {failure}")))
        };
        run("begin")?;
        let plan = run(index).and_then(|()| self.explain(text));
        run("rollback")?;
        plan
    }
}

/// SQLite's plan of a statement, which is not run.
pub(super) fn plan_of(connection: &Connection, text: &str) -> Result<Vec<PlanLine>, Error> {
    let failed = |failure: rusqlite::Error| Error::internal(format!("planning a statement: {failure}"));
    let mut statement = connection.sqlite.prepare(&format!("explain query plan {text}")).map_err(failed)?;
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let line = (|| Ok(PlanLine { id: row.get(0)?, parent: row.get(1)?, detail: row.get(3)? }))();
        lines.push(line.map_err(failed)?);
    }
    Ok(lines)
}

fn fill(connection: &Connection, seed: &Seed, now: Timestamp) -> Result<(), ScratchError> {
    connection.set_now(now);
    let inputs = Inputs {
        arguments: [Value::Double(SCALE)].into(),
        identity: Identity::Service(None),
        now,
        demand: Demand::default(),
    };
    let deadline = Instant::now() + SEED_TIME_MAX;
    let _armed = connection.meter.arm(Allowance { steps_max: None, deadline, gone: None });
    for (index, statement) in seed.statements.iter().enumerate() {
        let run = || -> Result<(), Error> {
            let failed = |failure: rusqlite::Error| Error::internal(failure.to_string());
            let mut prepared = connection.sqlite.prepare(&statement.sqlite.text).map_err(failed)?;
            bind_all(&mut prepared, &statement.sqlite.binds, &inputs, &FirstRows::new())?;
            let mut rows = prepared.raw_query();
            while rows.next().map_err(failed)?.is_some() {}
            Ok(())
        };
        if let Err(error) = run() {
            if connection.meter.overdue().is_some() {
                return Ok(());
            }
            let message = error.operator.unwrap_or(error.message);
            return Err(ScratchError { file: "seed.sql".to_owned(), statement: Some(index), message });
        }
    }
    Ok(())
}

/// Drops what ANALYZE counted of tables that grow and are nearly empty here.
fn forget_few(connection: &Connection, app: &App) -> rusqlite::Result<()> {
    if !connection.sqlite.table_exists(Some("main"), "sqlite_stat1")? {
        return Ok(());
    }
    for table in app.catalogue.tables.values().filter(|table| !table.is_small) {
        let sql = format!("select count(*) from (select 1 from {} limit {ROWS_TOLD_MIN})", quoted(&table.name));
        let rows: i64 = connection.sqlite.query_row(&sql, [], |row| row.get(0))?;
        if rows < ROWS_TOLD_MIN {
            connection.sqlite.execute("delete from sqlite_stat1 where tbl = ?1", [&table.name])?;
        }
    }
    connection.sqlite.execute_batch("analyze sqlite_schema")
}
