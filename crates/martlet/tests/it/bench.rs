//! `martlet bench` through the binary: counts, verdicts, exit codes, and that no data is touched. No speed is asserted.

use crate::support::{App, copy_of_example, example, fill, martlet};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A budget that every machine keeps, and one that none keeps.
const GENEROUS: &str = "p99=60s,errors=0%";
const IMPOSSIBLE: &str = "p50=1us";

const SHORT: &[&str] = &["--seconds", "1", "--warm-up", "0", "--connections", "4"];

fn bench(folder: &Path, args: &[&str]) -> crate::support::Run {
    let folder = folder.to_str().expect("a temporary path is UTF-8");
    let args: Vec<&str> = ["bench", folder].iter().chain(args).chain(SHORT).copied().collect();
    martlet(&args, "", &[])
}

/// Every file below a folder with its bytes, but for SQLite's own files beside the database.
fn bytes(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("read a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            files.extend(bytes(&path).into_iter().map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else if !name.ends_with("-shm") && !name.ends_with("-wal") {
            files.insert(name, std::fs::read(&path).expect("read a file"));
        }
    }
    files
}

fn call<'a>(json: &'a Value, name: &str) -> &'a Value {
    let calls = json["calls"].as_array().expect("an array");
    calls.iter().find(|call| call["name"] == name).unwrap_or_else(|| panic!("no {name} in {json:#}"))
}

