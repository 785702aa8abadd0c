//! `numeric`, as far as it stands under a cast: a text as PostgreSQL prints it.

use super::arithmetic::{bigint_out_of_range, integer_out_of_range};
use super::{Raise, Registry};
use martlet_core::{code, json};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("numeric_in", 1, |arguments| numeric_in(arguments.text(0)?))?;
    registry.strict("numeric_int4", 1, |arguments| {
        let value = to_integer(arguments.text(0)?, "integer")?;
        value.and_then(|value| i32::try_from(value).ok()).ok_or_else(integer_out_of_range)
    })?;
    registry.strict("numeric_int8", 1, |arguments| {
        let value = to_integer(arguments.text(0)?, "bigint")?;
        value.and_then(|value| i64::try_from(value).ok()).ok_or_else(bigint_out_of_range)
    })?;
    registry.strict("numeric_float8", 1, |arguments| super::cast::double_in(arguments.text(0)?))?;
    registry.strict("int8_numeric", 1, |arguments| Ok(arguments.integer(0)?.to_string()))?;
    registry.strict("float8_numeric", 1, |arguments| float8_numeric(arguments.double(0)?))?;
    registry.strict("numeric_round", 2, |arguments| {
        let places = arguments.integer(1)?.clamp(-ROUND_PLACES_MAX, ROUND_PLACES_MAX);
        on_finite(arguments.text(0)?, |number| number.rounded(places, Rounding::HalfAway))
    })?;
    registry.strict("numeric_round", 1, |arguments| {
        on_finite(arguments.text(0)?, |number| number.rounded(0, Rounding::HalfAway))
    })?;
    registry.strict("numeric_floor", 1, |arguments| {
        on_finite(arguments.text(0)?, |number| number.rounded(0, Rounding::Floor))
    })?;
    registry.strict("numeric_ceil", 1, |arguments| {
        on_finite(arguments.text(0)?, |number| number.rounded(0, Rounding::Ceil))
    })
}

/// Places that `round` counts to; PostgreSQL's is the same.
const ROUND_PLACES_MAX: i64 = 2_000;

fn numeric_in(text: &str) -> Result<String, Raise> {
    let invalid = || Raise::invalid_text("numeric", text);
    let trimmed = text.trim_matches(super::cast::is_space);
    for (name, printed) in [("infinity", "Infinity"), ("+infinity", "Infinity"), ("-infinity", "-Infinity")] {
        if trimmed.eq_ignore_ascii_case(name) || trimmed.eq_ignore_ascii_case(&name[..name.len() - 5]) {
            return Ok(printed.into());
        }
    }
    if trimmed.eq_ignore_ascii_case("nan") {
        return Ok("NaN".into());
    }
    if !super::cast::is_decimal(trimmed) {
        return Err(invalid());
    }
    let unsigned = trimmed.trim_start_matches(['+', '-']);
    let sign = if trimmed.starts_with('-') { "-" } else { "" };
    let zero = if unsigned.starts_with('.') { "0" } else { "" };
    let mut out = Vec::new();
    json::write_jsonb_number(&mut out, &format!("{sign}{zero}{unsigned}"))
        .map_err(|_| Raise::new(&code::OUT_OF_RANGE, "value overflows numeric format"))?;
    Ok(String::from_utf8(out).expect("digits are ASCII"))
}

/// 15 digits, as PostgreSQL's cast takes them.
fn float8_numeric(value: f64) -> Result<String, Raise> {
    if value.is_infinite() {
        return Ok(if value > 0.0 { "Infinity" } else { "-Infinity" }.into());
    }
    let formatted = format!("{value:.14e}");
    let (mantissa, exponent) = formatted.split_once('e').unwrap_or((&formatted, "0"));
    let mantissa = if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
    numeric_in(&format!("{mantissa}e{exponent}"))
}

/// Rounded half away from zero; none beyond i128.
fn to_integer(text: &str, ty: &str) -> Result<Option<i128>, Raise> {
    match text {
        "NaN" => return Err(Raise::new(&code::UNSUPPORTED, format!("cannot convert NaN to {ty}"))),
        "Infinity" | "-Infinity" => {
            return Err(Raise::new(&code::UNSUPPORTED, format!("cannot convert infinity to {ty}")));
        }
        _ => {}
    }
    Ok(Number::parse(text)?.rounded(0, Rounding::HalfAway).parse().ok())
}

