//! The form of `jsonb`, character for character as PostgreSQL prints it: `{"a": 1, "bc": [1.0, 100]}`.
//!
//! Keys are ordered by length in bytes, then bytes; the last duplicate wins; numbers are printed as `numeric`.

use super::JsonError;
use super::escape::write_string;
use super::scan::{Event, Scanner};
use crate::limits::CELL_SIZE_MAX;
use std::borrow::Cow;

/// Digits that `numeric` may have before the point.
const WHOLE_DIGITS_MAX: i64 = 131_072;
/// Digits that `numeric` may have after the point.
const FRACTION_DIGITS_MAX: i64 = 16_383;

/// Returns the jsonb text of a JSON text.
///
/// Errors: what is no JSON; `\u0000` and lone surrogates; numbers beyond `numeric`; more than a stored value's bytes.
pub fn jsonb(text: &str) -> Result<String, JsonError> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 8);
    write_jsonb(&mut out, text)?;
    Ok(String::from_utf8(out).expect("made of pieces of a text"))
}

/// Appends the jsonb text of a JSON text; after an error `out` ends in half a document.
pub fn write_jsonb(out: &mut Vec<u8>, text: &str) -> Result<(), JsonError> {
    let mut scanner = Scanner::new(text);
    let first = scanner.next_event()?;
    let mut size_left = CELL_SIZE_MAX;
    write_value(out, &mut scanner, first, &mut size_left)?;
    match scanner.next_event()? {
        Event::End => Ok(()),
        _ => Err(JsonError::Syntax(scanner.position())),
    }
}

/// Whether two jsonb texts are equal: all but the zeros at the end of a fraction counts.
pub fn jsonb_equal(left: &str, right: &str) -> Result<bool, JsonError> {
    if left == right {
        return Ok(true);
    }
    let (mut left, mut right) = (Scanner::new(left), Scanner::new(right));
    loop {
        match (left.next_event()?, right.next_event()?) {
            (Event::End, Event::End) => return Ok(true),
            (Event::Number(a), Event::Number(b)) if without_zeros(a) == without_zeros(b) => {}
            (a, b) if a == b => {}
            _ => return Ok(false),
        }
    }
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

// Recursion is bounded: the scanner refuses more than `NESTING_MAX` levels.
fn write_value<'t>(
    out: &mut Vec<u8>,
    scanner: &mut Scanner<'t>,
    first: Event<'t>,
    size_left: &mut usize,
) -> Result<(), JsonError> {
    let size_before = out.len();
    match first {
        Event::BeginObject => return write_object(out, scanner, size_left),
        Event::BeginArray => return write_array(out, scanner, size_left),
        Event::String(text) => write_string(out, &text.decode()?),
        Event::Number(number) => write_jsonb_number(out, number)?,
        Event::Bool(true) => out.extend_from_slice(b"true"),
        Event::Bool(false) => out.extend_from_slice(b"false"),
        Event::Null => out.extend_from_slice(b"null"),
        Event::Key(_) | Event::EndObject | Event::EndArray | Event::End => {
            return Err(JsonError::Syntax(scanner.position()));
        }
    }
    *size_left = size_left.checked_sub(out.len() - size_before).ok_or(JsonError::Size)?;
    Ok(())
}

