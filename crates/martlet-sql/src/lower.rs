//! The text for SQLite, written from the typed tree.
//!
//! The tree has decided every name, type and operator; here only SQLite's way of saying it is chosen. What SQLite
//! does otherwise than PostgreSQL (overflow, division by zero, a second row of a scalar subquery, dates, JSON) becomes a
//! function that the store registers under PostgreSQL's own name; everything else stays plain, so that indexes serve.
//! The same tree always gives the same text: relations are named in the order in which they are met.

mod aggregate;
mod cast;
mod expression;
mod from;
mod json;
mod range;
mod select;
mod sql;
mod write;

use crate::catalogue::Table;
use crate::ir::{Command, CteId, Expr, RelationColumn, RelationId, Statement};
use crate::{Bind, EngineText};
use std::collections::{HashMap, HashSet};

/// The statement for SQLite, with `?1`, `?2`, ... in the order of the text.
pub(crate) fn statement(statement: &Statement) -> EngineText {
    let mut lowering = Lowering::default();
    for table in statement.reads.iter().chain(&statement.writes) {
        // A `with` item under a table's name would hide the table from itself.
        lowering.tables.insert(table.table.to_ascii_lowercase());
    }
    let text = match &statement.command {
        Command::Select(select) => lowering.query(select, select::Names::As(&select.columns), Place::Top).text,
        Command::Insert(insert) => lowering.insert(insert),
        Command::Update(update) => lowering.update(update),
        Command::Delete(delete) => lowering.delete(delete),
    };
    number_binds(&text, &lowering.binds)
}

/// The expression of a CHECK, a DEFAULT or an index's WHERE, over the table's unqualified columns.
pub(crate) fn table_expression(expr: &Expr, table: &Table) -> String {
    let mut lowering = Lowering { is_definition: true, ..Lowering::default() };
    lowering.table_columns = Some(table.columns.iter().map(|column| sql::name(&column.name)).collect());
    lowering.expr(expr).text
}

/// Where a query stands: one at the top has a line for each clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Nested,
}

impl Place {
    fn separator(self) -> &'static str {
        match self {
            Place::Top => "\n",
            Place::Nested => " ",
        }
    }
}

/// What has been met so far of one statement.
#[derive(Debug, Default)]
struct Lowering {
    /// In the order in which they were met; the text has the index between two NULs.
    binds: Vec<Bind>,
    /// How each relation's columns are written.
    relations: HashMap<RelationId, Vec<String>>,
    /// Names of `with` items and of their columns.
    ctes: HashMap<CteId, CteNames>,
    /// Aliases and `with` names in use, in lower case: SQLite's names have no case, not even quoted.
    taken: HashSet<String>,
    /// Names of tables, in lower case.
    tables: HashSet<String>,
    /// Subqueries that must be computed once, on their way into the WITH of the query around them.
    once: Vec<String>,
    /// Tables read so far, to tell whether an expression reads the table that it writes.
    tables_met: Vec<String>,
    /// The columns in scope of a table's own expression.
    table_columns: Option<Vec<String>>,
    /// A table's own expression has no binds.
    is_definition: bool,
}

#[derive(Debug, Clone)]
struct CteNames {
    name: String,
    columns: Vec<String>,
    /// What it reads.
    tables: Vec<String>,
    /// Under its own name, so that another use needs an alias.
    is_used: bool,
}

impl Lowering {
    fn bind(&mut self, bind: Bind) -> String {
        let index = match self.binds.iter().position(|known| *known == bind) {
            Some(index) => index,
            None => {
                self.binds.push(bind);
                self.binds.len() - 1
            }
        };
        format!("\0{index}\0")
    }

    /// A name for a relation that no other relation of the statement has.
    fn alias(&mut self, wanted: &str) -> String {
        let alias = unused(wanted, |name| self.taken.contains(name));
        self.taken.insert(alias.to_ascii_lowercase());
        alias
    }

    /// A name for a `with` item, which must not be a table's either.
    fn cte_alias(&mut self, wanted: &str) -> String {
        let alias = unused(wanted, |name| self.taken.contains(name) || self.tables.contains(name));
        self.taken.insert(alias.to_ascii_lowercase());
        alias
    }

    /// How a column of a relation in scope is written.
    fn column(&self, relation: RelationId, column: usize) -> String {
        let columns = self.table_columns.as_ref().or_else(|| self.relations.get(&relation));
        columns.and_then(|columns| columns.get(column)).cloned().unwrap_or_else(|| {
            debug_assert!(false, "relations are met before their columns");
            "NULL".to_owned()
        })
    }

    /// Makes `alias` the way in which the relation's columns are written.
    fn put_in_scope(&mut self, relation: RelationId, alias: &str, columns: &[String]) {
        let written = columns.iter().map(|column| format!("{}.{}", sql::name(alias), sql::name(column))).collect();
        self.relations.insert(relation, written);
    }
}

/// The columns' names, told apart where they repeat; `?column?` and the like stay as they are.
fn distinct_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .into_iter()
        .map(|name| {
            let name = unused(name, |name| taken.contains(name));
            taken.insert(name.to_ascii_lowercase());
            name
        })
        .collect()
}

fn column_names(columns: &[RelationColumn]) -> Vec<String> {
    columns.iter().map(|column| column.name.clone()).collect()
}

/// `wanted`, or `wanted_2`, `wanted_3`, ....
fn unused(wanted: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = wanted.to_owned();
    let mut number = 2;
    while is_taken(&name.to_ascii_lowercase()) {
        name = format!("{wanted}_{number}");
        number += 1;
    }
    name
}

/// Puts `?1`, `?2`, ... for the marks, in the order of the text.
fn number_binds(marked: &str, binds: &[Bind]) -> EngineText {
    let mut text = String::with_capacity(marked.len());
    let mut order: Vec<usize> = Vec::new();
    for (part, is_mark) in marked.split('\0').zip([false, true].into_iter().cycle()) {
        match part.parse() {
            Ok(index) if is_mark => {
                let number = order.iter().position(|known| *known == index).unwrap_or_else(|| {
                    order.push(index);
                    order.len() - 1
                });
                text.push_str(&format!("?{}", number + 1));
            }
            _ => text.push_str(part),
        }
    }
    let binds = order.into_iter().filter_map(|index| binds.get(index).cloned()).collect();
    EngineText { text, binds }
}

#[cfg(test)]
mod tests;
