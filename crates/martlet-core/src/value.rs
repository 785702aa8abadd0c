//! A value on its way into a statement or out of one.

/// A value in the form in which every engine takes it.
///
/// Dates, times, uuids and JSON are `Text` in their canonical form: see [`crate::Type`].
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// SQL's null.
    #[default]
    Null,
    /// A boolean.
    Boolean(bool),
    /// An integer or bigint.
    Integer(i64),
    /// A double precision.
    Double(f64),
    /// Text, and all types that are written as text.
    Text(Box<str>),
    /// A list argument; never nested.
    List(Box<[Value]>),
}
