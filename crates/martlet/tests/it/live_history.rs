//! Live queries while others write: every frame of every stream is the query on one prefix of the commits, no stream
//! goes back, and the last frame of each is the query after the last write, also over connections that break.
//!
//! `frames.rs` judges, by the prefixes that `history` knows. The numbers are small by default;
//! `MARTLET_TEST_LIVE_WRITES=10000` is that of the promise, with the same 200 queries and 100 broken connections.

#![expect(clippy::print_stdout, reason = "what was told belongs to the result")]

mod frames;
mod judge;
mod rules;
mod subscribers;

use crate::history::check::{Answers, Order};
use crate::history::load::{Plan, Random};
use crate::history::{World, address, number};
use crate::support::Over;
use frames::{Counts, Violation, judge};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use subscribers::Subscribers;

/// Streams, and how many of them have several queries.
const STREAMS: usize = 200;
const BATCHES: usize = 24;
const RECONNECTS: usize = 100;
const WRITERS: u64 = 8;
const ROUNDS: u64 = 5;
/// After the last write everybody has been told.
const TOLD_WITHIN: Duration = Duration::from_secs(10);
const SHOWN_MAX: usize = 5;

/// What a run has shown.
struct Shown {
    counts: Counts,
    violations: Vec<Violation>,
}

/// How a run goes: all write at once, then all wait until everybody is told, again and again.
struct Rounds {
    rounds: u64,
    /// In each of them.
    writes: u64,
    /// After the last write of a round everybody has been told by then.
    told_within: Duration,
}

/// Writes, reads, streams and reconnects at once, then the judgement.
fn run(world: &mut World, rounds: &Rounds) -> Shown {
    let server = world.start("serve");
    let at = address(&server);
    world.shared.prepare(at, &mut world.history);
    let subscribers = Subscribers::start(at, &world.shared, world.seed, STREAMS, BATCHES);
    let (is_over, mut late) = (AtomicBool::new(false), 0);
    let (history, shared, seed) = (&mut world.history, &world.shared, world.seed);
    std::thread::scope(|scope| {
        let (subscribers, is_over) = (&subscribers, &is_over);
        let breaking = scope.spawn(move || {
            let mut random = Random(seed ^ 1);
            let mut broken = 0;
            while broken < RECONNECTS || !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(random.below(20)));
                subscribers.reconnect(usize::try_from(random.below(STREAMS as u64)).expect("small"));
                broken += 1;
            }
        });
        let over = Over(is_over);
        for round in 0..rounds.rounds {
            let plan = Plan {
                clients: WRITERS,
                reads: rounds.writes / 2,
                writes: rounds.writes,
                seed: seed ^ (2 + round),
                // Now and then nobody writes for a moment, so that a batch finds all its queries in one state.
                rest_max: Duration::from_millis(8),
            };
            assert_eq!(shared.run(at, &plan, history), 0, "{}", server.stderr());
            late += subscribers.until_all_agree(at, rounds.told_within);
            if late > 0 {
                break;
            }
        }
        drop(over);
        breaking.join().expect("the one who breaks");
        // Who was broken last is told again.
        late += subscribers.until_all_agree(at, rounds.told_within);
    });
    let all = subscribers.stop();
    assert_eq!(server.stop(), Some(0));
    world.read_log();
    let order = Order::of(&world.history).unwrap_or_else(|error| panic!("{error}"));
    let mut answers = Answers::new(&order);
    let mut counts = Counts::default();
    let mut violations: Vec<Violation> =
        all.iter().flat_map(|told| judge(told, &order, &mut answers, &mut counts)).collect();
    if late > 0 {
        violations.push(Violation::Final(format!("{late} streams were not told within {:?}", rounds.told_within)));
    }
    println!("{} commits, {counts:?}; wrong: {}", order.end(), violations.len());
    Shown { counts, violations }
}

#[test]
fn every_frame_is_the_query_on_one_prefix_and_none_goes_back_or_is_lost() {
    let mut world = World::new();
    let Shown { counts, violations } = run(
        &mut world,
        &Rounds { rounds: ROUNDS, writes: number("LIVE_WRITES").unwrap_or(1_500) / ROUNDS, told_within: TOLD_WITHIN },
    );
    let shown = &violations[..violations.len().min(SHOWN_MAX)];
    assert!(violations.is_empty(), "{} violations, of them {shown:#?}", violations.len());
    // The run is of use: there was something to tell, whole batches were told, and connections were caught up.
    assert!(counts.frames > 10 * STREAMS && counts.reconnects >= RECONNECTS, "{counts:?}");
    assert!(counts.batches - counts.partial > 2 * BATCHES, "{counts:?}");
    assert!(counts.caught_up > 0 && counts.caught_up < counts.reconnects, "{counts:?}");
}
