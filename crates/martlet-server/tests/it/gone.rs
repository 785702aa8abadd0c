//! Clients that go away: what nobody waits for is stopped, or not begun.

use crate::support::{Site, reply_of, token};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Clients that go away; the whole thousand of the case needs more open files than every system gives.
fn clients() -> usize {
    let is_long = std::env::var_os("MARTLET_TEST_LONG").is_some();
    if is_long { 1000 } else { 300 }
}

fn send(site: &Site, request: &str) -> TcpStream {
    let mut stream = site.connect();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn post(name: &str, body: &str) -> String {
    let bearer = token("authenticated");
    format!(
        "POST /rest/v1/rpc/{name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Authorization: Bearer {bearer}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn abuse_sql_11_queries_of_gone_clients_are_stopped() {
    let site = Site::start();
    let slow = "GET /rest/v1/rpc/count?high=4000000000000 HTTP/1.1\r\nHost: x\r\n\r\n";
    let waiting: Vec<TcpStream> = (0..clients()).map(|_| send(&site, slow)).collect();
    // Until the readers are at work and the others wait for them.
    std::thread::sleep(Duration::from_millis(500));
    let gone = Instant::now();
    drop(waiting);
    // The same plan, which starts on the readers by now: answered only once one of them is free.
    let reply = site.get("/rest/v1/rpc/count?high=10");
    assert_eq!(reply.told(), (200, "10"));
    assert!(gone.elapsed() < Duration::from_secs(2), "{:?}", gone.elapsed());
}

#[test]
fn actions_of_gone_clients_are_not_begun() {
    let site = Site::start();
    for high in [20_000_000, 80_000_000, 320_000_000] {
        let before = notes(&site);
        let mut slow = send(&site, &post("slow_note", &format!(r#"{{"high":{high}}}"#)));
        std::thread::sleep(Duration::from_millis(50));
        let add = post("add_note", r#"{"text":"x"}"#);
        let waiting: Vec<TcpStream> = (0..clients()).map(|_| send(&site, &add)).collect();
        std::thread::sleep(Duration::from_millis(300));
        slow.set_nonblocking(true).unwrap();
        drop(waiting);
        // Until the server has seen all of them go, while the slow one still runs.
        let mut is_running = slow.peek(&mut [0]).is_err();
        while is_running && site.engine.store().health().queue_depth > 0 {
            std::thread::sleep(Duration::from_millis(10));
            is_running = slow.peek(&mut [0]).is_err();
        }
        slow.set_nonblocking(false).unwrap();
        let mut answer = String::new();
        slow.read_to_string(&mut answer).unwrap();
        assert_eq!(reply_of(&answer).status, 204, "{answer}");
        if is_running {
            assert_eq!(notes(&site), before + 1, "only the one that had begun");
            return;
        }
        // This machine counts faster than the clients go: again, with more to count.
    }
    panic!("the slow action was never slow");
}

fn notes(site: &Site) -> usize {
    let notes = site.get_as("/rest/v1/rpc/notes", &token("authenticated"));
    serde_json::from_str::<Vec<serde_json::Value>>(&notes.body).unwrap().len()
}
