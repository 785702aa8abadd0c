//! More than can be done: the excess is refused early, in the shape of every error, and nothing is left of it after.

use crate::support::{Reply, Site, reply_of_bytes};
use martlet_server::AdmissionSettings;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// About a millisecond of the processor.
const DEAR: &str = "/rest/v1/rpc/count?high=20000";

fn strict() -> Site {
    Site::with(|settings| {
        settings.admission =
            Some(AdmissionSettings { patience: Duration::ZERO, waiting_min: 1, waiting_max: 1, ..Default::default() });
    })
}

fn ask(stream: &mut TcpStream, method: &str, path: &str) {
    write!(stream, "{method} {path} HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\r\n").unwrap();
}

/// Reads one answer of a connection that stays open.
fn answer(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let size = stream.read(&mut piece).unwrap();
        assert!(size > 0, "closed: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..size]);
        let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        if bytes.len() >= head + 4 + length.parse::<usize>().unwrap() {
            return reply_of_bytes(&bytes);
        }
    }
}

/// Asks on every connection at once, each another time if nothing was refused: a machine may stand still between.
fn burst(streams: &mut [TcpStream], path: &str) -> Vec<Reply> {
    for _ in 0..100 {
        for stream in &mut *streams {
            ask(stream, "GET", path);
        }
        let replies: Vec<Reply> = streams.iter_mut().map(answer).collect();
        if replies.iter().any(|reply| reply.status == 503) {
            return replies;
        }
    }
    panic!("never more than may waited");
}

