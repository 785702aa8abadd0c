//! A disk that is full, fails, or loses its power: real servers over the faults of the testkit.
//!
//! What must hold: an answer of success is kept, a refusal left nothing, reads go on, and nothing of it ends the
//! process (`docs/decisions/0006-a-failed-sync.md`).

use crate::support::{App, binary};
use martlet_testkit::{DiskFaults, Reply, TestServer};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One action is one pair: half of it must never be seen.
const PAIRS: &[(&str, &str)] = &[
    (
        "migrations/0001_pairs.sql",
        "create table lefts (id bigint primary key, filler text not null);\n\
         create table rights (id bigint primary key, left_id bigint not null references lefts (id));\n\
         create index rights_left_id_idx on rights (left_id);\n",
    ),
    (
        "actions/add_pair.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param filler text\n\n\
         insert into lefts (id, filler) values (:id, :filler);\n\n\
         insert into rights (id, left_id) values (:id, :id);\n",
    ),
    (
        "queries/pairs.sql",
        "-- @allow anyone\n-- @returns value\n\
         select coalesce(json_agg(l.id order by l.id), '[]'::json) as ids\n\
         from lefts l join rights r on r.left_id = l.id where l.id >= 0\n",
    ),
    (
        "queries/halves.sql",
        "-- @allow anyone\n-- @returns value\n\
         select (select count(*) from lefts) - (select count(*) from rights) as n\n",
    ),
];

/// A server over a disk with faults.
struct Site {
    app: App,
    faults: DiskFaults,
    next: AtomicU64,
}

impl Site {
    fn new() -> Self {
        Self::with_seed(0)
    }

    fn with_seed(seed: u64) -> Self {
        let app = App::of(PAIRS);
        let migrated = app.run("migrate", &[]);
        assert_eq!(migrated.code, 0, "{migrated:?}");
        Self { app, faults: DiskFaults::with_seed(seed), next: AtomicU64::new(1) }
    }

    fn try_serve(&self) -> Result<TestServer, String> {
        let environment = self.faults.environment();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        TestServer::try_start(binary(), &["serve"], self.app.path(), &environment)
    }

    fn serve(&self) -> TestServer {
        self.try_serve().unwrap_or_else(|output| panic!("the server did not start: {output}"))
    }

    /// Adds a pair with a filler of this size and gives its id.
    fn add(&self, server: &TestServer, size: usize) -> (u64, Result<Reply, String>) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let body = format!(r#"{{"id":{id},"filler":"{}"}}"#, "x".repeat(size));
        (id, server.try_post("/rest/v1/rpc/add_pair", &body, ""))
    }

    /// What is stored must be what was acknowledged, and every pair whole.
    fn check(&self, server: &TestServer, acknowledged: &BTreeSet<u64>) {
        assert_eq!(pairs(server), *acknowledged);
        assert_eq!(server.get("/rest/v1/rpc/halves").body, "0");
    }

    fn check_file(&self) {
        let verdict = self.app.run("sql", &["--json", "pragma integrity_check; pragma foreign_key_check"]);
        assert_eq!((verdict.code, verdict.stdout.as_str()), (0, "{\"integrity_check\":\"ok\"}\n"), "{verdict:?}");
    }
}

fn pairs(server: &TestServer) -> BTreeSet<u64> {
    let reply = server.get("/rest/v1/rpc/pairs");
    assert_eq!(reply.status, 200, "{reply:?}");
    serde_json::from_str(&reply.body).unwrap()
}

/// The code of a refusal, which must be in the form of errors and tell nothing of the inside.
fn refused(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status, status, "{reply:?}");
    let body = reply.json();
    for told in ["SQLite", "insert", "lefts", "app.db", "/tmp", "fsync"] {
        assert!(!reply.body.contains(told), "{told} in {}", reply.body);
    }
    body["code"].as_str().unwrap().to_owned()
}

fn assert_unhurt(server: &TestServer) {
    assert_eq!(server.get("/livez").status, 200);
    assert!(!server.stderr().contains("panic"), "{}", server.stderr());
}

