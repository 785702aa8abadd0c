//! Answers that are computed before anybody asks.

use crate::support::{TestEngine, anonymous, app, body, user};
use martlet_engine::{Cause, Renewed, Source};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, kind text not null, owner text, body text not null);\n\
         create index notes_kind on notes (kind);\ncreate index notes_owner on notes (owner);\n",
    ),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text\n-- @warm kind=a\n-- @warm kind='b'\nselect id, body from notes where kind = :kind order by id;\n",
    ),
    (
        "queries/plain.sql",
        "-- @allow anyone\n-- @param kind text\nselect count(*) as n from notes where kind = :kind;\n",
    ),
    ("queries/mine.sql", "-- @allow user\nselect count(*) as n from notes where owner = auth.jwt() ->> 'sub';\n"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @param owner text optional\n-- @returns nothing\n\n\
         insert into notes (id, kind, owner, body) values (:id, :kind, :owner, 'x') on conflict (id) do update set body = excluded.body || notes.body;\n",
    ),
];

/// Waits until it holds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(10), "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// An engine that is tended, and whether callers wait.
pub(crate) struct Tended {
    pub(crate) test: TestEngine,
    pub(crate) is_busy: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Tended {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Tended {
    #[expect(clippy::disallowed_methods, reason = "a test ends its task itself")]
    pub(crate) async fn of(files: &[(&str, &str)]) -> Self {
        let test = TestEngine::new(app(files));
        let is_busy = Arc::new(AtomicBool::new(false));
        let (engine, busy) = (test.engine.clone(), Arc::clone(&is_busy));
        let task = tokio::spawn(engine.tend(move || busy.load(Ordering::SeqCst)));
        // It begins.
        tokio::task::yield_now().await;
        Self { test, is_busy, task }
    }

    pub(crate) fn count(&self, cause: Cause, renewed: Renewed) -> u64 {
        self.test.engine.cache().expect("a cache").renewals.count(cause, renewed)
    }

    /// One call: where its answer came from, and the answer.
    pub(crate) async fn ask(&self, name: &str, arguments: &str) -> (Source, String) {
        let outcome = self.test.answer(&anonymous(), name, arguments).await;
        (outcome.source, body(outcome.result))
    }

    async fn put(&self, id: u32, kind: &str) {
        let arguments = format!(r#"{{"id": {id}, "kind": "{kind}", "owner": "{}"}}"#, crate::support::user_id(1));
        self.test.act(&anonymous(), "put", &arguments).await.expect("a note");
    }
}

#[tokio::test]
async fn what_warm_names_is_there_before_anybody_asks_and_again_after_each_change() {
    let tended = Tended::of(FILES).await;
    until("both are filled", || tended.count(Cause::Warm, Renewed::Kept) == 2).await;
    for kind in ["a", "b"] {
        assert_eq!(tended.ask("of_kind", &format!(r#"{{"kind": "{kind}"}}"#)).await, (Source::Memory, "[]".into()));
    }
    assert_eq!(tended.ask("of_kind", r#"{"kind": "c"}"#).await.0, Source::Store);
    // Nobody has read the second: it is filled again all the same.
    for (id, filled) in [(1, 3), (2, 4), (3, 5)] {
        tended.put(id, "b").await;
        until("it is filled again", || tended.count(Cause::Warm, Renewed::Kept) == filled).await;
    }
    let (source, answer) = tended.ask("of_kind", r#"{"kind": "b"}"#).await;
    assert_eq!(source, Source::Memory);
    assert!(answer.starts_with(r#"[{"id":1,"#) && answer.contains(r#""id":3"#), "{answer}");
    assert_eq!(tended.test.figures("of_kind").renewed, 5);
    assert_eq!(tended.test.figures("of_kind").misses, 1, "what nobody waits for is no miss");
    // The other one was not touched.
    assert_eq!(tended.ask("of_kind", r#"{"kind": "a"}"#).await.0, Source::Memory);
}

#[tokio::test]
async fn another_version_of_the_app_is_warmed_anew() {
    let tended = Tended::of(FILES).await;
    until("both are filled", || tended.count(Cause::Warm, Renewed::Kept) == 2).await;
    tended.test.engine.replace_app(app(FILES)).unwrap();
    until("both are filled again", || tended.count(Cause::Warm, Renewed::Kept) == 4).await;
    assert_eq!(tended.ask("of_kind", r#"{"kind": "a"}"#).await.0, Source::Memory);
}

#[tokio::test]
async fn a_hot_answer_is_computed_again_before_the_next_reader_comes() {
    let tended = Tended::of(FILES).await;
    let ask = async || tended.ask("plain", r#"{"kind": "k"}"#).await;
    for _ in 0..6 {
        ask().await;
    }
    for round in 1..=3 {
        tended.put(round, "k").await;
        until("it is renewed", || tended.count(Cause::Hot, Renewed::Kept) == u64::from(round)).await;
        assert_eq!(ask().await, (Source::Memory, format!(r#"[{{"n":{round}}}]"#)));
        for _ in 0..3 {
            ask().await;
        }
    }
}

#[tokio::test]
async fn what_is_a_callers_own_is_renewed_for_that_caller() {
    let tended = Tended::of(FILES).await;
    let (ana, ben) = (user(1), user(2));
    let ask = async |caller| {
        let outcome = tended.test.answer(caller, "mine", "").await;
        (outcome.source, body(outcome.result))
    };
    for _ in 0..6 {
        ask(&ana).await;
        ask(&ben).await;
    }
    tended.put(1, "k").await;
    until("it is renewed", || tended.count(Cause::Hot, Renewed::Kept) == 1).await;
    assert_eq!(ask(&ana).await, (Source::Memory, r#"[{"n":1}]"#.into()));
    assert_eq!(ask(&ben).await, (Source::Memory, r#"[{"n":0}]"#.into()));
}

#[tokio::test]
async fn what_nobody_reads_is_not_renewed() {
    let tended = Tended::of(FILES).await;
    let ask = async || tended.ask("plain", r#"{"kind": "k"}"#).await.0;
    // Read once in each life: as often as it is changed.
    for round in 0..10 {
        assert_eq!(ask().await, Source::Store);
        assert_eq!(ask().await, Source::Memory);
        tended.put(round, "k").await;
    }
    // Hot, and then read by nobody: a few times in vain, then no more.
    for _ in 0..20 {
        ask().await;
    }
    let runs = |tended: &Tended| tended.test.runs("plain");
    let before = runs(&tended);
    for round in 10..20 {
        tended.put(round, "k").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let renewed = runs(&tended) - before;
    assert!((1..=5).contains(&renewed), "{renewed}");
}

#[tokio::test]
async fn while_callers_wait_hot_answers_are_left_to_them() {
    let tended = Tended::of(FILES).await;
    until("both are filled", || tended.count(Cause::Warm, Renewed::Kept) == 2).await;
    tended.is_busy.store(true, Ordering::SeqCst);
    let ask = async || tended.ask("plain", r#"{"kind": "k"}"#).await;
    for _ in 0..6 {
        ask().await;
    }
    tended.put(1, "k").await;
    until("it is left", || tended.count(Cause::Hot, Renewed::Skipped) == 1).await;
    assert_eq!(ask().await, (Source::Store, r#"[{"n":1}]"#.into()));
    // What `@warm` names waits a while, and is computed then.
    tended.put(2, "a").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(tended.count(Cause::Warm, Renewed::Kept), 2);
    tended.is_busy.store(false, Ordering::SeqCst);
    until("it is filled", || tended.count(Cause::Warm, Renewed::Kept) == 3).await;
}

#[tokio::test]
async fn commits_in_a_row_cost_few_renewals_and_the_last_is_not_lost() {
    let tended = Tended::of(FILES).await;
    until("both are filled", || tended.count(Cause::Warm, Renewed::Kept) == 2).await;
    let before = tended.test.runs("of_kind");
    for id in 0..50 {
        tended.put(id, "a").await;
    }
    let is_there = || tended.test.figures("of_kind").entries == 2;
    until("it is filled", is_there).await;
    let runs = tended.test.runs("of_kind") - before;
    assert!((1..40).contains(&runs), "{runs}");
    let (source, answer) = tended.ask("of_kind", r#"{"kind": "a"}"#).await;
    assert!(source == Source::Memory && answer.contains(r#""id":49,"#), "{source:?} {answer}");
}

#[tokio::test]
async fn the_queue_is_bounded_and_without_a_driver_nothing_waits() {
    let test = TestEngine::new(app(FILES));
    let heat = async |kinds: std::ops::Range<u32>| {
        for kind in kinds {
            for _ in 0..6 {
                test.query(&anonymous(), "plain", &format!(r#"{{"kind": "k{kind}"}}"#)).await.unwrap();
            }
        }
    };
    heat(0..1).await;
    test.act(&anonymous(), "put", r#"{"id": 1, "kind": "k0"}"#).await.unwrap();
    assert_eq!(test.engine.cache().unwrap().renewals.waiting, 0);
    assert_eq!(test.engine.cache().unwrap().renewals.count(Cause::Hot, Renewed::Dropped), 0);
}

#[tokio::test]
async fn warming_by_hand_tells_what_it_did() {
    let test = TestEngine::new(app(FILES));
    let soon = || Instant::now() + Duration::from_secs(5);
    let told = test.engine.warm(None, soon()).await.unwrap();
    assert_eq!((told.filled, told.found, told.failed, told.left), (2, 0, 0, 0));
    let told = test.engine.warm(Some("of_kind"), soon()).await.unwrap();
    assert_eq!((told.filled, told.found), (0, 2));
    for (name, told) in [
        ("plain", "MRT030: the query plain has no `@warm`"),
        ("of_knd", "MRT030: there is no query of_knd"),
        ("put", "MRT030: there is no query put"),
    ] {
        let error = test.engine.warm(Some(name), soon()).await.unwrap_err();
        assert_eq!(format!("{}: {}", error.code, error.message), told);
    }
    let told = test.engine.warm(None, Instant::now()).await.unwrap();
    assert_eq!(told.left, 2);
}
