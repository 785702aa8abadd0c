//! Calls of queries and actions: methods, arguments, forms of answers, errors, batches, CORS.

use crate::support::{Site, token};

const POSITION_LENGTH_MIN: usize = "0123456789abcdef-0".len();

#[test]
fn a_query_answers_get_head_and_post_alike() {
    let site = Site::start();
    let by_get = site.get("/rest/v1/rpc/greet?name=a+b%2Bc");
    assert_eq!(by_get.told(), (200, r#"[{"greeting":"a b+c"}]"#));
    assert_eq!(by_get.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(by_get.header("content-length"), "22");
    assert_eq!(by_get.header("cache-control"), "public, max-age=0, must-revalidate");
    assert_eq!(by_get.header("x-content-type-options"), "nosniff");
    assert!(by_get.header("martlet-position").len() >= POSITION_LENGTH_MIN);
    assert!(!by_get.header("x-request-id").is_empty());
    let by_head = site.send("HEAD", "/rest/v1/rpc/greet?name=a+b%2Bc", &[], "");
    assert_eq!((by_head.told(), by_head.header("content-length")), ((200, ""), "22"));
    assert_eq!(site.post("/rest/v1/rpc/greet", r#"{"name":"a b+c"}"#).told(), by_get.told());
    assert_eq!(site.post("/rest/v1/rpc/greet?select=*", r#"{"name":"é"}"#).told(), (200, r#"[{"greeting":"é"}]"#));
    assert_eq!(site.get("/rest/v1/rpc/gr%65et?name=x").status, 200, "the name is decoded");
}

#[test]
fn an_action_answers_post_only() {
    let site = Site::start();
    let user = token("authenticated");
    let added = site.post_as("/rest/v1/rpc/add_note", &user, r#"{"text":"first"}"#);
    assert_eq!(added.told(), (200, r#"{"id":1,"text":"first"}"#));
    assert_eq!(added.header("cache-control"), "no-store");
    let logged = site.post_as("/rest/v1/rpc/log", &user, r#"{"text":"second"}"#);
    assert_eq!((logged.told(), logged.header("content-type")), ((204, ""), ""));
    let notes = site.get_as("/rest/v1/rpc/notes", &user);
    assert_eq!(notes.told(), (200, r#"[{"id":1,"text":"first"},{"id":2,"text":"second"}]"#));
    assert_eq!(notes.header("cache-control"), "private, no-cache");
    assert_eq!(notes.header("vary"), "Authorization, apikey, Accept, Accept-Encoding, Prefer, Origin");
    for method in ["GET", "HEAD"] {
        let refused = site.send(method, "/rest/v1/rpc/add_note?text=x", &[], "");
        assert_eq!((refused.status, refused.header("allow")), (405, "POST, OPTIONS"), "{method}");
    }
    assert_eq!(site.get("/rest/v1/rpc/add_note?text=x").code(), (405, "25006".to_owned()));
    let put = site.send("PUT", "/rest/v1/rpc/greet", &[], "");
    assert_eq!((put.code(), put.header("allow")), ((405, "PGRST101".to_owned()), "GET, HEAD, POST, OPTIONS"));
    assert!(put.body.contains("Cannot use the PUT method on RPC"));
}

#[test]
fn errors_have_one_shape() {
    let site = Site::start();
    let unknown = site.get("/rest/v1/rpc/gret?name=x");
    assert_eq!(unknown.code(), (404, "PGRST202".to_owned()));
    assert_eq!(unknown.header("cache-control"), "no-store");
    assert_eq!(unknown.header("vary"), "Origin");
    let body: serde_json::Value = serde_json::from_str(&unknown.body).unwrap();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message", "details", "hint"]);
    let wrong = site.get("/rest/v1/rpc/note?id=x&other=1");
    assert_eq!(wrong.code(), (400, "MRT001".to_owned()));
    let body: serde_json::Value = serde_json::from_str(&wrong.body).unwrap();
    assert_eq!(body["details"].as_array().unwrap().len(), 2);
    assert_eq!(body["details"][0].as_object().unwrap().keys().collect::<Vec<_>>(), ["parameter", "code", "message"]);
    assert_eq!(site.get("/rest/v1/rpc/note?id=7").code(), (404, "PGRST116".to_owned()));
    let refused = site.post("/rest/v1/rpc/refuse", r#"{"text":"x"}"#);
    assert_eq!(
        refused.told(),
        (418, r#"{"code":"too_many_notes","message":"there are notes enough","details":null,"hint":null}"#)
    );
    for path in ["/rest/v1", "/rest/v1/", "/rest/v1/rpc", "/rest/v1/rpc/", "/rest/v1/rpc/a/b", "/rest/v1/notes"] {
        assert_eq!(site.get(path).code(), (404, "PGRST125".to_owned()), "{path}");
    }
    let missing = site.get("/nothing");
    assert_eq!((missing.status, missing.header("content-type")), (404, "application/problem+json"));
    assert_eq!(site.send("HEAD", "/rest/v1/rpc/note?id=7", &[], "").told(), (404, ""), "no body under HEAD");
}

#[test]
fn who_may_not_is_told_401_or_403() {
    let site = Site::start();
    let anonymous = site.get("/rest/v1/rpc/notes");
    assert_eq!((anonymous.code(), anonymous.header("www-authenticate")), ((401, "42501".to_owned()), "Bearer"));
    assert_eq!(site.get_as("/rest/v1/rpc/notes", &token("anon")).code(), (401, "42501".to_owned()));
    assert_eq!(site.get_as("/rest/v1/rpc/secrets", &token("authenticated")).code(), (403, "42501".to_owned()));
    assert_eq!(site.get_as("/rest/v1/rpc/secrets", &token("service_role")).told(), (200, r#"[{"n":1}]"#));
}

#[test]
fn the_deadline_is_504() {
    let site = Site::start();
    let slow = site.get("/rest/v1/rpc/slow?high=4000000000");
    assert_eq!(slow.code(), (504, "57014".to_owned()));
}

#[test]
fn bodies_must_be_json() {
    let site = Site::start();
    let of = |content_type: &str, body: &str| {
        let headers: &[(&str, &str)] = if content_type.is_empty() { &[] } else { &[("content-type", content_type)] };
        site.send("POST", "/rest/v1/rpc/greet", headers, body).code()
    };
    let not_json = |status: u16| (status, "PGRST102".to_owned());
    assert_eq!(of("text/plain", r#"{"name":"x"}"#), not_json(400));
    assert_eq!(of("application/x-www-form-urlencoded", "name=x"), not_json(400));
    assert_eq!(of("", r#"{"name":"x"}"#), not_json(400));
    assert_eq!(of("application/json", r#"{"name":"#), not_json(400));
    assert_eq!(of("application/json", "[1]"), not_json(400));
    assert_eq!(of("application/json; charset=utf-8", r#"{"name":"x"}"#).0, 200);
    assert_eq!(of("", ""), (400, "MRT001".to_owned()), "no body is no arguments");
    let coded = site.send("POST", "/rest/v1/rpc/greet", &[("content-encoding", "gzip")], "x");
    assert_eq!(coded.status, 415);
    assert_eq!(site.post("/rest/v1/rpc/greet?name=x", "{}").code(), (400, "MRT002".to_owned()));
    assert_eq!(site.get("/rest/v1/rpc/greet?name=x&limit=1").code(), (400, "MRT002".to_owned()));
    assert_eq!(site.get("/rest/v1/rpc/greet?name=%zz").code(), (400, "MRT002".to_owned()));
}

#[test]
fn a_batch_answers_in_order() {
    let site = Site::start();
    let batch = r#"{"queries":[{"name":"greet","args":{"name":"a"}},{"name":"notes"},{"name":"whoami"},
        {"name":"note","args":{"id":"x"}},{"name":"log","args":{"text":"x"}},{"name":"nobody"}]}"#;
    let reply = site.post("/rest/v1/batch", batch);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert!(reply.header("martlet-position").len() >= POSITION_LENGTH_MIN);
    let answers: Vec<serde_json::Value> = serde_json::from_str(&reply.body).unwrap();
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses[..4], [200, 401, 200, 400]);
    assert_eq!(statuses[5], 404);
    assert_eq!(answers[0]["body"][0]["greeting"], "a");
    assert_eq!(answers[2]["body"], serde_json::json!({"uid": null, "role": "anon"}));
    assert!(statuses[4] >= 400, "a batch runs no action");
    let user = token("authenticated");
    assert_eq!(
        site.post_as("/rest/v1/batch", &user, r#"{"queries":[{"name":"notes"}]}"#).body,
        r#"[{"status":200,"body":[]}]"#
    );
    assert_eq!(site.post("/rest/v1/batch", r#"{"queries":[]}"#).told(), (200, "[]"));
    assert_eq!(site.post("/rest/v1/batch", "{").code(), (400, "PGRST102".to_owned()));
    let many = format!(r#"{{"queries":[{}]}}"#, vec![r#"{"name":"whoami"}"#; 101].join(","));
    assert_eq!(site.post("/rest/v1/batch", &many).code(), (413, "MRT004".to_owned()));
    let get = site.get("/rest/v1/batch");
    assert_eq!((get.code(), get.header("allow")), ((405, "PGRST117".to_owned()), "POST, OPTIONS"));
}

#[test]
fn abuse_http_11_origins() {
    let site = Site::with(|settings| settings.cors_origins = vec!["https://app.example".to_owned()]);
    let path = "/rest/v1/rpc/greet?name=x";
    let ours = site.send("GET", path, &[("origin", "https://app.example")], "");
    assert_eq!(ours.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(ours.header("access-control-allow-credentials"), "true");
    for other in ["null", "https://app.example.evil", "https://evil-app.example", "http://app.example"] {
        let refused = site.send("GET", path, &[("origin", other)], "");
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (200, ""), "{other}");
        assert!(refused.header("vary").contains("Origin"));
        let headers = [("origin", other), ("access-control-request-method", "POST")];
        let preflight = site.send("OPTIONS", path, &headers, "");
        assert_eq!(preflight.header("access-control-allow-methods"), "", "{other}");
    }
    let open = Site::start();
    let headers = [
        ("origin", "https://x.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,x-client-info"),
    ];
    let preflight = open.send("OPTIONS", path, &headers, "");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "*"));
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization,x-client-info");
    assert_eq!(preflight.header("access-control-max-age"), "600");
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    let failed = open.send("GET", "/rest/v1/rpc/nobody", &[("origin", "https://x.example")], "");
    assert_eq!((failed.status, failed.header("access-control-allow-origin")), (404, "*"), "errors can be read too");
}

#[test]
fn a_request_keeps_its_own_id_if_it_is_short_and_visible() {
    let site = Site::start();
    let id = |id: &str| {
        let reply = site.send("GET", "/rest/v1/rpc/greet?name=x", &[("x-request-id", id)], "");
        reply.header("x-request-id").to_owned()
    };
    assert_eq!(id("abc-123"), "abc-123");
    assert_ne!(id(&"a".repeat(65)), "a".repeat(65));
    assert_ne!(id("a b"), "a b");
}
