//! Dates, times and intervals. The rules lie in `martlet_core::time`; here are the names, the texts and the errors.

use super::numeric;
use super::{Arguments, Raise, Registry};
use martlet_core::time::{Extracted, Field, TimeError};
use martlet_core::{Date, Interval, Timestamp, code};
use rusqlite::types::Value;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    register_texts(registry)?;
    register_casts(registry)?;
    register_arithmetic(registry)?;
    register_intervals(registry)?;
    register_fields(registry)
}

fn register_texts(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("date_in", 1, |arguments| {
        let text = arguments.text(0)?;
        date_in(text.trim()).map(|date| date.to_string()).map_err(|fault| unreadable(fault, "date", text))
    })?;
    registry.strict("timestamptz_in", 1, |arguments| {
        let text = arguments.text(0)?;
        let time = Timestamp::parse(text.trim());
        time.map(|time| time.to_string()).map_err(|fault| unreadable(fault, "timestamp with time zone", text))
    })?;
    registry.strict("timestamp_in", 1, |arguments| {
        let text = arguments.text(0)?;
        let time = local_time(text.trim());
        time.map(timestamp_text).map_err(|fault| unreadable(fault, "timestamp", text))
    })?;
    registry.strict("interval_in", 1, |arguments| {
        let text = arguments.text(0)?;
        Interval::parse(text).map(Interval::to_stored).map_err(|fault| match fault {
            TimeError::Format => unreadable(fault, "interval", text),
            TimeError::Range => {
                let message = format!("interval field value out of range: \"{}\"", super::shortened(text));
                Raise::new(&code::INTERVAL_RANGE, message)
            }
        })
    })?;
    registry.strict("date_out", 1, |arguments| Ok(date(arguments, 0)?.to_string()))?;
    registry.strict("timestamptz_out", 1, |arguments| {
        let time = time(arguments, 0)?;
        Ok(if time.is_finite() { format!("{}+00", blank_for_t(time)) } else { time.to_string() })
    })?;
    registry.strict("timestamp_out", 1, |arguments| Ok(blank_for_t(time(arguments, 0)?)))?;
    registry.strict("interval_out", 1, |arguments| Ok(interval(arguments, 0)?.to_string()))
}

fn register_casts(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("date_timestamptz", 1, |arguments| Ok(date(arguments, 0)?.midnight().to_string()))?;
    registry.strict("date_timestamp", 1, |arguments| Ok(timestamp_text(date(arguments, 0)?.midnight())))?;
    registry.strict("timestamptz_date", 1, |arguments| Ok(time(arguments, 0)?.date().to_string()))?;
    registry.strict("timestamp_date", 1, |arguments| Ok(time(arguments, 0)?.date().to_string()))?;
    registry.strict("timestamp_timestamptz", 1, |arguments| Ok(time(arguments, 0)?.to_string()))?;
    registry.strict("timestamptz_timestamp", 1, |arguments| Ok(timestamp_text(time(arguments, 0)?)))
}

fn register_arithmetic(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("date_pli", 2, |arguments| plus_days(arguments, 1))?;
    registry.strict("date_mii", 2, |arguments| plus_days(arguments, -1))?;
    registry.strict("date_mi", 2, |arguments| match (date(arguments, 0)?.days(), date(arguments, 1)?.days()) {
        (Some(a), Some(b)) => Ok(i64::from(a) - i64::from(b)),
        _ => Err(Raise::new(&code::DATETIME_RANGE, "cannot subtract infinite dates")),
    })?;
    for (name, is_minus) in [("pl", false), ("mi", true)] {
        let operand = move |arguments: &Arguments<'_>| {
            let interval = interval(arguments, 1)?;
            if is_minus { interval.negated().map_err(|_| timestamp_out_of_range()) } else { Ok(interval) }
        };
        registry.strict(&format!("timestamptz_{name}_interval"), 2, move |arguments| {
            let sum = time(arguments, 0)?.plus(operand(arguments)?);
            sum.map(|time| time.to_string()).map_err(|_| timestamp_out_of_range())
        })?;
        registry.strict(&format!("timestamp_{name}_interval"), 2, move |arguments| {
            let sum = time(arguments, 0)?.plus(operand(arguments)?);
            sum.map(timestamp_text).map_err(|_| timestamp_out_of_range())
        })?;
        registry.strict(&format!("date_{name}_interval"), 2, move |arguments| {
            let sum = date(arguments, 0)?.plus(operand(arguments)?);
            sum.map(timestamp_text).map_err(|_| timestamp_out_of_range())
        })?;
    }
    for name in ["timestamptz_mi", "timestamp_mi"] {
        registry.strict(name, 2, |arguments| {
            let difference = time(arguments, 0)?.minus(time(arguments, 1)?);
            let fault = |_| Raise::new(&code::DATETIME_RANGE, "cannot subtract infinite timestamps");
            difference.map(Interval::to_stored).map_err(fault)
        })?;
    }
    Ok(())
}

