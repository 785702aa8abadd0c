//! No change of a row alters an answer without ending it: queries, rows and changes at random, through the real
//! compiler, store and capture.
//!
//! `MARTLET_TEST_CASES` says how many cases there are (a case is a kept answer and a change), `MARTLET_TEST_SEED` where
//! they begin. What fails is told with its seed.

mod keeper;
mod query;
mod random;
mod schema;
mod world;

use keeper::{Fault, Keeper};
use martlet_sql::dependency::{Dependencies, Rule};
use martlet_sql::typed_tree;
use query::Kind;
use random::Random;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use world::{Counts, Spoil, World};

const CASES: usize = 100_000;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var_os(name)?.into_string().unwrap();
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// Changes nothing of what was found.
const AS_FOUND: Spoil<'_> = &|_, _, _| {};

/// What a run is about.
struct Run<'a> {
    cases: usize,
    seed: u64,
    kind: Kind,
    fault: Fault,
    spoil: Spoil<'a>,
}

impl Run<'_> {
    /// Batches until there were so many cases, on every processor; what was seen, and the first fault.
    fn go(&self) -> (Counts, Option<String>) {
        let (next, done, is_over) = (AtomicU64::new(self.seed), AtomicUsize::new(0), AtomicBool::new(false));
        let found = Mutex::new((Counts::default(), None));
        let work = || {
            while done.load(Ordering::Relaxed) < self.cases && !is_over.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                // A world of its own, so that a seed tells all of it.
                let world = World::new(Keeper::new(self.fault));
                let (counts, fault) = world.batch(&mut Random::new(seed), self.kind, self.spoil);
                done.fetch_add(counts.cases, Ordering::Relaxed);
                let mut found = found.lock().unwrap();
                found.0.add(counts);
                if let Some(fault) = fault {
                    is_over.store(true, Ordering::Relaxed);
                    found.1.get_or_insert(format!("MARTLET_TEST_SEED={seed}: {fault}"));
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
        found.into_inner().unwrap()
    }

    /// As [`Run::go`]; a fault fails the test.
    fn go_well(&self) -> Counts {
        let (counts, fault) = self.go();
        assert!(fault.is_none(), "{}", fault.unwrap_or_default());
        assert!(counts.unkept * 100 <= counts.cases, "{counts:?}");
        counts
    }
}

#[test]
fn no_change_alters_an_answer_without_ending_it() {
    let cases = number("MARTLET_TEST_CASES").map_or(CASES, |cases| usize::try_from(cases).unwrap());
    let seed = number("MARTLET_TEST_SEED").unwrap_or(1);
    let counts = Run { cases, seed, kind: Kind::Any, fault: Fault::None, spoil: AS_FOUND }.go_well();
    // The cases are of use: answers are altered, and most survive a change.
    assert!(counts.altered * 50 > counts.cases && counts.ended * 3 < counts.cases, "{counts:?}");
}

#[test]
fn another_condition_never_makes_more_changes_matter() {
    let seed = number("MARTLET_TEST_SEED").unwrap_or(1);
    Run { cases: CASES / 4, seed, kind: Kind::Plain, fault: Fault::None, spoil: AS_FOUND }.go_well();
}

/// That the cases are good enough to notice a mistake: with a rule off, some of them find it.
#[test]
fn a_rule_that_is_off_is_noticed() {
    // Each begins near where it is found, so that it is found soon.
    for (rule, seed) in [
        (Rule::KeptSide, 25),
        (Rule::Nulls, 1080),
        (Rule::Negation, 105),
        (Rule::Branches, 138),
        (Rule::Reach, 257),
        (Rule::Order, 69),
        (Rule::Cut, 346),
        (Rule::Member, 25),
    ] {
        let spoil: Spoil<'_> = &|app, file, query| {
            let tree = typed_tree(file, &app.catalogue).unwrap();
            if query.page.is_none() {
                query.dependencies = Dependencies::without(rule, &tree, &query.declaration, &app.catalogue);
            }
        };
        let (counts, fault) = Run { cases: 20 * CASES, seed, kind: Kind::Any, fault: Fault::None, spoil }.go();
        assert!(fault.is_some(), "{rule:?}: {counts:?}");
    }
}

#[test]
fn a_change_that_is_told_in_part_is_noticed() {
    for fault in [Fault::OldRows, Fault::NewRows] {
        let (counts, found) = Run { cases: CASES, seed: 1, kind: Kind::Any, fault, spoil: AS_FOUND }.go();
        assert!(found.is_some(), "{fault:?}: {counts:?}");
    }
}
