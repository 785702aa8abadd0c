//! Limits at their maximum and one past it.

use crate::support::{Site, reply_of};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

const GREET: &str = "/rest/v1/rpc/greet?name=x";

#[test]
fn abuse_http_06_header_fields() {
    let site = Site::start();
    let with =
        |fields: &str| site.status_of(format!("GET {GREET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n"));
    let fields = |count: usize| (0..count).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    assert_eq!(with(&fields(98)), 200, "100 with Host and Connection");
    assert_eq!(with(&fields(99)), 431);
    assert_eq!(with(&format!("x-long: {}\r\n", "a".repeat(31 * 1024))), 200);
    assert_eq!(with(&format!("x-long: {}\r\n", "a".repeat(33 * 1024))), 431);
    assert_eq!(with(&format!("{}: 1\r\n", "n".repeat(256))), 200);
    assert_eq!(with(&format!("{}: 1\r\n", "n".repeat(10 * 1024))), 431);
    assert_eq!(with(&format!("x-long: {}\r\n", "a".repeat(300 * 1024))), 431);
    for value in ["a\0b", "a\rb", "a\x01b", "\x7f"] {
        assert_eq!(with(&format!("x-bad: {value}\r\n")), 400, "{value:?}");
    }
    assert_eq!(with("x bad: 1\r\n"), 400);
    assert_eq!(with(": 1\r\n"), 400);
}

#[test]
fn abuse_http_07_bodies() {
    let site = Site::with(|settings| settings.body_size_max = 1000);
    let body = |size: usize| format!("{{\"name\":\"{}\"}}", "x".repeat(size - r#"{"name":""}"#.len()));
    assert_eq!(site.post("/rest/v1/rpc/greet", &body(1000)).status, 200);
    let over = site.post("/rest/v1/rpc/greet", &body(1001));
    assert_eq!((over.code(), over.header("connection")), ((413, "MRT003".to_owned()), "close"));
    let waiting = "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                   Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(site.status_of(waiting), 413, "and no 100 before it");
    for path in ["/rest/v1/rpc/greet", "/rest/v1/batch", "/rest/v1/rpc/nobody", "/health", "/app.js"] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
        assert_eq!(site.status_of(format!("{head}Content-Length: 50000000\r\n\r\n")), 413, "{path} declared");
        if path.starts_with("/rest") {
            let chunk = format!("{:x}\r\n{}\r\n", 600, "x".repeat(600));
            let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}", chunk.repeat(500));
            assert_eq!(site.status_of(chunked), 413, "{path} chunked");
        }
    }
}

#[test]
fn abuse_http_09_urls() {
    let site = Site::start();
    let path = |size: usize| format!("{GREET}{}", "a".repeat(size - GREET.len()));
    assert_eq!(site.get(&path(8192)).status, 200);
    assert_eq!(site.get(&path(8193)).code(), (414, "MRT002".to_owned()));
    assert_eq!(site.get(&path(65_000)).status, 414);
    assert_eq!(site.get(&path(65_536)).status, 414);
    let parameters = |count: usize| format!("/rest/v1/rpc/greet?{}", vec!["a=1"; count].join("&"));
    assert_eq!(site.get(&parameters(1000)).code(), (400, "MRT001".to_owned()), "the engine's answer");
    assert_eq!(site.get(&parameters(1001)).code(), (400, "MRT002".to_owned()));
    assert_eq!(site.get("/rest/v1/rpc/greet?name=a&name=b").status, 400);
}

#[test]
fn abuse_http_03_slow_heads_are_cut() {
    let site = Site::with(|settings| settings.header_timeout = Duration::from_millis(600));
    let slow: Vec<_> = (0..50).map(|_| site.connect()).collect();
    let started = Instant::now();
    for round in 0..4 {
        for mut stream in &slow {
            let _ = stream.write_all(&b"GET "[round..=round]);
        }
        assert_eq!(site.get(GREET).status, 200, "others go on");
        std::thread::sleep(Duration::from_millis(50));
    }
    for mut stream in slow {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn idle_connections_live_longer_than_heads() {
    let site = Site::with(|settings| {
        settings.header_timeout = Duration::from_millis(200);
        settings.idle_timeout = Duration::from_millis(1500);
    });
    let mut stream = site.connect();
    let request = format!("GET {GREET} HTTP/1.1\r\nHost: x\r\n\r\n");
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 2048];
        let size = stream.read(&mut answer).unwrap();
        assert!(answer[..size].starts_with(b"HTTP/1.1 200"));
        std::thread::sleep(Duration::from_millis(500));
    }
    // The next head stops halfway.
    stream.write_all(b"GET /").unwrap();
    let started = Instant::now();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
    let mut idle = site.connect();
    idle.write_all(request.as_bytes()).unwrap();
    let started = Instant::now();
    let _ = idle.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(4), "idle connections end too");
}

#[test]
fn abuse_http_04_slow_bodies_are_cut() {
    let site = Site::with(|settings| settings.rate_after = Duration::from_millis(300));
    let mut stream = site.connect();
    let head =
        "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(b"{").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert_eq!(reply_of(&answer).status, 408, "{answer}");
}

#[test]
fn abuse_http_04_slow_readers_are_cut() {
    let site = Site::with(|settings| settings.rate_after = Duration::from_millis(300));
    std::fs::write(site.public().join("huge.bin"), vec![0; 32 * 1024 * 1024]).unwrap();
    let mut stream = site.connect();
    stream.write_all(b"GET /huge.bin HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    assert!(all.len() < 32 * 1024 * 1024, "cut before the end");
    assert_eq!(site.get(GREET).status, 200);
}
