//! How many streams there may be, and what one costs that does not read.

use super::{A_WHILE, put};
use crate::support::{Events, Site, token};
use martlet_core::SystemClock;
use martlet_server::{LiveSettings, ServerSettings};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn site(change: impl FnOnce(&mut ServerSettings)) -> Site {
    let site = Site::cached(Arc::new(SystemClock), change);
    put(&site, 1, "a");
    site
}

fn open(site: &Site) -> usize {
    let page = site.get_as("/metrics", &token("service_role")).body;
    let line = page.lines().find_map(|line| line.strip_prefix("martlet_live_streams ")).expect("the gauge");
    line.parse().unwrap()
}

/// Waits until so many are open: an end is noticed a moment later.
fn await_open(site: &Site, count: usize) {
    let end = Instant::now() + Duration::from_secs(5);
    while open(site) != count {
        assert!(Instant::now() < end, "{} are open, not {count}", open(site));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn abuse_ws_09_too_many_streams_429() {
    let live =
        LiveSettings { streams_max: 5, streams_per_user_max: 2, streams_per_address_max: 4, ..Default::default() };
    let site = site(|settings| {
        settings.live = live;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let user = format!("Bearer {}", token("authenticated"));
    let from = |address: &str, fields: &[(&str, &str)]| {
        let mut all = vec![("X-Forwarded-For", address)];
        all.extend_from_slice(fields);
        Events::open(&site, "GET /rest/v1/rpc/note?id=1", &all, "")
    };
    let refused = |events: &Events, why: &str| {
        assert_eq!(events.head.code(), (429, "MRT034".to_owned()), "{why}");
        assert!(events.head.body.contains(why), "{}", events.head.body);
        assert!(!events.head.header("retry-after").is_empty());
    };
    let as_user = |address: &str| from(address, &[("Authorization", &user)]);
    let mine = [as_user("192.0.2.1"), as_user("192.0.2.2")];
    refused(&as_user("192.0.2.3"), "a user may have 2");
    // Of IPv6 the network counts.
    let near: Vec<_> = (1..=3).map(|host| from(&format!("2001:db8::{host}"), &[])).collect();
    assert!(near.iter().chain(&mine).all(|events| events.head.status == 200));
    refused(&from("192.0.2.9", &[]), "the server has as many");
    assert_eq!(open(&site), 5);
    drop(mine);
    await_open(&site, 3);
    let fourth = from("2001:db8::4", &[]);
    assert_eq!(fourth.head.status, 200);
    refused(&from("2001:db8::5", &[]), "an address may have 4");
    // What was refused holds no place, nor does what was wrong.
    assert_eq!(from("2001:db9::1", &[("Authorization", "Bearer x.y.z")]).head.status, 401);
    assert_eq!(Events::get(&site, "/rest/v1/rpc/note?id=9").head.status, 404);
    drop((near, fourth));
    await_open(&site, 0);
    assert_eq!(from("2001:db8::6", &[]).head.status, 200);
}

#[test]
fn streams_leave_connections_to_others() {
    let site = site(|settings| settings.connections_max = 10);
    let open: Vec<_> = (0..8).map(|_| Events::get(&site, "/rest/v1/rpc/note?id=1")).collect();
    assert!(open.iter().all(|events| events.head.status == 200));
    assert_eq!(Events::get(&site, "/rest/v1/rpc/note?id=1").head.code(), (429, "MRT034".to_owned()));
    assert_eq!(site.get("/rest/v1/rpc/note?id=1").status, 200);
}

/// Far more than the systems of both ends hold, if it is sent a hundred times.
fn long(number: usize) -> String {
    format!("{number:05}{}", "x".repeat(100_000))
}

#[test]
fn abuse_ws_08_who_reads_late_gets_the_latest_state_alone() {
    let site = site(|settings| settings.rate_after = Duration::from_secs(60));
    let [mut slow, mut fast] = [(); 2].map(|()| Events::get(&site, "/rest/v1/rpc/note?id=1"));
    slow.data();
    fast.data();
    let last = 100;
    for number in 1..=last {
        put(&site, 1, &long(number));
        // Nobody waits for who does not read.
        assert!(fast.data().contains(&long(number)), "{number}");
    }
    let mut count = 1;
    while !slow.data().contains(&long(last)) {
        count += 1;
    }
    // What its system had taken for it, then what was under way, then the newest.
    assert!(count < last / 2, "{count} events");
    assert!(slow.is_silent(A_WHILE) && fast.is_silent(A_WHILE));
}

#[test]
fn abuse_ws_08_who_does_not_read_is_closed() {
    let site = site(|settings| settings.rate_after = Duration::from_secs(1));
    let [mut dead, mut fast] = [(); 2].map(|()| Events::get(&site, "/rest/v1/rpc/note?id=1"));
    dead.data();
    fast.data();
    let began = Instant::now();
    let mut number = 0;
    while open(&site) > 1 {
        number += 1;
        put(&site, 1, &long(number));
        assert!(fast.data().contains(&long(number)), "{number}");
        assert!(began.elapsed() < Duration::from_secs(30), "not closed");
    }
    assert!(began.elapsed() > Duration::from_secs(1), "it had its time");
    put(&site, 1, "the end");
    assert_eq!(fast.data(), r#"{"id":1,"text":"the end"}"#);
}

#[test]
fn a_stream_counts_once_and_is_no_request_under_way() {
    let site = site(|settings| settings.rate_limit = Some("10/h".parse().unwrap()));
    // The first call was the site's own.
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
    assert!(events.head.header("ratelimit").starts_with("\"address\";r=8;"), "{}", events.head.header("ratelimit"));
    events.data();
    for text in ["b", "c", "d"] {
        put(&site, 1, text);
        assert_eq!(events.data(), format!("{{\"id\":1,\"text\":\"{text}\"}}"));
    }
    let next = site.get_as("/metrics", &token("service_role"));
    assert!(next.header("ratelimit").starts_with("\"address\";r=4;"), "{}", next.header("ratelimit"));
    // The only one is the call that asks.
    let active = "http_server_active_requests{http_request_method=\"GET\",url_scheme=\"http\"} 1\n";
    assert!(next.body.contains(active), "{}", next.body);
    assert!(next.body.contains("martlet_admission_inflight{class=\"interactive\"} 1\n"), "{}", next.body);
    assert!(next.body.contains("martlet_admission_queue{class=\"interactive\"} 0\n"), "{}", next.body);
    assert!(next.body.contains("martlet_live_frames_total 4\n"), "{}", next.body);
    let delivered = "martlet_realtime_delivery_seconds_count{kind=\"answer\"}";
    assert!(next.body.contains(delivered), "{}", next.body);
}

#[test]
fn what_a_client_sends_on_its_stream_means_nothing() {
    let site = site(|_| {});
    let mut events = Events::get(&site, "/rest/v1/rpc/note?id=1");
    events.data();
    events.socket().write_all(b"GET /rest/v1/rpc/note?id=1 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert!(events.is_silent(A_WHILE));
    put(&site, 1, "b");
    assert_eq!(events.data(), r#"{"id":1,"text":"b"}"#);
    // And there is an end to it.
    let _ = events.socket().write_all(&vec![b'x'; 1 << 20]);
    await_open(&site, 0);
}

#[test]
fn a_stream_after_other_requests_of_its_connection() {
    let site = site(|_| {});
    let mut stream = site.connect();
    let plain = "GET /rest/v1/rpc/note?id=1 HTTP/1.1\r\nHost: x\r\n";
    // Pipelined: the first answer goes out whole before the stream begins, and what is behind it is not answered.
    let asked = format!("{plain}\r\n{plain}Accept: text/event-stream\r\n\r\n{plain}\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut read = Vec::new();
    let mut piece = [0; 4096];
    while !String::from_utf8_lossy(&read).ends_with("data: {\"id\":1,\"text\":\"a\"}\n\n") {
        let size = stream.read(&mut piece).unwrap();
        assert!(size > 0, "{}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&piece[..size]);
    }
    let text = String::from_utf8(read).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2, "{text}");
    assert!(text.find("application/json") < text.find("text/event-stream"), "{text}");
}
