//! Callers who claim to be others, and answers that others could be given, through the real binary.

use super::watched::Watched;
use crate::support::ANA;
use std::io::ErrorKind;
use std::net::TcpListener;

const NOTES: &str = "/rest/v1/rpc/notes";
const MINE: &str = "/rest/v1/rpc/mine";
const BEN: &str = "7d2a5d4e-6a61-4c4e-9a0c-0f6f3f6f9b22";

#[test]
fn abuse_auth_05_a_claimed_address_counts_for_nothing() {
    let watched = Watched::with("[server]\nrate_limit = \"200/h\"\n", &[]);
    let mut admitted = 0;
    for round in 0..=255 {
        let address = format!("203.0.113.{round}");
        let forwarded = format!("for={address};proto=https");
        let fields = [
            ("X-Forwarded-For", address.as_str()),
            ("X-Real-IP", &address),
            ("Forwarded", &forwarded),
            ("True-Client-IP", &address),
            ("CF-Connecting-IP", &address),
            ("X-Client-IP", &address),
        ];
        admitted += usize::from(watched.send("GET", "/livez", &fields, "").status == 200);
    }
    assert_eq!(admitted, 200, "the peer is counted, whatever it claims");
    watched.ends_as_before();
    // Behind a proxy of ours, what the proxy has added last counts, and not what the caller wrote before it.
    let watched = Watched::with("[server]\nrate_limit = \"200/h\"\ntrusted_proxies = [\"127.0.0.1\"]\n", &[]);
    let admitted = |claim: &dyn Fn(usize) -> String| {
        let is_let_in =
            |round: &usize| watched.send("GET", "/livez", &[("X-Forwarded-For", &claim(*round))], "").status == 200;
        (0..=255).filter(is_let_in).count()
    };
    assert_eq!(admitted(&|round| format!("198.51.100.{round}, 203.0.113.7")), 200);
    assert_eq!(admitted(&|round| format!("198.51.100.{round}\r\nX-Forwarded-For: 203.0.113.8")), 200);
    assert_eq!(admitted(&|round| format!("192.0.2.{round}")), 256, "each an address of its own");
    watched.ends_as_before();
}

