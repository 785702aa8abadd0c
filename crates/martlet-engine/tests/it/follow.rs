//! Who follows answers gets them now, and then each state that differs, whatever happens between: over the real store.

mod crowd;
mod ends;
mod together;

use crate::support::{TestEngine, anonymous, user};
use martlet_core::{Caller, Error, Timestamp};
use martlet_engine::{Answer, Demand, Follow, FollowPart, Follower, Frame, OwnedArguments, Seen};
use std::sync::Arc;
use std::time::Duration;

const ITEMS: &[(&str, &str)] = &[
    (
        "migrations/0001_items.sql",
        "create table items (id bigint primary key, owner uuid, kind text not null, weight bigint not null);
         create table pairs (id bigint primary key, item_id bigint not null references items (id));
         create index items_kind on items (kind); create index items_owner on items (owner);
         create index pairs_item_id on pairs (item_id);",
    ),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\nselect id, weight from items where kind = :kind order by id",
    ),
    (
        "queries/heaviest.sql",
        "-- @allow anyone\n-- @returns value\n-- @param kind text\nselect max(weight) as w from items where kind = :kind",
    ),
    (
        "queries/item.sql",
        "-- @allow anyone\n-- @returns row\n-- @param id bigint\nselect kind, weight from items where id = :id",
    ),
    (
        "queries/share.sql",
        "-- @allow anyone\n-- @returns value\n-- @param id bigint\nselect 100 / i.weight as share from items i where i.id = :id",
    ),
    ("queries/mine.sql", "-- @allow user\nselect id, weight from items where owner = auth.uid() order by id"),
    (
        "queries/paired.sql",
        "-- @allow anyone\n-- @param id bigint\n
         select i.weight from pairs p join items i on i.id = p.item_id where p.id = :id",
    ),
    ("queries/page.sql", "-- @allow anyone\n-- @page by i.id desc size 2 max 10\nselect i.id from items i"),
    ("queries/limited.sql", "-- @allow anyone\n-- @limit 1/h per address\nselect count(*) as n from items"),
    ("queries/off.sql", "-- @allow anyone\n-- @cache off\nselect count(*) as n from items"),
    ("queries/clock.sql", "-- @allow anyone\n-- @returns value\nselect now() as at"),
    ("queries/clock_for.sql", "-- @allow anyone\n-- @cache for 1s\n-- @returns value\nselect now() as at"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @param weight bigint\n-- @returns nothing\n
         insert into items (id, owner, kind, weight) values (:id, auth.uid(), :kind, :weight)
         on conflict (id) do update set kind = excluded.kind, weight = excluded.weight;",
    ),
    (
        "actions/pair.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param item_id bigint\n-- @returns nothing\n
         insert into pairs (id, item_id) values (:id, :item_id)
         on conflict (id) do update set item_id = excluded.item_id;",
    ),
];

const OF_A: &str = r#"{"kind":"a"}"#;

fn part(name: &str, arguments: &str) -> FollowPart {
    let arguments = OwnedArguments::Json(arguments.as_bytes().into());
    FollowPart { name: name.to_owned(), arguments, demand: Demand::default() }
}

fn follow(test: &TestEngine, caller: &Caller, name: &str, arguments: &str) -> Follower {
    follow_all(test, caller, &[part(name, arguments)])
}

fn follow_all(test: &TestEngine, caller: &Caller, parts: &[FollowPart]) -> Follower {
    test.engine.follow(Follow { caller: caller.clone(), parts: parts.into(), seen: None })
}

