//! What a load counts, and that nothing is left out.

use crate::support::{Server, get, path};
use martlet_load::{Fault, Load, LoadError, Pace, Refusal, Workload, ask, run};
use std::time::{Duration, Instant};

#[test]
fn a_closed_loop_counts_each_answer_of_each_kind() {
    let server = Server::start();
    let mut workload = Workload::new(1)
        .kind("length", 1.0, path("/x"))
        .kind("chunked", 1.0, path("/chunked"))
        .kind("none", 1.0, path("/none"))
        .kind("refused", 1.0, path("/refused"));
    let report = run(&server.load(4, 300), &mut workload).unwrap();
    assert_eq!(report.all.answers, server.requests(), "no warm-up: every request is counted");
    assert_eq!(report.all.faults.len(), 0, "{:?}", report.all.faults);
    for (kind, status) in report.kinds.iter().zip([200, 200, 204, 422]) {
        assert!(kind.answers > 0, "{}", kind.name);
        assert_eq!(kind.statuses.get(&status), Some(&kind.answers), "{}", kind.name);
        let timed = if status == 422 { 0 } else { kind.answers };
        assert_eq!(kind.latency.count(), timed, "{}: good answers are timed", kind.name);
    }
    let refused = &report.kinds[3];
    assert_eq!(refused.first_refusal, Some(Refusal { status: 422, body: b"{\"code\":\"x\"}".to_vec() }));
    assert_eq!((refused.errors(), refused.good()), (refused.answers, 0));
    assert_eq!(report.kinds.iter().map(|kind| kind.answers).sum::<u64>(), report.all.answers);
    assert_eq!(workload.names().count(), 4, "the workload is there for the next load");
}

#[test]
fn the_warm_up_is_not_counted() {
    let server = Server::start();
    let load = Load { warm_up: Duration::from_millis(200), ..server.load(2, 200) };
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/x"))).unwrap();
    assert!(report.all.answers > 0 && report.all.answers < server.requests());
}

#[test]
fn a_stall_is_charged_to_every_request_that_was_due_in_it() {
    let server = Server::start();
    let load = Load { pace: Pace::Open { per_second: 100.0 }, ..server.load(1, 1_000) };
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/stall"))).unwrap();
    assert_eq!(report.all.answers + report.unsent, 100);
    // 400 ms at 100 a second: 40 requests were due in the stall, and 30 of them waited for more than 100 ms. A load
    // that waits for the answer before it counts would have seen one.
    let waited = report.all.latency.buckets();
    let waited: u64 = waited.iter().filter(|(end, _)| *end > Duration::from_millis(130)).map(|(_, count)| count).sum();
    assert!(waited >= 20, "{waited} waited: {:?}", report.all.latency.buckets());
    assert!(report.all.latency.max() >= Duration::from_millis(390));
}

#[test]
fn what_could_not_be_sent_is_told() {
    let server = Server::start();
    // An answer takes 50 ms: one connection has at most ten of the fifty that are due.
    let load = Load { pace: Pace::Open { per_second: 100.0 }, ..server.load(1, 500) };
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/slow"))).unwrap();
    assert_eq!(report.all.answers + report.unsent, 50);
    assert!(report.all.answers <= 10, "{}", report.all.answers);
}

#[test]
fn an_open_loop_keeps_its_rate() {
    let server = Server::start();
    let warm_up = Duration::from_millis(100);
    let load = Load { pace: Pace::Open { per_second: 500.0 }, warm_up, ..server.load(8, 400) };
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/x"))).unwrap();
    assert_eq!(report.all.answers + report.unsent, 200);
    assert_eq!(server.requests() + report.unsent, 250);
}

