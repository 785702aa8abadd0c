//! The rules of a parameter, compiled, and what they say when they are broken.

use super::{Mistake, format};
use martlet_core::{Date, Error, Timestamp, Type, Value};
use martlet_sql::{Bound, Param, Rule};
use regex::{Regex, RegexBuilder};
use std::cmp::Ordering;
use std::fmt;

/// Bytes of a compiled expression; far more than a rule for a field needs.
const REGEX_SIZE_MAX: usize = 1 << 20;

#[derive(Debug)]
pub(super) enum CompiledRule {
    Range { low: Option<CompiledBound>, high: Option<CompiledBound> },
    OneOf { choices: Vec<Value>, shown: String },
    Email,
    Url,
    Matches(Regex),
}

#[derive(Debug)]
pub(super) enum CompiledBound {
    Literal(Magnitude),
    Parameter { index: usize, offset: i64 },
}

/// What a range compares: a value, a number of characters or a number of items.
///
/// Integers are wider than a bigint, so that a bound of an earlier parameter plus something never overflows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Magnitude {
    Integer(i128),
    Double(f64),
    Date(Date),
    Time(Timestamp),
}

/// What a range is of, which decides the words of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    Value,
    Characters,
    Items,
}

impl CompiledRule {
    /// None for the rules that change a value before all others.
    pub(super) fn new(rule: &Rule, param: &Param) -> Result<Option<Self>, Error> {
        Ok(Some(match rule {
            Rule::Trim | Rule::Lower => return Ok(None),
            Rule::Email => Self::Email,
            Rule::Url => Self::Url,
            Rule::Matches(expression) => Self::Matches(compile(expression, param)?),
            Rule::OneOf(choices) => Self::OneOf { choices: choices.clone(), shown: list_of(choices) },
            Rule::Range { low, high } => {
                let bound = |end: &Option<Bound>| end.as_ref().map(|end| CompiledBound::new(end, param)).transpose();
                Self::Range { low: bound(low)?, high: bound(high)? }
            }
        }))
    }

    /// Judges a value that is not null. A list is judged by its number of items, else item by item.
    pub(super) fn check(&self, value: &Value, param: &Param, earlier: &[Value]) -> Result<(), Mistake> {
        match (self, value) {
            (Self::Range { low, high }, _) => check_range(low.as_ref(), high.as_ref(), value, param, earlier),
            (_, Value::List(items)) => {
                for (index, item) in items.iter().enumerate().filter(|(_, item)| **item != Value::Null) {
                    self.check_one(item).map_err(|mistake| {
                        Mistake::new(mistake.code, format!("item {}: {}", index + 1, mistake.text))
                    })?;
                }
                Ok(())
            }
            _ => self.check_one(value),
        }
    }

    fn check_one(&self, value: &Value) -> Result<(), Mistake> {
        let text = match value {
            Value::Text(text) => text,
            _ => "",
        };
        match self {
            Self::OneOf { choices, shown } if !choices.iter().any(|choice| is_same(choice, value)) => {
                Err(Mistake::new("choice", format!("must be one of {shown}")))
            }
            Self::Email if !format::is_email(text) => Err(Mistake::new("format", "must be an e-mail address")),
            Self::Url if !format::is_url(text) => Err(Mistake::new("format", "must be an http or https URL")),
            Self::Matches(regex) if !regex.is_match(text) => {
                Err(Mistake::new("format", format!("must match /{}/", regex.as_str())))
            }
            _ => Ok(()),
        }
    }
}

