//! Expressions.

use super::{
    AggregateFunction, BinaryOperator, CompareOperator, DateField, Function, RelationId, Select, WindowFunction,
};
use crate::Span;
use martlet_core::{Type, Value};

/// An expression with its static type, nullability and place.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// `Numeric` only under a cast: of aggregates, `extract`, literals, `round` and its kin, `coalesce` and `case`.
    /// `Unknown` only of a poisoned expression, which never leaves the resolver.
    pub ty: Type,
    /// Whether it may be null.
    pub is_nullable: bool,
    /// Where it is written.
    pub span: Span,
}

/// The same expression, wherever it is written.
impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.ty == other.ty && self.kind == other.kind
    }
}

/// What an expression is. Operands already have the types that the operator or function takes: every conversion,
/// implicit or written, is a [`ExprKind::Cast`].
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// A column of a relation in scope, of this query or of one around it.
    Column {
        /// The relation.
        relation: RelationId,
        /// Index into its columns.
        column: usize,
    },
    /// A column of the query's own result, by position from 0: only as a whole item of ORDER BY or DISTINCT ON.
    Output(usize),
    /// `:name`: index into the declaration's parameters. Never a list.
    Parameter(usize),
    /// `:step.column`.
    StepColumn {
        /// Index into the action's steps.
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
    /// `auth.jwt() ->> 'name'`.
    Claim(String),
    /// `now()`.
    Now,
    /// `current_date`.
    Today,
    /// A constant in the canonical form of its type; an interval is `MONTHS DAYS MICROS`, a timestamp is written as
    /// a timestamptz without the offset, a numeric is `Text` as PostgreSQL prints it. There is none of type jsonb: it is
    /// a cast of a text.
    Literal(Value),
    /// A conversion to this expression's type from the operand's.
    Cast(Box<Expr>),
    /// `- x`: integer, bigint, double or interval.
    Negate(Box<Expr>),
    /// An operator whose name says its types.
    Binary {
        /// Which.
        operator: BinaryOperator,
        /// Of the operator's left type.
        left: Box<Expr>,
        /// Of the operator's right type.
        right: Box<Expr>,
    },
    /// Both sides have one type, which has an order (for `=` and `<>`: an equality).
    Compare {
        /// Which.
        operator: CompareOperator,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `(a, b) < (c, d)`: as many on both sides, at least two, types equal in pairs.
    RowCompare {
        /// Which.
        operator: CompareOperator,
        /// The left side.
        left: Vec<Expr>,
        /// The right side.
        right: Vec<Expr>,
    },
    /// At least two booleans.
    And(Vec<Expr>),
    /// At least two booleans.
    Or(Vec<Expr>),
    /// A boolean.
    Not(Box<Expr>),
    /// `is null`, `is not null`.
    IsNull {
        /// What is looked at.
        operand: Box<Expr>,
        /// `is not null`.
        is_negated: bool,
    },
    /// `is distinct from`, `is not distinct from`.
    IsDistinct {
        /// The left side.
        left: Box<Expr>,
        /// The right side, of the same type.
        right: Box<Expr>,
        /// `is not distinct from`.
        is_negated: bool,
    },
    /// `between low and high`, all of one type.
    Between {
        /// What is looked at.
        operand: Box<Expr>,
        /// The lower end, included.
        low: Box<Expr>,
        /// The upper end, included.
        high: Box<Expr>,
        /// `not between`.
        is_negated: bool,
    },
    /// `like` and `ilike` on text; the escape is the backslash.
    Like {
        /// What is looked at.
        operand: Box<Expr>,
        /// The pattern.
        pattern: Box<Expr>,
        /// `ilike`.
        ignores_case: bool,
        /// `not like`.
        is_negated: bool,
    },
    /// `in (a, b)`, all of one type.
    InList {
        /// What is looked at.
        operand: Box<Expr>,
        /// Never empty.
        list: Vec<Expr>,
        /// `not in`.
        is_negated: bool,
    },
    /// `in (select ..)` and `= any(select ..)`; several operands are a row.
    InSubquery {
        /// As many as the subquery has columns, types equal in pairs.
        operands: Vec<Expr>,
        /// The subquery.
        query: Box<Select>,
        /// `not in`.
        is_negated: bool,
    },
    /// `= any(:list)`.
    AnyList {
        /// What is looked at; the list's items have its type, or are integers where it is a bigint or a double.
        operand: Box<Expr>,
        /// Index of the list parameter.
        parameter: usize,
        /// Type of the list's items.
        item: Type,
    },
    /// `exists (select ..)`; `not exists` is under [`ExprKind::Not`].
    Exists(Box<Select>),
    /// A subquery of one column as a value: no row is null, several are error 21000.
    Scalar(Box<Select>),
    /// `case`.
    Case {
        /// `case x when ..`; computed once; of the type of the conditions.
        operand: Option<Box<Expr>>,
        /// Condition (without an operand a boolean) and result, all results of one type.
        branches: Vec<(Expr, Expr)>,
        /// None: null.
        otherwise: Option<Box<Expr>>,
    },
    /// At least one, all of one type.
    Coalesce(Vec<Expr>),
    /// Both of one type.
    NullIf(Box<Expr>, Box<Expr>),
    /// At least one, all of one type; nulls are passed over.
    Greatest(Vec<Expr>),
    /// At least one, all of one type; nulls are passed over.
    Least(Vec<Expr>),
    /// `extract(field from operand)`: a numeric. The operand is a date, timestamptz, timestamp or interval.
    Extract {
        /// What is taken.
        field: DateField,
        /// From what.
        operand: Box<Expr>,
    },
    /// A function of the closed list.
    Call {
        /// Which; its name says the types where there are several.
        function: Function,
        /// As its signature takes them.
        args: Vec<Expr>,
    },
    /// `json_build_object`, `jsonb_build_object`; which, the type says. Keys are text and not null.
    JsonObject(Vec<(Expr, Expr)>),
    /// `json_build_array`, `jsonb_build_array`; which, the type says.
    JsonArray(Vec<Expr>),
    /// An aggregate; only in a grouped core's projection, HAVING and order.
    Aggregate {
        /// Which.
        function: AggregateFunction,
        /// As it takes them; `count(*)` has none.
        args: Vec<Expr>,
        /// `distinct`.
        is_distinct: bool,
        /// `filter (where ..)`.
        filter: Option<Box<Expr>>,
        /// Only of `string_agg`, `json_agg` and `jsonb_agg`.
        order_by: Vec<OrderItem>,
    },
    /// A window function; named windows are written out.
    Window {
        /// Which.
        function: WindowFunction,
        /// As it takes them.
        args: Vec<Expr>,
        /// `partition by`.
        partition_by: Vec<Expr>,
        /// `order by`.
        order_by: Vec<OrderItem>,
        /// None: PostgreSQL's default, which is SQLite's too.
        frame: Option<Frame>,
    },
}

/// One item of ORDER BY.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderItem {
    /// By what.
    pub expr: Expr,
    /// `desc`.
    pub is_descending: bool,
    /// Where nulls come; PostgreSQL's default (last when ascending) is filled in.
    pub nulls_first: bool,
}

/// `rows between .. and ..`, the only kind of frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Where it begins.
    pub start: FrameBound,
    /// Where it ends, included.
    pub end: FrameBound,
}

/// An end of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameBound {
    /// `unbounded preceding`.
    UnboundedPreceding,
    /// `N preceding`.
    Preceding(u32),
    /// `current row`.
    CurrentRow,
    /// `N following`.
    Following(u32),
    /// `unbounded following`.
    UnboundedFollowing,
}
