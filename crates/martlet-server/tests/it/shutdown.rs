//! Stopping loses no accepted request.

use crate::support::{Reply, Site, reply_of};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn send(stream: &mut TcpStream, path: &str) {
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
}

fn read(stream: &mut TcpStream) -> Reply {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    reply_of(&answer)
}

#[test]
fn requests_under_way_are_answered() {
    let mut site = Site::start();
    let mut running: Vec<_> = (0..8).map(|_| site.connect()).collect();
    for stream in &mut running {
        send(stream, "/rest/v1/rpc/count?high=1000000");
    }
    let mut idle = site.connect();
    send(&mut idle, "/livez");
    assert!(idle.read(&mut [0; 2048]).unwrap() > 0);
    std::thread::sleep(Duration::from_millis(50));
    site.begin_stop();
    std::thread::sleep(Duration::from_millis(50));
    // On its way when the server stops: answered, and told to go.
    send(&mut idle, "/readyz");
    let ready = read(&mut idle);
    assert_eq!((ready.told(), ready.header("connection")), ((503, r#"{"status":"fail"}"#), "close"));
    for stream in &mut running {
        // Whether it ended before the stop or after it.
        assert_eq!(read(stream).told(), (200, "1000000"));
    }
    let address = site.address;
    let summary = site.end();
    assert!(summary.is_clean(), "{summary:?}");
    assert_eq!((summary.connections, summary.requests), (9, 10));
    assert!(TcpStream::connect(address).is_err(), "nobody listens");
}

#[test]
fn clients_that_call_all_the_time_lose_nothing() {
    let mut site = Site::start();
    let answered = AtomicU64::new(0);
    let (address, counted) = (site.address, &answered);
    let lost = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(move || {
                    let mut lost = 0;
                    // Each request on a connection of its own: once it is accepted it must be answered.
                    while let Ok(mut stream) = TcpStream::connect(address) {
                        let request = "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
                        if stream.write_all(request.as_bytes()).is_err() {
                            break;
                        }
                        let mut answer = String::new();
                        match stream.read_to_string(&mut answer) {
                            Ok(_) if answer.starts_with("HTTP/1.1 200") => {
                                counted.fetch_add(1, Ordering::Relaxed);
                            }
                            // Completed by the system in the instant in which the listener closed: never accepted.
                            Err(_) if answer.is_empty() => break,
                            _ => lost += 1,
                        }
                    }
                    lost
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        site.begin_stop();
        clients.into_iter().map(|client| client.join().unwrap()).sum::<u64>()
    });
    let summary = site.end();
    assert_eq!((lost, summary.cut), (0, 0), "{summary:?}");
    assert_eq!(summary.requests, answered.load(Ordering::Relaxed));
}

#[test]
fn clients_that_keep_their_connection_are_told_to_go() {
    let mut site = Site::start();
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let mut stream = site.connect();
            std::thread::spawn(move || {
                let mut answers = 0_u64;
                loop {
                    send(&mut stream, "/rest/v1/rpc/greet?name=x");
                    let mut answer = Vec::new();
                    // The body's end is known: nothing follows it.
                    while !answer.ends_with(b"}]") {
                        let mut bytes = [0; 2048];
                        let size = stream.read(&mut bytes).unwrap();
                        assert!(size > 0, "lost after {answers} answers: {}", String::from_utf8_lossy(&answer));
                        answer.extend_from_slice(&bytes[..size]);
                    }
                    answers += 1;
                    if reply_of(&String::from_utf8(answer).unwrap()).header("connection") == "close" {
                        return answers;
                    }
                }
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(300));
    site.begin_stop();
    let answers: u64 = clients.into_iter().map(|client| client.join().unwrap()).sum();
    let summary = site.end();
    assert_eq!((summary.requests, summary.connections, summary.cut), (answers, 4, 0));
}

#[test]
fn what_runs_longer_than_the_grace_is_cut() {
    let mut site = Site::with(|settings| settings.shutdown_grace = Duration::from_millis(400));
    let mut stream = site.connect();
    send(&mut stream, "/rest/v1/rpc/count?high=4000000000");
    std::thread::sleep(Duration::from_millis(100));
    let started = Instant::now();
    site.begin_stop();
    let summary = site.end();
    assert_eq!(summary.cut, 1);
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}

#[test]
fn readiness_ends_before_the_listener() {
    let mut site = Site::with(|settings| settings.drain_delay = Duration::from_millis(500));
    assert_eq!(site.get("/readyz").status, 200);
    site.begin_stop();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(site.get("/readyz").status, 503);
    assert_eq!(site.get("/rest/v1/rpc/greet?name=x").status, 200, "still accepted");
}
