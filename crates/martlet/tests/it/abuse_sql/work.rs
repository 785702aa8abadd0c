//! Work without end, answers without end, and many at the same rows: bounded, and nobody else's trouble.

use super::{Site, refused};
use crate::support::{App, binary};
use martlet_testkit::TestServer;
use serde_json::json;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The deadline of the queries without end.
const LIMIT: Duration = Duration::from_millis(300);
/// How soon after it the case wants them stopped.
const STOPPED_WITHIN: Duration = Duration::from_millis(250);

const ENDLESS: &[(&str, &str)] = &[
    (
        "queries/endless_cross.sql",
        "-- @allow anyone\n-- @returns value\n-- @timeout 300ms\n\
         select count(*) as n from generate_series(1::bigint, 100000000) as a(i), generate_series(1::bigint, 100000000) as b(j) where a.i + b.j = 3\n",
    ),
    (
        "queries/endless_count.sql",
        "-- @allow anyone\n-- @returns value\n-- @timeout 300ms\n\
         select count(distinct i % 1000003) as n from generate_series(1::bigint, 1000000000000) as g(i)\n",
    ),
    (
        "queries/endless_sort.sql",
        "-- @allow anyone\n-- @timeout 300ms\n\
         select i from generate_series(1::bigint, 1000000000000) as g(i) order by (i * 7919) % 1000003, i limit 5\n",
    ),
    (
        "queries/endless_window.sql",
        "-- @allow anyone\n-- @returns value\n-- @timeout 300ms\n\
         select max(r) as n from (select row_number() over (order by (i * 7919) % 1000003) as r from generate_series(1::bigint, 300000000) as g(i)) as s\n",
    ),
    (
        "queries/large_sort.sql",
        "-- @allow anyone\n-- @returns value\n-- @timeout 4s\n\
         select max(r) as n from (select row_number() over (order by (i * 7919) % 1000003) as r from generate_series(1::bigint, 300000000) as g(i)) as s\n",
    ),
    (
        "queries/endless_pattern.sql",
        "-- @allow anyone\n-- @param t text\n-- @param p text\n-- @returns value\n-- @timeout 300ms\nselect :t like :p as b\n",
    ),
    (
        "queries/endless_text.sql",
        "-- @allow anyone\n-- @param t text\n-- @returns value\n-- @timeout 300ms\n\
         select max(length(replace(:t, 'a', :t || i::text))) as n from generate_series(1::bigint, 100000000) as g(i)\n",
    ),
    (
        "actions/endless_write.sql",
        "-- @allow anyone\n-- @timeout 300ms\n\
         insert into things (name) select i::text from generate_series(1::bigint, 1000000000000) as g(i)\n",
    ),
    (
        "actions/double.sql",
        "-- @allow anyone\n-- @returns row\nupdate things set name = name || name where name like 'a%' returning length(name) as n\n",
    ),
    (
        "queries/all_names.sql",
        "-- @allow anyone\nselect t.name, t.name as again from things t, generate_series(1::bigint, 20) as g(i)\n",
    ),
];

