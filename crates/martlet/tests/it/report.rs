//! The history of a server and `martlet report`, through the binary.

use crate::support::{App, Run, binary};
use martlet_testkit::{DiskFaults, TestServer};
use serde_json::Value;
use std::time::{Duration, Instant};

/// Figures are taken each second.
const OFTEN: &[(&str, &str)] = &[("MARTLET_HISTORY_EVERY", "1s")];

fn serve(app: &App, more: &[(&str, &str)]) -> TestServer {
    let environment: Vec<(&str, &str)> = OFTEN.iter().chain(more).copied().collect();
    TestServer::start_with(binary(), &["serve"], app.path(), &environment)
}

fn report(app: &App, args: &[&str]) -> Run {
    app.run("report", args)
}

/// The figures of the last hour once they show so many requests.
fn wait_for(app: &App, requests: u64) -> Value {
    let began = Instant::now();
    loop {
        let run = report(app, &["--since", "1h", "--json"]);
        let told: Value = serde_json::from_str(&run.stdout).unwrap_or_default();
        if told["now"]["requests"].as_u64() >= Some(requests) {
            return told;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "{run:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn ask(server: &TestServer, times: usize) {
    (0..times).for_each(|_| assert_eq!(server.get("/rest/v1/rpc/notes").status, 200));
}

fn item<'a>(told: &'a Value, kind: &str, name: &str) -> &'a Value {
    let items = told["now"]["items"].as_array().expect("items");
    items.iter().find(|item| item["kind"] == kind && item["name"] == name).unwrap_or_else(|| panic!("{name}: {told}"))
}