fn on_finite(text: &str, operation: impl Fn(&Number) -> String) -> Result<String, Raise> {
    match text {
        "NaN" | "Infinity" | "-Infinity" => Ok(text.to_owned()),
        _ => Ok(operation(&Number::parse(text)?)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rounding {
    HalfAway,
    Floor,
    Ceil,
}

/// A finite number in decimal digits.
#[derive(Debug, Clone)]
struct Number {
    is_negative: bool,
    /// ASCII digits of the whole and the fraction together.
    digits: Vec<u8>,
    /// How many of them are of the fraction.
    scale: usize,
}

impl Number {
    fn parse(text: &str) -> Result<Self, Raise> {
        let (is_negative, unsigned) = text.strip_prefix('-').map_or((false, text), |unsigned| (true, unsigned));
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Raise::invalid_text("numeric", text));
        }
        Ok(Self { is_negative, digits, scale: fraction.len() })
    }

    /// Rounds to so many places after the point; negative places round before it.
    fn rounded(&self, places: i64, rounding: Rounding) -> String {
        let whole = self.digits.len() - self.scale;
        let kept = usize::try_from(whole as i64 + places).unwrap_or(0);
        let mut digits = self.digits.clone();
        let is_cut = kept < digits.len();
        let rounds_up = is_cut && {
            let rest = &digits[kept..];
            let is_inexact = rest.iter().any(|digit| *digit != b'0');
            match rounding {
                // Further to the left than the first digit there is only a zero to look at.
                Rounding::HalfAway => whole as i64 + places >= 0 && rest[0] >= b'5',
                Rounding::Floor => self.is_negative && is_inexact,
                Rounding::Ceil => !self.is_negative && is_inexact,
            }
        };
        digits.resize(kept.max(whole), b'0');
        if is_cut {
            digits[kept..].fill(b'0');
        }
        if rounds_up {
            increment(&mut digits, kept);
        }
        let scale = usize::try_from(places).unwrap_or(0);
        print(self.is_negative, &digits, scale)
    }
}

/// Adds one in the last of the first `kept` digits.
fn increment(digits: &mut Vec<u8>, kept: usize) {
    for place in (0..kept).rev() {
        if digits[place] < b'9' {
            digits[place] += 1;
            return;
        }
        digits[place] = b'0';
    }
    digits.insert(0, b'1');
}

fn print(is_negative: bool, digits: &[u8], scale: usize) -> String {
    let whole = digits.len() - scale;
    let leading = digits[..whole].iter().take_while(|digit| **digit == b'0').count();
    let is_zero = digits.iter().all(|digit| *digit == b'0');
    let mut out = String::with_capacity(digits.len() + 3);
    if is_negative && !is_zero {
        out.push('-');
    }
    if leading == whole {
        out.push('0');
    }
    out.extend(digits[leading..whole].iter().copied().map(char::from));
    if scale > 0 {
        out.push('.');
        out.extend(digits[whole..].iter().copied().map(char::from));
    }
    out
}

/// Significant digits that a quotient has at least.
const SIGNIFICANT_DIGITS_MIN: i32 = 16;
/// `numeric` keeps its digits in groups of four, and counts significant digits by groups.
const DIGITS_PER_GROUP: i32 = 4;

/// `sum / count` as PostgreSQL's avg(integer) and avg(bigint) give it.
pub(super) fn average(sum: i128, count: u64) -> String {
    let magnitude = sum.unsigned_abs();
    let divisor = u128::from(count);
    let (sum_weight, sum_first) = weight(magnitude);
    let (count_weight, count_first) = weight(divisor);
    let quotient_weight = sum_weight - count_weight - i32::from(sum_first <= count_first);
    let scale = (SIGNIFICANT_DIGITS_MIN - quotient_weight * DIGITS_PER_GROUP).max(0) as usize;
    let mut digits = (magnitude / divisor).to_string().into_bytes();
    let whole = digits.len();
    let mut rest = magnitude % divisor;
    for _ in 0..scale {
        rest *= 10;
        digits.push(b'0' + (rest / divisor) as u8);
        rest %= divisor;
    }
    if rest * 2 >= divisor {
        increment(&mut digits, whole + scale);
    }
    print(sum < 0, &digits, scale)
}

/// The place of the first group of four digits, and that group.
fn weight(value: u128) -> (i32, u128) {
    let mut weight = 0;
    let mut first = value;
    while first >= 10_000 {
        first /= 10_000;
        weight += 1;
    }
    (weight, first)
}

/// `value / 10^scale` with all its places.
pub(super) fn scaled(value: i64, scale: u32) -> String {
    let scale = scale as usize;
    let digits = format!("{:0width$}", value.unsigned_abs(), width = scale + 1);
    print(value < 0, digits.as_bytes(), scale)
}
