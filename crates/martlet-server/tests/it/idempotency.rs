//! `Idempotency-Key`: replays, other arguments, scope, keys that are none, and many at once.

use crate::support::{Reply, Site, token};

fn pay(site: &Site, key: &str, text: &str) -> Reply {
    pay_as(site, key, text, None)
}

fn pay_as(site: &Site, key: &str, text: &str, token: Option<&str>) -> Reply {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json"), ("idempotency-key", key)];
    headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
    site.send("POST", "/rest/v1/rpc/pay", &headers, &format!(r#"{{"text":"{text}"}}"#))
}

#[test]
fn abuse_sql_20_a_key_has_one_effect_in_its_scope() {
    let site = Site::start();
    let first = pay(&site, "k-1", "a");
    assert_eq!(first.told(), (200, r#"{"id":1,"text":"a"}"#));
    let again = pay(&site, "k-1", "a");
    assert_eq!((again.told(), again.header("content-type")), (first.told(), first.header("content-type")));
    assert_eq!(pay(&site, "k-1", "b").code(), (422, "MRT021".to_owned()));
    // Another caller, another key, none.
    assert_eq!(pay_as(&site, "k-1", "a", Some(&token("authenticated"))).told(), (200, r#"{"id":2,"text":"a"}"#));
    assert_eq!(pay(&site, "k-2", "a").told(), (200, r#"{"id":3,"text":"a"}"#));
    assert_eq!(site.post("/rest/v1/rpc/pay", r#"{"text":"a"}"#).told(), (200, r#"{"id":4,"text":"a"}"#));
    // Another token of the same user is the same caller.
    assert_eq!(pay_as(&site, "k-1", "a", Some(&token("authenticated"))).told(), (200, r#"{"id":2,"text":"a"}"#));
    // Refusals of the author's are kept, those of the permission are not.
    let headers = [("idempotency-key", "k-1")];
    for _ in 0..2 {
        let refused = site.send("POST", "/rest/v1/rpc/pay_nothing", &headers, "");
        assert_eq!(refused.code(), (409, "nothing_to_pay".to_owned()));
    }
    assert_eq!(pay(&site, "k-3", "debt").status, 200);
    assert_eq!(site.send("POST", "/rest/v1/rpc/pay_nothing", &headers, "").code(), (409, "nothing_to_pay".to_owned()));
    assert_eq!(site.send("POST", "/rest/v1/rpc/pay_nothing", &[("idempotency-key", "k-4")], "").status, 204);
    assert_eq!(site.send("POST", "/rest/v1/rpc/pay_nothing", &[("idempotency-key", "k-4")], "").told(), (204, ""));
}

#[test]
fn abuse_sql_20_keys_that_are_none_are_refused() {
    let site = Site::start();
    for wrong in ["", "a b", "\u{e9}", &"k".repeat(256)] {
        assert_eq!(pay(&site, wrong, "a").code(), (400, "MRT002".to_owned()), "{wrong:?}");
    }
    assert_eq!(pay(&site, &"k".repeat(255), "a").status, 200);
    let twice = [("content-type", "application/json"), ("idempotency-key", "a"), ("idempotency-key", "b")];
    assert_eq!(site.send("POST", "/rest/v1/rpc/pay", &twice, r#"{"text":"a"}"#).code(), (400, "MRT002".to_owned()));
    // An action that does not say so takes no notice of a key.
    let user = format!("Bearer {}", token("authenticated"));
    let headers = [("content-type", "application/json"), ("idempotency-key", "k"), ("authorization", &user)];
    let add = || site.send("POST", "/rest/v1/rpc/add_note", &headers, r#"{"text":"n"}"#).body;
    assert_ne!(add(), add());
}

#[test]
fn abuse_sql_20_fifty_at_once_have_one_effect() {
    let site = Site::start();
    for round in 0..20 {
        let key = format!("round-{round}");
        let replies: Vec<Reply> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..50).map(|_| scope.spawn(|| pay(&site, &key, "a"))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let mut answers: Vec<&str> = Vec::new();
        for reply in &replies {
            match reply.status {
                200 => answers.push(&reply.body),
                _ => assert_eq!(reply.code(), (409, "MRT022".to_owned())),
            }
        }
        answers.dedup();
        assert_eq!(answers, [format!(r#"{{"id":{},"text":"a"}}"#, round + 1)]);
    }
}
