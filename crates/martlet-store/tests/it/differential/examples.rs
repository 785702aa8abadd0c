//! The example apps, and the one of the measurements, as cases: their own migrations, seed, queries and actions.

use super::case::{Case, Group, read};
use std::fs;
use std::path::{Path, PathBuf};

/// The hotel at a hundredth of its rows.
pub(super) fn hotel() -> Group {
    let example = Example::at("examples/hotel");
    let mut group = example.group(&example.seed());
    let stays = ["2026-03-01 2026-03-04", "2026-12-31 2027-01-30", "2027-12-30 2027-12-31", "0001-02-01 0001-02-02"];
    let stay = |days: &str| {
        let (check_in, check_out) = days.split_once(' ').unwrap();
        format!(r#"{{"check_in": "{check_in}", "check_out": "{check_out}"}}"#)
    };
    group.cases = vec![
        example.query("availability", stays.into_iter().map(stay).collect()),
        example.query("my_bookings", vec!["{}".to_owned()]),
        example.query("report", vec!["{}".to_owned()]),
        example.query("room_types", vec!["{}".to_owned()]),
        example.action(
            "book_room",
            vec![
                r#"{"room_type_id": 3, "check_in": "2026-03-04", "check_out": "2026-03-04"}"#.to_owned(),
                r#"{"room_type_id": 41, "check_in": "2026-03-04", "check_out": "2026-03-05"}"#.to_owned(),
            ],
        ),
    ];
    group
}

/// The events, a hundredth of them. What draws a token can only be compared where it refuses.
pub(super) fn events() -> Group {
    const NOBODY: &str = "00000000000000000000000000000000";
    /// md5 of `event-1`, `event-7`, `event-20`, `guest-1`, `guest-100` and `guest-200`.
    const FIRST_EVENT: &str = "fdc3f1169f99dce634293eac7ddbba73";
    const SOME_EVENT: &str = "3f0ac0ca420ec228275d8c40ab0c2ada";
    const LAST_EVENT: &str = "a175ccdbb1ecf0c5839235462ecbc00c";
    const FIRST_GUEST: &str = "9b3ebce42bebcbf16b0b8d456e243f5d";
    const SOME_GUEST: &str = "6e88c68ed047327b005e552ea4f093e2";
    const LAST_GUEST: &str = "a11f5d4184ba3d9c7d76c14cd800dea7";
    let example = Example::at("examples/events");
    // The counts that do not grow with the scale lose two zeros.
    let seed = example.seed().replace("00::bigint) as g(i)", "::bigint) as g(i)");
    let mut group = example.group(&seed);
    group.unequal = &["updated_at", "last_seen_at", "expires_at"];
    let token = |token: &str| format!(r#"{{"token": "{token}"}}"#);
    let guest = |key: &str| format!(r#"{{"session_key": "{key}"}}"#);
    let mark = |key: &str, blocks: &str| format!(r#"{{"session_key": "{key}", "block_ids": [{blocks}]}}"#);
    group.cases = vec![
        example.query("event", vec![token(FIRST_EVENT), token(SOME_EVENT), token(LAST_EVENT), token(NOBODY)]),
        example.query("my_marks", vec![guest(FIRST_GUEST), guest(SOME_GUEST), guest(LAST_GUEST), guest(NOBODY)]),
        example.query("my_events", vec!["{}".to_owned()]),
        example.action("join_event", vec![format!(r#"{{"token": "{NOBODY}", "name": "Ana"}}"#)]),
        // Guest 1 has marked 2, 8, 9, 15 and 16. Marks kept and marks made are apart: a conflict draws an id on
        // PostgreSQL alone.
        example.action(
            "mark_availability",
            vec![
                mark(FIRST_GUEST, "1, 3, 3, 20"),
                mark(FIRST_GUEST, "16, 2"),
                mark(FIRST_GUEST, ""),
                mark(LAST_GUEST, "400, 381"),
                mark(FIRST_GUEST, "1, 21"),
                mark(NOBODY, "1"),
            ],
        ),
    ];
    group
}

/// The workloads at a hundredth of their rows, and of the events too: what reads, and what takes bookings away.
pub(super) fn workloads() -> Group {
    let token = |token: &str| format!(r#"{{"token": "{token}"}}"#);
    let stay = |days: &str| {
        let (check_in, check_out) = days.split_once(' ').unwrap();
        format!(r#"{{"check_in": "{check_in}", "check_out": "{check_out}"}}"#)
    };
    let stays = ["2026-01-01 2026-01-02", "2026-03-01 2026-03-08", "2026-12-31 2027-01-30", "2027-12-30 2027-12-31"];
    let (example, mut group) = workload_rows();
    group.cases = vec![
        example.query("profile", vec!["{}".to_owned()]),
        example.query("availability", stays.into_iter().map(stay).collect()),
        example.query("recent", vec!["{}".to_owned()]),
        // md5 of `event-1` and `event-20`.
        example.query(
            "event",
            vec![token("fdc3f1169f99dce634293eac7ddbba73"), token("a175ccdbb1ecf0c5839235462ecbc00c"), token("0")],
        ),
        example.query("report", vec!["{}".to_owned()]),
        example.action("reset_bookings", vec![r#"{"keep": 1500}"#.to_owned(), "{}".to_owned()]),
    ];
    group
}

/// What writes rows with the time of the clock. What a spin draws can only be compared where it is refused.
pub(super) fn workload_writes() -> Group {
    let (example, mut group) = workload_rows();
    group.unequal = &["created_at"];
    let book = |room_type_id: u32, days: &str| {
        let (check_in, check_out) = days.split_once(' ').unwrap();
        format!(r#"{{"room_type_id": {room_type_id}, "check_in": "{check_in}", "check_out": "{check_out}"}}"#)
    };
    let calls = vec![
        book(1, "2026-03-01 2026-03-02"),
        book(40, "2027-12-20 2028-01-19"),
        book(41, "2026-03-01 2026-03-02"),
        book(7, "2030-01-01 2030-01-03"),
        book(7, "2024-02-28 2024-03-01"),
        book(20, "2026-12-31 2027-01-01"),
    ];
    group.cases =
        vec![example.action("book", calls), example.action("spin", vec![r#"{"bet_cents": 1000001}"#.to_owned()])];
    group
}

fn workload_rows() -> (Example, Group) {
    let example = Example::at("bench/workloads");
    let group = example.group(&example.seed().replace("00::bigint) as g(i)", "::bigint) as g(i)"));
    (example, group)
}

/// A folder of an app, by its path from the root.
struct Example(PathBuf);

impl Example {
    fn at(path: &str) -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path))
    }

    fn seed(&self) -> String {
        read(&self.0.join("seed.sql")).replace(":scale", "0.01::double precision")
    }

    fn group(&self, seed: &str) -> Group {
        let mut migrations: Vec<PathBuf> =
            fs::read_dir(self.0.join("migrations")).unwrap().map(|entry| entry.unwrap().path()).collect();
        migrations.sort();
        let schema: String = migrations.iter().map(|path| read(path)).collect();
        Group::of(&schema, seed)
    }

    fn query(&self, name: &str, calls: Vec<String>) -> Case {
        self.case(format!("queries/{name}.sql"), name, false, calls)
    }

    fn action(&self, name: &str, calls: Vec<String>) -> Case {
        self.case(format!("actions/{name}.sql"), name, true, calls)
    }

    fn case(&self, path: String, name: &str, is_action: bool, calls: Vec<String>) -> Case {
        // The caller of these tests has a uuid as its subject, and the number of the workloads' users beside it.
        let text = read(&self.0.join(path)).replace("auth.jwt() ->> 'sub'", "auth.jwt() ->> 'number'");
        Case { name: name.to_owned(), is_action, text, calls }
    }
}
