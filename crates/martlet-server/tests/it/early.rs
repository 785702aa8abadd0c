//! Refusals that are written before the request is read as one: the same words, and never an answer out of its place.

use crate::support::{Client, Reply, Site};
use martlet_server::AdmissionSettings;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// About a millisecond of the processor.
const DEAR: &str = "/rest/v1/rpc/count?high=20000";

fn strict() -> Site {
    Site::with(|settings| {
        settings.admission =
            Some(AdmissionSettings { patience: Duration::ZERO, waiting_min: 1, waiting_max: 1, ..Default::default() });
        settings.is_dev = true;
    })
}

fn get(path: &str, id: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {id}\r\n\r\n")
}

/// hyper dates its answers; what it never heard of has no date.
fn is_early(reply: &Reply) -> bool {
    reply.status == 503 && reply.header("date").is_empty()
}

#[test]
fn abuse_ops_07_an_early_refusal_says_what_a_late_one_says() {
    let site = strict();
    let mut clients: Vec<Client> = (0..80).map(|_| Client::of(&site)).collect();
    let (mut early, mut late) = (None, None);
    for round in 0..200 {
        // A head that is not plain is refused later.
        let odd = if round % 2 == 0 { "" } else { "Expect: nothing\r\n" };
        for client in &mut clients {
            let head =
                format!("GET {DEAR} HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\nX-Request-Id: 7\r\n{odd}\r\n");
            assert!(client.write(&head));
        }
        for client in &mut clients {
            let reply = client.answer().expect("stays open");
            if reply.status == 503 {
                let seen = if is_early(&reply) { &mut early } else { &mut late };
                *seen = Some(reply);
            }
        }
        if early.is_some() && late.is_some() {
            break;
        }
    }
    let (early, late) = (early.expect("one was refused early"), late.expect("one was refused late"));
    let words = |reply: &Reply| {
        let unlike = ["date", "server-timing", "retry-after"];
        let mut words: Vec<_> =
            reply.headers.iter().filter(|(name, _)| !unlike.contains(&name.as_str())).cloned().collect();
        words.sort();
        words
    };
    assert_eq!(words(&early), words(&late));
    assert_eq!(early.body, late.body);
    assert!(["1", "2", "3"].contains(&early.header("retry-after")));
    let counted = site.get("/metrics").body;
    let series = "http_route=\"/rest/v1/rpc/{name}\",http_response_status_code=\"503\"";
    assert!(
        counted.lines().any(|line| line.contains("/rest/v1/rpc/{name}") && line.contains("503")),
        "{series}: {counted}"
    );
}

/// A body that looks like a request, whole and at the beginning of what the server reads.
fn smuggled() -> String {
    get(DEAR, "smuggled")
}

/// Sends one kind of request after the other; gives the ids of the answers that must come, in order.
fn step(client: &mut Client, kind: usize, name: &str) -> Vec<String> {
    let id = |number: usize| format!("{name}-{number}");
    match kind {
        // One at a time: what may be refused early.
        0..=3 => {
            client.write(&get(DEAR, &id(0)));
            vec![id(0)]
        }
        4 => {
            client.write(&(get(DEAR, &id(0)) + &get(DEAR, &id(1)) + &get(DEAR, &id(2))));
            vec![id(0), id(1), id(2)]
        }
        // A head in two pieces, the second of which looks like a whole one.
        5 => {
            client.write(&format!("GET {DEAR} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {}\r\nX-Rest: ", id(0)));
            std::thread::sleep(Duration::from_millis(2));
            client.write(&format!("GET {DEAR} HTTP/1.1\r\nX-Other: x\r\n\r\n"));
            vec![id(0)]
        }
        // One and a half, then the other half.
        6 => {
            client.write(
                &(get(DEAR, &id(0))
                    + &format!("GET /app.js HTTP/1.1\r\nHost: x\r\nX-Request-Id: {}\r\nX-Rest: ", id(1))),
            );
            std::thread::sleep(Duration::from_millis(2));
            client.write(&format!("GET {DEAR} HTTP/1.1\r\nX-Other: x\r\n\r\n"));
            vec![id(0), id(1)]
        }
        // A file that streams, and the next request while it does.
        7 => {
            client.write(&get("/large.bin", &id(0)));
            std::thread::sleep(Duration::from_millis(2));
            client.write(&get(DEAR, &id(1)));
            vec![id(0), id(1)]
        }
        _ => {
            let fields = if kind == 8 {
                format!("Content-Length: {}", smuggled().len())
            } else {
                "Transfer-Encoding: chunked".to_owned()
            };
            let head = format!("POST {DEAR} HTTP/1.1\r\nHost: x\r\nX-Request-Id: {}\r\n{fields}\r\n\r\n", id(0));
            client.write(&head);
            std::thread::sleep(Duration::from_millis(2));
            client.write(&smuggled());
            vec![id(0)]
        }
    }
}

#[test]
fn abuse_http_01_no_early_refusal_is_out_of_its_place() {
    let site = strict();
    let early = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..60_usize {
            let (site, early) = (&site, &early);
            scope.spawn(move || {
                let mut client = Client::of(site);
                for round in 0..30_usize {
                    // Some connections never do anything that is not plain.
                    let kind = if worker % 2 == 0 { 0 } else { (worker * 7 + round * 3) % 10 };
                    let expected = step(&mut client, kind, &format!("{worker}-{round}"));
                    let mut is_open = true;
                    for id in expected {
                        let Some(reply) = client.answer() else {
                            is_open = false;
                            break;
                        };
                        // What cannot be read as a request has an id of its own.
                        let is_its_own = reply.header("x-request-id") == id || [400, 408].contains(&reply.status);
                        assert!(is_its_own, "{id}, kind {kind}: {reply:?}");
                        early.fetch_add(usize::from(is_early(&reply)), Ordering::Relaxed);
                        is_open &= reply.header("connection") != "close";
                    }
                    if !is_open || kind > 7 {
                        client = Client::of(site);
                    }
                }
            });
        }
    });
    assert!(early.into_inner() > 0, "some were refused early");
    for _ in 0..50 {
        assert_eq!(site.get("/rest/v1/rpc/greet?name=x").status, 200);
    }
}
