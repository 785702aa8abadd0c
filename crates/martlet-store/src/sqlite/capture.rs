//! What the writer's connection has written, row by row.
//!
//! Each tracked table has temporary triggers on the writer's connection that hand the old and new values of its
//! tracked columns to a function of ours. They see cascades and what the app's own triggers write, and with them in
//! place SQLite empties no table without looking at its rows. (SQLite's preupdate hook tells the same, but its bindings
//! are made at build time by libclang, which a fresh machine does not have: docs/decisions/0008-capture.md.)
//!
//! What a rolled back savepoint has written is cut off again; what a statement has written before it failed midway may
//! stay: too much is harmless, too little is not.

use super::connection::Connection;
use martlet_core::{Change, Type, Value};
use martlet_sql::dependency::{Tracked, TrackedTable};
use rusqlite::Result;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Null, ValueRef};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More changes than these in one commit count as a change of everything.
const CHANGES_MAX: usize = 65_536;
/// Of a table with more tracked columns every change counts as one of everything: a function takes so many arguments.
const COLUMNS_MAX: usize = 48;
/// Begins the names of our triggers.
pub(super) const TRIGGER: &str = "martlet_capture_";
/// The function that they call: (table, which images, old values, new values), or (table, -1): anything may have
/// changed.
const FUNCTION: &str = "martlet_capture";

/// The changes of the open transaction. Shared with the function, on one thread.
#[derive(Debug, Clone, Default)]
pub(super) struct Capture(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// None while no triggers stand, before an app is prepared and while its tables change: what is written then is
    /// not told row by row.
    tracked: Option<Arc<Tracked>>,
    changes: Vec<Change>,
    /// More was written than was noted.
    is_everything: bool,
}

/// What a transaction has written.
#[derive(Debug)]
pub(super) enum Captured {
    /// These rows.
    Rows(Vec<Change>),
    /// Perhaps anything.
    Everything,
}

impl Capture {
    /// Takes down changes of these tables, once a connection has been told so too.
    pub(super) fn track(&self, tracked: Option<Arc<Tracked>>) {
        self.lock().tracked = tracked;
    }

    /// What is tracked now.
    pub(super) fn tracked(&self) -> Option<Arc<Tracked>> {
        self.lock().tracked.clone()
    }

    /// A transaction begins.
    pub(super) fn begin(&self) {
        let mut state = self.lock();
        state.changes.clear();
        state.is_everything = false;
    }

    /// How much there is: to be cut back to.
    pub(super) fn mark(&self) -> usize {
        self.lock().changes.len()
    }

    /// What was written after a mark has been rolled back.
    pub(super) fn cut_back(&self, mark: usize) {
        self.lock().changes.truncate(mark);
    }

    /// All that the transaction has written.
    pub(super) fn take(&self) -> Captured {
        let mut state = self.lock();
        let changes = std::mem::take(&mut state.changes);
        let is_everything = std::mem::take(&mut state.is_everything) || state.tracked.is_none();
        if is_everything { Captured::Everything } else { Captured::Rows(changes) }
    }

