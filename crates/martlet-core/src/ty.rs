//! The types of the one dialect.

use std::fmt;

/// A type of PostgreSQL's that Martlet knows.
///
/// How a value of each is stored on SQLite is said in docs/sql.md: boolean as 0 or 1; date, timestamptz, uuid,
/// json and jsonb as text in the form in which PostgreSQL prints them in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Type {
    /// `integer`, 32 bits.
    Integer,
    /// `bigint`, 64 bits.
    Bigint,
    /// `double precision`.
    Double,
    /// `boolean`.
    Boolean,
    /// `text`.
    Text,
    /// `date`.
    Date,
    /// `timestamptz`, microseconds, always shown in UTC.
    Timestamptz,
    /// `uuid`.
    Uuid,
    /// `json`: the text as it was written.
    Json,
    /// `jsonb`: keys ordered by length, then bytes; the last duplicate wins.
    Jsonb,
    /// `numeric`: only under a cast, never a column or an answer.
    Numeric,
    /// `timestamp`: of expressions only.
    Timestamp,
    /// `interval`: of expressions only.
    Interval,
    /// A literal whose type is not decided yet, and null.
    Unknown,
}

impl Type {
    /// The name in PostgreSQL.
    pub fn name(self) -> &'static str {
        match self {
            Type::Integer => "integer",
            Type::Bigint => "bigint",
            Type::Double => "double precision",
            Type::Boolean => "boolean",
            Type::Text => "text",
            Type::Date => "date",
            Type::Timestamptz => "timestamptz",
            Type::Uuid => "uuid",
            Type::Json => "json",
            Type::Jsonb => "jsonb",
            Type::Numeric => "numeric",
            Type::Timestamp => "timestamp",
            Type::Interval => "interval",
            Type::Unknown => "unknown",
        }
    }

    /// Whether a column, a parameter or an answer may have it.
    pub fn is_storable(self) -> bool {
        !matches!(self, Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The type of a parameter: a value, or a list of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ParamType {
    /// The type of the value or of the items.
    pub base: Type,
    /// `TYPE[]`.
    pub is_list: bool,
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.base, if self.is_list { "[]" } else { "" })
    }
}
