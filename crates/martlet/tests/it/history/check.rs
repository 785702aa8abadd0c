//! Judges a history: is every answer the query on one prefix of the order of commits, and never an earlier one than
//! somebody could know of?
//!
//! The log gives the order of commits, so the prefixes are known and each answer is compared with what the model
//! computes on them. What is left is one number for each read, the commits that its answer shows. It is at least that
//! of every write acknowledged before the read began, of every read that ended before it began, and of the position
//! that was told with it; and every write that it shows had begun before the read ended. Reads are taken by their
//! beginnings and each gets the least such number: if there is any way to number them, this is one.
//!
//! An answer that is marked as stale, of a query that allows it, must be the query on the prefix that its position
//! tells, and still on one with every write acknowledged longer ago than it may be stale. It says nothing of others.

use super::app::STALE_NS;
use super::model::{Ask, Op, State};
use martlet_core::Position;
use std::collections::HashMap;
use std::sync::Arc;

/// A read, or several at one snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    /// Nanoseconds of one clock.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) position: Position,
    pub(crate) parts: Vec<(Ask, Arc<str>)>,
    pub(crate) is_from_memory: bool,
    /// It says that it is not the answer any more: only where the query allows that.
    pub(crate) is_stale: bool,
    /// The first and the last version of the app that may have been served meanwhile.
    pub(crate) versions: (u32, u32),
}

impl Read {
    fn is_of_its_versions(&self) -> bool {
        let (first, last) = self.versions;
        self.parts.iter().all(|(ask, _)| match ask {
            Ask::Versioned { version, .. } => (first..=last).contains(version),
            _ => true,
        })
    }
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With its number in the log.
    Committed(i64, Position),
    /// It must not be in the log.
    Refused,
    /// The connection broke: the log tells.
    Unknown,
}

/// A write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    pub(crate) begin: u64,
    pub(crate) end: u64,
    pub(crate) tag: i64,
    pub(crate) op: Op,
    pub(crate) ended: Ended,
}

/// All that happened.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) reads: Vec<Read>,
    pub(crate) writes: Vec<Write>,
    /// Number and tag of each commit, in order.
    pub(crate) log: Vec<(i64, i64)>,
}

/// What is wrong with a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// The log and what the actions answered do not agree, or the order of commits is not that of time.
    Log(String),
    /// No prefix gives this answer.
    NoPrefix(String),
    /// Only prefixes before what was known when the read began, or before the position that it told, give it.
    Stale(String),
    /// Only prefixes with writes that had not begun give it.
    Early(String),
    /// It is of a version of the app that was not served.
    Version(String),
}

impl History {
    /// How many queries were answered.
    pub(crate) fn answers(&self) -> usize {
        self.reads.iter().map(|read| read.parts.len()).sum()
    }

    /// The epochs, numbered in the order in which answers told them.
    fn runs(&self) -> HashMap<u64, usize> {
        let reads = self.reads.iter().map(|read| (read.end, read.position.epoch));
        let writes = self.writes.iter().filter_map(|write| match write.ended {
            Ended::Committed(_, position) => Some((write.end, position.epoch)),
            _ => None,
        });
        let mut epochs: Vec<(u64, u64)> = reads.chain(writes).collect();
        epochs.sort_unstable();
        let mut runs = HashMap::new();
        for (_, epoch) in epochs {
            let next = runs.len();
            runs.entry(epoch).or_insert(next);
        }
        runs
    }