#[test]
fn a_server_that_closes_is_connected_again_and_one_that_cuts_is_a_fault() {
    let server = Server::start();
    let mut workload = Workload::new(1)
        .kind("last", 1.0, path("/last"))
        .kind("until-end", 1.0, path("/until-end"))
        .kind("cut", 1.0, path("/cut"))
        .kind("nonsense", 1.0, path("/nonsense"));
    let report = run(&server.load(2, 300), &mut workload).unwrap();
    let [last, until_end, cut, nonsense] = report.kinds.as_slice() else { panic!("four kinds") };
    assert!(last.answers > 0 && last.errors() == 0, "{last:?}");
    assert!(until_end.answers > 0 && until_end.errors() == 0, "{until_end:?}");
    assert!(cut.answers == 0 && cut.faults.keys().eq([&Fault::Closed]), "{:?}", cut.faults);
    assert!(nonsense.answers == 0 && nonsense.faults.keys().eq([&Fault::Malformed]), "{:?}", nonsense.faults);
}

#[test]
fn a_request_without_an_answer_is_given_up_and_its_wait_counts() {
    let server = Server::start();
    let load = Load { timeout: Duration::from_millis(100), ..server.load(1, 250) };
    let began = Instant::now();
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/never"))).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20));
    let given_up = report.all.faults[&Fault::TimedOut];
    assert_eq!((report.all.answers, report.all.errors()), (0, given_up));
    assert_eq!(report.all.latency.count(), given_up);
    assert!(report.all.latency.at(0.5) >= Duration::from_millis(99));
}

#[test]
fn what_asks_nothing_is_a_fault_and_does_not_spin() {
    let server = Server::start();
    let report = run(&server.load(1, 100), &mut Workload::new(1).kind("k", 1.0, |_: u64, _: &mut _, _: &mut _| {}));
    let faults = report.unwrap().all.faults[&Fault::NoRequest];
    assert!((1..=20).contains(&faults), "{faults}");
}

#[test]
fn an_unsound_load_and_a_server_that_is_not_there_are_refused() {
    let server = Server::start();
    let load = server.load(1, 100);
    let refused = |load: &Load, workload: &mut Workload| run(load, workload).unwrap_err();
    let mut workload = Workload::new(1).kind("k", 1.0, path("/x"));
    for load in [
        Load { connections: 0, ..load.clone() },
        Load { connections: martlet_load::CONNECTIONS_MAX + 1, ..load.clone() },
        Load { duration: Duration::ZERO, ..load.clone() },
        Load { pace: Pace::Open { per_second: 0.0 }, ..load.clone() },
        Load { pace: Pace::Open { per_second: f64::NAN }, ..load.clone() },
    ] {
        assert!(matches!(refused(&load, &mut workload), LoadError::Unsound(_)), "{load:?}");
    }
    assert!(matches!(refused(&load, &mut Workload::new(1)), LoadError::Unsound(_)));
    assert_eq!(server.requests(), 0);
    // Nobody listens on a port that has just been given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert!(matches!(refused(&Load::new(free), &mut workload), LoadError::Connect { .. }));
}

#[test]
fn one_request_gives_the_whole_answer() {
    let server = Server::start();
    let patience = Duration::from_secs(10);
    let answer = ask(server.address, &get("/chunked"), patience).unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"ok".as_slice()));
    assert!(answer.head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(matches!(ask(server.address, &get("/cut"), patience), Err(LoadError::Asked(Fault::Closed))));
}

#[test]
#[cfg(target_os = "linux")]
fn the_processor_time_of_what_is_watched_is_measured_over_the_window() {
    let server = Server::start();
    // The server's threads are this process's, and so is the load.
    let load = Load { watched: vec![std::process::id()], ..server.load(4, 500) };
    let report = run(&load, &mut Workload::new(1).kind("k", 1.0, path("/x"))).unwrap();
    let watched = report.watched.unwrap();
    assert!(watched.processor > Duration::ZERO && watched.resident_bytes > 0, "{watched:?}");
    assert!(report.processor_us_per_request().unwrap() > 0.0);
    assert!(report.load_processor.unwrap() > Duration::ZERO);
}
