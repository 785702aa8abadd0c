//! Histories: many clients read and write at once, and every answer must be the query on one prefix of the order of
//! commits, as recent as anybody could know of.
//!
//! `check.rs` judges, against `model.rs`, which answers each query in memory. The numbers are small by default;
//! `MARTLET_TEST_HISTORY_READS=1000000 MARTLET_TEST_HISTORY_WRITES=10000` are those of the promise.

#![expect(clippy::print_stdout, reason = "a failure needs the seed, and the rates belong to the result")]

pub(crate) mod app;
pub(crate) mod check;
pub(crate) mod client;
mod foreign;
mod judge;
pub(crate) mod load;
pub(crate) mod model;
mod rules;

use crate::hotel::token;
use crate::support::{App, binary};
use check::{History, Violation};
use load::{Plan, Shared};
use martlet_testkit::TestServer;
use model::owner_id;
use serde_json::json;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Clients at once.
const CLIENTS: u64 = 32;
/// Violations that are shown.
const SHOWN_MAX: usize = 5;

/// The variable that takes a rule from the cache.
const RULE_OFF: &str = "MARTLET_TEST_RULE_OFF";

/// What all of these servers run with.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("MARTLET_AUTH_JWT_SECRET", crate::hotel::SECRET),
    // Many clients on a small machine: none is to be refused.
    ("MARTLET_SERVER_ADMISSION", "off"),
];

/// An app, what its clients share, and what they have seen.
pub(crate) struct World {
    app: App,
    pub(crate) shared: Shared,
    pub(crate) history: History,
    pub(crate) seed: u64,
    /// Variables of its servers, beside those that all have.
    pub(crate) settings: Vec<(&'static str, &'static str)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let seed = number("SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
        println!("MARTLET_TEST_SEED={seed}");
        let app = App::of(app::FILES);
        assert_eq!(app.run("migrate", &[]).code, 0);
        let token =
            |owner| token(json!({"sub": owner_id(owner), "role": "authenticated", "aud": "authenticated"}), 3_600);
        Self { app, shared: Shared::new(token), history: History::default(), seed, settings: Vec::new() }
    }

    /// With a rule of the cache that does not hold.
    pub(crate) fn without_rule(rule: &'static str) -> Self {
        Self { settings: vec![(RULE_OFF, rule)], ..Self::new() }
    }

    pub(crate) fn start(&self, command: &str) -> TestServer {
        let environment: Vec<(&str, &str)> = ENVIRONMENT.iter().chain(&self.settings).copied().collect();
        let mut server = TestServer::start_with(binary(), &[command], self.app.path(), &environment);
        if environment.iter().any(|(name, _)| *name == RULE_OFF) {
            server.may_violate();
        }
        server
    }

    pub(crate) fn plan(&self, reads: u64, writes: u64) -> Plan {
        Plan { clients: CLIENTS, reads, writes, seed: self.seed, rest_max: Duration::ZERO }
    }

    /// Reads the order of commits from the file.
    pub(crate) fn read_log(&mut self) {
        let log = self.app.run("sql", &["--json", "select id, tag from log order by id"]);
        assert_eq!(log.code, 0, "{log:?}");
        let rows = log.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        self.history.log = rows.map(|row| (row["id"].as_i64().unwrap(), row["tag"].as_i64().unwrap())).collect();
    }

    /// Reads the log and judges.
    fn violations(&mut self) -> Vec<Violation> {
        self.read_log();
        let violations = self.history.violations(SHOWN_MAX);
        println!(
            "{} answers, {:.1} % of the reads from memory; {} writes, {} of them committed; wrong: {}",
            self.history.answers(),
            self.share() * 100.0,
            self.history.writes.len(),
            self.history.log.len(),
            violations.len(),
        );
        violations
    }

    /// Nothing is wrong, and so large a share of the reads came from memory, or it shows nothing.
    pub(crate) fn is_right(&mut self, share_min: f64) {
        let violations = self.violations();
        assert!(violations.is_empty(), "{violations:#?}");
        assert!(self.share() >= share_min, "{:.3} of the reads from memory show little", self.share());
    }

