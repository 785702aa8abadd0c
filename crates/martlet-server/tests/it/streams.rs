//! Event streams: what is asked, what comes, and when it ends.

mod bounds;
mod ends;

use crate::support::{Events, Site, token};
use martlet_core::SystemClock;
use std::sync::Arc;
use std::time::Duration;

/// Long enough that what should not come would have come.
const A_WHILE: Duration = Duration::from_millis(300);

pub(crate) fn site() -> Site {
    Site::cached(Arc::new(SystemClock), |_| {})
}

/// Changes the row that `/rest/v1/rpc/note?id=N` shows.
pub(crate) fn put(site: &Site, id: u32, text: &str) -> String {
    let reply = site.send("PUT", &format!("/api/notes/{id}"), JSON, &format!("{{\"text\":\"{text}\"}}"));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.header("martlet-position").to_owned()
}

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

#[test]
fn a_stream_gives_the_answer_now_and_after_each_change() {
    let site = site();
    put(&site, 1, "a");
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
    let head = &events.head;
    assert_eq!(head.status, 200);
    assert_eq!(head.header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!(head.header("cache-control"), "no-store, no-transform");
    assert_eq!(head.header("x-accel-buffering"), "no");
    assert_eq!(head.header("vary"), "Accept, Accept-Encoding, Prefer, Origin");
    assert_eq!(head.header("connection"), "close");
    assert!(!head.header("martlet-position").is_empty() && !head.header("date").is_empty());
    assert!(!head.header("x-request-id").is_empty() && !head.header("server-timing").is_empty());
    for absent in ["content-length", "transfer-encoding", "content-encoding", "etag", "cdn-cache-control"] {
        assert_eq!(head.header(absent), "", "{absent}");
    }
    let retry = events.block().unwrap().retry.unwrap();
    assert!((1_000..=3_000).contains(&retry), "{retry}");
    let first = events.event().unwrap();
    assert_eq!((first.name.as_str(), first.data.as_str()), ("message", r#"{"id":1,"text":"a"}"#));
    assert_eq!(first.data, site.get("/rest/v1/rpc/note?id=1").body);
    let position = put(&site, 1, "b");
    let second = events.event().unwrap();
    assert_eq!(second.data, r#"{"id":1,"text":"b"}"#);
    let (second_position, tag) = second.id.split_once('.').unwrap();
    assert_eq!(second_position, position);
    assert_eq!(tag.len(), 16);
    assert_ne!(first.id.split_once('.').unwrap().1, tag);
    // The same bytes again are not sent, nor is what does not touch it.
    put(&site, 1, "b");
    put(&site, 2, "b");
    assert!(events.is_silent(A_WHILE));
    put(&site, 1, "c");
    assert_eq!(events.data(), r#"{"id":1,"text":"c"}"#);
}

#[test]
fn a_stream_is_opened_by_post_by_route_and_by_those_who_may() {
    let site = site();
    put(&site, 1, "a");
    let mut posted = Events::open(&site, "POST /rest/v1/rpc/note", &[], r#"{"id":1}"#);
    assert_eq!(posted.head.status, 200);
    assert_eq!(posted.head.header("vary"), "Authorization, apikey, Accept, Accept-Encoding, Prefer, Origin");
    assert_eq!(posted.data(), r#"{"id":1,"text":"a"}"#);
    put(&site, 1, "b");
    assert_eq!(posted.data(), r#"{"id":1,"text":"b"}"#);
    let mut routed = Events::get(&site, "/api/tags/x/from/7");
    assert_eq!(routed.data(), r#"{"tag":"x","low":7}"#);
    let mut user = Events::get_as(&site, "/rest/v1/rpc/notes", &token("authenticated"));
    assert_eq!(user.data(), r#"[{"id":1,"text":"b"}]"#);
    put(&site, 3, "c");
    assert_eq!(user.data(), r#"[{"id":1,"text":"b"},{"id":3,"text":"c"}]"#);
    assert_eq!(Events::get(&site, "/rest/v1/rpc/notes").head.code(), (401, "42501".to_owned()));
    let service = token("service_role");
    assert_eq!(Events::get_as(&site, "/rest/v1/rpc/secrets", &service).data(), r#"[{"n":1}]"#);
}

#[test]
fn what_is_wrong_at_the_start_is_an_ordinary_answer() {
    let site = site();
    let of = |line: &str| Events::open(&site, line, &[], "").head;
    for (line, status, code) in [
        ("GET /rest/v1/rpc/nothing", 404, "PGRST202"),
        ("GET /rest/v1/rpc/note", 400, "MRT001"),
        ("GET /rest/v1/rpc/note?id=x", 400, "MRT001"),
        ("GET /rest/v1/rpc/note?id=1&limit=2", 400, "MRT002"),
        ("GET /rest/v1/rpc/note?id=77", 404, "PGRST116"),
        ("PUT /rest/v1/rpc/note", 405, "PGRST101"),
        ("GET /rest/v1/batch", 405, "PGRST117"),
        ("GET /rest/v1/nothing", 404, "PGRST125"),
        // An action, by whatever method.
        ("GET /rest/v1/rpc/add_note", 406, "MRT033"),
        ("POST /rest/v1/rpc/add_note", 406, "MRT033"),
        ("PUT /api/notes/1", 406, "MRT033"),
    ] {
        let head = of(line);
        assert_eq!(head.code(), (status, code.to_owned()), "{line}: {}", head.body);
        assert_eq!(head.header("content-type"), "application/json; charset=utf-8", "{line}");
    }
    let refused = of("POST /rest/v1/rpc/add_note");
    assert!(refused.body.contains("`add_note` is an action: what it answers is not followed"), "{}", refused.body);
    let bad = Events::get_as(&site, "/rest/v1/rpc/notes", "a.b.c");
    assert_eq!(bad.head.code(), (401, "PGRST301".to_owned()));
    // A token in the URL is no token, and an argument that is not declared.
    assert_eq!(of(&format!("GET /rest/v1/rpc/notes?apikey={}", token("authenticated"))).status, 401);
}

#[test]
fn the_head_alone_is_answered_to_head() {
    let site = site();
    put(&site, 1, "a");
    let mut client = crate::support::Client::of(&site);
    let head = client.ask("HEAD /rest/v1/rpc/note?id=1", "Accept: text/event-stream\r\n");
    assert_eq!((head.status, head.header("content-type")), (200, "text/event-stream; charset=utf-8"));
    assert_eq!(client.answer().map(|reply| reply.body), None, "nothing follows, and the connection is closed");
    let missing = crate::support::Client::of(&site).ask("HEAD /rest/v1/rpc/note", "Accept: text/event-stream\r\n");
    assert_eq!(missing.status, 400);
}

#[test]
fn who_comes_back_gets_nothing_or_the_newest_state() {
    let site = site();
    put(&site, 1, "a");
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
    let id = events.event().unwrap().id;
    drop(events);
    let again = |id: &str| Events::open(&site, "GET /rest/v1/rpc/note?id=1", &[("Last-Event-ID", id)], "");
    let mut unchanged = again(&id);
    assert!(unchanged.block().unwrap().retry.is_some());
    assert_eq!(unchanged.block().unwrap().comment.as_deref(), Some("unchanged"));
    assert!(unchanged.is_silent(A_WHILE));
    put(&site, 1, "b");
    put(&site, 1, "c");
    assert_eq!(again(&id).data(), r#"{"id":1,"text":"c"}"#, "what lay between is not told");
    let mut changed = unchanged;
    while changed.data() != r#"{"id":1,"text":"c"}"# {}
    // Back to what it was: the tag is of the bytes, whatever has happened since.
    put(&site, 1, "a");
    assert!(again(&id).is_silent(A_WHILE));
    for none_of_ours in ["", "7", "x.y", "0000000000000001-1", "0000000000000001-1.zz", &"9".repeat(8_000)] {
        assert_eq!(again(none_of_ours).data(), r#"{"id":1,"text":"a"}"#, "{none_of_ours}");
    }
}

#[test]
fn several_queries_follow_on_one_stream() {
    let site = site();
    put(&site, 1, "a");
    put(&site, 2, "b");
    let body = r#"{"queries":[{"name":"note","args":{"id":1}},{"name":"note","args":{"id":2}},{"name":"notes"}]}"#;
    let mut events = Events::open(&site, "POST /rest/v1/batch", &[], body);
    assert_eq!(events.head.status, 200);
    let last = |events: &mut Events, text: &str| {
        loop {
            let event = events.event().expect("an event");
            assert!(matches!(event.name.as_str(), "message" | "partial"), "{event:?}");
            assert!(!event.id.is_empty());
            if event.data.contains(text) {
                return event;
            }
        }
    };
    let plain = site.post("/rest/v1/batch", body);
    assert_eq!(last(&mut events, "\"a\"").data, plain.body);
    put(&site, 2, "B");
    let changed = last(&mut events, "\"B\"");
    assert_eq!(changed.data, site.post("/rest/v1/batch", body).body);
    assert!(changed.data.contains(r#"{"status":401,"body":{"code":"42501""#), "{}", changed.data);
    let many = format!(r#"{{"queries":[{}]}}"#, vec![r#"{"name":"notes"}"#; 101].join(","));
    assert_eq!(Events::open(&site, "POST /rest/v1/batch", &[], &many).head.code(), (413, "MRT004".to_owned()));
    assert_eq!(Events::open(&site, "POST /rest/v1/batch", &[], "[]").head.code(), (400, "PGRST102".to_owned()));
}

#[test]
fn an_error_that_may_pass_is_an_event() {
    let site = site();
    put(&site, 5, "a");
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=5");
    assert_eq!(events.data(), r#"{"id":5,"text":"a"}"#);
    assert_eq!(site.send("DELETE", "/api/notes/5", &[], "").status, 204);
    let gone = events.event().unwrap();
    assert_eq!((gone.name.as_str(), gone.id.as_str()), ("error", ""));
    let told: serde_json::Value = serde_json::from_str(&gone.data).unwrap();
    assert_eq!(told["code"], "PGRST116");
    assert!(told["message"].is_string());
    put(&site, 5, "b");
    assert_eq!(events.data(), r#"{"id":5,"text":"b"}"#);
}

#[test]
fn pages_of_another_origin_may_follow_as_they_may_read() {
    let listed =
        Site::cached(Arc::new(SystemClock), |settings| settings.cors_origins = vec!["https://a.example".into()]);
    put(&listed, 1, "a");
    let of = |origin: &str| Events::open(&listed, "GET /rest/v1/rpc/note?id=1", &[("Origin", origin)], "").head;
    let allowed = of("https://a.example");
    assert_eq!(allowed.header("access-control-allow-origin"), "https://a.example");
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    let other = of("https://a.example.evil");
    assert_eq!((other.status, other.header("access-control-allow-origin")), (200, ""));
    assert!(other.header("vary").contains("Origin"));
    let preflight = listed.send(
        "OPTIONS",
        "/rest/v1/rpc/note",
        &[("origin", "https://a.example"), ("access-control-request-headers", "authorization,last-event-id")],
        "",
    );
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,last-event-id");
}

#[test]
fn a_kept_answer_never_takes_the_place_of_a_stream() {
    let site = site();
    put(&site, 1, "a");
    let mut client = crate::support::Client::of(&site);
    // The alias is made, and its connection is one that is answered early.
    for _ in 0..5 {
        assert_eq!(client.get("/rest/v1/rpc/note?id=1").status, 200);
    }
    assert_eq!(client.get("/rest/v1/rpc/note?id=1").header("martlet-cache"), "memory");
    for _ in 0..3 {
        let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
        assert_eq!(events.head.header("content-type"), "text/event-stream; charset=utf-8");
        assert_eq!(events.data(), r#"{"id":1,"text":"a"}"#);
        assert_eq!(client.get("/rest/v1/rpc/note?id=1").header("content-type"), "application/json; charset=utf-8");
    }
}
