//! `/_/` and the performance figures: who is let in, and what is told.

use crate::support::{Reply, Site, token};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Write as _};
use std::time::{Duration, Instant};

/// Whatever tells something of the app.
const PATHS: [&str; 6] = [
    "/_/",
    "/_/performance",
    "/_/try/greet",
    "/_/try/no_such_name",
    "/admin/v1/performance",
    "/api/performance/monitor",
];
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[test]
fn only_the_service_key_opens_the_pages() {
    let site = Site::start();
    let (user, service) = (token("authenticated"), token("service_role"));
    for path in PATHS {
        for accept in ["*/*", "text/event-stream", "application/json"] {
            let ask = |fields: &[(&str, &str)]| site.send("GET", path, &[fields, &[("accept", accept)]].concat(), "");
            let bearer = |token: &str| format!("Bearer {token}");
            assert_eq!(ask(&[]).status, 401, "{path} {accept}");
            assert_eq!(ask(&[("authorization", &bearer(&user))]).status, 403, "{path} {accept}");
            assert_eq!(ask(&[("authorization", "Bearer nonsense")]).status, 401, "{path} {accept}");
            // Nobody becomes this machine by saying so, and nobody's browser is one of ours.
            for claim in ["x-forwarded-for", "forwarded", "x-real-ip", "martlet-page", "sec-fetch-site"] {
                assert_eq!(ask(&[(claim, "127.0.0.1")]).status, 401, "{path} {claim}");
            }
            assert_eq!(ask(&[("cookie", &format!("key={service}; token={service}"))]).status, 401, "{path}");
        }
        let in_url = site.get(&format!("{path}?apikey={service}&access_token={service}"));
        assert_eq!(in_url.status, 401, "a key in an address would stand in logs: {path}");
        assert_eq!(site.send("HEAD", path, &[], "").status, 401, "{path}");
        for method in ["POST", "PUT", "DELETE"] {
            assert_eq!(site.send(method, path, &[], "").status, 405, "{method} {path}");
        }
    }
    for path in ["/_/", "/_/performance", "/_/try/greet"] {
        let reply = site.get_as(path, &service);
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{path}");
        assert!(reply.body.contains("<h1>") && is_guarded(&reply), "{path}: {reply:?}");
    }
    assert_eq!(site.get_as("/_/try/no_such_name", &service).status, 404);
    assert_eq!(site.send("POST", "/_/token", &[("martlet-page", "1")], "{\"as\":\"service\"}").status, 403);
}

#[test]
fn a_browser_without_a_key_is_shown_nothing_but_where_to_put_it() {
    let site = Site::start();
    let front = site.send("GET", "/_/", &[BROWSER], "");
    assert!(front.status == 200 && front.body.contains("Service key") && is_guarded(&front), "{front:?}");
    for word in ["greet", "notes", env!("CARGO_PKG_VERSION"), "<nav"] {
        assert!(!front.body.contains(word), "{word}");
    }
    for path in PATHS.iter().filter(|path| path.starts_with("/_/")) {
        assert_eq!(site.send("GET", path, &[BROWSER], "").body, front.body, "the same whatever there is: {path}");
        let bad = site.send("GET", path, &[BROWSER, ("authorization", "Bearer nonsense")], "");
        assert_eq!(bad.status, 401, "who sent a key is told that it is not good: {path}");
        let other = site.send("GET", path, &[BROWSER, ("apikey", &token("authenticated"))], "");
        assert_eq!(other.status, 403, "{path}");
    }
    assert_eq!(site.send("GET", "/admin/v1/performance", &[BROWSER], "").status, 401);
}

