use super::super::key::{ALL, Form, Key};
use super::*;
use proptest::prelude::*;

const TIME: Form = Form::Duration { min_ms: 100, max_ms: 3_600_000 };
const BYTES: Form = Form::Size { min: 1024, max: 1 << 30 };

fn refused(form: Form, text: &str) -> String {
    let Refusal { message, hint } = read(form, Raw::Text(text)).unwrap_err();
    format!("{message}; {hint}")
}

#[test]
fn every_default_is_a_value_of_its_key() {
    for key in ALL {
        let value = default_of(key, 2);
        if value != Value::Unset {
            let again = read(key.form, Raw::Text(&value.to_string()));
            assert_eq!(again, Ok(value), "{}", Key::full_name(key));
        }
    }
}

#[test]
fn times_and_sizes_carry_a_unit() {
    assert_eq!(read(TIME, Raw::Text("2s")), Ok(Value::Duration(Duration::from_secs(2))));
    assert_eq!(read(TIME, Raw::Text("500 ms")), Ok(Value::Duration(Duration::from_millis(500))));
    assert_eq!(read(BYTES, Raw::Text("64MiB")), Ok(Value::Size(64 << 20)));
    insta::assert_snapshot!(refused(TIME, "2"), @r#"needs a unit; write a number with ms, s, m, h or d, such as "500ms", "2s", "15m""#);
    insta::assert_snapshot!(refused(BYTES, "64MB"), @r#"`MB` is not a unit of size; write a number with B, KiB, MiB or GiB, such as "64MiB""#);
    let bare = read(TIME, Raw::Integer("2")).unwrap_err();
    insta::assert_snapshot!(bare.hint, @r#"write "2s" for seconds, "2ms" for milliseconds"#);
}

#[test]
fn the_range_is_named_at_the_limit_and_one_past_it() {
    assert_eq!(read(TIME, Raw::Text("1h")), Ok(Value::Duration(Duration::from_secs(3600))));
    insta::assert_snapshot!(refused(TIME, "3600001ms"), @"3600001ms is out of range; use a time from 100ms to 1h");
    insta::assert_snapshot!(refused(BYTES, "1023B"), @"1023B is out of range; use a size from 1KiB to 1GiB");
    insta::assert_snapshot!(refused(TIME, "99999999999999999999d"), @r#"`99999999999999999999d` is not a time; write a number with ms, s, m, h or d, such as "500ms", "2s", "15m""#);
    insta::assert_snapshot!(refused(TIME, "9999999999999999999d"), @"9999999999999999999d is out of range; use a time from 100ms to 1h");
    insta::assert_snapshot!(refused(Form::Count { min: 1, max: 256 }, "257"), @"257 is out of range; use a number from 1 to 256");
    insta::assert_snapshot!(refused(Form::Secret { bytes_min: 32 }, "short"), @"is too short: 5 bytes, at least 32 are needed; make one with `openssl rand -base64 48`");
}

#[test]
fn each_name_has_its_time() {
    let form = Form::Times { min_ms: 1_000, max_ms: 3_600_000 };
    let value = read(form, Raw::Text("event=2m, user_1 = 90s,")).unwrap();
    assert_eq!(value.to_string(), "event=2m, user_1=90s");
    assert_eq!(read(form, Raw::Text("")).unwrap(), Value::Times(BTreeMap::new()));
    insta::assert_snapshot!(refused(form, "event"), @r#"`event` is no name with its time; write a name and a time, such as "event=2m""#);
    insta::assert_snapshot!(refused(form, "Event=2m"), @"cannot have `Event`; a name is of a-z, 0-9 and _, and begins with a letter");
    insta::assert_snapshot!(refused(form, "event=2h"), @"2h is out of range; use a time from 1s to 1h");
    let many: String = (0..101).map(|number| format!("c{number}=2m,")).collect();
    insta::assert_snapshot!(refused(form, &many), @"has 101 items; list at most 100");
}

#[test]
fn origins_are_exact() {
    assert!(read(Form::Origins, Raw::Text("https://a.example, http://localhost:5173")).is_ok());
    for bad in ["https://a.example/", "*", "a.example", "https://A.example", "null", "https://", ""] {
        assert!(read(Form::Origins, Raw::Text(bad)).is_err(), "{bad}");
    }
}

#[test]
fn a_secret_never_shows() {
    let secret = read(Form::Secret { bytes_min: 4 }, Raw::Text("very secret")).unwrap();
    assert_eq!(format!("{secret} {secret:?}"), "[redacted] [redacted]");
}

proptest! {
    #[test]
    fn a_written_time_reads_back(millis in 100u64..=3_600_000) {
        let time = Duration::from_millis(millis);
        prop_assert_eq!(read(TIME, Raw::Text(&written_duration(time))), Ok(Value::Duration(time)));
    }

    #[test]
    fn no_text_panics(text in ".{0,40}") {
        for key in ALL {
            let _ = read(key.form, Raw::Text(&text));
            let _ = read(key.form, Raw::Integer(&text));
        }
    }
}
