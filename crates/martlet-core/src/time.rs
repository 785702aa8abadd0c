//! Dates and times in the written form that PostgreSQL uses in JSON, so that text order is time order.

mod fields;
mod interval;
mod interval_text;
#[cfg(test)]
mod tests;

pub use fields::{Extracted, Field};
pub use interval::Interval;

use std::fmt;

/// Days since 1970-01-01, or an infinity; years 0001 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// Microseconds since 1970-01-01T00:00:00Z, or an infinity; years 0001 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Why a text is no date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text is not of the written form.
    #[error("not a date or time")]
    Format,
    /// The form is right, the value outside years 0001 to 9999 or no day of the calendar.
    #[error("date or time out of range")]
    Range,
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

impl Date {
    /// Later than every date.
    pub const INFINITY: Date = Date(i32::MAX);
    /// Earlier than every date.
    pub const NEG_INFINITY: Date = Date(i32::MIN);
    /// 0001-01-01.
    pub const MIN: Date = Date(-719_162);
    /// 9999-12-31.
    pub const MAX: Date = Date(2_932_896);

    /// The date so many days after 1970-01-01; an error outside years 0001 to 9999.
    pub fn from_days(days: i64) -> Result<Self, TimeError> {
        match i32::try_from(days) {
            Ok(days) if (Self::MIN.0..=Self::MAX.0).contains(&days) => Ok(Self(days)),
            _ => Err(TimeError::Range),
        }
    }

    /// Days since 1970-01-01; none for an infinity.
    pub fn days(self) -> Option<i32> {
        self.is_finite().then_some(self.0)
    }

    /// Whether it is a day of the calendar.
    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEG_INFINITY
    }

    /// The date so many days later; an infinity stays.
    pub fn plus_days(self, days: i64) -> Result<Self, TimeError> {
        if !self.is_finite() {
            return Ok(self);
        }
        Self::from_days(i64::from(self.0).checked_add(days).ok_or(TimeError::Range)?)
    }

    /// Year, month 1 to 12 and day 1 to 31; none for an infinity.
    pub fn civil(self) -> Option<(i16, i8, i8)> {
        self.is_finite().then(|| {
            let date = civil_of_days(self.0);
            (date.year(), date.month(), date.day())
        })
    }

    /// The date of a year 1 to 9999, month and day.
    pub fn from_civil(year: i16, month: i8, day: i8) -> Result<Self, TimeError> {
        let date = jiff::civil::Date::new(year, month, day).map_err(|_| TimeError::Range)?;
        Self::from_days(days_of_civil(date))
    }

    /// Midnight of that day in UTC.
    pub fn midnight(self) -> Timestamp {
        match self {
            Self::INFINITY => Timestamp::INFINITY,
            Self::NEG_INFINITY => Timestamp::NEG_INFINITY,
            Self(days) => Timestamp(i64::from(days) * MICROS_PER_DAY),
        }
    }

    /// Reads `2026-01-31`, `infinity` or `-infinity`; nothing else.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        match text {
            "infinity" => return Ok(Self::INFINITY),
            "-infinity" => return Ok(Self::NEG_INFINITY),
            _ => {}
        }
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(TimeError::Format);
        }
        let (year, month, day) = (digits(&bytes[..4])?, digits(&bytes[5..7])?, digits(&bytes[8..])?);
        if year == 0 {
            return Err(TimeError::Range);
        }
        Self::from_civil(narrow(year)?, narrow(month)?, narrow(day)?)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.civil() {
            Some((year, month, day)) => write!(f, "{year:04}-{month:02}-{day:02}"),
            None if *self == Self::INFINITY => f.write_str("infinity"),
            None => f.write_str("-infinity"),
        }
    }
}

impl Timestamp {
    /// Later than every time.
    pub const INFINITY: Timestamp = Timestamp(i64::MAX);
    /// Earlier than every time.
    pub const NEG_INFINITY: Timestamp = Timestamp(i64::MIN);

    /// The time so many microseconds after 1970-01-01T00:00:00Z, unchecked against the years.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// As [`Timestamp::from_micros`]; an error outside years 0001 to 9999.
    pub fn checked_from_micros(micros: i64) -> Result<Self, TimeError> {
        Date::from_days(micros.div_euclid(MICROS_PER_DAY)).map(|_| Self(micros))
    }

    /// Microseconds since 1970-01-01T00:00:00Z; the ends of the range for infinities.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whether it is a time of the calendar.
    pub fn is_finite(self) -> bool {
        self != Self::INFINITY && self != Self::NEG_INFINITY
    }

    /// The day in UTC.
    pub fn date(self) -> Date {
        match self {
            Self::INFINITY => Date::INFINITY,
            Self::NEG_INFINITY => Date::NEG_INFINITY,
            Self(micros) => Date(i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(Date::MAX.0)),
        }
    }

