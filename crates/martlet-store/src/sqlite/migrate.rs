//! Migrations: a copy first, then all that is missing in one transaction.
//!
//! Either all of it is there afterwards or nothing has changed. What was applied is never edited, removed or preceded
//! by a new file: the database's history and the folder's must be the same.

use super::authorizer::Role;
use super::capture::Captured;
use super::connection::Connection;
use super::seed::quoted;
use super::{MigrateReport, Shared};
use martlet_core::{Error, Timestamp};
use martlet_sql::{App, Migration};
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Applies what is missing, on a connection of its own; the caller holds the writer's turn.
pub(super) fn migrate(shared: &Shared, app: &App, is_dry: bool) -> Result<MigrateReport, Error> {
    shared.check_open()?;
    let connection = Connection::open(&shared.database, Role::Maintenance, shared.settings.synchronous);
    let mut connection = connection.map_err(|failure| super::not_opened(&shared.database, &failure))?;
    let applied = read_applied(&connection).map_err(|failure| of_sqlite("reading martlet_migrations", &failure))?;
    let missing = find_missing(&applied, &app.migrations)?;
    let mut report = MigrateReport {
        applied: missing.iter().map(|migration| migration.name.clone()).collect(),
        already: applied.len(),
        copy: None,
    };
    let (Some(first), false) = (missing.first(), is_dry) else {
        return Ok(report);
    };
    let now = shared.clock.now();
    report.copy = copy_first(shared, &connection, &first.name, now)?;
    apply_all(&mut connection, &missing, now)?;
    let committed = shared.commit(&Captured::Everything, || commit(&connection));
    committed.inspect_err(|failure| shared.note_failure(failure)).map_err(not_committed)?;
    Ok(report)
}

/// Checksums by name.
fn read_applied(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    if !connection.sqlite.table_exists(Some("main"), "martlet_migrations")? {
        return Ok(BTreeMap::new());
    }
    let mut statement = connection.sqlite.prepare("select name, checksum from martlet_migrations")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn find_missing<'a>(
    applied: &BTreeMap<String, String>,
    migrations: &'a [Migration],
) -> Result<Vec<&'a Migration>, Error> {
    if let Some(removed) = applied.keys().find(|name| migrations.iter().all(|migration| migration.name != **name)) {
        return Err(refused(format!("migration {removed} was applied and its file is gone")));
    }
    let mut missing: Vec<&Migration> = Vec::new();
    for migration in migrations {
        match applied.get(&migration.name) {
            None => missing.push(migration),
            Some(checksum) if *checksum != migration.checksum => {
                return Err(refused(format!("{} was edited after it was applied", migration.file)));
            }
            Some(_) => {
                if let Some(late) = missing.first() {
                    return Err(refused(format!(
                        "{} comes before {}, which was applied already",
                        late.file, migration.file
                    )));
                }
            }
        }
    }
    Ok(missing)
}

fn refused(message: String) -> Error {
    told(message).hint(
        "put the file back as it was and add a new one with a later name; \
         or, where the data may go, start over with `martlet dev --reset`",
    )
}

/// Copies a database that holds anything, to `DATA/backups`; a copy that fails stops the migration.
fn copy_first(shared: &Shared, connection: &Connection, name: &str, now: Timestamp) -> Result<Option<PathBuf>, Error> {
    let holds_anything = "select exists (select 1 from sqlite_schema where type = 'table'
                           and name not like 'sqlite\\_%' escape '\\' and name not like 'martlet\\_%' escape '\\')";
    let holds_anything: bool = connection
        .sqlite
        .query_row(holds_anything, [], |row| row.get(0))
        .map_err(|failure| of_sqlite("reading the schema", &failure))?;
    if !holds_anything {
        return Ok(None);
    }
    let folder = shared.settings.data.join("backups");
    let copied = copy_to(connection, &folder, &file_name(name, now));
    copied.map(Some).map_err(|reason| {
        told(format!("the copy before the migration failed, and nothing was changed: {reason}"))
            .hint(format!("free space in {} or check its permissions", folder.display()))
    })
}

fn copy_to(connection: &Connection, folder: &Path, name: &str) -> Result<PathBuf, String> {
    let text = |error: std::io::Error| error.to_string();
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(text)?;
    let path = unused(folder, name);
    let target = path.to_str().ok_or("the path is not UTF-8")?;
    let copied = connection.sqlite.execute("VACUUM INTO ?1", [target]).map_err(|failure| failure.to_string());
    let verified = copied.and_then(|_| verify(&path)).and_then(|()| make_durable(&path, folder).map_err(text));
    if let Err(reason) = verified {
        let _ = std::fs::remove_file(&path);
        return Err(reason);
    }
    Ok(path)
}

