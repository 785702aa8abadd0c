//! Many who ask for one thing at once, through the real binary.

use super::watched::{self, Watched};
use crate::support::App;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// A table that slow queries read, and a quick one.
const FILES: &[(&str, &str)] = &[
    ("migrations/0002_things.sql", "create table things (id bigint primary key, name text not null);\n"),
    (
        "queries/slow.sql",
        "-- @allow anyone\n-- @param steps bigint\n-- @returns row\n-- @timeout 60s\n\
         select (select name from things where id = 1) as name, \
         (select count(*) from generate_series(1::bigint, :steps) as g(i)) as steps\n",
    ),
    (
        "queries/thing.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param word text = ''\n-- @returns row\n\
         select :id as id, (select name from things where id = :id) as name, length(:word) as length\n",
    ),
    (
        "queries/share.sql",
        "-- @allow anyone\n-- @param steps bigint\n-- @returns row\n-- @timeout 60s\n\
         select (select count(*) from generate_series(1::bigint, :steps) as g(i)) / (id - 1) as share \
         from things where id = 1\n",
    ),
    (
        "queries/hasty.sql",
        "-- @allow anyone\n-- @param steps bigint\n-- @returns row\n-- @timeout 600ms\n\
         select (select name from things where id = 1) as name, \
         (select count(*) from generate_series(1::bigint, :steps) as g(i)) as steps\n",
    ),
    (
        "actions/put_thing.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param name text\n\
         insert into things (id, name) values (:id, :name) on conflict (id) do update set name = excluded.name\n",
    ),
];

pub(super) fn start(environment: &[(&str, &str)]) -> Watched {
    let app = App::notes();
    for (path, text) in watched::FILES.iter().chain(FILES) {
        app.save(path, text);
    }
    assert_eq!(app.run("migrate", &[]).code, 0);
    Watched::serve(app, environment)
}

pub(super) fn put(watched: &Watched, id: i64, name: &str) {
    let body = format!(r#"{{"id":{id},"name":"{name}"}}"#);
    let answer = watched.send("POST", "/rest/v1/rpc/put_thing", &[], &body);
    assert!([200, 204].contains(&answer.status), "{}", answer.raw);
}

/// How often the database has run a query.
fn runs(watched: &Watched, name: &str) -> u64 {
    let metrics = watched.get_as("/metrics", &watched.service_token()).body;
    let of_query = format!("martlet_name=\"{name}\"");
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("db_client_operation_duration_seconds_count") && line.contains(&of_query));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}

/// Steps of a slow read that take about this long, each asked for once.
fn steps_for(watched: &Watched, time: Duration) -> u64 {
    let mut steps = 50_001;
    loop {
        let begun = Instant::now();
        assert_eq!(watched.get(&format!("/rest/v1/rpc/slow?steps={steps}")).status, 200);
        if begun.elapsed() > time {
            return steps + 1;
        }
        steps *= 2;
    }
}

/// Asks on so many connections at once; the answers, with how long each took.
fn ask_at_once(watched: &Watched, path: &str, callers: usize) -> Vec<(String, Duration)> {
    let mut streams: Vec<TcpStream> = (0..callers).map(|_| watched.connect()).collect();
    let request = format!("GET {path} HTTP/1.1\r\nHost: crowd\r\nConnection: close\r\n\r\n");
    let begun = Instant::now();
    for stream in &mut streams {
        stream.write_all(request.as_bytes()).unwrap();
    }
    let answers = streams.into_iter().map(|mut stream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer, begun.elapsed())
    });
    answers.collect()
}

/// Callers of one key: what the issue names, and with `MARTLET_TEST_LONG` what the case names.
fn callers() -> usize {
    if std::env::var_os("MARTLET_TEST_LONG").is_some() { 5_000 } else { 1_000 }
}

/// Settings under which so many may ask at once.
const CROWD: &[(&str, &str)] =
    &[("MARTLET_SERVER_CONNECTIONS_PER_ADDRESS_MAX", "10000"), ("MARTLET_SERVER_ADMISSION", "off")];

