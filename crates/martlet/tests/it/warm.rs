//! Answers before anybody asks, and after their end, over the real binary.

use crate::support::{App, Run, martlet};
use martlet_testkit::TestServer;
use serde_json::Value;
use std::time::{Duration, Instant};

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, kind text not null);\ncreate index notes_kind on notes (kind);\n",
    ),
    (
        "queries/popular.sql",
        "-- @allow anyone\n-- @param kind text\n-- @param days bigint 1..30 = 7\n-- @warm kind=a\n-- @warm kind='b c' days=30\n\
         select count(*) as n, :days as days from notes where kind = :kind;\n",
    ),
    (
        "queries/lax.sql",
        "-- @allow anyone\n-- @cache stale 30s\n-- @param kind text\nselect count(*) as n from notes where kind = :kind;\n",
    ),
    (
        "queries/plain.sql",
        "-- @allow anyone\n-- @param kind text\nselect count(*) as n from notes where kind = :kind;\n",
    ),
    ("queries/clock.sql", "-- @allow anyone\n-- @cache for 100ms..1h\n-- @returns value\nselect now() as at;\n"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @returns nothing\n\n\
         insert into notes (id, kind) values (:id, :kind);\n",
    ),
];

fn app() -> App {
    let app = App::of(FILES);
    let migrated = app.run("migrate", &[]);
    assert_eq!(migrated.code, 0, "{migrated:?}");
    app
}

fn cache(app: &App, args: &[&str]) -> Run {
    let folder = app.path().to_str().unwrap();
    let args: Vec<&str> = ["cache"].into_iter().chain(args.iter().copied()).chain([folder]).collect();
    martlet(&args, "", &[])
}

fn figures(app: &App) -> Value {
    serde_json::from_str(&cache(app, &["stats", "--json"]).stdout).unwrap()
}