#[test]
fn abuse_auth_31_no_token_chooses_its_key() {
    let watched = Watched::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let good = watched.token(ANA);
    let mut parts = good.split('.');
    let (_, claims, signature) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
    let headers = [
        r#"{"alg":"none"}"#.to_owned(),
        r#"{"alg":"nOnE","typ":"JWT"}"#.to_owned(),
        r#"{"alg":"HS512"}"#.to_owned(),
        r#"{"alg":"RS256"}"#.to_owned(),
        r#"{"alg":"EdDSA"}"#.to_owned(),
        r#"{"alg":"HS256","kid":"../../../../dev/null"}"#.to_owned(),
        r#"{"alg":"HS256","kid":"x' union select 'k' --"}"#.to_owned(),
        r#"{"alg":"HS256","jwk":{"kty":"oct","k":"c2VjcmV0"}}"#.to_owned(),
        format!(r#"{{"alg":"HS256","jku":"{url}"}}"#),
        format!(r#"{{"alg":"RS256","x5u":"{url}"}}"#),
    ];
    for header in headers {
        let header = base64url(header.as_bytes());
        for signature in ["", signature, "AA"] {
            let forged = format!("{header}.{claims}.{signature}");
            for fields in [[("Authorization", format!("Bearer {forged}"))], [("apikey", forged.clone())]] {
                let [(name, value)] = &fields;
                let answer = watched.send("GET", MINE, &[(*name, value)], "");
                answer.is_refused(&[401], &forged);
                assert!(answer.field("www-authenticate").contains("invalid_token"), "{}", answer.raw);
            }
        }
        let unsigned = format!("{header}.{claims}");
        watched.get_as(MINE, &unsigned).is_refused(&[401], &unsigned);
    }
    assert_eq!(listener.accept().map(|_| ()).unwrap_err().kind(), ErrorKind::WouldBlock, "nothing was looked up");
    assert_eq!(watched.get_as(MINE, &good).status, 200);
    watched.ends_as_before();
}

#[test]
fn abuse_auth_32_each_kind_for_its_own_purpose() {
    let watched = Watched::start();
    for _ in 0..3 {
        assert_eq!(watched.send("POST", "/rest/v1/rpc/add_note", &[], r#"{"body":"x"}"#).status, 200);
    }
    let page: serde_json::Value = serde_json::from_str(&watched.get("/rest/v1/rpc/pages?size=2").body).unwrap();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let (user, service) = (watched.token(ANA), watched.service_token());
    watched.get_as(MINE, &cursor).is_refused(&[401], "a cursor as a token");
    watched.send("GET", MINE, &[("apikey", &cursor)], "").is_refused(&[401], "a cursor as a key");
    for token in [&user, &service] {
        let path = format!("/rest/v1/rpc/pages?cursor={token}");
        watched.get(&path).is_refused(&[400], "a token as a cursor");
    }
    assert_eq!(watched.get(&format!("/rest/v1/rpc/pages?cursor={cursor}")).status, 200);
    watched.get_as(&format!("/rest/v1/rpc/pages?cursor={cursor}"), &user).is_refused(&[400], "another caller's cursor");
    watched.ends_as_before();
}

#[test]
fn abuse_cache_01_a_private_answer_is_its_callers() {
    let watched = Watched::start();
    let (ana, ben) = (watched.token(ANA), watched.token(BEN));
    let headers = [("Authorization", format!("Bearer {ana}"))];
    let body = r#"{"body":"of ana"}"#;
    let fields: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(watched.send("POST", "/rest/v1/rpc/add_note", &fields, body).status, 200);
    for path in [MINE, "/api/secret", "/rest/v1/rpc/mine?select=*"] {
        for name in ["Authorization", "apikey"] {
            let value = |token: &str| if name == "apikey" { token.to_owned() } else { format!("Bearer {token}") };
            let own = watched.send("GET", path, &[(name, &value(&ana))], "");
            assert_eq!((own.status, own.field("cache-control")), (200, "private, no-cache"), "{path}");
            assert!(own.field("vary").starts_with("Authorization, apikey"), "{}", own.raw);
            assert_eq!(own.field("cdn-cache-control"), "");
            let of_ben = watched.send("GET", path, &[(name, &value(&ben)), ("If-None-Match", own.field("etag"))], "");
            assert!(of_ben.status == 200 && !of_ben.body.contains("of ana") && !of_ben.body.contains(ANA), "{path}");
        }
        let stranger = watched.get(path);
        stranger.is_refused(&[401], path);
        assert!(!stranger.raw.contains("of ana"));
        let cookie = format!("access_token={ana}; sb-access-token={ana}");
        watched.send("GET", path, &[("Cookie", &cookie)], "").is_refused(&[401], "a token in a cookie is none");
        for name in ["access_token", "apikey", "token"] {
            let query = if path.contains('?') { '&' } else { '?' };
            let answer = watched.get(&format!("{path}{query}{name}={ana}"));
            answer.is_refused(&[400, 401], "a token in the URL is none");
        }
    }
    watched.ends_as_before();
}

/// Nothing that a request may carry changes what the next caller of the same URL is given.
fn is_unchanged_by(watched: &Watched, paths: &[&str], all: &[(String, String)]) {
    for path in paths {
        let before = watched.get(path);
        assert_eq!(before.status, 200, "{path}");
        for (name, value) in all {
            let odd = watched.send("GET", path, &[(name, value)], "");
            assert!(!odd.raw.contains("evil"), "{name}: nothing is reflected: {}", odd.raw);
            let after = watched.get(path);
            assert_eq!((after.status, &after.body), (200, &before.body), "{path} after {name}");
            for field in ["etag", "content-type", "cache-control", "vary", "location", "content-encoding"] {
                assert_eq!(after.field(field), before.field(field), "{path} after {name}: {field}");
            }
        }
    }
}

const PATHS: [&str; 4] = ["/rest/v1/rpc/link?token=a", "/api/links/a", "/", "/docs/"];

#[test]
fn abuse_cache_06_host_scheme_and_port_poison_nothing() {
    let watched = Watched::start();
    let all = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "evil"),
        ("X-Forwarded-Scheme", "evil"),
        ("X-Forwarded-Port", "666"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-URL", "/evil"),
        ("X-Rewrite-URL", "/evil"),
        ("X-Original-Host", "evil.example"),
        ("X-Host", "evil.example"),
        ("Forwarded", "host=evil.example;proto=evil"),
    ];
    let all: Vec<_> = all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    is_unchanged_by(&watched, &PATHS, &all);
    for path in PATHS {
        let before = watched.get(path);
        for host in ["evil.example", "evil.example:666", "EVIL.example"] {
            let odd = watched.raw(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
            assert!(odd.body == before.body && !odd.raw.contains("evil"), "{}", odd.raw);
        }
        assert_eq!(watched.get(path).body, before.body);
    }
    watched.ends_as_before();
}

#[test]
fn abuse_cache_07_no_odd_header_changes_a_later_answer() {
    let watched = Watched::start();
    let mut all: Vec<(String, String)> = (0..120).map(|i| (format!("X-Odd-{i}"), format!("evil-{i}"))).collect();
    for name in [
        "Accept-Language",
        "Accept-Charset",
        "Cookie",
        "Content-Language",
        "Content-Type",
        "Content-Encoding",
        "DNT",
        "Expect-CT",
        "From",
        "Link",
        "Location",
        "Max-Forwards",
        "Origin-Agent-Cluster",
        "Pragma",
        "Cache-Control",
        "Priority",
        "Referer",
        "Refresh",
        "Save-Data",
        "Sec-CH-UA",
        "Sec-Fetch-Dest",
        "Sec-Fetch-Mode",
        "Sec-Fetch-Site",
        "Service-Worker",
        "TE",
        "Trailer",
        "Upgrade-Insecure-Requests",
        "User-Agent",
        "Via",
        "Viewport-Width",
        "Warning",
        "Width",
        "X-Amz-Website-Redirect",
        "X-ATT-DeviceId",
        "X-CSRF-Token",
        "X-DNS-Prefetch-Control",
        "X-Frame-Options",
        "X-HTTP-Destination",
        "X-Wap-Profile",
        "X-Requested-With",
        "X-Timer",
        "X-UA-Compatible",
        "X-UIDH",
        "X-WebKit-CSP",
        "X-XSS-Protection",
        "Accept-Datetime",
        "A-IM",
        "Access-Control-Request-Headers",
        "Alt-Used",
        "Date",
        "Depth",
        "Destination",
        "Ect",
        "Device-Memory",
        "Digest",
        "Downlink",
        "DPR",
        "Early-Data",
        "Last-Event-ID",
        "Lock-Token",
        "Overwrite",
        "Ping-From",
        "RTT",
        "Surrogate-Capability",
        "Timeout",
        "Traceparent",
        "Tracestate",
        "Baggage",
        "X-Akamai-Debug",
        "X-Cache",
        "X-Cdn",
        "X-Device",
        "X-Geo-Country",
        "X-Middleware-Subrequest",
        "X-Nextjs-Data",
        "Rsc",
        "Next-Router-State-Tree",
        "X-Powered-By",
        "X-Tenant",
        "X-User",
        "X-Role",
    ] {
        all.push((name.to_owned(), "evil".to_owned()));
    }
    assert!(all.len() >= 200, "{}", all.len());
    is_unchanged_by(&watched, &PATHS[..2], &all);
    is_unchanged_by(&watched, &PATHS[2..3], &all);
    watched.ends_as_before();
}

#[test]
fn abuse_cache_08_a_private_answer_is_no_file() {
    let watched = Watched::start();
    let ana = watched.token(ANA);
    for path in [MINE, "/api/secret"] {
        for end in [
            "/x.css",
            "/x.js",
            ";.js",
            ";x.css",
            "%2fx.png",
            "%2Fx.png",
            "/%2e%2e/x.css",
            "%0a.css",
            "%0d%0a.css",
            "%00.css",
            ".css",
            "/.css",
            "/",
            "%3fx.css",
            "%23.css",
            "%252fx.css",
            "~.css",
            ",x.css",
            "!x.css",
        ] {
            let answer = watched.get_as(&format!("{path}{end}"), &ana);
            answer.is_refused(&[400, 404], end);
            assert!(!answer.raw.contains(ANA), "{end}");
        }
        for query in ["x.css", "/x.css"] {
            let answer = watched.get_as(&format!("{path}?{query}"), &ana);
            assert_eq!(answer.field("cache-control"), "no-store", "{query}: {}", answer.raw);
        }
    }
    watched.ends_as_before();
}

#[test]
fn abuse_cache_09_errors_and_parts_are_not_kept() {
    let watched = Watched::start();
    let ana = watched.token(ANA);
    for _ in 0..3 {
        watched.get("/rest/v1/rpc/limited");
    }
    for (answer, status) in [
        (watched.get(MINE), 401),
        (watched.get_as(MINE, "x"), 401),
        (watched.get_as("/metrics", &ana), 403),
        (watched.get("/rest/v1/rpc/nobody"), 404),
        (watched.get("/nothing.css"), 404),
        (watched.get("/rest/v1/rpc/add_note"), 405),
        (watched.get("/rest/v1/rpc/limited"), 429),
        (watched.get("/rest/v1/rpc/notes?count=x"), 400),
        (watched.send("GET", NOTES, &[("Accept", "image/png")], ""), 406),
        (watched.send("GET", "/", &[("If-Match", "\"x\"")], ""), 412),
    ] {
        answer.is_refused(&[status], "no-store");
    }
    let part = watched.send("GET", "/", &[("Range", "bytes=0-3")], "");
    assert_eq!((part.status, part.field("cache-control")), (206, "no-cache"));
    for path in [NOTES, "/", "/health", "/livez", "/docs", "/nothing"] {
        let answer = watched.get_as(path, &ana);
        assert_eq!(answer.field("set-cookie"), "", "{path}");
        let cache = answer.field("cache-control");
        assert!(["no-store", "no-cache", "public, max-age=0, must-revalidate"].contains(&cache), "{path}: {cache}");
    }
    watched.ends_as_before();
}

fn base64url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
