use super::*;
use martlet_core::{ParamType, Type};
use martlet_sql::{Bound, Returns, Span};

mod bounds;
mod mutation;

fn param(name: &str, base: Type, rules: Vec<Rule>) -> Param {
    Param {
        name: name.into(),
        ty: ParamType { base, is_list: false },
        rules,
        is_optional: false,
        default: None,
        description: String::new(),
        span: Span::default(),
    }
}

fn list(name: &str, base: Type, rules: Vec<Rule>) -> Param {
    Param { ty: ParamType { base, is_list: true }, ..param(name, base, rules) }
}

fn optional(param: Param) -> Param {
    Param { is_optional: true, ..param }
}

fn default(param: Param, default: Value) -> Param {
    Param { is_optional: true, default: Some(default), ..param }
}

fn range(low: Option<Value>, high: Option<Value>) -> Rule {
    Rule::Range { low: low.map(Bound::Literal), high: high.map(Bound::Literal) }
}

fn compile(params: Vec<Param>) -> CompiledParams {
    let declaration = Declaration {
        name: "f".into(),
        description: String::new(),
        allow: Vec::new(),
        params,
        returns: Returns::Rows,
        timeout_ms: None,
        ..Declaration::default()
    };
    CompiledParams::new(&declaration).unwrap()
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// The one value of one parameter named `p`, from JSON; else the code of the first detail, or of the error.
fn json_of(param: Param, written: &str) -> Result<Value, String> {
    one(compile(vec![param]).read(Arguments::Json(format!(r#"{{"p":{written}}}"#).as_bytes())))
}

fn url_of(param: Param, written: &str) -> Result<Value, String> {
    one(compile(vec![param]).read(Arguments::Url(&[("p".into(), written.into())])))
}

fn one(read: Result<Arc<[Value]>, Error>) -> Result<Value, String> {
    match read {
        Ok(values) => Ok(values[0].clone()),
        Err(error) => Err(error.details.first().map_or(error.code.into_owned(), |detail| detail.code.to_owned())),
    }
}

fn code_of(params: &CompiledParams, body: &[u8]) -> String {
    match params.read(Arguments::Json(body)) {
        Ok(values) => format!("{values:?}"),
        Err(error) => error.code.into_owned(),
    }
}

fn refused(code: &str) -> Result<Value, String> {
    Err(code.to_owned())
}

fn integer(value: i64) -> Result<Value, String> {
    Ok(Value::Integer(value))
}

fn plain(base: Type) -> Param {
    param("p", base, vec![])
}

#[test]
fn integers_are_exact_or_refused() {
    assert_eq!(json_of(plain(Type::Integer), "2147483647"), integer(2_147_483_647));
    assert_eq!(json_of(plain(Type::Integer), "2147483648"), refused("range"));
    assert_eq!(json_of(plain(Type::Integer), "-2147483648"), integer(-2_147_483_648));
    assert_eq!(json_of(plain(Type::Integer), "-2147483649"), refused("range"));
    assert_eq!(json_of(plain(Type::Bigint), "9007199254740993"), integer(9_007_199_254_740_993));
    assert_eq!(json_of(plain(Type::Bigint), "9223372036854775807"), integer(i64::MAX));
    assert_eq!(json_of(plain(Type::Bigint), "9223372036854775808"), refused("range"));
    assert_eq!(json_of(plain(Type::Bigint), "-9223372036854775808"), integer(i64::MIN));
    assert_eq!(json_of(plain(Type::Bigint), r#""9223372036854775807""#), integer(i64::MAX));
    assert_eq!(json_of(plain(Type::Bigint), "-0"), integer(0));
    for written in ["1.0", "1e3", "1E0", r#""""#, r#""1.5""#, r#"" 1""#, r#""+1""#, "true", "[1]", "{}"] {
        assert_eq!(json_of(plain(Type::Bigint), written), refused("type"), "{written}");
    }
    assert_eq!(json_of(plain(Type::Integer), r#""1""#), refused("type"));
    assert_eq!(url_of(plain(Type::Integer), "-17"), integer(-17));
    for written in ["", " 1", "+1", "1.0", "0x10", "1_000", "١"] {
        assert_eq!(url_of(plain(Type::Integer), written), refused("type"), "{written}");
    }
}

#[test]
fn doubles_are_finite_and_never_text() {
    assert_eq!(json_of(plain(Type::Double), "1e308"), Ok(Value::Double(1e308)));
    assert_eq!(json_of(plain(Type::Double), "-0.1"), Ok(Value::Double(-0.1)));
    assert_eq!(json_of(plain(Type::Double), "1e309"), refused("range"));
    assert_eq!(json_of(plain(Type::Double), "1e-400"), refused("range"));
    assert_eq!(json_of(plain(Type::Double), "0e-400"), Ok(Value::Double(0.0)));
    assert_eq!(json_of(plain(Type::Double), "5e-324"), Ok(Value::Double(5e-324)));
    assert_eq!(json_of(plain(Type::Double), r#""1.5""#), refused("type"));
    assert_eq!(url_of(plain(Type::Double), "1.5"), Ok(Value::Double(1.5)));
    for written in ["inf", "-inf", "NaN", "nan", "infinity", "", "+1", "1,5", ".5"] {
        assert_eq!(url_of(plain(Type::Double), written), refused("type"), "{written}");
    }
}

#[test]
fn booleans_are_true_or_false() {
    assert_eq!(json_of(plain(Type::Boolean), "true"), Ok(Value::Boolean(true)));
    assert_eq!(url_of(plain(Type::Boolean), "false"), Ok(Value::Boolean(false)));
    for written in ["1", "\"true\"", "0"] {
        assert_eq!(json_of(plain(Type::Boolean), written), refused("type"), "{written}");
    }
    for written in ["1", "t", "TRUE", ""] {
        assert_eq!(url_of(plain(Type::Boolean), written), refused("type"), "{written}");
    }
}

#[test]
fn texts_are_kept_as_they_are() {
    assert_eq!(json_of(plain(Type::Text), r#""""#), Ok(text("")));
    assert_eq!(url_of(plain(Type::Text), ""), Ok(text("")));
    assert_eq!(url_of(plain(Type::Text), "null"), Ok(text("null")));
    assert_eq!(json_of(plain(Type::Text), r#""a\"\\\u00e9\ud83d\ude00\n""#), Ok(text("a\"\\é😀\n")));
    assert_eq!(json_of(plain(Type::Text), r#""\u0000""#), refused("format"));
    assert_eq!(url_of(plain(Type::Text), "a\0b"), refused("format"));
    assert_eq!(json_of(plain(Type::Text), r#""\ud83d""#), refused("format"));
    assert_eq!(json_of(plain(Type::Text), "5"), refused("type"));
    assert_eq!(json_of(plain(Type::Text), r#"["a"]"#), refused("type"));
}

#[test]
fn dates_times_and_uuids_become_canonical() {
    assert_eq!(json_of(plain(Type::Date), r#""2026-01-31""#), Ok(text("2026-01-31")));
    assert_eq!(json_of(plain(Type::Date), r#""9999-12-31""#), Ok(text("9999-12-31")));
    for written in ["2026-1-31", "2026-02-30", "0000-01-01", "10000-01-01", "2026-01-31T00:00", "", "today"] {
        assert_eq!(url_of(plain(Type::Date), written), refused("type"), "{written}");
    }
    assert_eq!(json_of(plain(Type::Date), "20260131"), refused("type"));
    let time = text("2026-01-31T10:00:00.5+00:00");
    assert_eq!(json_of(plain(Type::Timestamptz), r#""2026-01-31 12:00:00.500+02""#), Ok(time));
    assert_eq!(url_of(plain(Type::Timestamptz), "2026-01-31T25:00:00Z"), refused("type"));
    let uuid = "00000000-0000-4000-8000-00000000000a";
    assert_eq!(url_of(plain(Type::Uuid), &uuid.to_uppercase()), Ok(text(uuid)));
    for written in ["", "0000", "00000000000040008000-00000000000a-----", "g0000000-0000-4000-8000-00000000000a"] {
        assert_eq!(url_of(plain(Type::Uuid), written), refused("type"), "{written}");
    }
}

#[test]
fn jsonb_is_an_argument_in_both_forms() {
    let canonical = text(r#"{"a": [1, 1.50, {"b": null}], "bb": "é"}"#);
    let written = r#" {"bb":"\u00e9","a":0,"a":[1,1.50,{"b":null}]} "#;
    assert_eq!(json_of(plain(Type::Jsonb), written), Ok(canonical.clone()));
    assert_eq!(url_of(plain(Type::Jsonb), written), Ok(canonical));
    assert_eq!(url_of(plain(Type::Jsonb), "null"), Ok(text("null")), "JSON's null in a URL is no SQL null");
    assert_eq!(url_of(plain(Type::Jsonb), &format!(" {}{}", "[".repeat(65), "]".repeat(65))), refused("format"));
    assert_eq!(json_of(plain(Type::Jsonb), r#"{"a":"\u0000"}"#), refused("type"));
    assert_eq!(url_of(plain(Type::Jsonb), ""), refused("type"));
    assert_eq!(url_of(plain(Type::Jsonb), "{a:1}"), refused("type"));
    assert_eq!(json_of(optional(plain(Type::Jsonb)), "null"), Ok(Value::Null));
}

#[test]
fn lists_are_arrays_in_json_and_array_literals_in_urls() {
    let texts = |items: &[&str]| Ok(Value::List(items.iter().map(|item| text(item)).collect()));
    let of_text = || list("p", Type::Text, vec![]);
    assert_eq!(json_of(of_text(), r#"["a", "b,c", ""]"#), texts(&["a", "b,c", ""]));
    assert_eq!(url_of(of_text(), "{}"), texts(&[]));
    assert_eq!(url_of(of_text(), r#"{a, b c ,"d,\"e\\","","null"}"#), texts(&["a", "b c", "d,\"e\\", "", "null"]));
    assert_eq!(url_of(of_text(), r"{a\,b}"), texts(&["a,b"]));
    assert_eq!(url_of(of_text(), "{a,NULL}"), Ok(Value::List([text("a"), Value::Null].into())));
    for written in ["", "a,b", "{a", "{a,}", "{,a}", "{{a},{b}}", r#"{"a}"#, r#"{"a"b}"#, "{a}}", r"{a\"] {
        assert_eq!(url_of(of_text(), written), refused("type"), "{written}");
    }
    let numbers = || list("p", Type::Integer, vec![]);
    assert_eq!(json_of(numbers(), "[1,2]"), Ok(Value::List([Value::Integer(1), Value::Integer(2)].into())));
    assert_eq!(url_of(numbers(), "{1,2}"), Ok(Value::List([Value::Integer(1), Value::Integer(2)].into())));
    for written in [r#"["1"]"#, "[[1]]", "1", r#""{1}""#, r#"{"0":1}"#] {
        assert_eq!(json_of(numbers(), written), refused("type"), "{written}");
    }
    let read = compile(vec![numbers()]).read(Arguments::Json(br#"{"p":[1,2.5]}"#)).unwrap_err();
    assert_eq!(read.message, "`p` item 2: must be a whole number");
}

#[test]
fn what_is_left_out_is_the_default_or_null_and_null_itself_never_passes_a_default_by() {
    let params = || {
        vec![
            param("a", Type::Text, vec![]),
            optional(param("b", Type::Text, vec![])),
            default(param("c", Type::Integer, vec![]), Value::Integer(20)),
            default(param("d", Type::Integer, vec![]), Value::Null),
        ]
    };
    let read = |body: &str| compile(params()).read(Arguments::Json(body.as_bytes()));
    let values = [text("x"), Value::Null, Value::Integer(20), Value::Null];
    assert_eq!(*read(r#"{"a":"x"}"#).unwrap(), values);
    assert_eq!(*read(r#"{"a":"x","b":null,"d":null}"#).unwrap(), values);
    let error = read(r#"{"a":null,"c":null}"#).unwrap_err();
    let messages: Vec<_> = error.details.iter().map(|detail| detail.message.as_str()).collect();
    assert_eq!(messages, ["`a` must not be null", "`c` must not be null; leave it out to get its default"]);
    assert_eq!(read("").unwrap_err().message, "`a` is missing");
}

#[test]
fn every_mistake_is_told_in_declared_order_and_unknown_names_last() {
    let params = compile(vec![plain(Type::Date), param("q", Type::Integer, vec![]), param("r", Type::Text, vec![])]);
    let error = params.read(Arguments::Json(br#"{"zz":1,"Q":1,"q":"1","p":5}"#)).unwrap_err();
    assert_eq!((error.code.as_ref(), error.message.as_str()), ("MRT001", "`p` must be a date such as 2026-01-31"));
    let told: Vec<_> = error.details.iter().map(|it| (it.parameter.as_str(), it.code)).collect();
    assert_eq!(told, [("p", "type"), ("q", "type"), ("r", "missing"), ("Q", "unknown"), ("zz", "unknown")]);
    assert_eq!(error.details[3].message, "`Q` is no parameter; did you mean `q`?");
}

#[test]
fn a_name_comes_once() {
    let params = compile(vec![plain(Type::Integer)]);
    let pairs = [("p".to_owned(), "1".to_owned()), ("p".to_owned(), "1".to_owned())];
    let error = params.read(Arguments::Url(&pairs)).unwrap_err();
    assert_eq!((error.code.as_ref(), error.details[0].code), ("MRT001", "duplicate"));
    for body in [r#"{"p":1,"p":1}"#, r#"{"p":1,"\u0070":2}"#, r#"{"p":1,"x":1,"x":2}"#, r#"{"x":1,"p":1,"p":2}"#] {
        let error = params.read(Arguments::Json(body.as_bytes())).unwrap_err();
        assert_eq!(error.code, "PGRST102", "{body}");
        assert!(error.message.contains("twice"), "{}", error.message);
    }
}

#[test]
fn a_body_is_one_json_object() {
    let params = compile(vec![plain(Type::Integer)]);
    assert_eq!(code_of(&params, b" { \"p\" : 1 } \n"), "[Integer(1)]");
    for body in [
        " ",
        "null",
        "[]",
        "1",
        "\"p\"",
        "{",
        "{\"p\":1",
        "{\"p\":1,}",
        "{\"p\":1}x",
        "{\"p\":1}{}",
        "{p:1}",
        "{'p':1}",
        "{\"p\":01}",
        "{\"p\":+1}",
        "{\"p\":1} // c",
        "\u{feff}{\"p\":1}",
        "{\"p\":NaN}",
        "{\"p\":\"\t\"}",
    ] {
        assert_eq!(code_of(&params, body.as_bytes()), "PGRST102", "{body}");
    }
    assert_eq!(code_of(&params, b"{\"p\":\"\xff\"}"), "PGRST102");
    assert_eq!(code_of(&params, b"{\"\xff\":1}"), "PGRST102");
}

#[test]
fn depth_is_bounded_however_deep_it_goes() {
    let nested = |levels: usize| format!(r#"{{"p":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
    let params = compile(vec![plain(Type::Jsonb)]);
    assert_eq!(params.read(Arguments::Json(nested(64).as_bytes())).map(|values| values.len()), Ok(1));
    assert_eq!(code_of(&params, nested(65).as_bytes()), "PGRST102");
    assert_eq!(code_of(&params, nested(100_000).as_bytes()), "PGRST102");
    let inside_a_text = format!(r#"{{"p":["{}"]}}"#, "[\\\"".repeat(100));
    assert!(params.read(Arguments::Json(inside_a_text.as_bytes())).is_ok());
}

#[test]
fn a_list_has_a_longest_length() {
    let numbers = |count: usize| vec!["1"; count].join(",");
    let of_integers = || list("p", Type::Integer, vec![]);
    let most = martlet_core::limits::LIST_ITEMS_MAX;
    assert!(json_of(of_integers(), &format!("[{}]", numbers(most))).is_ok());
    assert_eq!(json_of(of_integers(), &format!("[{}]", numbers(most + 1))), refused("length"));
    assert!(url_of(of_integers(), &format!("{{{}}}", numbers(most))).is_ok());
    assert_eq!(url_of(of_integers(), &format!("{{{}}}", numbers(most + 1))), refused("length"));
}

#[test]
fn unknown_names_are_shown_short_and_few() {
    let params = compile(vec![]);
    let body = format!(r#"{{"{}":1,"a\u001bb":2}}"#, "x".repeat(10_000));
    let error = params.read(Arguments::Json(body.as_bytes())).unwrap_err();
    assert!(error.message.len() < 200);
    assert_eq!(error.details[0].parameter, "a\u{fffd}b");
    let many: Vec<_> = (0..1000).map(|index| (format!("n{index}"), String::new())).collect();
    assert_eq!(params.read(Arguments::Url(&many)).unwrap_err().details.len(), UNKNOWN_SHOWN_MAX);
}
