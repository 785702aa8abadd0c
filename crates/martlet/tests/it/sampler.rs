//! The sampler of a running server, as it is by default: it finds a planted fault within 10^5 answers from memory, and
//! tells what is needed to find its cause.
//!
//! The faults are the switches of `martlet-cache/src/rules.rs`, which only tests build in.

use crate::support::{App, binary};
use martlet_testkit::TestServer;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, kind text not null);\ncreate index notes_kind on notes (kind);\n",
    ),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\nselect id, kind from notes where kind = :kind order by id;\n",
    ),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @returns nothing\n\n\
         insert into notes (id, kind) values (:id, :kind) on conflict (id) do update set kind = excluded.kind;\n",
    ),
];

/// Answers from memory within which a fault must be found.
const HITS_MAX: usize = 100_000;
/// Answers after which the log is looked at.
const LOOK_EVERY: usize = 500;
/// What a violation is logged as.
const VIOLATION: &str = "an answer from memory was not what the database gives";

/// A server without one of the cache's rules, and with the sampler as it is by default.
fn serve(rule: &str) -> (App, TestServer) {
    let app = App::of(FILES);
    assert_eq!(app.run("migrate", &[]).code, 0);
    let mut server = TestServer::start_with(binary(), &["serve"], app.path(), &[("MARTLET_TEST_RULE_OFF", rule)]);
    server.may_violate();
    (app, server)
}

fn get(server: &TestServer, kind: &str) -> (String, String) {
    let reply = server.get(&format!("/rest/v1/rpc/of_kind?kind={kind}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    (reply.header("martlet-cache").to_owned(), reply.body)
}

fn put(server: &TestServer, id: usize, kind: &str) {
    let body = format!(r#"{{"id":{id},"kind":"{kind}"}}"#);
    assert_eq!(server.post("/rest/v1/rpc/put", &body, "").status, 204);
}

/// A client whose requests are equal byte for byte: each but the first takes the short way past hyper.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(server: &TestServer) -> Self {
        let stream = TcpStream::connect(crate::history::address(server)).expect("connect");
        stream.set_nodelay(true).expect("no delay");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set a time");
        Self { stream, buffer: vec![0; 1 << 14] }
    }

    /// The whole answer to a request for the notes of a kind.
    fn ask(&mut self, kind: &str) -> &[u8] {
        let request = format!("GET /rest/v1/rpc/of_kind?kind={kind} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.stream.write_all(request.as_bytes()).expect("ask");
        let mut length = 0;
        while !is_whole(&self.buffer[..length]) {
            let count = self.stream.read(&mut self.buffer[length..]).expect("an answer");
            assert!(count > 0, "the server has closed the connection");
            length += count;
        }
        &self.buffer[..length]
    }

    /// Whether the answer comes from memory, and how many notes it has.
    fn told(&mut self, kind: &str) -> (bool, usize) {
        let answer = String::from_utf8_lossy(self.ask(kind)).to_ascii_lowercase();
        (answer.contains("\r\nmartlet-cache: memory\r\n"), answer.matches("\"id\":").count())
    }

    /// Asks one time after the other until the fault is found; how many answers that took.
    fn ask_until_found(&mut self, server: &TestServer, kind: &str) -> usize {
        for asked in 1..=HITS_MAX {
            let answer = self.ask(kind);
            assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(answer));
            if asked % LOOK_EVERY == 0 && server.stderr().contains(VIOLATION) {
                return asked;
            }
        }
        HITS_MAX
    }
}

/// Whether a head and its body are there; the bodies are lists.
fn is_whole(answer: &[u8]) -> bool {
    answer.ends_with(b"]") && answer.windows(4).any(|part| part == b"\r\n\r\n")
}

/// The record of the only violation, which holds what an engineer needs and nothing of what was asked or stored.
fn record(server: &TestServer) -> Value {
    server.wait_for_stderr(VIOLATION, Duration::from_secs(5));
    let log = server.stderr();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(VIOLATION)).collect();
    assert_eq!(lines.len(), 1, "{log}");
    assert!(!log.contains("hush"), "{log}");
    let record: Value = serde_json::from_str(lines[0]).expect("a record is JSON");
    assert_eq!((&record["level"], &record["query"]), (&"error".into(), &"of_kind".into()), "{record}");
    assert_eq!(record["rests_on"], "notes where kind = :kind", "{record}");
    for number in ["dropped", "fill.position", "fill.ms_ago", "fill.keys", "fill.rows", "right.rows", "right.position"]
    {
        assert!(record[number].is_u64(), "{number}: {record}");
    }
    record
}

