//! Many follow: one run for all of them, however many commits come, and nobody waits for another.

use super::*;
use tokio::task::JoinSet;

/// All at once, each in a task of its own; gives what each was given last when it is `last`.
#[expect(clippy::disallowed_methods, reason = "no server whose shutdown could wait")]
async fn follow_until(test: &Arc<TestEngine>, followers: usize, kind: impl Fn(usize) -> String, last: &'static str) {
    let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    for number in 0..followers {
        let (test, kind, begun) = (Arc::clone(test), kind(number), begun.clone());
        tasks.spawn(async move {
            let mut follower = follow(&test, &anonymous(), "of_kind", &format!(r#"{{"kind":"{kind}"}}"#));
            next(&mut follower).await.expect("it goes well");
            begun.send(()).expect("it goes well");
            while !next(&mut follower).await.expect("it goes well").contains(last) {}
            follower
        });
    }
    for _ in 0..followers {
        beginning.recv().await.expect("it goes well");
    }
    let writer = Arc::clone(test);
    tokio::spawn(async move { writer.act(&anonymous(), "touch_all", "").await.expect("it goes well") })
        .await
        .expect("it goes well");
    let mut all = Vec::new();
    while let Some(follower) = tasks.join_next().await {
        all.push(follower.expect("it goes well"));
    }
    let figures = test.engine.live_figures();
    assert_eq!(figures.followers, followers);
    assert_eq!(figures.delivery.count(), followers as u64, "each is handed over once");
}

fn with_touch_all() -> Vec<(&'static str, &'static str)> {
    let touch_all = "-- @allow anyone\n-- @returns nothing\nupdate items set weight = 777;";
    ITEMS.iter().copied().chain([("actions/touch_all.sql", touch_all)]).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_followers_are_one_run() {
    let test = Arc::new(TestEngine::driven(&with_touch_all()));
    put(&test, &anonymous(), 1, "a", 1).await;
    follow_until(&test, 1_000, |_| "a".to_owned(), "777").await;
    assert_eq!(test.runs("of_kind"), 2, "the first, and the one for all");
    let figures = test.engine.live_figures();
    assert_eq!((figures.groups, figures.reruns_changed, figures.reruns_same), (0, 2, 0));
    assert_eq!(figures.frames, 2_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_commit_that_touches_all_of_a_hundred_groups_is_told_to_ten_thousand() {
    let test = Arc::new(TestEngine::driven(&with_touch_all()));
    for kind in 0..100 {
        put(&test, &anonymous(), kind, &format!("k{kind}"), 1).await;
    }
    follow_until(&test, 10_000, |number| format!("k{}", number % 100), "777").await;
    assert_eq!(test.runs("of_kind"), 200);
    until(|| test.cache.figures().groups == 0).await;
}

/// Commits within 5 ms are one run; those that come all the time are far less than one each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_commits_are_few_runs() {
    const WRITES: u32 = 500;
    let test = TestEngine::driven(ITEMS);
    put(&test, &anonymous(), 1, "a", 0).await;
    let mut of_a = follow(&test, &anonymous(), "of_kind", OF_A);
    next(&mut of_a).await.unwrap();
    let (before, began) = (test.runs("of_kind"), std::time::Instant::now());
    for weight in 1..=WRITES {
        put(&test, &anonymous(), 1, "a", weight).await;
    }
    while next(&mut of_a).await.unwrap() != format!(r#"[{{"id":1,"weight":{WRITES}}}]"#) {}
    let runs = test.runs("of_kind") - before;
    // Each begins 5 ms after a commit that the one before has not shown.
    let runs_max = began.elapsed().as_millis() as u64 / 5 + 1;
    assert!((1..=runs_max).contains(&runs), "{runs} of at most {runs_max}");
    assert!(runs < u64::from(WRITES), "{runs}");
}

/// One who does not look costs nothing and delays nobody; when it looks it finds the latest.
#[tokio::test]
async fn abuse_ws_08_one_who_is_slow_gets_only_the_latest() {
    let test = TestEngine::driven(ITEMS);
    put(&test, &anonymous(), 1, "a", 0).await;
    let (mut slow, mut fast) =
        (follow(&test, &anonymous(), "of_kind", OF_A), follow(&test, &anonymous(), "of_kind", OF_A));
    next(&mut slow).await.unwrap();
    next(&mut fast).await.unwrap();
    for weight in 1..20 {
        put(&test, &anonymous(), 1, "a", weight).await;
        assert_eq!(next(&mut fast).await.unwrap(), format!(r#"[{{"id":1,"weight":{weight}}}]"#));
    }
    assert_eq!(next(&mut slow).await.unwrap(), r#"[{"id":1,"weight":19}]"#);
    assert!(is_quiet(&mut slow).await, "nothing was queued for it");
}

/// Writers and followers at once: each follower ends with the last answer, and never goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn followers_of_a_busy_answer_end_with_the_last_one() {
    const WRITES: u32 = 60;
    let test = Arc::new(TestEngine::driven(ITEMS));
    let follow_it = |test: Arc<TestEngine>| async move {
        let mut of_a = follow(&test, &anonymous(), "of_kind", OF_A);
        let (mut seen, mut positions) = (Vec::new(), Vec::new());
        while seen.last() != Some(&WRITES) {
            let frame = next_frame(&mut of_a).await.expect("it goes well");
            let body = text(&frame.answers[0]);
            let weight = body.rsplit(':').next().and_then(|rest| rest.trim_end_matches("}]").parse().ok());
            seen.push(weight.unwrap_or(0u32));
            positions.push(frame.position.number);
        }
        (seen, positions)
    };
    let first = test.engine.position().number;
    let mut followers = JoinSet::new();
    for _ in 0..8 {
        followers.spawn(follow_it(Arc::clone(&test)));
    }
    for weight in 1..=WRITES {
        put(&test, &anonymous(), 1, "a", weight).await;
    }
    while let Some(follower) = followers.join_next().await {
        let (seen, positions) = follower.unwrap();
        assert!(seen.is_sorted_by(|one, other| one < other), "{seen:?}");
        // Each commit writes one more: an answer is never told to be of a commit that it does not show.
        let shown = seen.iter().map(|weight| u64::from(*weight));
        let shows = shown.zip(&positions).all(|(shown, position)| shown + first >= *position);
        assert!(positions.is_sorted() && shows, "{seen:?} {positions:?}");
    }
    until(|| test.cache.figures().groups == 0).await;
}