#[test]
fn abuse_sql_09_work_without_end_is_stopped_at_its_deadline() {
    let site = Site::with(ENDLESS);
    let half = "a".repeat(500_000);
    let pattern = format!("%{}b%", "a".repeat(7_000));
    for (name, body) in [
        ("endless_cross", "{}".to_owned()),
        ("endless_count", "{}".to_owned()),
        ("endless_sort", "{}".to_owned()),
        ("endless_window", "{}".to_owned()),
        ("endless_pattern", json!({ "t": half, "p": pattern }).to_string()),
        ("endless_pattern", json!({ "t": half, "p": "%_a".repeat(2_000) + "b" }).to_string()),
        ("endless_text", json!({ "t": "ab".repeat(2_000) }).to_string()),
        ("endless_write", "{}".to_owned()),
    ] {
        // The best of some tries: what a busy machine adds is no fault of the server's.
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let began = Instant::now();
            let reply = site.call(name, &body);
            let took = began.elapsed();
            match reply.status {
                // Work that seemed endless and was not.
                200 if name == "endless_pattern" => {}
                504 => assert_eq!(refused(&reply, 504), "57014", "{name}"),
                // Stopped earlier, by a limit of its own.
                _ => assert_eq!(refused(&reply, 413), "54000", "{name}"),
            }
            assert!(took < LIMIT * 10, "{name}: {took:?}");
            best = best.min(took);
            if best < LIMIT + STOPPED_WITHIN {
                break;
            }
        }
        assert!(best < LIMIT + STOPPED_WITHIN, "{name}: {best:?}");
        assert_eq!(site.server.get("/rest/v1/rpc/total").body, "0", "{name}: nothing was written");
    }
    // Sorting takes files, not memory, for as long as it may run.
    let (before, _) = memory(&site.server);
    assert_eq!(refused(&site.call("large_sort", "{}"), 504), "57014");
    let (_, peak) = memory(&site.server);
    assert!(peak.saturating_sub(before) < 96 << 20, "{} bytes more", peak.saturating_sub(before));
    // A hundred at once: each is told in time, and then the processor rests and the connections work.
    std::thread::scope(|scope| {
        for number in 0..100 {
            let (site, name) = (&site, ["endless_cross", "endless_count", "endless_sort", "endless_write"][number % 4]);
            scope.spawn(move || {
                let began = Instant::now();
                let reply = site.call(name, "{}");
                assert!([503, 504].contains(&reply.status), "{name}: {reply:?}");
                assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
            });
        }
    });
    let is_idle = (0..40).any(|_| {
        let before = processor_time(&site.server);
        std::thread::sleep(Duration::from_millis(200));
        processor_time(&site.server) - before < Duration::from_millis(60)
    });
    assert!(is_idle, "the processor is idle again");
    for _ in 0..20 {
        assert_eq!(site.server.get("/rest/v1/rpc/total").status, 200);
        assert_eq!(site.call("keep", r#"{"name":"x"}"#).status, 200);
    }
}

/// Processor time that the server has used.
fn processor_time(server: &TestServer) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.pid())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Its resident memory now, and at most so far, in bytes.
fn memory(server: &TestServer) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

