//! Clients that stop reading their streams: what each of them costs the server, and that nobody else waits for them.
//!
//! What the system takes for a socket holds a few answers: each of them leaves one half written.

#![expect(clippy::print_stdout, reason = "the figures belong to the result")]

use crate::support::{App, binary};
use martlet_load::{Event, Latency, Listener, Opening, RequestHead, StreamEnd, Streams, Told, usage};
use martlet_testkit::TestServer;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Those who do not read, and those who do.
const SLOW: usize = 200;
const FAST: usize = 20;
/// Boards: the first is followed by those who read and half of the others, each of the rest by one.
const BOARDS: usize = 1 + SLOW / 2;
const ANSWER_SIZE: usize = 16 * 1024;
/// Changes of every board, each by itself.
const CHANGES: u64 = 50;
const CHANGE_GAP: Duration = Duration::from_millis(15);
/// The promise.
const SLOW_BYTES_MAX: f64 = 64.0 * 1024.0;
const PATIENCE: Duration = Duration::from_secs(20);

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_boards.sql",
        "create table boards (id bigint primary key, body text not null);\n\
         create table marks (id bigint primary key, version bigint not null);\n",
    ),
    (
        "actions/make.sql",
        "-- @allow anyone\n-- @param count bigint 1..1000\n-- @param body text 1..100000\n\
         insert into marks (id, version) values (1, 0);\n\n\
         insert into boards (id, body) select i, :body from generate_series(1::bigint, :count) as g(i);\n",
    ),
    (
        "actions/mark.sql",
        "-- @allow anyone\n-- @param version bigint\nupdate marks set version = :version where id = 1\n",
    ),
    (
        "queries/board.sql",
        "-- @allow anyone\n-- @param id bigint\n\
         select m.version, b.body from boards b join marks m on m.id = 1 where b.id = :id\n",
    ),
];

/// When each stream had which version.
#[derive(Default)]
struct Seen {
    arrivals: HashMap<usize, Vec<(u64, Instant)>>,
    faults: Vec<String>,
}

struct Ear(Arc<Mutex<Seen>>);

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nobody panics with it")
}

impl Listener for Ear {
    fn opened(&mut self, _: usize, _: Instant) {}

    fn told(&mut self, stream: usize, told: Told<'_>, at: Instant) {
        let Told::Event(Event { name: b"", data, .. }) = told else {
            if let Told::Event(event) = told {
                locked(&self.0).faults.push(format!("{stream}: {event:?}"));
            }
            return;
        };
        let text = std::str::from_utf8(data).expect("answers are UTF-8");
        let version = text.strip_prefix("[{\"version\":").and_then(|rest| rest.split(',').next()?.parse().ok());
        locked(&self.0).arrivals.entry(stream).or_default().push((version.expect("a version"), at));
    }

    fn ended(&mut self, stream: usize, end: StreamEnd, _: Instant) {
        locked(&self.0).faults.push(format!("{stream}: {end:?}"));
    }
}

fn request(board: usize) -> Vec<u8> {
    let target = format!("/rest/v1/rpc/board?id={board}");
    RequestHead { method: "GET", target: &target, host: "slow", headers: &[("Accept", "text/event-stream")] }
        .bytes(None)
}

