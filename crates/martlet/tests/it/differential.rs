//! `cache.mode = "check"`: every answer from memory is computed again by the database, and compared.

use crate::history::{self, World};
use crate::hotel::{SECRET, token};
use crate::support::{binary, copy_of_example, fill};
use martlet_testkit::TestServer;
use serde_json::json;
use std::process::Command;
use std::time::{Duration, Instant};

const CHECK: (&str, &str) = ("MARTLET_CACHE_MODE", "check");

/// Compared, and found wrong.
fn figures(server: &TestServer) -> (u64, u64) {
    let metrics = server.get_as("/metrics", &token(json!({"role": "service_role"}), 600));
    let of = |name: &str| {
        let line = metrics.body.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {}", metrics.body)).trim().parse().unwrap()
    };
    (of("martlet_coherence_checks_total"), of("martlet_coherence_violations_total"))
}

/// The tests of these names once more, with servers that compare. Each server that tells of a wrong answer fails its
/// test (`TestServer`'s end).
#[test]
fn the_hotel_and_the_events_are_served_alike_with_and_without_memory() {
    let tests = ["hotel::api", "events::api", "events::crowd", "hotel::last_room"];
    let this = std::env::current_exe().expect("the tests have a path");
    let output = Command::new(this).args(tests).env(CHECK.0, CHECK.1).output().expect("run the tests");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let count = told.lines().filter(|line| line.starts_with("test ") && line.ends_with(" ... ok")).count();
    assert!(count >= 10, "{told}");
}

#[test]
fn what_is_from_memory_is_compared_and_still_counts_as_from_memory() {
    let folder = copy_of_example("hotel");
    fill(folder.path());
    let environment = [("MARTLET_AUTH_JWT_SECRET", SECRET), CHECK];
    let server = TestServer::start_with(binary(), &["serve"], folder.path(), &environment);
    let path = "/rest/v1/rpc/availability?check_in=2031-08-01&check_out=2031-08-03";
    let first = server.get(path);
    assert_eq!((first.status, first.header("martlet-cache")), (200, "store"));
    for number in 1..5 {
        let again = server.get(path);
        assert_eq!((again.header("martlet-cache"), &again.body), ("memory", &first.body));
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(figures(&server), (number, 0));
    }
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_history_is_compared_as_a_whole() {
    let mut world = World::new();
    world.settings.push(CHECK);
    let server = world.start("serve");
    let at = history::address(&server);
    world.shared.prepare(at, &mut world.history);
    let plan = world.plan(8_000, 160);
    assert_eq!(world.shared.run(at, &plan, &mut world.history), 0, "{}", server.stderr());
    let (checked, violations) = figures(&server);
    assert_eq!(violations, 0, "{}", server.stderr());
    assert!(checked > 2_000, "{checked} checks show little");
    assert_eq!(server.stop(), Some(0));
    world.is_right(0.4);
}

/// Without the rule that a fill which a commit has overtaken is not kept, wrong answers stay; the comparison finds them.
#[test]
fn a_wrong_answer_is_found_told_by_its_query_and_dropped() {
    let mut world = World::without_rule("validates-fills");
    world.settings.push(CHECK);
    let server = world.start("serve");
    let at = history::address(&server);
    world.shared.prepare(at, &mut world.history);
    let begun = Instant::now();
    while figures(&server).1 == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing is found");
        let plan = world.plan(2_000, 200);
        world.shared.run(at, &plan, &mut world.history);
    }
    let log = server.stderr();
    let line = log.lines().find(|line| line.contains("an answer from memory was not what the database gives"));
    let line = line.expect("it is told");
    assert!(line.contains("query=") || line.contains("\"query\""), "{line}");
    assert!(!line.contains("0000-4000-8000"), "no argument is told: {line}");
    server.kill();
}
