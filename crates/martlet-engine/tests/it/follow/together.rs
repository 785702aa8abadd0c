//! Several answers on one stream: no frame shows a commit in one answer that another one lacks.

use super::*;
use crate::support::app;
use proptest::test_runner::{Config, TestRunner};
use std::sync::atomic::{AtomicBool, Ordering};

/// An action changes two tables, and each query reads one of them: what both show is the same number, always.
const TWINS: &[(&str, &str)] = &[
    (
        "migrations/0001_twins.sql",
        "create table lefts (id bigint primary key, n bigint not null);
         create table rights (id bigint primary key, n bigint not null);",
    ),
    (
        "queries/left.sql",
        "-- @allow anyone\n-- @returns value\n-- @param id bigint\nselect n from lefts where id = :id",
    ),
    (
        "queries/right.sql",
        "-- @allow anyone\n-- @returns value\n-- @param id bigint\nselect n from rights where id = :id",
    ),
    ("queries/secret.sql", "-- @allow user\n-- @returns value\nselect max(n) as n from rights"),
    (
        "actions/set.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param n bigint\n-- @returns nothing\n
         insert into lefts (id, n) values (:id, :n) on conflict (id) do update set n = excluded.n;
         insert into rights (id, n) values (:id, :n) on conflict (id) do update set n = excluded.n;",
    ),
    (
        "actions/raise_right.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @returns nothing\nupdate rights set n = n + 1 where id = :id;",
    ),
];

async fn set(test: &TestEngine, id: u32, n: u32) {
    test.act(&anonymous(), "set", &format!(r#"{{"id":{id},"n":{n}}}"#)).await.expect("a write");
}

fn twins(id: u32) -> [FollowPart; 2] {
    let arguments = format!(r#"{{"id":{id}}}"#);
    [part("left", &arguments), part("right", &arguments)]
}

#[tokio::test]
async fn several_answers_are_one_frame() {
    let test = TestEngine::driven(TWINS);
    set(&test, 1, 1).await;
    let mut both = follow_all(&test, &anonymous(), &twins(1));
    let first = next_frame(&mut both).await.unwrap();
    assert_eq!((texts(&first), first.is_partial), (vec!["1".into(), "1".into()], false));
    set(&test, 1, 2).await;
    let second = next_frame(&mut both).await.unwrap();
    assert_eq!((texts(&second), second.is_partial), (vec!["2".into(), "2".into()], false));
    assert!(second.position.number > first.position.number);
    // One of them, and neither.
    test.act(&anonymous(), "raise_right", r#"{"id":1}"#).await.unwrap();
    assert_eq!(next(&mut both).await.unwrap(), "2 3");
    set(&test, 2, 1).await;
    assert!(is_quiet(&mut both).await);
    // Who has it already is told so.
    let frame = next_frame(&mut follow_all(&test, &anonymous(), &twins(1))).await.unwrap();
    let seen = Some(Seen { position: frame.position, tag: frame.tag });
    let again = Follow { caller: anonymous(), parts: twins(1).into(), seen };
    assert!(test.engine.follow(again).begin().await.unwrap().is_none());
}

/// A part that is refused stands in its place, as in any batch; what is refused altogether ends.
#[tokio::test]
async fn each_part_has_its_own_error() {
    let test = TestEngine::driven(TWINS);
    set(&test, 1, 1).await;
    let [left, _] = twins(1);
    let parts = [part("secret", ""), left, part("nothing", ""), part("left", "{}"), part("set", r#"{"id":1,"n":1}"#)];
    let mut some = follow_all(&test, &anonymous(), &parts);
    assert_eq!(next(&mut some).await.unwrap(), "42501 1 PGRST202 MRT001 25006");
    set(&test, 1, 2).await;
    assert_eq!(next(&mut some).await.unwrap(), "42501 2 PGRST202 MRT001 25006");
    let mut none = follow_all(&test, &anonymous(), &[part("secret", ""), part("nothing", "")]);
    assert!(next(&mut none).await.is_err());
    // What is forbidden by another version of the app is not shown any more.
    let mut files = TWINS.to_vec();
    files[1].1 = "-- @allow user\n-- @returns value\n-- @param id bigint\nselect n from lefts where id = :id";
    let mut both = follow_all(&test, &anonymous(), &twins(1));
    assert_eq!(next(&mut both).await.unwrap(), "2 2");
    test.engine.replace_app(app(&files)).unwrap();
    assert_eq!(next(&mut both).await.unwrap(), "42501 2");
}

/// Writers set both numbers of a pair at once, as fast as they can; whatever comes between, no frame that is not said
/// to be partial shows two numbers, numbers never go back, and the last frame is whole.
async fn no_frame_is_a_mix(pairs: u32, writers: u32, writes: u32, pause_us: u64) {
    let test = Arc::new(TestEngine::driven(TWINS));
    for id in 0..pairs {
        set(&test, id, 0).await;
    }
    let ended = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for follower in 0..2 * pairs {
        let (test, ended) = (Arc::clone(&test), Arc::clone(&ended));
        tasks.spawn(async move {
            let mut both = follow_all(&test, &anonymous(), &twins(follower % pairs));
            let (mut last, mut whole) = ([0, 0], 0);
            loop {
                let was_ended = ended.load(Ordering::SeqCst);
                let wait = if was_ended { 400 } else { 20 };
                let Ok(frame) = tokio::time::timeout(Duration::from_millis(wait), both.next()).await else {
                    if was_ended {
                        return (last, whole);
                    }
                    continue;
                };
                let frame = frame.expect("it goes well");
                let [left, right] = [0, 1].map(|part| text(&frame.answers[part]).parse::<u32>().expect("it goes well"));
                assert!(left >= last[0] && right >= last[1], "{last:?} {left} {right}");
                assert!(frame.is_partial || left == right, "{left} {right}");
                whole += u32::from(!frame.is_partial);
                last = [left, right];
            }
        });
    }
    let mut writing = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let test = Arc::clone(&test);
        writing.spawn(async move {
            for n in 1..=writes {
                for id in (0..pairs).filter(|id| id % writers == writer) {
                    set(&test, id, n).await;
                }
                // A read of another's now and then, so that answers are kept, found and bound by others.
                _ = test.query(&anonymous(), "left", &format!(r#"{{"id":{}}}"#, n % pairs)).await;
                tokio::time::sleep(Duration::from_micros(pause_us)).await;
            }
        });
    }
    while let Some(writer) = writing.join_next().await {
        writer.expect("it goes well");
    }
    ended.store(true, Ordering::SeqCst);
    while let Some(follower) = tasks.join_next().await {
        let (last, whole) = follower.expect("it goes well");
        assert_eq!(last, [writes; 2]);
        assert!(whole > 0, "the last is whole");
    }
    assert_eq!(test.engine.live_figures().groups, 0);
}

#[test]
fn a_frame_never_shows_before_and_after() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { cases: 8, ..Config::default() });
    let cases = (1..4u32, 1..3u32, 20..120u32, 0..3_000u64);
    let run = |(pairs, writers, writes, pause_us)| {
        runtime.block_on(no_frame_is_a_mix(pairs, writers, writes, pause_us));
        Ok(())
    };
    runner.run(&cases, run).unwrap();
}
