//! What the header of a query or action declares.

use crate::Span;
use martlet_core::{ParamType, Type, Value};

/// The header of one query or action, checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Declaration {
    /// The file's stem.
    pub name: String,
    /// The lines without a tag.
    pub description: String,
    /// Who may call besides the service; empty: only the service.
    pub allow: Vec<Allow>,
    /// In declared order.
    pub params: Vec<Param>,
    /// The answer's form.
    pub returns: Returns,
    /// The deadline from arrival; none: the setting's.
    pub timeout_ms: Option<u64>,
    /// `@cache`.
    pub cache: Option<Cache>,
    /// `@page`.
    pub page: Option<Page>,
    /// `@limit`.
    pub limits: Vec<Limit>,
    /// `@route`.
    pub routes: Vec<Route>,
    /// `@warm`.
    pub warm: Vec<Warm>,
    /// `@scan`.
    pub scans: Vec<Scan>,
    /// `@idempotent`.
    pub is_idempotent: bool,
    /// `@on`.
    pub on: Option<AccountEvent>,
}

/// `@cache`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cache {
    /// `for 30s`: upper bound of an entry's age; of `for 10s..2m` the second.
    pub for_ms: Option<u64>,
    /// `for 10s..2m`: from this age on an answer is renewed as often as it is read.
    pub from_ms: Option<u64>,
    /// `named NAME`: the bound is a setting.
    pub named: Option<String>,
    /// `stale 5s`: how long an answer may be served while the next is made.
    pub stale_ms: Option<u64>,
    /// `strong`.
    pub is_strong: bool,
    /// `off`.
    pub is_off: bool,
}

/// `@warm`: an answer that is computed before anybody asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Warm {
    /// The arguments, as indexes into `params` and values.
    pub arguments: Vec<(usize, Value)>,
    /// Where it is declared.
    pub span: Span,
}

/// `@page`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Expressions of the statement's FROM as written, with whether descending.
    pub by: Vec<(String, bool)>,
    /// Rows of a page where the caller names no size.
    pub size: u32,
    /// Largest size that a caller may name.
    pub size_max: u32,
    /// Where it is declared.
    pub span: Span,
}

/// `@limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// So many calls, which is also the burst.
    pub calls: u64,
    /// In so many milliseconds.
    pub window_ms: u64,
    /// Written with a number before the unit: a count in any such window. Else a rate: a burst, then evenly.
    pub is_count: bool,
    /// Each of what.
    pub per: LimitPer,
    /// For the refused.
    pub message: Option<String>,
}

/// What `@limit` counts apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitPer {
    /// All callers together.
    All,
    /// Each user; anonymous callers by address.
    User,
    /// Each address.
    Address,
    /// Each value of a parameter: index into `params`.
    Parameter(usize),
}

/// `@route`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `GET`, or another of an action.
    pub method: String,
    /// As written: `/api/events/{token}`.
    pub path: String,
    /// `deprecated 2027-01-31`.
    pub deprecated: Option<String>,
    /// Where it is declared.
    pub span: Span,
}

/// `@scan`: a full read of this table is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// The table.
    pub table: String,
    /// Why.
    pub reason: String,
    /// Where the table is named.
    pub span: Span,
}

/// `@on`: a change of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountEvent {
    /// `signup`.
    Signup,
    /// `user_update`.
    UserUpdate,
    /// `user_delete`.
    UserDelete,
}

/// One item of `@allow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allow {
    /// Everybody, with a token or without.
    Anyone,
    /// Any caller with a user's token, whatever its role.
    User,
    /// A caller whose token has this role.
    Role(String),
    /// The service, which always may.
    Service,
}

/// One `@param`.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// As in `:name`.
    pub name: String,
    /// Its type.
    pub ty: ParamType,
    /// In written order: `trim` and `lower` apply before the others whatever their place.
    pub rules: Vec<Rule>,
    /// May be absent; then the default, else null.
    pub is_optional: bool,
    /// The default, in the form in which it is bound.
    pub default: Option<Value>,
    /// The text after the rules; may be empty.
    pub description: String,
    /// Where it is declared.
    pub span: Span,
}

/// One rule of a parameter.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// `a..b`, `a..`, `..b`, both ends included: of a value, of a text's characters, of a list's items.
    Range {
        /// The lower end.
        low: Option<Bound>,
        /// The upper end.
        high: Option<Bound>,
    },
    /// `in (a, b)`.
    OneOf(Vec<Value>),
    /// `email`.
    Email,
    /// `url`.
    Url,
    /// `matches /re/`: the expression as written; it compiles.
    Matches(String),
    /// `trim`: blanks at both ends go before every other rule.
    Trim,
    /// `lower`: lower case before every other rule.
    Lower,
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A literal of the parameter's type, or a number of characters or items.
    Literal(Value),
    /// An earlier parameter plus or minus an integer: `check_in+30`.
    Parameter {
        /// Index into [`Declaration::params`].
        index: usize,
        /// What is added: days for a date.
        offset: Offset,
    },
}

/// What a bound adds to an earlier parameter.
pub type Offset = i64;

/// A literal in a header, before it is given a type.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Boolean(bool),
    /// Digits, with a sign, a point or an exponent: as written.
    Number(String),
    /// `'text'`, unescaped.
    Text(String),
}

/// `@returns`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Returns {
    /// An array of objects.
    #[default]
    Rows,
    /// One object.
    Row,
    /// The first column of the only row; null of none.
    Value,
    /// No body.
    Nothing,
}

/// `@expect` of a statement of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct Expect {
    /// How many rows must be returned, or affected without RETURNING.
    pub rows: ExpectedRows,
    /// 400 to 499.
    pub status: u16,
    /// `[a-z_]{3,40}`.
    pub code: String,
    /// For the client.
    pub message: String,
}

/// How many rows `@expect` wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedRows {
    /// `none`.
    None,
    /// `rows`: at least one.
    Some,
    /// `row` is exactly 1, `N rows` exactly N.
    Exactly(u64),
}

impl ExpectedRows {
    /// Whether so many rows are as expected.
    pub fn holds(self, rows: u64) -> bool {
        match self {
            ExpectedRows::None => rows == 0,
            ExpectedRows::Some => rows > 0,
            ExpectedRows::Exactly(wanted) => rows == wanted,
        }
    }
}

/// The type of a list's items or of the value itself.
impl Param {
    /// The type of one item.
    pub fn base(&self) -> Type {
        self.ty.base
    }
}
