//! What is too much is dropped: rows beyond their number, then what makes the file too large.

use super::file::Step;
use martlet_core::Timestamp;
use rusqlite::{Connection, Result, Row};

/// The share of the rows that is dropped at once where the file is too large.
const DROPPED_SHARE: i64 = 10;

/// Drops rows beyond so many: those that are farthest from now, so that a clock that was far in the future for a while
/// does not end what is right.
pub(super) fn drop_beyond(sqlite: &Connection, step: Step, rows_max: usize, now: Timestamp) -> Result<()> {
    let table = step.table();
    let count: i64 =
        sqlite.prepare_cached(&format!("SELECT count(*) FROM {table}"))?.query_one([], |row| row.get(0))?;
    let too_many = usize::try_from(count).unwrap_or(0).saturating_sub(rows_max);
    drop_farthest(sqlite, step, too_many, now)
}

fn drop_farthest(sqlite: &Connection, step: Step, count: usize, now: Timestamp) -> Result<()> {
    let (table, items) = (step.table(), step.items());
    let now_s = step.begin_s(now);
    for _ in 0..count {
        let ends = |row: &Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
        let sql = format!("SELECT (SELECT min(at) FROM {table}), (SELECT max(at) FROM {table})");
        let (Some(first), Some(last)) = sqlite.prepare_cached(&sql)?.query_one([], ends)? else { return Ok(()) };
        let at_s = if now_s.abs_diff(last) > now_s.abs_diff(first) { last } else { first };
        sqlite.prepare_cached(&format!("DELETE FROM {items} WHERE at = ?1"))?.execute([at_s])?;
        sqlite.prepare_cached(&format!("DELETE FROM {table} WHERE at = ?1"))?.execute([at_s])?;
    }
    Ok(())
}

/// Drops minutes, then hours, until what is in use is well below the size.
pub(super) fn drop_to_size(sqlite: &Connection, pages_max: i64, now: Timestamp) -> Result<()> {
    let number = |pragma: &str| sqlite.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let rows = |step: Step| -> Result<i64> {
        sqlite.query_one(&format!("SELECT count(*) FROM {}", step.table()), [], |row| row.get(0))
    };
    loop {
        if number("page_count")? - number("freelist_count")? <= pages_max / 10 * 9 {
            return Ok(());
        }
        // The one that was just written stays.
        let Some(step) = Step::ALL.into_iter().find(|step| rows(*step).is_ok_and(|rows| rows > 1)) else {
            return Ok(());
        };
        let count = (rows(step)? / DROPPED_SHARE).max(1);
        drop_farthest(sqlite, step, usize::try_from(count).unwrap_or(1), now)?;
    }
}
