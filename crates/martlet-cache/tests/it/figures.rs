//! What the cache tells of itself, what is cleared, and what is no longer kept.

use crate::small::{Body, World};
use martlet_cache::{CacheSettings, QueryId, Unkept};
use std::time::Duration;

#[test]
fn figures_are_told_in_all_and_by_query() {
    let mut world = World::new(CacheSettings::default());
    (0..5).for_each(|owner| _ = world.keep(0, owner, Body::new(7)).unwrap());
    world.keep(1, 0, Body::new(7)).unwrap();
    world.change(0);
    let of = |world: &World, query| world.cache.query_figures(QueryId(query), world.now);
    let (zero, one) = (of(&world, 0), of(&world, 1));
    assert_eq!((zero.entries, zero.invalidated, zero.useless), (4, 1, 0));
    assert_eq!((one.entries, one.bytes, one.invalidated), (0, 0, 1));
    // The same answer again, and another one.
    world.keep(0, 0, Body::new(7)).unwrap();
    world.keep(1, 0, Body::new(8)).unwrap();
    assert_eq!((of(&world, 0).useless, of(&world, 1).useless), (1, 0));
    let whole = world.cache.figures();
    assert_eq!((whole.entries, whole.invalidated, whole.useless, whole.unkept), (6, 2, 1, 0));
    assert_eq!(whole.bytes, of(&world, 0).bytes + of(&world, 1).bytes);
    assert_eq!(of(&world, 0).age_mean, Duration::ZERO);
    let later = world.now + Duration::from_secs(3);
    assert_eq!(world.cache.query_figures(QueryId(0), later).age_mean, Duration::from_secs(3));
    // An older read.
    world.commits -= 1;
    assert_eq!(world.keep(0, 0, Body::new(7)).unwrap_err(), Unkept::Overtaken);
    assert_eq!(of(&world, 0).unkept(Unkept::Overtaken), 1);
    assert_eq!(world.cache.query_figures(QueryId(99), world.now), Default::default());
}

#[test]
fn a_query_is_cleared_by_itself() {
    let world = World::new(CacheSettings::default());
    (0..5).for_each(|owner| _ = world.keep(0, owner, Body::new(7)).unwrap());
    let other = world.keep(1, 0, Body::new(7)).unwrap();
    assert_eq!(world.cache.clear_queries(|query| query == QueryId(0)), 5);
    assert!(world.get(0, 0).is_none());
    assert!(other.is_alive() && world.get(1, 0).is_some());
    world.cache.clear();
    assert!(!other.is_alive());
    assert_eq!((world.cache.figures().entries, world.cache.figures().bytes), (0, 0));
}

#[test]
fn nothing_is_kept_while_no_app_is_served() {
    let world = World::new(CacheSettings::default());
    let before = world.cache.start();
    let entry = world.keep(0, 1, Body::new(7)).unwrap();
    world.cache.pause();
    assert!(!entry.is_alive() && world.get(0, 1).is_none());
    let paused = world.cache.start();
    assert_eq!(world.keep(0, 1, Body::new(7)).unwrap_err(), Unkept::Replaced);
    world.load();
    for start in [before, paused] {
        assert_eq!(world.keep_from(start, 0, 0, 1, Body::new(7)).unwrap_err(), Unkept::Replaced);
    }
    world.keep(0, 1, Body::new(7)).unwrap();
    assert_eq!(world.cache.figures().unkept, 3);
}

/// Changes from before speak of the columns of another app.
#[test]
fn an_answer_from_before_the_load_is_too_old() {
    let mut world = World::new(CacheSettings::default());
    world.change(1);
    world.load();
    world.commits -= 1;
    assert_eq!(world.keep(0, 2, Body::new(7)).unwrap_err(), Unkept::TooOld);
    world.commits += 1;
    world.keep(0, 2, Body::new(7)).unwrap();
}

#[test]
fn a_key_that_changes_end_and_nobody_reads_is_not_kept_until_it_is_read_again() {
    let mut world = World::new(CacheSettings::default());
    let lives = (0..100).take_while(|digest| {
        let kept = world.keep(0, 1, Body::new(*digest)).is_ok();
        world.change(1);
        kept
    });
    assert!((4..20).contains(&lives.count()));
    assert!(world.cache.query_figures(QueryId(0), world.now).unkept(Unkept::Unread) > 0);
    // Another's key is kept.
    world.keep(0, 2, Body::new(7)).unwrap();
    let fills = (0..100).take_while(|_| world.keep(0, 1, Body::new(7)).is_err());
    assert!((2..10).contains(&fills.count()));
    assert!(world.get(0, 1).is_some());
}

#[test]
fn a_key_that_is_read_is_kept_however_often_it_changes() {
    let mut world = World::new(CacheSettings::default());
    for digest in 0..1_000 {
        world.keep(0, 1, Body::new(digest)).unwrap().note_read();
        world.change(1);
    }
}

#[test]
fn a_value_that_grows_makes_others_go() {
    let settings =
        CacheSettings { bytes_max: 1_000_000, entries_max: 1_000, answer_size_max: 20_000, ..CacheSettings::default() };
    let world = World::new(settings);
    let entries: Vec<_> = (0..500).map(|owner| world.keep(0, owner, Body::new(7)).unwrap()).collect();
    assert!(entries.iter().all(|entry| entry.is_alive()));
    for entry in &entries {
        entry.value().grow(10_000);
        world.cache.reweigh(entry);
    }
    let figures = world.cache.figures();
    let alive = entries.iter().filter(|entry| entry.is_alive()).count();
    assert_eq!((figures.entries as u64 + figures.evicted, figures.entries), (500, alive));
    assert!((50..100).contains(&alive), "{alive}");
    assert!(figures.bytes <= 1_000_000 && figures.bytes > 800_000, "{figures:?}");
    assert_eq!(figures.bytes, world.cache.query_figures(QueryId(0), world.now).bytes);
}

#[test]
fn what_is_too_large_is_not_kept() {
    let world = World::new(CacheSettings { answer_size_max: 99, ..CacheSettings::default() });
    assert_eq!(world.keep(0, 1, Body::new(7)).unwrap_err(), Unkept::TooLarge);
    // Kept answers may grow past what fits at all.
    let world = World::new(CacheSettings { bytes_max: 10_000, entries_max: 10, ..CacheSettings::default() });
    let entry = world.keep(0, 1, Body::new(7)).unwrap();
    entry.value().grow(1_000_000);
    world.cache.reweigh(&entry);
    assert!(!entry.is_alive());
    assert_eq!((world.cache.figures().entries, world.cache.figures().bytes), (0, 0));
}

/// Cold answers that are asked for once do not push out those that are read.
#[test]
fn a_scan_leaves_what_is_read() {
    let settings = CacheSettings { bytes_max: 10_000_000, entries_max: 2_000, ..CacheSettings::default() };
    let world = World::new(settings);
    for round in 0..4 {
        for owner in 0..500 {
            if world.get(0, owner).is_none() {
                assert_eq!(round, 0, "{owner} had to go while there was room");
                world.keep(0, owner, Body::new(7)).unwrap();
            }
        }
    }
    for cold in 0..20_000 {
        assert!(world.get(1, cold).is_none());
        world.keep(1, cold, Body::new(7)).unwrap();
    }
    let left = (0..500).filter(|owner| world.get(0, *owner).is_some()).count();
    assert!(left >= 475, "{left} of 500 are left");
    assert!(world.cache.figures().entries <= 2_000 && world.cache.figures().bytes <= 10_000_000);
}
