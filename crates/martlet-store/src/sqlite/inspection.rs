//! The database that is served, looked at on a connection of its own: plans as they are now, rows of tables.
//!
//! For the operator's eyes. It is opened when somebody looks and closed with it, so that no reader waits for it; it
//! can only read, and what it does ends after some thousand steps.

use super::authorizer::Role;
use super::connection::Connection;
use super::scratch::plan_of;
use super::{PlanLine, SqliteStore, Synchronous};
use martlet_core::Error;

/// Rows of a table that are counted; of more it is said that they are more.
const ROWS_COUNTED_MAX: u64 = 100_000;

/// A look at the database that is served.
#[derive(Debug)]
pub struct Inspection(Connection);

/// The rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowCount {
    /// All were counted.
    Exactly(u64),
    /// So many are there at least; the highest row id, if there is one, tells how many there may be.
    More(u64, Option<u64>),
}

impl SqliteStore {
    /// A look at the database on a connection of its own. Blocks.
    pub fn inspect(&self) -> Result<Inspection, Error> {
        let shared = &self.0.shared;
        let opened = Connection::open(&shared.database, Role::Inspector, Synchronous::Normal);
        opened.map(Inspection).map_err(|failure| Error::internal(format!("cannot look at the database: {failure}")))
    }
}

impl Inspection {
    /// SQLite's plan of a statement, which is not run.
    pub fn explain(&self, text: &str) -> Result<Vec<PlanLine>, Error> {
        plan_of(&self.0, text)
    }

    /// The rows of a table of the app's.
    pub fn rows(&self, table: &str) -> Result<RowCount, Error> {
        let failed = |failure: rusqlite::Error| Error::internal(format!("counting rows: {failure}"));
        let name = super::seed::quoted(table);
        let one = |sql: &str| self.0.sqlite.query_row(sql, [], |row| row.get::<_, Option<i64>>(0)).map_err(failed);
        let some = one(&format!("select count(*) from (select 1 from {name} limit {})", ROWS_COUNTED_MAX + 1))?;
        let some = u64::try_from(some.unwrap_or(0)).unwrap_or(0);
        if some <= ROWS_COUNTED_MAX {
            return Ok(RowCount::Exactly(some));
        }
        let highest = one(&format!("select max(rowid) from {name}"))?.and_then(|id| u64::try_from(id).ok());
        Ok(RowCount::More(ROWS_COUNTED_MAX, highest.filter(|highest| *highest > ROWS_COUNTED_MAX)))
    }
}
