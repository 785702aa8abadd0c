//! Preparing an app, and with it the proof that the compiler and SQLite agree about it.
//!
//! What a plan says that it reads and writes decides what its answers depend on. SQLite's authorizer tells the same
//! from its own resolver: what it sees and the plan does not name is refused at load. (A plan may name more: SQLite
//! leaves out a CTE that nothing uses, and DELETE names no columns.)

use super::Shared;
use super::authorizer::{Access, Noted, Role, TABLE_FUNCTIONS};
use super::connection::Connection;
use martlet_core::Error;
use martlet_sql::dependency::Dependencies;
use martlet_sql::{Action, App, Catalogue, EngineText, Query, Statement, TableUse};
use std::collections::BTreeSet;

/// Compares the catalogue with the tables that are there.
pub(super) fn tables(shared: &Shared, app: &App) -> Result<(), Error> {
    let connection = Connection::open(&shared.database, Role::Maintenance, shared.settings.synchronous);
    let connection = connection.map_err(|failure| super::not_opened(&shared.database, &failure))?;
    for table in app.catalogue.tables.values() {
        let real = real_columns(&connection, &table.name)
            .map_err(|failure| Error::internal(format!("the columns of {}: {failure}", table.name)))?;
        let wanted: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        if real.is_empty() {
            return Err(differs(format!("the database has no table {}", table.name)));
        }
        if real != wanted {
            let (real, wanted) = (real.join(", "), wanted.join(", "));
            let name = &table.name;
            return Err(differs(format!("table {name} has the columns {real}; the migrations make {wanted}")));
        }
    }
    Ok(())
}

fn real_columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.sqlite.prepare("select name from pragma_table_info(?1)")?;
    statement.query_map([table], |row| row.get(0))?.collect()
}

fn differs(message: String) -> Error {
    let mut error = Error::internal(message.clone()).hint("run `martlet migrate`");
    error.message = message;
    error
}

/// Prepares and checks every action's statements on the writer.
pub(super) fn actions(connection: &Connection, app: &App) -> Result<(), Error> {
    for action in app.actions.values() {
        check_action(connection, app, action)?;
    }
    Ok(())
}

fn check_action(connection: &Connection, app: &App, action: &Action) -> Result<(), Error> {
    for (index, step) in action.steps.iter().enumerate() {
        let place = format!("{}, statement {}", action.file, index + 1);
        check(connection, app, &step.statement, 0, &place)?;
    }
    Ok(())
}

/// Prepares every query on a reader; checks them too on the first.
pub(super) fn queries(connection: &Connection, app: &App, is_checked: bool) -> Result<(), Error> {
    for query in app.queries.values() {
        if is_checked {
            check_query(connection, app, query)?;
        }
        keep_prepared(connection, &query.statement.sqlite, &query.file)?;
        beside(&query.dependencies).try_for_each(|text| keep_prepared(connection, text, &query.file))?;
        if let Some(page) = &query.page {
            keep_prepared(connection, &page.after.sqlite, &query.file)?;
            beside(&page.after_dependencies).try_for_each(|text| keep_prepared(connection, text, &query.file))?;
        }
    }
    Ok(())
}

fn check_query(connection: &Connection, app: &App, query: &Query) -> Result<(), Error> {
    let hidden = query.page.as_ref().map_or(0, |page| page.keys.len());
    check(connection, app, &query.statement, hidden, &query.file)?;
    check_beside(connection, app, &query.statement, &query.dependencies, &query.file)?;
    if let Some(page) = &query.page {
        check(connection, app, &page.after, hidden, &query.file)?;
        check_beside(connection, app, &page.after, &page.after_dependencies, &query.file)?;
    }
    if query.statement.writes.is_empty() { Ok(()) } else { Err(fault(&query.file, "a query that writes")) }
}

/// The statements beside a query's own that tell what its answers rest on.
fn beside(dependencies: &Dependencies) -> impl Iterator<Item = &EngineText> {
    dependencies.keys.iter().chain(&dependencies.values).map(|statement| &statement.sqlite)
}

/// They read nothing that the query does not read: what they gave changes with what its answer rests on.
fn check_beside(
    connection: &Connection,
    app: &App,
    statement: &Statement,
    dependencies: &Dependencies,
    place: &str,
) -> Result<(), Error> {
    for text in beside(dependencies) {
        let (prepared, noted) = connection.recorder.record(|| connection.sqlite.prepare(&text.text));
        prepared.map_err(|failure| not_prepared(place, &failure))?;
        let keys = Keys::default();
        if let Some(noted) = noted.iter().find(|noted| !is_planned(&app.catalogue, statement, &keys, &noted.access)) {
            return Err(fault(place, &format!("its keys access what its plan does not name: {:?}", noted.access)));
        }
    }
    Ok(())
}

