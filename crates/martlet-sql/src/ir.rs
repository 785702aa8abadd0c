//! The typed, resolved tree: what a statement means, with every name, type and operator decided.
//!
//! The tree is the closed list of the portable subset: what it cannot express is refused by `resolve`. Each
//! engine's text is written from it, and the analysis of dependencies runs on it, so it is kept plain: relations
//! have ids, a column is a relation and an index, every expression has a static type, a nullability and a place.
//! `numeric` stands under casts only, `timestamp` and `interval` inside expressions only.

mod expr;
mod operator;
mod walk;

pub use expr::{Expr, ExprKind, Frame, FrameBound, OrderItem};
pub use operator::{
    AggregateFunction, BinaryOperator, CompareOperator, DateField, DateUnit, Function, ToCharPattern, WindowFunction,
};
pub use walk::Part;

use crate::{Bind, Column, Span, StatementKind, TableUse, Volatility};
use martlet_core::{ParamType, Type};
use std::collections::BTreeSet;

/// A relation of one statement: unique in it, subqueries and views included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationId(pub u32);

/// A `with` item of one statement: unique in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CteId(pub u32);

/// One statement and what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// What it does.
    pub command: Command,
    /// What it gives, in order; empty: it answers nothing.
    pub columns: Vec<Column>,
    /// Tables and columns that it reads, views resolved; sorted by table.
    pub reads: Vec<TableUse>,
    /// Tables and columns that it may write; sorted by table.
    pub writes: Vec<TableUse>,
    /// Whether it gives the same for the same data.
    pub volatility: Volatility,
    /// At most so many rows by its own text; none: unbounded.
    pub rows_max: Option<u64>,
    /// Indexes of the parameters that it names.
    pub params_used: BTreeSet<usize>,
    /// What PostgreSQL's text must have a placeholder for, in the order of the text.
    pub replacements: Vec<Replacement>,
}

/// A place of the author's text that becomes a placeholder on PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Bytes in the file.
    pub span: Span,
    /// What is bound there.
    pub bind: Bind,
    /// Its declared type.
    pub ty: ParamType,
}

impl Statement {
    /// What it does, in a word.
    pub fn kind(&self) -> StatementKind {
        match self.command {
            Command::Select(_) => StatementKind::Select,
            Command::Insert(_) => StatementKind::Insert,
            Command::Update(_) => StatementKind::Update,
            Command::Delete(_) => StatementKind::Delete,
        }
    }
}

/// What a statement does.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// SELECT or VALUES.
    Select(Box<Select>),
    /// INSERT.
    Insert(Box<Insert>),
    /// UPDATE.
    Update(Box<Update>),
    /// DELETE.
    Delete(Box<Delete>),
}

/// A query or a subquery.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// In written order; a later one may use an earlier one.
    pub ctes: Vec<Cte>,
    /// What gives the rows.
    pub body: Body,
    /// In order. Where the body is no [`Body::Core`], every item is an [`ExprKind::Output`].
    pub order_by: Vec<OrderItem>,
    /// A bigint; null is no limit.
    pub limit: Option<Expr>,
    /// A bigint; null is 0.
    pub offset: Option<Expr>,
    /// What it gives, in order.
    pub columns: Vec<RelationColumn>,
    /// `for update`.
    pub is_locking: bool,
    /// At most so many rows by its own text; none: unbounded. A scalar subquery with 1 needs no check at run time.
    pub rows_max: Option<u64>,
    /// Of everything in it.
    pub volatility: Volatility,
}

/// What gives the rows of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// `select ... from ... where ...`.
    Core(Box<Core>),
    /// Both sides have the same number of columns with the same types.
    SetOperation {
        /// Which.
        operator: SetOperator,
        /// `all`: duplicates stay. Only of a union.
        is_all: bool,
        /// The left side; may have its own order and limit, where it was written in parentheses.
        left: Box<Select>,
        /// The right side.
        right: Box<Select>,
    },
    /// `values (..), (..)`: rows of one width and the same types.
    Values(Vec<Vec<Expr>>),
}

/// `union`, `intersect`, `except`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SetOperator {
    /// Rows of either side.
    Union,
    /// Rows of both sides.
    Intersect,
    /// Rows of the left side that are not on the right.
    Except,
}

/// One SELECT without its order and limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Core {
    /// `distinct`, `distinct on (..)`.
    pub distinct: Distinct,
    /// What it gives, in order.
    pub projection: Vec<Output>,
    /// None: one row of nothing.
    pub from: Option<From>,
    /// WHERE; a boolean.
    pub filter: Option<Expr>,
    /// Never constants; names and positions are replaced by the expressions that they stand for.
    pub group_by: Vec<Expr>,
    /// HAVING; a boolean.
    pub having: Option<Expr>,
    /// Whether rows are grouped: by GROUP BY, HAVING or a plain aggregate.
    pub is_grouped: bool,
}

/// Which duplicates go.
#[derive(Debug, Clone, PartialEq)]
pub enum Distinct {
    /// None.
    Keep,
    /// `distinct`.
    Rows,
    /// `distinct on (..)`: the first row of each group in the order of ORDER BY, whose leading items are these. An
    /// item may be an [`ExprKind::Output`].
    On(Vec<Expr>),
}

