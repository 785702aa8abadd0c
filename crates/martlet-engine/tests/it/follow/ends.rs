//! What refuses a follower, what ends it, and what it leaves behind: nothing.

use super::*;
use crate::support::{app, user_id};
use martlet_core::{Claims, Identity};
use std::task::{Context, Poll, Waker};

async fn refused(test: &TestEngine, caller: &Caller, name: &str, arguments: &str) -> String {
    next(&mut follow(test, caller, name, arguments)).await.expect_err("it is refused").code.to_string()
}

#[tokio::test]
async fn abuse_ws_03_the_same_road_refuses() {
    let test = TestEngine::driven(ITEMS);
    for (name, arguments, code) in [
        ("mine", "", "42501"),
        ("nothing", "", "PGRST202"),
        ("of_kind", "{}", "MRT001"),
        ("of_kind", "[]", "PGRST102"),
        ("put", r#"{"id":1,"kind":"a","weight":1}"#, "25006"),
        ("off", "", "MRT031"),
        ("clock", "", "MRT031"),
    ] {
        assert_eq!(refused(&test, &anonymous(), name, arguments).await, code, "{name}");
    }
    let figures = test.engine.live_figures();
    assert_eq!((figures.groups, figures.followers), (0, 0));
    until(|| test.cache.figures().groups == 0).await;
    let mut none = follow_all(&test, &anonymous(), &vec![part("of_kind", OF_A); 101]);
    let error = next(&mut none).await.unwrap_err();
    assert_eq!(error.code, "MRT004");
    assert_eq!(next(&mut none).await.unwrap_err().code, "MRT004", "the end is the end");
}

#[tokio::test]
async fn a_demand_is_looked_at_for_each_who_makes_it() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let demand = Demand { is_single: true, ..Demand::default() };
    let parts = [FollowPart { demand, ..part("of_kind", OF_A) }];
    let (mut single, mut list) = (follow_all(&test, &anyone, &parts), follow(&test, &anyone, "of_kind", OF_A));
    assert_eq!(next(&mut single).await.unwrap(), next(&mut list).await.unwrap());
    assert_eq!(test.engine.live_figures().groups, 1);
    put(&test, &anyone, 2, "a", 1).await;
    assert_eq!(next(&mut single).await.unwrap(), "PGRST116");
    assert!(next(&mut list).await.unwrap().contains(r#""id":2"#));
    // It is the same error.
    put(&test, &anyone, 3, "a", 1).await;
    assert!(next(&mut list).await.unwrap().contains(r#""id":3"#));
    assert!(is_quiet(&mut single).await);
}

/// What others write is no call of one's own.
#[tokio::test]
async fn a_follower_counts_once_against_a_limit() {
    let test = TestEngine::driven(ITEMS);
    let caller = Caller { address: Some([127, 0, 0, 1].into()), ..anonymous() };
    let mut limited = follow(&test, &caller, "limited", "");
    assert_eq!(next(&mut limited).await.unwrap(), r#"[{"n":0}]"#);
    for id in 1..4 {
        put(&test, &caller, id, "a", 1).await;
        assert_eq!(next(&mut limited).await.unwrap(), format!(r#"[{{"n":{id}}}]"#));
    }
    test.engine.replace_app(app(ITEMS)).unwrap();
    put(&test, &caller, 4, "a", 1).await;
    assert_eq!(next(&mut limited).await.unwrap(), r#"[{"n":4}]"#, "nor is a reload");
    assert_eq!(refused(&test, &caller, "limited", "").await, "MRT029");
}

fn with_query(name: &'static str, text: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let others = ITEMS.iter().copied().filter(|(path, _)| *path != name);
    others.chain(text.map(|text| (name, text))).collect()
}

#[tokio::test]
async fn another_version_of_the_app_is_followed_or_ends_it() {
    let test = TestEngine::driven(ITEMS);
    let anyone = anonymous();
    put(&test, &anyone, 1, "a", 1).await;
    let mut of_a = follow(&test, &anyone, "of_kind", OF_A);
    let mut page = follow(&test, &anyone, "page", "");
    next(&mut of_a).await.unwrap();
    next(&mut page).await.unwrap();
    let path = "queries/of_kind.sql";
    let text = "-- @allow anyone\n-- @param kind text\nselect weight from items where kind = :kind";
    test.engine.replace_app(app(&with_query(path, Some(text)))).unwrap();
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"weight":1}]"#);
    assert!(is_quiet(&mut page).await, "it is the same");
    put(&test, &anyone, 1, "a", 2).await;
    assert_eq!(next(&mut of_a).await.unwrap(), r#"[{"weight":2}]"#);
    assert_eq!(test.engine.live_figures().groups, 2, "nothing is left of the one before");
    test.engine.replace_app(app(&with_query(path, None))).unwrap();
    assert_eq!(next(&mut of_a).await.unwrap_err().code, "PGRST202");
    assert!(is_quiet(&mut page).await);
    drop(page);
    let figures = test.engine.live_figures();
    assert_eq!((figures.groups, figures.followers), (0, 0));
    until(|| test.cache.figures().groups == 0).await;
}

#[tokio::test]
async fn abuse_ws_04_who_may_no_more_is_told_nothing_more() {
    let test = TestEngine::driven(ITEMS);
    put(&test, &anonymous(), 1, "a", 1).await;
    let mut of_a = follow(&test, &anonymous(), "of_kind", OF_A);
    next(&mut of_a).await.unwrap();
    let text = "-- @allow user\n-- @param kind text\nselect id, weight from items where kind = :kind";
    test.engine.replace_app(app(&with_query("queries/of_kind.sql", Some(text)))).unwrap();
    put(&test, &anonymous(), 1, "a", 2).await;
    assert_eq!(next(&mut of_a).await.unwrap_err().code, "42501");
}

#[tokio::test]
async fn abuse_ws_04_a_token_that_ends_ends_it_within_a_second() {
    let test = TestEngine::driven(ITEMS);
    let ends_at = Timestamp::parse("2026-07-01T13:00:00Z").unwrap();
    let with_exp = |exp: String| {
        let json = format!(r#"{{"sub": "{}", "exp": {exp}}}"#, user_id(1));
        let claims = Claims { role: "authenticated".into(), user_id: Some(user_id(1)), json };
        Caller { identity: Identity::User(Arc::new(claims)), address: None }
    };
    let exp_s = ends_at.micros() / 1_000_000;
    let mut ends = follow(&test, &with_exp(exp_s.to_string()), "mine", "");
    let mut ends_too = follow(&test, &with_exp(format!("{exp_s}.75")), "mine", "");
    let mut stays = follow(&test, &with_exp("1e300".into()), "mine", "");
    for follower in [&mut ends, &mut ends_too, &mut stays] {
        next(follower).await.unwrap();
    }
    test.clock.set(Timestamp::from_micros(ends_at.micros() - 1));
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(is_quiet(&mut ends).await);
    test.clock.set(ends_at);
    let before = std::time::Instant::now();
    for follower in [&mut ends, &mut ends_too] {
        assert_eq!(next(follower).await.unwrap_err().code, "PGRST303");
    }
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    put(&test, &user(1), 1, "a", 1).await;
    assert_eq!(next(&mut ends).await.unwrap_err().code, "PGRST303");
    assert_eq!(next(&mut stays).await.unwrap(), r#"[{"id":1,"weight":1}]"#);
    assert_eq!(test.engine.live_figures().followers, 1);
}

/// A follower that is dropped at any await, or never asked, leaves nothing.
#[tokio::test]
async fn what_is_dropped_gives_everything_back() {
    let test = TestEngine::driven(ITEMS);
    put(&test, &anonymous(), 1, "a", 1).await;
    drop(follow(&test, &anonymous(), "of_kind", OF_A));
    for polls in 0..4 {
        let mut of_a = follow(&test, &user(1), "of_kind", OF_A);
        for _ in 0..polls {
            assert!(matches!(
                of_a.poll_next(&mut Context::from_waker(Waker::noop())),
                Poll::Pending | Poll::Ready(Ok(_))
            ));
            put(&test, &anonymous(), 1, "a", polls).await;
        }
    }
    let figures = test.engine.live_figures();
    assert_eq!((figures.groups, figures.followers), (0, 0));
    // A run that has begun ends.
    until(|| test.cache.figures().groups == 0).await;
    let runs = test.runs("of_kind");
    put(&test, &anonymous(), 1, "a", 100).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(test.runs("of_kind"), runs, "nothing is run for nobody");
}

#[tokio::test]
async fn without_a_driver_nobody_waits_for_ever() {
    let mut test = TestEngine::of(ITEMS);
    assert_eq!(refused(&test, &anonymous(), "of_kind", OF_A).await, "MRT500");
    test.start_driver();
    // The second one ends at once.
    Arc::clone(&test.engine).drive().await;
    let mut of_a = follow(&test, &anonymous(), "of_kind", OF_A);
    next(&mut of_a).await.unwrap();
    test.stop_driver();
    assert_eq!(next(&mut of_a).await.unwrap_err().code, "57P01");
}

#[tokio::test]
async fn answers_that_are_followed_are_bounded() {
    let settings = martlet_engine::CacheSettings { groups_max: 2, ..martlet_engine::CacheSettings::default() };
    let mut test = TestEngine::with(app(ITEMS), settings);
    test.start_driver();
    let of = |kind: &str| follow(&test, &anonymous(), "of_kind", &format!(r#"{{"kind":"{kind}"}}"#));
    let (mut one, mut other, mut same) = (of("a"), of("b"), of("a"));
    for follower in [&mut one, &mut other, &mut same] {
        next(follower).await.unwrap();
    }
    assert_eq!(next(&mut of("c")).await.unwrap_err().code, "MRT032");
    drop(other);
    next(&mut of("c")).await.unwrap();
}
