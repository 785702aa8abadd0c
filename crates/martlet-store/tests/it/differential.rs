//! Every construct of the dialect on both engines: the same canonical bytes, or the same SQLSTATE.
//!
//! The cases are the compiler's own (`martlet-sql/cases`). Each is run on its own rows and, where it uses the shared
//! tables, on generated ones: nulls, bounds, unicode, edges of the calendar. SQLite runs through the real store;
//! PostgreSQL runs the plan's own text, wrapped in `row_to_json`. Known differences: docs/differences.md.

mod call;
mod case;
mod compiled;
mod examples;
mod pair;
mod rows;

use crate::generate::Random;
use crate::oracle::Oracle;
use case::{Case, Group};
use martlet_core::Value;
use pair::Pair;
use std::sync::Arc;

/// Each gives rows of its own to the generated run; even ones mild, odd ones to the edges.
const SEEDS: std::ops::Range<u64> = 0..4;

/// Those among them that the actions run over too: each call takes a copy of the database.
const ACTION_SEEDS: std::ops::Range<u64> = 0..2;

/// Calls with generated arguments for each case that has parameters.
const GENERATED_CALLS: usize = 3;

#[test]
fn every_construct_answers_alike_on_both_engines() {
    let oracle = Oracle::start();
    let mut report = Report::default();
    for (number, group) in Group::all().iter().enumerate() {
        let pair = match Pair::set_up(&oracle, group, &format!("group_{number}")) {
            Ok(pair) => pair,
            Err(fault) => {
                let names: Vec<&str> = group.cases.iter().map(|case| case.name.as_str()).collect();
                report.add_all(vec![format!("the tables of {} do not compile:\n{fault}", names.join(", "))]);
                continue;
            }
        };
        report.add_all(pair.compile_errors());
        for case in &group.cases {
            report.run(&pair, case);
        }
    }
    report.finish();
}

#[test]
fn every_construct_answers_alike_over_generated_rows() {
    let oracle = Oracle::start();
    let mut report = Report::default();
    let shared = Group::shared();
    for seed in SEEDS {
        let size = if seed % 2 == 0 { rows::Size::Mild } else { rows::Size::Edges };
        let pair = Pair::set_up(&oracle, &rows::with_insertions(&shared), &format!("generated_{seed}")).unwrap();
        report.add_all(rows::insert(&pair, seed, size));
        let mut random = Random::new(seed);
        for case in shared.cases.iter().filter(|case| !case.is_action || ACTION_SEEDS.contains(&seed)) {
            report.run(&pair, case);
            report.run_generated(&pair, case, &mut random);
        }
    }
    report.finish();
}

#[test]
fn the_hotel_answers_alike_on_both_engines() {
    answers_alike(&examples::hotel(), "hotel");
}

#[test]
fn the_events_answer_alike_on_both_engines() {
    answers_alike(&examples::events(), "events");
}

#[test]
fn the_workloads_answer_alike_on_both_engines() {
    answers_alike(&examples::workloads(), "workloads");
    answers_alike(&examples::workload_writes(), "workload_writes");
}

/// The seed too: the rows are formulas, and every table holds the same on both.
fn answers_alike(example: &Group, schema: &str) {
    let oracle = Oracle::start();
    let mut report = Report::default();
    let pair = Pair::set_up(&oracle, example, schema).unwrap();
    report.add_all(pair.compile_errors());
    report.add_all(pair.compare_all_tables());
    for case in &example.cases {
        report.run(&pair, case);
    }
    report.finish();
}

/// What differed.
#[derive(Default)]
struct Report {
    text: String,
    calls: usize,
    answers: usize,
}

impl Report {
    fn run(&mut self, pair: &Pair<'_>, case: &Case) {
        let Some(params) = pair.params(case) else { return };
        for call in &case.calls {
            self.compare(pair, case, &call::arguments(params, call));
        }
    }

    /// With arguments of its own making.
    fn run_generated(&mut self, pair: &Pair<'_>, case: &Case, random: &mut Random) {
        let Some(params) = pair.params(case).filter(|params| !params.is_empty()) else { return };
        for _ in 0..GENERATED_CALLS {
            self.compare(pair, case, &rows::arguments(random, params));
        }
    }

    fn compare(&mut self, pair: &Pair<'_>, case: &Case, arguments: &Arc<[Value]>) {
        self.calls += 1;
        match pair.compare(case, arguments) {
            Ok(is_answer) => self.answers += usize::from(is_answer),
            Err(difference) => self.text += &format!("{} {arguments:?}\n{difference}\n\n", case.name),
        }
    }

    fn add_all(&mut self, differences: Vec<String>) {
        for difference in differences {
            self.text += &format!("{difference}\n\n");
        }
    }

    fn finish(self) {
        assert!(self.text.is_empty(), "{}", self.text);
        // Two errors alike prove less than two answers alike.
        assert!(self.answers * 3 > self.calls * 2, "{} answers of {} calls", self.answers, self.calls);
    }
}