#[test]
fn a_report_tells_what_a_server_has_done_while_it_runs_and_at_rest() {
    let app = App::migrated();
    let none = report(&app, &[]);
    assert!(none.code == 1 && none.stderr.contains("no figures are kept in APP/data of this time"), "{none:?}");
    let server = serve(&app, &[]);
    ask(&server, 30);
    assert_eq!(server.post("/rest/v1/rpc/add_note", r#"{"body":"x"}"#, "").status, 200);
    assert_eq!(server.get("/rest/v1/rpc/none").status, 404);
    let told = wait_for(&app, 32);
    let count = |figure: &str| told["now"][figure].as_u64().unwrap_or_else(|| panic!("{figure}: {told}"));
    assert_eq!([count("requests"), count("client_errors"), count("errors")], [32, 1, 0]);
    assert_eq!([count("hits"), count("misses"), count("bypassed"), count("violations")], [29, 1, 0, 0]);
    assert!(count("memory_bytes") > 1 << 20);
    assert!(told["now"]["p99_s"].as_f64() > Some(0.0));
    let notes = item(&told, "query", "notes");
    assert_eq!([&notes["calls"], &notes["hits"]], [30, 29], "{notes}");
    // The write ended what was kept: the server may have computed the next answer by itself.
    assert!((1..=2).contains(&notes["runs"].as_u64().expect("a number")), "{notes}");
    assert_eq!(item(&told, "action", "add_note")["calls"], 1);
    let route = item(&told, "route", "GET /rest/v1/rpc/{name}");
    assert_eq!(route["calls"], 31, "{route}");
    // Asked again, and by its text, while it runs.
    let text = report(&app, &["--since", "1h"]);
    assert_eq!(text.code, 0, "{text:?}");
    assert!(text.stdout.lines().any(|line| line.starts_with("notes ")), "{text:?}");
    let minutes = |server: &TestServer| -> Value {
        let key = app.run("keys", &[]).stdout;
        let key = key.lines().find(|line| line.contains("service")).and_then(|line| line.split_whitespace().last());
        serde_json::from_str(&server.get_as("/admin/v1/history", key.expect("a key")).body).expect("JSON")
    };
    let told = minutes(&server);
    assert_eq!(told["mode"], "on");
    assert!(told["minutes"].as_array().is_some_and(|minutes| !minutes.is_empty()), "{told}");
    assert_eq!(server.get("/admin/v1/history").status, 401);
    // What came since is written when it stops, and read from the folder at rest.
    ask(&server, 5);
    assert_eq!(server.stop(), Some(0));
    let told: Value = serde_json::from_str(&report(&app, &["--json"]).stdout).expect("JSON");
    assert_eq!([&told["now"]["requests"], &told["by"], &told["before"]], [&39.into(), &"hour".into(), &Value::Null]);
}

#[test]
fn a_kill_loses_no_more_than_the_last_figures_and_a_restart_goes_on() {
    let app = App::migrated();
    let server = serve(&app, &[]);
    ask(&server, 20);
    wait_for(&app, 20);
    server.kill();
    let server = serve(&app, &[]);
    ask(&server, 7);
    let told = wait_for(&app, 27);
    assert_eq!(told["now"]["requests"], 27, "counters begin at 0 again, and nothing is counted twice or below 0");
    server.kill();
    let told: Value = serde_json::from_str(&report(&app, &["--since", "1h", "--json"]).stdout).expect("JSON");
    assert_eq!(told["now"]["requests"], 27);
}

#[test]
fn a_history_that_is_off_or_broken_leaves_the_server_as_it_is() {
    let app = App::migrated();
    let server = serve(&app, &[("MARTLET_HISTORY_MODE", "off")]);
    ask(&server, 2);
    assert_eq!(server.stop(), Some(0));
    assert!(!app.file("data/history.db").exists());
    // Not a database.
    std::fs::write(app.file("data/history.db"), "nonsense".repeat(1_000)).expect("write");
    assert!(report(&app, &[]).stderr.contains("cannot read APP/data/history.db"));
    let server = serve(&app, &[]);
    server.wait_for_stderr("the history of figures is broken", Duration::from_secs(10));
    ask(&server, 3);
    assert_eq!(wait_for(&app, 3)["now"]["requests"], 3);
    assert_eq!(server.stop(), Some(0));
    assert!(app.file("data/history.db.broken").is_file());
    // Not even a file: told once, however often it is tried.
    std::fs::remove_file(app.file("data/history.db")).expect("remove");
    std::fs::create_dir(app.file("data/history.db")).expect("make");
    let server = serve(&app, &[]);
    server.wait_for_stderr("the history of figures cannot be written", Duration::from_secs(10));
    std::thread::sleep(Duration::from_millis(2_500));
    ask(&server, 3);
    let log = server.stderr();
    assert_eq!(log.matches("the history of figures").count(), 1, "{log}");
    assert_eq!(server.stop(), Some(0));
}

/// ENOSPC for the history alone, then for the whole disk's worth of it again: nothing else notices.
#[test]
fn a_full_disk_keeps_figures_waiting_and_nothing_else() {
    let app = App::migrated();
    let faults = DiskFaults::new();
    let environment = faults.environment();
    let environment: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let server = serve(&app, &environment);
    ask(&server, 4);
    wait_for(&app, 4);
    faults.set("write /history.db-wal ENOSPC\nwrite /history.db ENOSPC\n");
    ask(&server, 5);
    server.wait_for_stderr("the history of figures cannot be written", Duration::from_secs(10));
    for number in 0..20 {
        let body = format!(r#"{{"body":"note {number}"}}"#);
        assert_eq!(server.post("/rest/v1/rpc/add_note", &body, "").status, 200);
    }
    assert_eq!(server.get("/readyz").status, 200);
    faults.set("");
    server.wait_for_stderr("the history of figures is written again", Duration::from_secs(10));
    let told = wait_for(&app, 30);
    assert_eq!([&told["now"]["requests"], &item(&told, "action", "add_note")["calls"]], [30, 20], "nothing is lost");
    assert!(!app.file("data/history.db.broken").exists(), "the file is sound");
    assert_eq!(server.stderr().matches("the history of figures").count(), 2);
}

#[test]
fn wrong_times_are_refused_with_the_range() {
    let app = App::migrated();
    for (since, told) in [
        ("1s", "use a time from 1m to 198d"),
        ("400d", "use a time from 1m to 198d"),
        ("7", "needs a unit"),
        ("x", "not a time"),
    ] {
        let run = report(&app, &["--since", since]);
        assert!(run.code == 2 && run.stderr.contains(told), "{since}: {run:?}");
    }
    app.save("martlet.toml", "[history]\nsize_max = \"1KiB\"\n");
    let run = app.run("serve", &[]);
    assert!(run.code == 1 && run.stderr.contains("use a size from 1MiB to 1GiB"), "{run:?}");
}
