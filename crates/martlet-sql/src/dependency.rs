//! What an answer rests on: the rows that can alter it, as shapes.
//!
//! A dependency is sound when no change of a row that it does not match can alter the answer. Everything errs to that
//! side: what is not understood rests on the whole table; what cannot be bounded is never kept.
//! In reading order: the dependencies of a query, a shape, what its key and its terms compare with, what is tracked.

mod analysis;
mod keys;
mod rule;
mod scope;
mod terms;
mod tracked;
mod words;

pub use rule::Rule;
pub use tracked::{Tracked, TrackedTable};

use crate::ir::{self, CompareOperator};
use crate::{Bind, Catalogue, Declaration, EngineText, Volatility};
use martlet_core::{Type, Value};
use rule::Rules;
use std::collections::BTreeSet;

/// What the answers of one query rest on.
#[derive(Debug, Clone, Default)]
pub struct Dependencies {
    /// One or more for each occurrence of a table; an answer falls when a change matches any of them.
    pub shapes: Vec<Shape>,
    /// What gives keys that stand in other rows; run in the snapshot of the answer.
    pub keys: Vec<KeysStatement>,
    /// One row of values that are computed from the arguments and the caller alone; none: there are no such values.
    pub values: Option<KeysStatement>,
    /// Why answers are not kept, in words for the author; none: they are.
    pub unkept: Option<String>,
}

impl Dependencies {
    /// The dependencies of a query's statement.
    pub(crate) fn of(statement: &ir::Statement, declaration: &Declaration, catalogue: &Catalogue) -> Self {
        Self::by(Rules::default(), statement, declaration, catalogue)
    }

    /// What would be found with a rule off: for tests that see whether anybody would notice.
    #[doc(hidden)]
    pub fn without(rule: Rule, statement: &ir::Statement, declaration: &Declaration, catalogue: &Catalogue) -> Self {
        Self::by(Rules::without(rule), statement, declaration, catalogue)
    }

    fn by(rules: Rules, statement: &ir::Statement, declaration: &Declaration, catalogue: &Catalogue) -> Self {
        let mut found = analysis::of(statement, catalogue, rules);
        if rules.hold(Rule::Order) {
            found.cover(statement, catalogue);
        }
        Self { unkept: unkept(statement.volatility, declaration), ..found }
    }

    /// Fails closed: what the statement reads and no shape names, as the resolver has found it by itself, is a
    /// dependency as a whole.
    fn cover(&mut self, statement: &ir::Statement, catalogue: &Catalogue) {
        for used in &statement.reads {
            let Some(table) = catalogue.table(&used.table) else { continue };
            let known: BTreeSet<usize> = self
                .shapes
                .iter()
                .filter(|shape| shape.table == used.table)
                .flat_map(|shape| &shape.reads)
                .copied()
                .collect();
            let has_shape = self.shapes.iter().any(|shape| shape.table == used.table);
            let reads: BTreeSet<usize> =
                used.columns.iter().filter_map(|name| table.column(name).map(|(index, _)| index)).collect();
            if !has_shape || !reads.is_subset(&known) {
                debug_assert!(false, "the analysis has missed {}", used.table);
                self.shapes.push(Shape::whole(&used.table, reads));
            }
        }
    }
}

/// Time and chance are no data: no change tells that they have moved on.
fn unkept(volatility: Volatility, declaration: &Declaration) -> Option<String> {
    let cache = declaration.cache.clone().unwrap_or_default();
    let is_bounded = cache.for_ms.is_some() || cache.named.is_some();
    match volatility {
        _ if cache.is_off => Some("`@cache off`".to_owned()),
        _ if cache.is_strong => Some("`@cache strong`: every call reads the database".to_owned()),
        Volatility::Immutable => None,
        _ if is_bounded => None,
        Volatility::Timed => Some("it depends on the time; `@cache for 30s` keeps it for so long".to_owned()),
        Volatility::Volatile => Some("it draws values; `@cache for 30s` keeps it for so long".to_owned()),
    }
}

/// A part of one table: the rows with certain values in the key columns for which the residual terms hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The table.
    pub table: String,
    /// The key columns: indexes into the table's columns, ascending; empty: every row.
    pub key: Vec<usize>,
    /// The values of the key columns.
    pub tuples: Tuples,
    /// All of them hold for a row that matters; a term that is unknown (null) does not hold.
    pub residual: Vec<Term>,
    /// The columns that this occurrence reads, those of the key and the terms included: an update of others does not
    /// matter.
    pub reads: BTreeSet<usize>,
    /// What kept it from being finer and what would help, in words for the author.
    pub coarse: Vec<String>,
}

impl Shape {
    /// Every row of a table.
    pub fn whole(table: &str, reads: BTreeSet<usize>) -> Self {
        let tuples = Tuples::Given(Vec::new());
        Self { table: table.to_owned(), key: Vec::new(), tuples, residual: Vec::new(), reads, coarse: Vec::new() }
    }
}

/// The values of a shape's key columns.
#[derive(Debug, Clone, PartialEq)]
pub enum Tuples {
    /// Every combination of the columns' values; one source a column. Of no column: the one empty tuple.
    Given(Vec<Source>),
    /// The rows of a statement: index into [`Dependencies::keys`]; its columns are in the order of the key.
    Selected(usize),
}

/// The values of one column. Null is never among them: nothing equals it.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// `column = operand`.
    One(Operand),
    /// `column in (..)`.
    Any(Vec<Operand>),
    /// `column = any(:list)`: index of the parameter.
    List(usize),
}

/// A value that is known before the query runs.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A constant of the column's type.
    Constant(Value),
    /// A parameter, or of the caller: never a step's column, never the time.
    Bind(Bind),
    /// An integer, a bigint or (then in days) a date, plus a number.
    Plus(Box<Operand>, i64),
    /// Anything else without a column in it.
    Computed {
        /// Index into the columns of [`Dependencies::values`].
        column: usize,
        /// In words, for the author.
        text: String,
    },
}

/// A condition on one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Term {
    /// `column operator operand`.
    Compare {
        /// Index into the table's columns.
        column: usize,
        /// Which.
        operator: CompareOperator,
        /// Of the column's type.
        operand: Operand,
    },
    /// `column is null`.
    IsNull(usize),
    /// `column in (..)`, `column = any(:list)`.
    Among {
        /// Index into the table's columns.
        column: usize,
        /// Of the column's type.
        source: Source,
    },
    /// All hold.
    And(Vec<Term>),
    /// One holds.
    Or(Vec<Term>),
    /// It is known not to hold.
    Not(Box<Term>),
}

/// A statement of our own beside the author's, for SQLite. It reads nothing that the author's does not read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeysStatement {
    /// The text.
    pub sqlite: EngineText,
    /// The columns of each row, by type.
    pub columns: Vec<Type>,
}

/// More keys than these from one statement make the shape match every row.
pub const KEYS_SELECTED_MAX: usize = 1_024;
/// More tuples than these from lists make a column leave the key.
pub const KEYS_GIVEN_MAX: usize = 256;
