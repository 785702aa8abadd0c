//! SQL functions that every SQLite connection has: PostgreSQL's, under its names and with its errors.
//!
//! Values are passed in their stored form: boolean 0 or 1, date, timestamptz, uuid, json and jsonb as text. Three
//! types are of expressions only: `numeric` is its text, `timestamp` is timestamptz's text without the offset,
//! `interval` is `MONTHS DAYS MICROS`. All functions are strict (null gives null) unless their name says otherwise
//! here: the JSON constructors, `greatest`, `least`, `limit_count`, `offset_count` and the aggregates.

mod aggregate;
mod arithmetic;
mod case;
mod cast;
mod guard;
mod json;
mod json_access;
mod json_concat;
mod like;
mod numeric;
mod random;
mod series;
mod text;
mod time;

use martlet_core::{Code, code, limits};
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSql, ValueRef};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What the SQLite functions of the same names are on PostgreSQL: schema `martlet`, to be on the search path.
pub const POSTGRES_PRELUDE: &str = include_str!("functions/prelude.sql");

/// Tells whether the statement that is running must stop.
pub(crate) type Watch = Arc<dyn Fn() -> bool + Send + Sync>;

/// Bytes of a text from which on a function asks first whether its statement must stop: between two looks of the
/// virtual machine's own there may be a hundred calls, and each may take milliseconds over megabytes.
const WATCHED_SIZE_MIN: usize = 2_048;

/// Registers every function; `now` holds the microseconds that `now()` gives, for column defaults.
pub fn register(connection: &Connection, now: &Arc<AtomicI64>) -> rusqlite::Result<()> {
    register_watched(connection, now, &(Arc::new(|| false) as Watch))
}

/// As [`register`]; a function over a large text is refused with 57014 where its statement must stop.
pub(crate) fn register_watched(connection: &Connection, now: &Arc<AtomicI64>, watch: &Watch) -> rusqlite::Result<()> {
    let registry = Registry { connection, watch: Arc::clone(watch) };
    arithmetic::register(&registry)?;
    numeric::register(&registry)?;
    cast::register(&registry)?;
    time::register(&registry)?;
    text::register(&registry)?;
    json::register(&registry)?;
    json_access::register(&registry)?;
    json_concat::register(&registry)?;
    series::register(&registry)?;
    guard::register(&registry)?;
    aggregate::register(&registry)?;
    random::register(&registry)?;
    let now = Arc::clone(now);
    registry.volatile("now", 0, move |_| {
        Ok(martlet_core::Timestamp::from_micros(now.load(Ordering::Relaxed)).to_string())
    })?;
    rusqlite::vtab::series::load_module(connection)
}

/// Splits the message of a function's error, `@SQLSTATE@message`, into its two parts.
pub(crate) fn decode_error(message: &str) -> Option<(&str, &str)> {
    let (sqlstate, message) = message.strip_prefix('@')?.split_once('@')?;
    (sqlstate.len() == 5).then_some((sqlstate, message))
}

/// An error of a function, by PostgreSQL's SQLSTATE and words.
#[derive(Debug, thiserror::Error)]
#[error("@{sqlstate}@{message}")]
struct Raise {
    sqlstate: &'static str,
    message: Cow<'static, str>,
}

impl Raise {
    fn new(code: &'static Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { sqlstate: code.code, message: message.into() }
    }

    /// A text that is no value of a type.
    fn invalid_text(ty: &str, text: &str) -> Self {
        Self::new(&code::INVALID_TEXT, format!("invalid input syntax for type {ty}: \"{}\"", shortened(text)))
    }
}

impl From<martlet_core::json::JsonError> for Raise {
    fn from(fault: martlet_core::json::JsonError) -> Self {
        Self { sqlstate: fault.sqlstate(), message: fault.to_string().into() }
    }
}

impl From<Raise> for rusqlite::Error {
    fn from(raise: Raise) -> Self {
        Self::UserFunctionError(Box::new(raise))
    }
}

/// Characters of a value that a message repeats.
const QUOTED_CHARS_MAX: usize = 200;

fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Refuses a text that is longer than any that can be stored.
fn check_size(len: usize) -> Result<(), Raise> {
    if len > limits::CELL_SIZE_MAX {
        let message = format!("a value has more than {} bytes", limits::CELL_SIZE_MAX);
        return Err(Raise::new(&code::ANSWER_TOO_LARGE, message));
    }
    Ok(())
}

