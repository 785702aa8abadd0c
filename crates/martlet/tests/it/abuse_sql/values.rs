//! Values: whatever a caller gives is a value, and comes back as it went in or is refused.

use super::{Site, encoded, refused};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is tried to break out of a value.
const ENDINGS: &[&str] = &[
    "' or '1'='1",
    "' or 1=1 --",
    "'; drop table things; --",
    "' union select * from hidden_ledger --",
    "\" or \"\"=\"",
    "') or ('a'='a",
    "1; delete from things",
    "admin'--",
    "' and sleep(5)#",
    "' || (select amount from hidden_ledger) || '",
    "\\'; drop table things; --",
    "'/**/or/**/1=1",
    "' or 'x' like '%",
    "%' or 1=1 --",
    "${7*7}",
    "{{7*7}}",
    "$1",
    ":name",
    "?1",
    "@name",
    "#{name}",
    "$$; drop table things; $$",
    "$tag$ x $tag$",
    "'::text",
    "current_user",
    "null",
    "\"; select 1",
    "`things`",
    "[things]",
    "'; attach database 'x' as y; --",
    "'; pragma writable_schema=1; --",
    "x' collate nocase --",
    "' group by name having 1=1 --",
    "' order by 99 --",
    "' limit 0 --",
    "' returning * --",
    "'; commit; --",
    "'; vacuum; --",
    "\u{2019} or 1=1",
    "\u{ff07} or 1=1",
    "';shutdown",
    "' waitfor delay '0:0:5' --",
];
const BEGINNINGS: &[&str] = &["", "x", "' ", "\"", "1", "\\", "%", "(", "-- ", "/* ", "name = ", "\n"];

fn payloads() -> Vec<String> {
    let all = ENDINGS.iter().flat_map(|end| BEGINNINGS.iter().map(move |beginning| format!("{beginning}{end}")));
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

#[test]
fn abuse_sql_01_a_value_is_never_a_statement() {
    let site = Site::start();
    let payloads = payloads();
    assert!(payloads.len() >= 500, "{}", payloads.len());
    let schema = || site.app.run("sql", &["--json", "select type, name, sql from sqlite_schema order by name"]).stdout;
    let plans = || ["named", "any_named", "keep"].map(|name| site.app.run("explain", &[name]).stdout);
    let before = (schema(), plans());
    // All at once as the items of a list, then each by itself in every other position.
    let kept = site.call("keep_all", &json!({ "names": payloads }).to_string());
    assert_eq!(kept.status, 200, "{kept:?}");
    let names: Vec<Value> = kept.json().as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, payloads.iter().map(|text| json!(text)).collect::<Vec<_>>());
    for text in &payloads {
        let only = json!([{ "name": text }]);
        let body = site.call("named", &json!({ "name": text }).to_string());
        assert_eq!((body.status, body.json()), (200, only.clone()), "{text}");
        let url = site.server.get(&format!("/rest/v1/rpc/named?name={}", encoded(text)));
        assert_eq!((url.status, url.json()), (200, only.clone()), "{text}");
        let path = site.server.get(&format!("/things/{}", encoded(text)));
        assert_eq!((path.status, path.json()), (200, only.clone()), "{text}");
        let listed = site.call("any_named", &json!({ "names": [text] }).to_string());
        assert_eq!((listed.status, listed.json()), (200, only), "{text}");
        let echo = site.call("echo", &json!({ "t": text, "doc": { text: [text] } }).to_string());
        assert_eq!((&echo.json()["t"], &echo.json()["doc"]), (&json!(text), &json!({ text: [text] })), "{text}");
        // Where a number or a date belongs, a text is no value.
        for name in ["i", "d", "b", "day", "at"] {
            assert_eq!(
                refused(&site.call("echo", &json!({ name: text }).to_string()), 400),
                "MRT001",
                "{name}: {text}"
            );
        }
        // As a name, and as a key.
        let name = site.server.get(&format!("/rest/v1/rpc/{}", encoded(text)));
        assert!([400, 404].contains(&name.status), "{text}: {name:?}");
        let key = site.call("echo", &json!({ text: 1 }).to_string());
        assert_eq!(key.status, 400, "{text}: {key:?}");
    }
    for text in payloads.iter().step_by(25) {
        let kept = site.call("keep", &json!({ "name": text, "doc": { text: text } }).to_string());
        assert_eq!(
            (kept.status, &kept.json()["name"], &kept.json()["doc"]),
            (200, &json!(text), &json!({ text: text }))
        );
        let batch = json!({ "queries": [{ "name": "named", "args": { "name": text } }, { "name": text }] });
        let batch = site.server.post("/rest/v1/batch", &batch.to_string(), "").json();
        assert_eq!((&batch[0]["status"], &batch[1]["status"]), (&json!(200), &json!(404)), "{text}: {batch}");
    }
    let total = payloads.len() + payloads.iter().step_by(25).count();
    assert_eq!(site.server.get("/rest/v1/rpc/total").body, total.to_string(), "nothing more, nothing less");
    assert_eq!((schema(), plans()), before, "tables and plans are as they were");
}

