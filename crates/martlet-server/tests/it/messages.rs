//! Messages that are not what they seem: nothing after a refused one is read as a request.

use crate::support::Site;
use std::io::{Read as _, Write as _};

const NEXT: &str = "GET /rest/v1/rpc/greet?name=smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

fn post(fields: &str, body: &str) -> String {
    format!("POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{fields}\r\n{body}{NEXT}")
}

#[test]
fn abuse_http_01_ambiguous_lengths() {
    let site = Site::start();
    let whole = r#"{"name":"x"}"#;
    let chunked = "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n";
    for (fields, body) in [
        ("Content-Length: 12\r\nContent-Length: 13\r\n", whole),
        ("Content-Length: +12\r\n", whole),
        ("Content-Length: 0xc\r\n", whole),
        ("Content-Length: 12, 13\r\n", whole),
        ("Content-Length: -1\r\n", whole),
        ("Content-Length: 99999999999999999999999\r\n", whole),
        ("Transfer-Encoding: gzip\r\n", whole),
        ("Transfer-Encoding: chunked, gzip\r\n", chunked),
        ("Transfer-Encoding: xchunked\r\n", chunked),
        ("Content-Length : 12\r\n", whole),
        ("X-Folded: a\r\n b\r\nContent-Length: 12\r\n", whole),
        ("X-Bare: a\rb\r\nContent-Length: 12\r\n", whole),
    ] {
        assert_eq!(site.status_of(post(fields, body)), 400, "{fields:?}");
    }
}

#[test]
fn abuse_http_01_both_lengths() {
    let site = Site::start();
    let chunked = "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n";
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "transfer-encoding: Chunked\r\nX-Other: 1\r\ncontent-length:5\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    ] {
        let answer = site.raw(post(fields, chunked));
        assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains("smuggled"), "{fields:?}: {answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
        assert!(answer.contains("\"code\":\"MRT002\""), "{answer}");
        // The same in pieces, as the second request of a connection.
        let mut stream = site.connect();
        stream.write_all(b"GET /rest/v1/rpc/greet?name=first HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut first = [0; 2048];
        assert!(stream.read(&mut first).unwrap() > 0 && first.starts_with(b"HTTP/1.1 200"));
        for piece in post(fields, chunked).as_bytes().chunks(7) {
            // It may close before all is sent.
            let _ = stream.write_all(piece);
            std::thread::yield_now();
        }
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains("smuggled"), "{fields:?}: {answer}");
    }
}

/// RFC 9112, section 6.1 lets a server go by the coding, if it closes: what follows must never be a request.
#[test]
fn abuse_http_01_both_lengths_behind_another_request() {
    let site = Site::start();
    let both = post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n");
    let first = "GET /rest/v1/rpc/greet?name=first HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = site.raw(format!("{first}{both}"));
    assert!(answer.contains("first") && !answer.contains("smuggled"), "{answer}");
}

