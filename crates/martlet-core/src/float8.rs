//! The text of a double, exactly as PostgreSQL prints `double precision`.
//!
//! Shortest digits that read back as the same value, fixed below 1e15 and from 1e-4, with an exponent of at least
//! two digits elsewhere. Unlike Rust, PostgreSQL never prints a decimal that lies exactly between two doubles
//! (9.999999999999999e+22, not 1e+23). Minus zero is printed as zero: SQLite does not keep it.

use std::fmt::Write as _;

/// Bytes of the longest text, `-2.2250738585072014e-308`, rounded up.
pub const TEXT_SIZE_MAX: usize = 32;

/// The smallest exponent of ten that is written with an exponent, as in PostgreSQL.
const EXPONENT_FROM: i32 = 15;
/// The smallest exponent of ten that is written without.
const FIXED_FROM: i32 = -4;

/// Below 2^52 no decimal of at most 17 digits lies exactly between two doubles.
const EXACT_BETWEEN_FROM: f64 = 4_503_599_627_370_496.0;
/// A double that needs fewer digits has an exact decimal that is no longer than they are.
const TIE_DIGITS_MIN: usize = 15;

/// Returns the text of a double: `1`, `0.1`, `1e+20`, `Infinity`, `NaN`.
pub fn text(value: f64) -> String {
    let mut out = Vec::with_capacity(TEXT_SIZE_MAX);
    write(&mut out, value);
    String::from_utf8(out).expect("digits are ASCII")
}

/// Appends the text of a double.
pub fn write(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value == 0.0 {
        return out.push(b'0');
    }
    if value < 0.0 {
        out.push(b'-');
    }
    if value.is_infinite() {
        return out.extend_from_slice(b"Infinity");
    }
    let value = value.abs();
    if !write_short(out, value) {
        Digits::shortest(value).write(out);
    }
}

/// Places after the point that the short way looks for.
const SHORT_PLACES: [(usize, f64); 7] = [(0, 1e0), (1, 1e1), (2, 1e2), (3, 1e3), (4, 1e4), (5, 1e5), (6, 1e6)];

/// Writes what has few places: most doubles that people store. Several times as fast as finding the shortest digits.
///
/// Decimals of at most 15 digits are all different doubles, so the first one found is the shortest; the division of
/// two exact numbers is rounded as reading the decimal is.
fn write_short(out: &mut Vec<u8>, value: f64) -> bool {
    if !(1e-4..1e15).contains(&value) {
        return false;
    }
    for (places, power) in SHORT_PLACES {
        let digits = (value * power).round();
        if digits >= 1e15 {
            return false;
        }
        if digits / power == value {
            write_fixed(out, digits as u64, places);
            return true;
        }
    }
    false
}