    /// The share of reads that came from memory.
    fn share(&self) -> f64 {
        let hits = self.history.reads.iter().filter(|read| read.is_from_memory).count();
        hits as f64 / self.history.reads.len() as f64
    }
}

pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var_os(format!("MARTLET_TEST_{name}"))?.to_str()?.parse().ok()
}

pub(crate) fn address(server: &TestServer) -> SocketAddr {
    server.url().trim_start_matches("http://").parse().expect("an address")
}

#[test]
fn abuse_cache_02_every_answer_is_the_query_on_one_prefix_of_the_commits() {
    let mut world = World::new();
    let server = world.start("serve");
    world.shared.prepare(address(&server), &mut world.history);
    let reads = number("HISTORY_READS").unwrap_or(50_000);
    let writes = number("HISTORY_WRITES").unwrap_or(1_000);
    let plan = world.plan(reads, writes);
    assert_eq!(world.shared.run(address(&server), &plan, &mut world.history), 0, "{}", server.stderr());
    assert_eq!(server.stop(), Some(0));
    assert!(world.history.answers() as u64 + CLIENTS >= reads);
    world.is_right(0.6);
    let marked = world.history.reads.iter().filter(|read| read.is_stale).count();
    println!("{marked} answers after their end, marked");
    assert!(marked > 0, "nothing is shown of `@cache stale`");
}

/// A load during which the app is replaced again and again.
fn reload(world: &mut World) {
    world.app.save("queries/versioned.sql", &app::versioned(1));
    let server = world.start("dev");
    let at = address(&server);
    world.shared.prepare(at, &mut world.history);
    let (first, last) = &world.shared.versions;
    first.store(1, Ordering::SeqCst);
    last.store(1, Ordering::SeqCst);
    let plan = world.plan(10_000, 200);
    let history = &mut world.history;
    std::thread::scope(|scope| {
        let load = scope.spawn(|| world.shared.run(at, &plan, history));
        let save = |path: &str, text: &str| {
            let reloads = server.stderr().matches("reloaded in").count();
            world.app.save(path, text);
            let begun = Instant::now();
            while server.stderr().matches("reloaded in").count() == reloads {
                assert!(begun.elapsed() < Duration::from_secs(20), "no reload: {}", server.stderr());
                std::thread::sleep(Duration::from_millis(2));
            }
        };
        for version in 2..6 {
            std::thread::sleep(Duration::from_millis(200));
            let (path, text) = app::migration(version);
            save(&path, &text);
            last.store(version, Ordering::SeqCst);
            save("queries/versioned.sql", &app::versioned(version));
            first.store(version, Ordering::SeqCst);
        }
        assert_eq!(load.join().expect("the load"), 0, "{}", server.stderr());
    });
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_reload_in_the_middle_leaves_nothing_of_the_old_app() {
    let mut world = World::new();
    reload(&mut world);
    world.is_right(0.5);
}

#[test]
fn kill_9_under_load_and_nothing_is_stale_after_it() {
    let mut world = World::new();
    for run in 0..4 {
        let server = world.start("serve");
        let at = address(&server);
        if run == 0 {
            world.shared.prepare(at, &mut world.history);
        }
        // More than can be done until it is killed.
        let plan = Plan { seed: world.seed ^ run, ..world.plan(10_000_000, 200_000) };
        let history = &mut world.history;
        std::thread::scope(|scope| {
            let load = scope.spawn(|| world.shared.run(at, &plan, history));
            std::thread::sleep(Duration::from_millis(700));
            server.signal("KILL");
            assert_eq!(load.join().expect("the load"), CLIENTS as usize);
        });
        server.kill();
    }
    let epochs: std::collections::HashSet<u64> = world.history.reads.iter().map(|read| read.position.epoch).collect();
    assert_eq!(epochs.len(), 4, "each run has an epoch of its own");
    world.is_right(0.3);
}