async fn put(test: &TestEngine, caller: &Caller, id: u32, kind: &str, weight: u32) {
    let arguments = format!(r#"{{"id":{id},"kind":"{kind}","weight":{weight}}}"#);
    test.act(caller, "put", &arguments).await.expect("a write");
}

fn text(answer: &Result<Answer, Error>) -> String {
    match answer {
        Ok(answer) => String::from_utf8(answer.body.clone().expect("a body").to_vec()).expect("UTF-8"),
        Err(error) => error.code.to_string(),
    }
}

fn texts(frame: &Frame) -> Vec<String> {
    frame.answers.iter().map(text).collect()
}

/// What comes next; it must come soon.
async fn next_frame(follower: &mut Follower) -> Result<Arc<Frame>, Error> {
    tokio::time::timeout(Duration::from_secs(20), follower.next()).await.expect("it is told")
}

/// The answer, or the code of its error.
async fn next(follower: &mut Follower) -> Result<String, Error> {
    next_frame(follower).await.map(|frame| texts(&frame).join(" "))
}

/// Nothing comes.
async fn is_quiet(follower: &mut Follower) -> bool {
    tokio::time::timeout(Duration::from_millis(150), follower.next()).await.is_err()
}

/// Returns when it is so, which must be soon.
async fn until(is_so: impl Fn() -> bool) {
    for _ in 0..4_000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to be so");
}

#[tokio::test]
async fn an_answer_comes_now_and_again_when_it_differs() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let mut of_a = follow(&test, &anyone, "of_kind", OF_A);
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":1}]"#);
    assert!(is_quiet(&mut of_a).await);
    put(&test, &anyone, 1, "a", 2).await;
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":2}]"#);
    // Of another kind.
    let runs = test.runs("of_kind");
    put(&test, &anyone, 2, "b", 1).await;
    assert!(is_quiet(&mut of_a).await);
    assert_eq!(test.runs("of_kind"), runs);
    // Several writes while nobody asks are one.
    for weight in 4..9 {
        put(&test, &anyone, 1, "a", weight).await;
    }
    until(|| test.runs("of_kind") > runs).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":8}]"#);
    assert!(is_quiet(&mut of_a).await);
}

#[tokio::test]
async fn nobody_is_told_of_the_same_bytes() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    put(&test, &anyone, 2, "a", 10).await;
    let mut heaviest = follow(&test, &anyone, "heaviest", OF_A);
    let first = next_frame(&mut heaviest).await.unwrap();
    put(&test, &anyone, 1, "a", 2).await;
    until(|| test.engine.live_figures().reruns_same == 1).await;
    assert!(is_quiet(&mut heaviest).await);
    let figures = test.engine.live_figures();
    assert_eq!((figures.reruns_changed, figures.reruns_same, figures.frames), (1, 1, 1));
    // Another one, and back: the tag is the same again.
    put(&test, &anyone, 1, "a", 20).await;
    assert_ne!(next_frame(&mut heaviest).await.unwrap().tag, first.tag);
    put(&test, &anyone, 1, "a", 1).await;
    assert_eq!(next_frame(&mut heaviest).await.unwrap().tag, first.tag);
}