/// What the sampler has counted, by the operator's page.
fn violations(app: &App, server: &TestServer) -> u64 {
    let key = app.run("keys", &[]).stdout;
    let key = key.lines().find(|line| line.contains("service")).and_then(|line| line.split_whitespace().last());
    let page = server.get_as("/metrics", key.expect("a key")).body;
    let line = page.lines().find_map(|line| line.strip_prefix("martlet_coherence_violations_total "));
    line.expect("the family").parse().expect("a number")
}

/// An answer that a commit has ended goes on being given, by the short way of a request that is known by its bytes:
/// what is compared must be what that way gives, not what the ordinary way would.
#[test]
fn an_ended_answer_that_a_short_way_still_gives_is_found_within_100_000_hits() {
    let (app, server) = serve("dead-not-given");
    put(&server, 1, "hush");
    let mut client = Client::connect(&server);
    assert_eq!([client.told("hush"), client.told("hush"), client.told("hush")], [(false, 1), (true, 1), (true, 1)]);
    put(&server, 2, "hush");
    assert_eq!(client.told("hush"), (true, 1), "the fault is planted");
    let asked = client.ask_until_found(&server, "hush");
    assert!(asked < HITS_MAX, "{asked}");
    let record = record(&server);
    assert_eq!([&record["fill.rows"], &record["right.rows"]], [1, 2], "{record}");
    assert_eq!((&record["is_one_position"], &record["fill.position"]), (&true.into(), &1.into()), "{record}");
    assert_eq!(record["commits"], "1: notes +1; 2: notes +1", "the second is what it missed");
    assert_eq!(violations(&app, &server), 1);
}

/// An answer that a commit overtook while it was computed is kept: it stays until the next write to it.
#[test]
fn an_overtaken_answer_that_was_kept_is_found_within_100_000_hits() {
    let (app, server) = serve("validates-fills");
    // A read that began before a write and comes to be kept after it.
    let planted = (1..400).find(|id| {
        let kind = format!("hush{id}");
        std::thread::scope(|scope| {
            scope.spawn(|| get(&server, &kind));
            // Where in the read the write falls is by chance: another moment each time.
            std::thread::sleep(Duration::from_micros((id % 12) as u64 * 400));
            put(&server, *id, &kind);
        });
        let (source, body) = get(&server, &kind);
        source == "memory" && body == "[]"
    });
    let id = planted.expect("a read that is overtaken");
    let began = Instant::now();
    let asked = Client::connect(&server).ask_until_found(&server, &format!("hush{id}"));
    assert!(asked < HITS_MAX, "{asked}");
    let record = record(&server);
    assert_eq!([&record["fill.rows"], &record["right.rows"]], [0, 1], "{record}");
    let position = record["fill.position"].as_u64().expect("a number");
    let missed = format!("{}: notes +1", position + 1);
    assert!(record["commits"].as_str().is_some_and(|commits| commits.contains(&missed)), "{missed}: {record}");
    assert!(record["fill.ms_ago"].as_u64() <= Some(began.elapsed().as_millis() as u64 + 5_000), "{record}");
    assert_eq!(get(&server, &format!("hush{id}")).1, format!(r#"[{{"id":{id},"kind":"hush{id}"}}]"#), "it is dropped");
    assert_eq!(violations(&app, &server), 1);
}