fn renewals(app: &App, cause: &str, result: &str) -> u64 {
    figures(app)["renewals"][cause][result].as_u64().unwrap()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn put(server: &TestServer, id: u32, kind: &str) {
    let body = format!(r#"{{"id":{id},"kind":"{kind}"}}"#);
    assert_eq!(server.post("/rest/v1/rpc/put", &body, "").status, 204);
}

/// Where it came from, and the body.
fn ask(server: &TestServer, path: &str) -> (String, String) {
    let reply = server.get(&format!("/rest/v1/rpc/{path}"));
    assert_eq!(reply.status, 200, "{reply:?}");
    (reply.header("martlet-cache").to_owned(), reply.body.clone())
}

#[test]
fn what_warm_names_is_there_at_the_start_after_a_write_and_when_told() {
    let app = app();
    let server = app.serve();
    until("both are computed", || renewals(&app, "warm", "kept") == 2);
    let memory = |body: &str| ("memory".to_owned(), body.to_owned());
    assert_eq!(ask(&server, "popular?kind=a"), memory(r#"[{"n":0,"days":7}]"#));
    assert_eq!(ask(&server, "popular?kind=b%20c&days=30"), memory(r#"[{"n":0,"days":30}]"#));
    assert_eq!(ask(&server, "popular?kind=b%20c").0, "store");
    until("the log tells it once", || server.stderr().matches("that `@warm` names are in memory: 2 of 2").count() == 1);
    put(&server, 1, "a");
    until("it is computed again", || renewals(&app, "warm", "kept") == 3);
    assert_eq!(ask(&server, "popular?kind=a"), memory(r#"[{"n":1,"days":7}]"#));

    assert_eq!(cache(&app, &["clear"]).code, 0);
    let told = cache(&app, &["warm"]);
    assert!(told.code == 0 && told.stdout.starts_with("computed: 2 answers in "), "{told:?}");
    let told = cache(&app, &["warm", "--query", "popular"]);
    assert!(told.stdout.ends_with("; there already: 2\n"), "{told:?}");
    let refused = cache(&app, &["warm", "--query", "plain"]);
    assert!(refused.code == 1 && refused.stderr.contains("the query plain has no `@warm` (MRT030)"), "{refused:?}");
    let stats = cache(&app, &["stats"]).stdout;
    assert!(stats.contains("stale") && stats.contains("renewed"), "{stats}");
    let keys = app.run("keys", &[]).stdout;
    let service = keys.lines().find_map(|line| line.strip_prefix("service_role")).unwrap().trim();
    let page = server.get_as("/metrics", service).body;
    let line = r#"martlet_cache_renewals_total{cache="answers",level="memory",cause="warm",result="kept"} 5"#;
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_marked_answer_says_how_old_it_is_and_who_wants_the_one_of_now_gets_it() {
    let app = app();
    let server = app.serve();
    assert_eq!(ask(&server, "lax?kind=k"), ("store".into(), r#"[{"n":0}]"#.into()));
    assert_eq!(ask(&server, "lax?kind=k").0, "memory");
    put(&server, 1, "k");
    let marked = server.get("/rest/v1/rpc/lax?kind=k");
    assert_eq!(marked.header("martlet-cache"), "stale", "{marked:?}");
    assert_eq!(marked.body, r#"[{"n":0}]"#);
    assert!((1..30).contains(&marked.header("age").parse::<u64>().unwrap()), "{marked:?}");
    assert!(marked.header("cache-status").starts_with("martlet; hit; ttl=-"), "{marked:?}");
    until("it is renewed", || renewals(&app, "stale", "kept") == 1);
    let exact = server.get("/rest/v1/rpc/lax?kind=k");
    assert_eq!((exact.header("martlet-cache"), exact.body.as_str()), ("memory", r#"[{"n":1}]"#));
    assert_eq!([exact.header("age"), exact.header("cache-status")], ["", ""], "{exact:?}");
    // Who has just written.
    put(&server, 2, "k");
    let fields = [("Cache-Control", "no-cache")];
    let now = server.try_post_with("/rest/v1/rpc/lax", r#"{"kind":"k"}"#, "", &fields).unwrap();
    assert_eq!((now.header("martlet-cache"), now.body.as_str()), ("store", r#"[{"n":2}]"#));
    assert_eq!(figures(&app)["stale"], 1);
    // Another query of the same rows is never marked.
    ask(&server, "plain?kind=k");
    put(&server, 3, "k");
    assert_eq!(ask(&server, "plain?kind=k"), ("store".into(), r#"[{"n":3}]"#.into()));
}

#[test]
fn an_answer_that_is_read_often_is_renewed_before_its_time_is_over() {
    let app = app();
    let server = app.serve();
    let first = ask(&server, "clock");
    assert_eq!(first.0, "store");
    // 1h / n is more than its age for a while, whatever the lower bound.
    std::thread::sleep(Duration::from_millis(120));
    assert_eq!(ask(&server, "clock"), ("memory".to_owned(), first.1.clone()));
    let began = Instant::now();
    while renewals(&app, "ahead", "kept") == 0 && began.elapsed() < Duration::from_secs(20) {
        for _ in 0..500 {
            assert_eq!(ask(&server, "clock").0, "memory", "nobody waits for it");
        }
    }
    assert_eq!(renewals(&app, "ahead", "kept"), 1);
    assert_ne!(ask(&server, "clock").1, first.1);
}

#[test]
fn check_and_the_start_refuse_what_warms_nothing() {
    let app = app();
    for (query, told) in [
        (
            "-- @allow anyone\n-- @param from_day date\n-- @param to_day date from_day+1..from_day+30\n-- @warm from_day=2026-03-01 to_day=2026-03-01\nselect :from_day as f, :to_day as t;\n",
            "queries/wrong.sql:4:4",
        ),
        (
            "-- @allow anyone\n-- @param mail text email\n-- @warm mail=nobody\nselect :mail as mail;\n",
            "a caller could not ask for this: `mail`",
        ),
        ("-- @allow user\n-- @warm\nselect auth.uid() as id;\n", "each caller has an answer of its own here"),
        (
            "-- @allow anyone\n-- @warm\nselect now() as at;\n",
            "nothing is kept that could be warmed: it depends on the time",
        ),
        (
            "-- @allow anyone\n-- @cache off\n-- @warm\nselect 1 as one;\n",
            "nothing is kept that could be warmed: `@cache off`",
        ),
    ] {
        app.save("queries/wrong.sql", query);
        let check = app.run("check", &[]);
        assert!(check.code == 1 && check.stdout.contains(told), "{told}: {check:?}");
        let serve = app.run("serve", &[]);
        assert!(serve.code == 1 && serve.stderr.contains(told), "{told}: {serve:?}");
    }
}

#[test]
fn explain_tells_of_it() {
    let app = app();
    let explain = |name: &str| app.run("explain", &[name]).stdout;
    let popular = explain("popular");
    let expected = "computed before anybody asks, at the start and when it has ended, with\n  kind = 'a'\n  kind = 'b c', days = 30\n";
    assert!(popular.contains(expected), "{popular}");
    let lax = explain("lax");
    assert!(lax.contains("for 30s after its end it may still be given, and says so"), "{lax}");
    let clock = explain("clock");
    assert!(clock.contains("for 60m at most, and renewed from 100ms on the sooner the more it is read"), "{clock}");
}
