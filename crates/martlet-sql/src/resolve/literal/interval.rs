//! The written form of intervals: `1 month 2 days`, `-3 hours`, `02:30:00`; months, days and microseconds.

const NOT_AN_INTERVAL: &str = "an interval is written '1 day', '2 hours 30 minutes' or '1 month'";
const OUT_OF_RANGE: &str = "the interval is out of range";

/// Reads an interval into `MONTHS DAYS MICROS`.
pub(super) fn read(text: &str) -> Result<String, &'static str> {
    let (mut months, mut days, mut micros) = (0_i32, 0_i32, 0_i64);
    let mut words = text.split_ascii_whitespace().peekable();
    if words.peek().is_none() {
        return Err(NOT_AN_INTERVAL);
    }
    while let Some(word) = words.next() {
        if word.contains(':') {
            micros = micros.checked_add(clock(word)?).ok_or(OUT_OF_RANGE)?;
            continue;
        }
        // `1day` and `1 day` are the same.
        let split = word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len());
        let (number, unit) = match word.split_at(split) {
            (number, "") => (number, words.next().ok_or(NOT_AN_INTERVAL)?),
            both => both,
        };
        let unit = unit.to_ascii_lowercase();
        let factor = match unit.as_str() {
            "year" | "years" | "y" => Unit::Months(12),
            "month" | "months" | "mon" | "mons" => Unit::Months(1),
            "week" | "weeks" | "w" => Unit::Days(7),
            "day" | "days" | "d" => Unit::Days(1),
            "hour" | "hours" | "hr" | "hrs" | "h" => Unit::Micros(3_600_000_000),
            "minute" | "minutes" | "min" | "mins" | "m" => Unit::Micros(60_000_000),
            "second" | "seconds" | "sec" | "secs" | "s" => Unit::Micros(1_000_000),
            "millisecond" | "milliseconds" | "ms" => Unit::Micros(1_000),
            "microsecond" | "microseconds" | "us" => Unit::Micros(1),
            _ => return Err(NOT_AN_INTERVAL),
        };
        match factor {
            Unit::Months(factor) => {
                months = whole::<i32>(number)?
                    .checked_mul(factor)
                    .and_then(|n| months.checked_add(n))
                    .ok_or(OUT_OF_RANGE)?;
            }
            Unit::Days(factor) => {
                days =
                    whole::<i32>(number)?.checked_mul(factor).and_then(|n| days.checked_add(n)).ok_or(OUT_OF_RANGE)?;
            }
            Unit::Micros(factor) => {
                let part = if number.contains('.') && factor == 1_000_000 {
                    seconds(number)?
                } else {
                    whole::<i64>(number)?.checked_mul(factor).ok_or(OUT_OF_RANGE)?
                };
                micros = micros.checked_add(part).ok_or(OUT_OF_RANGE)?;
            }
        }
    }
    Ok(format!("{months} {days} {micros}"))
}

enum Unit {
    Months(i32),
    Days(i32),
    Micros(i64),
}

fn whole<T: std::str::FromStr>(text: &str) -> Result<T, &'static str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("an interval here has whole numbers; only seconds may have a fraction");
    }
    text.parse().map_err(|_| OUT_OF_RANGE)
}

/// `1.5` as microseconds, at most six digits after the point.
fn seconds(text: &str) -> Result<i64, &'static str> {
    let is_negative = text.starts_with('-');
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 6 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NOT_AN_INTERVAL);
    }
    let fraction: i64 = if fraction.is_empty() { 0 } else { whole(&format!("{fraction:0<6}"))? };
    let micros = whole::<i64>(seconds)?.checked_mul(1_000_000).ok_or(OUT_OF_RANGE)?;
    micros.checked_add(if is_negative { -fraction } else { fraction }).ok_or(OUT_OF_RANGE)
}

/// `[-]HH:MM[:SS[.ffffff]]`.
fn clock(text: &str) -> Result<i64, &'static str> {
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let parts: Vec<&str> = unsigned.split(':').collect();
    let (hours, minutes, second) = match parts.as_slice() {
        [hours, minutes] => (*hours, *minutes, "0"),
        [hours, minutes, second] => (*hours, *minutes, *second),
        _ => return Err(NOT_AN_INTERVAL),
    };
    if unsigned.contains(['+', '-']) {
        return Err(NOT_AN_INTERVAL);
    }
    let (hours, minutes, second) = (whole::<i64>(hours)?, whole::<i64>(minutes)?, seconds(second)?);
    if minutes > 59 || second > 60_000_000 {
        return Err(OUT_OF_RANGE);
    }
    let micros = hours.checked_mul(3_600_000_000).and_then(|h| h.checked_add(minutes * 60_000_000 + second));
    micros.map(|micros| if is_negative { -micros } else { micros }).ok_or(OUT_OF_RANGE)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn intervals_are_months_days_and_microseconds() {
        for (text, wanted) in [
            ("1 day", "0 1 0"),
            ("2 weeks", "0 14 0"),
            ("1 year 2 months", "14 0 0"),
            ("-3 hours", "0 0 -10800000000"),
            ("1 day 02:30:00.5", "0 1 9000500000"),
            ("90 minutes", "0 0 5400000000"),
            ("1.5 seconds", "0 0 1500000"),
            ("-0.5 seconds", "0 0 -500000"),
            ("7days", "0 7 0"),
            ("0 days", "0 0 0"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(wanted), "{text}");
        }
        for text in
            ["", "day", "1", "1.5 days", "1 fortnight", "99999999999 days", "1:99", "P1D", "1 day ago", "--1 day"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