#[test]
fn abuse_ops_02_a_full_disk_refuses_writes_at_every_step_and_reads_go_on() {
    let site = Site::new();
    let server = site.serve();
    let mut acknowledged = BTreeSet::new();
    let mut add = |size: usize| {
        let (id, reply) = site.add(&server, size);
        let reply = reply.unwrap();
        if reply.status < 300 {
            acknowledged.insert(id);
        }
        (reply, acknowledged.clone())
    };
    // Twenty thousand bytes are five pages and more: the disk is full at each of the writes of one commit.
    for step in 0..10 {
        site.faults.forget_met();
        site.faults.set(&format!("write /app.db-wal ENOSPC {step}\n"));
        let (reply, stored) = add(20_000);
        assert_eq!(refused(&reply, 507), "53100", "step {step}");
        assert!(site.faults.met().contains("write ENOSPC"), "step {step} was not met");
        site.check(&server, &stored);
        assert_eq!(server.get("/health").json()["database"], "read-only");
        let (reply, _) = add(10);
        assert_eq!(refused(&reply, 507), "53100", "it stays refused as long as the disk is full");
        site.faults.set("");
        let (reply, stored) = add(20_000);
        assert_eq!(reply.status, 204, "step {step}: writes are back with the space, {reply:?}");
        site.check(&server, &stored);
    }
    // A short write is no fault: the rest follows.
    site.faults.set("write /app.db-wal SHORT\n");
    let (reply, stored) = add(20_000);
    assert_eq!(reply.status, 204, "{reply:?}");
    site.faults.set("");
    site.check(&server, &stored);
    assert_unhurt(&server);
    assert_eq!(server.stop(), Some(0));
    site.check_file();
    site.check(&site.serve(), &stored);
}

#[test]
fn abuse_ops_02_a_disk_that_fills_under_load_loses_and_invents_nothing() {
    let site = Site::new();
    let server = site.serve();
    let (acknowledged, refusals, is_over) = (Mutex::new(BTreeSet::new()), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let (id, reply) = site.add(&server, 3_000);
                    let reply = reply.unwrap();
                    if reply.status == 204 {
                        acknowledged.lock().unwrap().insert(id);
                    } else {
                        assert_eq!(refused(&reply, 507), "53100");
                        refusals.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for step in 0..6 {
            std::thread::sleep(Duration::from_millis(150));
            // Also where the log is copied into the database.
            site.faults.set(&format!("write /app.db-wal ENOSPC {step}\nwrite /app.db ENOSPC\n"));
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(server.get("/rest/v1/rpc/halves").body, "0", "reads go on");
            site.faults.set("");
        }
        std::thread::sleep(Duration::from_millis(150));
        is_over.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(refusals.into_inner() > 0 && acknowledged.len() > 10, "{} acknowledged", acknowledged.len());
    site.check(&server, &acknowledged);
    assert_unhurt(&server);
    assert_eq!(server.stop(), Some(0));
    site.check_file();
}

#[test]
fn abuse_ops_03_a_failed_sync_ends_all_writes_and_leaves_nothing_of_the_refused() {
    for (rules, what) in [
        ("sync /app.db-wal EIO 0 1\n", "once"),
        ("sync /app.db-wal EIO\n", "for ever"),
        ("sync /app.db-wal ENOSPC 0 1\n", "for want of space"),
    ] {
        let site = Site::new();
        let server = site.serve();
        let (first, reply) = site.add(&server, 10);
        assert_eq!(reply.unwrap().status, 204);
        let acknowledged = BTreeSet::from([first]);
        site.faults.set(rules);
        // All that stand in the group are refused.
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(refused(&site.add(&server, 5_000).1.unwrap(), 503), "MRT054", "{what}"));
            }
        });
        assert!(site.faults.met().contains("sync"), "{what}");
        server.wait_for_stderr("the disk did not keep what was written", Duration::from_secs(1));
        // The next sync would succeed, and prove nothing.
        site.faults.set("");
        for _ in 0..3 {
            assert_eq!(refused(&site.add(&server, 10).1.unwrap(), 503), "MRT054", "{what}");
        }
        site.check(&server, &acknowledged);
        let told = server.stderr().matches("the disk did not keep what was written").count();
        assert_eq!(told, 1, "one alarm:\n{}", server.stderr());
        assert_unhurt(&server);
        assert_eq!(server.get("/health").json()["database"], "read-only");
        // By a kill: nothing may be tidied up on the way out.
        server.kill();
        let server = site.serve();
        site.check(&server, &acknowledged);
        let (id, reply) = site.add(&server, 10);
        assert_eq!(reply.unwrap().status, 204, "a new start writes again");
        site.check(&server, &BTreeSet::from([first, id]));
        assert_eq!(server.stop(), Some(0));
        site.check_file();
    }
}

