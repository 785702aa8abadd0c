//! What a caller may ask of an answer's form: `Accept` and `Prefer`.

use crate::support::{Reply, Site, token};

const OBJECT: (&str, &str) = ("accept", "application/vnd.pgrst.object+json");
const JSON: (&str, &str) = ("content-type", "application/json");

fn details(reply: &Reply) -> String {
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    body["details"].as_str().unwrap_or_default().to_owned()
}

/// Calls an action as a user, with these headers besides.
fn act(site: &Site, name: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let bearer = format!("Bearer {}", token("authenticated"));
    let headers = [&[JSON, ("authorization", bearer.as_str())], headers].concat();
    site.send("POST", &format!("/rest/v1/rpc/{name}"), &headers, body)
}

fn notes(site: &Site) -> usize {
    let notes = site.get_as("/rest/v1/rpc/notes", &token("authenticated"));
    serde_json::from_str::<Vec<serde_json::Value>>(&notes.body).unwrap().len()
}

#[test]
fn one_object_when_asked_for() {
    let site = Site::start();
    let get = |path: &str| site.send("GET", path, &[OBJECT], "");
    let one = get("/rest/v1/rpc/greet?name=x");
    assert_eq!(one.told(), (200, r#"{"greeting":"x"}"#));
    assert_eq!(one.header("content-type"), "application/vnd.pgrst.object+json; charset=utf-8");
    let none = get("/rest/v1/rpc/series?high=0");
    assert_eq!(
        none.told(),
        (
            406,
            r#"{"code":"PGRST116","message":"Cannot coerce the result to a single JSON object","details":"The result contains 0 rows","hint":null}"#
        )
    );
    let two = get("/rest/v1/rpc/series?high=2");
    assert_eq!((two.code(), details(&two)), ((406, "PGRST116".to_owned()), "The result contains 2 rows".to_owned()));
    let row = get("/rest/v1/rpc/note?id=1");
    assert_eq!((row.code(), details(&row)), ((406, "PGRST116".to_owned()), "The result contains 0 rows".to_owned()));
    assert_eq!(get("/rest/v1/rpc/count?high=3").told(), (200, "3"), "a value is itself");
}

#[test]
fn an_action_that_is_not_of_one_row_is_rolled_back() {
    let site = Site::start();
    let one = act(&site, "add_many", &[OBJECT], r#"{"texts":["a"]}"#);
    assert_eq!(one.told(), (200, r#"{"id":1,"text":"a"}"#));
    for texts in [r#"["b","c"]"#, "[]"] {
        let refused = act(&site, "add_many", &[OBJECT], &format!(r#"{{"texts":{texts}}}"#));
        assert_eq!(refused.code(), (406, "PGRST116".to_owned()));
        assert_eq!(notes(&site), 1, "{texts}");
    }
    assert_eq!(act(&site, "log", &[OBJECT], r#"{"text":"x"}"#).told(), (204, ""), "nothing is nothing");
}

#[test]
fn without_nulls_when_asked_for() {
    let site = Site::start();
    let get = |accept: &str| site.send("GET", "/rest/v1/rpc/series?high=1", &[("accept", accept)], "");
    let list = get("application/vnd.pgrst.array+json;nulls=stripped");
    assert_eq!(list.told(), (200, r#"[{"number":1,"name":"é \"1","doc":{}}]"#));
    assert_eq!(list.header("content-type"), "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8");
    let object = get("application/vnd.pgrst.object+json; nulls=stripped");
    assert_eq!(object.told(), (200, r#"{"number":1,"name":"é \"1","doc":{}}"#));
    assert_eq!(object.header("content-type"), "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8");
}

#[test]
fn csv_when_asked_for() {
    let site = Site::start();
    let csv = ("accept", "text/csv");
    let get = |path: &str| site.send("GET", path, &[csv], "");
    let two = get("/rest/v1/rpc/series?high=2");
    let lines = "number,name,maybe,doc\n1,\"é \"\"1\",,\"{\"\"n\"\":null}\"\n2,\"é \"\"2\",2,\"{\"\"n\"\":2}\"";
    assert_eq!(two.told(), (200, lines));
    assert_eq!(two.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(get("/rest/v1/rpc/series?high=0").body, "number,name,maybe,doc");
    assert_eq!(act(&site, "add_many", &[csv], r#"{"texts":["a,b"]}"#).told(), (200, "id,text\n1,\"a,b\""));
    let error = get("/rest/v1/rpc/series?high=x");
    assert_eq!((error.status, error.header("content-type")), (400, "application/json; charset=utf-8"));
}

#[test]
fn a_form_that_is_not_made_is_refused_before_anything_runs() {
    let site = Site::start();
    let html = act(&site, "add_many", &[("accept", "text/html")], r#"{"texts":["a"]}"#);
    assert_eq!(html.code(), (406, "PGRST107".to_owned()));
    assert!(html.body.contains("None of these media types are available: text/html"));
    let no_coding = act(&site, "add_many", &[("accept-encoding", "identity;q=0")], r#"{"texts":["a"]}"#);
    assert_eq!(no_coding.code(), (406, "PGRST107".to_owned()));
    assert_eq!(notes(&site), 0);
}

#[test]
fn rows_are_counted_when_asked_for() {
    let site = Site::start();
    let of = |prefer: &str| site.send("GET", "/rest/v1/rpc/greet?name=x", &[("prefer", prefer)], "");
    let counted = of("count=exact");
    assert_eq!((counted.header("content-range"), counted.header("preference-applied")), ("0-0/1", "count=exact"));
    let strict = of("handling=strict, foo");
    assert_eq!(strict.code(), (400, "PGRST122".to_owned()));
    assert_eq!(details(&strict), "Invalid preferences: foo");
    assert_eq!(of("handling=lenient, foo").header("preference-applied"), "handling=lenient");
}

#[test]
fn an_action_answers_as_much_as_is_preferred() {
    let site = Site::start();
    let minimal = act(&site, "add_many", &[("prefer", "return=minimal, count=exact")], r#"{"texts":["a","b"]}"#);
    assert_eq!((minimal.told(), minimal.header("content-type")), ((204, ""), ""));
    assert_eq!(minimal.header("preference-applied"), "return=minimal, count=exact");
    assert_eq!(minimal.header("content-range"), "0-1/2");
    let whole = act(&site, "add_many", &[("prefer", "return=representation")], r#"{"texts":["c"]}"#);
    assert_eq!(whole.told(), (200, r#"[{"id":3,"text":"c"}]"#));
    assert_eq!(whole.header("preference-applied"), "return=representation");
    assert_eq!(notes(&site), 3);
    let read = site.send("GET", "/rest/v1/rpc/greet?name=x", &[("prefer", "return=minimal")], "");
    assert_eq!((read.status, read.header("preference-applied")), (200, ""), "of no effect on what reads");
}

#[test]
fn too_many_rows_affected_are_rolled_back() {
    let site = Site::start();
    let strict = ("prefer", "handling=strict, max-affected=1");
    let two = r#"{"texts":["a","b"]}"#;
    let refused = act(&site, "add_many", &[strict], two);
    assert_eq!(refused.code(), (400, "PGRST124".to_owned()));
    assert_eq!(details(&refused), "The query affects 2 rows");
    assert_eq!(notes(&site), 0);
    let no_list = act(&site, "add_note", &[strict], r#"{"text":"a"}"#);
    assert_eq!((no_list.code(), notes(&site)), ((400, "PGRST128".to_owned()), 0));
    let one = act(&site, "add_many", &[strict], r#"{"texts":["a"]}"#);
    assert_eq!((one.status, one.header("preference-applied")), (200, "handling=strict, max-affected=1"));
    let lenient = act(&site, "add_many", &[("prefer", "max-affected=1")], two);
    assert_eq!((lenient.status, lenient.header("preference-applied")), (200, ""), "counts under strict alone");
}
