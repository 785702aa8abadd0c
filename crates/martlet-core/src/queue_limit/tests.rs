//! A server with one processor under simulated time: arrivals at a rate, a turn each, a cost for answering and for
//! refusing.

use super::*;
use proptest::prelude::*;
use std::collections::VecDeque;

const MS: u64 = 1_000_000;
const SECOND: u64 = 1_000 * MS;
const BOUNDS: QueueBounds =
    QueueBounds { target: Duration::from_millis(50), patience: Duration::from_millis(100), min: 64, max: 10_000 };

struct Simulation {
    limit: QueueLimit,
    now: u64,
    next_arrival: u64,
    /// When they came.
    queue: VecDeque<u64>,
    refuse_ns: u64,
}

#[derive(Debug, Default)]
struct Told {
    answered: u64,
    refused: u64,
    /// From arrival to answer.
    longest: u64,
    /// The longest row of refusals without an answer between.
    refused_in_a_row: u64,
}

impl Simulation {
    fn new(bounds: QueueBounds) -> Self {
        Self { limit: QueueLimit::new(bounds), now: 0, next_arrival: 0, queue: VecDeque::new(), refuse_ns: 9_000 }
    }

    /// Runs so long, with an arrival every `every_ns` and `cost_ns` for each answer.
    fn run(&mut self, duration_ns: u64, every_ns: u64, cost_ns: u64) -> Told {
        let end = self.now + duration_ns;
        let mut told = Told::default();
        let mut row = 0;
        while self.now < end {
            while self.next_arrival <= self.now {
                self.queue.push_back(self.next_arrival);
                self.next_arrival += every_ns;
            }
            let Some(came) = self.queue.pop_front() else {
                self.now = self.next_arrival;
                continue;
            };
            if self.limit.admits(self.now, self.queue.len()) {
                self.limit.served();
                self.now += cost_ns;
                told.answered += 1;
                told.longest = told.longest.max(self.now - came);
                row = 0;
            } else {
                self.now += self.refuse_ns;
                told.refused += 1;
                row += 1;
                told.refused_in_a_row = told.refused_in_a_row.max(row);
            }
        }
        told
    }
}

#[test]
fn what_can_be_done_is_never_refused() {
    for (every_ns, cost_ns) in [(500_000, 450_000), (12_000, 11_000), (20 * MS, 19 * MS), (SECOND, MS)] {
        let mut simulation = Simulation::new(BOUNDS);
        let told = simulation.run(20 * SECOND, every_ns, cost_ns);
        assert_eq!(told.refused, 0, "{every_ns} {told:?}");
    }
}

#[test]
fn overload_keeps_goodput_and_latency() {
    let cost_ns = 450_000;
    for (times, goodput_min) in [(2, 0.95), (5, 0.90), (10, 0.80)] {
        let mut simulation = Simulation::new(BOUNDS);
        simulation.run(SECOND, cost_ns / times, cost_ns);
        let told = simulation.run(10 * SECOND, cost_ns / times, cost_ns);
        let goodput = told.answered as f64 * cost_ns as f64 / (10 * SECOND) as f64;
        assert!(goodput >= goodput_min, "{times}: {goodput} {told:?}");
        assert!(told.longest <= 60 * MS, "{times}: {told:?}");
        // A tenth gets through, evenly: no caller meets a wall.
        assert!(told.refused_in_a_row <= 3 * times, "{times}: {told:?}");
        // The queue that is left is answered, and from then on all.
        simulation.run(MS * 200, 2 * cost_ns, cost_ns);
        let after = simulation.run(5 * SECOND, 2 * cost_ns, cost_ns);
        assert_eq!(after.refused, 0, "{times}: {after:?}");
        assert!(after.longest <= 2 * cost_ns, "{times}: {after:?}");
    }
}

