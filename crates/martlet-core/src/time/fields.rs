//! `date_trunc` and `extract`: the fields of a time.

use super::interval::{Interval, days_in_month, days_of_civil};
use super::{Date, MICROS_PER_DAY, TimeError, Timestamp};

/// A field of a date, a time or an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is PostgreSQL's field of that name")]
pub enum Field {
    Microseconds,
    Milliseconds,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
    Century,
    Millennium,
    Isoyear,
    Dow,
    Isodow,
    Doy,
    Epoch,
}

/// What `extract` gives: a `numeric`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extracted {
    /// `value / 10^scale`, printed with all its places.
    Number {
        /// The digits.
        value: i64,
        /// Places after the point.
        scale: u32,
    },
    /// Later than everything: of `infinity`.
    Infinity,
    /// Earlier than everything: of `-infinity`.
    NegInfinity,
    /// Fields that an infinity does not have.
    Null,
}

impl Field {
    /// Every field, under PostgreSQL's name.
    pub const ALL: [(&'static str, Field); 18] = [
        ("microseconds", Field::Microseconds),
        ("milliseconds", Field::Milliseconds),
        ("second", Field::Second),
        ("minute", Field::Minute),
        ("hour", Field::Hour),
        ("day", Field::Day),
        ("week", Field::Week),
        ("month", Field::Month),
        ("quarter", Field::Quarter),
        ("year", Field::Year),
        ("decade", Field::Decade),
        ("century", Field::Century),
        ("millennium", Field::Millennium),
        ("isoyear", Field::Isoyear),
        ("dow", Field::Dow),
        ("isodow", Field::Isodow),
        ("doy", Field::Doy),
        ("epoch", Field::Epoch),
    ];

    /// The field of that name, in any case.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| *field)
    }

    /// Whether `date_trunc` takes it.
    pub fn can_truncate(self) -> bool {
        !matches!(self, Self::Isoyear | Self::Dow | Self::Isodow | Self::Doy | Self::Epoch)
    }

    /// Whether a date has it.
    pub fn is_of_date(self) -> bool {
        !matches!(self, Self::Microseconds | Self::Milliseconds | Self::Second | Self::Minute | Self::Hour)
    }

    /// Whether an interval has it.
    pub fn is_of_interval(self) -> bool {
        !matches!(self, Self::Week | Self::Isoyear | Self::Dow | Self::Isodow | Self::Doy)
    }

    /// Whether it grows with time, so that an infinity has it.
    fn is_monotonic(self) -> bool {
        matches!(self, Self::Year | Self::Decade | Self::Century | Self::Millennium | Self::Isoyear | Self::Epoch)
    }
}

impl Timestamp {
    /// `date_trunc`: the start of the field that holds the time, in UTC; an infinity stays.
    ///
    /// Errors: `Range` where the start lies before year 1; `Format` for a field that has no start.
    pub fn truncated_to(self, field: Field) -> Result<Self, TimeError> {
        let Some((year, month, _)) = self.date().civil() else { return Ok(self) };
        let (year, month) = (i64::from(year), i64::from(month));
        let unit = match field {
            Field::Microseconds => 1,
            Field::Milliseconds => 1_000,
            Field::Second => 1_000_000,
            Field::Minute => 60_000_000,
            Field::Hour => 3_600_000_000,
            Field::Day => MICROS_PER_DAY,
            Field::Week => return Self::midnight_of(self.days() - weekday(self.days())),
            Field::Month => return Self::midnight_of(days_of_civil(year, month, 1)),
            Field::Quarter => return Self::midnight_of(days_of_civil(year, (month - 1) / 3 * 3 + 1, 1)),
            Field::Year => return Self::midnight_of(days_of_civil(year, 1, 1)),
            Field::Decade => return Self::midnight_of(days_of_civil(year / 10 * 10, 1, 1)),
            Field::Century => return Self::midnight_of(days_of_civil((year + 99) / 100 * 100 - 99, 1, 1)),
            Field::Millennium => return Self::midnight_of(days_of_civil((year + 999) / 1000 * 1000 - 999, 1, 1)),
            Field::Isoyear | Field::Dow | Field::Isodow | Field::Doy | Field::Epoch => return Err(TimeError::Format),
        };
        Ok(Self::from_micros(self.micros() - self.micros().rem_euclid(unit)))
    }

