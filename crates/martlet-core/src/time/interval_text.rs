//! The written forms of intervals: `1 year 2 mons 3 days 04:05:06.7 ago`, `1-2`, `P1Y2M3DT4H5M6.7S`.

use super::interval::Interval;
use super::{MICROS_PER_DAY, TimeError};

/// A unit that may follow a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Micros,
    Millis,
    Seconds,
    Minutes,
    Hours,
    Days,
    Weeks,
    Months,
    Years,
    Decades,
    Centuries,
    Millennia,
}

impl Unit {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecon" | "microsecond" | "microseconds" => {
                Self::Micros
            }
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecon" | "millisecond" | "milliseconds" => {
                Self::Millis
            }
            "s" | "sec" | "secs" | "second" | "seconds" => Self::Seconds,
            "m" | "min" | "mins" | "minute" | "minutes" => Self::Minutes,
            "h" | "hr" | "hrs" | "hour" | "hours" => Self::Hours,
            "d" | "day" | "days" => Self::Days,
            "w" | "week" | "weeks" => Self::Weeks,
            "mon" | "mons" | "month" | "months" => Self::Months,
            "y" | "yr" | "yrs" | "year" | "years" => Self::Years,
            "dec" | "decs" | "decade" | "decades" => Self::Decades,
            "c" | "cent" | "century" | "centuries" => Self::Centuries,
            "mil" | "mils" | "millennia" | "millennium" => Self::Millennia,
            _ => return None,
        })
    }

    fn of_designator(letter: char, is_time: bool) -> Option<Self> {
        Some(match (letter, is_time) {
            ('Y', false) => Self::Years,
            ('M', false) => Self::Months,
            ('W', false) => Self::Weeks,
            ('D', false) => Self::Days,
            ('H', true) => Self::Hours,
            ('M', true) => Self::Minutes,
            ('S', true) => Self::Seconds,
            _ => return None,
        })
    }
}

/// A number with its sign, the fraction apart.
struct Number {
    whole: i64,
    /// Of the same sign as the number.
    fraction: f64,
}

impl Interval {
    /// Reads an interval as PostgreSQL does; `Range` where a part overflows.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let text = text.trim_matches([' ', '\t', '\n', '\r']).to_ascii_lowercase();
        if let Some(designators) = text.strip_prefix('p') {
            return iso_8601(&designators.to_ascii_uppercase());
        }
        let mut sum = Sum::default();
        let mut words = Words { rest: text.strip_prefix('@').unwrap_or(&text) };
        let mut is_ago = false;
        let mut is_empty = true;
        while let Some(word) = words.next_word() {
            is_empty = false;
            if word == "ago" {
                is_ago = true;
            } else if word.contains(':') {
                sum.add_clock(word)?;
            } else if is_years_and_months(word) {
                sum.add_years_and_months(word)?;
            } else {
                let number = Number::parse(word)?;
                let unit = match words.peek() {
                    None | Some("ago") => Unit::Seconds,
                    Some(next) if next.contains(':') => Unit::Days,
                    Some(next) => {
                        let unit = Unit::of(next).ok_or(TimeError::Format)?;
                        words.next_word();
                        unit
                    }
                };
                sum.add(&number, unit)?;
            }
        }
        if is_empty || sum.seen == 0 {
            return Err(TimeError::Format);
        }
        if is_ago { sum.interval.negated() } else { Ok(sum.interval) }
    }
}

/// Numbers with their signs and clocks, or runs of letters; blanks between are optional.
struct Words<'t> {
    rest: &'t str,
}

impl<'t> Words<'t> {
    fn next_word(&mut self) -> Option<&'t str> {
        let word = self.peek()?;
        self.rest = &self.rest[self.rest.find(word)? + word.len()..];
        Some(word)
    }

    fn peek(&self) -> Option<&'t str> {
        let rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let is_letters = rest.chars().next()?.is_ascii_alphabetic();
        let end = rest
            .find(|character: char| character.is_ascii_alphabetic() != is_letters || character.is_ascii_whitespace());
        Some(&rest[..end.unwrap_or(rest.len())])
    }
}