#[tokio::test]
async fn keys_that_stand_in_other_rows_are_followed_anew() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    for id in 1..3 {
        put(&test, &anyone, id, "a", id).await;
    }
    test.act(&anyone, "pair", r#"{"id":1,"item_id":1}"#).await.unwrap();
    let mut paired = follow(&test, &anyone, "paired", r#"{"id":1}"#);
    assert_eq!(next(&mut paired).await.unwrap(), r#"[{"weight":1}]"#);
    test.act(&anyone, "pair", r#"{"id":1,"item_id":2}"#).await.unwrap();
    assert_eq!(next(&mut paired).await.unwrap(), r#"[{"weight":2}]"#);
    put(&test, &anyone, 1, "a", 100).await;
    assert!(is_quiet(&mut paired).await);
    put(&test, &anyone, 2, "a", 200).await;
    assert_eq!(next(&mut paired).await.unwrap(), r#"[{"weight":200}]"#);
}

#[tokio::test]
async fn each_caller_follows_what_is_theirs() {
    let test = TestEngine::driven(ITEMS);
    let (one, other) = (user(1), user(2));
    let (mut of_one, mut of_other) = (follow(&test, &one, "mine", ""), follow(&test, &other, "mine", ""));
    assert_eq!((next(&mut of_one).await.unwrap(), next(&mut of_other).await.unwrap()), ("[]".into(), "[]".into()));
    put(&test, &one, 1, "a", 1).await;
    assert_eq!(next(&mut of_one).await.unwrap(), r#"[{"id":1,"weight":1}]"#);
    assert!(is_quiet(&mut of_other).await);
    assert_eq!(test.cache.figures().groups, 2);
    let mut again = follow(&test, &one, "mine", "");
    next(&mut again).await.unwrap();
    assert_eq!(test.cache.figures().groups, 2, "those who follow the same answer are one group");
    drop((of_one, again, of_other));
    until(|| test.cache.figures().groups == 0).await;
}

#[tokio::test]
async fn a_page_is_the_same_although_its_cursor_is_not() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    for id in 1..5 {
        put(&test, &anyone, id, "a", 1).await;
    }
    let mut page = follow(&test, &anyone, "page", "");
    assert!(next(&mut page).await.unwrap().contains(r#"[{"id":4},{"id":3}]"#));
    // It is read again, for its rows are touched.
    put(&test, &anyone, 0, "a", 1).await;
    until(|| test.engine.live_figures().reruns_same == 1).await;
    assert!(is_quiet(&mut page).await);
    put(&test, &anyone, 5, "a", 1).await;
    let body = next(&mut page).await.unwrap();
    assert!(body.contains(r#"[{"id":5},{"id":4}]"#));
    // Its cursor is good for the next page.
    let cursor = body.split(r#""next_cursor":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let after = test.query(&anyone, "page", &format!(r#"{{"cursor":"{cursor}"}}"#)).await;
    assert!(text(&after).contains(r#"[{"id":3},{"id":2}]"#));
}

#[tokio::test]
async fn an_answer_that_ends_by_time_is_read_again() {
    let test = TestEngine::driven(ITEMS);
    let mut clock = follow(&test, &anonymous(), "clock_for", "");
    let first = next(&mut clock).await.unwrap();
    test.clock.set(Timestamp::parse("2026-07-01T12:00:05Z").unwrap());
    assert_ne!(next(&mut clock).await.unwrap(), first);
}

/// What fails is an answer of its kind: told once, tried again, and told when it is good again.
#[tokio::test]
async fn an_error_is_told_once_and_tried_again() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 10).await;
    let mut share = follow(&test, &anyone, "share", r#"{"id":1}"#);
    assert_eq!(next(&mut share).await.unwrap(), "10");
    put(&test, &anyone, 1, "a", 0).await;
    assert_eq!(next(&mut share).await.unwrap(), "22012");
    let failed = test.engine.live_figures().reruns_failed;
    until(|| test.engine.live_figures().reruns_failed > failed + 1).await;
    assert!(is_quiet(&mut share).await, "it is the same error");
    put(&test, &anyone, 1, "a", 20).await;
    assert_eq!(next(&mut share).await.unwrap(), "5");
}

/// A row that is not there is told of when it comes, and not at the next try: that would be seconds later by now.
#[tokio::test]
async fn a_row_that_comes_is_told_of() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    let mut item = follow(&test, &anyone, "item", r#"{"id":1}"#);
    assert_eq!(next(&mut item).await.unwrap(), "PGRST116");
    until(|| test.engine.live_figures().reruns_failed >= 5).await;
    let before = std::time::Instant::now();
    put(&test, &anyone, 1, "a", 10).await;
    assert_eq!(next(&mut item).await.unwrap(), r#"{"kind":"a","weight":10}"#);
    assert!(before.elapsed() < Duration::from_millis(1_000), "{:?}", before.elapsed());
}

#[tokio::test]
async fn who_comes_back_is_told_only_what_it_has_not() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let first = next_frame(&mut follow(&test, &anyone, "of_kind", OF_A)).await.unwrap();
    let seen = Some(Seen { position: first.position, tag: first.tag });
    let again = || test.engine.follow(Follow { caller: anyone.clone(), parts: vec![part("of_kind", OF_A)], seen });
    // By both roads.
    let (mut by_next, mut by_begin) = (again(), again());
    assert!(by_begin.begin().await.unwrap().is_none());
    assert!(is_quiet(&mut by_next).await && is_quiet(&mut by_begin).await);
    put(&test, &anyone, 1, "a", 2).await;
    for follower in [&mut by_next, &mut by_begin, &mut again()] {
        assert_eq!(next(follower).await.unwrap(), r#"[{"id":1,"weight":2}]"#);
    }
    // It is told of what it had at first when that comes back.
    put(&test, &anyone, 1, "a", 1).await;
    assert_eq!(next_frame(&mut by_next).await.unwrap().tag, first.tag);
}

/// Whoever has seen a write succeed and then begins to follow is shown it, however many follow already.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_begins_is_shown_all_that_was_acknowledged() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 0).await;
    let mut first = follow(&test, &anyone, "of_kind", OF_A);
    next(&mut first).await.unwrap();
    for weight in 1..100 {
        put(&test, &anyone, 1, "a", weight).await;
        let mut follower = follow(&test, &anyone, "of_kind", OF_A);
        assert_eq!(next(&mut follower).await.unwrap(), format!(r#"[{{"id":1,"weight":{weight}}}]"#));
    }
}