    /// `extract` from a time.
    pub fn extract(self, field: Field) -> Extracted {
        let Some((year, month, day)) = self.date().civil() else {
            return match field.is_monotonic() {
                true if self == Self::INFINITY => Extracted::Infinity,
                true => Extracted::NegInfinity,
                false => Extracted::Null,
            };
        };
        let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
        let micros = self.micros_of_day();
        let micros_of_minute = micros % 60_000_000;
        let value = match field {
            Field::Microseconds => micros_of_minute,
            Field::Milliseconds => return Extracted::Number { value: micros_of_minute, scale: 3 },
            Field::Second => return Extracted::Number { value: micros_of_minute, scale: 6 },
            Field::Epoch => return Extracted::Number { value: self.micros(), scale: 6 },
            Field::Minute => micros / 60_000_000 % 60,
            Field::Hour => micros / 3_600_000_000,
            Field::Day => day,
            Field::Month => month,
            Field::Quarter => (month - 1) / 3 + 1,
            Field::Year => year,
            Field::Decade => year / 10,
            Field::Century => (year + 99) / 100,
            Field::Millennium => (year + 999) / 1000,
            Field::Week => iso_week(self.days()).1,
            Field::Isoyear => iso_week(self.days()).0,
            Field::Dow => (weekday(self.days()) + 1) % 7,
            Field::Isodow => weekday(self.days()) + 1,
            Field::Doy => self.days() - days_of_civil(year, 1, 1) + 1,
        };
        Extracted::Number { value, scale: 0 }
    }

    fn days(self) -> i64 {
        self.micros().div_euclid(MICROS_PER_DAY)
    }

    fn midnight_of(days: i64) -> Result<Self, TimeError> {
        Date::from_days(days).map(Date::midnight)
    }
}

impl Date {
    /// `extract` from a date; null for the fields of a clock, which the caller refuses.
    pub fn extract(self, field: Field) -> Extracted {
        match (field, self.midnight().extract(field)) {
            (Field::Epoch, Extracted::Number { value, .. }) => Extracted::Number { value: value / 1_000_000, scale: 0 },
            (_, extracted) => extracted,
        }
    }

    /// The last day of its month; an infinity stays.
    pub fn last_of_month(self) -> Self {
        let Some((year, month, _)) = self.civil() else { return self };
        let (year, month) = (i64::from(year), i64::from(month));
        Self::from_days(days_of_civil(year, month, days_in_month(year, month))).unwrap_or(self)
    }
}

impl Interval {
    /// `extract` from an interval; null for the fields that it has not, which the caller refuses.
    pub fn extract(self, field: Field) -> Extracted {
        let months = i64::from(self.months);
        let micros_of_minute = self.micros % 60_000_000;
        let value = match field {
            Field::Microseconds => micros_of_minute,
            Field::Milliseconds => return Extracted::Number { value: micros_of_minute, scale: 3 },
            Field::Second => return Extracted::Number { value: micros_of_minute, scale: 6 },
            Field::Epoch => return self.epoch(),
            Field::Minute => self.micros / 60_000_000 % 60,
            Field::Hour => self.micros / 3_600_000_000,
            Field::Day => i64::from(self.days),
            Field::Month => months % 12,
            Field::Quarter => months % 12 / 3 + 1,
            Field::Year => months / 12,
            Field::Decade => months / 120,
            Field::Century => months / 1_200,
            Field::Millennium => months / 12_000,
            Field::Week | Field::Isoyear | Field::Dow | Field::Isodow | Field::Doy => return Extracted::Null,
        };
        Extracted::Number { value, scale: 0 }
    }

    /// Seconds, with years of 365.25 days and months of 30.
    fn epoch(self) -> Extracted {
        let months = i64::from(self.months);
        let quarter_days = 1_461 * (months / 12) + 120 * (months % 12) + 4 * i64::from(self.days);
        let micros = i128::from(quarter_days) * i128::from(MICROS_PER_DAY / 4) + i128::from(self.micros);
        // Beyond i64 PostgreSQL goes on in numeric: 292,000 years, of which no two times are apart.
        i64::try_from(micros).map_or(Extracted::Null, |value| Extracted::Number { value, scale: 6 })
    }
}

/// 0 for Monday to 6 for Sunday.
fn weekday(days: i64) -> i64 {
    (days + 3).rem_euclid(7)
}

/// The ISO year and week: that of the week's Thursday.
fn iso_week(days: i64) -> (i64, i64) {
    let thursday = days - weekday(days) + 3;
    let year = super::interval::year_of_days(thursday);
    (year, (thursday - days_of_civil(year, 1, 1)) / 7 + 1)
}
