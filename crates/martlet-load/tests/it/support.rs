//! A server of threads that answers by the path: what each does stands in `answer`.

use martlet_load::{Draw, Load, Pool, RequestHead};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// Bytes of a flood; more than sockets hold by themselves.
const FLOOD_MAX: usize = 64 * 1024 * 1024;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<AtomicU64>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let requests = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                thread::spawn(move || serve(&stream, &counted));
            }
        });
        Self { address, requests }
    }

    /// Requests that have come so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    /// A short closed loop without a warm-up.
    pub(crate) fn load(&self, connections: usize, duration_ms: u64) -> Load {
        let duration = Duration::from_millis(duration_ms);
        Load { connections, warm_up: Duration::ZERO, duration, ..Load::new(self.address) }
    }
}

fn serve(stream: &TcpStream, counted: &AtomicU64) {
    let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
    while let Some(Ok(first)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let path = first.split(' ').nth(1).unwrap_or_default();
        if !answer(&mut &*stream, path, number) {
            return;
        }
    }
}

/// Answers; false closes the connection.
fn answer(stream: &mut impl Write, path: &str, number: u64) -> bool {
    let whole = |text: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
    let (text, stays) = match path {
        "/chunked" => ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(), true),
        "/none" => ("HTTP/1.1 204 No Content\r\n\r\n".to_owned(), true),
        "/refused" => ("HTTP/1.1 422 No\r\nContent-Length: 12\r\n\r\n{\"code\":\"x\"}".to_owned(), true),
        "/last" => ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok".to_owned(), false),
        "/until-end" => ("HTTP/1.1 200 OK\r\n\r\nok".to_owned(), false),
        "/cut" => ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok".to_owned(), false),
        "/nonsense" => ("nonsense\r\n\r\n".to_owned(), true),
        "/slow" => {
            thread::sleep(Duration::from_millis(50));
            (whole("slow"), true)
        }
        "/stall" => {
            // Once, for long.
            if number == 20 {
                thread::sleep(Duration::from_millis(400));
            }
            (whole("ok"), true)
        }
        // Two events, cut in a chunk's middle, and then silence; with an end, or without.
        "/events" | "/events-ended" => {
            let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
            let first = chunk("retry: 2000\n\nid: 7-1.ab\ndata: [1]\n\n: still here\n\nid: 7-2");
            let second = chunk(".cd\ndata: [2]\n\n");
            let end = if path == "/events" { "" } else { "0\r\n\r\n" };
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
            (format!("{head}{first}{second}{end}"), true)
        }
        // Events for as long as they are taken.
        "/flood" => {
            let (event, mut written) = (format!("data: {}\n\n", "x".repeat(10_000)), 0);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while written < FLOOD_MAX && stream.write_all(event.as_bytes()).is_ok() {
                written += event.len();
            }
            (String::new(), false)
        }
        "/never" => (String::new(), true),
        path => (whole(path), true),
    };
    stream.write_all(text.as_bytes()).is_ok() && stays
}

/// A pool that asks one path.
pub(crate) fn path(path: &str) -> Pool {
    Pool::new(vec![get(path)], Draw::InTurn)
}

pub(crate) fn get(target: &str) -> Vec<u8> {
    RequestHead { method: "GET", target, host: "test", headers: &[] }.bytes(None)
}
