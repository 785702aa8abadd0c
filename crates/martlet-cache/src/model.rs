//! The protocol as a model, explored whole: one writer, fills, a reader who holds what it was given, and loads of apps.
//!
//! Of the crate's own it takes [`crate::recent::Recent`] and the rules. Data are versions of two tables; an answer is the versions of
//! those that its query reads. What is promised: an answer has every commit that was acknowledged, and every commit
//! that any answer given has shown, before the request began; and it is one of the app that was loaded by then.

mod protocol;

use crate::rules::Rule;
use protocol::{Action, Answer, Commits, Fill, Held, Mutant, Protocol, READS, State, Writer, Written, know};
use stateright::{Checker, Model, Property};

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            data: [0; 2],
            writer: Writer::Idle,
            commits: Commits::default(),
            started: 0,
            finished: 0,
            generation: 0,
            app: 0,
            is_paused: false,
            entries: [None; 2],
            fills: [None; 2],
            filled: 0,
            held: None,
            known: Answer { data: [0; 2], app: 0 },
            asked: None,
            is_stale: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        match state.writer {
            Writer::Idle if state.started < self.commits_max => {
                let written = [Written::Table(0), Written::Table(1), Written::Everything];
                actions.extend(written.map(Action::Begin));
            }
            Writer::Idle => {}
            Writer::Begun(_) => actions.extend([Action::Commit, Action::Fail]),
            Writer::Done(_) => actions.push(Action::Finish),
            Writer::Finished(_) => actions.push(Action::Acknowledge),
        }
        for (number, fill) in state.fills.iter().enumerate() {
            match fill {
                Some(_) => actions.push(Action::Step(number)),
                None if state.filled < self.fills_max => {
                    actions.extend([0, 1].map(|query| Action::Fill(number, query)));
                }
                None => {}
            }
        }
        match (state.asked, state.held) {
            (None, _) => actions.push(Action::Ask),
            (Some(_), held) => {
                let kept = (0..READS.len()).filter(|query| state.entries[*query].is_some());
                actions.extend(kept.map(Action::Give));
                actions.extend(held.filter(|held| held.is_alive).map(|_| Action::GiveHeld));
            }
        }
        if state.is_paused {
            actions.push(Action::Load);
        } else if state.app < self.loads_max {
            actions.push(Action::Pause);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match (action, last.writer) {
            (Action::Begin(written), _) => self.begin(&mut state, written),
            (Action::Commit, Writer::Begun(written)) => {
                state.writer = Writer::Done(written);
                for (table, version) in state.data.iter_mut().enumerate() {
                    *version += u8::from(matches!(written, Written::Everything) || written == Written::Table(table));
                }
            }
            (Action::Fail, Writer::Begun(written)) => state.writer = Writer::Done(written),
            (Action::Finish, Writer::Done(written)) => {
                state.finished = state.started;
                state.writer = Writer::Finished(written);
            }
            (Action::Acknowledge, Writer::Finished(written)) => {
                if !self.holds(Rule::EndsBeforeCommit) {
                    self.end_touched(&mut state, written);
                }
                state.writer = Writer::Idle;
                let data = state.data;
                know(&mut state.known.data, data);
            }
            (Action::Commit | Action::Fail | Action::Finish | Action::Acknowledge, _) => return None,
            (Action::Fill(number, query), _) => {
                state.filled += 1;
                state.fills[number] = Some(Fill { query, generation: None, app: None, position: None, data: None });
            }
            (Action::Step(number), _) => self.step(&mut state, number),
            (Action::Ask, _) => state.asked = Some(state.known),
            (Action::Give(query), _) => {
                let answer = state.entries[query]?;
                state.held = Some(Held { query, answer, is_alive: true });
                self.give(&mut state, query, answer);
            }
            (Action::GiveHeld, _) => {
                let Held { query, answer, .. } = state.held.filter(|held| held.is_alive)?;
                self.give(&mut state, query, answer);
            }
            (Action::Pause, _) => {
                state.is_paused = true;
                state.generation += 1;
                (0..READS.len()).for_each(|query| self.end(&mut state, query));
                state.app += 1;
            }
            (Action::Load, _) => {
                state.is_paused = false;
                state.generation += 1;
                state.commits.0.reset(state.started);
                (0..READS.len()).for_each(|query| self.end(&mut state, query));
                state.known.app = state.app;
            }
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("no answer is stale", |_, state: &State| !state.is_stale),
            Property::sometimes("something outlives a commit", |_, state: &State| {
                state.finished > 0 && state.entries.iter().flatten().any(|kept| kept.data == [0; 2])
            }),
            Property::sometimes("something is given after a load", |_, state: &State| {
                state.app > 0 && state.held.is_some_and(|held| held.answer.app > 0)
            }),
        ]
    }
}

#[test]
fn no_order_of_steps_gives_a_stale_answer() {
    for (commits_max, fills_max, loads_max) in [(2, 2, 0), (1, 2, 1)] {
        let protocol = Protocol { commits_max, fills_max, loads_max, mutant: None };
        let checker = protocol.checker().spawn_bfs().join();
        assert!(checker.is_done());
        assert!(checker.unique_state_count() > 10_000, "{}", checker.unique_state_count());
        assert!(checker.discovery("no answer is stale").is_none(), "{:?}", checker.discovery("no answer is stale"));
        assert!(checker.discovery("something outlives a commit").is_some());
        assert!(loads_max == 0 || checker.discovery("something is given after a load").is_some());
    }
}

/// The model above would pass without what it is for.
#[test]
fn without_any_rule_some_order_of_steps_gives_a_stale_answer() {
    let rules = Rule::ALL.into_iter().map(|(rule, _)| Mutant::Rule(rule));
    for mutant in rules.chain([Mutant::PositionAfterRead, Mutant::AppBeforeStart]) {
        let loads_max = u8::from(matches!(mutant, Mutant::AppBeforeStart | Mutant::Rule(Rule::ChecksGeneration)));
        let protocol = Protocol { commits_max: 1, fills_max: 2, loads_max, mutant: Some(mutant) };
        let checker = protocol.checker().spawn_bfs().join();
        assert!(checker.discovery("no answer is stale").is_some(), "nothing is stale without {mutant:?}");
    }
}
