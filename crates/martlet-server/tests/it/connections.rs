//! Connections that crawl, and more of them than there is room for.

use crate::support::{Site, reply_of};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const GREET: &str = "/rest/v1/rpc/greet?name=x";

/// The whole number of the case needs more open files than every system gives.
fn crowd() -> usize {
    let is_long = std::env::var_os("MARTLET_TEST_LONG").is_some();
    if is_long { 4_000 } else { 300 }
}

/// Whether the other side has closed; takes in what it sent before.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let mut piece = [0; 4096];
    let is_closed = loop {
        match stream.read(&mut piece) {
            Ok(0) => break true,
            Ok(_) => {}
            Err(error) => break error.kind() != std::io::ErrorKind::WouldBlock,
        }
    };
    stream.set_nonblocking(false).unwrap();
    is_closed
}

#[test]
fn abuse_http_03_heads_that_drip_are_cut_and_others_go_on() {
    let site = Site::with(|settings| {
        settings.header_timeout = Duration::from_millis(700);
        settings.connections_per_address_max = 5_000;
    });
    let mut slow: Vec<TcpStream> = (0..crowd()).map(|_| site.connect()).collect();
    let started = Instant::now();
    // A byte from time to time, always before the limit: only the whole head counts.
    let mut bytes = b"GET / HTTP/1.1\r\nX-Endless: ".iter().copied().chain(std::iter::repeat(b'a'));
    while !slow.is_empty() {
        let byte = bytes.next().unwrap();
        for stream in &mut slow {
            let _ = stream.write_all(&[byte]);
        }
        assert_eq!(site.get(GREET).status, 200, "others go on");
        std::thread::sleep(Duration::from_millis(100));
        slow.retain_mut(|stream| !is_closed(stream));
        assert!(started.elapsed() < Duration::from_secs(20), "{} are still open", slow.len());
    }
    assert!(started.elapsed() >= Duration::from_millis(600), "not cut at once");
}

#[test]
fn abuse_http_03_what_has_no_place_is_accepted_when_one_is_free() {
    let site = Site::with(|settings| {
        settings.connections_max = 5;
        settings.header_timeout = Duration::from_millis(700);
    });
    let mut slow: Vec<TcpStream> = (0..5).map(|_| site.connect()).collect();
    for stream in &mut slow {
        stream.write_all(b"GET ").unwrap();
    }
    let started = Instant::now();
    assert_eq!(site.get(GREET).status, 200, "once the others are cut");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(slow.iter_mut().any(is_closed), "it got the place of one that was cut");
}

#[test]
fn abuse_http_03_connections_of_one_address_are_bounded() {
    let site = Site::with(|settings| settings.connections_per_address_max = 3);
    let mut held: Vec<_> = (0..3).map(|_| site.connect()).collect();
    for stream in &mut held {
        stream.write_all(format!("GET {GREET} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
        assert!(stream.read(&mut [0; 2048]).unwrap() > 0);
    }
    assert_eq!(site.get(GREET).status, 0, "closed without an answer");
    drop(held);
    let deadline = Instant::now() + Duration::from_secs(5);
    while site.get(GREET).status != 200 {
        assert!(Instant::now() < deadline);
    }
}

#[test]
fn abuse_http_04_bodies_that_drip_are_cut() {
    let site = Site::with(|settings| {
        settings.rate_after = Duration::from_millis(300);
        settings.rate_min = 200;
    });
    let head = "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    for framing in ["Content-Length: 900000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\ndbba0\r\n"] {
        let mut streams: Vec<TcpStream> = (0..50).map(|_| site.connect()).collect();
        for stream in &mut streams {
            stream.write_all(format!("{head}{framing}").as_bytes()).unwrap();
        }
        let started = Instant::now();
        while !streams.is_empty() {
            assert!(started.elapsed() < Duration::from_secs(20), "{} are still open", streams.len());
            std::thread::sleep(Duration::from_millis(100));
            streams.retain_mut(|stream| {
                let _ = stream.write_all(b" ");
                let mut answer = [0; 1024];
                stream.set_nonblocking(true).unwrap();
                let read = stream.read(&mut answer);
                stream.set_nonblocking(false).unwrap();
                match read {
                    Ok(size) => {
                        assert_eq!(reply_of(&String::from_utf8_lossy(&answer[..size])).status, 408);
                        false
                    }
                    Err(_) => true,
                }
            });
            assert_eq!(site.get(GREET).status, 200, "others go on");
        }
    }
    // One that brings what it must is read to its end.
    let mut steady = site.connect();
    let body = format!("{{\"name\":\"{}\"}}", "y".repeat(800));
    write!(steady, "{head}Connection: close\r\nContent-Length: {}\r\n\r\n", body.len()).unwrap();
    for piece in body.as_bytes().chunks(100) {
        steady.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(80));
    }
    let mut answer = String::new();
    steady.read_to_string(&mut answer).unwrap();
    assert_eq!(reply_of(&answer).status, 200, "{answer}");
}

#[test]
fn abuse_http_04_downloads_that_crawl_are_cut() {
    let site = Site::with(|settings| {
        settings.rate_after = Duration::from_millis(500);
        settings.rate_min = 100_000;
    });
    const SIZE: usize = 32 * 1024 * 1024;
    std::fs::write(site.public().join("huge.bin"), vec![0; SIZE]).unwrap();
    let ask = "GET /huge.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut slow: Vec<(TcpStream, usize)> = (0..20).map(|_| (site.connect(), 0)).collect();
    for (stream, _) in &mut slow {
        stream.write_all(ask.as_bytes()).unwrap();
    }
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(4) {
        for (stream, taken) in &mut slow {
            *taken += stream.read(&mut [0; 10]).unwrap_or(0);
        }
        assert_eq!(site.get(GREET).status, 200, "others go on");
        std::thread::sleep(Duration::from_millis(100));
    }
    for (stream, taken) in &mut slow {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
        assert!(*taken + rest.len() < SIZE, "cut before the end");
    }
    // One that takes what it must has it all.
    let mut steady = site.connect();
    steady.write_all(ask.as_bytes()).unwrap();
    let mut all = Vec::new();
    steady.read_to_end(&mut all).unwrap();
    assert!(all.len() > SIZE);
}
