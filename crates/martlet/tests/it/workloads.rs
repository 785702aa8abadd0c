//! The app of the measurements, `bench/workloads`, through HTTP, against the formulas of its data set.

mod formulas;
mod pages;
mod reads;
mod writes;

use crate::support::{binary, fill, martlet};
use formulas::Formulas;
use jsonwebtoken::{EncodingKey, Header, encode};
use martlet_testkit::{Reply, TestServer, copy_folder};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What the load signs its tokens with.
const SECRET: &str = "only for tests: thirty-two bytes or more";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../bench/workloads")
}

/// The app with a thousandth of the rows that grow, and 20 events instead of 2,000.
struct Workloads {
    server: TestServer,
    folder: TempDir,
}

impl Workloads {
    const ROWS: Formulas = Formulas { users: 100, bookings: 200, songs_modulus: 50, players: 20, plays: 1_000 };

    fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As `start`, on a folder that is changed before it is migrated and seeded.
    fn start_with(change: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        copy_folder(&source(), folder.path());
        edit_seed(folder.path(), "00::bigint) as g(i)", "::bigint) as g(i)");
        change(folder.path());
        fill(folder.path());
        let environment = [("MARTLET_AUTH_JWT_SECRET", SECRET)];
        let server = TestServer::start_with(binary(), &["serve"], folder.path(), &environment);
        Self { server, folder }
    }

    fn get(&self, path: &str, token: &str) -> Reply {
        self.server.get_as(&format!("/rest/v1/rpc/{path}"), token)
    }

    /// An answer that must be one.
    fn read(&self, path: &str, token: &str) -> Value {
        let reply = self.get(path, token);
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        reply.json()
    }

    fn act(&self, name: &str, arguments: &Value, token: &str) -> Reply {
        self.server.post(&format!("/rest/v1/rpc/{name}"), &arguments.to_string(), token)
    }

    /// The one number that a statement gives.
    fn number(&self, sql: &str) -> i64 {
        let run = martlet(&["sql", self.folder.path().to_str().unwrap(), "--json", sql], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        let row: Value = serde_json::from_str(&run.stdout).expect("one row");
        row["n"].as_i64().unwrap_or_else(|| panic!("no number in {row}"))
    }
}

fn edit_seed(folder: &Path, from: &str, to: &str) {
    let path = folder.join("seed.sql");
    let text = std::fs::read_to_string(&path).expect("read the seed");
    assert!(text.contains(from), "{from}");
    std::fs::write(&path, text.replace(from, to)).expect("write the seed");
}

/// The token of user `number`, as the load makes it: the number is the subject.
fn user(number: i64) -> String {
    signed(json!({"sub": number.to_string(), "role": "authenticated", "aud": "authenticated"}))
}

/// The token of the report: user 1 with the service's role.
fn service() -> String {
    signed(json!({"sub": "1", "role": "service_role", "aud": "authenticated"}))
}

fn signed(mut claims: Value) -> String {
    // The year 2100.
    claims["exp"] = 4_102_444_800_u64.into();
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).expect("sign a token")
}

#[test]
fn check_has_nothing_to_tell() {
    let run = martlet(&["check", source().to_str().unwrap()], "", &[]);
    assert_eq!((run.code, run.stdout.as_str()), (0, ""), "{run:?}");
}

#[test]
fn the_document_of_the_workloads_is_kept() {
    let workloads = Workloads::start();
    // The token is md5 of `event-1`.
    let known = json!({"token": "fdc3f1169f99dce634293eac7ddbba73", "room_type_id": 1});
    crate::openapi::walk(&workloads.server, &service(), &user(1), &known);
}

/// A million bookings in 300 ms: they are added up as the index gives them. What is sorted are days, not bookings.
#[test]
fn the_reports_sort_no_bookings() {
    for app in [source(), crate::support::example("hotel")] {
        let run = martlet(&["explain", app.to_str().unwrap(), "report"], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        let (_, plan) = run.stdout.split_once("\nplan\n").expect("a plan");
        let lines: Vec<&str> = plan.lines().map(str::trim).collect();
        let by_day = lines.iter().position(|line| *line == "CO-ROUTINE d").expect("a sum by day");
        assert!(lines[by_day + 1].contains(" b USING COVERING INDEX bookings_"), "{plan}");
        assert_eq!(lines[by_day + 2], "SCAN d", "{plan}");
    }
}

#[test]
fn explain_says_what_an_answer_rests_on() {
    let app = source();
    for (name, words) in [
        ("profile", "users where id = (auth.jwt() ->> 'sub')::bigint\n"),
        ("event", "blocks where event_id found by the rows before\n"),
        ("availability", "bookings where status = 'confirmed' and check_in < :check_out and "),
        ("availability", "any row of room_types\n    any change of it ends the answer; it is small"),
        ("availability", "\nkept in memory until a commit changes one of these\n"),
        (
            "recent",
            "songs where id found by the rows before\nkept in memory until a commit changes one of these\nwhere more",
        ),
    ] {
        let run = martlet(&["explain", app.to_str().unwrap(), name], "", &[]);
        assert_eq!(run.code, 0, "{run:?}");
        let (_, rests) = run.stdout.split_once("its answer rests on\n").expect("what it rests on");
        assert!(rests.contains(words), "{rests}");
    }
    let run = martlet(&["explain", app.to_str().unwrap(), "report"], "", &[]);
    assert!(!run.stdout.contains("mended by"), "what is allowed needs no mending: {run:?}");
}