#[test]
fn dev_is_open_to_this_machine_alone() {
    let site = Site::with(|settings| settings.is_dev = true);
    for path in ["/_/", "/_/performance", "/_/try/greet", "/admin/v1/performance", "/metrics", "/openapi.json"] {
        assert_eq!(site.get(path).status, 200, "{path}");
        // Passed on by a tunnel on this machine; a name of another site that was made to lead here.
        assert_eq!(site.send("GET", path, &[("x-forwarded-for", "203.0.113.9")], "").status, 401, "{path}");
        let rebound = format!("GET {path} HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
        assert_eq!(site.status_of(rebound), 401, "{path}");
    }
    let cross = site.send("GET", "/admin/v1/performance", &[("origin", "https://evil.test")], "");
    assert_eq!(cross.header("access-control-allow-origin"), "", "no other site reads it");
}

#[test]
fn a_token_to_try_with_is_for_our_own_page_in_dev() {
    let site = Site::with(|settings| settings.is_dev = true);
    let own = format!("http://{}", site.address);
    let ask = |fields: &[(&str, &str)], body: &str| site.send("POST", "/_/token", fields, body);
    let page = ("martlet-page", "1");
    let made = ask(&[page, ("origin", &own), ("sec-fetch-site", "same-origin")], "{\"as\":\"service\"}");
    let body: Value = serde_json::from_str(&made.body).unwrap();
    let service = body["token"].as_str().unwrap();
    assert_eq!(site.get_as("/rest/v1/rpc/secrets", service).status, 200);
    let user = "0188aaaa-0000-7000-8000-00000000000f";
    let made = ask(&[page], &format!("{{\"as\":\"user\",\"user_id\":\"{user}\"}}"));
    let body: Value = serde_json::from_str(&made.body).unwrap();
    let who = site.get_as("/rest/v1/rpc/whoami", body["token"].as_str().unwrap()).body;
    assert_eq!(who, format!("{{\"uid\":\"{user}\",\"role\":\"authenticated\"}}"));
    for (fields, why) in [
        (&[][..], "a form of another site"),
        (&[("content-type", "text/plain")], "a form of another site"),
        (&[page, ("origin", "https://evil.test")], "another origin"),
        (&[page, ("origin", "null")], "no origin"),
        (&[page, ("sec-fetch-site", "cross-site")], "another site"),
        (&[page, ("sec-fetch-site", "same-site")], "another origin of the site"),
        (&[page, ("x-forwarded-for", "127.0.0.1")], "passed on"),
    ] {
        assert_eq!(ask(fields, "{\"as\":\"service\"}").status, 403, "{why}");
    }
    for body in ["", "{}", "[]", "{\"as\":\"anon\"}", "{\"as\":\"user\"}", "{\"as\":\"user\",\"user_id\":\"x\"}"] {
        assert_eq!(ask(&[page], body).status, 400, "{body}");
    }
    let long = format!("{{\"as\":\"user\",\"user_id\":\"{}\"}}", "0".repeat(2_000));
    assert_eq!(ask(&[page], &long).status, 400);
    let preflight = site.send("OPTIONS", "/_/token", &[("origin", "https://evil.test")], "");
    assert!(preflight.header("access-control-allow-origin").is_empty(), "{preflight:?}");
}

#[test]
fn the_figures_tell_of_queries_plans_and_tables() {
    let site = Site::cached(std::sync::Arc::new(martlet_core::SystemClock), |_| {});
    for _ in 0..3 {
        assert_eq!(site.get("/rest/v1/rpc/note?id=1").status, 404);
        assert_eq!(site.get("/rest/v1/rpc/greet?name=x").status, 200);
    }
    let service = token("service_role");
    let body: Value = serde_json::from_str(&site.get_as("/admin/v1/performance", &service).body).unwrap();
    let of = |list: &str, name: &str| -> Value {
        let all = body[list].as_array().unwrap_or_else(|| panic!("{list} is no list: {body}"));
        all.iter().find(|item| item["name"] == name).cloned().unwrap_or_default()
    };
    let greet = of("statistics", "greet");
    assert_eq!((&greet["calls"], &greet["cache_hits"]), (&1.into(), &2.into()), "{greet}");
    for figure in ["p50_s", "p95_s", "p99_s", "full_scans", "sorts", "wait_s"] {
        assert!(greet[figure].is_number(), "{figure}: {greet}");
    }
    assert!(body["routes"].as_array().unwrap().iter().any(|route| route["route"] == "/rest/v1/rpc/{name}"));
    assert_eq!(body["cache"]["mode"], "on");
    assert!(body["cache"]["queries"].as_array().unwrap().iter().any(|query| query["name"] == "greet"));
    let plan = of("plans", "note");
    assert!(plan["statements"][0]["plan"][0].as_str().unwrap().starts_with("SEARCH notes"), "{plan}");
    let unproven = of("plans", "notes");
    assert!(unproven["statements"][0]["unproven"][0].as_str().unwrap().contains("read in full"), "{unproven}");
    assert_eq!(of("tables", "notes")["rows_max"], 0);
    assert!(body["indexes"].is_array() && body["last_hour"].is_array());
    for (part, field) in [
        ("admission", "waiting"),
        ("admission", "limit"),
        ("database", "slow"),
        ("coherence", "violations"),
        ("streams", "open"),
    ] {
        assert!(body[part][field].is_number(), "{part}.{field}: {body}");
    }
    assert_eq!(body["pools"][0]["name"], "writer");
    assert_eq!(site.get_as("/api/performance/monitor", &service).status, 200);
}

#[test]
fn the_figures_come_again_by_a_stream_which_ends_with_the_server() {
    let mut site = Site::start();
    let service = token("service_role");
    let open = |path: &str| {
        let mut stream = site.connect();
        let host = site.address;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {service}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let next = |from: &mut dyn std::io::BufRead| {
        let mut line = String::new();
        while from.read_line(&mut line).unwrap() > 0 {
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str::<Value>(data).unwrap());
            }
            line.clear();
        }
        None
    };
    let mut figures = open("/admin/v1/performance");
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(figures.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let head = head.to_lowercase();
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/event-stream"), "{head}");
    assert!(head.contains("cache-control: no-store") && !head.contains("content-encoding"), "{head}");
    let began = Instant::now();
    let first = next(&mut figures).unwrap();
    let mut parts = open("/_/performance");
    let whole = next(&mut parts).unwrap();
    assert!(whole["parts"]["s-tables"].as_str().unwrap().contains("notes") && whole["parts"]["c-requests"].is_string());
    site.get("/rest/v1/rpc/greet?name=x");
    let second = next(&mut figures).unwrap();
    assert!(began.elapsed() >= Duration::from_millis(1_500), "{:?}", began.elapsed());
    let calls = |body: &Value| body["statistics"].as_array().unwrap().len();
    assert_eq!((calls(&first), calls(&second)), (0, 1));
    let changed = next(&mut parts).unwrap();
    assert!(changed["parts"]["s-plans"].as_str().unwrap().contains("greet"), "{changed}");
    assert!(changed["parts"]["s-tables"].is_null(), "what is the same is not sent again");
    site.begin_stop();
    let began = Instant::now();
    while next(&mut figures).is_some() {}
    while next(&mut parts).is_some() {}
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(site.end().is_clean());
}

#[test]
fn streams_of_figures_are_few() {
    let site = Site::start();
    let service = token("service_role");
    let open = || {
        let mut stream = site.connect();
        let host = site.address;
        let request = format!(
            "GET /_/performance HTTP/1.1\r\nHost: {host}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {service}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        (reader, line)
    };
    let mut held: Vec<_> = (0..16).map(|_| open()).collect();
    assert!(held.iter().all(|(_, line)| line.contains(" 200 ")));
    assert!(open().1.contains(" 429 "));
    held.clear();
    let again = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        open().1.contains(" 200 ")
    });
    assert!(again, "a place is given back");
}

