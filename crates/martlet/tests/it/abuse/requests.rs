//! Requests that are well-formed and mean no good, through the real binary.

use super::watched::{Answer, Watched};
use std::io::{Read as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const NOTES: &str = "/rest/v1/rpc/notes";

#[test]
fn abuse_http_09_a_parameter_stands_once() {
    let watched = Watched::with("[server]\nurl_size_max = \"32KiB\"\n", &[]);
    let long = |size: usize| format!("{NOTES}?count={}", "1".repeat(size));
    for size in [33 * 1024, 64_000, 65_536, 200_000] {
        watched.get(&long(size)).is_refused(&[414, 431], "a long URL");
    }
    watched.get(&format!("{NOTES}?{}", "a&".repeat(10_000))).is_refused(&[400], "10,000 parameters");
    for query in ["count=1&count=2", "count=1&count=1", "count=1&c%6Funt=2", "count&count=1", "count=1&&count=2"] {
        watched.get(&format!("{NOTES}?{query}")).is_refused(&[400], query);
    }
    watched.get("/rest/v1/rpc/pages?size=1&size=2").is_refused(&[400], "size twice");
    watched.get("/api/links/a?token=b").is_refused(&[400], "in the path and in the query string");
    for body in [r#"{"body":"a","body":"b"}"#, r#"{"body":"a","b\u006fdy":"b"}"#] {
        watched.send("POST", "/rest/v1/rpc/add_note", &[], body).is_refused(&[400], body);
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_10_paths_stay_in_the_folder() {
    let watched = Watched::start();
    watched.app.save("public/inside.txt", "inside");
    assert_eq!(watched.get("/inside.txt").body, "inside");
    let ups = [
        "..",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "%252e%252e",
        "..%00",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "..;",
        "..;/..",
        "%uff0e%uff0e",
        "...",
        "....//",
        "%5c..",
        "..%5c",
        "..\\",
    ];
    let slashes = ["/", "%2f", "%252f", "\\", "%5c", "%c0%af", "//", "/./"];
    for up in ups {
        for slash in slashes {
            for target in ["martlet.toml", "data/keys.json", "migrations/0001_notes.sql"] {
                for start in ["/", "/docs/", "/rest/v1/rpc/", "/api/links/x/"] {
                    let path = format!("{start}{up}{slash}{target}");
                    let answer = watched.get(&path);
                    answer.is_refused(&[400, 404], &path);
                    assert!(!answer.body.contains("create table") && !answer.body.contains("\"kty\""), "{path}");
                }
            }
        }
    }
    for path in [
        "/c:/windows/win.ini",
        "/C:\\windows",
        "/c%3a/windows",
        "//etc/passwd",
        "///etc/passwd",
        "/%2fetc/passwd",
        "/inside.txt%00.html",
        "/inside.txt;.css",
        "/inside.txt/",
        "/inside.txt%2f",
        "/inside.txt::$DATA",
        "/INSIDE~1.TXT",
        "/.git/config",
        "/%2egit/config",
        "/CON",
        "/%00",
        "/%ff%fe",
        "/docs/%2e%2e/inside.txt",
        "/%",
        "/%zz",
    ] {
        watched.get(path).is_refused(&[400, 404], path);
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_11_no_origin_but_ours() {
    let watched = Watched::with("[cors]\norigins = [\"https://app.example\"]\n", &[]);
    let foreign = [
        "null",
        "https://app.example.evil",
        "https://evil-app.example",
        "http://app.example",
        "https://app.example:8443",
        "https://app.example:443",
        "HTTPS://APP.EXAMPLE",
        "https://APP.example",
        "https://app.example/",
        "https://app.example ,x",
        "https://app.example, https://evil.example",
        "*",
        "https://",
        "file://",
    ];
    let paths = [
        NOTES,
        "/rest/v1/rpc/mine",
        "/rest/v1/rpc/nobody",
        "/rest/v1/batch",
        "/api/secret",
        "/api/links/x",
        "/rest/v1/x",
    ];
    for path in paths {
        for origin in foreign {
            for (method, asked) in [("GET", ""), ("POST", ""), ("OPTIONS", "POST")] {
                let mut fields = vec![("Origin", origin)];
                if !asked.is_empty() {
                    fields.push(("Access-Control-Request-Method", asked));
                }
                let answer = watched.send(method, path, &fields, "");
                let allowing: Vec<_> =
                    answer.fields.iter().filter(|(name, _)| name.starts_with("access-control-allow")).collect();
                assert!(allowing.is_empty(), "{method} {path} {origin}: {}", answer.raw);
                assert!(varies(&answer), "{method} {path} {origin}: {}", answer.raw);
            }
        }
        let ours = watched.send("GET", path, &[("Origin", "https://app.example")], "");
        assert_eq!(ours.field("access-control-allow-origin"), "https://app.example", "{path}");
        assert!(varies(&ours) && varies(&watched.get(path)), "{path}: with an origin and without one");
    }
    watched.ends_as_before();
    let open = Watched::start();
    for path in paths {
        let answer = open.send("GET", path, &[("Origin", "https://x.example")], "");
        assert_eq!(answer.field("access-control-allow-origin"), "*", "{path}");
        assert_eq!(answer.field("access-control-allow-credentials"), "", "{path}: never with `*`");
    }
    for path in ["/", "/health", "/metrics"] {
        let answer = open.send("GET", path, &[("Origin", "https://x.example")], "");
        assert_eq!(answer.field("access-control-allow-origin"), "", "{path}: for pages of our own");
    }
    open.ends_as_before();
}

fn varies(answer: &Answer) -> bool {
    answer.field("vary").split(", ").any(|name| name == "Origin")
}

#[test]
fn abuse_http_14_redirects_stay_on_the_host() {
    let watched = Watched::start();
    assert_eq!(watched.get("/docs").field("location"), "./docs/", "a folder without its slash");
    for path in [
        "//evil.example/..",
        "//evil.example/../docs",
        "//evil.example/%2e%2e/docs",
        "/docs?next=//evil.example",
        "/%2fevil.example/docs",
        "/%2f%2fevil.example",
        "/\\evil.example/docs",
        "/%5cevil.example%5c..%5cdocs",
        "///docs",
        "//docs",
        "/.//evil.example/docs",
        "/docs%0d%0aLocation:%20//evil.example",
        "/docs#//evil.example",
        "/docs;//evil",
        "http://evil.example/docs",
        "http://evil.example//evil.example/docs",
    ] {
        for fields in [&[][..], &[("X-Forwarded-Host", "evil.example"), ("Forwarded", "host=evil.example")]] {
            let host = if path.starts_with("http") { "evil.example" } else { "x" };
            let mut request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
            for (name, value) in fields {
                request.push_str(&format!("{name}: {value}\r\n"));
            }
            let answer = watched.raw(format!("{request}\r\n"));
            let location = answer.field("location");
            assert!(location.is_empty() || location == "./docs/", "{path}: {}", answer.raw);
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_15_ranges_send_no_more_than_the_file() {
    let watched = Watched::start();
    let size = 100_000;
    watched.app.save("public/large.bin", &"x".repeat(size));
    watched.app.save("public/small.bin", "0123456789");
    let overlapping = format!("bytes={}", vec!["0-"; 1000].join(","));
    let tiny = format!("bytes={}", (0..1000).map(|i| format!("{i}-{i}")).collect::<Vec<_>>().join(","));
    let ten = format!("bytes={}", (0..10).map(|i| format!("{}-{}", i * 10, i * 10)).collect::<Vec<_>>().join(","));
    for (range, status) in [
        (overlapping.as_str(), 200),
        (tiny.as_str(), 200),
        (ten.as_str(), 206),
        (&format!("{ten},500-501"), 200),
        ("bytes=0-99999,0-99999", 200),
        ("bytes=9-0", 200),
        ("bytes=-0", 416),
        ("bytes=100000-", 416),
        ("bytes=99999999999999999999-", 416),
        ("bytes=-99999999999999999999", 206),
        ("items=0-1", 200),
        ("bytes=0-0,-0", 206),
    ] {
        let answer = watched.send("GET", "/large.bin", &[("Range", range)], "");
        assert_eq!(answer.status, status, "{range}: {:?}", answer.fields);
        assert!(answer.body.len() <= size, "{range}: {}", answer.body.len());
        let small = watched.send("GET", "/small.bin", &[("Range", range)], "");
        assert!(small.status == 416 || small.body.len() <= 10, "{range}: {}", small.raw);
        if status == 416 {
            answer.is_refused(&[416], range);
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_16_nobody_overwrites_what_he_has_not_seen() {
    let watched = Watched::start();
    let tag = watched.get(NOTES).field("etag").to_owned();
    assert!(!tag.is_empty());
    // An action has no version that a tag could be of: both writers are told so, and neither has written.
    let before = watched.get(&format!("{NOTES}?count=100")).body.matches("mine").count();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let answer = watched.send("POST", "/rest/v1/rpc/add_note", &[("If-Match", &tag)], r#"{"body":"mine"}"#);
                answer.is_refused(&[412], &tag);
            });
        }
    });
    assert_eq!(watched.get(&format!("{NOTES}?count=100")).body.matches("mine").count(), before);
    let many = |count: usize| vec!["\"x\""; count].join(",");
    for path in [NOTES, "/"] {
        for name in ["If-None-Match", "If-Match"] {
            watched.send("GET", path, &[(name, &many(65))], "").is_refused(&[400], "65 tags");
            watched.send("GET", path, &[(name, &many(10_000))], "").is_refused(&[400, 431], "10,000 tags");
        }
        watched.send("GET", path, &[("If-Match", "\"x\"")], "").is_refused(&[412], "another version");
    }
    watched.ends_as_before();
}

#[test]
fn abuse_http_19_no_more_than_the_limit_are_let_in() {
    let watched = Watched::with("[server]\nrate_limit = \"200/h\"\n", &[]);
    let admitted = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                for round in 0..15 {
                    let path = [NOTES, "/", "/health", "/nothing", "/metrics", "/api/secret"][round % 6];
                    let answer = watched.get(path);
                    assert!(answer.field("ratelimit-policy") == "\"address\";q=200;w=3600", "{}", answer.raw);
                    assert!(answer.field("ratelimit").starts_with("\"address\";r="), "{}", answer.raw);
                    if answer.status == 429 {
                        answer.is_refused(&[429], path);
                        assert!(answer.field("retry-after").parse::<u32>().is_ok_and(|s| s > 0), "{}", answer.raw);
                    } else {
                        admitted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(admitted.into_inner(), 200, "of 300 at once");
    watched.ends_as_before();
    let watched = Watched::start();
    let queries = vec![r#"{"name":"limited"}"#; 20].join(",");
    let batch = watched.send("POST", "/rest/v1/batch", &[], &format!("{{\"queries\":[{queries}]}}"));
    assert_eq!(batch.body.matches("\"status\":200").count(), 3, "the parts of a batch count one by one: {}", batch.raw);
    assert_eq!(batch.body.matches("\"status\":429").count(), 17, "{}", batch.raw);
    watched.ends_as_before();
}

#[test]
fn abuse_http_21_readiness_is_cheap_and_tells_nothing() {
    let watched = Watched::start();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut stream = watched.connect();
                let mut answer = [0; 4096];
                for round in 0..500 {
                    let path =
                        ["/readyz", "/readyz?verbose", "/readyz?verbose=1&exclude=x", "/health?verbose"][round % 4];
                    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).unwrap();
                    let size = stream.read(&mut answer).unwrap();
                    let text = std::str::from_utf8(&answer[..size]).unwrap();
                    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && !text.contains("checks"), "{text}");
                    assert!(path.starts_with("/health") || text.ends_with("{\"status\":\"pass\"}"), "{text}");
                }
            });
        }
    });
    let took = started.elapsed();
    assert!(took.as_secs() < 20, "2,000 calls took {took:?}");
    let names = ["/readyz", "readyz", "../../readyz", "health"];
    let parts: Vec<String> = (0..500).map(|i| format!("{{\"name\":\"{}\"}}", names[i % 4])).collect();
    let all = format!("{{\"queries\":[{}]}}", parts.join(","));
    watched.send("POST", "/rest/v1/batch", &[], &all).is_refused(&[413], "500 parts");
    let some = format!("{{\"queries\":[{}]}}", parts[..100].join(","));
    let batch = watched.send("POST", "/rest/v1/batch", &[], &some);
    assert_eq!(batch.body.matches("\"status\":404").count(), 100, "no part is a path: {}", batch.raw);
    watched.ends_as_before();
}
