//! Each rule of the protocol is needed: with one of them off, the same histories are found wrong.
//!
//! The switches are of the feature `mutants` of `martlet-cache`, which only tests build in; with a rule off, the
//! moments in which it matters are made longer (`martlet-cache/src/rules.rs`).

use super::{World, address, foreign, reload};

/// Histories until one must have been found wrong.
const TRIES: u32 = 6;

/// Whether histories of a server without this rule are found wrong.
fn is_found(rule: &'static str) -> bool {
    (0..TRIES).any(|_| {
        let mut world = World::without_rule(rule);
        let server = world.start("serve");
        world.shared.prepare(address(&server), &mut world.history);
        let plan = world.plan(6_000, 300);
        world.shared.run(address(&server), &plan, &mut world.history);
        server.stop();
        !world.violations().is_empty()
    })
}

#[test]
fn entries_that_end_after_the_commit_are_found() {
    assert!(is_found("ends-before-commit"));
}

#[test]
fn fills_that_a_commit_has_overtaken_are_found() {
    assert!(is_found("validates-fills"));
}

/// A request that is known by its bytes leads to an entry by itself, whether or not the entry is still in the map.
#[test]
fn entries_that_have_ended_and_are_given_are_found() {
    assert!(is_found("dead-not-given"));
}

#[test]
fn answers_of_another_version_of_the_app_are_found() {
    let found = (0..TRIES).any(|_| {
        let mut world = World::without_rule("checks-generation");
        reload(&mut world);
        !world.violations().is_empty()
    });
    assert!(found);
}

#[test]
fn fills_from_before_a_change_of_everything_are_found() {
    let found = (0..TRIES).any(|_| foreign::stale_fills(&World::without_rule("everything-resets-floor"), 30) > 0);
    assert!(found);
}