#[test]
fn a_coding_behind_a_length_is_no_contradiction() {
    let site = Site::start();
    let sized = "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 12\r\n\r\n{\"name\":\"x\"}";
    let chunked = "POST /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n{\"name\":\"y\"}\r\n0\r\n\r\n";
    // In one piece, and one after the other.
    assert_eq!(site.raw(format!("{sized}{chunked}")).matches("HTTP/1.1 200 ").count(), 2);
    let mut stream = site.connect();
    stream.write_all(sized.as_bytes()).unwrap();
    assert!(stream.read(&mut [0; 2048]).unwrap() > 0);
    stream.write_all(chunked.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn abuse_http_02_chunks() {
    let site = Site::start();
    let chunked = "Transfer-Encoding: chunked\r\n";
    let long_extension = format!("c;{}\r\n{{\"name\":\"x\"}}\r\n0\r\n\r\n", "e".repeat(1024 * 1024));
    for body in [
        "10000000000000000000\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        "-c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        "+c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        "0xc\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        "c\n{\"name\":\"x\"}\n0\n\n",
        "c\r\n{\"name\":\"x\"}0\r\n\r\n",
        "zz\r\n{\"name\":\"x\"}\r\n0\r\n\r\n",
        &long_extension,
    ] {
        let answer = site.raw(post(chunked, body));
        let start: String = body.chars().take(30).collect();
        assert!(!answer.contains("smuggled") && !answer.contains(" 200 "), "{start:?}: {answer}");
    }
    // The last chunk is missing: the connection ends, and nothing was run.
    let mut stream = site.connect();
    let cut = post(chunked, "c\r\n{\"name\":\"x\"}\r\n").replace(NEXT, "");
    stream.write_all(cut.as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 200 "), "{answer}");
}

#[test]
fn abuse_http_13_host() {
    let site = Site::start();
    let get = "GET /rest/v1/rpc/greet?name=x HTTP/1.1\r\n";
    let end = "Connection: close\r\n\r\n";
    assert_eq!(site.status_of(format!("{get}Host: a\r\n{end}")), 200);
    assert_eq!(site.status_of(format!("{get}{end}")), 400, "none");
    assert_eq!(site.status_of(format!("{get}Host: a\r\nHost: a\r\n{end}")), 400, "two");
    let absolute = "GET http://a/rest/v1/rpc/greet?name=x HTTP/1.1\r\n";
    assert_eq!(site.status_of(format!("{absolute}Host: a\r\n{end}")), 200);
    assert_eq!(site.status_of(format!("{absolute}Host: b\r\n{end}")), 400, "another");
    let old = site.raw("GET /rest/v1/rpc/greet?name=x HTTP/1.0\r\n\r\n");
    assert!(old.starts_with("HTTP/1.0 200 OK\r\n"), "{old}");
}

#[test]
fn abuse_http_12_methods() {
    let site = Site::start();
    for path in ["/rest/v1/rpc/greet?name=x", "/rest/v1/batch", "/", "/health"] {
        for method in ["TRACE", "CONNECT"] {
            let target = if method == "CONNECT" { "x:80" } else { path };
            let reply = site.send(method, target, &[], "");
            assert_eq!(reply.status, 405, "{method} {path}");
            assert!(reply.header("allow").contains("GET"), "{method} {path}");
            assert!(!reply.body.contains("Host:"), "TRACE never echoes");
        }
        for method in ["get", "Get", "FOO", "PROPFIND"] {
            assert_eq!(site.send(method, path, &[], "").status, 501, "{method} {path}");
        }
    }
    let overridden = [("x-http-method-override", "DELETE"), ("x-http-method", "PUT")];
    assert_eq!(site.send("GET", "/rest/v1/rpc/greet?name=x", &overridden, "").status, 200);
    for path in ["/health", "/livez", "/"] {
        let reply = site.send("DELETE", path, &[], "");
        assert_eq!(reply.status, 405, "{path}");
        assert!(reply.header("allow").contains("GET"), "{path}");
    }
}

#[test]
fn requests_on_one_connection_are_answered_in_order() {
    let site = Site::start();
    let one = |name: &str, end: &str| format!("GET /rest/v1/rpc/greet?name={name} HTTP/1.1\r\nHost: x\r\n{end}\r\n");
    let answers = site.raw(one("a", "") + &one("b", "") + &one("c", "Connection: close\r\n"));
    let places: Vec<_> = ["\"a\"", "\"b\"", "\"c\""].iter().map(|name| answers.find(name).unwrap()).collect();
    assert!(places.is_sorted() && answers.matches("HTTP/1.1 200").count() == 3, "{answers}");
}

/// Seeded mutations of good requests: whatever comes is answered or closed, and nothing is a fault of the server.
#[test]
fn mutated_requests_are_no_fault_of_the_server() {
    let site = Site::start();
    let bearer = format!("Authorization: Bearer {}\r\nContent-Length: 14\r\n", crate::support::token("authenticated"));
    let originals = [
        NEXT.to_owned(),
        post("Content-Length: 12\r\n", r#"{"name":"x"}"#),
        post("Transfer-Encoding: chunked\r\n", "c\r\n{\"name\":\"x\"}\r\n0\r\n\r\n"),
        post(&bearer, r#"{"name":"\ud8"}"#),
        "GET /app.js HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,4-\r\nIf-None-Match: \"a\", W/\"b\"\r\n\r\n".to_owned(),
        "POST /rest/v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n\
         {\"queries\":[{\"name\":\"whoami\"}]}"
            .to_owned(),
        "OPTIONS /rest/v1/rpc/greet HTTP/1.1\r\nHost: x\r\nOrigin: https://a.example\r\n\
         Access-Control-Request-Headers: a,b\r\n\r\n"
            .to_owned(),
    ];
    let mut state = 0x6874_7470_6d61_7274_u64;
    let mut next = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..700 {
        let mut request = originals[round % originals.len()].clone().into_bytes();
        for _ in 0..=next(4) {
            let at = next(request.len());
            match next(5) {
                0 => request[at] = u8::try_from(next(256)).unwrap(),
                1 => request[at] ^= 1 << next(8),
                2 => drop(request.remove(at)),
                3 => request.insert(at, b"%&=\r\n:;, \0\xff/"[next(12)]),
                _ => request.truncate(at.max(1)),
            }
        }
        let mut stream = site.connect();
        let _ = stream.write_all(&request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let is_fault = answer.contains("HTTP/1.1 500") || answer.contains("MRT500");
        assert!(!is_fault, "round {round}: {}\n{answer}", String::from_utf8_lossy(&request));
    }
    assert_eq!(site.get("/livez").status, 200);
}
