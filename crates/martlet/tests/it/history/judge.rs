//! The judge itself: good histories pass, and each kind of wrong one is found.

use super::app::STALE_NS;
use super::check::{Ended, History, Read, Violation, Write};
use super::model::{Ask, Op};
use martlet_core::Position;

const REGISTER: Ask = Ask::Register { key: 1 };

fn at(number: u64) -> Position {
    Position { epoch: 7, number }
}

/// Writes one register at 10 to 20, 30 to 40 and 50 to 60; the last two commits are one group.
fn history() -> History {
    let write = |tag: i64, begin, end, number| Write {
        begin,
        end,
        tag,
        op: Op::Put { key: tag.min(2) },
        ended: Ended::Committed(tag, at(number)),
    };
    let refused = Write { begin: 41, end: 49, tag: 9, op: Op::Trick { key: 1, list: 0 }, ended: Ended::Refused };
    let writes = vec![write(1, 10, 20, 1), write(2, 30, 40, 2), write(3, 35, 60, 2), refused];
    History { reads: Vec::new(), writes, log: vec![(1, 1), (2, 2), (3, 3)] }
}

fn read(begin: u64, end: u64, number: u64, parts: &[(Ask, &str)]) -> Read {
    let parts = parts.iter().map(|(ask, body)| (*ask, (*body).into())).collect();
    Read { begin, end, position: at(number), parts, is_from_memory: false, is_stale: false, versions: (2, 3) }
}

fn judged(reads: Vec<Read>) -> &'static str {
    let mut history = history();
    history.reads = reads;
    match history.violations(1).first() {
        None => "good",
        Some(Violation::Log(_)) => "log",
        Some(Violation::NoPrefix(_)) => "no prefix",
        Some(Violation::Stale(_)) => "stale",
        Some(Violation::Early(_)) => "early",
        Some(Violation::Version(_)) => "version",
    }
}

const NONE: &str = "[]";
const FIRST: &str = "[{\"key\":1,\"value\":1}]";
const TWO: Ask = Ask::Register { key: 2 };
/// Of the second register after the second and the third commit, which are one group.
const SECOND: &str = "[{\"key\":2,\"value\":2}]";
const THIRD: &str = "[{\"key\":2,\"value\":3}]";

#[test]
fn good_histories_pass() {
    assert_eq!(judged(vec![read(0, 5, 0, &[(REGISTER, NONE)])]), "good");
    // While a write runs both answers are good, and then the new one is for good.
    assert_eq!(judged(vec![read(11, 18, 0, &[(REGISTER, NONE)]), read(12, 19, 0, &[(REGISTER, FIRST)])]), "good");
    assert_eq!(judged(vec![read(21, 29, 1, &[(REGISTER, FIRST), (TWO, NONE)])]), "good");
    assert_eq!(judged(vec![read(36, 39, 1, &[(TWO, NONE)]), read(40, 45, 2, &[(TWO, THIRD)])]), "good");
}

#[test]
fn an_answer_from_before_an_acknowledged_write_is_stale() {
    assert_eq!(judged(vec![read(21, 25, 0, &[(REGISTER, NONE)])]), "stale");
    assert_eq!(judged(vec![read(61, 65, 0, &[(TWO, NONE)])]), "stale");
}

#[test]
fn only_a_marked_answer_of_a_query_with_the_tag_may_be_stale_and_not_for_long() {
    const LAX: Ask = Ask::Lax { key: 1 };
    let marked = |begin, ask, body| judged(vec![Read { is_stale: true, ..read(begin, begin + 5, 0, &[(ask, body)]) }]);
    assert_eq!(marked(21, LAX, NONE), "good");
    assert_eq!(marked(19 + STALE_NS, LAX, NONE), "good");
    assert_eq!(marked(21 + STALE_NS, LAX, NONE), "stale", "for longer than is allowed");
    assert_eq!(marked(21, REGISTER, NONE), "stale", "of a query without the tag");
    assert_eq!(judged(vec![read(21, 25, 0, &[(LAX, NONE)])]), "stale", "it does not say so");
    assert_eq!(marked(21, LAX, "[{\"key\":1,\"value\":9}]"), "no prefix", "it never was the answer");
    assert_eq!(marked(21, LAX, FIRST), "no prefix", "it was not the answer at its position");
    // It tells nothing about others.
    let mark = Read { is_stale: true, ..read(11, 13, 1, &[(LAX, FIRST)]) };
    assert_eq!(judged(vec![mark, read(14, 19, 0, &[(REGISTER, NONE)])]), "good");
}

#[test]
fn time_does_not_run_backwards_between_reads() {
    // The write is not acknowledged yet, but the first read has shown it.
    assert_eq!(judged(vec![read(11, 13, 0, &[(REGISTER, FIRST)]), read(14, 19, 0, &[(REGISTER, NONE)])]), "stale");
    // Of another query too.
    assert_eq!(judged(vec![read(36, 37, 1, &[(TWO, THIRD)]), read(38, 39, 1, &[(Ask::Tip, "1")])]), "stale");
}

#[test]
fn a_told_position_is_shown() {
    assert_eq!(judged(vec![read(11, 18, 1, &[(REGISTER, NONE)])]), "stale");
    assert_eq!(judged(vec![Read { position: Position { epoch: 8, number: 0 }, ..read(0, 5, 0, &[]) }]), "good");
}

#[test]
fn a_write_is_not_shown_before_it_begins() {
    assert_eq!(judged(vec![read(0, 5, 0, &[(REGISTER, FIRST)])]), "early");
    assert_eq!(judged(vec![read(21, 29, 1, &[(TWO, THIRD)])]), "early");
}

#[test]
fn a_batch_is_of_one_moment_and_a_group_is_seen_as_a_whole() {
    assert_eq!(judged(vec![read(36, 70, 1, &[(TWO, THIRD), (Ask::Tip, "1")])]), "no prefix");
    assert_eq!(judged(vec![read(36, 70, 1, &[(TWO, SECOND)])]), "no prefix");
}

#[test]
fn what_was_rolled_back_is_never_shown() {
    assert_eq!(judged(vec![read(41, 70, 1, &[(REGISTER, "[{\"key\":1,\"value\":9}]")])]), "no prefix");
}

#[test]
fn a_version_of_the_app_that_is_not_served_does_not_answer() {
    let by = |version| {
        let body = format!("[{{\"key\":1,\"value\":1,\"version\":{version}}}]");
        judged(vec![read(21, 25, 1, &[(Ask::Versioned { key: 1, version }, &body)])])
    };
    assert_eq!([1, 2, 3, 4].map(by), ["version", "good", "good", "version"]);
}

#[test]
fn the_log_agrees_with_what_was_acknowledged() {
    let broken = |change: fn(&mut History)| {
        let mut history = history();
        change(&mut history);
        matches!(history.violations(1).first(), Some(Violation::Log(_)))
    };
    assert!(!broken(|_| {}));
    assert!(broken(|history| history.log.truncate(2)), "an acknowledged write is lost");
    assert!(broken(|history| history.log.push((4, 9))), "a refused write is there");
    assert!(broken(|history| history.log.push((4, 77))), "nobody's write is there");
    assert!(broken(|history| history.log.swap(0, 1)), "another order");
    assert!(broken(|history| history.writes[0].begin = 45), "the order is not that of time");
}
