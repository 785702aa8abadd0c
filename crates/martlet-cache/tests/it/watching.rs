//! Who follows an answer is told of every commit that touches it, once it can be seen, and of no other.

use crate::small::{Body, World, key};
use martlet_cache::{CacheSettings, QueryId, Told, Unkept, Unwatched, Watcher};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// A world whose loading has been told of.
fn loaded(settings: CacheSettings) -> World {
    let world = World::new(settings);
    assert!(take(&world).is_some_and(|told| told.is_replaced));
    world
}

fn watch(world: &World, owner: i64) -> Watcher<Body> {
    world.cache.watch(&key(0, owner), QueryId(0)).unwrap()
}

/// The groups that are told of now.
fn told(world: &World) -> Vec<u64> {
    let told = take(world).unwrap_or_default();
    assert!(!told.is_replaced);
    told.touched.into_iter().map(|(number, _)| number).collect()
}

/// What whoever waits is told; none: nothing.
fn take(world: &World) -> Option<Told> {
    match pin!(world.cache.told()).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(told) => Some(told),
        Poll::Pending => None,
    }
}

#[test]
fn a_commit_that_touches_the_answer_is_told_of_when_it_can_be_seen() {
    let mut world = loaded(CacheSettings::default());
    let (watcher, other) = (watch(&world, 1), watch(&world, 1));
    assert!(!watcher.covers(world.commits), "nothing is known of the answer");
    world.keep(0, 1, Body::new(7)).unwrap();
    assert!(watcher.covers(world.commits) && other.covers(world.commits));
    world.change(2);
    assert_eq!(take(&world), None);
    world.begin(1);
    assert_eq!(take(&world), None, "nobody can see it yet");
    let before = Instant::now();
    world.end();
    assert_eq!(watcher.number(), other.number(), "one group");
    let Told { touched, is_replaced } = take(&world).unwrap();
    let [(number, at)] = touched[..] else { panic!("{touched:?}") };
    assert!(number == watcher.number() && before <= at && at <= Instant::now() && !is_replaced);
    // Bound anew by the next answer; several commits are one.
    watcher.begin();
    other.begin();
    assert!(!watcher.covers(world.commits) && !other.covers(world.commits));
    world.keep(0, 1, Body::new(8)).unwrap();
    assert!(watcher.covers(world.commits));
    (0..3).for_each(|_| world.change(1));
    assert_eq!((told(&world), take(&world)), (vec![watcher.number()], None));
}

/// A commit costs the same whoever follows: what it touches is told of once, until somebody takes it.
#[test]
fn what_nobody_takes_does_not_grow() {
    let mut world = loaded(CacheSettings::default());
    let watchers: Vec<_> = (0..3).map(|owner| watch(&world, owner)).collect();
    for round in 0..100 {
        for owner in 0..3 {
            // What nobody reads is not kept for long, and binds all the same.
            _ = world.keep(0, owner, Body::new(round));
        }
        (0..3).for_each(|owner| world.change(owner));
    }
    assert_eq!(told(&world), watchers.iter().map(Watcher::number).collect::<Vec<_>>());
}

/// Answers that hold are those of one moment, whichever of them was read first.
#[test]
fn answers_hold_together_or_one_of_them_does_not() {
    let mut world = loaded(CacheSettings::default());
    let (one, other) = (watch(&world, 1), watch(&world, 2));
    let hold = |world: &World, positions: [u64; 2]| {
        let all = [&one, &other].into_iter().zip(positions);
        world.cache.hold(all)
    };
    assert_eq!(hold(&world, [0, 0]), [None, None], "nothing is known of them");
    world.keep(0, 1, Body::new(1)).unwrap();
    world.keep(0, 2, Body::new(1)).unwrap();
    world.change(3);
    assert_eq!(hold(&world, [0, 1]), [Some(0), Some(0)]);
    // Not to be seen yet, and nobody knows which of them an answer shows.
    world.begin(1);
    assert_eq!(hold(&world, [1, 1]), [None, Some(0)]);
    world.end();
    assert_eq!(hold(&world, [1, 1]), [None, Some(0)]);
    world.keep(0, 1, Body::new(2)).unwrap();
    assert_eq!(hold(&world, [1, 1]), [None, Some(0)], "the answer of before");
    assert_eq!(hold(&world, [2, 1]), [Some(2), Some(0)]);
    // Read once more, untouched: it has been the same since.
    world.change(3);
    world.keep(0, 1, Body::new(2)).unwrap();
    assert_eq!(hold(&world, [2, 1]), [Some(2), Some(0)]);
}

