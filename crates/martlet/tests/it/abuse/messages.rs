//! Messages that are not what they seem, through the real binary.

use super::watched::{Watched, read};
use std::io::Write as _;

const GREET: &str = "/rest/v1/rpc/notes";
/// What must never be read as a request.
const NEXT: &str = "GET /rest/v1/rpc/limited?key=smuggled HTTP/1.1\r\nHost: x\r\n\r\n";
const BODY: &str = r#"{"body":"x"}"#;

fn post(fields: &str, body: &str) -> String {
    format!(
        "POST /rest/v1/rpc/add_note HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{fields}\r\n{body}{NEXT}"
    )
}

#[test]
fn abuse_http_01_nothing_behind_a_doubtful_message_is_read() {
    let watched = Watched::start();
    let chunked = format!("c\r\n{BODY}\r\n0\r\n\r\n");
    for fields in [
        "Content-Length: 12\r\nContent-Length: 13\r\n",
        "Content-Length: +12\r\n",
        "Content-Length: 0xc\r\n",
        "Content-Length: 1 2\r\n",
        "Content-Length: 12, 12\r\n",
        "Content-Length: \r\n",
        "Content-Length: 18446744073709551628\r\n",
        "Content-Length : 12\r\n",
        "Content-Length\r\n : 12\r\n",
        "X-Folded: a\r\n b\r\nContent-Length: 12\r\n",
        "X-Bare: a\rb\r\nContent-Length: 12\r\n",
        "X-Nul: a\0b\r\nContent-Length: 12\r\n",
    ] {
        watched.raw(post(fields, BODY)).is_refused(&[400], fields);
    }
    for fields in [
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: identity, chunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: \"chunked\"\r\n",
        "Transfer-Encoding: ,chunked\r\n",
        "Transfer-Encoding:\x0bchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
    ] {
        watched.raw(post(fields, &chunked)).is_refused(&[400], fields);
    }
    let old = post("Transfer-Encoding: chunked\r\n", &chunked).replacen("HTTP/1.1", "HTTP/1.0", 1);
    let answer = watched.raw(old);
    assert!(!answer.raw.contains("smuggled") && answer.raw.contains(" 400 "), "{}", answer.raw);
    watched.ends_as_before();
}

