//! What the operator sees of kept answers and does to them: `martlet cache`, settings, `/metrics`.

use crate::support::{App, Run, binary, martlet};
use martlet_testkit::TestServer;
use serde_json::Value;

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, kind text not null, body text not null);\ncreate index notes_kind on notes (kind);\n",
    ),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\nselect id, body from notes where kind = :kind order by id;\n",
    ),
    (
        "queries/rates.sql",
        "-- @allow anyone\n-- @cache named rates\n-- @returns value\nselect count(*) as n from notes;\n",
    ),
    ("queries/clock.sql", "-- @allow anyone\n-- @returns value\nselect now() as at;\n"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @returns nothing\n\n\
         insert into notes (id, kind, body) values (:id, :kind, 'x') on conflict (id) do update set kind = excluded.kind;\n",
    ),
];

/// The folder with its settings, migrated.
fn app(settings: &str) -> App {
    let app = App::of(FILES);
    app.save("martlet.toml", settings);
    let migrated = app.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    app
}

fn cache(app: &App, args: &[&str]) -> Run {
    let folder = app.path().to_str().unwrap();
    let args: Vec<&str> = ["cache"].into_iter().chain(args.iter().copied()).chain([folder]).collect();
    let mut run = martlet(&args, "", &[]);
    run.stderr = run.stderr.replace(folder, "APP");
    run
}

fn figures(app: &App) -> Value {
    serde_json::from_str(&cache(app, &["stats", "--json"]).stdout).unwrap()
}

fn of_query(app: &App, name: &str) -> Value {
    let queries = figures(app)["queries"].as_array().unwrap().clone();
    queries.into_iter().find(|query| query["name"] == name).unwrap()
}

