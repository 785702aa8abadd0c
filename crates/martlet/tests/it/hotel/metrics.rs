//! `/metrics` of a server under load, as Prometheus' own tool judges it.

use super::{Hotel, service, user};
use crate::support::tool;
use serde_json::json;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// What promtool tells of an exposition: nothing, where all is well.
fn check(exposition: &str) -> String {
    let mut command = Command::new(tool("promtool"));
    command.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("start promtool");
    child.stdin.take().expect("stdin is piped").write_all(exposition.as_bytes()).expect("write to promtool");
    let output = child.wait_with_output().expect("wait for promtool");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() { told } else { format!("{}: {told}", output.status) }
}

#[test]
fn promtool_finds_nothing_in_the_metrics_of_a_server_under_load() {
    let hotel = Hotel::start();
    let is_over = AtomicBool::new(false);
    let stay = |day: usize| json!({"room_type_id": day % 40 + 1, "check_in": "2031-08-01", "check_out": "2031-08-03"});
    let scrapes: Vec<String> = std::thread::scope(|scope| {
        for caller in 0..4 {
            let (hotel, is_over) = (&hotel, &is_over);
            scope.spawn(move || {
                let guest = user(caller);
                for day in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    hotel.query("availability", "check_in=2031-08-01&check_out=2031-08-03", "");
                    hotel.query("my_bookings", "size=2", &guest);
                    hotel.act("book_room", &stay(day), &guest);
                    // Refused, unknown, and no file.
                    hotel.query("availability", "check_in=x", "");
                    hotel.query("%22%7D%0Anobody%27s%5C", "", "");
                    hotel.server.get("/nothing/here");
                }
            });
        }
        let scrapes = (0..5).map(|_| {
            std::thread::sleep(std::time::Duration::from_millis(100));
            let scrape = hotel.server.get_as("/metrics", &service());
            assert_eq!(scrape.status, 200);
            scrape.body
        });
        let scrapes = scrapes.collect();
        is_over.store(true, Ordering::Relaxed);
        scrapes
    });
    for scrape in &scrapes {
        assert_eq!(check(scrape), "", "{scrape}");
    }
    let last = scrapes.last().expect("a scrape");
    assert!(last.contains("/rest/v1/rpc/{name}"), "{last}");
    // The tool does find what is wrong.
    assert!(check("# TYPE a counter\na 1\na 2\n").contains("a"), "a sample twice");
    assert_ne!(check("nothing of the kind {\n"), "");
}