fn register_intervals(registry: &Registry<'_>) -> rusqlite::Result<()> {
    let stored = |interval: Result<Interval, TimeError>| {
        let fault = |_| Raise::new(&code::DATETIME_RANGE, "interval out of range");
        interval.map(Interval::to_stored).map_err(fault)
    };
    registry
        .strict("interval_pl", 2, move |arguments| stored(interval(arguments, 0)?.plus(interval(arguments, 1)?)))?;
    registry.strict("interval_mi", 2, move |arguments| {
        let subtracted = interval(arguments, 1)?.negated();
        stored(
            subtracted
                .and_then(|subtracted| interval(arguments, 0).map_or(Err(TimeError::Format), |a| a.plus(subtracted))),
        )
    })?;
    registry.strict("interval_um", 1, move |arguments| stored(interval(arguments, 0)?.negated()))?;
    registry.strict("interval_mul", 2, move |arguments| stored(interval(arguments, 0)?.times(arguments.double(1)?)))?;
    registry.strict("interval_div", 2, move |arguments| match arguments.double(1)? {
        0.0 => Err(super::arithmetic::division_by_zero()),
        divisor => stored(interval(arguments, 0)?.divided_by(divisor)),
    })?;
    registry.strict("interval_cmp", 2, |arguments| {
        let (a, b) = (interval(arguments, 0)?.comparable(), interval(arguments, 1)?.comparable());
        Ok(a.cmp(&b) as i32)
    })
}

fn register_fields(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("timestamptz_trunc", 2, |arguments| {
        Ok(truncated(arguments, "timestamp with time zone")?.to_string())
    })?;
    registry.strict("timestamp_trunc", 2, |arguments| {
        Ok(timestamp_text(truncated(arguments, "timestamp without time zone")?))
    })?;
    registry.strict("extract_date", 2, |arguments| {
        let field = field(arguments, "date")?;
        if !field.is_of_date() {
            let message = format!("unit \"{}\" not supported for type date", arguments.text(0)?.to_ascii_lowercase());
            return Err(Raise::new(&code::UNSUPPORTED, message));
        }
        Ok(extracted(date(arguments, 1)?.extract(field)))
    })?;
    registry.strict("extract_timestamptz", 2, |arguments| {
        Ok(extracted(time(arguments, 1)?.extract(field(arguments, "timestamp with time zone")?)))
    })?;
    registry.strict("extract_timestamp", 2, |arguments| {
        Ok(extracted(time(arguments, 1)?.extract(field(arguments, "timestamp without time zone")?)))
    })?;
    registry.strict("extract_interval", 2, |arguments| {
        let field = field(arguments, "interval")?;
        if !field.is_of_interval() {
            let message =
                format!("unit \"{}\" not supported for type interval", arguments.text(0)?.to_ascii_lowercase());
            return Err(Raise::new(&code::UNSUPPORTED, message));
        }
        Ok(extracted(interval(arguments, 1)?.extract(field)))
    })?;
    registry.strict("to_char", 2, |arguments| {
        let time = time(arguments, 0)?;
        let Some((year, month, day)) = time.date().civil() else { return Ok(None) };
        Ok(Some(match arguments.text(1)? {
            "YYYY" => format!("{year:04}"),
            "MM" => format!("{month:02}"),
            "YYYY-MM" => format!("{year:04}-{month:02}"),
            "YYYY-MM-DD" => format!("{year:04}-{month:02}-{day:02}"),
            _ => {
                let message = "to_char() knows the patterns YYYY, MM, YYYY-MM and YYYY-MM-DD";
                return Err(Raise::new(&code::INVALID_PARAMETER, message));
            }
        }))
    })
}

