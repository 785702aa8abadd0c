use super::*;

pub(super) fn connection() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    register(&connection, &Arc::new(AtomicI64::new(0))).unwrap();
    connection
}

/// The value of an expression as text, or the error's message.
fn ask(expression: &str) -> String {
    let answer = connection().query_row(&format!("select {expression}"), [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => "null".to_owned(),
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Real(value) => format!("{value:?}"),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(_) => unreachable!(),
        })
    });
    answer.unwrap_or_else(|fault| match fault {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message,
        fault => fault.to_string(),
    })
}

#[test]
fn errors_carry_their_sqlstate() {
    assert_eq!(ask("int4pl(2147483647, 1)"), "@22003@integer out of range");
    assert_eq!(ask("int8div(1, 0)"), "@22012@division by zero");
    assert_eq!(decode_error("@22012@division by zero"), Some(("22012", "division by zero")));
    assert_eq!(decode_error("no such table: x"), None);
}

#[test]
fn functions_are_strict() {
    assert_eq!(ask("int4pl(null, 1)"), "null");
    assert_eq!(ask("greatest(null, 3, 5)"), "5");
    assert_eq!(ask("json_build_object('ti', 'a', null, 'b', 1)"), r#"{"a" : null, "b" : 1}"#);
}

#[test]
fn the_guard_refuses_a_second_row() {
    assert_eq!(ask("(select single_value(x) from (select 1 as x where 0))"), "null");
    assert_eq!(ask("(select single_value(x) from (select 1 as x))"), "1");
    let several = ask("(select single_value(x) from (select null as x union all select 2))");
    assert!(several.starts_with("@21000@"), "{several}");
}

#[test]
fn random_numbers_stay_within_both_ends() {
    let drawn: Vec<String> = (0..200).map(|_| ask("random_int(-1, 1)")).collect();
    for wanted in ["-1", "0", "1"] {
        assert!(drawn.iter().any(|value| value == wanted));
    }
    assert!(drawn.iter().all(|value| ["-1", "0", "1"].contains(&value.as_str())));
    assert_eq!(ask("random_int(5, 5)"), "5");
    assert!(ask("random_int(-9223372036854775808, 9223372036854775807)").parse::<i64>().is_ok());
    assert!(ask("random_int(2, 1)").starts_with("@22023@"));
    let uuid = ask("gen_random_uuid()");
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    assert_eq!(ask("uuid_in(gen_random_uuid()) is not null"), "1");
}

#[test]
fn averages_over_a_moving_frame_are_recomputed() {
    let sql = "(select string_agg(float8out(s), ' ') from (select sum_float8(x) over (order by i rows between 1 preceding \
               and current row) as s from (select 1 as i, 1e300 as x union all select 2, 0.1 union all select 3, 0.2)))";
    assert_eq!(ask(sql), "1e+300 1e+300 0.30000000000000004");
}
