//! Faults in the server itself: each ends its own request, and nobody else's.

use crate::support::{Site, token};
use martlet_core::{Clock, SystemClock, Timestamp};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A clock that panics when told to: the hook that stands for any fault.
#[derive(Debug, Default)]
struct BrokenClock {
    is_broken: AtomicBool,
    /// Broken in the thread that writes alone.
    is_broken_for_writer: AtomicBool,
    panics: AtomicUsize,
}

impl Clock for BrokenClock {
    fn now(&self) -> Timestamp {
        let is_writer = std::thread::current().name() == Some("martlet-writer");
        let flag = if is_writer { &self.is_broken_for_writer } else { &self.is_broken };
        if flag.load(Ordering::SeqCst) {
            self.panics.fetch_add(1, Ordering::SeqCst);
            panic!("broken on purpose");
        }
        SystemClock.now()
    }
}

/// Requests that are under way while others panic; each needs two of the process's open files.
const UNDER_WAY: usize = 200;

#[test]
fn abuse_http_17_a_panic_ends_its_own_request_only() {
    let clock = Arc::new(BrokenClock::default());
    let site = Site::with_clock(clock.clone(), |_| {});
    let token = token("authenticated");
    let mut running = site.connect();
    running.write_all(b"GET /rest/v1/rpc/count?high=1000000 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let body = r#"{"name":"x"}"#;
    let others: Vec<_> = (0..UNDER_WAY)
        .map(|_| {
            let mut stream = site.connect();
            let head = "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
                        Content-Type: application/json\r\nContent-Length: 12\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body.as_bytes()[..6]).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(100));
    clock.is_broken.store(true, Ordering::SeqCst);
    for _ in 0..20 {
        let reply = site.get_as("/rest/v1/rpc/whoami", &token);
        assert_eq!(reply.told(), (500, r#"{"code":"MRT500","message":"internal error","details":null,"hint":null}"#));
    }
    assert_eq!(site.get("/health").header("content-type"), "application/problem+json");
    clock.is_broken.store(false, Ordering::SeqCst);
    for mut stream in others {
        stream.write_all(&body.as_bytes()[6..]).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with(r#"[{"greeting":"x"}]"#), "{answer}");
    }
    let mut answer = String::new();
    running.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("1000000"), "{answer}");
    assert_eq!(site.get_as("/rest/v1/rpc/whoami", &token).status, 200);
}

/// The one thread that writes has a connection and a transaction in its hands: it must outlive a fault.
#[test]
fn abuse_http_17_the_writer_outlives_a_panic() {
    let clock = Arc::new(BrokenClock::default());
    let site = Site::with_clock(clock.clone(), |_| {});
    let user = token("authenticated");
    let add = || site.post_as("/rest/v1/rpc/add_note", &user, r#"{"text":"x"}"#);
    assert_eq!(add().status, 200);
    clock.is_broken_for_writer.store(true, Ordering::SeqCst);
    // With nothing to do it looks after what has expired.
    let started = Instant::now();
    while clock.panics.load(Ordering::SeqCst) == 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "the writer never looked at the clock");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(add().status, 200, "reads and writes go on");
    clock.is_broken_for_writer.store(false, Ordering::SeqCst);
    assert_eq!(add().status, 200);
    let notes = site.get_as("/rest/v1/rpc/notes", &user);
    assert_eq!(notes.body.matches("\"id\"").count(), 3, "{}", notes.body);
}
