use super::*;

#[test]
fn the_bounds_are_the_years_1_and_9999() {
    assert_eq!(Date::MIN.to_string(), "0001-01-01");
    assert_eq!(Date::MAX.to_string(), "9999-12-31");
    assert_eq!(Date::parse("9999-12-31").unwrap().plus_days(1), Err(TimeError::Range));
    assert_eq!(Date::parse("2026-02-29"), Err(TimeError::Range));
    assert_eq!(Date::parse("0000-01-01"), Err(TimeError::Range));
}

#[test]
fn times_are_printed_as_postgresql_prints_them_in_json() {
    for (text, canonical) in [
        ("2024-06-15", "2024-06-15T00:00:00+00:00"),
        ("2024-06-15 10:00:00.500+02", "2024-06-15T08:00:00.5+00:00"),
        ("2024-06-15T10:00Z", "2024-06-15T10:00:00+00:00"),
        ("1969-12-31T23:59:59.999999-00:00", "1969-12-31T23:59:59.999999+00:00"),
        ("2024-12-31T24:00:00Z", "2025-01-01T00:00:00+00:00"),
        ("-infinity", "-infinity"),
    ] {
        assert_eq!(Timestamp::parse(text).unwrap().to_string(), canonical, "{text}");
    }
}

#[test]
fn intervals_are_read_as_postgresql_reads_them() {
    for (text, printed) in [
        ("1 day", "1 day"),
        ("1.5 days", "1 day 12:00:00"),
        ("-1 day 2 hours", "-1 days +02:00:00"),
        ("1 year 2 mons 3 days 04:05:06.789", "1 year 2 mons 3 days 04:05:06.789"),
        ("@ 2 weeks ago", "-14 days"),
        ("1.5 months", "1 mon 15 days"),
        ("1-2", "1 year 2 mons"),
        ("5 04:05", "5 days 04:05:00"),
        ("90", "00:01:30"),
        ("P1Y2M3DT4H5M6.5S", "1 year 2 mons 3 days 04:05:06.5"),
        ("0 days", "00:00:00"),
        ("10min", "00:10:00"),
    ] {
        assert_eq!(Interval::parse(text).unwrap().to_string(), printed, "{text}");
    }
    for text in ["", "day", "1 fortnight", "1 day 2 days", "3 us 04:05", "ago", "P", "1:2:3:4", "é", "1 é"] {
        assert!(Interval::parse(text).is_err(), "{text}");
    }
}

#[test]
fn months_are_added_before_days_and_cut_to_the_last_of_the_month() {
    let plus = |time: &str, interval: &str| {
        let interval = Interval::parse(interval).unwrap();
        Timestamp::parse(time).unwrap().plus(interval).map(|time| time.to_string())
    };
    assert_eq!(plus("2024-01-31", "1 month").unwrap(), "2024-02-29T00:00:00+00:00");
    assert_eq!(plus("2023-01-31", "1 month 1 day").unwrap(), "2023-03-01T00:00:00+00:00");

    assert_eq!(plus("9999-12-31", "1 month -31 days").unwrap(), "9999-12-31T00:00:00+00:00");
    assert_eq!(plus("9999-12-31", "1 day"), Err(TimeError::Range));
    assert_eq!(plus("infinity", "1 day").unwrap(), "infinity");
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_readers_panic(text in "[0-9a-zT:+. P-]{0,24}|\\PC{0,12}") {
        let _ = Interval::parse(&text);
        let _ = Timestamp::parse(&text);
        let _ = Date::parse(&text);
        let _ = Interval::from_stored(&text);
    }

    #[test]
    fn the_two_calendars_agree(days in -719_162_i64..=2_932_896) {
        let (year, month, day) = Date::from_days(days).unwrap().civil().unwrap();
        let found = interval::days_of_civil(i64::from(year), i64::from(month), i64::from(day));
        proptest::prop_assert_eq!(found, days);
        proptest::prop_assert_eq!(interval::year_of_days(days), i64::from(year));
    }
}
