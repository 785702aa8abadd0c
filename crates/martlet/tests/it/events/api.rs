use super::{Events, FIRST_EVENT, FIRST_GUEST, NOBODY, refused};
use serde_json::{Value, json};
use std::collections::HashSet;

const DEV_USER: &str = "d6d77053-92bc-7af6-3332-8bea8c4c6904";

#[test]
fn an_event_is_one_document() {
    let events = Events::start();
    let event = events.event(FIRST_EVENT);
    assert_eq!(event.status, 200, "{}", event.body);
    let event = event.json();
    assert_eq!((&event["title"], &event["token"]), (&json!("Event 1"), &json!(FIRST_EVENT)));
    let blocks = event["blocks"].as_array().unwrap();
    assert_eq!(blocks.len(), 20);
    assert_eq!(
        blocks[1],
        json!({"id": 2, "starts_at": "2026-06-01T09:30:00+00:00", "ends_at": "2026-06-01T10:00:00+00:00",
               "available": 3})
    );
    assert_eq!(blocks.iter().map(|block| block["available"].as_i64().unwrap()).sum::<i64>(), 50);
    assert_eq!(event["participants"].as_array().map(Vec::len), Some(10));
    assert_eq!(event["participants"][9], json!({"id": 10, "name": "Guest 10"}));
    assert_eq!(refused(&events.event(NOBODY)), (404, "PGRST116".into()));
    for token in ["", "half", "FDC3F1169F99DCE634293EAC7DDBBA73", "%27%20or%201=1"] {
        assert_eq!(refused(&events.event(token)), (400, "MRT001".into()), "{token}");
    }
}

#[test]
fn the_routes_answer_as_the_query_does() {
    let events = Events::start();
    let query = events.event(FIRST_EVENT);
    let route = events.server.get(&format!("/api/events/{FIRST_EVENT}"));
    assert_eq!((route.status, &route.body), (200, &query.body));
    assert_eq!(route.header("deprecation"), "");
    let old = events.server.get(&format!("/api/events/{FIRST_EVENT}/optimized"));
    assert_eq!((old.status, &old.body), (200, &query.body));
    assert!(!old.header("deprecation").is_empty());
    assert_eq!(old.header("sunset"), "Fri, 31 Dec 2027 00:00:00 GMT");
    assert_eq!(refused(&events.server.get(&format!("/api/events/{NOBODY}"))), (404, "PGRST116".into()));
    assert_eq!(refused(&events.server.get("/api/events/half")), (400, "MRT001".into()));
}

