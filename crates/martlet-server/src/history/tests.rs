//! From looks to minutes, with a clock that the tests set.

use super::*;
use martlet_core::TestClock;
use martlet_engine::history::{Item, ItemCounts, ItemKind};

const MINUTE_S: i64 = 60;

/// A clock whose two times are set apart.
#[derive(Debug)]
struct TwoTimes {
    now: TestClock,
    steady: TestClock,
}

impl TwoTimes {
    fn at(seconds: i64) -> Self {
        Self { now: TestClock::at(time(seconds)), steady: TestClock::at(time(seconds)) }
    }

    /// So many seconds pass, and the clock is moved by so many more.
    fn pass(&self, seconds: i64, moved: i64) {
        self.now.set(Timestamp::from_micros(self.now.now().micros() + (seconds + moved) * 1_000_000));
        self.steady.set(Timestamp::from_micros(self.steady.now().micros() + seconds * 1_000_000));
    }
}

impl Clock for TwoTimes {
    fn now(&self) -> Timestamp {
        self.now.now()
    }

    fn steady(&self) -> Timestamp {
        self.steady.now()
    }
}

fn time(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// A look at a server that has had so many requests, and so many hits of some queries.
fn counted(requests: u64, hits: &[(&str, u64)]) -> Period {
    let mut all = Period::empty(time(0));
    all.counts.set(Figure::Requests, requests);
    for (name, hits) in hits {
        let mut counts = ItemCounts::default();
        counts.set(ItemFigure::Hits, *hits);
        let durations = martlet_core::Spread::default();
        all.items.push(Item { kind: ItemKind::Query, name: (*name).into(), counts, durations });
    }
    all
}

#[test]
fn a_look_is_due_at_the_end_of_each_minute_and_at_parts_of_it() {
    let minute = Duration::from_secs(60);
    let of = |seconds: f64, every| until_next(Timestamp::from_micros((seconds * 1e6) as i64), every).as_secs_f64();
    assert_eq!([of(600.0, minute), of(601.5, minute), of(659.0, minute)], [60.0, 58.5, 1.0]);
    assert_eq!(of(601.5, Duration::from_secs(3_600)), 58.5, "a minute at most");
    assert_eq!([of(601.5, Duration::from_secs(1)), of(655.0, Duration::from_secs(25))], [0.5, 5.0]);
    assert_eq!(of(-0.25, minute), 0.25, "before 1970");
    assert!(of(601.5, Duration::ZERO) > 0.0);
}

#[test]
fn what_is_counted_between_two_looks_belongs_to_the_minute_of_its_middle() {
    let clock = TwoTimes::at(600);
    let mut differences = Differences::begin(&clock);
    clock.pass(60, 0);
    let first = differences.next(counted(7, &[("a", 3)]), &clock);
    assert_eq!((first.at, first.observed), (time(630), Duration::from_secs(60)));
    assert_eq!((first.get(Figure::Requests), first.get(Figure::Hits)), (7, 3), "counters begin at 0 with the server");
    clock.pass(60, 0);
    let second = differences.next(counted(9, &[("a", 5)]), &clock);
    assert_eq!((second.at, second.get(Figure::Requests), second.get(Figure::Hits)), (time(690), 2, 2));
}

#[test]
fn a_clock_that_is_set_changes_where_a_part_belongs_and_not_how_long_it_was() {
    let clock = TwoTimes::at(600);
    let mut differences = Differences::begin(&clock);
    for (moved, at) in [(-3_600, 630 - 3_600), (3_600, 690), (86_400, 750 + 86_400), (0, 810 + 86_400)] {
        clock.pass(60, moved);
        let part = differences.next(counted(1, &[]), &clock);
        assert_eq!((part.at.micros() / 1_000_000 / MINUTE_S, part.observed), (at / MINUTE_S, Duration::from_secs(60)));
    }
    // The machine was asleep: one part, as long as it was.
    clock.pass(7_200, 0);
    assert_eq!(differences.next(counted(1, &[]), &clock).observed, Duration::from_secs(7_200));
}

#[test]
fn a_query_that_a_reload_takes_away_makes_no_hits() {
    let clock = TwoTimes::at(600);
    let mut differences = Differences::begin(&clock);
    clock.pass(60, 0);
    differences.next(counted(0, &[("a", 1_000), ("b", 20)]), &clock);
    clock.pass(60, 0);
    assert_eq!(differences.next(counted(0, &[("b", 25)]), &clock).get(Figure::Hits), 5);
}
