//! What is where, and what each step does.

use crate::recent::Recent;
use crate::rules::{Rule, Rules};
use martlet_core::Change;
use std::hash::{Hash, Hasher};

/// What each query reads.
pub(super) const READS: [&[usize]; 2] = [&[0], &[0, 1]];

/// What the protocol does not work without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mutant {
    Rule(Rule),
    /// The position of an answer is read after the answer.
    PositionAfterRead,
    /// A fill takes the app before it begins.
    AppBeforeStart,
}

/// How much happens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protocol {
    pub(super) commits_max: u64,
    pub(super) fills_max: u8,
    pub(super) loads_max: u8,
    pub(super) mutant: Option<Mutant>,
}

/// What is remembered of commits; equal where it says the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Commits(pub(super) Recent);

impl PartialEq for Commits {
    fn eq(&self, other: &Self) -> bool {
        self.0.marks() == other.0.marks()
    }
}

impl Eq for Commits {}

impl Hash for Commits {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.marks().hash(state);
    }
}

pub(super) type Data = [u8; 2];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Answer {
    pub(super) data: Data,
    pub(super) app: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Written {
    Table(usize),
    Everything,
}

/// Where the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Writer {
    Idle,
    Begun(Written),
    /// The COMMIT is done, or has failed.
    Done(Written),
    /// The number of the last commit is told.
    Finished(Written),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fill {
    pub(super) query: usize,
    pub(super) generation: Option<u8>,
    pub(super) app: Option<u8>,
    pub(super) position: Option<u64>,
    pub(super) data: Option<Data>,
}

/// A handle on an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) query: usize,
    pub(super) answer: Answer,
    pub(super) is_alive: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct State {
    pub(super) data: Data,
    pub(super) writer: Writer,
    pub(super) commits: Commits,
    pub(super) started: u64,
    pub(super) finished: u64,
    pub(super) generation: u8,
    pub(super) app: u8,
    pub(super) is_paused: bool,
    pub(super) entries: [Option<Answer>; 2],
    pub(super) fills: [Option<Fill>; 2],
    pub(super) filled: u8,
    pub(super) held: Option<Held>,
    /// What everybody may know.
    pub(super) known: Answer,
    /// What was known when the reader asked.
    pub(super) asked: Option<Answer>,
    pub(super) is_stale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Action {
    Begin(Written),
    Commit,
    Fail,
    Finish,
    Acknowledge,
    Fill(usize, usize),
    Step(usize),
    Ask,
    Give(usize),
    GiveHeld,
    Pause,
    Load,
}

impl Protocol {
    pub(super) fn holds(&self, rule: Rule) -> bool {
        match self.mutant {
            Some(Mutant::Rule(off)) => Rules::without(Some(off)).holds(rule),
            _ => true,
        }
    }

    pub(super) fn end(&self, state: &mut State, query: usize) {
        state.entries[query] = None;
        if let Some(held) = state.held.as_mut().filter(|held| held.query == query)
            && self.holds(Rule::DeadNotGiven)
        {
            held.is_alive = false;
        }
    }

    pub(super) fn end_touched(&self, state: &mut State, written: Written) {
        for (query, reads) in READS.iter().enumerate() {
            if !matches!(written, Written::Table(table) if !reads.contains(&table)) {
                self.end(state, query);
            }
        }
    }

    pub(super) fn begin(&self, state: &mut State, written: Written) {
        state.started += 1;
        state.writer = Writer::Begun(written);
        match written {
            Written::Table(table) => state.commits.0.push(state.started, &[Change { table, old: None, new: None }]),
            Written::Everything if self.holds(Rule::EverythingResetsFloor) => state.commits.0.reset(state.started),
            Written::Everything => {}
        }
        if self.holds(Rule::EndsBeforeCommit) {
            self.end_touched(state, written);
        }
    }

    /// The next step of a fill: where it begins, its app, its position, its answer, and whether that is kept.
    pub(super) fn step(&self, state: &mut State, number: usize) {
        let Some(mut fill) = state.fills[number] else { return };
        let is_app_first = self.mutant == Some(Mutant::AppBeforeStart);
        let is_position_last = self.mutant == Some(Mutant::PositionAfterRead);
        match fill {
            Fill { app: None, .. } if is_app_first => fill.app = Some(state.app),
            Fill { generation: None, .. } => fill.generation = Some(state.generation),
            Fill { app: None, .. } => fill.app = Some(state.app),
            Fill { position: None, .. } if !is_position_last => fill.position = Some(state.finished),
            Fill { data: None, .. } => fill.data = Some(state.data),
            Fill { position: None, .. } => fill.position = Some(state.finished),
            Fill {
                query,
                generation: Some(generation),
                app: Some(app),
                position: Some(position),
                data: Some(data),
            } => {
                state.fills[number] = None;
                let answer = Answer { data: of(query, data), app };
                know(&mut state.known.data, answer.data);
                if self.keeps(state, query, generation, position) {
                    self.end(state, query);
                    state.entries[query] = Some(answer);
                }
                return;
            }
        }
        state.fills[number] = Some(fill);
    }

    fn keeps(&self, state: &State, query: usize, generation: u8, position: u64) -> bool {
        let is_of_now = !state.is_paused && state.generation == generation;
        if self.holds(Rule::ChecksGeneration) && !is_of_now {
            return false;
        }
        let Some(mut changes) = state.commits.0.since(position) else { return !self.holds(Rule::ValidatesFills) };
        !self.holds(Rule::ValidatesFills) || !changes.any(|change| READS[query].contains(&change.table))
    }

    /// The reader is given an answer of a query.
    pub(super) fn give(&self, state: &mut State, query: usize, answer: Answer) {
        let Some(asked) = state.asked.take() else { return };
        let is_old = answer.data.iter().zip(of(query, asked.data)).any(|(given, known)| *given < known);
        state.is_stale |= is_old || answer.app < asked.app;
        know(&mut state.known.data, answer.data);
    }
}

/// What a query reads of the data.
pub(super) fn of(query: usize, data: Data) -> Data {
    [0, 1].map(|table| if READS[query].contains(&table) { data[table] } else { 0 })
}

pub(super) fn know(known: &mut Data, data: Data) {
    known.iter_mut().zip(data).for_each(|(known, data)| *known = data.max(*known));
}