/// One result column of a SELECT or RETURNING.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its name. Unique and never empty at the top of a statement; in subqueries it may repeat or be `?column?`.
    pub name: String,
    /// Its value.
    pub expr: Expr,
}

/// One item of `with`.
#[derive(Debug, Clone, PartialEq)]
pub struct Cte {
    /// How relations name it.
    pub id: CteId,
    /// As written.
    pub name: String,
    /// Its query; `columns` there has the query's own names.
    pub query: Select,
    /// Under the names that its users see.
    pub columns: Vec<RelationColumn>,
    /// It draws values (random), or is written `as materialized`: it must be computed once.
    pub is_materialized: bool,
}

/// The FROM clause.
#[derive(Debug, Clone, PartialEq)]
pub enum From {
    /// One relation.
    Relation(Box<Relation>),
    /// Two of them.
    Join {
        /// `join`, `cross join` and the comma are inner.
        kind: JoinKind,
        /// The left side.
        left: Box<From>,
        /// The right side; its functions may use columns of the left.
        right: Box<From>,
        /// None: every pair. USING is written out as equalities. A left join always has one.
        on: Option<Expr>,
    },
}

/// How two sides are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JoinKind {
    /// Pairs that hold.
    Inner,
    /// And the left rows without a pair, with nulls.
    Left,
}

/// A table, subquery, CTE or function under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Relation {
    /// How columns name it.
    pub id: RelationId,
    /// Its alias, or the name of its table, view, CTE or function.
    pub alias: String,
    /// What it is.
    pub source: Source,
    /// Its columns, in order, under the names of this use; before any outer join makes them nullable.
    pub columns: Vec<RelationColumn>,
}

/// What a relation is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A table of the catalogue; the relation's columns are all of the table's.
    Table(String),
    /// A `with` item.
    Cte(CteId),
    /// A subquery, or a view in its place.
    Subquery {
        /// The query.
        query: Box<Select>,
        /// It draws values (random): it must be computed once.
        is_materialized: bool,
    },
    /// A function that gives rows.
    Function(TableFunction),
}

/// A function in FROM.
#[derive(Debug, Clone, PartialEq)]
pub enum TableFunction {
    /// `generate_series(start, stop, step)` of integers or bigints (all three of that type), or of timestamptz with
    /// an interval as the step.
    GenerateSeries {
        /// The first value.
        start: Box<Expr>,
        /// The last, if the step meets it.
        stop: Box<Expr>,
        /// None: 1.
        step: Option<Box<Expr>>,
    },
    /// `unnest(:list)`: the index of the parameter.
    Unnest(usize),
    /// `jsonb_array_elements(document)`: one column, jsonb.
    JsonbArrayElements(Expr),
    /// `jsonb_to_recordset(document) as r(a integer, ...)`: the relation's columns are the ones to read.
    JsonbToRecordset(Expr),
}

/// A column of a relation or of a query's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelationColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether it may be null.
    pub is_nullable: bool,
}

/// INSERT.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// With it, in front of the statement.
    pub ctes: Vec<Cte>,
    /// The table as a relation: RETURNING and the upsert refer to it.
    pub target: Relation,
    /// Indexes into the table's columns, in the order of the values. A column given as DEFAULT is left out.
    pub columns: Vec<usize>,
    /// The rows.
    pub source: InsertSource,
    /// `on conflict`.
    pub on_conflict: Option<OnConflict>,
    /// Empty: none.
    pub returning: Vec<Output>,
}

/// What an INSERT writes. Values already have the columns' types.
#[derive(Debug, Clone, PartialEq)]
pub enum InsertSource {
    /// `values (..), (..)`; a single row is the common case.
    Values(Vec<Vec<Expr>>),
    /// `insert into .. select`.
    Select(Box<Select>),
    /// `default values`.
    Default,
}

/// What happens when a key exists.
#[derive(Debug, Clone, PartialEq)]
pub struct OnConflict {
    /// The columns of a unique key; empty: any key, only of `do nothing`.
    pub target: Vec<usize>,
    /// None: `do nothing`.
    pub update: Option<ConflictUpdate>,
}

/// `do update set`.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictUpdate {
    /// The relation `excluded`: the row that was to be written; all columns of the table.
    pub excluded: RelationId,
    /// What is set.
    pub assignments: Vec<Assignment>,
    /// WHERE.
    pub filter: Option<Expr>,
}

/// `column = value` of UPDATE or an upsert.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// Index into the table's columns.
    pub column: usize,
    /// Of the column's type.
    pub value: Expr,
}

/// UPDATE.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// With it, in front of the statement.
    pub ctes: Vec<Cte>,
    /// The table as a relation.
    pub target: Relation,
    /// What is set; never empty.
    pub assignments: Vec<Assignment>,
    /// `from`.
    pub from: Option<From>,
    /// WHERE.
    pub filter: Option<Expr>,
    /// Empty: none.
    pub returning: Vec<Output>,
}

/// DELETE.
#[derive(Debug, Clone, PartialEq)]
pub struct Delete {
    /// With it, in front of the statement.
    pub ctes: Vec<Cte>,
    /// The table as a relation.
    pub target: Relation,
    /// WHERE.
    pub filter: Option<Expr>,
    /// Empty: none.
    pub returning: Vec<Output>,
}