/// Waits until each of these streams has had this version.
fn until(seen: &Mutex<Seen>, streams: std::ops::Range<usize>, version: u64) {
    let begun = Instant::now();
    loop {
        let told = locked(seen);
        assert!(told.faults.is_empty(), "{:?}", told.faults);
        let has =
            |stream: usize| told.arrivals.get(&stream).and_then(|all| all.last()).is_some_and(|it| it.0 >= version);
        if streams.clone().all(has) {
            return;
        }
        drop(told);
        assert!(begun.elapsed() < PATIENCE, "not all were told of version {version}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Changes all boards again and again; how long those who read waited for each change, from its sending.
fn change(server: &TestServer, seen: &Mutex<Seen>, version: &mut u64) -> Latency {
    let mut sent = HashMap::new();
    for _ in 0..CHANGES {
        *version += 1;
        sent.insert(*version, Instant::now());
        let reply = server.post("/rest/v1/rpc/mark", &format!("{{\"version\":{version}}}"), "");
        assert!(reply.status < 300, "{reply:?}");
        std::thread::sleep(CHANGE_GAP);
    }
    until(seen, 0..FAST, *version);
    let mut lags = Latency::new();
    let told = locked(seen);
    for all in (0..FAST).filter_map(|stream| told.arrivals.get(&stream)) {
        for (version, sent) in &sent {
            // The first that shows the change, which may show later ones too.
            let first = all.iter().find(|(shown, _)| shown >= version).expect("the last was waited for");
            lags.record(first.1.saturating_duration_since(*sent));
        }
    }
    lags
}

/// What the system holds for the server's sockets and nobody has taken, by those that hold something.
fn unsent(port: u16) -> Vec<u64> {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    let held = table.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let is_ours = fields.get(1)?.ends_with(&format!(":{port:04X}"));
        let (queued, _) = fields.get(4)?.split_once(':')?;
        u64::from_str_radix(queued, 16).ok().filter(|held| is_ours && *held > 0)
    });
    held.collect()
}

fn resident(server: &TestServer) -> f64 {
    usage::of(&[server.pid()]).expect("Linux").resident_bytes as f64
}

#[test]
fn one_who_stops_reading_costs_little_and_delays_nobody() {
    let app = App::of(FILES);
    let migrated = app.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    // Nobody is cut off for taking too little meanwhile, and what is freed is given back at once, so that what is
    // resident is what is held.
    let environment = [
        ("MARTLET_SERVER_RATE_AFTER", "10m"),
        ("MARTLET_SERVER_ADMISSION", "off"),
        ("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0"),
    ];
    let server = TestServer::start_with(binary(), &["serve"], app.path(), &environment);
    let at: SocketAddr = server.url().trim_start_matches("http://").parse().expect("an address");
    let body = format!("{{\"count\":{BOARDS},\"body\":\"{}\"}}", "x".repeat(ANSWER_SIZE));
    let made = server.post("/rest/v1/rpc/make", &body, "");
    assert!(made.status < 300, "{made:?}");

    let seen = Arc::new(Mutex::new(Seen::default()));
    let streams = Streams::start(at, Ear(Arc::clone(&seen))).expect("a thread");
    (0..FAST).for_each(|stream| streams.open(stream, Opening { request: request(1), ..Opening::default() }));
    let mut version = 0;
    let mut beside = |stalls_after: Option<u64>| {
        locked(&seen).arrivals.clear();
        for number in 0..SLOW {
            let board = if number % 2 == 0 { 1 } else { 2 + number / 2 };
            let opening = Opening { request: request(board), stalls_after, receive_buffer_size: Some(8 * 1024) };
            streams.open(FAST + number, opening);
        }
        until(&seen, FAST..FAST + SLOW, version);
        change(&server, &seen, &mut version);
        let lags = change(&server, &seen, &mut version);
        (lags, resident(&server))
    };
    // The same streams, read and not read: what is followed costs the same.
    let (alone, before) = beside(None);
    let (beside, after) = beside(Some(1));
    let each = (after - before) / SLOW as f64;
    let held = unsent(at.port());
    let told = |lags: &Latency| format!("{:?}, {:?}, {:?}", lags.at(0.5), lags.at(0.99), lags.max());
    println!(
        "{SLOW} that do not read: {:.1} KiB each beyond those who do, at most {} bytes in the system for one; the others \
         were told after (p50, p99, most) {} while all read, {} beside them",
        each / 1024.0,
        held.iter().max().copied().unwrap_or(0),
        told(&alone),
        told(&beside),
    );
    // Each of them has left something untaken, or this shows nothing.
    assert!(held.len() >= SLOW, "{} of {SLOW} hold up anything", held.len());
    assert!(each <= SLOW_BYTES_MAX, "{each} bytes for each that does not read");
    assert!(held.iter().all(|held| *held as f64 <= SLOW_BYTES_MAX), "{held:?}");
    // On a machine that others use too: a wait for those who do not read would be without end.
    assert!(beside.at(0.5) <= alone.at(0.5) * 2 + Duration::from_millis(50), "{} {}", told(&alone), told(&beside));
    assert!(beside.max() < Duration::from_secs(2), "{}", told(&beside));

    // Those who do not read are still there, and when they are gone nothing is left of them.
    assert!(locked(&seen).faults.is_empty());
    (FAST..FAST + SLOW).for_each(|stream| streams.close(stream));
    let begun = Instant::now();
    while unsent(at.port()).len() >= SLOW / 2 {
        assert!(begun.elapsed() < PATIENCE, "their connections stay");
        std::thread::sleep(Duration::from_millis(20));
    }
    change(&server, &seen, &mut version);
    drop(streams.stop());
    assert_eq!(server.stop(), Some(0));
}
