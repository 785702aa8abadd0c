//! What was the answer until lately, where a query allows it; and times that follow how often an answer is read.

use crate::renew::{Tended, until};
use crate::support::{anonymous, body, call};
use martlet_core::Timestamp;
use martlet_engine::{Cause, Extras, Renewed, Source};
use std::time::Duration;

const FILES: &[(&str, &str)] = &[
    (
        "migrations/0001_notes.sql",
        "create table notes (id bigint primary key, kind text not null);\ncreate index notes_kind on notes (kind);\n",
    ),
    (
        "queries/lax.sql",
        "-- @allow anyone\n-- @cache stale 5s\n-- @param kind text\nselect count(*) as n from notes where kind = :kind;\n",
    ),
    ("queries/timed.sql", "-- @allow anyone\n-- @cache for 30s stale 5s\n-- @returns value\nselect now() as at;\n"),
    ("queries/adaptive.sql", "-- @allow anyone\n-- @cache for 10s..2m\n-- @returns value\nselect now() as at;\n"),
    (
        "queries/exact.sql",
        "-- @allow anyone\n-- @param kind text\nselect count(*) as n from notes where kind = :kind;\n",
    ),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text\n-- @returns nothing\n\n\
         insert into notes (id, kind) values (:id, :kind);\n",
    ),
];

const KIND: &str = r#"{"kind": "k"}"#;

impl Tended {
    /// A call of who takes what was the answer until lately.
    async fn take(&self, name: &str, arguments: &str) -> (Source, String) {
        let extras = Extras { takes_stale: true, ..Extras::default() };
        let outcome = self.test.engine.answer(call(&anonymous(), name, arguments), extras).await;
        (outcome.source, body(outcome.result))
    }

