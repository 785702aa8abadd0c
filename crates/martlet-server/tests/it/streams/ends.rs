//! How streams end: the token, the session, the server; and what keeps them open.

use super::{A_WHILE, put, site};
use crate::support::{Events, Site, USER, token, token_for};
use martlet_core::SystemClock;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn code_of(data: &str) -> String {
    let told: serde_json::Value = serde_json::from_str(data).unwrap();
    assert!(told["message"].is_string());
    told["code"].as_str().unwrap().to_owned()
}

#[test]
fn abuse_ws_04_a_stream_ends_with_its_token() {
    let site = site();
    put(&site, 1, "a");
    let mut events = Events::get_as(&site, "/rest/v1/rpc/notes", &token_for("authenticated", Duration::from_secs(2)));
    let began = Instant::now();
    assert_eq!(events.data(), r#"[{"id":1,"text":"a"}]"#);
    let end = events.event().unwrap();
    assert_eq!((end.name.as_str(), code_of(&end.data).as_str()), ("end", "PGRST303"));
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    put(&site, 1, "b");
    assert_eq!(events.block(), None, "closed");
}

#[test]
fn abuse_ws_04_a_session_that_ends_closes_its_streams() {
    let site = site();
    put(&site, 1, "a");
    let mut mine = Events::get_as(&site, "/rest/v1/rpc/notes", &token("authenticated"));
    let mut others = Events::get(&site, "/rest/v1/rpc/note?id=1");
    mine.data();
    others.data();
    site.handle.end_session("0188aaaa-0000-7000-8000-000000000001", None);
    site.handle.end_session(USER, Some("another session"));
    assert!(mine.is_silent(A_WHILE));
    let began = Instant::now();
    site.handle.end_session(USER, None);
    let end = mine.event().unwrap();
    assert_eq!((end.name.as_str(), code_of(&end.data).as_str()), ("end", "PGRST303"));
    assert_eq!(mine.block(), None);
    assert!(began.elapsed() < Duration::from_secs(1));
    put(&site, 1, "b");
    assert_eq!(others.data(), r#"{"id":1,"text":"b"}"#);
}

#[test]
fn abuse_ws_12_a_server_that_stops_tells_when_to_come_back() {
    let mut site = site();
    put(&site, 1, "a");
    let mut all: Vec<_> = (0..20).map(|_| Events::get(&site, "/rest/v1/rpc/note?id=1")).collect();
    all.iter_mut().for_each(|events| assert_eq!(events.data(), r#"{"id":1,"text":"a"}"#));
    let began = Instant::now();
    site.begin_stop();
    let mut retries = Vec::new();
    for events in &mut all {
        let end = events.event().unwrap();
        assert_eq!((end.name.as_str(), code_of(&end.data).as_str()), ("end", "MRT035"));
        retries.push(end.retry.unwrap());
        assert_eq!(events.block(), None);
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    retries.sort_unstable();
    assert!(retries.iter().all(|retry| *retry <= 5_000));
    assert!(retries[0] < 1_000 && retries[19] > 4_000, "spread: {retries:?}");
    assert!(site.end().is_clean());
}

#[test]
fn silence_is_kept_open_by_comments() {
    let site = Site::cached(Arc::new(SystemClock), |settings| {
        settings.live.heartbeat = Duration::from_millis(200);
        // Silence is not slowness.
        settings.rate_after = Duration::from_millis(300);
        settings.idle_timeout = Duration::from_millis(300);
        settings.header_timeout = Duration::from_millis(300);
    });
    put(&site, 1, "a");
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
    events.data();
    let began = Instant::now();
    for _ in 0..8 {
        let beat = events.block().unwrap();
        assert_eq!((beat.comment.as_deref(), beat.data.as_str()), (Some(""), ""));
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1_500) && took < Duration::from_secs(5), "{took:?}");
    put(&site, 1, "b");
    assert_eq!(events.data(), r#"{"id":1,"text":"b"}"#);
}