#[test]
fn the_pages_files_are_small_and_asked_for_once() {
    let site = Site::start();
    let mut all = 0;
    for (path, kind) in
        [("/_/page.css", "text/css"), ("/_/page.js", "text/javascript"), ("/_/icon.svg", "image/svg+xml")]
    {
        let reply = site.get(path);
        assert!(reply.status == 200 && reply.header("content-type").starts_with(kind), "{path}: {}", reply.status);
        assert!(is_guarded(&reply), "{path}");
        all += reply.bytes.len();
        let again = site.send("GET", path, &[("if-none-match", reply.header("etag"))], "");
        assert_eq!(again.status, 304, "{path}");
        let packed = site.send("GET", path, &[("accept-encoding", "gzip")], "");
        assert!(packed.bytes.len() <= reply.bytes.len(), "{path}");
    }
    let page = site.get_as("/_/performance", &token("service_role")).bytes.len();
    assert!(all + page < 60_000, "{all} and {page} bytes");
    let front = site.get("/_");
    assert_eq!((front.status, front.header("location")), (308, "/_/"));
}

/// Nothing inline, in nobody's frame.
fn is_guarded(reply: &Reply) -> bool {
    let policy = reply.header("content-security-policy");
    let has_inline = ["<style", " style=", "<script>", " onclick=", "javascript:"];
    policy.contains("default-src 'none'")
        && policy.contains("script-src 'self';")
        && policy.contains("frame-ancestors 'none'")
        && !policy.contains("unsafe")
        && reply.header("x-frame-options") == "DENY"
        && (!reply.header("content-type").starts_with("text/html")
            || has_inline.iter().all(|inline| !reply.body.contains(inline)))
}