fn is_years_and_months(word: &str) -> bool {
    word.get(1..).is_some_and(|rest| rest.contains('-'))
}

impl Number {
    fn parse(text: &str) -> Result<Self, TimeError> {
        let (sign, digits) = match text.as_bytes().first() {
            Some(b'-') => (-1, &text[1..]),
            Some(b'+') => (1, &text[1..]),
            _ => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(TimeError::Format);
        }
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| TimeError::Range)? };
        let fraction: f64 = format!("0.{fraction}").parse().unwrap_or(0.0);
        Ok(Self { whole: sign * whole, fraction: f64::from(sign as i32) * fraction })
    }
}

/// What has been read so far.
#[derive(Default)]
struct Sum {
    interval: Interval,
    /// One bit a unit: none may come twice.
    seen: u16,
}

impl Sum {
    fn see(&mut self, unit: Unit) -> Result<(), TimeError> {
        // A week counts as days, decades and longer as years of their own, as in PostgreSQL.
        let bit = 1 << unit as u16;
        if self.seen & bit != 0 {
            return Err(TimeError::Format);
        }
        self.seen |= bit;
        Ok(())
    }

    fn add(&mut self, number: &Number, unit: Unit) -> Result<(), TimeError> {
        self.see(unit)?;
        if unit == Unit::Seconds && number.fraction != 0.0 {
            self.see(Unit::Millis)?;
            self.see(Unit::Micros)?;
        }
        match unit {
            Unit::Micros => {
                let rounded = if number.fraction.abs() > 0.5 { number.fraction.signum() as i64 } else { 0 };
                self.add_micros(number.whole, 1)?;
                self.add_micros(rounded, 1)
            }
            Unit::Millis => self.add_time(number, 1_000),
            Unit::Seconds => self.add_time(number, 1_000_000),
            Unit::Minutes => self.add_time(number, 60_000_000),
            Unit::Hours => self.add_time(number, 3_600_000_000),
            Unit::Days => {
                self.add_days(number.whole)?;
                self.add_fraction(number.fraction, MICROS_PER_DAY)
            }
            Unit::Weeks => {
                self.add_days(number.whole.checked_mul(7).ok_or(TimeError::Range)?)?;
                self.add_fraction_of_days(number.fraction * 7.0)
            }
            Unit::Months => {
                self.add_months(number.whole)?;
                self.add_fraction_of_days(number.fraction * 30.0)
            }
            Unit::Years => self.add_years(number, 1),
            Unit::Decades => self.add_years(number, 10),
            Unit::Centuries => self.add_years(number, 100),
            Unit::Millennia => self.add_years(number, 1_000),
        }
    }

    fn add_time(&mut self, number: &Number, unit: i64) -> Result<(), TimeError> {
        self.add_micros(number.whole, unit)?;
        self.add_fraction(number.fraction, unit)
    }

    fn add_years(&mut self, number: &Number, years: i64) -> Result<(), TimeError> {
        let months = number.whole.checked_mul(years * 12).ok_or(TimeError::Range)?;
        self.add_months(months)?;
        self.add_months((number.fraction * (years * 12) as f64).round_ties_even() as i64)
    }

    fn add_months(&mut self, months: i64) -> Result<(), TimeError> {
        let sum = i64::from(self.interval.months).checked_add(months).ok_or(TimeError::Range)?;
        self.interval.months = i32::try_from(sum).map_err(|_| TimeError::Range)?;
        Ok(())
    }

    fn add_days(&mut self, days: i64) -> Result<(), TimeError> {
        let sum = i64::from(self.interval.days).checked_add(days).ok_or(TimeError::Range)?;
        self.interval.days = i32::try_from(sum).map_err(|_| TimeError::Range)?;
        Ok(())
    }

    fn add_micros(&mut self, count: i64, unit: i64) -> Result<(), TimeError> {
        let micros = count.checked_mul(unit).ok_or(TimeError::Range)?;
        self.interval.micros = self.interval.micros.checked_add(micros).ok_or(TimeError::Range)?;
        Ok(())
    }

