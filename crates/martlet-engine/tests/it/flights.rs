//! What many ask for at once is computed once, and nobody waits for another's fate.

use crate::support::{TestEngine, anonymous, body, call};
use martlet_core::{Error, Kind};
use martlet_engine::{Answer, Call, Demand, Extras, Source};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// `slow` takes some hundred milliseconds, however fast the machine is.
const SLOW: &[(&str, &str)] = &[
    ("migrations/0001_items.sql", "create table items (id bigint primary key, note text);"),
    (
        "queries/slow.sql",
        "-- @allow anyone\n-- @timeout 60s\n-- @param until bigint\n-- @scan items \"small\"\n
         select i.id, (select count(*) from generate_series(1, :until) as g(n) where g.n::text || i.note = 'x') as n
           from items i order by i.id",
    ),
    (
        "queries/wrong.sql",
        "-- @allow anyone\n-- @timeout 60s\n-- @returns value\n
         select (select count(*) from generate_series(1, 1000000) as g(n) where g.n::text || i.note = 'x') / (i.id - 1) as n
           from items i where i.id = 1",
    ),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param note text\n-- @returns nothing\n
         insert into items (id, note) values (:id, :note) on conflict (id) do update set note = excluded.note;",
    ),
];
const UNTIL: &str = r#"{"until":1500000}"#;
const ANSWER: &str = r#"[{"id":1,"n":0}]"#;

async fn slow() -> Arc<TestEngine> {
    let test = Arc::new(TestEngine::of(SLOW));
    test.act(&anonymous(), "put", r#"{"id":1,"note":"a"}"#).await.expect("a write");
    test
}

/// A caller of `slow` who arrived so long ago, with this demand.
async fn ask(
    test: Arc<TestEngine>,
    name: &'static str,
    ago: Duration,
    demand: Demand,
) -> (Source, Result<Answer, Error>) {
    let caller = anonymous();
    let arguments = if name == "slow" { UNTIL } else { "" };
    let arrival = Instant::now().checked_sub(ago).expect("a machine that has run for a while");
    let call = Call { arrival, demand, ..call(&caller, name, arguments) };
    let outcome = test.engine.answer(call, Extras::default()).await;
    (outcome.source, outcome.result)
}

fn asks(test: &Arc<TestEngine>, name: &'static str) -> impl Future<Output = (Source, Result<Answer, Error>)> + use<> {
    ask(Arc::clone(test), name, Duration::ZERO, Demand::default())
}

/// Until a reader computes.
async fn under_way(test: &TestEngine) {
    while test.engine.store().figures().pools[1].wait.count() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_cache_10_a_thousand_callers_of_a_cold_slow_query_are_one_run() {
    let test = slow().await;
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        callers.spawn(asks(&test, "slow"));
    }
    let answers = callers.join_all().await;
    assert_eq!(test.runs("slow"), 1);
    let mut from_store = 0;
    for (source, answer) in answers {
        assert_eq!(body(answer), ANSWER);
        from_store += u32::from(source == Source::Store);
    }
    assert_eq!(from_store, 1);
    let figures = test.figures("slow");
    assert_eq!(figures.hits + figures.misses, 1_000);
    assert_eq!((figures.misses - figures.coalesced, figures.entries), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_cache_10_a_leader_that_goes_away_leaves_its_place() {
    let test = slow().await;
    let mut leader = JoinSet::new();
    leader.spawn(asks(&test, "slow"));
    under_way(&test).await;
    let mut followers = JoinSet::new();
    for _ in 0..50 {
        followers.spawn(asks(&test, "slow"));
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    leader.shutdown().await;
    for (_, answer) in followers.join_all().await {
        assert_eq!(body(answer), ANSWER);
    }
    assert!(test.runs("slow") <= 2, "the one that was stopped, and one for all others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_cache_10_each_has_a_deadline_of_its_own() {
    let test = slow().await;
    let nearly_over = Duration::from_secs(60) - Duration::from_millis(60);
    // The leader's passes; for the others nothing has.
    let mut leader = JoinSet::new();
    leader.spawn(ask(Arc::clone(&test), "slow", nearly_over, Demand::default()));
    under_way(&test).await;
    let mut followers = JoinSet::new();
    for _ in 0..50 {
        followers.spawn(asks(&test, "slow"));
    }
    let (_, refused) = leader.join_all().await.remove(0);
    assert_eq!(refused.unwrap_err().code, "57014");
    // One who comes late does not wait for the run that goes on.
    let began = Instant::now();
    let (_, late) = ask(Arc::clone(&test), "slow", nearly_over, Demand::default()).await;
    let waited = began.elapsed();
    let is_refused = |error: &Error| matches!(error.kind, Kind::Timeout | Kind::Unavailable);
    let is_waiting_over = late.as_ref().map_or_else(is_refused, |_| test.figures("slow").entries == 1);
    assert!(is_waiting_over && waited < Duration::from_secs(10), "{late:?} after {waited:?}");
    for (_, answer) in followers.join_all().await {
        assert_eq!(body(answer), ANSWER);
    }
    assert!(test.runs("slow") <= 3, "the leader's, the late one's if it led for a moment, and one for all others");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_given_what_it_demands() {
    let test = slow().await;
    test.act(&anonymous(), "put", r#"{"id":2,"note":"b"}"#).await.unwrap();
    let mut callers = JoinSet::new();
    for index in 0..60 {
        let demand = Demand { is_single: index % 2 == 0, ..Demand::default() };
        let asked = ask(Arc::clone(&test), "slow", Duration::ZERO, demand);
        callers.spawn(async move { (index % 2 == 0, asked.await.1) });
    }
    for (is_single, answer) in callers.join_all().await {
        match answer {
            Ok(answer) => assert!(!is_single && answer.rows == 2),
            Err(error) => assert!(is_single && error.code == "PGRST116", "{error:?}"),
        }
    }
    assert_eq!(test.runs("slow"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_of_the_data_is_everybodys_and_is_not_kept() {
    let test = slow().await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        callers.spawn(asks(&test, "wrong"));
    }
    for (_, answer) in callers.join_all().await {
        assert_eq!(answer.unwrap_err().code, "22012");
    }
    assert!(test.runs("wrong") <= 2, "one, and one more for those who came while it ran: {}", test.runs("wrong"));
    assert_eq!(test.figures("wrong").entries, 0);
    assert_eq!(asks(&test, "wrong").await.1.unwrap_err().code, "22012");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abuse_cache_04_a_slow_read_that_a_write_overtakes_is_given_to_none_who_came_after_the_write() {
    let test = slow().await;
    let mut early = JoinSet::new();
    early.spawn(asks(&test, "slow"));
    under_way(&test).await;
    // The read has its snapshot; this commit is not in it.
    let written = test.act(&anonymous(), "put", r#"{"id":2,"note":"b"}"#).await.unwrap();
    let mut late = JoinSet::new();
    for _ in 0..50 {
        late.spawn(asks(&test, "slow"));
    }
    for (_, answer) in late.join_all().await {
        let answer = answer.unwrap();
        assert_eq!((answer.rows, answer.position), (2, written.position));
    }
    let (_, before) = early.join_all().await.remove(0);
    assert!(before.unwrap().rows <= 2);
    let figures = test.figures("slow");
    assert_eq!(figures.entries, 1);
    // Unless the reader's thread stood still for so long that it began after the write.
    if test.runs("slow") > 1 {
        assert!(figures.unkept_for.contains(&("overtaken", 1)), "{figures:?}");
    }
}