const DETERMINISTIC: FunctionFlags =
    FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC).union(FunctionFlags::SQLITE_INNOCUOUS);
const VOLATILE: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_INNOCUOUS);

/// Any number of arguments.
const VARIADIC: i32 = -1;

struct Registry<'c> {
    connection: &'c Connection,
    watch: Watch,
}

impl Registry<'_> {
    /// A function that gives null where an argument is null.
    fn strict<T: ToSql>(
        &self,
        name: &str,
        arguments: i32,
        function: impl Fn(&Arguments<'_>) -> Result<T, Raise> + Send + 'static,
    ) -> rusqlite::Result<()> {
        let watch = Arc::clone(&self.watch);
        self.connection.create_scalar_function(name, arguments, DETERMINISTIC, move |context| {
            if (0..context.len()).any(|index| context.get_raw(index) == ValueRef::Null) {
                return Ok(None);
            }
            Ok(Some(function(&Arguments { context, watch: &watch })?))
        })
    }

    /// A function that sees its nulls.
    fn lenient<T: ToSql>(
        &self,
        name: &str,
        arguments: i32,
        function: impl Fn(&Arguments<'_>) -> Result<T, Raise> + Send + 'static,
    ) -> rusqlite::Result<()> {
        let watch = Arc::clone(&self.watch);
        self.connection.create_scalar_function(name, arguments, DETERMINISTIC, move |context| {
            Ok(function(&Arguments { context, watch: &watch })?)
        })
    }

    /// A strict function that gives something else each time.
    fn volatile<T: ToSql>(
        &self,
        name: &str,
        arguments: i32,
        function: impl Fn(&Arguments<'_>) -> Result<T, Raise> + Send + 'static,
    ) -> rusqlite::Result<()> {
        let watch = Arc::clone(&self.watch);
        self.connection.create_scalar_function(name, arguments, VOLATILE, move |context| {
            if (0..context.len()).any(|index| context.get_raw(index) == ValueRef::Null) {
                return Ok(None);
            }
            Ok(Some(function(&Arguments { context, watch: &watch })?))
        })
    }
}

/// A function's arguments, taken by their static types.
struct Arguments<'a> {
    context: &'a Context<'a>,
    watch: &'a Watch,
}

impl Arguments<'_> {
    fn len(&self) -> usize {
        self.context.len()
    }

    fn raw(&self, index: usize) -> ValueRef<'_> {
        self.context.get_raw(index)
    }

    fn is_null(&self, index: usize) -> bool {
        self.raw(index) == ValueRef::Null
    }

    fn integer(&self, index: usize) -> Result<i64, Raise> {
        integer_of(self.raw(index))
    }

    fn double(&self, index: usize) -> Result<f64, Raise> {
        double_of(self.raw(index))
    }

    fn text(&self, index: usize) -> Result<&str, Raise> {
        let text = text_of(self.raw(index))?;
        if text.len() >= WATCHED_SIZE_MIN && (self.watch)() {
            return Err(Raise::new(&code::DEADLINE, "the deadline passed; nothing was written"));
        }
        Ok(text)
    }
}

fn integer_of(value: ValueRef<'_>) -> Result<i64, Raise> {
    match value {
        ValueRef::Integer(value) => Ok(value),
        _ => Err(wrong_class()),
    }
}

fn double_of(value: ValueRef<'_>) -> Result<f64, Raise> {
    match value {
        ValueRef::Real(value) => Ok(value),
        ValueRef::Integer(value) => Ok(value as f64),
        _ => Err(wrong_class()),
    }
}

fn text_of(value: ValueRef<'_>) -> Result<&str, Raise> {
    match value {
        ValueRef::Text(text) => {
            std::str::from_utf8(text).map_err(|_| Raise::new(&code::TEXT_BYTES, "a text is not valid UTF-8"))
        }
        _ => Err(wrong_class()),
    }
}

/// The compiler's static types exclude it; a foreign writer's row may still hold it.
fn wrong_class() -> Raise {
    Raise::new(&code::OUT_OF_RANGE, "a value is not of its column's type")
}

#[cfg(test)]
mod tests;
