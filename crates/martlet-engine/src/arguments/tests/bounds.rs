//! Every rule at its bound and one past it.

use super::*;

fn between(low: i64, high: i64) -> Rule {
    range(Some(Value::Integer(low)), Some(Value::Integer(high)))
}

/// The codes that some texts get as the URL's `p`: `ok` where it passes.
fn judged(param: &Param, texts: &[&str]) -> Vec<String> {
    let judge = |written: &&str| url_of(param.clone(), written).map_or_else(|code| code, |_| "ok".to_owned());
    texts.iter().map(judge).collect()
}

#[test]
fn a_range_is_of_the_value_and_both_ends_are_included() {
    let numbers = param("p", Type::Integer, vec![between(1, 30)]);
    assert_eq!(judged(&numbers, &["0", "1", "30", "31"]), ["range", "ok", "ok", "range"]);
    let from = param("p", Type::Bigint, vec![range(Some(Value::Integer(1)), None)]);
    assert_eq!(judged(&from, &["0", "1", "9223372036854775807"]), ["range", "ok", "ok"]);
    let to = param("p", Type::Double, vec![range(None, Some(Value::Double(0.5)))]);
    assert_eq!(judged(&to, &["-1e300", "0.5", "0.5000000001"]), ["ok", "ok", "range"]);
    let days = param("p", Type::Date, vec![range(Some(text("2026-01-01")), Some(text("2026-12-31")))]);
    assert_eq!(
        judged(&days, &["2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01", "infinity"]),
        ["range", "ok", "ok", "range", "range"]
    );
    let times = param("p", Type::Timestamptz, vec![range(Some(text("2026-01-01T00:00:00+00:00")), None)]);
    assert_eq!(judged(&times, &["2025-12-31T23:59:59.999999Z", "2026-01-01T01:00:00+01:00"]), ["range", "ok"]);
}

#[test]
fn a_range_of_a_text_is_of_its_characters_after_trim() {
    let name = param("p", Type::Text, vec![between(2, 3), Rule::Trim]);
    assert_eq!(judged(&name, &[" a ", "éé", "  ééé ", "éééé", ""]), ["length", "ok", "ok", "length", "length"]);
}

#[test]
fn a_range_of_a_list_is_of_its_items() {
    let items = list("p", Type::Text, vec![between(1, 2)]);
    assert_eq!(judged(&items, &["{}", "{a}", "{a,b}", "{a,b,c}"]), ["length", "ok", "ok", "length"]);
}

