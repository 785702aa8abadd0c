//! Each rule of the protocol is needed: with one of them off, the same histories are found wrong.
//!
//! The switches are of the feature `mutants` of `martlet-cache`, which only tests build in; with a rule off, the
//! moments in which it matters are made longer (`martlet-cache/src/rules.rs`).
//!
//! Two rules cannot be seen from outside one by one, for another stands behind each: a key names the version of the app
//! too, and an entry leaves the map where it ends. `martlet-cache/tests/it` shows those.

use super::{World, address, foreign};

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

#[test]
fn fills_from_before_a_change_of_everything_are_found() {
    let found = (0..TRIES).any(|_| foreign::stale_fills(&World::without_rule("everything-resets-floor"), 30) > 0);
    assert!(found);
}
