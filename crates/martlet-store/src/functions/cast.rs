//! Casts: texts in, texts out, numbers between their types.

use super::arithmetic::{bigint_out_of_range, integer_out_of_range};
use super::{Raise, Registry};
use martlet_core::{code, float8, json};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("int4in", 1, |arguments| {
        let text = arguments.text(0)?;
        let value = integer_in(text, "integer")?;
        value.and_then(|value| i32::try_from(value).ok()).ok_or_else(|| out_of_range(text, "integer"))
    })?;
    registry.strict("int8in", 1, |arguments| {
        let text = arguments.text(0)?;
        integer_in(text, "bigint")?.ok_or_else(|| out_of_range(text, "bigint"))
    })?;
    registry.strict("float8in", 1, |arguments| double_in(arguments.text(0)?))?;
    registry.strict("boolin", 1, |arguments| {
        let text = arguments.text(0)?;
        boolean_in(text).ok_or_else(|| Raise::invalid_text("boolean", text))
    })?;
    registry.strict("uuid_in", 1, |arguments| {
        let text = arguments.text(0)?;
        uuid_in(text).ok_or_else(|| Raise::invalid_text("uuid", text))
    })?;
    registry.strict("json_in", 1, |arguments| {
        let text = arguments.text(0)?;
        let mut scanner = json::Scanner::new(text);
        while scanner.next_event()? != json::Event::End {}
        Ok(text.to_owned())
    })?;
    registry.strict("jsonb_in", 1, |arguments| Ok(json::jsonb(arguments.text(0)?)?))?;
    registry.strict("float8out", 1, |arguments| Ok(float8::text(arguments.double(0)?)))?;
    registry.strict("booltext", 1, |arguments| Ok(if arguments.integer(0)? == 0 { "false" } else { "true" }))?;
    registry.strict("boolout", 1, |arguments| Ok(if arguments.integer(0)? == 0 { "f" } else { "t" }))?;
    registry
        .strict("int84", 1, |arguments| i32::try_from(arguments.integer(0)?).map_err(|_| integer_out_of_range()))?;
    registry.strict("dtoi4", 1, |arguments| {
        let rounded = arguments.double(0)?.round_ties_even();
        let fits = rounded >= f64::from(i32::MIN) && rounded <= f64::from(i32::MAX);
        if fits { Ok(rounded as i64) } else { Err(integer_out_of_range()) }
    })?;
    registry.strict("dtoi8", 1, |arguments| {
        let rounded = arguments.double(0)?.round_ties_even();
        let fits = rounded >= -(2_f64.powi(63)) && rounded < 2_f64.powi(63);
        if fits { Ok(rounded as i64) } else { Err(bigint_out_of_range()) }
    })
}

/// What PostgreSQL's `isspace` takes around a value.
pub(super) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

fn out_of_range(text: &str, ty: &str) -> Raise {
    Raise::new(&code::OUT_OF_RANGE, format!("value \"{}\" is out of range for type {ty}", super::shortened(text)))
}

/// None where the digits go beyond 64 bits, whatever follows them.
fn integer_in(text: &str, ty: &str) -> Result<Option<i64>, Raise> {
    let trimmed = text.trim_start_matches(is_space);
    let (sign, unsigned) = match trimmed.as_bytes().first() {
        Some(b'-') => (-1, &trimmed[1..]),
        Some(b'+') => (1, &trimmed[1..]),
        _ => (1, trimmed),
    };
    let end = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    if end == 0 {
        return Err(Raise::invalid_text(ty, text));
    }
    let (digits, rest) = unsigned.split_at(end);
    let mut value: i64 = 0;
    for digit in digits.bytes() {
        let next = value.checked_mul(10).and_then(|value| value.checked_add(sign * i64::from(digit - b'0')));
        let Some(next) = next else { return Ok(None) };
        value = next;
    }
    // PostgreSQL tells an integer's overflow before it looks at what follows.
    let is_told_first = ty == "integer" && i32::try_from(value).is_err();
    if !is_told_first && !rest.trim_start_matches(is_space).is_empty() {
        return Err(Raise::invalid_text(ty, text));
    }
    Ok(Some(value))
}

/// `[+-]digits[.digits][e[+-]digits]`, with a digit before or after the point.
pub(super) fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && is_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && is_digits(exponent))
}

/// Reads a double. NaN is refused: SQLite cannot hold it.
pub(super) fn double_in(text: &str) -> Result<f64, Raise> {
    let trimmed = text.trim_matches(is_space);
    let unsigned = trimmed.strip_prefix(['+', '-']).unwrap_or(trimmed);
    let sign = if trimmed.starts_with('-') { -1.0 } else { 1.0 };
    if unsigned.eq_ignore_ascii_case("infinity") || unsigned.eq_ignore_ascii_case("inf") {
        return Ok(sign * f64::INFINITY);
    }
    if unsigned.eq_ignore_ascii_case("nan") {
        return Err(Raise::new(&code::OUT_OF_RANGE, "NaN is not supported"));
    }
    let invalid = || Raise::invalid_text("double precision", text);
    if !is_decimal(trimmed) {
        return Err(invalid());
    }
    let value: f64 = trimmed.parse().map_err(|_| invalid())?;
    let mantissa = unsigned.split(['e', 'E']).next().unwrap_or(unsigned);
    let is_written_zero = !mantissa.bytes().any(|byte| (b'1'..=b'9').contains(&byte));
    if value.is_infinite() || (value == 0.0 && !is_written_zero) {
        let message = format!("\"{}\" is out of range for type double precision", super::shortened(trimmed));
        return Err(Raise::new(&code::OUT_OF_RANGE, message));
    }
    Ok(value)
}

/// Any beginning of true, false, yes or no; on, off, of; 1 and 0.
fn boolean_in(text: &str) -> Option<bool> {
    let word = text.trim_matches(is_space).to_ascii_lowercase();
    let begins = |whole: &str| !word.is_empty() && whole.starts_with(&word);
    match word.as_str() {
        "on" | "1" => Some(true),
        "off" | "of" | "0" => Some(false),
        _ if begins("true") || begins("yes") => Some(true),
        _ if begins("false") || begins("no") => Some(false),
        _ => None,
    }
}

/// Thirty-two hexadecimal digits, in braces or not, a hyphen after any group of four.
fn uuid_in(text: &str) -> Option<String> {
    let inner = match text.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}')?,
        None => text,
    };
    let mut digits = Vec::with_capacity(32);
    let mut may_be_hyphen = false;
    for byte in inner.bytes() {
        if byte == b'-' && may_be_hyphen {
            may_be_hyphen = false;
            continue;
        }
        if !byte.is_ascii_hexdigit() || digits.len() == 32 {
            return None;
        }
        digits.push(byte.to_ascii_lowercase());
        may_be_hyphen = digits.len() % 4 == 0 && digits.len() < 32;
    }
    if digits.len() != 32 || may_be_hyphen {
        return None;
    }
    Some(hyphenated(&digits))
}

/// The written form of a uuid's 32 hexadecimal digits.
pub(super) fn hyphenated(digits: &[u8]) -> String {
    let mut out = String::with_capacity(36);
    for (place, digit) in digits.iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            out.push('-');
        }
        out.push(char::from(*digit));
    }
    out
}
