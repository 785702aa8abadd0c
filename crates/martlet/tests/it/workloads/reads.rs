use super::{Workloads, service, user};

/// md5 of `event-1` and `event-7`.
const EVENTS: [(i64, &str); 2] = [(1, "fdc3f1169f99dce634293eac7ddbba73"), (7, "3f0ac0ca420ec228275d8c40ab0c2ada")];

#[test]
fn every_read_answers_what_the_formulas_say() {
    let workloads = Workloads::start();
    let rows = Workloads::ROWS;

    for number in [1, 7, 100] {
        assert_eq!(workloads.read("profile", &user(number)), rows.profile(number));
    }
    for (check_in, check_out) in [
        ("2026-01-01", "2026-01-02"),
        ("2026-03-04", "2026-03-11"),
        ("2026-07-01", "2026-07-31"),
        ("2027-12-30", "2028-01-02"),
    ] {
        let path = format!("availability?check_in={check_in}&check_out={check_out}");
        let answer = workloads.read(&path, "");
        assert_eq!(answer, rows.availability(check_in, check_out), "{path}");
    }
    for (number, token) in EVENTS {
        assert_eq!(workloads.read(&format!("event?token={token}"), ""), rows.event(number));
    }
    assert_eq!(workloads.read("report", &service()), rows.report());
}

#[test]
fn recent_gives_all_plays_newest_first_in_pages_of_20() {
    let workloads = Workloads::start();
    for number in [1, 20] {
        let token = user(number);
        let (mut plays, mut sizes, mut path) = (Vec::new(), Vec::new(), "recent".to_owned());
        loop {
            let page = workloads.read(&path, &token);
            let items = page["items"].as_array().expect("items").clone();
            sizes.push(items.len());
            plays.extend(items);
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("recent?cursor={cursor}");
        }
        assert_eq!(plays, Workloads::ROWS.recent(number));
        assert_eq!(sizes, [20, 20, 10]);
    }
}

#[test]
fn who_may_call_is_told() {
    let workloads = Workloads::start();
    for path in ["profile", "recent", "report"] {
        assert_eq!(workloads.get(path, "").status, 401, "{path}");
    }
    assert_eq!(workloads.get("report", &user(1)).status, 403);
    assert_eq!(workloads.get("profile", &user(101)).status, 404, "there are 100 users");
    assert_eq!(workloads.act("reset_bookings", &serde_json::json!({}), &user(1)).status, 403);
}
