//! Pages over HTTP: by URL and body, by route, under other forms, and cursors where tokens belong.

use crate::support::{Site, token};

fn site_with_notes(count: usize) -> Site {
    let site = Site::start();
    let user = token("authenticated");
    for number in 1..=count {
        assert_eq!(site.post_as("/rest/v1/rpc/log", &user, &format!(r#"{{"text":"n{number}"}}"#)).status, 204);
    }
    site
}

fn cursor_of(body: &str) -> String {
    let page: serde_json::Value = serde_json::from_str(body).unwrap();
    page["next_cursor"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn pages_follow_one_another() {
    let site = site_with_notes(5);
    let first = site.get("/rest/v1/rpc/paged");
    assert!(first.body.starts_with(r#"{"items":[{"text":"n1"},{"text":"n2"}],"next_cursor":""#), "{}", first.body);
    assert!(first.body.ends_with(r#"","has_more":true}"#));
    assert_eq!(first.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(site.get("/rest/v1/rpc/paged").header("etag"), first.header("etag"), "the same page, the same bytes");
    let cursor = cursor_of(&first.body);
    assert!(
        !cursor.is_empty()
            && cursor.len() < 512
            && cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    let second = site.get(&format!("/api/notes?cursor={cursor}&size=1"));
    assert!(second.body.starts_with(r#"{"items":[{"text":"n3"}],"#), "{}", second.body);
    let third = site.post("/rest/v1/rpc/paged", &format!(r#"{{"cursor":"{}","size":3}}"#, cursor_of(&second.body)));
    assert_eq!(third.told(), (200, r#"{"items":[{"text":"n4"},{"text":"n5"}],"next_cursor":null,"has_more":false}"#));
    let object = [("accept", "application/vnd.pgrst.object+json")];
    assert_eq!(site.send("GET", "/rest/v1/rpc/paged", &object, "").body, first.body, "it is one object already");
    assert_eq!(site.send("GET", "/rest/v1/rpc/paged", &[("accept", "text/csv")], "").code().0, 406);
}

#[test]
fn abuse_forged_cursors_are_refused_and_none_is_a_token() {
    let site = site_with_notes(3);
    let cursor = cursor_of(&site.get("/rest/v1/rpc/paged").body);
    for wrong in ["", "x", &cursor[..cursor.len() - 1], &format!("A{cursor}"), &"A".repeat(3_000), &token("anon")] {
        let refused = site.get(&format!("/rest/v1/rpc/paged?cursor={wrong}"));
        assert_eq!(refused.code(), (400, "MRT010".to_owned()), "{wrong}");
    }
    for wrong in ["%00", "a%00b", "%C3%A9", "%F0%9F%90%A6", "%1B%5B2J", "%20", "null", "%7Ba,b%7D"] {
        let refused = site.get(&format!("/rest/v1/rpc/paged?cursor={wrong}"));
        assert_eq!(refused.code(), (400, "MRT010".to_owned()), "{wrong}");
    }
    for wrong in ["\"\\u0000\"", "\"\\ud800\"", "\"\"", "5", "true", "[]", "{}", "[[[[\"x\"]]]]"] {
        let refused = site.post("/rest/v1/rpc/paged", &format!("{{\"cursor\":{wrong}}}"));
        assert_eq!(refused.code(), (400, "MRT010".to_owned()), "{wrong}");
    }
    let both = site.post("/rest/v1/rpc/paged", "{\"cursor\":\"\\u0000\",\"size\":0}");
    assert_eq!(both.code(), (400, "MRT001".to_owned()), "other mistakes come first");
    assert_eq!(site.post("/rest/v1/rpc/paged", "{\"cursor\":null}").status, 200);
    assert_eq!(site.get_as(&format!("/rest/v1/rpc/paged?cursor={cursor}"), &token("authenticated")).code().0, 400);
    assert_eq!(site.get_as("/rest/v1/rpc/paged", &cursor).code(), (401, "PGRST301".to_owned()), "AUTH-32");
    for size in ["0", "4", "x", "-1", "1.5"] {
        assert_eq!(site.get(&format!("/rest/v1/rpc/paged?size={size}")).code(), (400, "MRT001".to_owned()), "{size}");
    }
    assert_eq!(site.get(&format!("/rest/v1/rpc/paged?cursor={cursor}&cursor={cursor}")).code().0, 400);
}