#[test]
fn the_hotel_is_loaded_and_its_data_stays_as_it_was() {
    let folder = copy_of_example("hotel");
    fill(folder.path());
    std::fs::copy(example("hotel").join("bench.toml"), folder.path().join("bench.toml")).unwrap();
    let before = bytes(folder.path());
    let run = bench(folder.path(), &["--json", "--budget", GENEROUS]);
    assert_eq!(before, bytes(folder.path()), "nothing of the folder or its data is changed");
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    // Queries, and the one action that bench.toml names.
    let names: Vec<&str> = json["calls"].as_array().unwrap().iter().filter_map(|call| call["name"].as_str()).collect();
    assert_eq!(names, ["availability", "my_bookings", "report", "room_types", "book_room"]);
    for name in ["availability", "my_bookings", "room_types", "book_room"] {
        let call = call(&json, name);
        let calls = call["calls"].as_u64().unwrap();
        assert!(calls > 0, "{call:#}");
        assert_eq!(call["statuses"]["200"], calls, "drawn arguments are good: {call:#}");
        let counted: u64 = call["histogram"].as_array().unwrap().iter().filter_map(|cell| cell["count"].as_u64()).sum();
        assert_eq!(counted, calls);
    }
    assert_eq!(call(&json, "book_room")["kind"], "action");
    assert!(call(&json, "availability")["calls"].as_u64() > call(&json, "book_room")["calls"].as_u64(), "weights");
    assert!(json["server"]["processor_us_per_call"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_budget_decides_the_exit_code() {
    let app = App::migrated();
    app.run("seed", &[]);
    for (budget, code, word) in [(GENEROUS, 0, "kept"), (IMPOSSIBLE, 1, "MISSED")] {
        let run = bench(app.path(), &["notes", "--budget", budget]);
        assert_eq!(run.code, code, "{run:?}");
        let line = run.stdout.lines().find(|line| line.starts_with("notes ")).unwrap_or_else(|| panic!("{run:?}"));
        assert!(line.ends_with(word), "{run:?}");
        assert_eq!(
            run.stderr.contains("error: the budget is missed\n  caused by: notes: p50 is "),
            code == 1,
            "{run:?}"
        );
    }
    let run = bench(app.path(), &["notes", "--json", "--budget", IMPOSSIBLE]);
    let json: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!((run.code, &json["kept"], &call(&json, "notes")["kept"]), (1, &false.into(), &false.into()));
}

#[test]
fn a_query_that_only_errs_is_told_with_its_first_error() {
    let app = App::migrated();
    app.save("queries/wrong.sql", "-- @allow anyone\n-- @param n integer\nselect 1 / (:n - :n) as x\n");
    let run = bench(app.path(), &["wrong"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("error: a call only errs\n  caused by: wrong only errs, 400 x "), "{run:?}");
    assert!(run.stderr.contains("22012"), "the first error's body is shown: {run:?}");
    assert!(run.stdout.contains("ONLY ERRORS"), "{run:?}");
}

#[test]
fn without_a_database_a_new_one_is_made_and_none_is_left_behind() {
    let app = App::notes();
    let run = bench(app.path(), &["notes", "--scale", "0.05", "--budget", GENEROUS]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("seeded notes with 5 rows"), "{run:?}");
    assert!(!app.file("data").exists(), "no data folder is made");
}

#[test]
fn actions_are_loaded_when_asked_and_write_to_the_copy_only() {
    let app = App::migrated();
    let run = bench(app.path(), &["--actions", "--json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert!(call(&json, "add_note")["statuses"]["200"].as_u64().unwrap() > 0, "{json:#}");
    assert!(call(&json, "mine")["statuses"]["200"].as_u64().unwrap() > 0, "users have tokens: {json:#}");
    let count = app.run("sql", &["--json", "select count(*) as n from notes"]);
    assert_eq!(count.stdout, "{\"n\":0}\n");
    let run = bench(app.path(), &["--json"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    assert_eq!(json["calls"].as_array().unwrap().len(), 2, "queries only: {json:#}");
}

#[test]
fn keys_are_drawn_from_the_rows() {
    let app = App::migrated();
    app.run("seed", &["--scale", "0.05"]);
    let text = "-- @allow anyone\n-- @param body text matches /^note [0-9]+$/\n-- @param ids bigint[] 1..3\n-- @returns value\n\
                select 1 / count(*) as found from notes n where n.body = :body and exists (select 1 from notes where id = any(:ids))\n";
    app.save("queries/found.sql", text);
    let run = bench(app.path(), &["found", "--budget", GENEROUS]);
    assert_eq!(run.code, 0, "what is not found divides by zero: {run:?}");
}

#[test]
fn an_open_loop_asks_as_many_as_are_due() {
    let app = App::migrated();
    let run = bench(app.path(), &["notes", "--json", "--rate", "100"]);
    let json: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
    let asked = call(&json, "notes")["calls"].as_u64().unwrap() + json["unsent"].as_u64().unwrap();
    assert_eq!(asked, 100, "{json:#}");
}

#[test]
fn the_copy_is_taken_while_a_server_runs() {
    let app = App::migrated();
    let server = app.serve();
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":"one"}"#, "").status, 200);
    app.save("bench.toml", "[calls.notes]\nargs.count = { sql = \"select count(*) from notes where body = 'one'\" }\n");
    let run = bench(app.path(), &["notes", "--budget", GENEROUS]);
    assert_eq!(run.code, 0, "the row is in the copy: {run:?}");
    assert_eq!(server.get("/rest/v1/rpc/notes").body, r#"[{"id":1,"body":"one"}]"#);
}

#[test]
fn what_is_wrong_is_told_before_anything_is_loaded() {
    let app = App::migrated();
    let told = |args: &[&str], file: &str| {
        app.save("bench.toml", file);
        let run = bench(app.path(), args);
        assert_eq!(run.code, 1, "{run:?}");
        assert_eq!(run.stdout, "", "{run:?}");
        run.stderr
    };
    for (args, file, wanted) in [
        (&["note"][..], "", "error: there is no query or action `note`\n\nhint: did you mean `notes`?"),
        (&[], "[calls.note]\n", "error: bench.toml: there is no query or action `note`"),
        (&[], "[calls.notes]\nargs.cuont = 1\n", "has no parameter `cuont`\n\nhint: did you mean `count`?"),
        (
            &[],
            "[calls.notes]\nargs.count = 1000\n",
            "error: no arguments of `notes` could be drawn\n  caused by: `count` must",
        ),
        (&[], "[calls.notes]\nargs.count = { sql = \"select 1 from nothing\" }\n", "the statement failed"),
        (&[], "[calls.notes]\nrows = \"select 1 as count where false\"\n", "gives no row"),
        (&[], "speed = 1\n", "bench.toml:1: unknown field `speed`"),
    ] {
        let stderr = told(args, file);
        assert!(stderr.contains(wanted), "{file}: {stderr}");
    }
    app.save("bench.toml", "");
    app.save("queries/odd.sql", "-- @allow anyone\n-- @param word text matches /^[0-9]{40}$/\nselect :word as word\n");
    let run = bench(app.path(), &["--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.stderr.contains("warning: `odd` is passed over"), "{run:?}");
    assert!(run.stderr.contains("say in bench.toml what they are"), "{run:?}");
    let usage = bench(app.path(), &["--budget", "p98=1ms"]);
    assert!(usage.code == 2 && usage.stderr.contains("`p98` is no measure"), "{usage:?}");
}

#[test]
fn a_signal_ends_the_load_and_leaves_nothing_behind() {
    let app = App::migrated();
    let temporary = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(crate::support::binary());
    command.arg("bench").arg(app.path()).args(["--seconds", "60"]).env("TMPDIR", temporary.path());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    assert!(lines.any(|line| line.is_ok_and(|line| line.starts_with("loading for 60 s"))));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1, "the copy is here");
    std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap();
    // The server it started held stderr's other end in its log only: the end of stderr is the end of the load.
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}
