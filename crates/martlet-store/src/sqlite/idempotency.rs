//! Outcomes that are kept for a key, in the same transaction as the effect.
//!
//! There is one writer, so a key is looked up and its outcome kept in one turn: two calls with one key can never both
//! run. What was rolled back keeps nothing, unless an expectation of the author's refused it: that is an outcome too.

use super::Shared;
use super::connection::Connection;
use super::error;
use super::group::{Done, of_refusal};
use crate::Once;
use bytes::Bytes;
use martlet_core::{Error, code};
use rusqlite::{OptionalExtension as _, params};

/// The table; no app may name it.
pub(super) const TABLE: &str = "martlet_idempotency";
const CREATE: &str = "create table if not exists martlet_idempotency (
    id blob not null primary key, arguments blob not null, expires_at integer not null,
    status integer not null, code text not null, message text not null, rows integer not null, body blob) strict;
    create index if not exists martlet_idempotency_expires_at on martlet_idempotency (expires_at)";
const FIND: &str = "select arguments, status, code, message, rows, body from martlet_idempotency
    where id = ?1 and expires_at > ?2";
const KEEP: &str = "insert or replace into martlet_idempotency
    (id, arguments, expires_at, status, code, message, rows, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
const PURGE: &str = "delete from martlet_idempotency where rowid in
    (select rowid from martlet_idempotency where expires_at <= ?1 limit 1000)";
/// How many rows one round of [`purge`] removes at most.
const PURGED_MAX: usize = 1_000;
/// In the place of a status: success.
const SUCCESS: u16 = 0;
/// What is never kept: who may and how often is decided anew by each call.
const NOT_KEPT: [u16; 3] = [401, 403, 429];

/// Makes the table. For a connection without an authorizer.
pub(super) fn create(sqlite: &rusqlite::Connection) -> rusqlite::Result<()> {
    sqlite.execute_batch(CREATE)
}

/// The outcome that is kept for this key, if there is one.
///
/// Errors: MRT021 where it was kept for other arguments.
pub(super) fn find(
    shared: &Shared,
    connection: &Connection,
    once: &Once,
) -> Result<Option<Result<Done, Error>>, Error> {
    let row = connection.as_ours(|sqlite| {
        let mut statement = sqlite.prepare_cached(FIND)?;
        let key = params![once.id.as_slice(), once.now.micros()];
        statement
            .query_row(key, |row| {
                let body: Option<Vec<u8>> = row.get(5)?;
                let status: u16 = row.get(1)?;
                let outcome = match status {
                    SUCCESS => Ok(Done {
                        body: body.map(Bytes::from),
                        rows: row.get::<_, i64>(4)?.unsigned_abs(),
                        is_changed: false,
                    }),
                    status => Err(of_refusal(status, row.get(2)?, row.get(3)?)),
                };
                Ok((row.get::<_, Vec<u8>>(0)?, outcome))
            })
            .optional()
    });
    match row.map_err(|failure| error::translate(&failure, &shared.constraint_names()))? {
        None => Ok(None),
        Some((arguments, outcome)) if arguments == once.arguments => Ok(Some(outcome)),
        Some(_) => Err(reused()),
    }
}

/// Keeps an outcome, if it is one that is kept.
pub(super) fn keep(
    shared: &Shared,
    connection: &Connection,
    once: &Once,
    outcome: Result<&Done, &Error>,
) -> Result<(), Error> {
    let (status, code, message, rows, body) = match outcome {
        Ok(done) => (SUCCESS, "", "", done.rows, done.body.as_deref()),
        Err(error) => match refusal_status(error) {
            Some(status) => (status, error.code.as_ref(), error.message.as_str(), 0, None),
            None => return Ok(()),
        },
    };
    let (id, arguments) = (once.id.as_slice(), once.arguments.as_slice());
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let kept = connection.as_ours(|sqlite| {
        let mut statement = sqlite.prepare_cached(KEEP)?;
        statement.execute(params![id, arguments, once.expires_at.micros(), status, code, message, rows, body])
    });
    kept.map(drop).map_err(|failure| error::translate(&failure, &shared.constraint_names()))
}

/// The status of a refusal that is kept: only an author's expectation has one.
pub(super) fn refusal_status(error: &Error) -> Option<u16> {
    error.status.filter(|status| !NOT_KEPT.contains(status))
}

/// Removes some of what has expired; true if there may be more.
pub(super) fn purge(shared: &Shared, connection: &Connection) -> bool {
    let now = shared.clock.now().micros();
    match connection.as_ours(|sqlite| sqlite.prepare_cached(PURGE)?.execute([now])) {
        Ok(removed) => removed >= PURGED_MAX,
        Err(failure) => {
            shared.note_failure(&failure);
            tracing::warn!(error = %failure, "expired idempotency keys could not be removed");
            false
        }
    }
}

fn reused() -> Error {
    Error::new(&code::KEY_REUSED, "this `Idempotency-Key` was used with other arguments")
        .hint("use a new key for a new call, and the old one to repeat a call")
}