    fn add_fraction_of_days(&mut self, days: f64) -> Result<(), TimeError> {
        self.add_days(days.trunc() as i64)?;
        self.add_fraction(days - days.trunc(), MICROS_PER_DAY)
    }

    fn add_fraction(&mut self, fraction: f64, unit: i64) -> Result<(), TimeError> {
        let micros = fraction * unit as f64;
        let whole = micros.trunc();
        let rest = micros - whole;
        let rounded = if rest.abs() > 0.5 { rest.signum() } else { 0.0 };
        self.add_micros((whole + rounded) as i64, 1)
    }

    /// `04:05`, `04:05:06.7`, with a sign or without.
    fn add_clock(&mut self, word: &str) -> Result<(), TimeError> {
        let (sign, clock) = match word.as_bytes().first() {
            Some(b'-') => (-1, &word[1..]),
            Some(b'+') => (1, &word[1..]),
            _ => (1, word),
        };
        let parts: Vec<&str> = clock.split(':').collect();
        let numbers = parts.iter().map(|part| Number::parse(part)).collect::<Result<Vec<_>, _>>()?;
        let is_signed = parts.iter().any(|part| part.starts_with(['-', '+']));
        let (hours, minutes, seconds) = match &numbers[..] {
            // Two parts with a fraction are minutes and seconds.
            [minutes, seconds] if parts[1].contains('.') => (0, minutes.whole, seconds),
            [hours, minutes] => (hours.whole, minutes.whole, &Number { whole: 0, fraction: 0.0 }),
            [hours, minutes, seconds] => (hours.whole, minutes.whole, seconds),
            _ => return Err(TimeError::Format),
        };
        if is_signed || parts[..parts.len() - 1].iter().any(|part| part.contains('.')) {
            return Err(TimeError::Format);
        }
        if minutes > 59 || seconds.whole > 60 {
            return Err(TimeError::Range);
        }
        for unit in [Unit::Hours, Unit::Minutes, Unit::Seconds, Unit::Millis, Unit::Micros] {
            self.see(unit)?;
        }
        self.add_micros(sign * hours, 3_600_000_000)?;
        self.add_micros(sign * minutes, 60_000_000)?;
        self.add_micros(sign * seconds.whole, 1_000_000)?;
        let micros = (seconds.fraction * 1_000_000.0).round_ties_even() as i64;
        self.add_micros(sign * micros, 1)
    }

    /// `1-2`: a year and two months.
    fn add_years_and_months(&mut self, word: &str) -> Result<(), TimeError> {
        let (sign, digits) = match word.as_bytes().first() {
            Some(b'-') => (-1, &word[1..]),
            Some(b'+') => (1, &word[1..]),
            _ => (1, word),
        };
        let (years, months) = digits.split_once('-').ok_or(TimeError::Format)?;
        let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(years) || !is_digits(months) {
            return Err(TimeError::Format);
        }
        let years: i64 = years.parse().map_err(|_| TimeError::Range)?;
        let months: i64 = months.parse().map_err(|_| TimeError::Range)?;
        if months >= 12 {
            return Err(TimeError::Range);
        }
        self.see(Unit::Years)?;
        self.see(Unit::Months)?;
        self.add_months(sign * years.checked_mul(12).ok_or(TimeError::Range)?)?;
        self.add_months(sign * months)
    }
}

/// What follows the `P`: `1Y2M3DT4H5M6.7S`.
fn iso_8601(designators: &str) -> Result<Interval, TimeError> {
    let mut sum = Sum::default();
    let mut is_time = false;
    let mut rest = designators;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T') {
            if is_time {
                return Err(TimeError::Format);
            }
            (is_time, rest) = (true, after);
            continue;
        }
        let end = rest.find(|character: char| character.is_ascii_alphabetic()).ok_or(TimeError::Format)?;
        let number = Number::parse(&rest[..end])?;
        let letter = char::from(rest.as_bytes()[end]);
        sum.add(&number, Unit::of_designator(letter, is_time).ok_or(TimeError::Format)?)?;
        rest = &rest[end + 1..];
    }
    if sum.seen == 0 && !is_time { Err(TimeError::Format) } else { Ok(sum.interval) }
}
