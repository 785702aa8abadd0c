//! One value, from JSON or from the text of a URL, to the canonical form in which it is bound.

use super::{Mistake, json::depth, list};
use martlet_core::json::JsonError;
use martlet_core::{Date, ParamType, Timestamp, Type, Value, limits};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A value as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written<'a> {
    /// Valid JSON without blanks around it.
    Json(&'a str),
    /// The decoded text of a URL: always a text or what a text says, never null.
    Text(&'a str),
}

impl Written<'_> {
    pub(super) fn is_null(self) -> bool {
        matches!(self, Written::Json("null"))
    }
}

/// Reads a value that is not null.
pub(super) fn value(written: Written<'_>, ty: ParamType) -> Result<Value, Mistake> {
    if !ty.is_list {
        return scalar(written, ty.base);
    }
    let items = match written {
        Written::Text(text) => list_from_text(text, ty.base)?,
        Written::Json(json) => list_from_json(json, ty.base)?,
    };
    Ok(Value::List(items.into()))
}

fn list_from_text(text: &str, base: Type) -> Result<Vec<Value>, Mistake> {
    let read = |(index, item): (usize, Option<String>)| match item {
        Some(text) => scalar(Written::Text(&text), base).map_err(|mistake| in_item(index, &mistake)),
        None => Ok(Value::Null),
    };
    list::items(text)?.into_iter().enumerate().map(read).collect()
}

fn list_from_json(json: &str, base: Type) -> Result<Vec<Value>, Mistake> {
    let wrong = |_| Mistake::new("type", format!("must be a list of {}", noun(base)));
    let items = super::json::items(json, limits::LIST_ITEMS_MAX).map_err(wrong)?;
    let Some(items) = items else {
        return Err(list::too_many());
    };
    let read = |(index, item): (usize, &&RawValue)| match item.get() {
        "null" => Ok(Value::Null),
        json => scalar(Written::Json(json), base).map_err(|mistake| in_item(index, &mistake)),
    };
    items.iter().enumerate().map(read).collect()
}

fn in_item(index: usize, mistake: &Mistake) -> Mistake {
    Mistake::new(mistake.code, format!("item {}: {}", index + 1, mistake.text))
}

fn scalar(written: Written<'_>, base: Type) -> Result<Value, Mistake> {
    match base {
        Type::Integer => integer(written, i64::from(i32::MIN)..=i64::from(i32::MAX), Type::Integer),
        Type::Bigint => integer(written, i64::MIN..=i64::MAX, Type::Bigint),
        Type::Double => double(written),
        Type::Boolean => boolean(written),
        Type::Text => text(written).map(|text| Value::Text(text.into())),
        Type::Date => parsed(written, base, |text| Date::parse(text).ok().map(|date| date.to_string())),
        Type::Timestamptz => parsed(written, base, |text| Timestamp::parse(text).ok().map(|time| time.to_string())),
        Type::Uuid => parsed(written, base, canonical_uuid),
        Type::Json | Type::Jsonb => json(written, base),
        Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => Err(wrong_type(base)),
    }
}

fn wrong_type(base: Type) -> Mistake {
    Mistake::new("type", format!("must be {}", indefinite(base)))
}

fn indefinite(base: Type) -> &'static str {
    match base {
        Type::Integer => "a whole number",
        Type::Bigint => "a whole number (or a string of its digits)",
        Type::Double => "a number",
        Type::Boolean => "true or false",
        Type::Text => "a text",
        Type::Date => "a date such as 2026-01-31",
        Type::Timestamptz => "a time such as 2026-01-31T12:00:00Z",
        Type::Uuid => "a uuid such as 00000000-0000-4000-8000-000000000000",
        Type::Json | Type::Jsonb => "JSON",
        Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => "of a type that can be stored",
    }
}

fn noun(base: Type) -> &'static str {
    match base {
        Type::Integer | Type::Bigint => "whole numbers",
        Type::Double => "numbers",
        Type::Boolean => "true or false",
        Type::Text => "texts",
        Type::Date => "dates",
        Type::Timestamptz => "times",
        Type::Uuid => "uuids",
        _ => "values",
    }
}

