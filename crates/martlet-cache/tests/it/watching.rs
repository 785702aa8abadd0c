//! Who follows an answer is told of every commit that touches it, once it can be seen, and of no other.

use crate::small::{Body, World, key};
use martlet_cache::{CacheSettings, QueryId, Unkept, Unwatched, Watcher};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

fn watch(world: &World, owner: i64) -> Watcher<Body> {
    world.cache.watch(&key(0, owner), QueryId(0)).unwrap()
}

/// What it would be told now; none: nothing.
fn told(watcher: &mut Watcher<Body>) -> Option<Result<(), Unwatched>> {
    let mut changed = pin!(watcher.changed());
    match changed.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(told) => Some(told),
        Poll::Pending => None,
    }
}

#[test]
fn a_commit_that_touches_the_answer_is_told_of_when_it_can_be_seen() {
    let mut world = World::new(CacheSettings::default());
    let (mut watcher, mut other) = (watch(&world, 1), watch(&world, 1));
    assert!(!watcher.covers(world.commits), "nothing is known of the answer");
    world.keep(0, 1, Body::new(7)).unwrap();
    assert!(watcher.covers(world.commits) && other.covers(world.commits));
    world.change(2);
    assert_eq!((told(&mut watcher), told(&mut other)), (None, None));
    world.begin(1);
    assert_eq!(told(&mut watcher), None, "nobody can see it yet");
    world.end();
    assert_eq!((told(&mut watcher), told(&mut other)), (Some(Ok(())), Some(Ok(()))));
    // Bound anew by the next answer; several commits are one.
    watcher.begin();
    assert!(!watcher.covers(world.commits));
    world.keep(0, 1, Body::new(8)).unwrap();
    assert!(watcher.covers(world.commits));
    (0..3).for_each(|_| world.change(1));
    assert_eq!((told(&mut watcher), told(&mut watcher)), (Some(Ok(())), None));
}

#[test]
fn an_answer_that_is_kept_already_binds() {
    let mut world = World::new(CacheSettings::default());
    world.keep(0, 1, Body::new(7)).unwrap();
    let mut watcher = watch(&world, 1);
    assert!(watcher.covers(world.commits));
    world.change(1);
    assert_eq!(told(&mut watcher), Some(Ok(())));
}

/// An entry may have to make room; who follows the answer is told all the same.
#[test]
fn a_follower_does_not_need_the_entry() {
    let mut world = World::new(CacheSettings { answer_size_max: 99, ..CacheSettings::default() });
    let mut watcher = watch(&world, 1);
    assert_eq!(world.keep(0, 1, Body::new(7)).unwrap_err(), Unkept::TooLarge);
    assert!(watcher.covers(world.commits));
    world.change(1);
    assert_eq!(told(&mut watcher), Some(Ok(())));
    let mut world = World::new(CacheSettings::default());
    world.keep(0, 1, Body::new(7)).unwrap();
    let mut watcher = watch(&world, 1);
    world.cache.clear();
    world.change(1);
    assert_eq!(told(&mut watcher), Some(Ok(())));
}

/// The answer was read, then a commit touched it, and only then was it to be kept.
#[test]
fn a_follower_of_an_overtaken_answer_is_told() {
    let mut world = World::new(CacheSettings::default());
    let mut watcher = watch(&world, 1);
    watcher.begin();
    let start = world.cache.start();
    world.change(1);
    assert_eq!(world.keep_from(start, 0, 0, 1, Body::new(7)).unwrap_err(), Unkept::Overtaken);
    assert!(watcher.covers(0));
    assert_eq!(told(&mut watcher), Some(Ok(())));
    // Overtaken by a commit that cannot be seen yet: told when it can.
    watcher.begin();
    let start = world.cache.start();
    world.begin(1);
    assert_eq!(world.keep_from(start, 1, 0, 1, Body::new(7)).unwrap_err(), Unkept::Overtaken);
    assert_eq!(told(&mut watcher), None);
    world.end();
    assert_eq!(told(&mut watcher), Some(Ok(())));
}

/// Another's later answer does not cover an older one.
#[test]
fn an_answer_from_before_the_binding_is_not_covered() {
    let mut world = World::new(CacheSettings::default());
    let mut watcher = watch(&world, 1);
    watcher.begin();
    world.change(1);
    world.keep(0, 1, Body::new(8)).unwrap();
    assert!(!watcher.covers(0) && watcher.covers(1));
    assert_eq!(told(&mut watcher), None);
}

#[test]
fn a_change_of_everything_and_another_app_are_told_of() {
    let mut world = World::new(CacheSettings::default());
    let mut watcher = watch(&world, 1);
    world.keep(0, 1, Body::new(7)).unwrap();
    world.cache.begins_with_everything(1);
    assert_eq!(told(&mut watcher), None);
    world.end();
    assert_eq!(told(&mut watcher), Some(Ok(())));
    world.cache.pause();
    assert_eq!(told(&mut watcher), Some(Err(Unwatched::Replaced)));
    assert!(watcher.covers(world.commits), "it is told at once");
    assert_eq!(world.cache.watch(&key(0, 1), QueryId(0)).unwrap_err(), Unwatched::Replaced);
    world.load();
    // The one of before does not take the new one's group with it.
    let after = watch(&world, 1);
    drop(watcher);
    assert_eq!(world.cache.figures().groups, 1);
    drop(after);
    assert_eq!(world.cache.figures().groups, 0);
}

#[test]
fn groups_are_bounded_and_end_with_their_last_follower() {
    let mut world = World::new(CacheSettings { groups_max: 2, ..CacheSettings::default() });
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
