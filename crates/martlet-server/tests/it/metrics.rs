//! `/metrics`, checked as promtool checks it, and the statistics.

use crate::support::{Site, token};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn only_the_service_sees_the_page() {
    let site = Site::start();
    for path in ["/metrics", "/admin/v1/stats", "/admin/v1/cache", "/admin/v1/history", "/api/performance/monitor"] {
        assert_eq!(site.get(path).status, 401, "{path}");
        assert_eq!(site.get_as(path, &token("authenticated")).status, 403, "{path}");
        assert_eq!(site.get_as(path, "nonsense").status, 401, "{path}");
        let reply = site.get_as(path, &token("service_role"));
        assert_eq!((reply.status, reply.header("cache-control")), (200, "no-store"), "{path}");
    }
    let dev = Site::with(|settings| settings.is_dev = true);
    assert_eq!(dev.get("/metrics").status, 200);
}

#[test]
fn only_the_service_tells_the_cache_what_to_do() {
    let site = Site::start();
    let ask = |method: &str, query: &str, token: &str| {
        let bearer = format!("Bearer {token}");
        let fields = if token.is_empty() { Vec::new() } else { vec![("authorization", bearer.as_str())] };
        site.send(method, &format!("/admin/v1/cache{query}"), &fields, "")
    };
    let service = token("service_role");
    for (method, query) in [("DELETE", ""), ("DELETE", "?query=greet"), ("PUT", "?named=x&ttl_ms=1"), ("POST", "")] {
        assert_eq!(ask(method, query, "").status, 401, "{method} {query}");
        assert_eq!(ask(method, query, &token("authenticated")).status, 403, "{method} {query}");
    }
    for (method, query, status, code) in [
        ("DELETE", "", 200, "cleared"),
        ("DELETE", "?query=greet", 200, "cleared"),
        ("DELETE", "?query=gret", 404, "MRT030"),
        ("DELETE", "?named=x", 404, "MRT030"),
        ("DELETE", "?all=1", 400, "MRT002"),
        ("DELETE", "?query=greet&query=greet", 400, "MRT002"),
        ("DELETE", "?query=%zz", 400, "MRT002"),
        ("PUT", "", 400, "MRT002"),
        ("PUT", "?named=x&ttl_ms=1", 404, "MRT030"),
        ("PUT", "?named=x&ttl_ms=0", 400, "MRT001"),
        ("PUT", "?named=x&ttl_ms=-5", 400, "MRT001"),
        ("PUT", "?named=x&ttl_ms=99999999999999999999", 400, "MRT001"),
        ("POST", "", 200, "filled"),
        ("POST", "?query=greet", 404, "MRT030"),
        ("POST", "?query=gret", 404, "did you mean greet?"),
        ("POST", "?named=x", 400, "MRT002"),
        ("PATCH", "", 405, "PGRST117"),
    ] {
        let reply = ask(method, query, &service);
        assert!(reply.status == status && reply.body.contains(code), "{method} {query}: {reply:?}");
    }
}

