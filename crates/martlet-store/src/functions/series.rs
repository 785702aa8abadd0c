//! `generate_series` as a JSON array for SQLite's json_each, where SQLite's own virtual table does otherwise than
//! PostgreSQL: downwards, with a step that is not constant, near the end of the numbers, and of times.

use super::{Raise, Registry, check_size};
use martlet_core::{Interval, Timestamp, code};

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    registry.strict("generate_series_int8", 3, |arguments| {
        numbers(arguments.integer(0)?, arguments.integer(1)?, arguments.integer(2)?)
    })?;
    registry.strict("generate_series_timestamptz", 3, |arguments| {
        let time = |index| {
            Timestamp::parse(arguments.text(index)?)
                .map_err(|_| Raise::invalid_text("timestamp with time zone", arguments.text(index).unwrap_or_default()))
        };
        let step = Interval::from_stored(arguments.text(2)?)
            .map_err(|_| Raise::new(&code::DATETIME_RANGE, "interval out of range"))?;
        times(time(0)?, time(1)?, step)
    })
}

fn numbers(start: i64, stop: i64, step: i64) -> Result<String, Raise> {
    if step == 0 {
        return Err(step_of_zero());
    }
    let mut list = List::default();
    let mut next = Some(start);
    while let Some(number) = next.filter(|number| if step > 0 { *number <= stop } else { *number >= stop }) {
        list.push(&number.to_string())?;
        next = number.checked_add(step);
    }
    Ok(list.close())
}

fn times(start: Timestamp, stop: Timestamp, step: Interval) -> Result<String, Raise> {
    let direction = step.comparable();
    if direction == 0 {
        return Err(step_of_zero());
    }
    let mut list = List::default();
    let mut time = start;
    while if direction > 0 { time <= stop } else { time >= stop } {
        list.push(&format!("\"{time}\""))?;
        time = time.plus(step).map_err(|_| Raise::new(&code::DATETIME_RANGE, "timestamp out of range"))?;
    }
    Ok(list.close())
}

fn step_of_zero() -> Raise {
    Raise::new(&code::INVALID_PARAMETER, "step size cannot equal zero")
}

/// A JSON array in the making, no longer than a cell.
#[derive(Debug, Default)]
struct List {
    items: String,
}

impl List {
    fn push(&mut self, item: &str) -> Result<(), Raise> {
        if !self.items.is_empty() {
            self.items.push(',');
        }
        self.items.push_str(item);
        check_size(self.items.len())
    }

    fn close(self) -> String {
        format!("[{}]", self.items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_ends_where_its_next_number_would_overflow() {
        assert_eq!(numbers(i64::MAX - 2, i64::MAX, 2).unwrap(), "[9223372036854775805,9223372036854775807]");
        assert_eq!(numbers(10, 1, -4).unwrap(), "[10,6,2]");
        assert_eq!(numbers(2, 1, 1).unwrap(), "[]");
        assert_eq!(numbers(1, 2, 0).unwrap_err().sqlstate, "22023");
        assert!(numbers(0, i64::MAX, 1).is_err());
    }

    #[test]
    fn months_are_added_one_by_one_as_postgresql_does() {
        let time = |text| Timestamp::parse(text).unwrap();
        let month = Interval::parse("1 month").unwrap();
        assert_eq!(
            times(time("2024-01-31"), time("2024-03-31"), month).unwrap(),
            r#"["2024-01-31T00:00:00+00:00","2024-02-29T00:00:00+00:00","2024-03-29T00:00:00+00:00"]"#
        );
        assert!(times(time("infinity"), time("infinity"), month).is_err());
    }
}
