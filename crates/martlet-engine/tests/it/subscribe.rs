//! Who follows an answer gets it now, and then each that differs, whatever happens between: over the real store.

use crate::support::{TestEngine, anonymous, app, user};
use martlet_core::{Caller, Error, Timestamp};
use martlet_engine::{Answer, Demand, OwnedArguments, Subscribe, Subscription};
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

fn subscribe(test: &TestEngine, caller: &Caller, name: &str, arguments: &str) -> Subscription {
    let (caller, name) = (caller.clone(), name.to_owned());
    let arguments = OwnedArguments::Json(arguments.as_bytes().into());
    test.engine.subscribe(Subscribe { caller, name, arguments, demand: Demand::default() })
}

async fn put(test: &TestEngine, caller: &Caller, id: u32, kind: &str, weight: u32) {
    let arguments = format!(r#"{{"id":{id},"kind":"{kind}","weight":{weight}}}"#);
    test.act(caller, "put", &arguments).await.expect("a write");
}

fn body(answer: Answer) -> String {
    String::from_utf8(answer.body.expect("a body").to_vec()).expect("UTF-8")
}

/// What comes next; it must come soon.
async fn next(subscription: &mut Subscription) -> Result<String, Error> {
    let next = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await;
    next.expect("it is told").map(body)
}

/// Nothing comes.
async fn is_quiet(subscription: &mut Subscription) -> bool {
    tokio::time::timeout(Duration::from_millis(150), subscription.next()).await.is_err()
}

#[tokio::test]
async fn an_answer_comes_now_and_again_when_it_differs() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let mut of_a = subscribe(&test, &anyone, "of_kind", r#"{"kind":"a"}"#);
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":1}]"#);
    assert!(is_quiet(&mut of_a).await);
    put(&test, &anyone, 1, "a", 2).await;
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":2}]"#);
    // Of another kind.
    put(&test, &anyone, 2, "b", 1).await;
    assert!(is_quiet(&mut of_a).await);
    let runs = test.runs("of_kind");
    // Touched, and the same.
    put(&test, &anyone, 1, "a", 3).await;
    put(&test, &anyone, 1, "a", 2).await;
    assert!(is_quiet(&mut of_a).await);
    assert!(test.runs("of_kind") > runs, "it was read again");
    // Several writes while nobody asks are one.
    for weight in 4..9 {
        put(&test, &anyone, 1, "a", weight).await;
    }
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"id":1,"weight":8}]"#);
    assert!(is_quiet(&mut of_a).await);
}