#[test]
fn abuse_http_02_impossible_chunks_end_the_connection() {
    let watched = Watched::start();
    let extension = format!("c;{}\r\n{BODY}\r\n0\r\n\r\n", "e".repeat(1024 * 1024));
    let trailers = format!("c\r\n{BODY}\r\n0\r\n{}\r\n", "x-t: 1\r\n".repeat(100_000));
    for body in [
        format!("10000000000000000\r\n{BODY}\r\n0\r\n\r\n"),
        format!("1ffffffffffffffff\r\n{BODY}\r\n0\r\n\r\n"),
        format!("-c\r\n{BODY}\r\n0\r\n\r\n"),
        format!("+c\r\n{BODY}\r\n0\r\n\r\n"),
        format!("0xc\r\n{BODY}\r\n0\r\n\r\n"),
        format!("c_\r\n{BODY}\r\n0\r\n\r\n"),
        format!(" c\n{BODY}\n0\n\n"),
        format!("c\n{BODY}\n0\n\n"),
        format!("c\r\n{BODY}0\r\n\r\n"),
        format!("\r\n{BODY}\r\n0\r\n\r\n"),
        extension,
        trailers,
    ] {
        let answer = watched.raw(post("Transfer-Encoding: chunked\r\n", &body));
        let start: String = body.chars().take(30).collect();
        answer.is_refused(&[400, 413], &start);
        assert_eq!(answer.field("connection"), "close", "{start:?}");
    }
    for cut in ["c\r\n{\"body\":", "c\r\n{\"body\":\"x\"}\r\n", "c\r\n{\"body\":\"x\"}\r\n0\r\n"] {
        let mut stream = watched.connect();
        stream.write_all(post("Transfer-Encoding: chunked\r\n", cut).replace(NEXT, "").as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let answer = read(stream);
        assert!(!answer.raw.contains(" 200 "), "{cut:?}: {}", answer.raw);
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_05_frames_are_not_read() {
    let watched = Watched::start();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for _ in 0..100 {
        // A flood of resets behind the preface.
        let flood: Vec<u8> = (0..100).flat_map(|_| *b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x08").collect();
        let answer = watched.raw([preface.clone(), flood].concat());
        assert!(!answer.raw.contains(" 200 "), "{}", answer.raw);
    }
    let upgrade = [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA")];
    let answer = watched.send("GET", GREET, &upgrade, "");
    assert_eq!(answer.status, 200, "no upgrade is offered: {}", answer.raw);
    watched.ends_as_before();
}

#[test]
fn abuse_http_06_heads_past_the_limits_are_told() {
    let watched = Watched::start();
    let of =
        |fields: &str| watched.raw(format!("GET {GREET} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fields}\r\n"));
    let many = |count: usize| (0..count).map(|i| format!("x-{i}: 1\r\n")).collect::<String>();
    assert_eq!(of(&many(98)).status, 200);
    of(&many(99)).is_refused(&[431], "101 fields");
    of(&many(10_000)).is_refused(&[431], "10,002 fields");
    assert_eq!(of(&format!("x-long: {}\r\n", "a".repeat(31 * 1024))).status, 200);
    for size in [33, 300, 3_000] {
        of(&format!("x-long: {}\r\n", "a".repeat(size * 1024))).is_refused(&[431], "a long value");
    }
    of(&format!("{}: 1\r\n", "n".repeat(10 * 1024))).is_refused(&[431], "a long name");
    for value in ["a\0b", "a\rb", "a\x01b", "\x7f", "a\r\rb", "a\nb\0c"] {
        of(&format!("x-bad: {value}\r\n")).is_refused(&[400], value);
    }
    for field in ["x bad: 1", ": 1", "x\0bad: 1", "x(bad): 1", "é: 1", "x-no-colon"] {
        of(&format!("{field}\r\n")).is_refused(&[400], field);
    }
    watched.ends_as_before();
}

/// Limit and 64 KiB are written and no more: an answer shows that no more was waited for.
#[test]
fn abuse_http_07_no_more_than_the_limit_is_read() {
    let watched = Watched::start();
    let limit = 1024 * 1024;
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(0x8000));
    for path in [GREET, "/rest/v1/rpc/add_note", "/rest/v1/batch", "/rest/v1/rpc/nobody", "/api/secret", "/health", "/"]
    {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n");
        let declared = watched.raw(format!("{head}Content-Length: {}\r\n\r\n", limit + 1));
        declared.is_refused(&[413], path);
        let mut stream = watched.connect();
        stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).unwrap();
        for _ in 0..(limit + 64 * 1024) / 0x8000 {
            // A route that takes no body has refused already.
            if stream.write_all(chunk.as_bytes()).is_err() {
                break;
            }
        }
        let answer = read(stream);
        let is_unread = ["/api/secret", "/health", "/"].contains(&path);
        // What was written after a refusal may reset the connection before the answer is read.
        if !(is_unread && answer.raw.is_empty()) {
            answer.is_refused(if is_unread { &[404, 405] } else { &[413] }, path);
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_08_what_would_unfold_is_never_looked_at() {
    let watched = Watched::start();
    // A megabyte that deflate would make a gigabyte of begins like this; nothing here ever unfolds it.
    let bomb = [&b"\x1f\x8b\x08\0\0\0\0\0\x02\x03"[..], &[0; 1024 * 1024 - 10]].concat();
    for path in [GREET, "/rest/v1/rpc/add_note", "/rest/v1/batch"] {
        for coding in ["gzip", "br", "zstd", "deflate", "x-gzip", "gzip, br, gzip, br, zstd", "nonsense", "", "gzip\0"]
        {
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n",
                bomb.len()
            );
            let answer = watched.raw([head.as_bytes(), &bomb].concat());
            // What was not read may reset the connection before the answer is.
            if !answer.raw.is_empty() {
                answer.is_refused(if coding.contains('\0') { &[400] } else { &[415] }, coding);
            }
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_12_methods_are_named_or_refused() {
    let watched = Watched::start();
    for path in [GREET, "/rest/v1/batch", "/", "/health", "/metrics", "/api/secret"] {
        for method in ["TRACE", "CONNECT"] {
            let answer = watched.send(method, if method == "CONNECT" { "x:80" } else { path }, &[], "");
            answer.is_refused(&[405], method);
            assert!(answer.field("allow").contains("GET") && !answer.body.contains("Host"), "{}", answer.raw);
        }
        for method in ["get", "Get", "FOO", "PROPFIND", "GET2", "!#$%&'*+-.^_`|~", &"A".repeat(3_000)] {
            watched.send(method, path, &[], "").is_refused(&[501], method);
        }
        let answer = watched.send("DELETE", path, &[], "");
        answer.is_refused(&[405], path);
        assert!(!answer.field("allow").is_empty(), "{}", answer.raw);
    }
    for name in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"] {
        assert_eq!(watched.send("GET", GREET, &[(name, "DELETE")], "").status, 200, "{name}");
        watched.send("GET", "/rest/v1/rpc/add_note", &[(name, "POST")], "").is_refused(&[405], name);
    }
    let metrics = watched.get_as("/metrics", &watched.service_token()).body;
    assert!(metrics.contains("http_request_method=\"_OTHER\""), "{metrics}");
    for told in ["PROPFIND", "\"get\"", "FOO", "AAAA"] {
        assert!(!metrics.contains(told), "{told}");
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_13_exactly_one_host() {
    let watched = Watched::start();
    let of =
        |target: &str, hosts: &str| watched.raw(format!("GET {target} HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"));
    for (target, hosts) in [
        (GREET, ""),
        (GREET, "Host: a\r\nHost: a\r\n"),
        (GREET, "Host: a\r\nHost: b\r\n"),
        ("http://a/health", "Host: b\r\n"),
        ("http://a@b/health", "Host: a\r\n"),
        ("http://a/health", ""),
        (GREET, "Host: a b\r\n"),
        (GREET, "Host: a/b\r\n"),
        (GREET, "Host: user@a\r\n"),
        (GREET, "Host: a?b\r\n"),
        (GREET, "Host: a#b\r\n"),
        (GREET, "Host: a\\b\r\n"),
        (GREET, "Host: <a>\r\n"),
        (GREET, "Host: \"a\"\r\n"),
    ] {
        of(target, hosts).is_refused(&[400], hosts);
    }
    for (target, hosts) in [
        (GREET, "Host: a\r\n"),
        (GREET, "Host: A.example:8080\r\n"),
        (GREET, "Host: [::1]:80\r\n"),
        (GREET, "Host:\r\n"),
        ("http://a/health", "Host: a\r\n"),
    ] {
        assert_eq!(of(target, hosts).status, 200, "{target} {hosts}");
    }
    watched.ends_as_before();
}
