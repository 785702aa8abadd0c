//! Each rule of what is followed is needed: with one of them off, the same streams are found wrong, in its own way.
//!
//! The switches are of the feature `mutants` of `martlet-engine`, which only tests build in
//! (`martlet-engine/src/live/rules.rs`).

use super::frames::Violation;
use super::{Rounds, Shown, run};
use crate::history::World;
use std::time::Duration;

/// Runs until one must have been found wrong.
const TRIES: u32 = 4;
const PLAN: Rounds = Rounds { rounds: 6, writes: 64, told_within: Duration::from_secs(8) };

/// Whether streams of a server without this rule are found wrong in this way.
fn is_found(rule: &'static str, is_of_it: fn(&Violation) -> bool) -> bool {
    (0..TRIES).any(|_| {
        let mut world = World::new();
        world.settings.push(("MARTLET_TEST_LIVE_RULE_OFF", rule));
        let Shown { violations, .. } = run(&mut world, &PLAN);
        violations.iter().any(is_of_it)
    })
}

#[test]
fn a_change_while_an_answer_is_read_that_is_forgotten_is_found() {
    assert!(is_found("runs-again", |violation| matches!(violation, Violation::Final(_))));
}

#[test]
fn answers_of_different_moments_together_are_found() {
    assert!(is_found("holds-together", |violation| matches!(violation, Violation::NoPrefix(_))));
}

#[test]
fn a_state_that_is_told_again_after_a_reconnect_is_found() {
    assert!(is_found("knows-seen", |violation| matches!(violation, Violation::Repeated(_))));
}