#[tokio::test]
async fn keys_that_stand_in_other_rows_are_followed_anew() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    for id in 1..3 {
        put(&test, &anyone, id, "a", id).await;
    }
    test.act(&anyone, "pair", r#"{"id":1,"item_id":1}"#).await.unwrap();
    let mut paired = subscribe(&test, &anyone, "paired", r#"{"id":1}"#);
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
    let test = TestEngine::of(ITEMS);
    let (one, other) = (user(1), user(2));
    let (mut of_one, mut of_other) = (subscribe(&test, &one, "mine", ""), subscribe(&test, &other, "mine", ""));
    assert_eq!((next(&mut of_one).await.unwrap(), next(&mut of_other).await.unwrap()), ("[]".into(), "[]".into()));
    put(&test, &one, 1, "a", 1).await;
    assert_eq!(next(&mut of_one).await.unwrap(), r#"[{"id":1,"weight":1}]"#);
    assert!(is_quiet(&mut of_other).await);
    assert_eq!(test.cache.figures().groups, 2);
    let mut again = subscribe(&test, &one, "mine", "");
    next(&mut again).await.unwrap();
    assert_eq!(test.cache.figures().groups, 2, "those who follow the same answer are one group");
    drop((of_one, again, of_other));
    assert_eq!(test.cache.figures().groups, 0);
}

#[tokio::test]
async fn the_same_road_refuses() {
    let test = TestEngine::of(ITEMS);
    let refused = async |name: &str, arguments: &str| {
        let error = next(&mut subscribe(&test, &anonymous(), name, arguments)).await.unwrap_err();
        error.code.to_string()
    };
    assert_eq!(refused("mine", "").await, "42501");
    assert_eq!(refused("nothing", "").await, "PGRST202");
    assert_eq!(refused("of_kind", "{}").await, "MRT001");
    assert_eq!(refused("put", r#"{"id":1,"kind":"a","weight":1}"#).await, "25006");
    assert_eq!(refused("off", "").await, "MRT031");
    assert_eq!(refused("clock", "").await, "MRT031");
    assert_eq!(test.cache.figures().groups, 0);
}

/// What others write is no call of one's own.
#[tokio::test]
async fn a_subscription_counts_once_against_a_limit() {
    let test = TestEngine::of(ITEMS);
    let caller = Caller { address: Some([127, 0, 0, 1].into()), ..anonymous() };
    let mut limited = subscribe(&test, &caller, "limited", "");
    assert_eq!(next(&mut limited).await.unwrap(), r#"[{"n":0}]"#);
    for id in 1..4 {
        put(&test, &caller, id, "a", 1).await;
        assert_eq!(next(&mut limited).await.unwrap(), format!(r#"[{{"n":{id}}}]"#));
    }
    assert_eq!(next(&mut subscribe(&test, &caller, "limited", "")).await.unwrap_err().code.to_string(), "MRT029");
}

#[tokio::test]
async fn a_page_is_the_same_although_its_cursor_is_not() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    for id in 1..5 {
        put(&test, &anyone, id, "a", 1).await;
    }
    let mut page = subscribe(&test, &anyone, "page", "");
    assert!(next(&mut page).await.unwrap().contains(r#"[{"id":4},{"id":3}]"#));
    // It is read again, for its rows are touched.
    put(&test, &anyone, 1, "a", 1).await;
    assert!(is_quiet(&mut page).await);
    put(&test, &anyone, 5, "a", 1).await;
    assert!(next(&mut page).await.unwrap().contains(r#"[{"id":5},{"id":4}]"#));
}

#[tokio::test]
async fn an_answer_that_ends_by_time_is_read_again() {
    let test = TestEngine::of(ITEMS);
    let mut clock = subscribe(&test, &anonymous(), "clock_for", "");
    let first = next(&mut clock).await.unwrap();
    test.clock.set(Timestamp::parse("2026-07-01T12:00:05Z").unwrap());
    assert_ne!(next(&mut clock).await.unwrap(), first);
}

#[tokio::test]
async fn another_version_of_the_app_is_followed_or_ends_it() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let mut of_a = subscribe(&test, &anyone, "of_kind", r#"{"kind":"a"}"#);
    let mut page = subscribe(&test, &anyone, "page", "");
    next(&mut of_a).await.unwrap();
    next(&mut page).await.unwrap();
    let others = |files: &[(&'static str, &'static str)]| {
        files.iter().copied().filter(|(path, _)| *path != "queries/of_kind.sql").collect::<Vec<_>>()
    };
    let mut files = others(ITEMS);
    files.push((
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\nselect weight from items where kind = :kind",
    ));
    test.engine.replace_app(app(&files)).unwrap();
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"weight":1}]"#);
    assert!(is_quiet(&mut page).await, "it is the same");
    put(&test, &anyone, 1, "a", 2).await;
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"weight":2}]"#);
    test.engine.replace_app(app(&others(ITEMS))).unwrap();
    assert_eq!(next(&mut of_a).await.unwrap_err().code.to_string(), "PGRST202");
}

/// Writers and followers at once: each follower ends with the last answer, and never goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn followers_of_a_busy_answer_end_with_the_last_one() {
    const WRITES: u32 = 60;
    let test = Arc::new(TestEngine::of(ITEMS));
    let follow = |test: Arc<TestEngine>| async move {
        let mut of_a = subscribe(&test, &anonymous(), "of_kind", r#"{"kind":"a"}"#);
        let mut seen = Vec::new();
        loop {
            let body = next(&mut of_a).await.unwrap();
            let weight = body.rsplit(':').next().and_then(|rest| rest.trim_end_matches("}]").parse().ok());
            seen.push(weight.unwrap_or(0u32));
            if seen.last() == Some(&WRITES) {
                return seen;
            }
        }
    };
    #[expect(clippy::disallowed_methods, reason = "no server whose shutdown could wait")]
    let followers: Vec<_> = (0..8).map(|_| tokio::spawn(follow(Arc::clone(&test)))).collect();
    for weight in 1..=WRITES {
        put(&test, &anonymous(), 1, "a", weight).await;
    }
    for follower in followers {
        let seen = follower.await.unwrap();
        assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
    }
    assert_eq!(test.cache.figures().groups, 0);
}