#[test]
fn both_forms_are_sound() {
    let site = Site::start();
    site.get("/rest/v1/rpc/greet?name=x");
    site.get("/rest/v1/rpc/no_such_query");
    site.get("/no/such/file");
    site.get("/app.js");
    let service = format!("Bearer {}", token("service_role"));
    let get = |accept: &str| site.send("GET", "/metrics", &[("authorization", &service), ("accept", accept)], "");
    let text = get("text/plain");
    assert_eq!(text.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    check(&text.body, false);
    let open = get("application/openmetrics-text; version=1.0.0,text/plain;q=0.5");
    assert_eq!(open.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    check(&open.body, true);
    let page = &text.body;
    let route = "http_route=\"/rest/v1/rpc/{name}\",http_response_status_code=\"200\"";
    assert!(page.contains(route) && page.contains("http_route=\"/{*path}\""), "{page}");
    assert!(page.contains("martlet_name=\"greet\"") && page.contains("db_operation_name=\"SELECT\""), "{page}");
    assert!(!page.contains("no_such") && !page.contains("no/such"), "nothing of a request's is a label: {page}");
    // M6: every threshold that a target names is a bound.
    for bound in ["0.01", "0.05", "0.1", "0.2", "0.3", "0.5", "1.0", "2.0"] {
        assert!(
            page.contains(&format!("error_type=\"\",le=\"{bound}\"")) || page.contains(&format!(",le=\"{bound}\""))
        );
    }
    assert!(page.lines().count() < 500, "few series at rest");
}

#[test]
fn statistics_tell_of_each_query() {
    let site = Site::start();
    for _ in 0..3 {
        site.get("/rest/v1/rpc/greet?name=x");
    }
    let reply = site.get_as("/admin/v1/stats", &token("service_role"));
    let body: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
    let greet = body["statistics"].as_array().unwrap().iter().find(|plan| plan["name"] == "greet").unwrap();
    assert_eq!((greet["calls"].as_u64(), greet["errors"].as_u64()), (Some(3), Some(0)), "{greet}");
    assert!(greet["p50_s"].as_f64() <= greet["p99_s"].as_f64() && greet["statements"][0]["operation"] == "SELECT");
    assert!(body["routes"].as_array().unwrap().iter().any(|route| route["route"] == "/rest/v1/rpc/{name}"));
}

#[test]
fn health_has_the_plain_fields() {
    let site = Site::start();
    let body: serde_json::Value = serde_json::from_str(&site.get("/health").body).unwrap();
    for field in ["status", "database", "cache", "redis", "search", "uptime", "memory", "timestamp"] {
        assert!(!body[field].is_null(), "{field}: {body}");
    }
    assert!(body["checks"].is_null());
    let cached = Site::cached(std::sync::Arc::new(martlet_core::SystemClock), |_| {});
    assert_eq!((body["cache"].as_str(), cached.get("/health").body.contains("\"cache\":\"up\"")), (Some("off"), true));
    let strict = Site::with(|settings| settings.health_required.push(martlet_server::HealthPart::Redis));
    let reply = strict.get("/api/health");
    assert!(reply.status == 503 && reply.body.contains("health.required"), "{reply:?}");
}

/// What `promtool check metrics` and OpenMetrics ask of a page.
fn check(page: &str, is_open: bool) {
    let mut kinds: BTreeMap<&str, &str> = BTreeMap::new();
    let mut helped = BTreeSet::new();
    let mut family = "";
    let mut closed = BTreeSet::new();
    let mut series = BTreeSet::new();
    let mut buckets: BTreeMap<String, u64> = BTreeMap::new();
    assert!(page.ends_with('\n') && page.ends_with("# EOF\n") == is_open);
    for line in page.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# ") {
            let (word, rest) = rest.split_once(' ').unwrap();
            let (name, text) = rest.split_once(' ').unwrap();
            assert!(!text.is_empty(), "{line}");
            if name != family {
                assert!(closed.insert(name), "a family stands once: {name}");
                family = name;
            }
            match word {
                "HELP" => assert!(helped.insert(name), "{line}"),
                "TYPE" => assert!(kinds.insert(name, text).is_none(), "{line}"),
                "UNIT" => assert!(is_open && name.ends_with(text), "{line}"),
                _ => panic!("{line}"),
            }
            let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            assert!(is_name && !name.contains("milli"), "{name}");
            continue;
        }
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
        assert!(series.insert(name), "a series stands once: {line}");
        let (name, labels) = name.split_once('{').unwrap_or((name, ""));
        let kind = kinds[family];
        let suffix = name.strip_prefix(family).unwrap_or_else(|| panic!("{line} is not of {family}"));
        match (kind, suffix, is_open) {
            ("counter", "_total", true) | ("info", "_info", true) | ("gauge", "", _) => {}
            ("counter", "", false) => assert!(name.ends_with("_total"), "{line}"),
            ("histogram", "_bucket" | "_sum" | "_count", _) => {}
            _ => panic!("{kind}: {line}"),
        }
        // promtool: such ends are for counters and histograms only.
        let reserved = ["_total", "_count", "_sum", "_bucket"];
        assert!(kind != "gauge" || !reserved.iter().any(|end| name.ends_with(end)), "{line}");
        if let Some((rest, bound)) = labels.split_once("le=\"").filter(|_| suffix == "_bucket") {
            let count: u64 = value.parse().unwrap();
            let key = format!("{name}{rest}");
            assert!(buckets.get(&key).is_none_or(|before| *before <= count), "{line}");
            buckets.insert(key, count);
            assert!(bound.starts_with("+Inf") || bound.contains('.'), "{line}");
        }
        if suffix == "_count" {
            let rest = labels.trim_end_matches('}');
            let all = buckets.iter().find(|(key, _)| {
                let key = key.strip_prefix(&format!("{family}_bucket")).map(|labels| labels.trim_end_matches(','));
                key == Some(rest)
            });
            assert_eq!(all.map(|(_, count)| count.to_string()).as_deref(), Some(value), "{line}");
        }
    }
    assert_eq!(helped.len(), kinds.len());
}
