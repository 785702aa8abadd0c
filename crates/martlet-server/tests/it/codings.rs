//! Tags, conditions, compression, timing: the same for every answer.

use crate::support::{Reply, Site, token};
use std::io::Read as _;

const SERIES: &str = "/rest/v1/rpc/series?high=100";

fn decoded(reply: &Reply) -> String {
    let mut out = Vec::new();
    match reply.header("content-encoding") {
        "" => out.extend_from_slice(&reply.bytes),
        "gzip" => drop(flate2::read::GzDecoder::new(&reply.bytes[..]).read_to_end(&mut out).unwrap()),
        "br" => brotli::BrotliDecompress(&mut &reply.bytes[..], &mut out).unwrap(),
        "zstd" => {
            out.reserve(1 << 20);
            zstd_safe::decompress(&mut out, &reply.bytes).unwrap();
        }
        other => panic!("{other}"),
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn answers_are_compressed_as_the_caller_likes() {
    let site = Site::start();
    let get = |path: &str, accepted: &str| site.send("GET", path, &[("accept-encoding", accepted)], "");
    let plain = site.get(SERIES);
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
    assert_eq!(plain.header("vary"), "Accept, Accept-Encoding, Prefer, Origin");
    for (accepted, coding) in [
        ("gzip, deflate, br, zstd", "zstd"),
        ("br, gzip", "br"),
        ("gzip", "gzip"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("identity, zstd;q=0.5", ""),
        ("deflate", ""),
    ] {
        let reply = get(SERIES, accepted);
        assert_eq!((reply.status, reply.header("content-encoding")), (200, coding), "{accepted}");
        assert_eq!(reply.header("content-length"), reply.bytes.len().to_string());
        assert_eq!(reply.header("vary"), plain.header("vary"));
        assert_eq!(decoded(&reply), plain.body, "{accepted}");
    }
    let small = get("/rest/v1/rpc/greet?name=x", "gzip");
    assert_eq!((small.header("content-encoding"), small.body.as_str()), ("", r#"[{"greeting":"x"}]"#));
    let must = get("/rest/v1/rpc/greet?name=x", "identity;q=0, gzip");
    assert_eq!((must.header("content-encoding"), decoded(&must)), ("gzip", r#"[{"greeting":"x"}]"#.to_owned()));
    let head = site.send("HEAD", SERIES, &[("accept-encoding", "gzip")], "");
    let gzip = get(SERIES, "gzip");
    for name in ["etag", "content-length", "content-encoding", "content-type", "vary", "cache-control"] {
        assert_eq!(head.header(name), gzip.header(name), "{name}");
    }
    assert!(head.bytes.is_empty());
}

#[test]
fn large_answers_and_batches_are_compressed_too() {
    let site = Site::start();
    let path = "/rest/v1/rpc/series?high=9000";
    let plain = site.get(path);
    assert!(plain.bytes.len() > 300_000, "longer than any answer that is compressed on a worker");
    for coding in ["zstd", "br", "gzip"] {
        let reply = site.send("GET", path, &[("accept-encoding", coding)], "");
        assert_eq!(reply.header("content-encoding"), coding);
        assert_eq!(decoded(&reply), plain.body);
    }
    let batch = r#"{"queries":[{"name":"series","args":{"high":100}}]}"#;
    let headers = [("content-type", "application/json"), ("accept-encoding", "br")];
    let reply = site.send("POST", "/rest/v1/batch", &headers, batch);
    assert_eq!(reply.header("content-encoding"), "br");
    assert!(decoded(&reply).starts_with(r#"[{"status":200,"body":[{"number":1,"#));
    let posted = site.send("POST", "/rest/v1/rpc/series", &headers, r#"{"high":100}"#);
    assert_eq!((posted.header("content-encoding"), posted.header("etag")), ("br", ""));
}

#[test]
fn a_caller_that_has_the_answer_is_told_so() {
    let site = Site::start();
    let plain = site.get(SERIES);
    let zstd = site.send("GET", SERIES, &[("accept-encoding", "zstd")], "");
    let (tag, zstd_tag) = (plain.header("etag"), zstd.header("etag"));
    assert!(tag.starts_with('"') && zstd_tag == format!("{}-zstd\"", tag.trim_end_matches('"')), "{tag} {zstd_tag}");
    for (condition, accepted, told) in [
        (tag.to_owned(), "", tag),
        (zstd_tag.to_owned(), "", zstd_tag),
        (tag.to_owned(), "gzip", tag),
        (format!("W/{tag}"), "", tag),
        (format!("\"other\", {zstd_tag}"), "gzip", zstd_tag),
        ("*".to_owned(), "", tag),
    ] {
        let headers = [("if-none-match", condition.as_str()), ("accept-encoding", accepted)];
        for method in ["GET", "HEAD"] {
            let reply = site.send(method, SERIES, &headers, "");
            assert_eq!((reply.told(), reply.header("etag")), ((304, ""), told), "{method} {condition}");
            for name in ["cache-control", "cdn-cache-control", "vary"] {
                assert_eq!(reply.header(name), plain.header(name), "{name}");
            }
            assert!(!reply.header("martlet-position").is_empty() && reply.header("content-encoding").is_empty());
        }
    }
    let other = site.send("GET", "/rest/v1/rpc/series?high=99", &[("if-none-match", tag)], "");
    assert_eq!(other.status, 200);
    let csv = site.send("GET", SERIES, &[("if-none-match", tag), ("accept", "text/csv")], "");
    assert_eq!(csv.status, 200, "another form is another answer");
    assert_eq!(
        (plain.header("cdn-cache-control"), plain.header("martlet-cache")),
        (plain.header("cache-control"), "store")
    );
}

#[test]
fn abuse_http_16_conditions_over_http() {
    let site = Site::start();
    let user = format!("Bearer {}", token("authenticated"));
    let act = |condition: (&str, &str)| {
        let headers = [("content-type", "application/json"), ("authorization", user.as_str()), condition];
        site.send("POST", "/rest/v1/rpc/add_note", &headers, r#"{"text":"x"}"#)
    };
    for tag in ["\"x\"", "*"] {
        assert_eq!(act(("if-match", tag)).status, 412, "an action has no version that could match");
    }
    assert_eq!(site.get_as("/rest/v1/rpc/notes", &token("authenticated")).body, "[]", "nothing ran");
    let of = |name: &str, value: &str| site.send("GET", SERIES, &[(name, value)], "").status;
    let tag = site.get(SERIES).header("etag").to_owned();
    assert_eq!((of("if-match", &tag), of("if-match", "*"), of("if-match", "\"x\"")), (200, 200, 412));
    assert_eq!(of("if-match", &format!("W/{tag}")), 412);
    let list = |count| vec!["\"x\""; count].join(",");
    assert_eq!((of("if-none-match", &list(64)), of("if-none-match", &list(65))), (200, 400));
    assert_eq!(of("if-none-match", &list(10_000)), 431, "past the limit of header fields");
    assert_eq!((of("if-none-match", "\"open"), of("if-none-match", "é")), (200, 200));
}

#[test]
fn abuse_http_08_compressed_bodies() {
    let site = Site::start();
    for path in ["/rest/v1/rpc/greet", "/rest/v1/rpc/add_note", "/rest/v1/batch"] {
        for codings in [
            "gzip",
            "br",
            "zstd",
            "deflate",
            "nonsense",
            "gzip, gzip, gzip, gzip, br",
            "identity\r\nContent-Encoding: gzip",
        ] {
            // Not a byte of the body comes: it is refused without being looked at, so it cannot unfold.
            let status = site.status_of(format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n\
                 Content-Length: 1048576\r\nContent-Encoding: {codings}\r\n\r\n"
            ));
            assert_eq!(status, 415, "{path} {codings}");
        }
    }
    let headers = [("content-type", "application/json"), ("content-encoding", "identity")];
    assert_eq!(site.send("POST", "/rest/v1/rpc/greet", &headers, r#"{"name":"x"}"#).status, 200);
}

#[test]
fn abuse_http_18_nothing_secret_rides_on_a_strangers_request() {
    let site = Site::start();
    let user = token("authenticated");
    // A page of another origin can send cookies along, never this token: what it makes a browser ask is anonymous.
    let cookie = format!("access_token={user}; sb-access-token={user}; Authorization=Bearer {user}");
    let headers = [("cookie", cookie.as_str()), ("accept-encoding", "gzip")];
    assert_eq!(site.send("GET", "/rest/v1/rpc/notes", &headers, "").code(), (401, "42501".to_owned()));
    assert_eq!(site.send("GET", "/rest/v1/rpc/whoami", &headers, "").body, r#"{"uid":null,"role":"anon"}"#);
}

#[test]
fn every_answer_tells_the_servers_share() {
    let site = Site::start();
    for path in
        ["/rest/v1/rpc/greet?name=x", "/", "/app.js", "/nothing", "/health", "/rest/v1/rpc/nobody", "/rest/v1/x"]
    {
        let timing = site.get(path).header("server-timing").to_owned();
        let total = timing.split(", ").next().unwrap().strip_prefix("total;dur=").map(str::parse::<f64>);
        assert!(matches!(total, Some(Ok(total)) if total < 10_000.0), "{path}: {timing}");
    }
    assert!(site.get("/rest/v1/rpc/greet?name=x").header("server-timing").contains(", db;dur="));
    let batch = site.post("/rest/v1/batch", r#"{"queries":[{"name":"whoami"}]}"#);
    assert!(batch.header("server-timing").contains(", db;dur="));
}
