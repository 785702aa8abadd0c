use crate::support::App;
use serde_json::Value;

#[test]
fn a_running_server_tells_its_statistics() {
    let app = App::migrated();
    let none = app.run("stats", &[]);
    assert!(none.code == 1 && none.stderr.contains("no server runs on APP/data"), "{none:?}");
    let server = app.serve();
    let idle = app.run("stats", &[]);
    assert_eq!((idle.code, idle.stdout.as_str()), (0, "no query or action has been called\n"), "{idle:?}");
    // What comes to the database is counted, and not what is answered from memory.
    for source in ["store", "memory", "memory"] {
        let answer = server.get("/rest/v1/rpc/notes");
        assert_eq!((answer.status, answer.header("martlet-cache")), (200, source));
    }
    let table = app.run("stats", &[]);
    let line = table.stdout.lines().find(|line| line.starts_with("notes ")).unwrap_or_else(|| panic!("{table:?}"));
    assert_eq!(line.split_whitespace().take(5).collect::<Vec<_>>(), ["notes", "query", "2", "1", "0"]);
    let json: Value = serde_json::from_str(&app.run("stats", &["--json"]).stdout).expect("JSON");
    assert_eq!([&json["statistics"][0]["calls"], &json["statistics"][0]["cache_hits"]], [1, 2]);
    assert_eq!(server.get("/metrics").status, 401, "only the service key");
    assert_eq!(server.get("/api/performance/monitor").status, 401);
}

#[test]
fn the_operators_listener_wants_no_key_and_serves_nothing_else() {
    let app = App::migrated();
    let server = martlet_testkit::TestServer::start(
        crate::support::binary(),
        &["serve", "--admin-listen", "127.0.0.1:0"],
        app.path(),
    );
    // The address stands in the log.
    let line = (0..500).find_map(|_| {
        let log = server.stderr();
        let line = log.lines().find(|line| line.contains("serving the operator")).map(str::to_owned);
        if line.is_none() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        line
    });
    let line: Value = serde_json::from_str(&line.expect("the address is logged")).expect("a record");
    let url = format!("http://{}", line["address"].as_str().expect("an address"));
    let status = |path: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.get(format!("{url}{path}")).call().expect("an answer").status().as_u16()
    };
    for path in ["/metrics", "/admin/v1/stats", "/health", "/readyz"] {
        assert_eq!(status(path), 200, "{path}");
    }
    for path in ["/rest/v1/rpc/notes", "/", "/rest/v1/batch"] {
        assert_eq!(status(path), 404, "{path}");
    }
    assert_eq!(server.get("/rest/v1/rpc/notes").status, 200);
}

/// A query that takes a while, an action that does, and one that is fast.
const SLOW: &[(&str, &str)] = &[
    ("migrations/0001_notes.sql", "create table notes (\n  id bigint primary key,\n  body text not null\n);\n"),
    (
        "queries/slow.sql",
        "-- @allow anyone\n-- @param word text\n-- @returns value\n\
         select count(*) as n from generate_series(1, 300000) as g(i) where i::text || :word = 'x'\n",
    ),
    (
        "actions/slow_too.sql",
        "-- @allow anyone\n-- @param word text\n\
         insert into notes (id, body) select count(*), :word from generate_series(1, 300000) as g(i) where i::text || :word <> 'x';\n",
    ),
    ("queries/fast.sql", "-- @allow anyone\nselect 1 as one\n"),
];

/// The records of slow statements.
fn slow_records(server: &martlet_testkit::TestServer) -> Vec<Value> {
    let log = server.stderr();
    let records = log.lines().filter(|line| line.contains("slow statement"));
    records.map(|line| serde_json::from_str(line).expect("a record is JSON")).collect()
}

#[test]
fn a_slow_statement_is_logged_with_its_plan_and_without_what_was_bound() {
    let app = App::of(SLOW);
    assert_eq!(app.run("migrate", &[]).code, 0);
    let keys = app.run("keys", &["--user", crate::support::ANA]);
    let token = keys.stdout.trim();
    let start = |threshold: &str| {
        let environment = [("MARTLET_DATABASE_SLOW_STATEMENT", threshold)];
        martlet_testkit::TestServer::start_with(crate::support::binary(), &["serve"], app.path(), &environment)
    };
    let server = start("20ms");
    for secret in ["hush-1", "hush-2"] {
        let body = format!("{{\"word\":\"{secret}\"}}");
        assert_eq!(server.post("/rest/v1/rpc/slow", &body, token).body, "0");
    }
    assert_eq!(server.get_as("/rest/v1/rpc/slow?word=hush-3", token).body, "0");
    assert_eq!(server.post("/rest/v1/rpc/slow_too", "{\"word\":\"hush-4\"}", token).status, 204);
    assert_eq!(server.get("/rest/v1/rpc/fast").status, 200);
    server.wait_for_stderr("slow statement in slow_too", std::time::Duration::from_secs(10));
    let records = slow_records(&server);
    let names: Vec<&str> = records.iter().map(|record| record["statement.name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["slow", "slow", "slow", "slow_too"]);
    for record in &records {
        assert_eq!((&record["level"], &record["statement.index"]), (&Value::from("warn"), &Value::from(0)), "{record}");
        assert!(record["duration_ms"].as_u64().is_some_and(|took_ms| took_ms >= 20), "{record}");
    }
    // The plan once for ten: it is long, and the same each time.
    assert!(records[0]["plan"].as_str().is_some_and(|plan| plan.starts_with("SCAN")), "{}", records[0]);
    assert!(records[1..].iter().all(|record| record["plan"].is_null()), "{records:?}");
    let log = server.stderr();
    for secret in ["hush", token, crate::support::ANA] {
        assert!(!log.contains(secret), "{log}");
    }
    assert_eq!(server.stop(), Some(0));
    for threshold in ["off", "1h"] {
        let server = start(threshold);
        assert_eq!(server.get("/rest/v1/rpc/slow?word=x").body, "0");
        assert_eq!(server.get("/livez").status, 200);
        assert_eq!(slow_records(&server), [] as [Value; 0]);
    }
}