/// Writes `number / 10^places`.
fn write_fixed(out: &mut Vec<u8>, mut number: u64, places: usize) {
    let mut text = [0; 20];
    let mut at = text.len();
    for place in 1.. {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if place == places {
            at -= 1;
            text[at] = b'.';
        }
        if number == 0 && place > places {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// Decimal digits and the exponent of ten of the first of them.
struct Digits {
    /// ASCII digits, the first and the last not `0`.
    bytes: [u8; 20],
    len: usize,
    exponent: i32,
}

impl Digits {
    fn shortest(value: f64) -> Self {
        let mut digits = Self::of(format_args!("{value:e}"));
        if value < EXACT_BETWEEN_FROM || !digits.is_between_two_doubles() {
            // Fewer digits are never a choice between two.
            if digits.len >= TIE_DIGITS_MIN {
                digits.break_tie(value);
            }
            return digits;
        }
        (0..=16)
            .map(|places| Self::of(format_args!("{value:.places$e}")))
            .find(|digits| digits.value() == value && !digits.is_between_two_doubles())
            .unwrap_or(digits)
    }

    /// Reads what Rust's formatting with an exponent gives.
    fn of(formatted: std::fmt::Arguments<'_>) -> Self {
        let mut text = Buffer { bytes: [0; TEXT_SIZE_MAX], len: 0 };
        // A write that does not fit would be a text longer than Rust ever gives for at most 17 digits.
        let _ = text.write_fmt(formatted);
        let mut digits = Self { bytes: [b'0'; 20], len: 0, exponent: 0 };
        let text = &text.bytes[..text.len];
        let at = text.iter().position(|byte| *byte == b'e').unwrap_or(text.len());
        for byte in text[..at].iter().filter(|byte| **byte != b'.').take(20) {
            digits.bytes[digits.len] = *byte;
            digits.len += 1;
        }
        while digits.len > 1 && digits.bytes[digits.len - 1] == b'0' {
            digits.len -= 1;
        }
        let exponent = text.get(at + 1..).and_then(|exponent| std::str::from_utf8(exponent).ok());
        digits.exponent = exponent.and_then(|exponent| exponent.parse().ok()).unwrap_or(0);
        digits
    }

    /// Between two decimals that are equally near PostgreSQL takes the even one; Rust may not.
    fn break_tie(&mut self, value: f64) {
        let last = self.bytes[self.len - 1];
        if last.is_multiple_of(2) {
            return;
        }
        let twice = self.integer() * 2;
        if self.is_half_of(twice - 1, value) {
            self.bytes[self.len - 1] = last - 1;
        } else if last < b'9' && self.is_half_of(twice + 1, value) {
            self.bytes[self.len - 1] = last + 1;
        }
    }

    /// Whether the value is exactly half of an odd number at this scale.
    fn is_half_of(&self, odd: u128, value: f64) -> bool {
        let scale = self.scale();
        let without_fives = match u32::try_from(scale) {
            Ok(power @ 0..=27) => odd.checked_mul(5_u128.pow(power)),
            Err(_) if scale >= -27 => {
                let divisor = 5_u128.pow(scale.unsigned_abs());
                odd.is_multiple_of(divisor).then(|| odd / divisor)
            }
            _ => None,
        };
        // An odd number of at most 53 bits and a power of two: both exact, and so is their product.
        without_fives.is_some_and(|odd| odd < 1 << 53 && odd as f64 * 2_f64.powi(scale - 1) == value)
    }

    /// The exponent of ten of the last digit.
    fn scale(&self) -> i32 {
        self.exponent - (self.len as i32 - 1)
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn integer(&self) -> u128 {
        self.as_slice().iter().fold(0, |sum, digit| sum * 10 + u128::from(digit - b'0'))
    }

    fn value(&self) -> f64 {
        let mut out = Vec::with_capacity(TEXT_SIZE_MAX);
        self.write(&mut out);
        std::str::from_utf8(&out).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
    }

    /// Whether the decimal is `odd * 2^k` with an odd number of exactly 54 bits: one bit more than a double has.
    fn is_between_two_doubles(&self) -> bool {
        let scale = self.scale();
        let digits = self.integer();
        let without_twos = match u32::try_from(scale) {
            Ok(power @ 0..=27) => digits.checked_mul(5_u128.pow(power)),
            Ok(_) => None,
            Err(_) if scale >= -27 => {
                let divisor = 5_u128.pow(scale.unsigned_abs());
                digits.is_multiple_of(divisor).then(|| digits / divisor)
            }
            Err(_) => None,
        };
        without_twos.is_some_and(|number| u128::BITS - number.leading_zeros() - number.trailing_zeros() == 54)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let digits = self.as_slice();
        if self.exponent < FIXED_FROM || self.exponent >= EXPONENT_FROM {
            return self.write_with_exponent(out);
        }
        let Ok(exponent) = usize::try_from(self.exponent) else {
            out.extend_from_slice(b"0.");
            out.resize(out.len() + (-1 - self.exponent) as usize, b'0');
            return out.extend_from_slice(digits);
        };
        let whole = exponent + 1;
        if digits.len() <= whole {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - digits.len(), b'0');
        } else {
            out.extend_from_slice(&digits[..whole]);
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
    }

    fn write_with_exponent(&self, out: &mut Vec<u8>) {
        let digits = self.as_slice();
        out.push(digits[0]);
        if digits.len() > 1 {
            out.push(b'.');
            out.extend_from_slice(&digits[1..]);
        }
        out.extend_from_slice(if self.exponent < 0 { b"e-" } else { b"e+" });
        let exponent = self.exponent.unsigned_abs();
        if exponent >= 100 {
            out.push(b'0' + (exponent / 100) as u8);
        }
        out.push(b'0' + (exponent / 10 % 10) as u8);
        out.push(b'0' + (exponent % 10) as u8);
    }
}

struct Buffer {
    bytes: [u8; TEXT_SIZE_MAX],
    len: usize,
}

impl std::fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn doubles_are_printed_as_postgresql_prints_them() {
        for (value, expected) in [
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (1e-7, "1e-07"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (9_007_199_254_740_992.0, "9.007199254740992e+15"),
            (1e23, "9.999999999999999e+22"),
            (8_000_000_000_000_000.0 / 8.0 - 31.75, "999999999999968.2"),
            (-13_157_312_699_145_370.0 / 8.0, "-1.6446640873931712e+15"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (-0.0, "0"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(text(value), expected);
        }
    }

    proptest! {
        #[test]
        fn the_short_way_writes_what_the_long_way_would(number in 0_u64..2_000_000_000_000_000, places in 0_i32..8) {
            let value = number as f64 / 10_f64.powi(places);
            prop_assume!(value != 0.0);
            let mut long = Vec::new();
            Digits::shortest(value).write(&mut long);
            prop_assert_eq!(text(value), String::from_utf8(long).unwrap());
        }

        #[test]
        fn the_text_reads_back_as_the_same_value(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f64>().unwrap(), value);
        }
    }
}
