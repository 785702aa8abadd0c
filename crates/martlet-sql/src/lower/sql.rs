//! Pieces of SQLite text that know how tightly they bind, and how names and constants are written.

use martlet_core::Value;

/// How tightly a piece binds in SQLite's grammar, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Or,
    And,
    Not,
    /// `=`, `<>`, `IS`, `IN`, `BETWEEN`, `LIKE`.
    Equality,
    /// `<`, `<=`, `>`, `>=`.
    Order,
    Add,
    Multiply,
    Concat,
    Negate,
    Primary,
}

impl Level {
    /// The level that an operand at the right of a left-associative operator must have.
    pub(super) fn tighter(self) -> Self {
        match self {
            Level::Or => Level::And,
            Level::And => Level::Not,
            Level::Not => Level::Equality,
            Level::Equality => Level::Order,
            Level::Order => Level::Add,
            Level::Add => Level::Multiply,
            Level::Multiply => Level::Concat,
            Level::Concat => Level::Negate,
            Level::Negate | Level::Primary => Level::Primary,
        }
    }
}

/// A piece of text and how tightly it binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) level: Level,
}

impl Sql {
    pub(super) fn new(text: impl Into<String>, level: Level) -> Self {
        Self { text: text.into(), level }
    }

    /// A name, a constant, a call or anything in brackets.
    pub(super) fn primary(text: impl Into<String>) -> Self {
        Self::new(text, Level::Primary)
    }

    /// The text, in brackets where it binds looser than `level`.
    pub(super) fn at(self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text }
    }

    /// `left operator right` of a left-associative operator.
    pub(super) fn binary(left: Sql, operator: &str, right: Sql, level: Level) -> Self {
        Self::new(format!("{} {operator} {}", left.at(level), right.at(level.tighter())), level)
    }

    /// `not x`.
    pub(super) fn not(self) -> Self {
        Self::new(format!("NOT {}", self.at(Level::Not)), Level::Not)
    }

    /// `not x` where it is asked for.
    pub(super) fn not_if(self, is_negated: bool) -> Self {
        if is_negated { self.not() } else { self }
    }
}

/// `name(arg, ...)`.
pub(super) fn call(name: &str, args: impl IntoIterator<Item = Sql>) -> Sql {
    let args: Vec<String> = args.into_iter().map(|arg| arg.text).collect();
    Sql::primary(format!("{name}({})", args.join(", ")))
}

/// A name in double quotes, always: what is a keyword differs between the engines.
pub(super) fn name(text: &str) -> String {
    // NUL marks placeholders until the statement is whole; no name has one.
    format!("\"{}\"", text.replace('"', "\"\"").replace('\0', ""))
}

/// A text constant.
pub(super) fn text(value: &str) -> Sql {
    // NUL marks placeholders until the statement is whole; PostgreSQL's text has none.
    Sql::primary(format!("'{}'", value.replace('\'', "''").replace('\0', "")))
}

/// A constant.
pub(super) fn literal(value: &Value) -> Sql {
    match value {
        Value::Null => Sql::primary("NULL"),
        Value::Boolean(value) => Sql::primary(if *value { "1" } else { "0" }),
        Value::Integer(value) => number(value.to_string()),
        Value::Double(value) => double(*value),
        Value::Text(value) => text(value),
        // Lists are bound, never written.
        Value::List(_) => Sql::primary("NULL"),
    }
}

/// SQLite reads up to 15 digits with a small exponent exactly; of the others it may miss the last bit.
fn double(value: f64) -> Sql {
    let shortest = format!("{value:?}");
    let digits = shortest.bytes().filter(u8::is_ascii_digit).count();
    if value.is_finite() && digits <= 15 && !shortest.contains('e') {
        number(shortest)
    } else {
        call("float8in", [text(&shortest)])
    }
}

fn number(digits: String) -> Sql {
    let level = if digits.starts_with('-') { Level::Negate } else { Level::Primary };
    Sql::new(digits, level)
}
