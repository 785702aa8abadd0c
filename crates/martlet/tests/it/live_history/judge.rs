//! The judge itself: good streams pass, and each kind of wrong one is found.

use super::frames::{Connection, Counts, Frame, Told, Violation, judge};
use crate::history::check::{Answers, Ended, History, Order, Write};
use crate::history::model::{Ask, Op};
use martlet_core::Position;

const ONE: Ask = Ask::Register { key: 1 };
const TWO: Ask = Ask::Register { key: 2 };
const NONE: &str = "[]";
const ONE_1: &str = "[{\"key\":1,\"value\":1}]";
const ONE_3: &str = "[{\"key\":1,\"value\":3}]";
const TWO_2: &str = "[{\"key\":2,\"value\":2}]";

/// Three commits: of register 1 at 10 to 20, of register 2 at 30 to 40, of register 1 again at 50 to 60.
fn order() -> Order {
    let write = |tag: i64, key, begin| Write {
        begin,
        end: begin + 10,
        tag,
        op: Op::Put { key },
        ended: Ended::Committed(tag, Position { epoch: 7, number: tag.unsigned_abs() }),
    };
    let writes = vec![write(1, 1, 10), write(2, 2, 30), write(3, 1, 50)];
    let history = History { reads: Vec::new(), writes, log: vec![(1, 1), (2, 2), (3, 3)] };
    Order::of(&history).expect("a good order")
}

/// A frame on the first connection.
fn frame(at: u64, number: u64, parts: &[&str]) -> Frame {
    let parts = parts.iter().map(|part| (*part).into()).collect();
    Frame { at, connection: 0, position: Position { epoch: 7, number }, parts, is_partial: false }
}

fn partial(at: u64, number: u64, parts: &[&str]) -> Frame {
    Frame { is_partial: true, ..frame(at, number, parts) }
}

/// On the second connection.
fn again(frame: Frame) -> Frame {
    Frame { connection: 1, ..frame }
}

fn judged(asks: &[Ask], connections: &[(u64, Option<usize>)], frames: Vec<Frame>) -> Vec<&'static str> {
    let connections = connections.iter().map(|(begin, known)| Connection { begin: *begin, known: *known }).collect();
    let told = Told { asks: asks.to_vec(), connections, frames, faults: Vec::new() };
    let order = order();
    let violations = judge(&told, &order, &mut Answers::new(&order), &mut Counts::default());
    let name = |violation: &Violation| match violation {
        Violation::NoPrefix(_) => "no prefix",
        Violation::Back(_) => "back",
        Violation::Early(_) => "early",
        Violation::Repeated(_) => "repeated",
        Violation::Final(_) => "final",
        Violation::Fault(_) => "fault",
    };
    violations.iter().map(name).collect()
}

const FRESH: &[(u64, Option<usize>)] = &[(0, None)];
const GOOD: &[&str] = &[];

#[test]
fn good_streams_pass() {
    let all = vec![frame(5, 0, &[NONE]), frame(25, 1, &[ONE_1]), frame(70, 3, &[ONE_3])];
    assert_eq!(judged(&[ONE], FRESH, all.clone()), GOOD);
    // States in between may be left out.
    assert_eq!(judged(&[ONE], FRESH, vec![all[0].clone(), all[2].clone()]), GOOD);
    assert_eq!(judged(&[ONE, TWO], FRESH, vec![frame(45, 2, &[ONE_1, TWO_2]), frame(70, 3, &[ONE_3, TWO_2])]), GOOD);
    // A connection that begins where another has ended.
    let two = [(0, None), (45, Some(0))];
    assert_eq!(judged(&[ONE], &two, vec![frame(25, 1, &[ONE_1]), again(frame(70, 3, &[ONE_3]))]), GOOD);
    assert_eq!(judged(&[ONE], &[(0, None), (65, Some(0))], vec![frame(61, 3, &[ONE_3])]), GOOD);
}

#[test]
fn a_stream_that_goes_back_is_found() {
    let frames = vec![frame(25, 1, &[ONE_1]), frame(26, 1, &[NONE]), frame(70, 3, &[ONE_3])];
    assert_eq!(judged(&[ONE], FRESH, frames), ["back"]);
    // The bytes are fine, the id is not.
    assert_eq!(judged(&[TWO], FRESH, vec![frame(35, 2, &[TWO_2]), frame(70, 1, &[NONE])]), ["back", "back", "final"]);
    // Older than what its id tells, or than what was known when it was asked for.
    assert_eq!(judged(&[ONE], FRESH, vec![frame(15, 1, &[NONE]), frame(70, 3, &[ONE_3])]), ["back"]);
    assert_eq!(judged(&[ONE], &[(21, None)], vec![frame(25, 0, &[NONE]), frame(70, 3, &[ONE_3])]), ["back"]);
    let frames = vec![frame(25, 1, &[ONE_1]), again(frame(70, 1, &[NONE])), again(frame(71, 3, &[ONE_3]))];
    assert_eq!(judged(&[ONE], &[(0, None), (26, Some(0))], frames), ["back"]);
}

#[test]
fn a_mix_of_before_and_after_is_found() {
    let mixed = [ONE_3, NONE];
    let last = frame(70, 3, &[ONE_3, TWO_2]);
    assert_eq!(judged(&[ONE, TWO], FRESH, vec![frame(69, 1, &mixed), last.clone()]), ["no prefix"]);
    // One that says so is none, as long as no part goes back.
    assert_eq!(judged(&[ONE, TWO], FRESH, vec![partial(69, 1, &mixed), last.clone()]), GOOD);
    assert_eq!(
        judged(&[ONE, TWO], FRESH, vec![partial(69, 1, &mixed), partial(70, 1, &[ONE_1, TWO_2]), last]),
        ["back"]
    );
}

#[test]
fn what_was_never_so_and_what_is_not_so_yet_are_found() {
    let last = frame(70, 3, &[ONE_3]);
    assert_eq!(judged(&[ONE], FRESH, vec![frame(25, 1, &["[{\"key\":1,\"value\":2}]"]), last.clone()]), ["no prefix"]);
    assert_eq!(judged(&[ONE], FRESH, vec![frame(45, 1, &[ONE_3])]), ["early"]);
    assert_eq!(judged(&[ONE], FRESH, vec![frame(5, 0, &[])]), ["fault", "final"]);
}

#[test]
fn a_frame_that_comes_twice_is_found() {
    assert_eq!(judged(&[ONE], FRESH, vec![frame(61, 3, &[ONE_3]), frame(62, 3, &[ONE_3])]), ["repeated"]);
    let twice = vec![frame(61, 3, &[ONE_3]), again(frame(71, 3, &[ONE_3]))];
    assert_eq!(judged(&[ONE], &[(0, None), (70, Some(0))], twice.clone()), ["repeated"]);
    // The second connection was asked for without that frame's id.
    assert_eq!(judged(&[ONE], &[(0, None), (70, None)], twice), GOOD);
}

#[test]
fn a_last_change_that_is_not_told_is_found() {
    assert_eq!(judged(&[ONE], FRESH, vec![frame(25, 1, &[ONE_1])]), ["final"]);
    assert_eq!(judged(&[ONE], FRESH, Vec::new()), ["final"]);
    assert_eq!(judged(&[ONE, TWO], FRESH, vec![partial(70, 3, &[ONE_3, TWO_2])]), ["final"]);
}