#[test]
fn abuse_ops_03_a_sync_that_fails_when_the_log_is_copied_ends_all_writes() {
    for file in ["/app.db", "/app.db-wal"] {
        let site = Site::new();
        site.app.save("martlet.toml", "[database]\nsynchronous = \"normal\"\n");
        let server = site.serve();
        let (first, reply) = site.add(&server, 10);
        assert_eq!(reply.unwrap().status, 204);
        site.faults.set(&format!("sync {file} EIO 0 1\n"));
        // An idle second is used to copy.
        server.wait_for_stderr("the disk did not keep what was written", Duration::from_secs(10));
        assert_eq!(refused(&site.add(&server, 10).1.unwrap(), 503), "MRT054", "{file}");
        site.check(&server, &BTreeSet::from([first]));
        assert_unhurt(&server);
        server.kill();
        let server = site.serve();
        site.check(&server, &BTreeSet::from([first]));
        assert_eq!(site.add(&server, 10).1.unwrap().status, 204);
        assert_eq!(server.stop(), Some(0));
        site.check_file();
    }
}

#[test]
fn abuse_ops_03_a_folder_that_cannot_be_synced_refuses_the_start() {
    let site = Site::new();
    site.faults.set("sync /data EIO\n");
    let output = site.try_serve().expect_err("it must not start");
    assert!(output.contains("cannot sync the data folder"), "{output}");
    site.faults.set("");
    assert_eq!(site.serve().stop(), Some(0));
}

/// Cuts of the power, by default and with `MARTLET_TEST_LONG`.
fn cuts() -> u64 {
    if std::env::var_os("MARTLET_TEST_LONG").is_some() { 200 } else { 12 }
}

/// After each cut the disk holds what was synced and a random part, whole or torn, of what was not.
#[test]
fn abuse_ops_01_power_cuts_lose_nothing_that_was_acknowledged() {
    let mut acknowledged = BTreeSet::new();
    let mut site = Site::new();
    // Pages of the log that are copied into the database in each round too.
    for round in 0..=cuts() {
        let server = site.serve();
        let stored = pairs(&server);
        assert!(acknowledged.is_subset(&stored), "round {round}: lost {:?}", acknowledged.difference(&stored));
        assert_eq!(server.get("/rest/v1/rpc/halves").body, "0", "round {round}");
        if round == cuts() {
            assert_eq!(server.stop(), Some(0));
            break;
        }
        let (call, file) =
            [("sync", "/app.db-wal"), ("write", "/app.db-wal"), ("sync", "/app.db"), ("write", "/app.db")]
                [(round % 4) as usize];
        // Of the database there is one sync to a copy; of the log one to a commit.
        let skip = if file == "/app.db" { round / 4 % 3 * u64::from(call == "write") } else { 3 + round * 7 % 40 };
        site.faults.set(&format!("{call} {file} CUT {skip}\n"));
        let began = Instant::now();
        let kept = Mutex::new(BTreeSet::new());
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while began.elapsed() < Duration::from_secs(10) {
                        match site.add(&server, 2_000) {
                            (id, Ok(reply)) if reply.status == 204 => drop(kept.lock().unwrap().insert(id)),
                            (_, Ok(reply)) => panic!("round {round}: {reply:?}"),
                            (_, Err(_)) => return,
                        }
                        // The copy waits for an idle second.
                        if file == "/app.db" {
                            std::thread::sleep(Duration::from_millis(1_100));
                        }
                    }
                });
            }
        });
        assert!(site.faults.met().contains("CUT"), "round {round}: {call} {file} {skip} was not met");
        acknowledged.append(&mut kept.into_inner().unwrap());
        site.faults.set("");
        site.faults.forget_met();
        site.faults = DiskFaults::with_seed(round + 1);
    }
    site.check_file();
    assert!(acknowledged.len() as u64 > cuts(), "only {} were acknowledged", acknowledged.len());
}

#[test]
fn abuse_ops_02_logs_that_cannot_be_written_are_no_reason_to_stop() {
    let app = App::of(PAIRS);
    let migrated = app.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    let script = r#"exec "$0" serve "$1" --listen 127.0.0.1:0 2>/dev/full"#;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).arg(binary()).arg(app.path()).env("MARTLET_LOG_LEVEL", "trace");
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("the line names the URL");
    for id in 1..20 {
        let body = format!(r#"{{"id":{id},"filler":"x"}}"#);
        let request = ureq::post(format!("{url}/rest/v1/rpc/add_pair")).header("content-type", "application/json");
        assert_eq!(request.send(body).unwrap().status(), 204);
    }
    let _ = std::process::Command::new("kill").arg(child.id().to_string()).status();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
