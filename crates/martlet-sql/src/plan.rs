//! A query or action compiled for its engines.

use crate::dependency::Dependencies;
use crate::{Declaration, Expect, JsonType, Span};
use martlet_core::Type;
use std::collections::BTreeSet;

/// A declared SELECT.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its header.
    pub declaration: Declaration,
    /// Path relative to the app folder.
    pub file: String,
    /// The SELECT; of a query with `@page` that of its first page.
    pub statement: Statement,
    /// `@page`.
    pub page: Option<PagePlan>,
    /// What its answers rest on; of a query with `@page` those of its first page.
    pub dependencies: Dependencies,
}

impl Query {
    /// What an answer rests on that was made with so many arguments behind the declared ones: see [`PagePlan`].
    pub fn dependencies_of(&self, hidden: usize) -> &Dependencies {
        match &self.page {
            Some(page) if hidden > 1 => &page.after_dependencies,
            _ => &self.dependencies,
        }
    }
}

/// What `@page` adds. The statement's hidden parameters follow the declared ones: how many rows are wanted and, after
/// a cursor, the values of its keys. The hidden columns, the keys, follow the declared ones in every row.
#[derive(Debug, Clone)]
pub struct PagePlan {
    /// The SELECT of what comes after a cursor.
    pub after: Statement,
    /// What the answers of `after` rest on.
    pub after_dependencies: Dependencies,
    /// The page's columns, named as they are written.
    pub keys: Vec<Column>,
}

/// A declared transaction.
#[derive(Debug, Clone)]
pub struct Action {
    /// Its header.
    pub declaration: Declaration,
    /// Path relative to the app folder.
    pub file: String,
    /// The statements, in order.
    pub steps: Vec<Step>,
    /// Which step's rows are the answer: that of `@answer`, else the last.
    pub answer: usize,
}

/// One statement of an action.
#[derive(Debug, Clone)]
pub struct Step {
    /// The statement.
    pub statement: Statement,
    /// `@name`: later statements use its first row.
    pub name: Option<String>,
    /// `@expect`.
    pub expect: Option<Expect>,
}

/// One statement, compiled.
#[derive(Debug, Clone)]
pub struct Statement {
    /// What it does.
    pub kind: StatementKind,
    /// Where it stands in its file.
    pub span: Span,
    /// For SQLite, with `?1`, `?2`, ....
    pub sqlite: EngineText,
    /// For PostgreSQL: the author's own text with `$1`, `$2`, ....
    pub postgres: EngineText,
    /// What it gives, in order; empty: it answers nothing.
    pub columns: Vec<Column>,
    /// What each column looks like in an answer.
    pub json: Vec<JsonType>,
    /// Tables and columns that it reads, views resolved; sorted by table.
    pub reads: Vec<TableUse>,
    /// Tables and columns that it may write; sorted by table. A DELETE names every column.
    pub writes: Vec<TableUse>,
    /// Whether it gives the same for the same data.
    pub volatility: Volatility,
    /// At most so many rows by its own text (a key, LIMIT with a literal, an aggregate); none: unbounded.
    pub rows_max: Option<u64>,
}

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatementKind {
    /// SELECT or VALUES.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

/// The text for one engine and what is bound to its placeholders, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineText {
    /// The SQL.
    pub text: String,
    /// `binds[0]` is `?1` or `$1`.
    pub binds: Vec<Bind>,
}

/// What is bound to a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bind {
    /// An argument: index into [`Declaration::params`]. A list is a JSON array on SQLite.
    Parameter(usize),
    /// `:name.column`: the first row of an earlier step; null when it has none.
    StepColumn {
        /// Index into [`Action::steps`].
        step: usize,
        /// Index into its statement's columns.
        column: usize,
    },
    /// `auth.uid()`.
    UserId,
    /// `auth.role()`.
    Role,
    /// `auth.jwt()`, whole.
    Claims,
    /// `auth.jwt() ->> 'name'`: the claim as text, or null.
    Claim(String),
    /// `now()`: when the action started or the read arrived; canonical timestamptz text.
    Now,
    /// `current_date`: the day of `now()` in UTC.
    Today,
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The key in the answer.
    pub name: String,
    /// Always one that can be stored (`Type::is_storable`).
    pub ty: Type,
    /// Whether it may be null.
    pub is_nullable: bool,
}

/// A table and which of its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUse {
    /// The table's name.
    pub table: String,
    /// Its columns, sorted.
    pub columns: BTreeSet<String>,
}

/// Whether a statement gives the same for the same data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Volatility {
    /// The same for the same data and arguments.
    Immutable,
    /// Depends on when it is asked: now(), current_date.
    Timed,
    /// Different each time: random(), gen_random_uuid().
    Volatile,
}
