//! Answers from memory that are compared with the store's.

use crate::support::{TestEngine, anonymous, app};
use martlet_core::{Clock as _, Timestamp};
use martlet_engine::{CacheSettings, CheckFigures, Source};

const FILES: &[(&str, &str)] = &[
    ("migrations/0001_items.sql", "create table items (id bigint primary key, name text not null);"),
    ("queries/items.sql", "-- @allow anyone\nselect id, name from items order by id"),
    ("queries/page.sql", "-- @allow anyone\n-- @page by id size 1\nselect name from items"),
    ("queries/clock.sql", "-- @allow anyone\n-- @cache for 30s\n-- @returns value\nselect now() as at"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param name text\n-- @returns nothing\n
         insert into items (id, name) values (:id, :name);",
    ),
];

fn comparing(every: u64) -> TestEngine {
    TestEngine::comparing(app(FILES), CacheSettings::default(), every)
}

async fn source(test: &TestEngine, name: &str) -> Source {
    let outcome = test.answer(&anonymous(), name, "{}").await;
    outcome.result.expect("an answer");
    outcome.source
}

/// A thread counts for all engines that it serves: begins its count anew. How many were compared by then.
async fn begin(test: &TestEngine) -> u64 {
    while test.engine.check_figures().checked == 0 {
        source(test, "items").await;
    }
    test.engine.check_figures().checked
}

#[tokio::test]
async fn of_so_many_answers_from_memory_one_is_compared() {
    let test = comparing(3);
    let before = begin(&test).await;
    for _ in 0..9 {
        assert_eq!(source(&test, "items").await, Source::Memory);
    }
    assert_eq!(test.engine.check_figures(), CheckFigures { checked: before + 3, violations: 0 });
    assert_eq!(test.runs("items"), 1 + before + 3);
}

#[tokio::test]
async fn none_is_compared_where_that_is_off() {
    let test = comparing(0);
    for _ in 0..20 {
        source(&test, "items").await;
        assert!(!test.engine.is_check_due());
    }
    assert_eq!((test.engine.check_figures(), test.runs("items")), (CheckFigures::default(), 1));
}

#[tokio::test]
async fn pages_are_compared_after_each_write() {
    let test = comparing(1);
    for id in 1..5 {
        test.act(&anonymous(), "put", &format!(r#"{{"id":{id},"name":"n{id}"}}"#)).await.expect("a write");
        source(&test, "page").await;
        assert_eq!(source(&test, "page").await, Source::Memory);
        source(&test, "items").await;
        assert_eq!(source(&test, "items").await, Source::Memory);
    }
    let figures = test.engine.check_figures();
    assert!(figures.checked >= 8 && figures.violations == 0, "{figures:?}");
}

/// Another moment's answer is not wrong; and the turn of such a query passes, or every hit after it would wait for one
/// that can be compared.
#[tokio::test]
async fn what_depends_on_the_time_is_not_compared_and_its_turn_passes() {
    let test = comparing(2);
    let before = begin(&test).await;
    source(&test, "clock").await;
    for _ in 0..4 {
        assert_eq!(source(&test, "clock").await, Source::Memory);
    }
    assert_eq!(test.engine.check_figures().checked, before);
    assert!(!test.engine.is_check_due(), "four turns have passed, and this is one of two again");
    assert!(test.engine.is_check_due());
    assert!(test.engine.is_check_due(), "it stays due until something is compared");
    assert_eq!(source(&test, "items").await, Source::Memory);
    assert_eq!(test.engine.check_figures().checked, before + 1);
}

/// A caller who asks in turns would else be looked at always or never.
#[tokio::test]
async fn distances_vary_around_what_is_set() {
    let test = comparing(100);
    let before = begin(&test).await;
    let (mut distances, mut since, mut checked) = (Vec::new(), 0, before);
    while distances.len() < 40 {
        source(&test, "items").await;
        since += 1;
        let now = test.engine.check_figures().checked;
        if now > checked {
            distances.push(since);
            (since, checked) = (0, now);
        }
    }
    assert!(distances.iter().all(|distance| (50..=150).contains(distance)), "{distances:?}");
    assert!(distances.iter().any(|distance| *distance != distances[0]), "{distances:?}");
    let mean = distances.iter().sum::<u64>() / distances.len() as u64;
    assert!((80..=120).contains(&mean), "{mean}");
}

/// What a surface holds on to is compared, whether or not it is what a look-up finds.
#[tokio::test]
async fn what_a_surface_was_about_to_give_is_what_is_compared() {
    let test = comparing(1_000_000);
    source(&test, "items").await;
    let kept = test.answer(&anonymous(), "items", "{}").await.kept.expect("it is kept");
    // Good: the caller gets it from memory.
    test.engine.check_next(&kept);
    assert_eq!(source(&test, "items").await, Source::Memory);
    assert_eq!(test.runs("items"), 1, "none was due by the count");
    // Ended, and another one in its place by now, or none: the store's answer, and no wrong one.
    test.act(&anonymous(), "put", r#"{"id":1,"name":"n"}"#).await.expect("a write");
    assert_eq!(source(&test, "items").await, Source::Store);
    assert_eq!(test.engine.check_figures().violations, 0);
    let figures = test.figures("items");
    assert_eq!((figures.hits, figures.misses), (2, 2), "each call is counted once");
    // What depends on the time is another answer each time, and not wrong.
    source(&test, "clock").await;
    let kept = test.answer(&anonymous(), "clock", "{}").await.kept.expect("it is kept");
    for _ in 0..2 {
        test.engine.check_next(&kept);
        test.clock.set(Timestamp::from_micros(test.clock.now().micros() + 60_000_000));
        assert_eq!(source(&test, "clock").await, Source::Store);
    }
    assert_eq!(test.engine.check_figures().violations, 0);
}
