//! Whatever the order of reads, fills and commits: what is given is the answer of the moment.
//!
//! The database is a list of rows for each commit; a fill reads at one of them and is kept later, with commits in
//! between. The queries are compiled ones, so their dependencies are those that the compiler finds.

mod world;

use martlet_cache::Rule;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Instant;
use world::{Item, Mutant, QUERIES, Step, World, key};

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let small = 0..5i64;
    let item = (small.clone(), proptest::option::of(small.clone()), 0..3i64, 0..3i64)
        .prop_map(|(owner, day, note, hidden)| Item { owner, day, note, hidden });
    let query = 0..QUERIES.len();
    let step = prop_oneof![
        3 => (small.clone(), item).prop_map(|(id, item)| Step::Put(id, item)),
        1 => small.clone().prop_map(Step::Remove),
        1 => (small.clone(), 0..3i64).prop_map(|(id, name)| Step::Rename(id, name)),
        1 => Just(Step::Everything),
        1 => Just(Step::Load),
        9 => (query.clone(), small.clone()).prop_map(|(query, n)| Step::Begin(query, n)),
        9 => (0..8usize).prop_map(Step::Keep),
        3 => (query.clone(), small.clone()).prop_map(|(query, n)| Step::Hold(query, n)),
        8 => (query, small).prop_map(|(query, n)| Step::Get(query, n)),
    ];
    proptest::collection::vec(step, 1..200)
}

fn run(steps: Vec<Step>, mutant: Option<Mutant>) -> Vec<String> {
    let mut world = World::new(mutant);
    steps.into_iter().for_each(|step| world.step(step));
    world.look_at_everything("at last");
    world.stale
}

proptest! {
    #[test]
    fn what_is_given_is_the_answer_of_the_moment(steps in steps()) {
        prop_assert_eq!(run(steps, None), Vec::<String>::new());
    }
}

/// The test above would pass without what it is for.
#[test]
fn without_any_rule_of_the_protocol_something_stale_is_given() {
    let rules = Rule::ALL.into_iter().map(|(rule, _)| Mutant::Rule(rule));
    for mutant in rules.chain([Mutant::PositionAfterRead]) {
        let mut runner = TestRunner::deterministic();
        let is_caught =
            (0..1_000).any(|_| !run(steps().new_tree(&mut runner).unwrap().current(), Some(mutant)).is_empty());
        assert!(is_caught, "nothing is stale without {mutant:?}");
    }
}

/// The tests above would pass with a cache that keeps nothing, or drops everything at each commit.
#[test]
fn an_answer_outlives_the_commits_that_do_not_touch_it() {
    let mut world = World::new(None);
    let item = |owner, day| Item { owner, day, note: 0, hidden: 0 };
    world.step(Step::Put(1, item(1, Some(10))));
    world.step(Step::Rename(1, 7));
    for query in 0..QUERIES.len() {
        world.step(Step::Begin(query, 1));
        world.step(Step::Keep(0));
    }
    assert_eq!(world.kept, 6);
    let alive = |world: &World| {
        let of = |query: &usize| world.cache.get(&key(*query, 1), Instant::now()).is_some();
        (0..QUERIES.len()).filter(of).map(|query| QUERIES[query].0).collect::<Vec<_>>()
    };
    // A column that no query reads.
    world.step(Step::Put(1, Item { hidden: 2, ..item(1, Some(10)) }));
    assert_eq!(alive(&world).len(), 6);
    // Another owner's, on another day.
    world.step(Step::Put(2, item(2, Some(20))));
    assert_eq!(alive(&world), ["of_owner", "before", "undated", "either", "owner_of"]);
    world.step(Step::Rename(2, 9));
    assert_eq!(alive(&world).len(), 5);
    world.step(Step::Put(3, item(2, None)));
    assert_eq!(alive(&world), ["of_owner", "before", "either", "owner_of"]);
    world.step(Step::Rename(1, 8));
    assert_eq!(alive(&world), ["of_owner", "before", "either"]);
    world.step(Step::Put(3, item(2, Some(1))));
    assert_eq!(alive(&world), ["of_owner"]);
    assert_eq!(world.cache.figures().invalidated, 5);
}
