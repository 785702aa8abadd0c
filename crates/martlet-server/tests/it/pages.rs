//! Static files, health, and what `dev` adds.

use crate::support::{Site, token};
use std::time::{Duration, Instant};

#[test]
fn files_are_served_with_conditions_and_ranges() {
    let site = Site::start();
    let home = site.get("/");
    assert_eq!(home.told(), (200, "<body>home</body>"));
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert!(home.header("content-security-policy").starts_with("default-src 'self'"));
    assert_eq!(home.header("referrer-policy"), "no-referrer");
    let again = site.send("GET", "/", &[("if-none-match", home.header("etag"))], "");
    assert_eq!(again.told(), (304, ""));
    let head = site.send("HEAD", "/app.js", &[("range", "bytes=0-1")], "");
    assert_eq!((head.told(), head.header("content-length")), ((200, ""), "10"));
    let part = site.send("GET", "/app.js", &[("range", "bytes=2-4")], "");
    assert_eq!((part.told(), part.header("content-range")), ((206, "234"), "bytes 2-4/10"));
    let large = site.get("/large.bin");
    assert_eq!((large.body.len(), large.header("content-length")), (3_000_000, "3000000"));
}

#[test]
fn abuse_http_15_over_http() {
    let site = Site::start();
    let many = format!("bytes={}", vec!["0-"; 1000].join(","));
    for (range, status) in
        [(many.as_str(), 200), ("bytes=9-0", 200), ("items=0-1", 200), ("bytes=-0", 416), ("bytes=10-", 416)]
    {
        let reply = site.send("GET", "/app.js", &[("range", range)], "");
        assert_eq!(reply.status, status, "{range}");
        if status == 200 {
            assert_eq!(reply.body, "0123456789");
        }
    }
}

#[test]
fn abuse_http_10_over_http() {
    let site = Site::start();
    std::fs::write(site.public().join("../secret.txt"), "secret").unwrap();
    for path in
        ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%252e%252e/secret.txt", "/..\\secret.txt"]
    {
        let reply = site.get(path);
        assert!(matches!(reply.status, 400 | 404) && !reply.body.contains("secret\n"), "{path}: {reply:?}");
        assert_ne!(reply.body, "secret");
    }
}

#[test]
fn health_tells_how_it_is() {
    let site = Site::start();
    for path in ["/livez", "/readyz", "/startupz"] {
        let reply = site.get(path);
        assert_eq!(reply.told(), (200, r#"{"status":"pass"}"#), "{path}");
        assert_eq!(reply.header("content-type"), "application/health+json");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(site.send("HEAD", path, &[], "").told(), (200, ""));
    }
    for path in ["/health", "/api/health"] {
        let body: serde_json::Value = serde_json::from_str(&site.get(path).body).unwrap();
        assert_eq!((&body["status"], &body["database"]), (&"pass".into(), &"up".into()));
        assert!(body["uptime"].is_u64() && body["memory"].as_u64().unwrap() > 0 && body["timestamp"].is_string());
        assert!(body["checks"].is_null(), "details are for the service");
        let inside: serde_json::Value = serde_json::from_str(&site.get_as(path, &token("service_role")).body).unwrap();
        assert_eq!(inside["checks"]["sqlite:writable"][0]["status"], "pass");
    }
    let started = Instant::now();
    for _ in 0..100 {
        site.get("/readyz");
    }
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
}

#[test]
fn dev_shows_why_the_app_was_not_reloaded() {
    let site = Site::with(|settings| settings.is_dev = true);
    let home = site.get("/");
    assert!(home.body.contains("<script src=\"/_dev/reload.js\" defer></script>"), "{}", home.body);
    assert_eq!(site.get("/_dev/reload.js").header("content-type"), "text/javascript; charset=utf-8");
    let status = || -> serde_json::Value { serde_json::from_str(&site.get("/_dev/status").body).unwrap() };
    let before = status();
    assert!(before["error"].is_null());
    site.handle.set_reload_error(Some("queries/a.sql:1:1".to_owned()));
    assert_eq!(status()["error"], "queries/a.sql:1:1");
    let marked = site.get("/rest/v1/rpc/greet?name=x");
    assert_eq!((marked.status, marked.header("x-martlet-reload-error")), (200, "1"));
    site.handle.set_reload_error(None);
    site.handle.reloaded();
    assert_ne!(status()["version"], before["version"]);
    assert_eq!(site.get("/rest/v1/rpc/greet?name=x").header("x-martlet-reload-error"), "");
    let production = Site::start();
    assert_eq!(production.get("/_dev/status").status, 404);
    assert!(!production.get("/").body.contains("_dev"));
}