    fn note(&self, call: &Context<'_>) -> Result<()> {
        let mut state = self.lock();
        let State { tracked, changes, is_everything } = &mut *state;
        let index = usize::try_from(call.get::<i64>(0)?).unwrap_or(usize::MAX);
        let images = call.get::<i64>(1)?;
        let table = tracked.as_ref().and_then(|tracked| tracked.tables.get(index));
        let Some(table) = table.filter(|_| images >= 0 && changes.len() < CHANGES_MAX) else {
            *is_everything = true;
            return Ok(());
        };
        let row = |first: usize| -> Box<[Value]> {
            let cell = |(place, ty): (usize, &Type)| value_of(call.get_raw(first + place), *ty);
            table.types.iter().enumerate().map(cell).collect()
        };
        let (has_old, has_new) = (images & OLD != 0, images & NEW != 0);
        let old = has_old.then(|| row(2));
        let new = has_new.then(|| row(if has_old { 2 + table.columns.len() } else { 2 }));
        changes.push(Change { table: index, old, new });
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The call has the old values, the new values, or both.
const OLD: i64 = 1;
const NEW: i64 = 2;

impl Connection {
    /// Notes all that is written to the tracked tables from now on. Replaces what was tracked before.
    pub(super) fn capture(&self, capture: &Capture) -> Result<()> {
        // Until all triggers stand, nothing is told row by row.
        let tracked = std::mem::take(&mut capture.lock().tracked);
        let noting = capture.clone();
        self.sqlite.create_scalar_function(FUNCTION, -1, FunctionFlags::SQLITE_UTF8, move |call| {
            noting.note(call).map(|()| Null)
        })?;
        self.stop_capture(capture)?;
        self.as_ours(|sqlite| {
            for (index, table) in tracked.iter().flat_map(|tracked| &tracked.tables).enumerate() {
                let names = names_of(sqlite, table)?;
                let replaces = replaces_rows(sqlite, &table.name)?;
                sqlite.execute_batch(&triggers(index, &table.name, names.as_deref().filter(|_| !replaces)))?;
            }
            Ok(())
        })
        .inspect(|()| capture.track(tracked))
    }

    /// Takes our triggers away, so that the tables may change. Until [`Connection::capture`] any write counts as a
    /// change of everything.
    pub(super) fn stop_capture(&self, capture: &Capture) -> Result<()> {
        capture.track(None);
        self.as_ours(|sqlite| {
            let mut statement = sqlite.prepare("select name from temp.sqlite_schema where type = 'trigger'")?;
            let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>>>()?;
            for name in names.iter().filter(|name| name.starts_with(TRIGGER)) {
                sqlite.execute_batch(&format!("drop trigger temp.{}", quoted(name)))?;
            }
            Ok(())
        })
    }
}

/// The names of a table's tracked columns; none where they are too many.
fn names_of(sqlite: &rusqlite::Connection, table: &TrackedTable) -> Result<Option<Vec<String>>> {
    if table.columns.len() > COLUMNS_MAX {
        return Ok(None);
    }
    let mut statement = sqlite.prepare("select name from pragma_table_info(?1)")?;
    let names = statement.query_map([&table.name], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>>>()?;
    Ok(table.columns.iter().map(|column| names.get(*column).cloned()).collect())
}

/// Whether a constraint of the table lets one row take the place of another: of that no trigger is told.
fn replaces_rows(sqlite: &rusqlite::Connection, table: &str) -> Result<bool> {
    // Not by LIKE, which here is PostgreSQL's and tells cases apart.
    let sql = "select exists (select 1 from main.sqlite_schema
        where tbl_name = ?1 and instr(upper(sql), 'REPLACE') > 0)";
    sqlite.query_row(sql, [table], |row| row.get(0))
}

/// The triggers of a table, whose columns have these names; none: any change of it may be one of everything.
fn triggers(index: usize, table: &str, columns: Option<&[String]>) -> String {
    let mut sql = String::new();
    let list = |image: &str| -> String {
        columns.unwrap_or_default().iter().fold(String::new(), |mut list, column| {
            write!(list, ", {image}.{}", quoted(column)).expect("a string takes everything");
            list
        })
    };
    let (old, new) = (list("old"), list("new"));
    // A table of which only the number of rows matters: no update does.
    let differs = match columns.unwrap_or_default() {
        [] => "0".to_owned(),
        columns => {
            let differs = |column: &String| format!("old.{0} is not new.{0}", quoted(column));
            columns.iter().map(differs).collect::<Vec<_>>().join(" or ")
        }
    };
    for (event, images, values, when) in [
        ("insert", NEW, new.clone(), None),
        ("delete", OLD, old.clone(), None),
        ("update", OLD | NEW, format!("{old}{new}"), Some(differs)),
    ] {
        let name = quoted(&format!("{TRIGGER}{index}_{event}"));
        let call = match columns {
            Some(_) => format!("{FUNCTION}({index}, {images}{values})"),
            None => format!("{FUNCTION}({index}, -1)"),
        };
        let when = when.filter(|_| columns.is_some()).map_or(String::new(), |when| format!(" when {when}"));
        writeln!(
            sql,
            "create temp trigger {name} after {event} on main.{}{when} begin select {call}; end;",
            quoted(table)
        )
        .expect("a string takes everything");
    }
    sql
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A stored cell as a value of its column's type; of another storage class it stays what it is.
pub(super) fn value_of(cell: ValueRef<'_>, ty: Type) -> Value {
    match cell {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) if ty == Type::Boolean => Value::Boolean(value != 0),
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Double(value),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into()),
        // No column is of bytes: a list equals nothing.
        ValueRef::Blob(_) => Value::List(Box::default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::Synchronous;
    use crate::sqlite::authorizer::Role;

    #[test]
    fn a_row_that_gives_way_to_another_counts_as_a_change_of_everything() {
        let folder = tempfile::tempdir().unwrap();
        let connection =
            Connection::open(&folder.path().join("app.db"), Role::Maintenance, Synchronous::Normal).unwrap();
        let sqlite = &connection.sqlite;
        sqlite
            .execute_batch("CREATE TABLE a (id INTEGER PRIMARY KEY, n INTEGER UNIQUE ON CONFLICT REPLACE) STRICT")
            .unwrap();
        sqlite.execute_batch("CREATE TABLE b (id INTEGER PRIMARY KEY, n INTEGER UNIQUE) STRICT").unwrap();
        let capture = Capture::default();
        let table = |name: &str| TrackedTable { name: name.to_owned(), columns: vec![1], types: vec![Type::Bigint] };
        capture.track(Some(Arc::new(Tracked { tables: vec![table("a"), table("b")] })));
        connection.capture(&capture).unwrap();
        sqlite.execute_batch("INSERT INTO b VALUES (1, 5)").unwrap();
        assert!(matches!(capture.take(), Captured::Rows(changes) if changes.len() == 1));
        sqlite.execute_batch("INSERT INTO a VALUES (1, 5); INSERT INTO a VALUES (2, 5)").unwrap();
        assert!(matches!(capture.take(), Captured::Everything));
    }
}