#[test]
fn abuse_sql_05_arguments_that_do_not_fit_are_named() {
    let site = Site::start();
    let details = |body: &str| {
        let reply = site.call("two", body);
        assert_eq!(refused(&reply, 400), "MRT001", "{body}");
        let told = reply.json()["details"].as_array().unwrap().clone();
        told.iter().map(|detail| detail["parameter"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(details("{}"), ["a", "b"], "in declared order");
    assert_eq!(details(r#"{"a":1}"#), ["b"]);
    assert_eq!(details(r#"{"a":1,"b":"x","c":2}"#), ["c"]);
    assert_eq!(details(r#"{"b":7,"a":"x"}"#), ["a", "b"]);
    assert_eq!(details(r#"{"a":null,"b":null}"#), ["a", "b"]);
    for value in ["[1]", "[[1]]", "{}", r#"{"a":1}"#, "true", "1.5", r#""1.0""#, r#""""#] {
        assert_eq!(details(&format!(r#"{{"a":{value},"b":"x"}}"#)), ["a"], "{value}");
    }
    for value in ["[]", "{}", "1", "false", r#""""#, r#""abcd""#] {
        assert_eq!(details(&format!(r#"{{"a":1,"b":{value}}}"#)), ["b"], "{value}");
    }
    // By position there are none, and not in two places either.
    for body in ["[1, \"x\"]", "1", "\"x\"", "null", "[{\"a\":1,\"b\":\"x\"}]"] {
        assert_eq!(refused(&site.call("two", body), 400), "PGRST102", "{body}");
    }
    let mixed = site.server.post("/rest/v1/rpc/two?a=1", r#"{"b":"x"}"#, "");
    assert_eq!(refused(&mixed, 400), "MRT002");
    let list = site.call("echo", r#"{"ids":[1,[2],"x"]}"#);
    assert_eq!((refused(&list, 400).as_str(), &list.json()["details"][0]["parameter"]), ("MRT001", &json!("ids")));
    assert_eq!(site.call("two", r#"{"a":"1","b":"x"}"#).body, r#"{"a":1,"b":"x"}"#);
}

#[test]
fn abuse_sql_07_texts_come_back_byte_for_byte_or_are_refused() {
    let site = Site::start();
    for text in [
        "\u{feff}begins with a mark",
        "in the \u{feff} middle",
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{212b}",
        "\u{c5}",
        "A\u{30a}",
        "\u{1f600}",
        "\u{10ffff}",
        "\u{fffd}",
        "\u{202e}right to left",
        "\u{200b}",
        "\r\n\t",
        "\u{7f}",
        "\u{1}\u{1f}",
        "\u{2028}\u{2029}",
        "\\u0041",
        "",
        " ",
        "'\"\\/",
        "\u{fb01}",
        "\u{131}",
        "\u{17f}",
        "\u{1100}\u{1161}\u{11a8}",
        "\u{ac01}",
    ] {
        let kept = site.call("keep", &json!({ "name": text, "doc": { text: text } }).to_string());
        assert_eq!((kept.status, &kept.json()["name"]), (200, &json!(text)), "{text:?}: {kept:?}");
        assert_eq!(kept.json()["doc"], json!({ text: text }), "{text:?}");
        let found = site.server.get(&format!("/rest/v1/rpc/named?name={}", encoded(text)));
        assert_eq!(found.json(), json!([{ "name": text }]), "{text:?} alone: no two forms are one");
    }
    let bytes = |inner: &[u8]| [&br#"{"name":""#[..], inner, br#""}"#].concat();
    for inner in [
        &b"\\u0000"[..],
        b"a\\u0000b",
        b"\\ud800",
        b"\\udc00",
        b"\\ud800x",
        b"\\udc00\\ud800",
        b"\xc0\xaf",
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xed\xa0\x80",
        b"\xff",
        b"\xfe\xff",
        b"\xf4\x90\x80\x80",
        b"\xc3",
        b"\x80",
        b"a\0b",
        b"\x01",
        b"\n",
        b"\\x41",
        b"\\u12",
    ] {
        let (status, answer) = site.raw("/rest/v1/rpc/keep", &bytes(inner));
        assert_eq!(status, 400, "{inner:?}: {answer}");
        assert!(answer.contains("MRT001") || answer.contains("PGRST102"), "{inner:?}: {answer}");
        let doc = [&br#"{"name":"x","doc":{"k":""#[..], inner, br#""}}"#].concat();
        let (status, answer) = site.raw("/rest/v1/rpc/keep", &doc);
        assert_eq!(status, 400, "{inner:?} in a document: {answer}");
    }
    assert_eq!(site.raw("/rest/v1/rpc/keep", b"\xef\xbb\xbf{\"name\":\"x\"}").0, 400, "a mark before the body");
    for url in ["%00", "a%00b", "%C0%AF", "%FF", "%ED%A0%80", "%F4%90%80%80", "%C3", "%zz", "%4"] {
        for path in [format!("/rest/v1/rpc/named?name={url}"), format!("/things/{url}")] {
            let (status, answer) = site.raw(&path, b"");
            assert!([400, 404].contains(&status), "{path}: {answer}");
        }
    }
}

#[test]
fn abuse_sql_08_numbers_and_times_are_exact_or_refused() {
    let site = Site::start();
    for (name, written, answered) in [
        ("n", "9007199254740993", "9007199254740993"),
        ("n", "9223372036854775807", "9223372036854775807"),
        ("n", "-9223372036854775808", "-9223372036854775808"),
        ("n", "\"9007199254740993\"", "9007199254740993"),
        ("n", "-0", "0"),
        ("i", "-2147483648", "-2147483648"),
        ("d", "-0.0", "0"),
        ("d", "5e-324", "5e-324"),
        ("d", "1.7976931348623157e308", "1.7976931348623157e+308"),
        ("d", "0.1", "0.1"),
        ("day", "\"0001-01-01\"", "\"0001-01-01\""),
        ("day", "\"9999-12-31\"", "\"9999-12-31\""),
        ("day", "\"2024-02-29\"", "\"2024-02-29\""),
        ("at", "\"9999-12-31T23:59:59.999999Z\"", "\"9999-12-31T23:59:59.999999+00:00\""),
        // A second of 60 is the next minute, as in PostgreSQL.
        ("at", "\"2016-12-31T23:59:60Z\"", "\"2017-01-01T00:00:00+00:00\""),
        (
            "doc",
            "[9007199254740993, 0.1234567890123456789012345678901234567890]",
            "[9007199254740993,0.1234567890123456789012345678901234567890]",
        ),
    ] {
        let reply = site.call("echo", &format!("{{\"{name}\":{written}}}"));
        let wanted = format!("\"{name}\":{answered}");
        assert!(reply.status == 200 && reply.body.contains(&wanted), "{name} {written}: {reply:?}");
    }
    for (name, written) in [
        ("n", "9223372036854775808"),
        ("n", "-9223372036854775809"),
        ("n", "1e3"),
        ("n", "1.0"),
        ("n", "\"9223372036854775808\""),
        ("i", "2147483648"),
        ("d", "1e400"),
        ("d", "-1e400"),
        ("d", "1e-400"),
        ("d", "-1e-400"),
        ("d", "\"NaN\""),
        ("d", "\"Infinity\""),
        ("day", "\"0000-01-01\""),
        ("day", "\"10000-01-01\""),
        ("day", "\"2023-02-29\""),
        ("day", "\"-0001-01-01\""),
        ("day", "20260101"),
        ("at", "\"294277-01-01T00:00:00Z\""),
        ("at", "\"0000-12-31T23:59:59Z\""),
        ("at", "\"9999-12-31T23:59:59.9999999Z\""),
        ("at", "\"2016-12-31T23:59:61Z\""),
        ("at", "1767225600"),
        ("doc", "1e131073"),
    ] {
        let reply = site.call("echo", &format!("{{\"{name}\":{written}}}"));
        assert_eq!(refused(&reply, 400), "MRT001", "{name} {written}");
    }
    for written in ["NaN", "Infinity", "-Infinity", "01", "+1", ".5", "1.", "0x10", "1_000", "--1"] {
        assert_eq!(refused(&site.call("echo", &format!("{{\"d\":{written}}}")), 400), "PGRST102", "{written}");
    }
}

#[test]
fn abuse_sql_19_depth_and_length_have_limits() {
    let site = Site::start();
    let nested = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let doc = |json: &str| site.call("echo", &format!("{{\"doc\":{json}}}"));
    assert_eq!(doc(&nested("[", "]", 64)).status, 200);
    assert_eq!(doc(&nested("{\"a\":", "}", 64)).status, 200);
    for depth in [65, 128, 1_000, 100_000] {
        assert_eq!(refused(&doc(&nested("[", "]", depth)), 400), "PGRST102", "{depth}");
        assert_eq!(refused(&doc(&nested("{\"a\":", "}", depth)), 400), "PGRST102", "{depth}");
        assert_eq!(refused(&site.call("echo", &nested("[", "]", depth)), 400), "PGRST102", "{depth}");
        assert_eq!(refused(&doc(&"[".repeat(depth)), 400), "PGRST102", "{depth}, never closed");
        // In the batch, in a list, and by the URL.
        let batch = format!("{{\"queries\":[{{\"name\":\"echo\",\"args\":{{\"doc\":{}}}}}]}}", nested("[", "]", depth));
        let batch = site.server.post("/rest/v1/batch", &batch, "");
        assert!(batch.status == 400 || batch.json()[0]["status"] == 400, "{depth}: {batch:?}");
        assert_eq!(
            site.call("any_named", &format!("{{\"names\":{}}}", nested("[", "]", depth))).status,
            400,
            "{depth}"
        );
        let (status, _) = site.raw(&format!("/rest/v1/rpc/echo?doc={}", nested("[", "]", depth.min(4_000))), b"");
        assert_eq!(status, 400, "{depth}");
    }
    let list = |count: usize| format!("{{\"ids\":[{}]}}", vec!["1"; count].join(","));
    assert_eq!(site.call("echo", &list(10_000)).status, 200);
    assert_eq!(refused(&site.call("echo", &list(10_001)), 400), "MRT001");
    assert_eq!(refused(&site.call("echo", &list(500_000)), 400), "MRT001");
    assert_eq!(site.raw("/rest/v1/rpc/echo", list(1_000_000).as_bytes()).0, 413);
}

#[test]
fn abuse_sql_21_json_that_two_readers_read_differently_is_refused() {
    let site = Site::start();
    for body in [
        r#"{"a":1,"a":2,"b":"x"}"#,
        r#"{"a":1,"b":"x","\u0061":2}"#,
        r#"{"a":1,"b":"x","c":1,"c":2}"#,
        r#"{"a":1,"b":"x"}{"a":2,"b":"y"}"#,
        r#"{"a":1,"b":"x"} null"#,
        r#"{"a":1,"b":"x",}"#,
        r#"{"a":1,/* no */"b":"x"}"#,
        "{\"a\":1,\"b\":\"x\"} // no",
        "{'a':1,'b':'x'}",
        "{a:1,b:\"x\"}",
        "{\"a\":1 \"b\":\"x\"}",
        "",
    ] {
        let reply = site.call("two", body);
        let code = refused(&reply, 400);
        assert!(code == "PGRST102" || (body.is_empty() && code == "MRT001"), "{body}: {code}");
    }
    for key in ["A", "a\u{200b}", "\u{feff}a", "\u{430}", "a ", " a", "__proto__", "constructor", "a[0]", "a.b", "b[]"]
    {
        let reply = site.call("two", &json!({ "a": 1, "b": "x", key: 2 }).to_string());
        assert_eq!(refused(&reply, 400), "MRT001", "{key:?}");
    }
    assert_eq!(refused(&site.call("echo", r#"{"i":"1"}"#), 400), "MRT001", "a number as text");
    // Within a document the last of equal keys counts, as in PostgreSQL: what is checked is what is stored.
    let doc = site.call("echo", r#"{"doc":{"role":"user","role":"admin","__proto__":{"x":1}}}"#);
    assert_eq!(doc.json()["doc"], json!({ "role": "admin", "__proto__": { "x": 1 } }));
    for batch in [
        r#"{"queries":[],"queries":[{"name":"total"}]}"#,
        r#"{"queries":[{"name":"total","name":"hidden_totals"}]}"#,
        r#"{"queries":[{"name":"two","args":{"a":1,"b":"x"},"args":{"a":2,"b":"y"}}]}"#,
        r#"{"queries":[{"name":"total"}]} {"queries":[]}"#,
        r#"{"queries":[{"name":"total"}],"more":1}"#,
        r#"{"queries":[{"name":"total","more":1}]}"#,
    ] {
        let reply = site.server.post("/rest/v1/batch", batch, "");
        assert_eq!(reply.status, 400, "{batch}: {reply:?}");
    }
    let batch = site.server.post("/rest/v1/batch", r#"{"queries":[{"name":"two","args":{"a":1,"a":2,"b":"x"}}]}"#, "");
    assert!(batch.status == 400 || batch.json()[0]["status"] == 400, "{batch:?}");
}