    /// The violations, at most `max`.
    pub(crate) fn violations(&mut self, max: usize) -> Vec<Violation> {
        let order = match Order::of(self) {
            Ok(order) => order,
            Err(error) => return vec![Violation::Log(error)],
        };
        self.reads.sort_by_key(|read| read.begin);
        let mut answers = Answers::new(&order);
        let mut found = Vec::new();
        // What reads that have ended have shown: by their ends, and the most so far.
        let mut pending = std::collections::BinaryHeap::new();
        let mut shown = 0;
        for read in &self.reads {
            while let Some(std::cmp::Reverse((end, number))) = pending.peek().copied() {
                if end >= read.begin {
                    break;
                }
                shown = shown.max(number);
                pending.pop();
            }
            if read.is_stale {
                found.extend(judge_stale(read, &order, &mut answers));
                continue;
            }
            let least = shown.max(order.acknowledged_before(read.begin)).max(order.shown_by(read.position));
            let most = order.begun_before(read.end);
            let is_shown = |number: usize| order.is_boundary(number);
            let number = (least..=most).filter(|number| is_shown(*number)).find(|number| answers.hold(read, *number));
            match number {
                Some(_) if !read.is_of_its_versions() => found.push(Violation::Version(format!("{read:?}"))),
                Some(number) => pending.push(std::cmp::Reverse((read.end, number))),
                None => found.push(judge(read, &order, &mut answers, least, most)),
            }
            if found.len() >= max {
                break;
            }
        }
        found
    }
}

/// What is wrong with an answer that says that it is stale.
fn judge_stale(read: &Read, order: &Order, answers: &mut Answers<'_>) -> Option<Violation> {
    let position = order.shown_by(read.position);
    let least = order.acknowledged_before(read.begin.saturating_sub(STALE_NS)).max(position);
    let told = || format!("{read:?}; marked as stale, wanted on {position}, and {least} or more");
    let is_allowed = read.parts.iter().all(|(ask, _)| matches!(ask, Ask::Lax { .. }));
    if !is_allowed {
        return Some(Violation::Stale(told()));
    }
    if position > order.tags.len() || !answers.hold(read, position) {
        return Some(Violation::NoPrefix(told()));
    }
    let mut all = (least..=order.begun_before(read.end)).filter(|number| order.is_boundary(*number));
    (!all.any(|number| answers.hold(read, number))).then(|| Violation::Stale(told()))
}

fn judge(read: &Read, order: &Order, answers: &mut Answers<'_>, least: usize, most: usize) -> Violation {
    let all = (0..=order.tags.len()).filter(|number| order.is_boundary(*number));
    let holds: Vec<usize> = all.filter(|number| answers.hold(read, *number)).collect();
    let told = format!("{read:?}; good on {holds:?}, wanted {least} to {most}");
    if holds.is_empty() {
        Violation::NoPrefix(told)
    } else if holds.iter().any(|number| *number < least) {
        Violation::Stale(told)
    } else {
        Violation::Early(told)
    }
}

/// The order of commits. A prefix is told by its length.
pub(crate) struct Order {
    tags: Vec<i64>,
    /// The data after each prefix.
    states: Vec<State>,
    /// The run and number of each commit's group, where it is known.
    groups: Vec<Option<(usize, u64)>>,
    /// The least prefix with every write that was acknowledged up to these times.
    acknowledged: Vec<(u64, usize)>,
    /// The latest beginning of the writes in each prefix.
    begun: Vec<u64>,
    /// The last commit of each group, as the length of its prefix.
    ends: Vec<((usize, u64), usize)>,
    runs: HashMap<u64, usize>,
}

