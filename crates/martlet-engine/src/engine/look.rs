//! A look at the app and its database as they are now: plans, what of them is proven, rows, indexes and who uses them.
//!
//! For the operator's pages. It costs some milliseconds and a connection of its own, so who asks often keeps it.

use super::Engine;
use crate::{Explained, Section};
use martlet_core::Error;
use martlet_sql::App;
use martlet_store::RowCount;
use martlet_store::proof::judge_plan;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What was seen.
#[derive(Debug)]
pub struct Look {
    /// The app that was served.
    pub app: Arc<App>,
    /// Queries and actions, by name.
    pub plans: BTreeMap<String, PlanLook>,
    /// Tables, by name.
    pub tables: Vec<TableLook>,
    /// Indexes, by table and name.
    pub indexes: Vec<IndexLook>,
}

/// A query or action.
#[derive(Debug)]
pub struct PlanLook {
    /// Its file.
    pub file: String,
    /// Its statements, in order.
    pub statements: Vec<StatementLook>,
}

/// One of its statements.
#[derive(Debug)]
pub struct StatementLook {
    /// Its place and name where there are several.
    pub title: Option<String>,
    /// All that is told of it.
    pub sections: Vec<Section>,
    /// SQLite's words, in order.
    pub plan: Vec<String>,
    /// Tables whose reading is not proven to stay small, in words; what `@scan` allows is not among them.
    pub unproven: Vec<String>,
    /// Indexes that the plan uses.
    pub indexes: BTreeSet<String>,
}

/// A table.
#[derive(Debug)]
pub struct TableLook {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: RowCount,
    /// How many columns it has.
    pub columns: usize,
    /// Declared as small.
    pub is_small: bool,
}

/// An index.
#[derive(Debug)]
pub struct IndexLook {
    /// Its name.
    pub name: String,
    /// Its table.
    pub table: String,
    /// Its columns as they are declared; empty for one that SQLite made.
    pub columns: String,
    /// Whether it holds each value once.
    pub is_unique: bool,
    /// Why it is kept although no plan uses it.
    pub keep: Option<String>,
    /// Queries and actions that use it, with the statement's index.
    pub used_by: Vec<(String, usize)>,
}

impl Engine {
    /// Looks at the app and its database. Blocks, for some milliseconds.
    ///
    /// Errors: MRT500 where the database cannot be looked at.
    pub fn look(&self) -> Result<Look, Error> {
        let app = self.app();
        let inspection = self.store.inspect()?;
        let mut plans = BTreeMap::new();
        let mut used: BTreeMap<String, Vec<(String, usize)>> = BTreeMap::new();
        for name in app.queries.keys().chain(app.actions.keys()) {
            let Some(explained) = Explained::find(&app, name) else { continue };
            let mut statements = Vec::with_capacity(explained.statements.len());
            for (index, (statement, _)) in explained.statements.iter().enumerate() {
                let lines = inspection.explain(&statement.sqlite.text)?;
                let plan = lines.iter().map(|line| line.detail.clone()).collect();
                let proof = judge_plan(lines, &app.catalogue, statement);
                for used_index in &proof.indexes {
                    used.entry(used_index.clone()).or_default().push((name.clone(), index));
                }
                statements.push(StatementLook {
                    title: explained.statement_title(index),
                    sections: explained.sections(index, &BTreeMap::new(), &proof),
                    plan,
                    unproven: explained.unproven(&proof),
                    indexes: proof.indexes,
                });
            }
            plans.insert(name.clone(), PlanLook { file: explained.file.to_owned(), statements });
        }
        let tables = app.catalogue.tables.values().map(|table| {
            let rows = inspection.rows(&table.name)?;
            Ok(TableLook { name: table.name.clone(), rows, columns: table.columns.len(), is_small: table.is_small })
        });
        let tables = tables.collect::<Result<Vec<_>, Error>>()?;
        let indexes = indexes(&app, used);
        Ok(Look { app, plans, tables, indexes })
    }
}

/// Those that are declared, and those of SQLite's own that a plan uses.
fn indexes(app: &App, mut used: BTreeMap<String, Vec<(String, usize)>>) -> Vec<IndexLook> {
    let declared = app.catalogue.indexes.values().map(|index| {
        let column = |(name, is_descending): &(String, bool)| match is_descending {
            true => format!("{name} desc"),
            false => name.clone(),
        };
        let mut columns = index.columns.iter().map(column).collect::<Vec<_>>().join(", ");
        if let Some(predicate) = &index.predicate {
            columns.push_str(&format!(" where {predicate}"));
        }
        IndexLook {
            name: index.name.clone(),
            table: index.table.clone(),
            columns,
            is_unique: index.is_unique,
            keep: index.keep.clone(),
            used_by: used.remove(&index.name).unwrap_or_default(),
        }
    });
    let mut all: Vec<IndexLook> = declared.collect();
    all.extend(used.into_iter().map(|(name, used_by)| {
        // `sqlite_autoindex_TABLE_N`: of a key that the table declares.
        let table = name.strip_prefix("sqlite_autoindex_").and_then(|rest| rest.rsplit_once('_'));
        let table = table.map(|(table, _)| table.to_owned()).unwrap_or_default();
        IndexLook { name, table, columns: String::new(), is_unique: true, keep: None, used_by }
    }));
    all.sort_by(|a, b| (&a.table, &a.name).cmp(&(&b.table, &b.name)));
    all
}
