//! Arithmetic that never wraps, never turns into a double, and refuses to divide by zero.

use super::{Arguments, Raise, Registry};
use martlet_core::code;
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::cmp::Ordering;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    for (name, operation) in [
        ("pl", i64::checked_add as fn(i64, i64) -> Option<i64>),
        ("mi", i64::checked_sub),
        ("mul", i64::checked_mul),
        ("div", i64::checked_div),
        // The remainder by -1 is 0 even where the quotient overflows.
        ("mod", |a, b| Some(a.wrapping_rem(b))),
    ] {
        let divides = matches!(name, "div" | "mod");
        registry.strict(&format!("int4{name}"), 2, move |arguments| int4(binary(arguments, operation, divides)?))?;
        registry.strict(&format!("int8{name}"), 2, move |arguments| {
            binary(arguments, operation, divides)?.ok_or_else(bigint_out_of_range)
        })?;
    }
    registry.strict("int4um", 1, |arguments| int4(arguments.integer(0)?.checked_neg()))?;
    registry.strict("int8um", 1, |arguments| arguments.integer(0)?.checked_neg().ok_or_else(bigint_out_of_range))?;
    registry.strict("int4abs", 1, |arguments| int4(arguments.integer(0)?.checked_abs()))?;
    registry.strict("int8abs", 1, |arguments| arguments.integer(0)?.checked_abs().ok_or_else(bigint_out_of_range))?;
    register_doubles(registry)?;
    registry.lenient_choice("greatest", Ordering::Greater)?;
    registry.lenient_choice("least", Ordering::Less)?;
    registry.lenient("limit_count", 1, |arguments| match arguments.raw(0) {
        ValueRef::Null => Ok(-1),
        _ if arguments.integer(0)? < 0 => Err(Raise::new(&code::NEGATIVE_LIMIT, "LIMIT must not be negative")),
        _ => arguments.integer(0),
    })?;
    registry.lenient("offset_count", 1, |arguments| match arguments.raw(0) {
        ValueRef::Null => Ok(0),
        _ if arguments.integer(0)? < 0 => Err(Raise::new(&code::NEGATIVE_OFFSET, "OFFSET must not be negative")),
        _ => arguments.integer(0),
    })?;
    registry.strict("series_step", 1, |arguments| match arguments.integer(0)? {
        0 => Err(Raise::new(&code::INVALID_PARAMETER, "step size cannot equal zero")),
        step => Ok(step),
    })
}

fn register_doubles(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("float8pl", 2, |arguments| {
        let (a, b) = (arguments.double(0)?, arguments.double(1)?);
        overflow_checked(a + b, a.is_infinite() || b.is_infinite())
    })?;
    registry.strict("float8mi", 2, |arguments| {
        let (a, b) = (arguments.double(0)?, arguments.double(1)?);
        overflow_checked(a - b, a.is_infinite() || b.is_infinite())
    })?;
    registry.strict("float8mul", 2, |arguments| {
        let (a, b) = (arguments.double(0)?, arguments.double(1)?);
        if a * b == 0.0 && a != 0.0 && b != 0.0 {
            return Err(underflow());
        }
        overflow_checked(a * b, a.is_infinite() || b.is_infinite())
    })?;
    registry.strict("float8div", 2, |arguments| {
        let (a, b) = (arguments.double(0)?, arguments.double(1)?);
        if b == 0.0 {
            return Err(division_by_zero());
        }
        if a / b == 0.0 && a != 0.0 && b.is_finite() {
            return Err(underflow());
        }
        overflow_checked(a / b, a.is_infinite())
    })?;
    registry.strict("float8um", 1, |arguments| Ok(0.0 - arguments.double(0)?))?;
    registry.strict("float8abs", 1, |arguments| Ok(arguments.double(0)?.abs()))?;
    registry.strict("round", 1, |arguments| Ok(arguments.double(0)?.round_ties_even()))?;
    registry.strict("floor", 1, |arguments| Ok(arguments.double(0)?.floor()))?;
    registry.strict("ceil", 1, |arguments| Ok(arguments.double(0)?.ceil()))
}

impl Registry<'_> {
    /// `greatest` and `least`: nulls are passed over.
    fn lenient_choice(&self, name: &str, wanted: Ordering) -> rusqlite::Result<()> {
        self.connection.create_scalar_function(name, super::VARIADIC, super::DETERMINISTIC, move |context| {
            let mut chosen: Option<usize> = None;
            for index in (0..context.len()).filter(|index| context.get_raw(*index) != ValueRef::Null) {
                let is_better = match chosen {
                    None => true,
                    Some(best) => compare(context.get_raw(index), context.get_raw(best))? == wanted,
                };
                if is_better {
                    chosen = Some(index);
                }
            }
            Ok(chosen.map_or(ToSqlOutput::Borrowed(ValueRef::Null), ToSqlOutput::Arg))
        })
    }
}

/// Compares two values of one type, neither null.
fn compare(a: ValueRef<'_>, b: ValueRef<'_>) -> Result<Ordering, Raise> {
    match (a, b) {
        (ValueRef::Integer(a), ValueRef::Integer(b)) => Ok(a.cmp(&b)),
        (ValueRef::Text(a), ValueRef::Text(b)) => Ok(a.cmp(b)),
        _ => Ok(super::double_of(a)?.total_cmp(&super::double_of(b)?)),
    }
}

fn binary(
    arguments: &Arguments<'_>,
    operation: fn(i64, i64) -> Option<i64>,
    divides: bool,
) -> Result<Option<i64>, Raise> {
    let (a, b) = (arguments.integer(0)?, arguments.integer(1)?);
    if divides && b == 0 {
        return Err(division_by_zero());
    }
    Ok(operation(a, b))
}

fn int4(value: Option<i64>) -> Result<i64, Raise> {
    value.filter(|value| i32::try_from(*value).is_ok()).ok_or_else(integer_out_of_range)
}

pub(super) fn integer_out_of_range() -> Raise {
    Raise::new(&code::OUT_OF_RANGE, "integer out of range")
}

pub(super) fn bigint_out_of_range() -> Raise {
    Raise::new(&code::OUT_OF_RANGE, "bigint out of range")
}

pub(super) fn division_by_zero() -> Raise {
    Raise::new(&code::DIVISION_BY_ZERO, "division by zero")
}

pub(super) fn overflow() -> Raise {
    Raise::new(&code::OUT_OF_RANGE, "value out of range: overflow")
}

fn underflow() -> Raise {
    Raise::new(&code::OUT_OF_RANGE, "value out of range: underflow")
}

/// An infinity out of finite numbers is an overflow; NaN, which SQLite cannot hold, is refused.
pub(super) fn overflow_checked(value: f64, may_be_infinite: bool) -> Result<f64, Raise> {
    if value.is_nan() {
        return Err(Raise::new(&code::OUT_OF_RANGE, "NaN is not supported"));
    }
    if value.is_infinite() && !may_be_infinite { Err(overflow()) } else { Ok(value) }
}