    async fn put_note(&self, id: u32) {
        let arguments = format!(r#"{{"id": {id}, "kind": "k"}}"#);
        self.test.act(&anonymous(), "put", &arguments).await.expect("a note");
    }

    /// So many seconds after noon.
    fn at(&self, seconds: u64) {
        let time = format!("2026-07-01T12:{:02}:{:02}Z", seconds / 60, seconds % 60);
        self.test.clock.set(Timestamp::parse(&time).expect("a time"));
    }
}

fn is_stale(source: Source, age: u64, over: u64) -> bool {
    let of = |seconds| Duration::from_secs(seconds);
    matches!(source, Source::Stale(staleness) if staleness.age == of(age) && staleness.over == of(over))
}

#[tokio::test]
async fn what_a_change_has_ended_is_given_while_one_run_makes_the_next() {
    let tended = Tended::of(FILES).await;
    assert_eq!(tended.take("lax", KIND).await, (Source::Store, r#"[{"n":0}]"#.into()));
    tended.put_note(1).await;
    tended.at(2);
    let before = tended.test.runs("lax");
    let (source, answer) = tended.take("lax", KIND).await;
    assert!(is_stale(source, 2, 2) && answer == r#"[{"n":0}]"#, "{source:?} {answer}");
    until("it is renewed", || tended.count(Cause::Stale, Renewed::Kept) == 1).await;
    assert_eq!(tended.take("lax", KIND).await, (Source::Memory, r#"[{"n":1}]"#.into()));
    assert_eq!(tended.test.runs("lax") - before, 1);
    let figures = tended.test.figures("lax");
    assert_eq!((figures.hits, figures.misses, figures.stale, figures.renewed), (1, 1, 1, 1));
}

#[tokio::test]
async fn it_is_told_with_the_position_at_which_it_was_the_answer() {
    let tended = Tended::of(FILES).await;
    let extras = || Extras { takes_stale: true, ..Extras::default() };
    let ask = async || {
        let outcome = tended.test.engine.answer(call(&anonymous(), "lax", KIND), extras()).await;
        (
            outcome.source,
            outcome.result.unwrap().position,
            outcome.kept.is_some_and(|kept| kept.is_good(std::time::Instant::now())),
        )
    };
    let (_, first, _) = ask().await;
    tended.put_note(1).await;
    let (source, position, is_good) = ask().await;
    assert!(is_stale(source, 0, 0) && !is_good, "no alias is made of it");
    assert_eq!(position, first);
    assert!(position.number < tended.test.engine.position().number);
}

#[tokio::test]
async fn who_does_not_take_it_and_who_comes_too_late_is_never_given_it() {
    let tended = Tended::of(FILES).await;
    for name in ["lax", "exact"] {
        tended.ask(name, KIND).await;
    }
    tended.put_note(1).await;
    assert_eq!(tended.ask("lax", KIND).await, (Source::Store, r#"[{"n":1}]"#.into()));
    assert_eq!(tended.take("exact", KIND).await, (Source::Store, r#"[{"n":1}]"#.into()), "without the tag");
    tended.put_note(2).await;
    tended.at(5);
    assert_eq!(tended.take("lax", KIND).await, (Source::Store, r#"[{"n":2}]"#.into()), "5 s are over");
}

#[tokio::test]
async fn what_is_dropped_by_hand_is_not_given_after_its_end() {
    let tended = Tended::of(FILES).await;
    tended.take("lax", KIND).await;
    tended.put_note(1).await;
    tended.test.engine.clear_cache(martlet_engine::Clear::Query("lax"));
    assert_eq!(tended.take("lax", KIND).await, (Source::Store, r#"[{"n":1}]"#.into()));
    tended.put_note(2).await;
    tended.test.cache.clear();
    assert_eq!(tended.take("lax", KIND).await, (Source::Store, r#"[{"n":2}]"#.into()));
}

#[tokio::test]
async fn without_a_driver_nothing_is_given_after_its_end() {
    let test = crate::support::TestEngine::new(crate::support::app(FILES));
    let ask = async || {
        let extras = Extras { takes_stale: true, ..Extras::default() };
        test.engine.answer(call(&anonymous(), "lax", KIND), extras).await.source
    };
    ask().await;
    test.act(&anonymous(), "put", r#"{"id": 1, "kind": "k"}"#).await.unwrap();
    assert_eq!([ask().await, ask().await], [Source::Store, Source::Memory]);
}

#[tokio::test]
async fn what_time_has_ended_is_given_for_a_while_as_well() {
    let tended = Tended::of(FILES).await;
    let (source, first) = tended.take("timed", "").await;
    assert_eq!(source, Source::Store);
    tended.at(29);
    assert_eq!(tended.take("timed", "").await, (Source::Memory, first.clone()));
    tended.at(32);
    let (source, answer) = tended.take("timed", "").await;
    assert!(is_stale(source, 32, 2) && answer == first, "{source:?} {answer}");
    until("it is renewed", || tended.count(Cause::Stale, Renewed::Kept) == 1).await;
    let (source, second) = tended.take("timed", "").await;
    assert_eq!((source, second.as_str()), (Source::Memory, r#""2026-07-01T12:00:32+00:00""#));
    // The next one lives from its own beginning.
    tended.at(61);
    assert_eq!(tended.take("timed", "").await.0, Source::Memory);
    tended.at(67);
    assert_eq!(tended.take("timed", "").await.0, Source::Store, "30 s and 5 s are over");
}

#[tokio::test]
async fn an_answer_lives_the_longer_the_less_it_is_read_and_never_beyond_its_bounds() {
    let tended = Tended::of(FILES).await;
    // Read once a minute: to the upper bound, 2m.
    tended.ask("adaptive", "").await;
    for (second, expected) in [(60, Source::Memory), (119, Source::Memory), (120, Source::Store)] {
        tended.at(second);
        assert_eq!(tended.ask("adaptive", "").await.0, expected, "after {second} s");
    }
    assert_eq!(tended.count(Cause::Ahead, Renewed::Kept), 0);
    // Computed at 120 s and read every 10 s: after n reads it is older than 2m / n at the fourth, 40 s old.
    for second in [130, 140, 150] {
        tended.at(second);
        let (source, answer) = tended.ask("adaptive", "").await;
        assert_eq!((source, answer.as_str()), (Source::Memory, r#""2026-07-01T12:02:00+00:00""#));
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(tended.count(Cause::Ahead, Renewed::Kept), 0, "after {second} s");
    }
    tended.at(160);
    assert_eq!(tended.ask("adaptive", "").await.1, r#""2026-07-01T12:02:00+00:00""#, "nobody waits for the next");
    until("it is renewed", || tended.count(Cause::Ahead, Renewed::Kept) == 1).await;
    assert_eq!(tended.ask("adaptive", "").await, (Source::Memory, r#""2026-07-01T12:02:40+00:00""#.into()));
    // Read as often as can be: not before the lower bound, 10s.
    for second in [161, 165, 169] {
        tended.at(second);
        for _ in 0..1_000 {
            tended.ask("adaptive", "").await;
        }
        assert_eq!(tended.count(Cause::Ahead, Renewed::Kept), 1, "after {second} s");
    }
    tended.at(170);
    tended.ask("adaptive", "").await;
    until("it is renewed", || tended.count(Cause::Ahead, Renewed::Kept) == 2).await;
    assert_eq!(tended.ask("adaptive", "").await.1, r#""2026-07-01T12:02:50+00:00""#);
}

#[tokio::test]
async fn while_callers_wait_a_busy_answer_lives_to_its_upper_bound() {
    let tended = Tended::of(FILES).await;
    tended.ask("adaptive", "").await;
    tended.is_busy.store(true, std::sync::atomic::Ordering::SeqCst);
    tended.at(60);
    for _ in 0..10 {
        assert_eq!(tended.ask("adaptive", "").await.0, Source::Memory);
    }
    until("it is left", || tended.count(Cause::Ahead, Renewed::Skipped) == 1).await;
    for _ in 0..10 {
        tended.ask("adaptive", "").await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(tended.count(Cause::Ahead, Renewed::Skipped), 1, "it is not asked for at each read");
    tended.at(120);
    assert_eq!(tended.ask("adaptive", "").await.0, Source::Store);
}