fn source(server: &TestServer, path: &str) -> String {
    let reply = server.get(&format!("/rest/v1/rpc/{path}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.header("martlet-cache").to_owned()
}

#[test]
fn a_running_server_tells_what_it_keeps_and_drops_it() {
    let app = app("[cache.named]\nrates = \"1h\"\n");
    let none = cache(&app, &["stats"]);
    assert!(none.code == 1 && none.stderr.contains("no server runs on APP/data"), "{none:?}");
    let server = app.serve();
    assert!(cache(&app, &["stats"]).stdout.contains("no query has been called"));
    for (path, expected) in [("of_kind?kind=a", "store"), ("of_kind?kind=a", "memory"), ("of_kind?kind=b", "store")] {
        assert_eq!(source(&server, path), expected);
    }
    for expected in ["store", "memory", "memory"] {
        assert_eq!(source(&server, "rates"), expected);
    }
    assert_eq!([source(&server, "clock"), source(&server, "clock")], ["store", "store"]);
    // One kind is written: its answer ends, the other's stays.
    assert_eq!(server.post("/rest/v1/rpc/put", r#"{"id":1,"kind":"a"}"#, "").status, 204);
    assert_eq!([source(&server, "of_kind?kind=a"), source(&server, "of_kind?kind=b")], ["store", "memory"]);
    let of_kind = of_query(&app, "of_kind");
    let count = |field: &str| of_kind[field].as_u64().unwrap();
    assert_eq!([count("hits"), count("misses"), count("entries"), count("invalidated")], [2, 3, 2, 1], "{of_kind}");
    assert!(count("bytes") > 0);
    let text = cache(&app, &["stats"]).stdout;
    assert!(text.lines().any(|line| line.starts_with("of_kind ")), "{text}");
    assert!(text.contains("clock: never: it depends on the time"), "{text}");
    assert!(text.contains("rates: 1h (rates)"), "{text}");

    let dropped = cache(&app, &["clear", "--query", "of_kind"]);
    assert_eq!((dropped.code, dropped.stdout.as_str()), (0, "dropped: 2 answers\n"), "{dropped:?}");
    assert_eq!(source(&server, "of_kind?kind=b"), "store");
    assert_eq!(source(&server, "rates"), "store", "a write had ended it");
    assert_eq!(cache(&app, &["clear", "--named", "rates"]).stdout, "dropped: 1 answer\n");
    assert_eq!([source(&server, "rates"), source(&server, "of_kind?kind=b")], ["store", "memory"]);
    assert_eq!(cache(&app, &["clear"]).stdout, "dropped: 2 answers\n");
    assert_eq!(source(&server, "of_kind?kind=b"), "store");
}

#[test]
fn a_named_cache_has_its_time_from_the_file_the_environment_and_at_run_time() {
    let app = app("[cache.named]\nrates = \"1h\"\n");
    let environment = [("MARTLET_CACHE_NAMED_RATES", "2h")];
    let server = TestServer::start_with(binary(), &["serve"], app.path(), &environment);
    let ttl = |app: &App| figures(app)["named"][0]["ttl_ms"].as_u64().unwrap();
    assert_eq!(ttl(&app), 7_200_000);
    assert_eq!([source(&server, "rates"), source(&server, "rates")], ["store", "memory"]);
    let set = cache(&app, &["ttl", "rates", "300ms"]);
    assert_eq!(
        (set.code, set.stdout.as_str()),
        (0, "rates: 300ms until the server ends; dropped: 1 answer\n"),
        "{set:?}"
    );
    assert_eq!(ttl(&app), 300);
    assert_eq!(source(&server, "rates"), "store");
    std::thread::sleep(std::time::Duration::from_millis(310));
    assert_eq!(source(&server, "rates"), "store", "its time has passed");
}

#[test]
fn what_is_not_there_is_refused_with_a_code_and_the_nearest_name() {
    let app = app("[cache.named]\nrates = \"1h\"\n");
    let _server = app.serve();
    for (args, told) in [
        (&["clear", "--query", "of_knd"][..], "there is no query of_knd (MRT030)\n\nhint: did you mean of_kind?"),
        (&["clear", "--query", "put"], "there is no query put (MRT030)"),
        (&["clear", "--named", "rate"], "there is no named cache rate (MRT030)\n\nhint: did you mean rates?"),
        (&["ttl", "prices", "1s"], "there is no named cache prices (MRT030)\n\nhint: `martlet cache stats` lists them"),
    ] {
        let run = cache(&app, args);
        assert!(run.code == 1 && run.stderr.contains(told), "{args:?}: {run:?}");
    }
    let wrong = cache(&app, &["ttl", "rates", "0s"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("use a time from 1ms to 365d"), "{wrong:?}");
}

#[test]
fn settings_out_of_range_are_refused_at_the_start_with_the_range() {
    let app = app("");
    for (setting, range) in [
        ("size = \"1KiB\"", "use a size from 1MiB to 1024GiB"),
        ("size = \"2048GiB\"", "use a size from 1MiB to 1024GiB"),
        ("entries_max = 0", "use a number from 100 to 100000000"),
        ("answer_size_max = \"1B\"", "use a size from 1KiB to 1GiB"),
        ("mode = \"maybe\"", "use one of on, off, check"),
        ("named = { rates = \"366d\" }", "use a time from 1ms to 365d"),
        ("named = { rates = \"0ms\" }", "use a time from 1ms to 365d"),
        ("named = 5", "takes a time"),
    ] {
        app.save("martlet.toml", &format!("[cache]\n{setting}\n"));
        let run = app.run("serve", &[]);
        assert!(run.code == 1 && run.stderr.contains(range), "{setting}: {run:?}");
    }
}

#[test]
fn a_named_cache_without_a_time_is_refused_by_check_and_at_the_start() {
    let app = app("[cache.named]\nrate = \"1h\"\n");
    for (command, output) in [("check", false), ("serve", true)] {
        let run = app.run(command, &[]);
        let text = if output { &run.stderr } else { &run.stdout };
        assert_eq!(run.code, 1, "{command}: {run:?}");
        assert!(text.contains("no time is set for the named cache `rates`"), "{command}: {run:?}");
        assert!(text.contains("queries/rates.sql:2:4"), "{command}: {run:?}");
        assert!(text.contains("did you mean `rate`?"), "{command}: {run:?}");
    }
    // The environment may have what the file has not.
    let run = app.run_with("check", &[], "", &[("MARTLET_CACHE_NAMED_RATES", "30s")]);
    assert!(!run.stdout.contains("no time is set"), "{run:?}");
}

#[test]
fn the_cache_that_is_off_says_so() {
    let app = app("[cache]\nmode = \"off\"\n[cache.named]\nrates = \"1h\"\n");
    let server = app.serve();
    assert_eq!([source(&server, "of_kind?kind=a"), source(&server, "of_kind?kind=a")], ["store", "store"]);
    assert_eq!(cache(&app, &["stats"]).stdout, "the cache is off (`cache.mode`)\n");
    assert_eq!(cache(&app, &["clear"]).stdout, "dropped: 0 answers\n");
}

#[test]
fn a_small_cache_keeps_to_its_bounds() {
    let app = app("[cache]\nsize = \"1MiB\"\nentries_max = 100\n[cache.named]\nrates = \"1h\"\n");
    let server = app.serve();
    for kind in 0..300 {
        source(&server, &format!("of_kind?kind=k{kind}"));
    }
    let figures = figures(&app);
    let count = |field: &str| figures[field].as_u64().unwrap();
    assert!(count("entries") <= 100 && count("bytes") <= 1 << 20, "{figures}");
    assert!(count("evicted") >= 200, "{figures}");
}

#[test]
fn metrics_tell_the_levels_of_the_cache() {
    let app = app("[cache.named]\nrates = \"1h\"\n");
    let keys = app.run("keys", &[]).stdout;
    let service = keys.lines().find_map(|line| line.strip_prefix("service_role")).unwrap().trim();
    let server = app.serve();
    for _ in 0..3 {
        source(&server, "of_kind?kind=a");
    }
    source(&server, "clock");
    let page = server.get_as("/metrics", service).body;
    for line in [
        r#"martlet_cache_requests_total{cache="answers",level="memory",martlet_name="of_kind",result="hit"} 2"#,
        r#"martlet_cache_requests_total{cache="answers",level="memory",martlet_name="of_kind",result="miss"} 1"#,
        r#"martlet_cache_requests_total{cache="answers",level="memory",martlet_name="clock",result="bypass"} 1"#,
        r#"martlet_cache_entries{cache="answers",level="memory"} 1"#,
        r#"martlet_cache_limit_bytes{cache="answers",level="memory"} 104857600"#,
        r#"martlet_cache_unkept_total{cache="answers",level="memory",reason="overtaken"} 0"#,
        r#"martlet_cache_late_fills_dropped_total{cache="answers",level="memory"} 0"#,
    ] {
        assert!(page.contains(line), "{line} in {page}");
    }
    assert!(!page.contains("martlet_name=\"rates\",result"), "nothing of what nobody has called");
}