fn keep_prepared(connection: &Connection, text: &EngineText, place: &str) -> Result<(), Error> {
    let prepared = connection.sqlite.prepare_cached(&text.text);
    prepared.map(drop).map_err(|failure| not_prepared(place, &failure))
}

fn check(connection: &Connection, app: &App, statement: &Statement, hidden: usize, place: &str) -> Result<(), Error> {
    // Not from the kept ones: only a statement that is prepared anew is seen by the authorizer.
    let (prepared, noted) = connection.recorder.record(|| connection.sqlite.prepare(&statement.sqlite.text));
    let prepared = prepared.map_err(|failure| not_prepared(place, &failure))?;
    if prepared.column_count() != statement.columns.len() + hidden {
        let (real, planned) = (prepared.column_count(), statement.columns.len() + hidden);
        return Err(fault(place, &format!("gives {real} columns, planned {planned}")));
    }
    if prepared.parameter_count() > statement.sqlite.binds.len() {
        return Err(fault(place, "has more placeholders than it binds"));
    }
    drop(prepared);
    let keys = Keys::of(&app.catalogue, &statement.writes);
    for noted in &noted {
        if !is_of_trigger(&app.catalogue, noted) && !is_planned(&app.catalogue, statement, &keys, &noted.access) {
            return Err(fault(place, &format!("accesses what its plan does not name: {:?}", noted.access)));
        }
    }
    keep_prepared(connection, &statement.sqlite, place)
}

/// What a trigger does is not the statement's own; the changes that it makes are captured as they happen.
fn is_of_trigger(catalogue: &Catalogue, noted: &Noted) -> bool {
    noted.accessor.as_ref().is_some_and(|accessor| !catalogue.views.contains_key(accessor))
}

fn is_planned(catalogue: &Catalogue, statement: &Statement, keys: &Keys<'_>, access: &Access) -> bool {
    match access {
        Access::Read { table, column } => {
            // SQLite tells `count(*)` of a CTE or subquery as a read of no column of that name.
            let is_counted_name = column.is_empty() && !catalogue.tables.contains_key(table);
            is_counted_name
                || catalogue.views.contains_key(table)
                || TABLE_FUNCTIONS.contains(&table.as_str())
                || keys.columns.contains(&(table, column))
                // RETURNING, upserts, CHECK constraints and partial indexes look at the row that is written.
                || names(&statement.writes, table, None)
                || names(&statement.reads, table, Some(column))
                || has_bracketed_join(&statement.sqlite.text) && names(&statement.reads, table, None)
        }
        Access::Insert { table } => names(&statement.writes, table, None),
        Access::Delete { table } => keys.children.contains(table.as_str()) || names(&statement.writes, table, None),
        Access::Update { table, column } => {
            keys.columns.contains(&(table, column)) || names(&statement.writes, table, Some(column))
        }
    }
}

/// SQLite makes a join in brackets a subquery of all columns, and tells a read of each.
fn has_bracketed_join(sql: &str) -> bool {
    let is_query = |inside: &str| ["SELECT", "WITH", "VALUES"].iter().any(|word| inside.starts_with(word));
    sql.split("JOIN (").skip(1).any(|inside| !is_query(inside))
}

/// An empty column is a count of rows; `ROWID` stands for no column of the app's.
fn names(uses: &[TableUse], table: &str, column: Option<&str>) -> bool {
    let column = column.filter(|column| !column.is_empty() && *column != "ROWID");
    uses.iter().any(|used| used.table == table && column.is_none_or(|column| used.columns.contains(column)))
}

/// What foreign keys make SQLite do besides what the statement says: look at the columns of keys, set them, and
/// delete from the tables that refer to what is written, through any number of cascades.
#[derive(Debug, Default)]
struct Keys<'a> {
    columns: BTreeSet<(&'a str, &'a str)>,
    children: BTreeSet<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(catalogue: &'a Catalogue, writes: &'a [TableUse]) -> Self {
        let mut keys = Self::default();
        let mut open: Vec<&str> = writes.iter().map(|used| used.table.as_str()).collect();
        while let Some(written) = open.pop() {
            for table in catalogue.tables.values() {
                for key in table.foreign_keys.iter().filter(|key| key.table == written || table.name == written) {
                    let own = key.columns.iter().filter_map(|&column| table.columns.get(column));
                    keys.columns.extend(own.map(|column| (table.name.as_str(), column.name.as_str())));
                    keys.columns.extend(key.referenced.iter().map(|column| (key.table.as_str(), column.as_str())));
                    if key.table == written && keys.children.insert(&table.name) {
                        open.push(&table.name);
                    }
                }
            }
        }
        keys
    }
}

fn not_prepared(place: &str, failure: &rusqlite::Error) -> Error {
    fault(place, &format!("SQLite refuses it: {failure}"))
}

fn fault(place: &str, what: &str) -> Error {
    Error::internal(format!("{place}: {what}"))
}
