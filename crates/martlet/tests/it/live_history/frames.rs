//! Judges what streams have told: is every frame the query on one prefix of the order of commits, is no prefix an
//! earlier one than the stream has shown before, and is the last one the whole?
//!
//! `history/check.rs` knows the prefixes. A frame gets the least number of commits that it can stand for: at least
//! what the stream has shown, what was acknowledged before its connection was asked for, and what its id tells; at most
//! the commits that had begun when it arrived. All parts of a frame have one number, unless it says that it is partial.

use crate::history::check::{Answers, Order};
use crate::history::model::Ask;
use martlet_core::Position;
use std::sync::Arc;

/// A connection of a stream.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// Before it was asked for.
    pub(crate) begin: u64,
    /// The frame whose id was told with the request.
    pub(crate) known: Option<usize>,
}

/// A frame.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The moment at which it was there.
    pub(crate) at: u64,
    pub(crate) connection: usize,
    pub(crate) position: Position,
    pub(crate) parts: Vec<Arc<str>>,
    pub(crate) is_partial: bool,
}

/// All that a stream has told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    pub(crate) asks: Vec<Ask>,
    pub(crate) connections: Vec<Connection>,
    pub(crate) frames: Vec<Frame>,
    /// Anything else but frames: errors, ends that nobody wanted.
    pub(crate) faults: Vec<String>,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// No prefix gives this frame.
    NoPrefix(String),
    /// Only prefixes before one that was shown or known give it, or before the position that it tells.
    Back(String),
    /// Only prefixes with writes that had not begun give it.
    Early(String),
    /// It is the frame before once more.
    Repeated(String),
    /// The last frame is not the query after all writes, or there is none.
    Final(String),
    /// Something else came, or it ended.
    Fault(String),
}

/// What the frames of all streams were, for the test's own soundness.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) frames: usize,
    /// Frames of several parts, and those of them that are partial.
    pub(crate) batches: usize,
    pub(crate) partial: usize,
    /// Connections after a stream's first, and those of them that began with a frame.
    pub(crate) reconnects: usize,
    pub(crate) caught_up: usize,
}

/// Epochs have no order.
fn is_before(one: Position, other: Position) -> bool {
    one.epoch == other.epoch && one.number < other.number
}

/// The violations of a stream.
pub(crate) fn judge(told: &Told, order: &Order, answers: &mut Answers<'_>, counts: &mut Counts) -> Vec<Violation> {
    let mut found: Vec<Violation> =
        told.faults.iter().map(|fault| Violation::Fault(format!("{:?}: {fault}", told.asks))).collect();
    counts.reconnects += told.connections.len().saturating_sub(1);
    // What each part has shown, as the length of the prefix.
    let mut shown = vec![0; told.asks.len()];
    for (index, frame) in told.frames.iter().enumerate() {
        counts.frames += 1;
        counts.batches += usize::from(told.asks.len() > 1);
        counts.partial += usize::from(frame.is_partial);
        let before = index.checked_sub(1).map(|before| &told.frames[before]);
        let connection = &told.connections[frame.connection];
        let is_first = before.is_none_or(|before| before.connection != frame.connection);
        counts.caught_up += usize::from(is_first && frame.connection > 0);
        let base = if is_first { connection.known.map(|known| &told.frames[known]) } else { before };
        let described = || format!("{:?}, frame {index} of {}: {frame:?} after {base:?}", told.asks, told.frames.len());
        if frame.parts.len() != told.asks.len() {
            found.push(Violation::Fault(described()));
            continue;
        }
        if base.is_some_and(|base| base.parts == frame.parts && base.is_partial == frame.is_partial) {
            found.push(Violation::Repeated(described()));
        }
        // What a partial frame tells is where the oldest of its parts is; the next of a connection tells no less.
        let is_compared = !(is_first && frame.is_partial);
        if is_compared && before.is_some_and(|before| is_before(frame.position, before.position)) {
            found.push(Violation::Back(format!("the position: {}", described())));
        }
        let known = order.acknowledged_before(connection.begin);
        let most = order.begun_before(frame.at);
        let least = known.max(if frame.is_partial { 0 } else { order.shown_by(frame.position) });
        let groups: Vec<Vec<usize>> = if frame.is_partial {
            (0..shown.len()).map(|part| vec![part]).collect()
        } else {
            vec![(0..shown.len()).collect()]
        };
        for parts in groups {
            let least = parts.iter().map(|part| shown[*part]).fold(least, usize::max);
            let mut is_good = |number: usize| {
                order.is_boundary(number)
                    && parts.iter().all(|part| answers.holds(told.asks[*part], &frame.parts[*part], number))
            };
            if let Some(number) = (least..=most).find(|number| is_good(*number)) {
                parts.iter().for_each(|part| shown[*part] = number);
                continue;
            }
            let good: Vec<usize> = (0..=order.end()).filter(|number| is_good(*number)).collect();
            let told = format!("{}; good on {good:?}, wanted {least} to {most}", described());
            found.push(match good.first() {
                None => Violation::NoPrefix(told),
                Some(first) if *first < least => Violation::Back(told),
                Some(_) => Violation::Early(told),
            });
        }
    }
    let last = told.frames.last();
    let is_final = last.is_some_and(|frame| {
        let all = told.asks.iter().zip(&frame.parts);
        let is_whole = !frame.is_partial && frame.parts.len() == told.asks.len();
        is_whole && all.into_iter().all(|(ask, body)| answers.holds(*ask, body, order.end()))
    });
    if !is_final {
        found.push(Violation::Final(format!("{:?}: {last:?}", told.asks)));
    }
    found
}
