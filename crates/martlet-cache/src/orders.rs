//! The cache under shuttle: commits, fills, hits, evictions, clears, loads and followers in many orders of threads.
//!
//! The database is one number for each owner, which a commit raises; an answer is the number. What is given must never
//! be less than what a commit that has begun was about to write when it was asked for.

mod world;

use crate::rules::Rule;
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};
use std::sync::Arc;
use world::{Findings, Mutant, World};

/// Runs a scenario in many orders; what was found.
fn run(scenario: fn(&Arc<World>), mutant: Option<Mutant>, orders: usize) -> Vec<String> {
    let findings = Findings::default();
    let of = findings.clone();
    let body = move || {
        let world = Arc::new(World::new(mutant, of.clone()));
        scenario(&world);
        world.is_whole();
    };
    let config = Config::default();
    Runner::new(RandomScheduler::new(orders / 2), config.clone()).run(body.clone());
    Runner::new(PctScheduler::new(3, orders / 2), config).run(body);
    findings.all()
}

fn finds_nothing(scenario: fn(&Arc<World>)) {
    assert_eq!(run(scenario, None, 300), Vec::<String>::new());
}

fn spawn(world: &Arc<World>, run: fn(&World)) -> shuttle::thread::JoinHandle<()> {
    let world = Arc::clone(world);
    shuttle::thread::spawn(move || run(&world))
}

fn join<const N: usize>(threads: [shuttle::thread::JoinHandle<()>; N]) {
    threads.into_iter().for_each(|thread| thread.join().expect("it panics where it finds something"));
}

/// Commits to two owners, fills and hits of both.
fn commits_fills_and_hits(world: &Arc<World>) {
    let commits = spawn(world, |world| [0, 1, 0, 0].into_iter().for_each(|owner| world.commit(owner)));
    let fills = |world: &World| [0, 1, 0].into_iter().for_each(|owner| world.fill(owner));
    let hits = spawn(world, |world| [0, 0, 1, 0].into_iter().for_each(|owner| world.hit(owner)));
    let held = spawn(world, |world| world.hold(0));
    join([commits, spawn(world, fills), spawn(world, fills), hits, held]);
}

/// The same where there is room for few answers, which grow, and are cleared.
fn evictions_and_clears(world: &Arc<World>) {
    let commits = spawn(world, |world| [0, 7, 3].into_iter().for_each(|owner| world.commit(owner)));
    let fills = spawn(world, |world| (0..world::OWNERS).for_each(|owner| world.fill(owner)));
    let again = spawn(world, |world| (0..world::OWNERS).rev().for_each(|owner| world.fill(owner)));
    let grows = spawn(world, |world| (0..3).for_each(|owner| world.grow(owner)));
    let clears = spawn(world, |world| {
        world.hit(0);
        world.cache.clear_queries(|_| true);
        world.hit(3);
        world.cache.clear();
    });
    join([commits, fills, again, grows, clears]);
}

/// A commit that changes everything, and another version of the app.
fn everything_and_loads(world: &Arc<World>) {
    let commits = spawn(world, |world| {
        world.commit(0);
        world.commit_everything();
    });
    let loads = spawn(world, |world| world.replace_app());
    let fills = |world: &World| [0, 1, 0].into_iter().for_each(|owner| world.fill(owner));
    let hits = spawn(world, |world| [0, 1, 0].into_iter().for_each(|owner| world.hit(owner)));
    join([commits, loads, spawn(world, fills), spawn(world, fills), hits]);
}

/// One who follows two answers until both are the last ones: if it were not told it would wait for ever, which shuttle
/// tells.
fn followers(world: &Arc<World>) {
    let commits = spawn(world, |world| (0..3).for_each(|_| world.commit_to(&[0, 1])));
    let fills = spawn(world, |world| [0, 1].into_iter().for_each(|owner| world.fill(owner)));
    join([commits, fills, spawn(world, |world| world.follow([0, 1], 3))]);
}

#[test]
fn no_order_of_commits_fills_and_hits_gives_what_is_stale() {
    finds_nothing(commits_fills_and_hits);
}

#[test]
fn evictions_and_clears_leave_index_and_map_alike() {
    finds_nothing(evictions_and_clears);
}

#[test]
fn neither_does_a_change_of_everything_or_of_the_app() {
    finds_nothing(everything_and_loads);
}

#[test]
fn who_follows_answers_gets_the_last_ones_and_never_a_mix() {
    finds_nothing(followers);
}

/// The tests above would pass without what they are for.
#[test]
fn without_any_rule_some_order_gives_what_is_stale() {
    let of = |rule: Rule| match rule {
        Rule::ChecksGeneration | Rule::EverythingResetsFloor => everything_and_loads,
        Rule::EndsBeforeCommit | Rule::ValidatesFills | Rule::DeadNotGiven => commits_fills_and_hits,
    };
    let rules = Rule::ALL.into_iter().map(|(rule, _)| (Mutant::Rule(rule), of(rule) as fn(&Arc<World>)));
    for (mutant, scenario) in rules.chain([(Mutant::PositionAfterRead, commits_fills_and_hits as fn(&Arc<World>))]) {
        let is_found = (0..40).any(|_| !run(scenario, Some(mutant), 50).is_empty());
        assert!(is_found, "nothing is stale without {mutant:?}");
    }
}