#[test]
fn abuse_sql_10_answers_are_cut_with_a_code_and_little_memory() {
    let site = Site::with(ENDLESS);
    assert_eq!(site.call("series", r#"{"high":10000}"#).json().as_array().unwrap().len(), 10_000);
    let (before, _) = memory(&site.server);
    for high in [10_001_i64, 10_000_000, i64::MAX] {
        let began = Instant::now();
        let reply = site.call("series", &json!({ "high": high }).to_string());
        assert_eq!(refused(&reply, 413), "54000", "{high}");
        assert!(began.elapsed() < Duration::from_secs(5), "{high}: {:?}", began.elapsed());
        for accept in ["text/csv", "application/vnd.pgrst.object+json"] {
            let fields = [("accept", accept), ("accept-encoding", "gzip")];
            let reply =
                site.server.try_post_with("/rest/v1/rpc/series", &json!({ "high": high }).to_string(), "", &fields);
            assert!([406, 413].contains(&reply.unwrap().status), "{accept}");
        }
    }
    let (_, peak) = memory(&site.server);
    assert!(peak.saturating_sub(before) < 32 << 20, "{} bytes more", peak.saturating_sub(before));
    // A value that grows until it is refused, and rows that are too many bytes together.
    assert_eq!(site.call("keep", r#"{"name":"a"}"#).status, 200);
    let mut length = 1_u64;
    let refusal = loop {
        let reply = site.call("double", "{}");
        if reply.status != 200 {
            break reply;
        }
        length = reply.json()["n"].as_u64().unwrap();
        assert!(length <= 16 << 20, "{length}");
    };
    assert_eq!(refused(&refusal, 413), "54000");
    assert!(length >= 8 << 20, "{length}");
    assert_eq!(refused(&site.call("all_names", "{}"), 413), "54000", "40 times {length} bytes");
    let (_, peak) = memory(&site.server);
    assert!(peak.saturating_sub(before) < 256 << 20, "{} bytes more", peak.saturating_sub(before));
    assert_eq!(site.server.get("/rest/v1/rpc/total").body, "1");
}

#[test]
fn abuse_sql_13_transactions_over_the_same_rows_never_lock_each_other() {
    let app = App::of(&[
        (
            "migrations/0001_accounts.sql",
            "create table accounts (id bigint primary key, balance bigint not null check (balance >= 0));\n",
        ),
        (
            "actions/open.sql",
            "-- @allow anyone\ninsert into accounts (id, balance) select i, 1000 from generate_series(1::bigint, 10) as g(i)\n",
        ),
        (
            "actions/move.sql",
            "-- @allow anyone\n-- @param a bigint\n-- @param b bigint\n-- @param c bigint\n\n\
             update accounts set balance = balance - 2 where id = :a;\n\n\
             update accounts set balance = balance + 1 where id = :b;\n\n\
             update accounts set balance = balance + 1 where id = :c;\n",
        ),
        ("queries/sum.sql", "-- @allow anyone\n-- @returns value\nselect sum(balance)::bigint as n from accounts\n"),
    ]);
    assert_eq!(app.run("migrate", &[]).code, 0);
    let server = TestServer::start(binary(), &["serve"], app.path());
    assert_eq!(server.post("/rest/v1/rpc/open", "{}", "").status, 204);
    let (waits, moved) = (Mutex::new(Vec::new()), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for client in 0..500_u64 {
            let (server, waits, moved) = (&server, &waits, &moved);
            scope.spawn(move || {
                // Rows in another order for each.
                let row =
                    |nth: u64| client.wrapping_mul(6_364_136_223_846_793_005).rotate_left(nth as u32 * 17) % 10 + 1;
                let body = json!({ "a": row(1), "b": row(2), "c": row(3) }).to_string();
                let began = Instant::now();
                // Who is refused early for want of room comes again, as it is told.
                let mut reply = server.post("/rest/v1/rpc/move", &body, "");
                while reply.status == 503 {
                    assert!(!reply.header("retry-after").is_empty(), "{reply:?}");
                    std::thread::sleep(Duration::from_millis(100));
                    reply = server.post("/rest/v1/rpc/move", &body, "");
                }
                waits.lock().unwrap().push(began.elapsed());
                match reply.status {
                    204 => drop(moved.fetch_add(1, Ordering::Relaxed)),
                    // The same row thrice over may run dry.
                    _ => assert_eq!(reply.json()["code"], "23514", "{reply:?}"),
                }
            });
        }
    });
    let mut waits = waits.into_inner().unwrap();
    waits.sort();
    assert_eq!(waits.len(), 500, "everyone has an answer");
    assert!(waits[499] < Duration::from_secs(20), "{:?}", waits[499]);
    assert!(moved.into_inner() > 400);
    assert_eq!(server.get("/rest/v1/rpc/sum").body, "10000", "nothing is lost on the way");
    assert!(!server.stderr().contains("panic"));
}

#[test]
fn abuse_sql_22_what_callers_make_up_is_not_kept() {
    let site = Site::start();
    let entries = || {
        let stats: serde_json::Value = serde_json::from_str(&site.app.run("stats", &["--json"]).stdout).unwrap();
        stats["statistics"].as_array().unwrap().len()
    };
    let call = |number: usize| {
        let filler = "x".repeat(number % 50);
        site.call("named", &json!({ "name": format!("{filler}{number}") }).to_string());
        site.call(&format!("nobody_{number}"), "{}");
        site.server.get(&format!("/things/{number}"));
        site.server.get(&format!("/nothing/{number}"));
        site.server.get(&format!("/rest/v1/rpc/named?name={number}&k{number}=1"));
    };
    (0..200).for_each(call);
    let (before, of_before) = (memory(&site.server).0, entries());
    std::thread::scope(|scope| {
        for client in 0..4 {
            let call = &call;
            scope.spawn(move || (0..1_500).for_each(|number| call(1_000 + client * 10_000 + number)));
        }
    });
    assert_eq!(entries(), of_before, "statistics are of what is declared");
    let grown = memory(&site.server).0.saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes more");
}
