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
    for _ in 0..3 {
        assert_eq!(server.get("/rest/v1/rpc/notes").status, 200);
    }
    let table = app.run("stats", &[]);
    let line = table.stdout.lines().find(|line| line.starts_with("notes ")).unwrap_or_else(|| panic!("{table:?}"));
    assert_eq!(line.split_whitespace().take(4).collect::<Vec<_>>(), ["notes", "query", "3", "0"]);
    let json: Value = serde_json::from_str(&app.run("stats", &["--json"]).stdout).expect("JSON");
    assert_eq!(json["statistics"][0]["calls"], 3);
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
