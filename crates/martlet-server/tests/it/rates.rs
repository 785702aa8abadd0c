//! Limits over HTTP: 429 with its fields, on every answer of what is limited, and the general limit of an address.

use crate::support::{Site, USER, token};
use martlet_core::{SystemClock, TestClock, Timestamp};
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000;

#[test]
fn abuse_http_19_a_limit_is_told_on_every_answer_and_429_when_it_is_reached() {
    let site = Site::start();
    let first = site.get("/rest/v1/rpc/limited");
    assert_eq!(first.told(), (200, r#"[{"key":"x"}]"#));
    assert_eq!(first.header("ratelimit-policy"), "\"limited\";q=3;w=3600");
    assert_eq!(first.header("ratelimit"), "\"limited\";r=2;t=1200");
    assert_eq!(first.header("retry-after"), "");
    assert_eq!(site.get("/api/limited?key=y").header("ratelimit"), "\"limited\";r=1;t=2400");
    assert_eq!(site.send("HEAD", "/rest/v1/rpc/limited", &[], "").header("ratelimit"), "\"limited\";r=0;t=3600");
    for refused in [site.get("/rest/v1/rpc/limited"), site.get("/api/limited"), site.post("/rest/v1/rpc/limited", "{}")]
    {
        assert_eq!(
            refused.told(),
            (429, r#"{"code":"MRT029","message":"Slow down.","details":null,"hint":"retry after 1200 s"}"#)
        );
        assert_eq!((refused.header("retry-after"), refused.header("ratelimit")), ("1200", "\"limited\";r=0;t=3600"));
        assert_eq!(refused.header("ratelimit-policy"), "\"limited\";q=3;w=3600");
        assert_eq!(refused.header("cache-control"), "no-store");
    }
    assert_eq!(site.get_as("/rest/v1/rpc/limited", &token("authenticated")).status, 200, "a user has an own count");
    assert_eq!(site.get("/rest/v1/rpc/limited?nothing=1").code(), (400, "MRT001".to_owned()), "arguments come first");
    let batch = site.post("/rest/v1/batch", r#"{"queries":[{"name":"limited"},{"name":"greet","args":{"name":"a"}}]}"#);
    let parts: serde_json::Value = serde_json::from_str(&batch.body).unwrap();
    assert_eq!((&parts[0]["status"], &parts[1]["status"]), (&429.into(), &200.into()));
    assert!(!USER.is_empty());
}

#[test]
fn several_limits_are_told_together_and_the_clock_frees_them() {
    let now = SystemClock;
    let start = martlet_core::Clock::now(&now);
    let clock = Arc::new(TestClock::at(start));
    let site = Site::with_clock(clock.clone(), |_| {});
    for left in [1, 0] {
        let answer = site.get("/rest/v1/rpc/limited_twice?key=a");
        let state = answer.header("ratelimit").to_owned();
        assert!(state.contains(&format!("\"limited_twice.2\";r={left};t=")), "{state}");
        assert_eq!(
            answer.header("ratelimit-policy"),
            "\"limited_twice.1\";q=100;w=3600, \"limited_twice.2\";q=2;w=900"
        );
    }
    assert_eq!(site.get("/rest/v1/rpc/limited_twice?key=a").status, 429);
    assert_eq!(site.get("/rest/v1/rpc/limited_twice?key=b").status, 200);
    clock.set(Timestamp::from_micros(start.micros() + HOUR / 4 - 1));
    assert_eq!(site.get("/rest/v1/rpc/limited_twice?key=a").status, 429);
    clock.set(Timestamp::from_micros(start.micros() + HOUR / 4 + HOUR / 80));
    assert_eq!(site.get("/rest/v1/rpc/limited_twice?key=a").status, 200);
}

#[test]
fn abuse_http_19_the_general_limit_of_an_address_comes_before_any_work() {
    let site = Site::with(|settings| {
        settings.rate_limit = Some("5/h".parse().unwrap());
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    let get = |path: &str, address: &str| site.send("GET", path, &[("x-forwarded-for", address)], "");
    for path in ["/", "/health", "/rest/v1/rpc/greet?name=a", "/nothing", "/api/tags/x"] {
        let answer = get(path, "203.0.113.7");
        assert_ne!(answer.status, 429, "{path}");
        assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=5;w=3600", "{path}");
    }
    let refused = get("/rest/v1/rpc/greet?name=a", "203.0.113.7");
    assert_eq!((refused.code(), refused.header("retry-after")), ((429, "MRT029".to_owned()), "720"));
    let page = get("/", "203.0.113.7");
    assert_eq!((page.status, page.header("content-type")), (429, "application/problem+json"));
    assert_eq!(get("/", "203.0.113.8").status, 200);
    for host in 1..=5 {
        assert_eq!(get("/", &format!("2001:db8::{host}")).status, 200);
    }
    assert_eq!(get("/", "2001:db8::ffff").status, 429, "one network of IPv6 is one address");
}

#[test]
fn without_a_limit_nothing_is_told() {
    let site = Site::start();
    let answer = site.get("/rest/v1/rpc/greet?name=a");
    assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
}