#[test]
fn an_event_is_made_joined_and_marked() {
    let events = Events::start();
    let made = events.act(
        "create_event",
        &json!({"title": "  Lunch ", "starts_at": "2029-03-01T09:00:00+01:00", "blocks": 3, "block_minutes": 45,
                "description": "At Ana's", "time_zone": "Europe/Berlin"}),
    );
    assert_eq!(made.status, 200, "{}", made.body);
    let token = made.json()["token"].as_str().unwrap().to_owned();
    assert!(token.len() == 32 && token.bytes().all(|it| it.is_ascii_hexdigit()), "{token}");
    let event = events.event(&token).json();
    assert_eq!(
        (&event["title"], &event["description"], &event["time_zone"], &event["participants"]),
        (&json!("Lunch"), &json!("At Ana's"), &json!("Europe/Berlin"), &json!([]))
    );
    let times = |member: &str| {
        event["blocks"].as_array().unwrap().iter().map(|it| it[member].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(
        (times("starts_at"), times("ends_at")),
        (
            vec!["2029-03-01T08:00:00+00:00", "2029-03-01T08:45:00+00:00", "2029-03-01T09:30:00+00:00"],
            vec!["2029-03-01T08:45:00+00:00", "2029-03-01T09:30:00+00:00", "2029-03-01T10:15:00+00:00"]
        )
    );

    let (ana, ben) = (events.join(&token, "Ana"), events.join(&token, "Ben"));
    let blocks = events.blocks(&token);
    assert_eq!(events.mark(&ana, &blocks).json()["marked"], 3);
    assert_eq!(events.mark(&ben, &[blocks[2], blocks[2]]).json()["marked"], 1, "named twice, marked once");
    assert_eq!(events.available(&token), [1, 1, 2]);
    assert_eq!(events.mark(&ana, &blocks[..1]).json()["marked"], 1);
    assert_eq!(events.available(&token), [1, 0, 1], "marks are replaced");
    let mine = events.act("my_marks", &json!({"session_key": ana})).json();
    assert_eq!(
        (&mine["name"], &mine["token"], &mine["block_ids"]),
        (&json!("Ana"), &json!(token), &json!([blocks[0]]))
    );
    assert_eq!(events.mark(&ana, &[]).json()["marked"], 0);
    assert_eq!(events.available(&token), [0, 0, 1]);
    assert_eq!(events.act("my_marks", &json!({"session_key": ana})).json()["block_ids"], json!([]));
}

#[test]
fn what_is_refused_changes_nothing() {
    let events = Events::start();
    let before = events.event(FIRST_EVENT).body;
    assert_eq!(refused(&events.mark(NOBODY, &[1])), (401, "unknown_session".into()));
    assert_eq!(refused(&events.mark("half", &[1])), (400, "MRT001".into()));
    assert_eq!(refused(&events.mark(FIRST_GUEST, &[1, 21])), (422, "foreign_block".into()));
    assert_eq!(refused(&events.mark(FIRST_GUEST, &[0])), (422, "foreign_block".into()));
    assert_eq!(refused(&events.mark(FIRST_GUEST, &[1; 201])), (400, "MRT001".into()));
    let null = json!({"session_key": FIRST_GUEST, "block_ids": [1, null]});
    assert!([400, 422].contains(&events.act("mark_availability", &null).status));
    let join = |token: &str, name: &str| refused(&events.act("join_event", &json!({"token": token, "name": name})));
    assert_eq!(join(NOBODY, "Ana"), (404, "unknown_event".into()));
    assert_eq!(join(FIRST_EVENT, "   "), (400, "MRT001".into()));
    assert_eq!(join(FIRST_EVENT, &"a".repeat(101)), (400, "MRT001".into()));
    assert_eq!(refused(&events.act("my_marks", &json!({"session_key": NOBODY}))), (404, "PGRST116".into()));
    assert_eq!(events.event(FIRST_EVENT).body, before);
}

#[test]
fn all_mistakes_of_a_new_event_are_told() {
    let events = Events::start();
    let parameters = |arguments: Value| {
        let reply = events.act("create_event", &arguments).json();
        reply["details"].as_array().unwrap().iter().map(|it| it["parameter"].to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(parameters(json!({})), r#""title" "starts_at" "blocks" "block_minutes""#);
    assert_eq!(
        parameters(json!({"title": " ", "starts_at": "1999-12-31T00:00:00Z", "blocks": 201, "block_minutes": 4})),
        r#""title" "starts_at" "blocks" "block_minutes""#
    );
    assert_eq!(
        parameters(json!({"title": "x", "starts_at": "infinity", "blocks": 0, "block_minutes": 1441})),
        r#""starts_at" "blocks" "block_minutes""#
    );
    assert_eq!(events.sql("select count(*) as n from events")[0]["n"], 20);
    assert_eq!(events.blocks(&events.make(200)).len(), 200, "as many as there may be");
}

#[test]
fn only_the_hash_of_a_key_is_kept() {
    let events = Events::start();
    let token = events.make(1);
    let keys: HashSet<String> = (0..20).map(|_| events.join(&token, "Ana")).collect();
    assert_eq!(keys.len(), 20);
    let kept = events.sql("select session_key from participants where event_id > 20");
    let kept = json!(kept).to_string();
    assert_eq!(
        events
            .sql("select count(*) as n from sessions s join participants p using (session_key) where p.event_id > 20")
            [0]["n"],
        20
    );
    for key in &keys {
        assert!(!kept.contains(key));
    }
    assert_eq!(events.server.stop(), Some(0));
    // Nor anywhere else: the files of the folder hold no key.
    let mut files = vec![events.folder.path().join("data")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(keys.iter().all(|key| !text.contains(key.as_str())), "{}", path.display());
    }
}

#[test]
fn a_session_ends_and_is_removed_by_those_that_come() {
    let end = "update sessions set expires_at = '2020-01-01T00:00:00+00:00' \
               where session_key in (select session_key from participants where id <= 15)";
    let events = Events::start_after(end);
    assert_eq!(refused(&events.mark(FIRST_GUEST, &[1])), (401, "unknown_session".into()));
    assert_eq!(refused(&events.act("my_marks", &json!({"session_key": FIRST_GUEST}))), (404, "PGRST116".into()));
    let ended = || events.sql("select count(*) as n from sessions where expires_at < '2021'")[0]["n"].clone();
    assert_eq!(ended(), 15);
    events.join(FIRST_EVENT, "Ana");
    assert_eq!(ended(), 5);
    events.join(FIRST_EVENT, "Ben");
    assert_eq!(ended(), 0);
    assert_eq!(events.event(FIRST_EVENT).json()["participants"].as_array().map(Vec::len), Some(12), "names stay");
}

#[test]
fn who_is_signed_in_owns_what_he_makes() {
    let events = Events::start();
    let token = events.user("00000000-0000-4000-8000-000000000001");
    let mine = |token: &str| events.server.get_as("/rest/v1/rpc/my_events", token);
    assert_eq!(refused(&mine("")), (401, "42501".into()));
    assert_eq!(mine(&token).body, "[]");
    let arguments = json!({"title": "Mine", "starts_at": "2029-03-01T09:00:00Z", "blocks": 1, "block_minutes": 30});
    let made = events.act_as("create_event", &arguments, &token).json();
    events.make(1);
    events.act_as("join_event", &json!({"token": made["token"], "name": "Me"}), &token);
    let listed = mine(&token).json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&listed[0]["token"], &listed[0]["title"], &listed[0]["participants"]),
        (&made["token"], &json!("Mine"), &json!(1))
    );
    let seeded = mine(&events.user(DEV_USER)).json();
    assert_eq!((seeded.as_array().map(Vec::len), &seeded[0]["title"]), (Some(1), &json!("Event 1")));
}

#[test]
fn an_event_is_made_once_for_a_key() {
    let events = Events::start();
    let lunch = json!({"title": "Lunch", "starts_at": "2029-03-01T09:00:00Z", "blocks": 2, "block_minutes": 30});
    let make = |arguments: &Value, key: &str| {
        let fields = [("idempotency-key", key)];
        let made = events.server.try_post_with("/rest/v1/rpc/create_event", &arguments.to_string(), "", &fields);
        made.expect("an answer")
    };
    let first = make(&lunch, "one");
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(make(&lunch, "one").body, first.body);
    assert_ne!(make(&lunch, "two").body, first.body);
    let mut dinner = lunch;
    dinner["title"] = json!("Dinner");
    assert_eq!(refused(&make(&dinner, "one")), (422, "MRT021".into()));
}

#[test]
fn abuse_http_19_a_guest_who_marks_without_end_waits_and_others_do_not() {
    let events = Events::start();
    let token = events.make(1);
    let (fast, calm) = (events.join(&token, "Fast"), events.join(&token, "Calm"));
    let blocks = events.blocks(&token);
    // The burst is 120; then one every half a second.
    let refused = (0..400).map(|_| events.mark(&fast, &blocks)).find(|marked| marked.status != 200);
    let refused = refused.expect("a limit");
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("MRT029")), "{}", refused.body);
    assert_eq!(refused.json()["message"], "You are marking very fast: try again in a moment.");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(events.mark(&calm, &blocks).status, 200);
}