#[test]
fn an_answer_that_is_kept_already_binds() {
    let mut world = loaded(CacheSettings::default());
    world.keep(0, 1, Body::new(7)).unwrap();
    let watcher = watch(&world, 1);
    assert!(watcher.covers(world.commits));
    world.change(1);
    assert_eq!(told(&world), [watcher.number()]);
}

/// An entry may have to make room; who follows the answer is told all the same.
#[test]
fn a_follower_does_not_need_the_entry() {
    let mut world = loaded(CacheSettings { answer_size_max: 99, ..CacheSettings::default() });
    let watcher = watch(&world, 1);
    assert_eq!(world.keep(0, 1, Body::new(7)).unwrap_err(), Unkept::TooLarge);
    assert!(watcher.covers(world.commits));
    world.change(1);
    assert_eq!(told(&world), [watcher.number()]);
    let mut world = loaded(CacheSettings::default());
    world.keep(0, 1, Body::new(7)).unwrap();
    let watcher = watch(&world, 1);
    world.cache.clear();
    world.change(1);
    assert_eq!(told(&world), [watcher.number()]);
}

/// The answer was read, then a commit touched it, and only then was it to be kept.
#[test]
fn a_follower_of_an_overtaken_answer_is_told() {
    let mut world = loaded(CacheSettings::default());
    let watcher = watch(&world, 1);
    watcher.begin();
    let start = world.cache.start();
    world.change(1);
    assert_eq!(world.keep_from(start, 0, 0, 1, Body::new(7)).unwrap_err(), Unkept::Overtaken);
    assert!(watcher.covers(0));
    assert_eq!(told(&world), [watcher.number()]);
    // Overtaken by a commit that cannot be seen yet: told when it can.
    watcher.begin();
    let start = world.cache.start();
    world.begin(1);
    assert_eq!(world.keep_from(start, 1, 0, 1, Body::new(7)).unwrap_err(), Unkept::Overtaken);
    assert_eq!(take(&world), None);
    world.end();
    assert_eq!(told(&world), [watcher.number()]);
}

/// Another's later answer does not cover an older one.
#[test]
fn an_answer_from_before_the_binding_is_not_covered() {
    let mut world = loaded(CacheSettings::default());
    let watcher = watch(&world, 1);
    watcher.begin();
    world.change(1);
    world.keep(0, 1, Body::new(8)).unwrap();
    assert!(!watcher.covers(0) && watcher.covers(1));
    assert_eq!(take(&world), None);
}

#[test]
fn a_change_of_everything_and_another_app_are_told_of() {
    let mut world = loaded(CacheSettings::default());
    let watcher = watch(&world, 1);
    world.keep(0, 1, Body::new(7)).unwrap();
    world.cache.begins_with_everything(1);
    assert_eq!(take(&world), None);
    world.end();
    assert_eq!(told(&world), [watcher.number()]);
    world.cache.pause();
    assert_eq!(take(&world).unwrap(), Told { touched: Vec::new(), is_replaced: true });
    assert!(watcher.covers(world.commits), "it is told at once");
    assert_eq!(world.cache.watch(&key(0, 1), QueryId(0)).unwrap_err(), Unwatched::Replaced);
    world.load();
    assert!(take(&world).unwrap().is_replaced);
    // The one of before does not take the new one's group with it.
    let after = watch(&world, 1);
    drop(watcher);
    assert_eq!(world.cache.figures().groups, 1);
    drop(after);
    assert_eq!(world.cache.figures().groups, 0);
}

#[test]
fn groups_are_bounded_and_end_with_their_last_follower() {
    let mut world = loaded(CacheSettings { groups_max: 2, ..CacheSettings::default() });
    let (first, second, third) = (watch(&world, 1), watch(&world, 1), watch(&world, 2));
    assert_eq!(world.cache.watch(&key(0, 3), QueryId(0)).unwrap_err(), Unwatched::TooMany);
    drop(first);
    assert_eq!(world.cache.figures().groups, 2);
    world.keep(0, 1, Body::new(7)).unwrap();
    drop(second);
    assert_eq!(world.cache.figures().groups, 1);
    world.change(1);
    drop((watch(&world, 3), third));
    assert_eq!(world.cache.figures().groups, 0);
}
