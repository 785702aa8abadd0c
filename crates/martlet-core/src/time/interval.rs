//! Intervals, as PostgreSQL has them: months, days and microseconds apart.

use super::{Date, MICROS_PER_DAY, TimeError, Timestamp};
use std::fmt;

/// A span of time. Only expressions have one; the stored form is `MONTHS DAYS MICROS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Interval {
    /// Months; a year is twelve.
    pub months: i32,
    /// Days; not always 24 hours elsewhere, but in UTC they are.
    pub days: i32,
    /// Microseconds, of any size.
    pub micros: i64,
}

const DAYS_PER_MONTH: i32 = 30;
const SECONDS_PER_DAY: f64 = 86_400.0;

impl Interval {
    /// Reads the stored form.
    pub fn from_stored(text: &str) -> Result<Self, TimeError> {
        let mut parts = text.split(' ');
        let mut part = || parts.next().ok_or(TimeError::Format);
        let (months, days, micros) = (part()?, part()?, part()?);
        Ok(Self {
            months: months.parse().map_err(|_| TimeError::Format)?,
            days: days.parse().map_err(|_| TimeError::Format)?,
            micros: micros.parse().map_err(|_| TimeError::Format)?,
        })
    }

    /// Returns the stored form.
    pub fn to_stored(self) -> String {
        format!("{} {} {}", self.months, self.days, self.micros)
    }

    /// Adds part by part.
    pub fn plus(self, other: Self) -> Result<Self, TimeError> {
        Ok(Self {
            months: self.months.checked_add(other.months).ok_or(TimeError::Range)?,
            days: self.days.checked_add(other.days).ok_or(TimeError::Range)?,
            micros: self.micros.checked_add(other.micros).ok_or(TimeError::Range)?,
        })
    }

    /// Negates every part.
    pub fn negated(self) -> Result<Self, TimeError> {
        Ok(Self {
            months: self.months.checked_neg().ok_or(TimeError::Range)?,
            days: self.days.checked_neg().ok_or(TimeError::Range)?,
            micros: self.micros.checked_neg().ok_or(TimeError::Range)?,
        })
    }

    /// Multiplies every part; fractions of a month go on to days, of a day to microseconds.
    pub fn times(self, factor: f64) -> Result<Self, TimeError> {
        self.scaled(|part| part * factor)
    }

    /// Divides every part likewise. The caller refuses a divisor of zero.
    pub fn divided_by(self, divisor: f64) -> Result<Self, TimeError> {
        self.scaled(|part| part / divisor)
    }

    // The steps and their order are PostgreSQL's interval_mul, so that the same fractions are lost.
    fn scaled(self, scale: impl Fn(f64) -> f64) -> Result<Self, TimeError> {
        let months = scale(f64::from(self.months));
        let days = scale(f64::from(self.days));
        let mut result = Self { months: whole(months)?, days: whole(days)?, micros: 0 };
        let days_of_months = round_micros((months - f64::from(result.months)) * f64::from(DAYS_PER_MONTH));
        let mut seconds =
            round_micros((days - f64::from(result.days) + days_of_months - days_of_months.trunc()) * SECONDS_PER_DAY);
        if seconds.abs() >= SECONDS_PER_DAY {
            let carried = (seconds / SECONDS_PER_DAY).trunc();
            result.days = result.days.checked_add(whole(carried)?).ok_or(TimeError::Range)?;
            seconds -= carried * SECONDS_PER_DAY;
        }
        result.days = result.days.checked_add(whole(days_of_months)?).ok_or(TimeError::Range)?;
        let micros = (scale(self.micros as f64) + seconds * 1_000_000.0).round_ties_even();
        let fits = micros >= -(2_f64.powi(63)) && micros < 2_f64.powi(63);
        result.micros = if fits { micros as i64 } else { return Err(TimeError::Range) };
        Ok(result)
    }

    /// Microseconds with months of 30 days and days of 24 hours: what intervals are compared by.
    pub fn comparable(self) -> i128 {
        let days = i128::from(self.months) * i128::from(DAYS_PER_MONTH) + i128::from(self.days);
        days * i128::from(MICROS_PER_DAY) + i128::from(self.micros)
    }
}

fn whole(value: f64) -> Result<i32, TimeError> {
    let fits = value >= f64::from(i32::MIN) && value <= f64::from(i32::MAX);
    if fits { Ok(value as i32) } else { Err(TimeError::Range) }
}

fn round_micros(value: f64) -> f64 {
    (value * 1_000_000.0).round_ties_even() / 1_000_000.0
}

impl Timestamp {
    /// Adds months (the day is cut to the month's last), then days, then microseconds; an infinity stays.
    pub fn plus(self, interval: Interval) -> Result<Self, TimeError> {
        if !self.is_finite() {
            return Ok(self);
        }
        let mut days = self.micros().div_euclid(MICROS_PER_DAY);
        if interval.months != 0 {
            days = plus_months(days, interval.months);
        }
        let days = i128::from(days) + i128::from(interval.days);
        let micros = days * i128::from(MICROS_PER_DAY) + i128::from(self.micros_of_day()) + i128::from(interval.micros);
        Self::checked_from_micros(i64::try_from(micros).map_err(|_| TimeError::Range)?)
    }

    /// The difference in days and microseconds; an error where either is infinite.
    pub fn minus(self, other: Self) -> Result<Interval, TimeError> {
        if !self.is_finite() || !other.is_finite() {
            return Err(TimeError::Range);
        }
        let micros = self.micros() - other.micros();
        let days = i32::try_from(micros / MICROS_PER_DAY).map_err(|_| TimeError::Range)?;
        Ok(Interval { months: 0, days, micros: micros % MICROS_PER_DAY })
    }
}

/// Steps may leave the years 1 to 9999 as long as the end does not: so no calendar of a library.
fn plus_months(days: i64, months: i32) -> i64 {
    let (year, month, day) = civil_of_days(days);
    let total = year * 12 + (month - 1) + i64::from(months);
    let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
    days_of_civil(year, month, day.min(days_in_month(year, month)))
}

pub(super) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's algorithm: years begin in March).
pub(super) fn days_of_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

pub(super) fn year_of_days(days: i64) -> i64 {
    civil_of_days(days).0
}

fn civil_of_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Interval {
    /// As PostgreSQL prints it: `1 year 2 mons 3 days 04:05:06.7`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        let mut was_negative = false;
        for (count, unit) in [(self.months / 12, "year"), (self.months % 12, "mon"), (self.days, "day")] {
            if count == 0 {
                continue;
            }
            let blank = if is_first { "" } else { " " };
            let plus = if was_negative && count > 0 { "+" } else { "" };
            let plural = if count == 1 { "" } else { "s" };
            write!(f, "{blank}{plus}{count} {unit}{plural}")?;
            (is_first, was_negative) = (false, count < 0);
        }
        if self.micros == 0 && !is_first {
            return Ok(());
        }
        let blank = if is_first { "" } else { " " };
        let sign = match self.micros {
            ..0 => "-",
            _ if was_negative => "+",
            _ => "",
        };
        let micros = self.micros.unsigned_abs();
        let seconds = micros / 1_000_000;
        write!(f, "{blank}{sign}{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        super::write_fraction(f, micros % 1_000_000)
    }
}

impl Date {
    /// Midnight of that day plus the interval.
    pub fn plus(self, interval: Interval) -> Result<Timestamp, TimeError> {
        self.midnight().plus(interval)
    }
}
