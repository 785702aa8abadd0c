//! Who follows answers gets them now, and then each state that differs, whatever happens between: over the real store.

use crate::support::{TestEngine, anonymous};
use martlet_core::{Caller, Error};
use martlet_engine::{Demand, Follow, FollowPart, Follower, Frame, OwnedArguments, Seen};
use std::sync::Arc;
use std::time::Duration;

const ITEMS: &[(&str, &str)] = &[
    (
        "migrations/0001_items.sql",
        "create table items (id bigint primary key, kind text not null, weight bigint not null);
         create index items_kind on items (kind);",
    ),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\nselect id, weight from items where kind = :kind order by id",
    ),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @param weight bigint\n-- @returns nothing\n
         insert into items (id, kind, weight) values (:id, :kind, :weight)
         on conflict (id) do update set kind = excluded.kind, weight = excluded.weight;",
    ),
];

fn part(name: &str, arguments: &str) -> FollowPart {
    let arguments = OwnedArguments::Json(arguments.as_bytes().into());
    FollowPart { name: name.to_owned(), arguments, demand: Demand::default() }
}

fn follow(test: &TestEngine, caller: &Caller, parts: &[FollowPart], seen: Option<Seen>) -> Follower {
    test.engine.follow(Follow { caller: caller.clone(), parts: parts.into(), seen })
}

async fn put(test: &TestEngine, id: u32, kind: &str, weight: u32) {
    let arguments = format!(r#"{{"id":{id},"kind":"{kind}","weight":{weight}}}"#);
    test.act(&anonymous(), "put", &arguments).await.expect("a write");
}

async fn next(follower: &mut Follower) -> Result<Arc<Frame>, Error> {
    tokio::time::timeout(Duration::from_secs(20), follower.next()).await.expect("it is told")
}

fn body(frame: &Frame) -> String {
    let text = |answer: &Result<martlet_engine::Answer, Error>| match answer {
        Ok(answer) => String::from_utf8(answer.body.clone().expect("a body").to_vec()).expect("UTF-8"),
        Err(error) => error.code.to_string(),
    };
    frame.answers.iter().map(text).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn an_answer_comes_now_and_again_when_it_differs() {
    let test = TestEngine::of(ITEMS);
    put(&test, 1, "a", 1).await;
    let of_a = [part("of_kind", r#"{"kind":"a"}"#)];
    let mut follower = follow(&test, &anonymous(), &of_a, None);
    let first = follower.begin().await.unwrap().unwrap();
    assert_eq!(body(&first), r#"[{"id":1,"weight":1}]"#);
    put(&test, 1, "a", 2).await;
    assert_eq!(body(&next(&mut follower).await.unwrap()), r#"[{"id":1,"weight":2}]"#);
    put(&test, 1, "a", 1).await;
    assert_eq!(next(&mut follower).await.unwrap().tag, first.tag);
    let seen = Some(Seen { position: first.position, tag: first.tag });
    assert!(follow(&test, &anonymous(), &of_a, seen).begin().await.unwrap().is_none());
}
