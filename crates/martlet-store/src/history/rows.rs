//! Figures as rows: the columns are those of the tables of figures.

use super::file::{Step, time_of};
use super::period::{Counts, Figure, Item, ItemCounts, ItemFigure, ItemKind, Period};
use martlet_core::Spread;
use rusqlite::{Connection, OptionalExtension as _, Result, Row, params_from_iter, types};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

fn columns<F: Copy>(all: &[F], name: fn(F) -> &'static str) -> String {
    all.iter().map(|figure| name(*figure)).collect::<Vec<_>>().join(", ")
}

pub(super) fn select_periods(step: Step) -> String {
    let table = step.table();
    format!("SELECT at, observed_ms, durations, {} FROM {table}", columns(Figure::ALL, Figure::name))
}

pub(super) fn select_items(step: Step) -> String {
    let figures = columns(ItemFigure::ALL, ItemFigure::name);
    format!(
        "SELECT at, n.kind, n.name, durations, {figures} FROM {} AS i JOIN names AS n ON n.id = i.name",
        step.items()
    )
}

pub(super) fn read_one(sqlite: &Connection, step: Step, at_s: i64) -> Result<Option<Period>> {
    let sql = format!("{} WHERE at = ?1", select_periods(step));
    let Some(mut period) = sqlite.prepare_cached(&sql)?.query_row([at_s], period_of).optional()? else {
        return Ok(None);
    };
    let sql = format!("{} WHERE at = ?1", select_items(step));
    let mut statement = sqlite.prepare_cached(&sql)?;
    let mut rows = statement.query([at_s])?;
    let mut names = HashMap::new();
    while let Some(row) = rows.next()? {
        period.items.push(item_of(row, &mut names)?.1);
    }
    Ok(Some(period))
}

pub(super) fn write_one(sqlite: &Connection, step: Step, at_s: i64, period: &Period) -> Result<()> {
    let marks = |count: usize| vec!["?"; count].join(", ");
    let observed_ms = i64::try_from(period.observed.as_millis()).unwrap_or(i64::MAX);
    let mut values: Vec<types::Value> = vec![at_s.into(), observed_ms.into(), period.durations.to_bytes().into()];
    values.extend(Figure::ALL.iter().map(|figure| integer(period.get(*figure))));
    let sql = format!(
        "INSERT OR REPLACE INTO {} (at, observed_ms, durations, {}) VALUES ({})",
        step.table(),
        columns(Figure::ALL, Figure::name),
        marks(values.len())
    );
    sqlite.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    for item in &period.items {
        let name = name_id(sqlite, item)?;
        let mut values: Vec<types::Value> = vec![at_s.into(), name.into(), item.durations.to_bytes().into()];
        values.extend(ItemFigure::ALL.iter().map(|figure| integer(item.get(*figure))));
        let sql = format!(
            "INSERT OR REPLACE INTO {} (at, name, durations, {}) VALUES ({})",
            step.items(),
            columns(ItemFigure::ALL, ItemFigure::name),
            marks(values.len())
        );
        sqlite.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    }
    Ok(())
}

fn name_id(sqlite: &Connection, item: &Item) -> Result<i64> {
    let kind = item.kind as i64;
    let known = sqlite
        .prepare_cached("SELECT id FROM names WHERE kind = ?1 AND name = ?2")?
        .query_row((kind, &*item.name), |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(id);
    }
    sqlite.prepare_cached("INSERT INTO names (kind, name) VALUES (?1, ?2)")?.insert((kind, &*item.name))
}

pub(super) fn period_of(row: &Row<'_>) -> Result<Period> {
    let mut counts = Counts::default();
    for (place, figure) in (3..).zip(Figure::ALL) {
        counts.set(*figure, unsigned(row, place)?);
    }
    Ok(Period {
        at: time_of(row.get(0)?),
        observed: Duration::from_millis(unsigned(row, 1)?),
        durations: spread(row, 2)?,
        counts,
        items: Vec::new(),
    })
}

pub(super) fn item_of(row: &Row<'_>, names: &mut HashMap<String, Arc<str>>) -> Result<(i64, Item)> {
    let kind = usize::from(row.get::<_, u8>(1)?);
    let kind = *ItemKind::ALL.get(kind).ok_or(rusqlite::Error::IntegralValueOutOfRange(1, 0))?;
    let name: String = row.get(2)?;
    let name = Arc::clone(names.entry(name).or_insert_with_key(|name| name.as_str().into()));
    let mut counts = ItemCounts::default();
    for (place, figure) in (4..).zip(ItemFigure::ALL) {
        counts.set(*figure, unsigned(row, place)?);
    }
    Ok((row.get(0)?, Item { kind, name, counts, durations: spread(row, 3)? }))
}

fn spread(row: &Row<'_>, place: usize) -> Result<Spread> {
    let bytes = row.get_ref(place)?.as_blob()?;
    Spread::from_bytes(bytes).ok_or(rusqlite::Error::InvalidColumnType(place, "durations".into(), types::Type::Blob))
}

fn unsigned(row: &Row<'_>, place: usize) -> Result<u64> {
    let number: i64 = row.get(place)?;
    Ok(u64::try_from(number).unwrap_or(0))
}

fn integer(number: u64) -> types::Value {
    types::Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}
