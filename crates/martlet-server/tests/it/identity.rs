//! Who asks, over HTTP.

use crate::support::{Site, USER, token, token_for};
use std::time::Duration;

const WHOAMI: &str = "/rest/v1/rpc/whoami";

#[test]
fn a_token_names_the_caller() {
    let site = Site::start();
    assert_eq!(site.get(WHOAMI).body, r#"{"uid":null,"role":"anon"}"#);
    let user = format!(r#"{{"uid":"{USER}","role":"authenticated"}}"#);
    let (token, service) = (token("authenticated"), token("service_role"));
    for _ in 0..2 {
        assert_eq!(site.get_as(WHOAMI, &token).body, user, "and again once remembered");
    }
    assert_eq!(site.send("GET", WHOAMI, &[("apikey", &token)], "").body, user);
    let bearer = format!("Bearer {token}");
    assert_eq!(site.send("GET", WHOAMI, &[("apikey", &service), ("authorization", &bearer)], "").body, user);
}

#[test]
fn abuse_auth_31_over_http() {
    let site = Site::start();
    let good = token("service_role");
    let (signed, _) = good.rsplit_once('.').unwrap();
    let mut bad = vec![
        format!("{signed}."),
        signed.to_owned(),
        format!("{good}x"),
        "eyJhbGciOiJub25lIn0.eyJyb2xlIjoic2VydmljZV9yb2xlIiwiZXhwIjo0MTAyNDQ0ODAwfQ.".to_owned(),
        "not a token".to_owned(),
        "a".repeat(9000),
    ];
    bad.push(bad[3].replace('.', ".."));
    for token in bad {
        let reply = site.get_as(WHOAMI, &token);
        assert_eq!(reply.code(), (401, "PGRST301".to_owned()), "{token}");
        assert!(reply.header("www-authenticate").starts_with("Bearer error=\"invalid_token\", error_description=\""));
    }
    let expired = token_for("authenticated", Duration::ZERO);
    let reply = site.get_as(WHOAMI, &expired);
    assert_eq!(reply.code(), (401, "PGRST303".to_owned()));
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\", error_description=\"JWT expired\"");
    assert_eq!(site.send("GET", WHOAMI, &[("authorization", "Basic dXNlcjp4")], "").status, 401);
    assert_eq!(site.send("GET", WHOAMI, &[("apikey", "sb_publishable_x")], "").status, 401, "never anonymous");
    assert_eq!(site.get_as("/rest/v1/batch", "x").status, 401);
    let twice = [("authorization", "Bearer a"), ("authorization", "Bearer b")];
    assert_eq!(site.send("GET", WHOAMI, &twice, "").status, 400);
}