fn integer(written: Written<'_>, range: std::ops::RangeInclusive<i64>, base: Type) -> Result<Value, Mistake> {
    let digits = match written {
        // A bigint beyond 2^53 cannot be a number of JavaScript's: it may be a string of digits.
        Written::Json(json) if json.starts_with('"') && base == Type::Bigint => text(written)?,
        Written::Json(json) => Cow::Borrowed(json),
        Written::Text(text) => Cow::Borrowed(text),
    };
    let is_whole = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_whole(digits.strip_prefix('-').unwrap_or(&digits)) {
        return Err(wrong_type(base));
    }
    match digits.parse() {
        Ok(number) if range.contains(&number) => Ok(Value::Integer(number)),
        _ => Err(Mistake::new("range", format!("must be between {} and {}", range.start(), range.end()))),
    }
}

fn double(written: Written<'_>) -> Result<Value, Mistake> {
    let (Written::Json(digits) | Written::Text(digits)) = written;
    // Rust also reads `inf`, `nan` and a leading plus.
    let is_written_out = digits.starts_with(|c: char| c.is_ascii_digit() || c == '-')
        && digits.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    match digits.parse::<f64>() {
        Ok(0.0) if is_written_out && !is_zero(digits) => {
            Err(Mistake::new("range", "is too small for a double precision number"))
        }
        Ok(number) if is_written_out && number.is_finite() => Ok(Value::Double(number)),
        Ok(_) if is_written_out => Err(Mistake::new("range", "is too large for a double precision number")),
        _ => Err(wrong_type(Type::Double)),
    }
}

/// Whether a number is written as zero; one that only becomes zero is refused, as in PostgreSQL.
fn is_zero(digits: &str) -> bool {
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

fn boolean(written: Written<'_>) -> Result<Value, Mistake> {
    match written {
        Written::Json("true") | Written::Text("true") => Ok(Value::Boolean(true)),
        Written::Json("false") | Written::Text("false") => Ok(Value::Boolean(false)),
        _ => Err(wrong_type(Type::Boolean)),
    }
}

/// A text: a JSON string, or the URL's own. No engine stores the character NUL.
fn text(written: Written<'_>) -> Result<Cow<'_, str>, Mistake> {
    let text = match written {
        Written::Text(text) => Cow::Borrowed(text),
        Written::Json(json) => {
            plain_string(json).map_or_else(|| escaped_string(json), |text| Ok(Cow::Borrowed(text)))?
        }
    };
    if text.contains('\0') {
        return Err(Mistake::new("format", "must not contain the character NUL"));
    }
    if text.len() > limits::CELL_SIZE_MAX {
        return Err(Mistake::new("length", format!("must have at most {} bytes", limits::CELL_SIZE_MAX)));
    }
    Ok(text)
}

/// The inside of a JSON string without escapes.
fn plain_string(json: &str) -> Option<&str> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('\\')).then_some(inner)
}

fn escaped_string(json: &str) -> Result<Cow<'_, str>, Mistake> {
    if !json.starts_with('"') {
        return Err(wrong_type(Type::Text));
    }
    // The string is valid JSON already: only half of a surrogate pair is left to be wrong.
    let half = |_| Mistake::new("format", "must be valid Unicode: it has half of a surrogate pair");
    serde_json::from_str::<String>(json).map(Cow::Owned).map_err(half)
}

fn parsed(written: Written<'_>, base: Type, parse: fn(&str) -> Option<String>) -> Result<Value, Mistake> {
    let wrong = || wrong_type(base);
    let text = text(written).map_err(|_| wrong())?;
    parse(&text).map(|canonical| Value::Text(canonical.into())).ok_or_else(wrong)
}

fn canonical_uuid(text: &str) -> Option<String> {
    let is_hyphen_place = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let is_right = |(at, byte): (usize, u8)| if is_hyphen_place(at) { byte == b'-' } else { byte.is_ascii_hexdigit() };
    (text.len() == 36 && text.bytes().enumerate().all(is_right)).then(|| text.to_ascii_lowercase())
}

fn json(written: Written<'_>, base: Type) -> Result<Value, Mistake> {
    let (Written::Json(json) | Written::Text(json)) = written;
    let wrong = |error: JsonError| Mistake::new("type", format!("must be JSON: {error}"));
    if json.len() > limits::CELL_SIZE_MAX {
        return Err(Mistake::new("length", format!("must have at most {} bytes", limits::CELL_SIZE_MAX)));
    }
    if depth(json.trim_start()) > limits::JSON_DEPTH_MAX {
        return Err(Mistake::new("format", format!("must be nested at most {} levels deep", limits::JSON_DEPTH_MAX)));
    }
    let canonical = martlet_core::json::jsonb(json).map_err(wrong)?;
    // `json` keeps its text as it was written; it only has to be JSON.
    Ok(Value::Text(if base == Type::Json { json.into() } else { canonical.into() }))
}