/// Of a time the date as it is written, whatever the offset.
fn date_in(text: &str) -> Result<Date, TimeError> {
    match text.get(..10) {
        Some(date) if text.len() > 10 => local_time(text).and_then(|_| Date::parse(date)),
        _ => Date::parse(text),
    }
}

/// An offset says nothing about a timestamp: it must be one, and is dropped.
fn local_time(text: &str) -> Result<Timestamp, TimeError> {
    let local = without_offset(text);
    let time = Timestamp::parse(local)?;
    match &text[local.len()..] {
        "" => Ok(time),
        offset => Timestamp::parse(&format!("2000-01-01T00:00{offset}")).map(|_| time),
    }
}

fn plus_days(arguments: &Arguments<'_>, sign: i64) -> Result<String, Raise> {
    // An integer of 32 bits: its negation fits.
    let sum = date(arguments, 0)?.plus_days(sign * arguments.integer(1)?.clamp(-(1 << 40), 1 << 40));
    sum.map(|date| date.to_string()).map_err(|_| Raise::new(&code::DATETIME_RANGE, "date out of range"))
}

fn truncated(arguments: &Arguments<'_>, ty: &str) -> Result<Timestamp, Raise> {
    let time = time(arguments, 1)?;
    if !time.is_finite() {
        return Ok(time);
    }
    let field = field(arguments, ty)?;
    if !field.can_truncate() {
        return Err(unknown_unit(arguments.text(0)?, ty));
    }
    time.truncated_to(field).map_err(|_| timestamp_out_of_range())
}

fn field(arguments: &Arguments<'_>, ty: &str) -> Result<Field, Raise> {
    let name = arguments.text(0)?;
    Field::of(name).ok_or_else(|| unknown_unit(name, ty))
}

fn unknown_unit(unit: &str, ty: &str) -> Raise {
    let unit = super::shortened(unit).to_ascii_lowercase();
    Raise::new(&code::INVALID_PARAMETER, format!("unit \"{unit}\" not recognized for type {ty}"))
}

fn extracted(extracted: Extracted) -> Value {
    match extracted {
        Extracted::Number { value, scale } => Value::Text(numeric::scaled(value, scale)),
        Extracted::Infinity => Value::Text("Infinity".into()),
        Extracted::NegInfinity => Value::Text("-Infinity".into()),
        Extracted::Null => Value::Null,
    }
}

fn unreadable(fault: TimeError, ty: &str, text: &str) -> Raise {
    let text = super::shortened(text);
    match fault {
        TimeError::Format => {
            Raise::new(&code::DATETIME_FORMAT, format!("invalid input syntax for type {ty}: \"{text}\""))
        }
        TimeError::Range => {
            Raise::new(&code::DATETIME_RANGE, format!("date/time field value out of range: \"{text}\""))
        }
    }
}

fn timestamp_out_of_range() -> Raise {
    Raise::new(&code::DATETIME_RANGE, "timestamp out of range")
}

fn date(arguments: &Arguments<'_>, index: usize) -> Result<Date, Raise> {
    let text = arguments.text(index)?;
    Date::parse(text).map_err(|fault| unreadable(fault, "date", text))
}

/// A date, a timestamptz or a timestamp: all are read as the time in UTC.
fn time(arguments: &Arguments<'_>, index: usize) -> Result<Timestamp, Raise> {
    let text = arguments.text(index)?;
    Timestamp::parse(text).map_err(|fault| unreadable(fault, "timestamp with time zone", text))
}

fn interval(arguments: &Arguments<'_>, index: usize) -> Result<Interval, Raise> {
    let text = arguments.text(index)?;
    Interval::from_stored(text).map_err(|fault| unreadable(fault, "interval", text))
}

/// The stored form of a timestamp.
fn timestamp_text(time: Timestamp) -> String {
    let mut text = time.to_string();
    if time.is_finite() {
        text.truncate(text.len() - "+00:00".len());
    }
    text
}

/// As `::text` prints a timestamp.
fn blank_for_t(time: Timestamp) -> String {
    timestamp_text(time).replacen('T', " ", 1)
}

fn without_offset(text: &str) -> &str {
    // A date has hyphens of its own: offsets come after it.
    let clock = text.get(10..).unwrap_or("");
    match clock.find(['+', '-', 'Z', 'z']) {
        Some(at) => &text[..10 + at],
        None => text,
    }
}
