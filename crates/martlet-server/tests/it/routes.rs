//! Routes that an app declares: parts of the path, methods, deprecation, errors, static files behind them.

use crate::support::{Site, token};

#[test]
fn parts_of_the_path_are_arguments_decoded_once() {
    let site = Site::start();
    let by_path = site.get("/api/tags/a%2Fb%2541?low=7");
    assert_eq!(by_path.told(), (200, r#"{"tag":"a/b%41","low":7}"#));
    assert_eq!(by_path.header("cache-control"), "public, max-age=0, must-revalidate");
    assert_eq!(by_path.header("content-type"), "application/json; charset=utf-8");
    assert!(!by_path.header("martlet-position").is_empty());
    assert_eq!((by_path.header("deprecation"), by_path.header("sunset")), ("", ""));
    assert_eq!(site.get("/api/t%61gs/a+b/from/3").told(), (200, r#"{"tag":"a+b","low":3}"#));
    let by_head = site.send("HEAD", "/api/tags/x", &[], "");
    assert_eq!((by_head.told(), by_head.header("content-length")), ((200, ""), "19"));
    // A repeated key is refused, in the path and beside it.
    assert_eq!(site.get("/api/tags/x?tag=y").code(), (400, "MRT001".to_owned()));
    assert_eq!(site.get("/api/tags/x/from/abc").code(), (400, "MRT001".to_owned()));
    assert_eq!(site.get("/api/tags/%zz").code(), (400, "MRT002".to_owned()));
    assert_eq!(site.get("/api/tags/%ff").code(), (400, "MRT002".to_owned()));
    assert_eq!(site.get("/api/tags/x?limit=1").code(), (400, "MRT002".to_owned()));
}

#[test]
fn a_deprecated_route_says_so_on_every_answer_and_has_its_own_count() {
    let site = Site::start();
    for (path, status) in [("/t/x", 200), ("/t/x?low=abc", 400)] {
        let answer = site.get(path);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("deprecation"), "@1801353600");
        assert_eq!(answer.header("sunset"), "Sun, 31 Jan 2027 00:00:00 GMT");
    }
    site.get("/api/tags/x");
    let counts = site.engine.route_counts();
    let calls = |path: &str| counts.iter().find(|count| count.path == path).map(|count| count.calls);
    assert_eq!((calls("/t/{tag}"), calls("/api/tags/{tag}"), calls("/api/secret")), (Some(2), Some(1), Some(0)));
}

#[test]
fn actions_take_their_own_method_and_a_body() {
    let site = Site::start();
    let json = [("content-type", "application/json")];
    let put = site.send("PUT", "/api/notes/7", &json, r#"{"text":"seven"}"#);
    assert_eq!((put.told(), put.header("cache-control")), ((200, r#"{"id":7,"text":"seven"}"#), "no-store"));
    let twice = site.send("PUT", "/api/notes/7", &json, r#"{"text":"x","id":8}"#);
    assert_eq!(twice.code(), (400, "MRT001".to_owned()));
    assert_eq!(site.send("DELETE", "/api/notes/7", &[], "").told(), (204, ""));
    assert_eq!(site.send("DELETE", "/api/notes/7", &[], "").code(), (404, "no_note".to_owned()));
    for method in ["GET", "HEAD", "POST", "PATCH"] {
        let refused = site.send(method, "/api/notes/7", &[], "");
        assert_eq!((refused.status, refused.header("allow")), (405, "DELETE, PUT, OPTIONS"), "{method}");
    }
    assert_eq!(site.send("PATCH", "/api/notes/7", &[], "").code(), (405, "PGRST117".to_owned()));
}

#[test]
fn permissions_cors_and_errors_are_those_of_rest() {
    let site = Site::start();
    let anonymous = site.get("/api/secret");
    assert_eq!((anonymous.code(), anonymous.header("www-authenticate")), ((401, "42501".to_owned()), "Bearer"));
    assert_eq!(anonymous.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(site.get_as("/api/secret", "bad").code(), (401, "PGRST301".to_owned()));
    assert_eq!(site.get_as("/api/secret", &token("authenticated")).status, 200);
    let origin = [("origin", "https://app.example"), ("access-control-request-method", "PUT")];
    let preflight = site.send("OPTIONS", "/api/notes/7", &origin, "");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, "*"));
    let read = site.send("GET", "/api/tags/x", &[("origin", "https://app.example")], "");
    assert_eq!(read.header("access-control-allow-origin"), "*");
    assert!(read.header("access-control-expose-headers").contains("Sunset"));
}

#[test]
fn routes_beat_static_files_and_leave_all_else_to_them() {
    let site = Site::start();
    assert_eq!(site.get("/taken.txt").code(), (400, "MRT001".to_owned()), "a route, although a file has its name");
    assert_eq!(site.get("/").told(), (200, "<body>home</body>"));
    for path in ["/api/tags", "/api/tags/", "/api/tags/x/", "/api//x", "/API/tags/x", "/api/tags/x/from/"] {
        let missing = site.get(path);
        assert_eq!((missing.status, missing.header("content-type")), (404, "application/problem+json"), "{path}");
    }
    assert_eq!(site.get("/health").status, 200);
}