#[test]
fn a_bound_may_be_an_earlier_parameter() {
    let end = |offset| Some(Bound::Parameter { index: 0, offset });
    let params = || {
        compile(vec![
            optional(param("check_in", Type::Date, vec![])),
            param("check_out", Type::Date, vec![Rule::Range { low: end(1), high: end(30) }]),
        ])
    };
    let codes = |body: &str| match params().read(Arguments::Json(body.as_bytes())) {
        Ok(_) => Vec::new(),
        Err(error) => error.details.into_iter().map(|detail| (detail.parameter, detail.code)).collect(),
    };
    let stay = |check_in: &str, check_out: &str| {
        codes(&format!(r#"{{"check_in":"{check_in}","check_out":"{check_out}"}}"#)).len()
    };
    assert_eq!(["2026-01-31", "2026-02-01", "2026-03-02", "2026-03-03"].map(|to| stay("2026-01-31", to)), [1, 0, 0, 1]);
    assert_eq!(["9999-12-31", "infinity"].map(|to| stay("9999-12-31", to)), [1, 0]);
    // A wrong or absent bound is not complained about a second time.
    assert_eq!(codes(r#"{"check_in":"x","check_out":"2026-01-01"}"#), [("check_in".to_owned(), "type")]);
    assert_eq!(codes(r#"{"check_out":"2026-01-01"}"#), []);
    let error = params().read(Arguments::Json(br#"{"check_in":"2026-01-31","check_out":"2026-01-31"}"#)).unwrap_err();
    assert_eq!(error.message, "`check_out` must be between 2026-02-01 and 2026-03-02");
}

#[test]
fn a_bound_of_an_integer_never_overflows() {
    let low = Some(Bound::Parameter { index: 0, offset: 1 });
    let params = compile(vec![
        param("a", Type::Bigint, vec![]),
        param("b", Type::Bigint, vec![Rule::Range { low, high: None }]),
    ]);
    let most = i64::MAX;
    let error = params.read(Arguments::Json(format!(r#"{{"a":{most},"b":{most}}}"#).as_bytes())).unwrap_err();
    assert_eq!(error.message, "`b` must be at least 9223372036854775808");
}

#[test]
fn a_choice_is_one_of_its_values() {
    let method = param("p", Type::Text, vec![Rule::OneOf(vec![text("card"), text("cash")]), Rule::Lower]);
    assert_eq!(judged(&method, &["card", "CASH", "cart", ""]), ["ok", "ok", "choice", "choice"]);
    let error = compile(vec![method]).read(Arguments::Json(br#"{"p":"x"}"#)).unwrap_err();
    assert_eq!(error.message, "`p` must be one of card, cash");
    let numbers = list("p", Type::Double, vec![Rule::OneOf(vec![Value::Integer(1), Value::Double(2.5)])]);
    assert_eq!(judged(&numbers, &["{1,2.5}", "{1,2}"]), ["ok", "choice"]);
}

#[test]
fn trim_and_lower_go_before_the_others_whatever_their_place() {
    let mail = param("p", Type::Text, vec![Rule::Email, Rule::Lower, Rule::Trim]);
    assert_eq!(url_of(mail, " Ana@Example.TEST\n"), Ok(text("ana@example.test")));
    let tags = list("p", Type::Text, vec![Rule::Trim]);
    assert_eq!(url_of(tags, r#"{" a ",NULL}"#), Ok(Value::List([text("a"), Value::Null].into())));
}

#[test]
fn an_email_is_a_name_and_a_domain() {
    let mail = param("p", Type::Text, vec![Rule::Email]);
    let local = |bytes: usize| format!("{}@example.org", "a".repeat(bytes));
    let label = |bytes: usize| format!("a@{}.org", "b".repeat(bytes));
    for good in ["a@b.c", "first.last+tag@sub.example.org", "o'neil@example.org", &local(64), &label(63)] {
        assert_eq!(judged(&mail, &[good]), ["ok"], "{good}");
    }
    let (long_local, long_label) = (local(65), label(64));
    for bad in [
        "",
        "@",
        "a@",
        "@b.c",
        "a@b",
        "a@b..c",
        "a@.c",
        "a@b.",
        "a@-b.c",
        "a@b@c.d",
        "a b@c.d",
        "a@b.c\n",
        "é@b.c",
        "a\r\nBcc: x@b.c",
        "\"a\"@b.c",
        &long_local,
        &long_label,
    ] {
        assert_eq!(judged(&mail, &[bad]), ["format"], "{bad}");
    }
}

#[test]
fn a_url_is_http_or_https_with_a_host() {
    let url = param("p", Type::Text, vec![Rule::Url]);
    for good in
        ["http://a", "https://example.org/a?b=c#d", "HTTPS://example.org:8443", "http://[::1]:80/", "http://a:65535?x"]
    {
        assert_eq!(judged(&url, &[good]), ["ok"], "{good}");
    }
    let long = format!("http://a/{}", "b".repeat(2_048));
    for bad in [
        "",
        "http://",
        "http:///a",
        "ftp://a",
        "javascript:alert(1)",
        "//a",
        "http://a b",
        "http://a:65536",
        "http://:80",
        "http://a:",
        "http://u@a",
        "http://u:1@a",
        "http://[::1",
        "http://[x]",
        "http://a\n",
        "http://é",
        "https:a",
        &long,
    ] {
        assert_eq!(judged(&url, &[bad]), ["format"], "{bad}");
    }
}

#[test]
fn an_expression_is_searched_for_in_the_text() {
    let word = param("p", Type::Text, vec![Rule::Matches("^[a-z]+$".into())]);
    assert_eq!(judged(&word, &["abc", "", "ab1", "abc\n"]), ["ok", "format", "format", "format"]);
    let part = param("p", Type::Text, vec![Rule::Matches("[0-9]".into())]);
    assert_eq!(judged(&part, &["a1b", "ab"]), ["ok", "format"]);
}
