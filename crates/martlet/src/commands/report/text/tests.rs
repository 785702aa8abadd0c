use super::super::compare::Side;
use super::*;
use martlet_core::Percentiles;
use martlet_engine::history::{ItemCounts, Period, Step};
use std::time::Duration;

/// Two days in rows of an hour, from this many calls of `free` an hour, which take so many microseconds.
fn rows(begin_s: i64, calls: u64, took_us: u64, hits: u64) -> Vec<Period> {
    let row = |hour: i64| {
        let at = Timestamp::from_micros((begin_s + hour * 3_600) * 1_000_000);
        let percentiles = Percentiles::default();
        (0..calls).for_each(|_| percentiles.observe(took_us * 1_000));
        let mut row = Period { observed: Duration::from_secs(3_600), ..Period::empty(at) };
        row.durations = percentiles.spread();
        row.counts.set(Figure::Requests, calls);
        row.counts.set(Figure::Hits, hits);
        row.counts.set(Figure::Misses, calls - hits);
        row.counts.set(Figure::MemoryBytes, 30 << 20);
        let mut counts = ItemCounts::default();
        counts.set(ItemFigure::Calls, calls);
        counts.set(ItemFigure::Hits, hits);
        counts.set(ItemFigure::Misses, calls - hits);
        counts.set(ItemFigure::TotalNs, calls * took_us * 1_000);
        row.items.push(Item { kind: ItemKind::Query, name: "free".into(), counts, durations: percentiles.spread() });
        row
    };
    (0..48).map(row).collect()
}

fn report(now: &[Period], before: &[Period]) -> Report {
    let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
    Report {
        name: "hotel".to_owned(),
        since: Duration::from_secs(2 * 86_400),
        over: 25,
        step: Step::Hour,
        until: at(1_800_000_000),
        now: Side::of(at(1_800_000_000 - 2 * 86_400), now),
        before: Side::of(at(1_800_000_000 - 4 * 86_400), before),
    }
}

#[test]
fn a_time_is_told_against_the_one_before() {
    let begin = 1_800_000_000 - 4 * 86_400;
    let mut before = rows(begin, 1_000, 800, 900);
    let mut counts = ItemCounts::default();
    counts.set(ItemFigure::Calls, 200);
    let gone = Item { kind: ItemKind::Action, name: "book".into(), counts, durations: Percentiles::default().spread() };
    before[0].items.push(gone);
    let now = rows(begin + 2 * 86_400, 1_100, 3_200, 880);
    insta::assert_snapshot!(of(&report(&now, &before)), @r"
    hotel: the last 2d, to 2027-01-15 08:00 UTC, against the 2d before

                                  now    before     change
    requests                    52800     48000      +10 %
      a second               0.3056/s  0.2778/s      +10 %
      a second, at most      0.3056/s  0.2778/s      +10 %
    errors (5xx)                    0         0          =
    refused (4xx)                   0         0          =
    refused for load                0         0          =
    p50                        3.4 ms    851 us     +300 %
    p95                        3.4 ms    851 us     +300 %
    p99                        3.4 ms    851 us     +300 %
    reads from memory          80.0 %    90.0 %  -10.0 pts
      shared a run              0.0 %     0.0 %          =
      never kept                0.0 %     0.0 %          =
    answers ended by writes         0         0          =
      in vain                       0         0          =
    slow statements                 0         0          =
    wait for the writer             -         -          -
    wait for a reader               -         -          -
    refused in a queue              0         0          =
    processor                   0.0 %     0.0 %          =
    memory, at most          30.0 MiB  30.0 MiB          =
      kept answers            0.0 MiB   0.0 MiB          =
    streams, at most                0         0          =

    Queries (times in the database)
    name  calls  change  memory  errors     p50     p95     p99  p99 before
    free  52800   +10 %  80.0 %       0  3.4 ms  3.4 ms  3.4 ms      851 us

    Slowest in the database (of those with 100 runs or more)
    name  kind    runs     p99  slowest    in all
    free  query  52800  3.4 ms   3.4 ms  168.96 s

    Changed by more than 25 %
    - action book: calls 0.0012/s -> 0.0/s (-100 %)
    - server: p50 851 us -> 3.4 ms (+300 %)
    - server: p99 851 us -> 3.4 ms (+300 %)
    - query free: p50 851 us -> 3.4 ms (+300 %)
    - query free: p95 851 us -> 3.4 ms (+300 %)
    - query free: p99 851 us -> 3.4 ms (+300 %)
    - server: hit rate 90.0 % -> 80.0 % (-10.0 pts)
    - query free: hit rate 90.0 % -> 80.0 % (-10.0 pts)
    ");
    let told = report(&now, &before).to_json();
    assert_eq!(told["now"]["requests"], 1_100 * 48);
    let figures: Vec<_> = told["changed"].as_array().unwrap().iter().map(|it| (&it["of"], &it["figure"])).collect();
    assert!(figures.contains(&(&"query free".into(), &"p99".into())), "{figures:?}");
    assert!(!figures.contains(&(&"query free".into(), &"calls".into())), "a tenth more is not over a quarter");
}

#[test]
fn without_a_time_before_nothing_is_said_to_have_changed() {
    let now = rows(1_800_000_000 - 2 * 86_400, 1_000, 800, 900);
    let text = of(&report(&now[..12], &[]));
    assert!(text.contains("Nothing is known of the time before"), "{text}");
    assert!(text.contains("A server ran for 25 % of the last time"), "{text}");
    assert!(text.contains("unknown: there is nothing to compare with"), "{text}");
    assert_eq!(report(&now, &[]).to_json()["before"], serde_json::Value::Null);
}

#[test]
fn wrong_answers_are_told_first_and_few_calls_tell_nothing() {
    let begin = 1_800_000_000 - 4 * 86_400;
    let before = rows(begin, 1, 800, 1);
    let mut now = rows(begin + 2 * 86_400, 2, 90_000, 0);
    now[3].counts.set(Figure::Violations, 2);
    let text = of(&report(&now, &before));
    assert!(text.lines().nth(2).unwrap().starts_with("WRONG ANSWERS FROM MEMORY: 2."), "{text}");
    assert!(text.ends_with("Changed by more than 25 %\nnothing"), "{text}");
}

/// What an app names cannot begin lines, or hold what a mail must not.
#[test]
fn a_mail_takes_every_line_as_it_is() {
    let begin = 1_800_000_000 - 4 * 86_400;
    let mut now = rows(begin + 2 * 86_400, 1_000, 800, 0);
    for name in ["x\r\nBcc: someone", "zimmer\u{fc}bersicht", &"long".repeat(100)] {
        let item = Item { name: name.into(), ..now[0].items[0].clone() };
        now[0].add(&item);
    }
    let text = of(&Report { name: "h\u{f4}tel\n.".to_owned(), ..report(&now, &rows(begin, 1_000, 800, 900)) });
    assert!(text.is_ascii() && !text.contains('\r'), "{text}");
    assert!(text.lines().all(|line| line.len() <= 120 && !line.starts_with(['.', 'B'])), "{text}");
}