    /// Microseconds since midnight in UTC; 0 for an infinity.
    pub fn micros_of_day(self) -> i64 {
        if self.is_finite() { self.0.rem_euclid(MICROS_PER_DAY) } else { 0 }
    }

    /// Reads a date, or a date and a time after `T` or a blank, with an offset or without (UTC), or an infinity.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        match text {
            "infinity" => return Ok(Self::INFINITY),
            "-infinity" => return Ok(Self::NEG_INFINITY),
            _ => {}
        }
        let (date, rest) = text.split_at_checked(10).ok_or(TimeError::Format)?;
        let midnight = Date::parse(date)?.midnight().0;
        if rest.is_empty() {
            return Ok(Self(midnight));
        }
        let rest = rest.strip_prefix(['T', 't', ' ']).ok_or(TimeError::Format)?;
        let (clock, offset) = split_offset(rest)?;
        let micros = midnight + micros_of_clock(clock)? - offset;
        Self::checked_from_micros(micros)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_finite() {
            return self.date().fmt(f);
        }
        let micros = self.micros_of_day();
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        write!(f, "{}T{:02}:{:02}:{:02}", self.date(), seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        write_fraction(f, fraction.unsigned_abs())?;
        f.write_str("+00:00")
    }
}

/// `.5`: microseconds without the zeros at their end; nothing for none.
fn write_fraction(f: &mut fmt::Formatter<'_>, mut micros: u64) -> fmt::Result {
    if micros == 0 {
        return Ok(());
    }
    let mut places = 6;
    while micros.is_multiple_of(10) {
        micros /= 10;
        places -= 1;
    }
    write!(f, ".{micros:0places$}")
}

fn civil_of_days(days: i32) -> jiff::civil::Date {
    EPOCH.checked_add(jiff::Span::new().days(days)).expect("days are within years 1 to 9999: checked in from_days")
}

fn days_of_civil(date: jiff::civil::Date) -> i64 {
    let span = date.since(EPOCH).expect("both ends are within jiff's range");
    i64::from(span.get_days())
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

fn digits(bytes: &[u8]) -> Result<i64, TimeError> {
    if bytes.is_empty() || bytes.len() > 9 || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(TimeError::Format);
    }
    Ok(bytes.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
}

fn narrow<T: TryFrom<i64>>(number: i64) -> Result<T, TimeError> {
    T::try_from(number).map_err(|_| TimeError::Range)
}

/// Splits `12:30:00.5+02:00` into the clock and the offset in microseconds.
fn split_offset(text: &str) -> Result<(&str, i64), TimeError> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, 0));
    }
    let Some(at) = text.find(['+', '-']) else {
        return Ok((text, 0));
    };
    let (clock, offset) = text.split_at(at);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let offset = &offset.as_bytes()[1..];
    let (hours, minutes) = match offset.len() {
        2 => (digits(offset)?, 0),
        4 => (digits(&offset[..2])?, digits(&offset[2..])?),
        5 if offset[2] == b':' => (digits(&offset[..2])?, digits(&offset[3..])?),
        _ => return Err(TimeError::Format),
    };
    if hours > 15 || minutes > 59 {
        return Err(TimeError::Range);
    }
    Ok((clock, sign * (hours * 60 + minutes) * 60_000_000))
}

/// `12:30`, `12:30:00` or `12:30:00.123456`; more digits are rounded, as PostgreSQL does.
fn micros_of_clock(text: &str) -> Result<i64, TimeError> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let bytes = whole.as_bytes();
    let seconds = match bytes.len() {
        5 if bytes[2] == b':' && fraction.is_none() => 0,
        8 if bytes[2] == b':' && bytes[5] == b':' => digits(&bytes[6..])?,
        _ => return Err(TimeError::Format),
    };
    let (hours, minutes) = (digits(&bytes[..2])?, digits(&bytes[3..5])?);
    let fraction = fraction.map_or(Ok(0), micros_of_fraction)?;
    let is_end_of_day = hours == 24 && minutes == 0 && seconds == 0 && fraction == 0;
    if (hours > 23 && !is_end_of_day) || minutes > 59 || seconds > 60 {
        return Err(TimeError::Range);
    }
    Ok(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction)
}

fn micros_of_fraction(text: &str) -> Result<i64, TimeError> {
    let bytes = text.as_bytes();
    if bytes.is_empty() || bytes.len() > 30 || !bytes.iter().all(u8::is_ascii_digit) {
        return Err(TimeError::Format);
    }
    // As PostgreSQL computes it, so that the same halves go up or down.
    let fraction: f64 = format!("0.{text}").parse().map_err(|_| TimeError::Format)?;
    Ok((fraction * 1_000_000.0).round_ties_even() as i64)
}