fn write_object(out: &mut Vec<u8>, scanner: &mut Scanner<'_>, size_left: &mut usize) -> Result<(), JsonError> {
    let mut members: Vec<(Cow<'_, str>, Vec<u8>)> = Vec::new();
    loop {
        match scanner.next_event()? {
            Event::EndObject => break,
            Event::Key(key) => {
                let key = key.decode()?;
                let first = scanner.next_event()?;
                let mut value = Vec::new();
                write_value(&mut value, scanner, first, size_left)?;
                members.push((key, value));
            }
            _ => return Err(JsonError::Syntax(scanner.position())),
        }
    }
    write_jsonb_members(out, members);
    Ok(())
}

/// Appends an object of members whose values are jsonb already, in jsonb's order.
pub fn write_jsonb_members(out: &mut Vec<u8>, mut members: Vec<(Cow<'_, str>, Vec<u8>)>) {
    // Stable, so that of equal keys the last one written comes last.
    members.sort_by(|a, b| (a.0.len(), a.0.as_bytes()).cmp(&(b.0.len(), b.0.as_bytes())));
    out.push(b'{');
    let mut is_first = true;
    for (index, (key, value)) in members.iter().enumerate() {
        if members.get(index + 1).is_some_and(|next| next.0 == *key) {
            continue;
        }
        if !is_first {
            out.extend_from_slice(b", ");
        }
        is_first = false;
        write_string(out, key);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
    }
    out.push(b'}');
}

fn write_array(out: &mut Vec<u8>, scanner: &mut Scanner<'_>, size_left: &mut usize) -> Result<(), JsonError> {
    out.push(b'[');
    let mut is_first = true;
    loop {
        let event = scanner.next_event()?;
        if event == Event::EndArray {
            break;
        }
        if !is_first {
            out.extend_from_slice(b", ");
        }
        is_first = false;
        write_value(out, scanner, event, size_left)?;
    }
    out.push(b']');
    Ok(())
}

/// Appends a JSON number as `numeric` prints it: without exponent, the digits after the point kept.
pub fn write_jsonb_number(out: &mut Vec<u8>, number: &str) -> Result<(), JsonError> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().map_err(|_| JsonError::Number)?),
        None => (number, 0),
    };
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let point = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent);
    let scale = i64::try_from(fraction.len()).unwrap_or(i64::MAX).saturating_sub(exponent).max(0);
    let Some(leading) = digits.iter().position(|digit| *digit != b'0') else {
        return write_zero(out, scale, exponent);
    };
    let whole_digits = point - i64::try_from(leading).unwrap_or(i64::MAX);
    if whole_digits > WHOLE_DIGITS_MAX || scale > FRACTION_DIGITS_MAX {
        return Err(JsonError::Number);
    }
    out.extend_from_slice(sign.as_bytes());
    let digit = |place: i64| usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(b'0');
    if whole_digits <= 0 {
        out.push(b'0');
    } else {
        out.extend((point - whole_digits..point).map(digit));
    }
    if scale > 0 {
        out.push(b'.');
        out.extend((point..point + scale).map(digit));
    }
    Ok(())
}

fn write_zero(out: &mut Vec<u8>, scale: i64, exponent: i64) -> Result<(), JsonError> {
    if scale > FRACTION_DIGITS_MAX || exponent > WHOLE_DIGITS_MAX * 4 {
        return Err(JsonError::Number);
    }
    out.push(b'0');
    if scale > 0 {
        out.push(b'.');
        out.resize(out.len() + usize::try_from(scale).unwrap_or(0), b'0');
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_numbers_are_those_of_postgresql() {
        for (text, expected) in [
            (r#"{"b":1,"aa":2,"a":3,"b":{}}"#, r#"{"a": 3, "b": {}, "aa": 2}"#),
            ("[ 1.0 , 1e2 , -0, 1.5E+1, 1e-3, 0.00 ]", "[1.0, 100, 0, 15, 0.001, 0.00]"),
            (r#""\u00e4\/""#, r#""ä/""#),
        ] {
            assert_eq!(jsonb(text).unwrap(), expected);
        }
        assert!(jsonb_equal("[1.0]", "[1.00]").unwrap());
        assert!(!jsonb_equal("[1.0]", "[10]").unwrap());
    }

    #[test]
    fn a_few_bytes_never_grow_beyond_a_stored_value() {
        let numbers = vec!["1e131071"; 200].join(",");
        assert_eq!(jsonb(&format!("[{numbers}]")), Err(JsonError::Size));
        assert_eq!(jsonb(&format!("{{\"a\":[{numbers}]}}")), Err(JsonError::Size));
        assert_eq!(jsonb("1e131072"), Err(JsonError::Number));
    }

    #[test]
    fn the_deepest_text_needs_little_stack() {
        let deepest = crate::json::NESTING_MAX;
        let nested = |levels: usize| format!("{}1{}", r#"{"a":["#.repeat(levels / 2), "]}".repeat(levels / 2));
        let thread = std::thread::Builder::new().stack_size(1 << 20);
        let run = move || {
            assert!(jsonb(&nested(deepest)).is_ok());
            assert_eq!(jsonb(&nested(deepest + 2)), Err(JsonError::Depth));
        };
        thread.spawn(run).unwrap().join().unwrap();
    }
}