/// Literals are in the form in which they are bound; a whole number may stand where a double is meant.
fn is_same(choice: &Value, value: &Value) -> bool {
    match (choice, value) {
        (Value::Integer(choice), Value::Double(value)) => widen(*choice).partial_cmp(value) == Some(Ordering::Equal),
        _ => choice == value,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a literal of a header beside a double: both are read as a double")]
fn widen(integer: i64) -> f64 {
    integer as f64
}

fn compile(expression: &str, param: &Param) -> Result<Regex, Error> {
    let compiled = RegexBuilder::new(expression).size_limit(REGEX_SIZE_MAX).build();
    compiled.map_err(|error| Error::internal(format!("the expression of parameter {}: {error}", param.name)))
}

fn list_of(choices: &[Value]) -> String {
    let shown = choices.iter().map(|choice| match choice {
        Value::Null => "null".to_owned(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Double(double) => double.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(_) => "a list".to_owned(),
    });
    shown.collect::<Vec<_>>().join(", ")
}

impl CompiledBound {
    fn new(bound: &Bound, param: &Param) -> Result<Self, Error> {
        Ok(match bound {
            Bound::Parameter { index, offset } => Self::Parameter { index: *index, offset: *offset },
            Bound::Literal(value) => {
                Self::Literal(magnitude(value, literal_type(param)).ok_or_else(|| {
                    Error::internal(format!("a bound of parameter {} cannot be compared", param.name))
                })?)
            }
        })
    }

    /// None where the earlier parameter is null or wrong: then this end is open.
    fn magnitude(&self, param: &Param, earlier: &[Value]) -> Option<Magnitude> {
        match self {
            Self::Literal(magnitude) => Some(*magnitude),
            Self::Parameter { index, offset } => {
                let magnitude = magnitude(earlier.get(*index)?, literal_type(param))?;
                Some(magnitude.plus(*offset))
            }
        }
    }
}

fn measure(param: &Param) -> Measure {
    match param.ty.base {
        _ if param.ty.is_list => Measure::Items,
        Type::Text | Type::Json | Type::Jsonb => Measure::Characters,
        _ => Measure::Value,
    }
}

/// The type in which the ends of a parameter's range are written.
fn literal_type(param: &Param) -> Type {
    match measure(param) {
        Measure::Value => param.ty.base,
        Measure::Characters | Measure::Items => Type::Bigint,
    }
}

fn magnitude(value: &Value, ty: Type) -> Option<Magnitude> {
    match (value, ty) {
        (Value::Integer(integer), Type::Double) => Some(Magnitude::Double(widen(*integer))),
        (Value::Integer(integer), _) => Some(Magnitude::Integer(i128::from(*integer))),
        (Value::Double(double), _) => Some(Magnitude::Double(*double)),
        (Value::Text(text), Type::Date) => Date::parse(text).ok().map(Magnitude::Date),
        (Value::Text(text), Type::Timestamptz) => Timestamp::parse(text).ok().map(Magnitude::Time),
        _ => None,
    }
}

fn measured(value: &Value, param: &Param) -> Option<Magnitude> {
    let count = |count: usize| i128::try_from(count).ok().map(Magnitude::Integer);
    match (value, measure(param)) {
        (Value::List(items), _) => count(items.len()),
        (Value::Text(text), Measure::Characters) => count(text.chars().count()),
        _ => magnitude(value, param.ty.base),
    }
}

impl Magnitude {
    /// Days for a date, whole numbers else; past the last date lies infinity, so that no later date is within.
    fn plus(self, offset: i64) -> Self {
        match self {
            Self::Integer(integer) => Self::Integer(integer + i128::from(offset)),
            Self::Double(double) => Self::Double(double + widen(offset)),
            Self::Date(date) => Self::Date(date.plus_days(offset).unwrap_or(if offset < 0 {
                Date::NEG_INFINITY
            } else {
                Date::INFINITY
            })),
            Self::Time(time) => Self::Time(time),
        }
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(&b)),
            (Self::Time(a), Self::Time(b)) => Some(a.cmp(&b)),
            (Self::Date(a), Self::Time(b)) => Some(a.midnight().cmp(&b)),
            (Self::Time(a), Self::Date(b)) => Some(a.cmp(&b.midnight())),
            (Self::Integer(_) | Self::Double(_), _) | (_, Self::Integer(_) | Self::Double(_)) => None,
        }
    }
}

impl fmt::Display for Magnitude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(integer) => integer.fmt(f),
            Self::Double(double) => double.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Time(time) => time.fmt(f),
        }
    }
}

fn check_range(
    low: Option<&CompiledBound>,
    high: Option<&CompiledBound>,
    value: &Value,
    param: &Param,
    earlier: &[Value],
) -> Result<(), Mistake> {
    let Some(given) = measured(value, param) else {
        return Err(Mistake::new("range", "cannot be compared"));
    };
    let bound = |end: Option<&CompiledBound>| end.and_then(|end| end.magnitude(param, earlier));
    let (low, high) = (bound(low), bound(high));
    let is_right = |end: Option<Magnitude>, wrong_side: Ordering| {
        end.is_none_or(|end| given.compare(end).is_some_and(|order| order != wrong_side))
    };
    if is_right(low, Ordering::Less) && is_right(high, Ordering::Greater) {
        return Ok(());
    }
    let between = match (low, high) {
        (Some(low), Some(high)) if low == high => format!("exactly {low}"),
        (Some(low), Some(high)) => format!("between {low} and {high}"),
        (Some(low), None) => format!("at least {low}"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "comparable".to_owned(),
    };
    Err(match measure(param) {
        Measure::Value => Mistake::new("range", format!("must be {between}")),
        Measure::Characters => Mistake::new("length", format!("must have {between} characters")),
        Measure::Items => Mistake::new("length", format!("must have {between} items")),
    })
}