#[test]
fn the_limit_follows_the_cost() {
    let mut simulation = Simulation::new(BOUNDS);
    simulation.run(2 * SECOND, 9_900, 10_000);
    let of_cheap = simulation.limit.limit();
    assert!((4_000..=5_500).contains(&of_cheap), "100,000/s for 50 ms: {of_cheap}");
    simulation.run(2 * SECOND, 100_000, 400_000);
    let of_dear = simulation.limit.limit();
    assert!((100..=130).contains(&of_dear), "2,500/s for 50 ms: {of_dear}");
    simulation.run(2 * SECOND, MS, 10 * MS);
    assert_eq!(simulation.limit.limit(), BOUNDS.min);
    simulation.run(2 * SECOND, 9_900, 10_000);
    let again = simulation.limit.limit();
    assert!(again.abs_diff(of_cheap) < 500, "{again}");
}

#[test]
fn a_burst_is_let_in() {
    let mut simulation = Simulation::new(BOUNDS);
    simulation.run(SECOND, 500_000, 450_000);
    // A thousand at once, done in 20 ms each time.
    for _ in 0..50 {
        let at = simulation.now;
        simulation.queue.extend(std::iter::repeat_n(at, 1_000));
        let told = simulation.run(100 * MS, 100 * MS, 20_000);
        assert_eq!(told.refused, 0, "{told:?}");
    }
}

#[test]
fn a_standstill_refuses_nobody_below_the_least_limit() {
    let mut simulation = Simulation::new(BOUNDS);
    simulation.run(10 * SECOND, SECOND, MS);
    for _ in 0..20 {
        // The machine stood still for 3 s and 64 came meanwhile.
        simulation.now += 3 * SECOND;
        let at = simulation.now;
        simulation.queue.extend(std::iter::repeat_n(at - SECOND, 64 + 1 - simulation.queue.len()));
        simulation.next_arrival = at + SECOND;
        let told = simulation.run(SECOND, SECOND, 10 * MS);
        assert_eq!(told.refused, 0, "{told:?}");
    }
}

#[test]
fn without_patience_the_first_above_is_refused() {
    let bounds = QueueBounds { patience: Duration::ZERO, min: 1, max: 1, ..BOUNDS };
    let limit = QueueLimit::new(bounds);
    assert!(limit.admits(0, 1));
    assert!(!limit.admits(0, 2));
    assert!(!limit.admits(u64::MAX - 1, 2));
    assert!(limit.admits(1, 0), "time that goes back does no harm");
}

proptest! {
    #[test]
    fn the_limit_stays_within_its_bounds(
        turns in prop::collection::vec((0..3 * SECOND, 0usize..20_000, any::<bool>()), 1..200),
        min in 0usize..100,
        more in 0usize..1_000,
        target_ms in 0u64..100_000,
    ) {
        let bounds = QueueBounds { min, max: min + more, target: Duration::from_millis(target_ms), ..BOUNDS };
        let limit = QueueLimit::new(bounds);
        let mut now = 0;
        for (later, waiting, is_served) in turns {
            now += later;
            let is_admitted = limit.admits(now, waiting);
            prop_assert!(is_admitted || waiting > min, "{waiting} wait");
            if is_served {
                limit.served();
            }
            prop_assert!((min..=min + more).contains(&limit.limit()));
        }
    }

    #[test]
    fn any_load_is_worked_off_and_then_all_is_answered(
        phases in prop::collection::vec((2_000u64..5 * MS, 5_000u64..3 * MS, 10u64..400), 1..6),
    ) {
        let mut simulation = Simulation::new(BOUNDS);
        for (every_ns, cost_ns, duration_ms) in phases {
            simulation.run(duration_ms * MS, every_ns, cost_ns);
        }
        // Below what can be done: within 5 s nothing is left of what was.
        simulation.run(5 * SECOND, 2 * MS, MS);
        let told = simulation.run(5 * SECOND, 2 * MS, MS);
        prop_assert_eq!(told.refused, 0);
        prop_assert!(told.longest <= 4 * MS, "{:?}", told);
    }
}