impl Order {
    pub(crate) fn of(history: &History) -> Result<Self, String> {
        let runs = history.runs();
        let writes: HashMap<i64, &Write> = history.writes.iter().map(|write| (write.tag, write)).collect();
        let mut order = Self {
            tags: Vec::new(),
            states: vec![State::empty()],
            groups: Vec::new(),
            acknowledged: Vec::new(),
            begun: vec![0],
            ends: Vec::new(),
            runs,
        };
        let mut committed = history.writes.iter().filter(|write| matches!(write.ended, Ended::Committed(..))).count();
        for (id, tag) in &history.log {
            let write = *writes.get(tag).ok_or_else(|| format!("a commit of nobody's: {tag}"))?;
            let begun = order.begun[order.tags.len()];
            if write.end < begun {
                return Err(format!("{write:?} had ended before one began that is before it in the log"));
            }
            match write.ended {
                Ended::Refused => return Err(format!("{write:?} is in the log")),
                Ended::Unknown => order.groups.push(None),
                Ended::Committed(number, _) if number != *id => {
                    return Err(format!("{write:?} has the number {id} in the log"));
                }
                Ended::Committed(_, position) => {
                    committed -= 1;
                    let run = *order.runs.get(&position.epoch).ok_or_else(|| format!("{write:?}: no such epoch"))?;
                    let group = (run, position.number);
                    if order.groups.iter().rev().find_map(|group| *group).is_some_and(|before| before > group) {
                        return Err(format!("{write:?} has a lower position than one before it in the log"));
                    }
                    order.groups.push(Some(group));
                    order.acknowledged.push((write.end, order.tags.len() + 1));
                }
            }
            let state = order.states[order.tags.len()].after(*tag, write.op);
            order.states.push(state);
            order.tags.push(*tag);
            order.begun.push(begun.max(write.begin));
        }
        if committed > 0 {
            return Err(format!("{committed} acknowledged writes are not in the log"));
        }
        order.acknowledged.sort_unstable();
        let mut most = 0;
        for (_, number) in &mut order.acknowledged {
            most = most.max(*number);
            *number = most;
        }
        let groups = order.groups.iter().enumerate();
        order.ends = groups.filter_map(|(index, group)| group.map(|group| (group, index + 1))).collect();
        Ok(order)
    }

    /// The length of the whole.
    pub(crate) fn end(&self) -> usize {
        self.tags.len()
    }

    /// Whether the prefix ends between two groups: of a group all is seen, or nothing.
    pub(crate) fn is_boundary(&self, number: usize) -> bool {
        if number == 0 || number == self.groups.len() {
            return true;
        }
        let before = self.groups[..number].iter().rev().find_map(|group| *group);
        let after = self.groups[number..].iter().find_map(|group| *group);
        before.is_none() || before != after
    }

    pub(crate) fn acknowledged_before(&self, time: u64) -> usize {
        let count = self.acknowledged.partition_point(|(end, _)| *end < time);
        count.checked_sub(1).map_or(0, |last| self.acknowledged[last].1)
    }

    /// The longest prefix whose writes had all begun.
    pub(crate) fn begun_before(&self, time: u64) -> usize {
        self.begun.partition_point(|begun| *begun < time) - 1
    }

    /// The prefix that a position tells; one that nobody knows tells all.
    pub(crate) fn shown_by(&self, position: Position) -> usize {
        let Some(run) = self.runs.get(&position.epoch) else { return usize::MAX };
        let count = self.ends.partition_point(|(group, _)| *group <= (*run, position.number));
        count.checked_sub(1).map_or(0, |last| self.ends[last].1)
    }
}

/// What the model answers on each prefix, computed once.
pub(crate) struct Answers<'a> {
    order: &'a Order,
    known: HashMap<(Ask, usize), Box<str>>,
}

/// Answers that are remembered; then all are forgotten.
const KNOWN_MAX: usize = 1_000_000;

impl<'a> Answers<'a> {
    pub(crate) fn new(order: &'a Order) -> Self {
        Self { order, known: HashMap::new() }
    }

    /// Whether all parts of a read are the queries on this prefix.
    fn hold(&mut self, read: &Read, number: usize) -> bool {
        read.parts.iter().all(|(ask, body)| self.holds(*ask, body, number))
    }

    /// Whether this is the query on this prefix.
    pub(crate) fn holds(&mut self, ask: Ask, body: &str, number: usize) -> bool {
        if self.known.len() > KNOWN_MAX {
            self.known.clear();
        }
        let state = &self.order.states[number];
        **self.known.entry((ask, number)).or_insert_with(|| state.answer(ask).into()) == *body
    }
}
