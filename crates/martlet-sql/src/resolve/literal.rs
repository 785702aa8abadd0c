//! Constants: a text in the written form of a type, checked while compiling and made canonical.

mod interval;
mod json;

use martlet_core::{Date, Timestamp, Type, Value};

/// The value that a literal text stands for as a type, in the form in which it is bound; a refusal says why not.
///
/// jsonb is only checked: the text stays as written, under a cast.
pub(super) fn read(text: &str, ty: Type) -> Result<Value, &'static str> {
    let trimmed = text.trim_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    match ty {
        Type::Integer => match integer(trimmed) {
            Some(number) if i32::try_from(number).is_ok() => Ok(Value::Integer(number)),
            Some(_) => Err("an integer is between -2147483648 and 2147483647"),
            None => Err("an integer is written in digits"),
        },
        Type::Bigint => integer(trimmed).map(Value::Integer).ok_or("a bigint is written in at most 19 digits"),
        Type::Double => double(trimmed).map(Value::Double),
        Type::Boolean => boolean(trimmed).map(Value::Boolean).ok_or("a boolean is 'true' or 'false'"),
        Type::Text => Ok(text_value(text)),
        Type::Date => match Date::parse(trimmed) {
            Ok(date) => Ok(text_value(&date.to_string())),
            Err(_) => Err("a date is written '2026-01-31'"),
        },
        Type::Timestamptz => match Timestamp::parse(trimmed) {
            Ok(time) => Ok(text_value(&time.to_string())),
            Err(_) => Err("a timestamptz is written '2026-01-31T12:00:00Z'"),
        },
        Type::Timestamp => timestamp(trimmed).ok_or("a timestamp is written '2026-01-31T12:00:00', without an offset"),
        Type::Interval => interval::read(trimmed).map(|interval| text_value(&interval)),
        Type::Uuid => uuid(trimmed).ok_or("a uuid is written '00000000-0000-4000-8000-000000000000'"),
        Type::Json | Type::Jsonb => match json::check(text) {
            Ok(()) => Ok(text_value(text)),
            Err(reason) => Err(reason),
        },
        Type::Numeric => numeric(trimmed).map(|number| text_value(&number)).ok_or("a number is written 12.5"),
        Type::Unknown => Ok(text_value(text)),
    }
}

fn text_value(text: &str) -> Value {
    Value::Text(text.into())
}

fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Digits with an optional point and exponent: what both engines read alike.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    is_digits(whole)
        && is_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && is_digits(exponent))
}

fn double(text: &str) -> Result<f64, &'static str> {
    if !is_decimal(text) {
        return Err("a double precision is written 12.5 or 1e20; NaN and infinities are not portable");
    }
    let number: f64 = text.parse().map_err(|_| "a double precision is written 12.5 or 1e20")?;
    let is_zero = !text.split(['e', 'E']).next().unwrap_or("").contains(|c: char| ('1'..='9').contains(&c));
    if number.is_infinite() || (number == 0.0 && !is_zero) {
        return Err("the number is out of range for type double precision");
    }
    // Minus zero is stored as zero.
    Ok(number + 0.0)
}

/// As PostgreSQL prints the numeric; none with an exponent.
fn numeric(text: &str) -> Option<String> {
    if !is_decimal(text) || text.contains(['e', 'E']) {
        return None;
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let whole = whole.trim_start_matches('0');
    let is_zero = whole.is_empty() && fraction.bytes().all(|byte| byte == b'0');
    let sign = if text.starts_with('-') && !is_zero { "-" } else { "" };
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// Unique prefixes of true, false, yes, no, on, off, and 1 and 0, as PostgreSQL reads them.
fn boolean(text: &str) -> Option<bool> {
    let text = text.to_ascii_lowercase();
    let begins = |word: &str, least: usize| text.len() >= least && word.starts_with(&text);
    if begins("true", 1) || begins("yes", 1) || text == "on" || text == "1" {
        Some(true)
    } else if begins("false", 1) || begins("no", 1) || begins("off", 2) || text == "0" {
        Some(false)
    } else {
        None
    }
}

fn timestamp(text: &str) -> Option<Value> {
    if text.ends_with("infinity") {
        return Timestamp::parse(text).ok().map(|time| text_value(&time.to_string()));
    }
    // With an offset of its own the text would have two.
    let with_zone = if text.len() == 10 { format!("{text}T00:00:00Z") } else { format!("{text}Z") };
    let time = Timestamp::parse(&with_zone).ok()?.to_string();
    Some(text_value(time.strip_suffix("+00:00").unwrap_or(&time)))
}

fn uuid(text: &str) -> Option<Value> {
    let bytes = text.as_bytes();
    let is_dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    let is_right = bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match is_dash(index) {
            true => *byte == b'-',
            false => byte.is_ascii_hexdigit(),
        });
    is_right.then(|| text_value(&text.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, ty: Type) -> String {
        match read(text, ty) {
            Ok(Value::Text(text)) => text.into(),
            Ok(Value::Integer(number)) => number.to_string(),
            Ok(Value::Double(number)) => format!("{number:?}"),
            Ok(Value::Boolean(truth)) => truth.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(reason) => format!("({reason})"),
        }
    }

    #[test]
    fn each_type_reads_its_written_forms_and_makes_them_canonical() {
        for (ty, text, canonical) in [
            (Type::Integer, " +12 ", "12"),
            (Type::Integer, "-2147483648", "-2147483648"),
            (Type::Bigint, "9223372036854775807", "9223372036854775807"),
            (Type::Double, "1e20", "1e20"),
            (Type::Double, "-0", "0.0"),
            (Type::Double, ".5", "0.5"),
            (Type::Double, "0e999", "0.0"),
            (Type::Boolean, "T", "true"),
            (Type::Boolean, "of", "false"),
            (Type::Date, "2026-02-28", "2026-02-28"),
            (Type::Timestamptz, "2026-02-28 12:00+02", "2026-02-28T10:00:00+00:00"),
            (Type::Timestamp, "2026-02-28", "2026-02-28T00:00:00"),
            (Type::Timestamp, "2026-02-28 12:00:00.50", "2026-02-28T12:00:00.5"),
            (Type::Uuid, "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
            (Type::Json, "{\"a\" : 1}", "{\"a\" : 1}"),
            (Type::Numeric, "001.50", "1.50"),
            (Type::Numeric, "-.0", "0.0"),
            (Type::Interval, "1 day", "0 1 0"),
        ] {
            assert_eq!(shown(text, ty), canonical, "{ty} {text:?}");
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (ty, text) in [
            (Type::Integer, "2147483648"),
            (Type::Integer, "1.0"),
            (Type::Integer, ""),
            (Type::Bigint, "9223372036854775808"),
            (Type::Double, "NaN"),
            (Type::Double, "inf"),
            (Type::Double, "1e999"),
            (Type::Double, "1e-999"),
            (Type::Double, "."),
            (Type::Double, "1e"),
            (Type::Boolean, "o"),
            (Type::Boolean, "truee"),
            (Type::Boolean, ""),
            (Type::Date, "2026-02-30"),
            (Type::Date, "31.01.2026"),
            (Type::Timestamptz, "yesterday"),
            (Type::Timestamp, "2026-02-28T12:00:00Z"),
            (Type::Uuid, "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"),
            (Type::Json, "{a: 1}"),
            (Type::Numeric, "1e3"),
            (Type::Interval, "soon"),
        ] {
            assert!(read(text, ty).is_err(), "{ty} {text:?} gave {}", shown(text, ty));
        }
    }
}
