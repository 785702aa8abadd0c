//! Signals under load, few open files, and a clock that jumps.

use crate::support::{ANA, App, binary};
use martlet_testkit::{SteppedClock, TestServer};
use std::collections::BTreeSet;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Restarts, by default and with `MARTLET_TEST_LONG`.
fn restarts() -> u64 {
    if std::env::var_os("MARTLET_TEST_LONG").is_some() { 100 } else { 8 }
}

/// The longest stop that the case allows.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

#[test]
fn abuse_ops_08_what_is_stored_and_what_was_answered_are_the_same_over_restarts() {
    let app = App::migrated();
    let (acknowledged, next) = (Mutex::new(BTreeSet::new()), AtomicU64::new(0));
    for round in 0..restarts() {
        let mut server = app.serve();
        let url = server.url().to_owned();
        std::thread::scope(|scope| {
            for _ in 0..6 {
                let (url, acknowledged, next) = (&url, &acknowledged, &next);
                scope.spawn(move || {
                    loop {
                        let body = format!("note {}", next.fetch_add(1, Ordering::Relaxed));
                        let request = ureq::post(format!("{url}/rest/v1/rpc/add_note"));
                        let request = request.config().http_status_as_error(false).build();
                        let sent =
                            request.header("content-type", "application/json").send(format!(r#"{{"body":"{body}"}}"#));
                        match sent {
                            Ok(reply) if reply.status() == 200 => drop(acknowledged.lock().unwrap().insert(body)),
                            // Told that it stops: nothing was done.
                            Ok(reply) => assert_eq!(reply.status(), 503, "round {round}"),
                            Err(_) => return,
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(60 + round * 37 % 200));
            let began = Instant::now();
            server.signal("TERM");
            assert_eq!(server.wait(), Some(0), "{}", server.stderr());
            assert!(began.elapsed() < STOPPED_WITHIN);
        });
        let log = server.stderr();
        assert!(log.contains(r#""cut":0"#) && !log.contains("panic"), "{log}");
    }
    let stored = app.run("sql", &["--json", "select body from notes"]).stdout;
    let stored: Vec<String> = stored
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["body"].as_str().unwrap().to_owned())
        .collect();
    let (count, stored): (usize, BTreeSet<String>) = (stored.len(), stored.into_iter().collect());
    let acknowledged = acknowledged.into_inner().unwrap();
    assert_eq!(count, stored.len(), "none is stored twice");
    assert_eq!(stored, acknowledged, "what was begun was answered, and what was answered is stored");
    assert!(acknowledged.len() as u64 > restarts());
}

#[test]
fn abuse_ops_11_without_open_files_it_waits_and_serves_those_it_has() {
    let app = App::migrated();
    let server = app.serve();
    let address = server.url().trim_start_matches("http://").to_owned();
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":"before"}"#, "").status, 200);
    let open = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    let limited = Command::new("prlimit").args(["--pid", &server.pid().to_string(), "--nofile=256:256"]).status();
    assert!(limited.unwrap().success() && open < 200, "{open} files are open at rest");
    // The agent's connection is open; more than there are files for follow.
    let idle: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(&address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(300));
    let before = (processor_time(&server), server.stderr().len());
    for number in 0..10 {
        let reply = server.post("/rest/v1/rpc/add_note", &format!(r#"{{"body":"{number}"}}"#), "");
        assert_eq!(reply.status, 200, "a connection that it has goes on: {reply:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
    let (processor, log) = (processor_time(&server) - before.0, server.stderr().len() - before.1);
    assert!(processor < Duration::from_millis(500), "it waits and does not spin: {processor:?} in a second");
    assert!(log < 20_000, "{log} bytes of log in a second");
    drop(idle);
    let began = Instant::now();
    let reply = ureq::get(format!("{}/rest/v1/rpc/notes?count=100", server.url())).call().unwrap();
    assert_eq!(reply.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let start = Instant::now();
    while std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count() > open + 4 {
        assert!(start.elapsed() < Duration::from_secs(10), "its files are not back");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!server.stderr().contains("panic"), "{}", server.stderr());
    assert_eq!(server.stop(), Some(0));
}

/// Processor time that the server has used.
fn processor_time(server: &TestServer) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    Duration::from_millis((fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10)
}

#[test]
fn abuse_ops_12_a_clock_that_jumps_ends_nothing_but_tokens() {
    let app = App::migrated();
    app.save("queries/rare.sql", "-- @allow anyone\n-- @limit 3/h\nselect 1 as one\n");
    app.save("queries/counted.sql", "-- @allow anyone\n-- @limit 3/60m\nselect 1 as one\n");
    app.save(
        "queries/long.sql",
        "-- @allow anyone\n-- @returns value\n-- @timeout 20s\nselect count(*) as n from generate_series(1::bigint, 3000000) as g(i)\n",
    );
    let clock = SteppedClock::new();
    let environment = clock.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = TestServer::start_with(binary(), &["serve"], app.path(), &environment);
    let token = app.run("keys", &["--user", ANA]).stdout.trim().to_owned();
    let mine = || {
        let reply = server.get_as("/rest/v1/rpc/mine", &token);
        (reply.status, reply.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let good = (200, String::new());
    let refused = (401, "PGRST303".to_owned());
    let hour = 3_600;
    assert_eq!(mine(), good);
    for limited in ["rare", "counted"] {
        assert_eq!(server.get(&format!("/rest/v1/rpc/{limited}")).status, 200);
    }
    for (offset, expected) in
        [(25 * hour, &refused), (0, &good), (-50, &good), (-120, &refused), (-hour, &refused), (30, &good)]
    {
        // A call under way when the clock jumps keeps its deadline.
        std::thread::scope(|scope| {
            let long = scope.spawn(|| server.get("/rest/v1/rpc/long"));
            std::thread::sleep(Duration::from_millis(50));
            clock.set_offset(offset);
            assert_eq!(long.join().unwrap().body, "3000000", "{offset}");
        });
        assert_eq!(&mine(), expected, "{offset}");
        let added = server.post("/rest/v1/rpc/add_note", &format!(r#"{{"body":"at {offset}"}}"#), "");
        assert_eq!(added.status, 200, "{offset}: {added:?}");
        let health = server.get("/health").json();
        assert!(health["status"] == "pass" && health["uptime"].as_u64().unwrap() < 600, "{offset}: {health}");
    }
    // Backwards no caller waits longer, forwards no limit is free earlier.
    clock.set_offset(-hour);
    for limited in ["rare", "counted"] {
        let path = format!("/rest/v1/rpc/{limited}");
        assert_eq!(
            [server.get(&path).status, server.get(&path).status],
            [200, 200],
            "{limited}: two of three are left"
        );
        assert_eq!(server.get(&path).status, 429, "{limited}");
        clock.set_offset(2 * hour);
        assert_eq!(server.get(&path).status, 429, "{limited}");
        clock.set_offset(-hour);
    }
    clock.set_offset(0);
    let key = app.run("keys", &[]).stdout;
    let key = key.lines().find_map(|line| line.strip_prefix("service_role")).unwrap().trim();
    let metrics = server.get_as("/metrics", key);
    assert_eq!(metrics.status, 200, "{metrics:?}");
    for line in metrics.body.lines().filter(|line| !line.starts_with('#')) {
        let value = line.rsplit(' ').next().unwrap_or_default();
        assert!(!value.starts_with('-') && value != "NaN", "{line}");
    }
    assert!(!server.stderr().contains("panic"), "{}", server.stderr());
    assert_eq!(server.stop(), Some(0));
}
