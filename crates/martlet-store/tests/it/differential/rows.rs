//! Generated rows for every table of a schema, put in through the compiler and both engines.

use super::case::Group;
use super::pair::Pair;
use crate::generate::Random;
use martlet_core::{Type, Value, json};
use martlet_sql::catalogue::{Table, TableColumn};
use martlet_sql::{Catalogue, Param, SourceFile, compile};
use std::sync::Arc;

const ROWS: i64 = 40;

/// How far the values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Few different values near zero: rows that meet, sums that fit.
    Mild,
    /// Bounds of every type.
    Edges,
}

/// The group without its rows, and with an action that inserts a row into each table.
pub(super) fn with_insertions(group: &Group) -> Group {
    let schema = SourceFile { path: "migrations/0001_schema.sql".to_owned(), text: group.schema.clone() };
    let catalogue = compile(&[schema]).app.unwrap().catalogue;
    let mut group = group.clone();
    group.rows.clear();
    group.files = in_order(&catalogue).into_iter().map(insertion).collect();
    group
}

fn insertion(table: &Table) -> SourceFile {
    let declared = table.columns.iter().map(|column| {
        // A parameter may be jsonb, not json.
        let ty = if column.ty == Type::Json {
            "text"
        } else if column.ty == Type::Double {
            "double"
        } else {
            column.ty.name()
        };
        format!("-- @param new_{} {ty} optional\n", column.name)
    });
    let header: String = std::iter::once("-- @allow anyone\n".to_owned()).chain(declared).collect();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let values = table.columns.iter().map(|column| match column.ty {
        Type::Json => format!(":new_{}::json", column.name),
        _ => format!(":new_{}", column.name),
    });
    let values: Vec<String> = values.collect();
    let text = format!("{header}insert into {} ({}) values ({})", table.name, names.join(", "), values.join(", "));
    SourceFile { path: format!("actions/insert_into_{}.sql", table.name), text }
}

/// Tables after those that they refer to.
fn in_order(catalogue: &Catalogue) -> Vec<&Table> {
    let mut ordered: Vec<&Table> = Vec::new();
    while ordered.len() < catalogue.tables.len() {
        let is_known = |name: &str| ordered.iter().any(|table| table.name == name);
        let ready = catalogue.tables.values().find(|table| {
            !is_known(&table.name)
                && table.foreign_keys.iter().all(|key| key.table == table.name || is_known(&key.table))
        });
        ordered.push(ready.expect("the cases' tables refer to each other in no circle"));
    }
    ordered
}

/// Inserts generated rows; a refusal must have the same SQLSTATE on both.
pub(super) fn insert(pair: &Pair<'_>, seed: u64, size: Size) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut differences = Vec::new();
    for table in in_order(&pair.app().catalogue) {
        for id in 1..=ROWS {
            let cells = table
                .columns
                .iter()
                .enumerate()
                .map(|(index, column)| cell(&mut random, table, index, column, id, size));
            let cells: Arc<[Value]> = cells.collect();
            differences.extend(pair.commit(&format!("insert_into_{}", table.name), &cells).err());
        }
    }
    differences
}

fn cell(random: &mut Random, table: &Table, index: usize, column: &TableColumn, id: i64, size: Size) -> Value {
    if column.is_identity {
        return Value::Integer(id);
    }
    if random.one_in(if column.is_nullable { 5 } else { 60 }) {
        return Value::Null;
    }
    if table.foreign_keys.iter().any(|key| key.columns.contains(&index)) {
        return Value::Integer(1 + random.below(ROWS as u64 + 1) as i64);
    }
    value(random, column.ty, size)
}

/// Generated arguments: near zero, as they bound series and lists.
pub(super) fn arguments(random: &mut Random, params: &[Param]) -> Arc<[Value]> {
    let mut argument = |param: &Param| {
        if param.is_optional && random.one_in(4) {
            return param.default.clone().unwrap_or(Value::Null);
        }
        if param.ty.is_list {
            let items = random.below(4);
            return Value::List((0..items).map(|_| value(random, param.ty.base, Size::Mild)).collect());
        }
        value(random, param.ty.base, Size::Mild)
    };
    params.iter().map(&mut argument).collect()
}

fn value(random: &mut Random, ty: Type, size: Size) -> Value {
    let text = |value: String| Value::Text(value.into());
    let is_mild = size == Size::Mild;
    match ty {
        Type::Integer if is_mild => Value::Integer(random.below(21) as i64 - 5),
        Type::Bigint if is_mild => Value::Integer(random.below(2_001) as i64 - 1_000),
        Type::Double if is_mild => Value::Double((random.below(81) as i64 - 40) as f64 / 8.0),
        Type::Integer => Value::Integer(random.int4()),
        Type::Bigint => Value::Integer(random.int8()),
        Type::Double => Value::Double(random.double()),
        Type::Boolean => Value::Boolean(random.one_in(2)),
        Type::Date if is_mild => text(format!("2024-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28))),
        Type::Date => text(random.date()),
        Type::Timestamptz if is_mild => {
            text(format!("2024-{:02}-28T{:02}:30:00+00:00", 1 + random.below(12), random.below(24)))
        }
        Type::Timestamptz => text(random.timestamptz()),
        Type::Uuid => text(random.uuid()),
        Type::Json => text(random.json(3)),
        Type::Jsonb => text(json::jsonb(&random.json(3)).unwrap()),
        _ => text(random.text()),
    }
}