#[test]
fn abuse_ops_07_the_excess_is_refused_and_then_all_is_answered() {
    let site = strict();
    let mut streams: Vec<TcpStream> = (0..80).map(|_| site.connect()).collect();
    let replies = burst(&mut streams, DEAR);
    let refused: Vec<&Reply> = replies.iter().filter(|reply| reply.status == 503).collect();
    for reply in &refused {
        let body = &reply.body;
        assert!(body.starts_with(r#"{"code":"MRT053","message":""#) && body.ends_with(r#""hint":null}"#), "{body}");
        assert!(["1", "2", "3"].contains(&reply.header("retry-after")), "{:?}", reply.headers);
        assert_eq!(reply.header("content-type"), "application/json; charset=utf-8");
        assert!(reply.header("connection").is_empty() && !reply.header("x-request-id").is_empty());
        assert_eq!(reply.header("access-control-allow-origin"), "*", "pages may read it");
    }
    assert!(refused.len() < replies.len(), "some are answered");
    // The same connections, refused or not, one after the other.
    for stream in &mut streams {
        ask(stream, "GET", DEAR);
        assert_eq!(answer(stream).told(), (200, "20000"));
    }
    for _ in 0..50 {
        assert_eq!(site.get("/rest/v1/rpc/greet?name=x").status, 200);
    }
}

#[test]
fn abuse_ops_07_those_who_watch_are_never_refused() {
    let site = strict();
    let mut watching: Vec<TcpStream> = (0..40).map(|_| site.connect()).collect();
    let mut streams: Vec<TcpStream> = (0..80).map(|_| site.connect()).collect();
    let paths = ["/livez", "/readyz", "/startupz", "/health"];
    for _ in 0..100 {
        for stream in &mut streams {
            ask(stream, "GET", DEAR);
        }
        for (number, stream) in watching.iter_mut().enumerate() {
            match paths.get(number % (paths.len() + 1)) {
                Some(path) => ask(stream, "GET", path),
                None => ask(stream, "OPTIONS", DEAR),
            }
        }
        assert!(watching.iter_mut().all(|stream| answer(stream).status == 200));
        if streams.iter_mut().map(answer).filter(|reply| reply.status == 503).count() > 0 {
            return;
        }
    }
    panic!("never more than may waited");
}

#[test]
fn the_excess_on_other_paths_has_their_shape() {
    let site = strict();
    let mut streams: Vec<TcpStream> = (0..80).map(|_| site.connect()).collect();
    let mut files: Vec<TcpStream> = (0..20).map(|_| site.connect()).collect();
    for _ in 0..100 {
        for stream in streams.iter_mut() {
            ask(stream, "GET", DEAR);
        }
        for stream in files.iter_mut() {
            ask(stream, "GET", "/app.js");
        }
        streams.iter_mut().for_each(|stream| drop(answer(stream)));
        let replies: Vec<Reply> = files.iter_mut().map(answer).collect();
        let Some(refused) = replies.iter().find(|reply| reply.status == 503) else { continue };
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.code(), (503, "MRT053".to_owned()));
        return;
    }
    panic!("never more than may waited");
}

#[test]
fn what_is_refused_is_counted() {
    let site = Site::with(|settings| {
        settings.admission =
            Some(AdmissionSettings { patience: Duration::ZERO, waiting_min: 1, waiting_max: 1, ..Default::default() });
        settings.is_dev = true;
    });
    let mut streams: Vec<TcpStream> = (0..80).map(|_| site.connect()).collect();
    let refused = burst(&mut streams, DEAR).iter().filter(|reply| reply.status == 503).count();
    let page = site.get("/metrics").body;
    let value = |series: &str| {
        let line =
            page.lines().find_map(|line| line.strip_prefix(series)).unwrap_or_else(|| panic!("{series}: {page}"));
        line.trim().parse::<f64>().unwrap()
    };
    assert_eq!(value("martlet_requests_shed_total{class=\"interactive\",reason=\"limit\"}"), refused as f64);
    assert_eq!(value("martlet_requests_shed_total{class=\"interactive\",reason=\"queue_age\"}"), 0.0);
    assert_eq!(value("martlet_admission_limit{class=\"interactive\"}"), 2.0, "one for each worker");
    assert_eq!(value("martlet_admission_queue{class=\"interactive\"}"), 0.0);
    assert!(value("martlet_runtime_poll_delay_seconds_count{pool=\"io\"}") >= 80.0);
}

#[test]
fn admission_that_is_off_refuses_nothing() {
    let site = Site::with(|settings| settings.admission = None);
    let mut streams: Vec<TcpStream> = (0..300).map(|_| site.connect()).collect();
    for stream in &mut streams {
        ask(stream, "GET", DEAR);
    }
    assert!(streams.iter_mut().all(|stream| answer(stream).status == 200));
    drop(site);
}

static GREEDY: Mutex<()> = Mutex::new(());

/// A read that takes at least 60 ms on this machine; its plan starts on the reader threads by then.
fn long_read(site: &Site) -> String {
    let mut high = 100_000;
    loop {
        let path = format!("/rest/v1/rpc/count?high={high}");
        (0..4).for_each(|_| assert_eq!(site.get(&path).status, 200));
        let asked = Instant::now();
        assert_eq!(site.get(&path).status, 200);
        if asked.elapsed() >= Duration::from_millis(60) {
            return path;
        }
        high *= 2;
    }
}

/// Long reads that take all reader threads for some seconds; one test at a time, or they would take the machine.
fn greedy(site: &Site, path: &str) -> Vec<(Duration, u16)> {
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::scope(|scope| {
        let client = || {
            let mut told = Vec::new();
            let mut stream = site.connect();
            while Instant::now() < end {
                let asked = Instant::now();
                ask(&mut stream, "GET", path);
                let status = answer(&mut stream).status;
                told.push((asked.elapsed(), status));
                if status == 503 {
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
            told
        };
        let clients: Vec<_> = (0..200).map(|_| scope.spawn(client)).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

#[test]
fn abuse_ops_05_a_slow_database_refuses_early_and_answers_in_time() {
    let _alone = GREEDY.lock().unwrap_or_else(PoisonError::into_inner);
    let site = Site::start();
    let path = long_read(&site);
    let told = greedy(&site, &path);
    let answered: Vec<Duration> = told.iter().filter(|(_, status)| *status == 200).map(|(took, _)| *took).collect();
    let refused: Vec<Duration> = told.iter().filter(|(_, status)| *status == 503).map(|(took, _)| *took).collect();
    assert!(!answered.is_empty() && !refused.is_empty(), "{} answered, {} refused", answered.len(), refused.len());
    // Deadline 5 s: what is begun ends within it, so no work is done for nothing.
    assert_eq!(told.len(), answered.len() + refused.len(), "{told:?}");
    // Nobody waits for half of that; it is a second where the machine does nothing else.
    let early = refused.iter().filter(|took| **took < Duration::from_millis(2_500)).count();
    assert!(early * 10 >= refused.len() * 9, "{early} of {}", refused.len());
    assert_eq!(site.get(&path).status, 200, "as before");
}

#[test]
fn abuse_ops_06_one_route_that_takes_all_leaves_the_others_their_share() {
    let _alone = GREEDY.lock().unwrap_or_else(PoisonError::into_inner);
    let site = Site::start();
    let path = long_read(&site);
    std::thread::scope(|scope| {
        let greedy = scope.spawn(|| greedy(&site, &path));
        let bearer = crate::support::token("authenticated");
        while !greedy.is_finished() {
            assert_eq!(site.get("/rest/v1/rpc/greet?name=x").status, 200, "a short read");
            assert_eq!(site.post_as("/rest/v1/rpc/add_note", &bearer, r#"{"text":"x"}"#).status, 200, "a write");
            assert_eq!(site.get("/app.js").status, 200, "a file");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(greedy.join().unwrap().iter().any(|(_, status)| *status == 503), "the greedy one is refused");
    });
}