#[test]
fn abuse_cache_10_a_crowd_that_asks_for_one_key_runs_it_once() {
    let watched = start(CROWD);
    put(&watched, 1, "first");
    let steps = steps_for(&watched, Duration::from_millis(700));
    let path = format!("/rest/v1/rpc/slow?steps={steps}");
    let begun = Instant::now();
    assert!(watched.get(&path).body.contains("first"));
    let alone = begun.elapsed();
    for round in 0..2 {
        // The answer that all have ends now.
        let name = format!("of {round}");
        put(&watched, 1, &name);
        let before = runs(&watched, "slow");
        let answers = ask_at_once(&watched, &path, callers());
        let wanted = format!(r#"{{"name":"{name}","steps":{steps}}}"#);
        for (answer, _) in &answers {
            assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&wanted), "{answer}");
        }
        // One computed, and all others have what it found.
        assert_eq!(runs(&watched, "slow") - before, 1);
        let mut times: Vec<Duration> = answers.into_iter().map(|(_, took)| took).collect();
        times.sort_unstable();
        let p99 = times[times.len() * 99 / 100];
        // That a run takes twice as long beside so many connections, on a machine that does other things, is allowed.
        assert!(p99 < alone * 4 + Duration::from_secs(2), "p99 {p99:?}, alone {alone:?}");
    }
    watched.ends_as_before();
}

#[test]
fn abuse_cache_10_who_computes_may_go_away() {
    let watched = start(CROWD);
    put(&watched, 1, "first");
    let steps = steps_for(&watched, Duration::from_millis(500));
    let path = format!("/rest/v1/rpc/slow?steps={steps}");
    let before = runs(&watched, "slow");
    let mut leader = watched.connect();
    leader.write_all(format!("GET {path} HTTP/1.1\r\nHost: crowd\r\n\r\n").as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let answers = std::thread::scope(|scope| {
        let crowd = scope.spawn(|| ask_at_once(&watched, &path, 100));
        std::thread::sleep(Duration::from_millis(150));
        leader.shutdown(Shutdown::Both).unwrap();
        drop(leader);
        crowd.join().unwrap()
    });
    for (answer, _) in answers {
        let is_whole = answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&format!("\"steps\":{steps}}}"));
        assert!(is_whole, "{answer}");
    }
    // The run that was broken off may count or not; one of those who waited has run it instead, once.
    let runs = runs(&watched, "slow") - before;
    assert!((1..=2).contains(&runs), "{runs} runs");
    watched.ends_as_before();
}

#[test]
fn abuse_cache_10_a_run_that_fails_is_told_to_all_who_waited_or_run_again() {
    let watched = start(CROWD);
    put(&watched, 1, "first");
    // By the data: everybody gets that error, and nobody an answer of another's.
    let steps = steps_for(&watched, Duration::from_millis(300));
    for (answer, _) in ask_at_once(&watched, &format!("/rest/v1/rpc/share?steps={steps}"), 50) {
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("22012"), "{answer}");
        assert!(answer.contains("cache-control: no-store"), "{answer}");
    }
    // By the deadline of who computes: those who came later have their own.
    let path = format!("/rest/v1/rpc/hasty?steps={}", steps * 100);
    std::thread::scope(|scope| {
        let early = scope.spawn(|| ask_at_once(&watched, &path, 1));
        std::thread::sleep(Duration::from_millis(300));
        let begun = Instant::now();
        let late = ask_at_once(&watched, &path, 20);
        let waited = begun.elapsed();
        let mut is_any_refused = false;
        for (answer, _) in early.join().unwrap().into_iter().chain(late) {
            // 503 where the machine is so busy that no reader was free for half of the time.
            let is_late = answer.starts_with("HTTP/1.1 504 ") && answer.contains("57014");
            is_any_refused |= !is_late;
            assert!(is_late || answer.starts_with("HTTP/1.1 503 ") && answer.contains("MRT053"), "{answer}");
        }
        assert!(is_any_refused || waited > Duration::from_millis(550), "they waited as long as they may: {waited:?}");
    });
    watched.ends_as_before();
}

#[test]
fn abuse_cache_10_who_may_not_ask_neither_computes_nor_is_told() {
    let watched = start(CROWD);
    let ana = watched.token(crate::support::ANA);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..25 {
                    watched.get("/rest/v1/rpc/mine").is_refused(&[401], "a stranger");
                    assert_eq!(watched.get_as("/rest/v1/rpc/mine", &ana).body, "[]");
                }
            });
        }
    });
    watched.ends_as_before();
}
