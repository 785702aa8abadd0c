use super::*;
use proptest::prelude::*;
use serde_json::json;

fn column(name: &str, ty: Type) -> Column {
    Column { name: name.into(), ty, is_nullable: true }
}

fn columns() -> Vec<Column> {
    vec![column("id", Type::Bigint), column("a \"quoted\" name", Type::Text)]
}

fn write(returns: Returns, rows: &[(i64, &str)]) -> Result<Option<String>, Error> {
    let limits = AnswerLimits { rows_max: 3, size_max: 200 };
    let layout = AnswerLayout::new(returns, &columns());
    let mut writer = AnswerWriter::new(&layout, limits);
    for (id, name) in rows {
        writer.row(|index| if index == 0 { Cell::Integer(*id) } else { Cell::Text(name.as_bytes()) })?;
    }
    let (body, _) = writer.finish()?;
    Ok(body.map(|body| String::from_utf8(body.into()).unwrap()))
}

#[test]
fn the_shapes() {
    assert_eq!(write(Returns::Rows, &[]).unwrap().unwrap(), "[]");
    assert_eq!(
        write(Returns::Rows, &[(1, "a"), (-2, "b")]).unwrap().unwrap(),
        r#"[{"id":1,"a \"quoted\" name":"a"},{"id":-2,"a \"quoted\" name":"b"}]"#
    );
    assert_eq!(write(Returns::Row, &[(1, "ä")]).unwrap().unwrap(), r#"{"id":1,"a \"quoted\" name":"ä"}"#);
    assert_eq!(write(Returns::Row, &[]).unwrap_err().code, "PGRST116");
    assert_eq!(write(Returns::Row, &[(1, ""), (2, "")]).unwrap_err().code, "MRT006");
    assert_eq!(write(Returns::Value, &[(i64::MIN, "")]).unwrap().unwrap(), "-9223372036854775808");
    assert_eq!(write(Returns::Value, &[(1, ""), (2, "")]).unwrap_err().code, "MRT006");
    assert_eq!(write(Returns::Value, &[]).unwrap().unwrap(), "null");
    assert_eq!(write(Returns::Nothing, &[(1, "")]).unwrap(), None);
}

#[test]
fn the_limits_hold_at_the_maximum_and_one_past_it() {
    assert!(write(Returns::Rows, &[(1, ""), (2, ""), (3, "")]).is_ok());
    assert_eq!(write(Returns::Rows, &[(1, ""), (2, ""), (3, ""), (4, "")]).unwrap_err().code, "54000");
    let longest = "x".repeat(200 - r#"{"id":1,"a \"quoted\" name":""}"#.len());
    assert!(write(Returns::Row, &[(1, &longest)]).is_ok());
    assert_eq!(write(Returns::Row, &[(1, &format!("{longest}x"))]).unwrap_err().code, "54000");
}

fn cell(cell: Cell<'_>, ty: Type) -> Result<String, CellFault> {
    let mut out = Vec::new();
    write_fallible(&mut out, cell, ty)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn a_cell_that_is_not_of_its_type_is_refused() {
    assert!(cell(Cell::Integer(1), Type::Text).is_err());
    assert!(cell(Cell::Integer(1), Type::Double).is_err());
    assert!(cell(Cell::Integer(2), Type::Boolean).is_err());
    assert!(cell(Cell::Integer(1 << 31), Type::Integer).is_err());
    assert!(cell(Cell::Real(1.0), Type::Bigint).is_err());
    assert!(cell(Cell::Text(b"\xff"), Type::Text).is_err());
    assert!(cell(Cell::Text(b"{"), Type::Json).is_err());
    assert!(cell(Cell::Text(b"1 2"), Type::Jsonb).is_err());
    assert!(cell(Cell::Blob, Type::Text).is_err());
}

#[test]
fn every_type_has_one_form() {
    assert_eq!(cell(Cell::Real(f64::INFINITY), Type::Double).unwrap(), "\"Infinity\"");
    assert_eq!(cell(Cell::Real(1e20), Type::Double).unwrap(), "1e+20");
    assert_eq!(cell(Cell::Integer(1), Type::Boolean).unwrap(), "true");
    assert_eq!(cell(Cell::Text(b"2024-02-29"), Type::Date).unwrap(), "\"2024-02-29\"");
    let written = r#" { "b" : [ 1.0 , 1e2 ,"\u00e4\/\u0000\ud83d\ude00\ud800 x" ] , "a":{ } } "#;
    assert_eq!(
        cell(Cell::Text(written.as_bytes()), Type::Json).unwrap(),
        r#"{"b":[1.0,1e2,"ä/\u0000😀\ud800 x"],"a":{}}"#
    );
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let text = "[ -~äé\u{1f600}\u{0}-\u{20}\"\\\\]{0,12}";
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        text.prop_map(|value| json!(value)),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::Array),
            prop::collection::vec((text, inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn strings_are_escaped_as_serde_json_escapes_them(text in any::<String>()) {
        let mut out = Vec::new();
        json::write_string(&mut out, &text);
        prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn control_characters_and_quotes_are_found_at_every_place(text in "[a-c\u{0}-\u{22}\\\\\u{7f}-\u{ff}]{0,40}") {
        let mut out = Vec::new();
        json::write_string(&mut out, &text);
        prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn the_canonical_form_is_serde_json_s(value in json_value()) {
        let compact = serde_json::to_string(&value).unwrap();
        let blanks = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(&canonical_json(&blanks).unwrap(), &compact);
        prop_assert_eq!(&canonical_json(&compact).unwrap(), &compact);
    }

    #[test]
    fn the_scanner_takes_what_serde_json_takes(text in "[\\[\\]{}:,\"\\\\u0-9eE.+tfnrueals \\-]{0,12}") {
        let ours = canonical_json(&text);
        // serde_json refuses numbers beyond a double and lone surrogates, which json in PostgreSQL may hold.
        if serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok() {
            prop_assert!(ours.is_ok(), "{}", text);
        } else if !text.contains(['e', 'E', '\\']) {
            prop_assert!(ours.is_err(), "{}", text);
        }
    }

    #[test]
    fn integers_are_digits(value in any::<i64>()) {
        prop_assert_eq!(cell(Cell::Integer(value), Type::Bigint).unwrap(), value.to_string());
    }

    #[test]
    fn no_bytes_make_the_writer_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        for ty in [Type::Text, Type::Json, Type::Jsonb, Type::Integer] {
            let _ = cell(Cell::Text(&bytes), ty);
        }
    }
}