/// SQLite refuses to overwrite; two migrations within a second have copies of their own.
fn unused(folder: &Path, name: &str) -> PathBuf {
    let numbered = (2..).map(|number| folder.join(format!("{name}-{number}.db")));
    let mut paths = std::iter::once(folder.join(format!("{name}.db"))).chain(numbered);
    paths.find(|path| !path.exists()).expect("the numbers do not end")
}

fn file_name(migration: &str, now: Timestamp) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let time: String = now.to_string().chars().take(19).map(plain).collect();
    let migration: String = migration.chars().take(100).map(plain).collect();
    format!("before-{migration}-{time}")
}

fn verify(path: &Path) -> Result<(), String> {
    let copy = rusqlite::Connection::open_with_flags(path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
    let verdict = copy.and_then(|copy| copy.query_row("pragma quick_check(1)", [], |row| row.get::<_, String>(0)));
    match verdict {
        Ok(verdict) if verdict == "ok" => Ok(()),
        Ok(verdict) => Err(format!("the copy is damaged: {verdict}")),
        Err(failure) => Err(failure.to_string()),
    }
}

fn make_durable(path: &Path, folder: &Path) -> std::io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

/// Begins a transaction and applies these in it; foreign keys are off afterwards.
pub(super) fn apply_all(connection: &mut Connection, missing: &[&Migration], now: Timestamp) -> Result<(), Error> {
    // A table that is rebuilt is dropped and made again: its keys are checked at the end instead.
    let keys_off = connection.sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false);
    keys_off.map_err(|failure| of_sqlite("turning foreign keys off", &failure))?;
    connection.set_now(now);
    connection.run("BEGIN IMMEDIATE").map_err(|failure| of_sqlite("beginning the migration", &failure))?;
    // Whatever fails: the connection is dropped, and with it everything is rolled back.
    connection
        .run(
            "create table if not exists martlet_migrations (
               name text not null primary key, checksum text not null, applied_at text not null) strict",
        )
        .map_err(|failure| of_sqlite("making martlet_migrations", &failure))?;
    let authorized = connection.sqlite.authorizer(Some(stay_in_transaction));
    authorized.map_err(|failure| of_sqlite("beginning the migration", &failure))?;
    for migration in missing {
        apply(connection, migration, now)?;
    }
    check_keys(connection)?;
    let freed = connection.sqlite.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    freed.map_err(|failure| of_sqlite("ending the migration", &failure))
}

/// Ends the transaction that [`apply_all`] began.
pub(super) fn commit(connection: &Connection) -> rusqlite::Result<()> {
    connection.run("COMMIT")
}

pub(super) fn not_committed(failure: rusqlite::Error) -> Error {
    of_sqlite("committing the migration", &failure)
}

/// A migration may not commit half of itself, nor reach into another file.
fn stay_in_transaction(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Transaction { .. } | AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

fn apply(connection: &Connection, migration: &Migration, now: Timestamp) -> Result<(), Error> {
    for (index, statement) in migration.sqlite.iter().enumerate() {
        let place = format!("{}, statement {}", migration.file, index + 1);
        connection.sqlite.execute_batch(statement).map_err(|failure| of_sqlite(&place, &failure))?;
    }
    let row = (&migration.name, &migration.checksum, now.to_string());
    let sql = "insert into martlet_migrations (name, checksum, applied_at) values (?1, ?2, ?3)";
    connection.sqlite.execute(sql, row).map_err(|failure| of_sqlite("noting the migration", &failure))?;
    Ok(())
}

fn check_keys(connection: &Connection) -> Result<(), Error> {
    let mut statement = connection
        .sqlite
        .prepare("select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2 limit 1")
        .map_err(|failure| of_sqlite("checking foreign keys", &failure))?;
    let broken =
        statement.query_row([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?)));
    match broken {
        Err(rusqlite::Error::QueryReturnedNoRows) => Ok(()),
        Err(failure) => Err(of_sqlite("checking foreign keys", &failure)),
        Ok((table, parent, count)) => Err(told(format!(
            "after the migration {count} rows of {} would refer to rows of {} that are not there",
            quoted(&table),
            quoted(&parent)
        ))),
    }
}

fn of_sqlite(place: &str, failure: &rusqlite::Error) -> Error {
    let reason = failure.to_string();
    // Where a table is rebuilt to change a column, SQLite names the table that the rows move to.
    if let Some(column) = reason.strip_prefix("NOT NULL constraint failed: martlet_rebuilt.") {
        return told(format!("{place}: rows that are there have no value for the column {column}"))
            .hint("nothing was changed; give the column a default, or these rows a value first");
    }
    told(format!("{place}: {reason}")).hint("nothing was changed")
}

/// The operator asked and reads the answer: the reason stands in the message.
fn told(message: String) -> Error {
    let mut error = Error::internal(message.clone());
    error.message = message;
    error
}
