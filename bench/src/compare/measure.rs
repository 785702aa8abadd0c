//! Visits: a system is loaded with a workload, and what that showed is kept.

use crate::compare::hits::Hits;
use crate::compare::machine::Foreign;
use crate::compare::options::Options;
use crate::compare::ratio::{Ratio, median};
use crate::compare::systems::{System, Systems};
use crate::compare::workload::Workload;
use anyhow::{Context as _, Result, ensure};
use martlet_load::{Latency, Load, Pace, Report, run, usage};
use std::collections::BTreeMap;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(20);
/// The runs of a visit after its first find everything warm.
const SHORT_WARM_UP: Duration = Duration::from_millis(200);
const LATENCY_WARM_UP: Duration = Duration::from_millis(500);
/// Errors among all answers of a cell; with more of them its figures are of something else.
const ERRORS_MAX: f64 = 0.001;

/// What one system showed on one workload.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    /// A value for each round: the median of its runs.
    pub(crate) per_second: Vec<f64>,
    pub(crate) us_per_answer: Vec<f64>,
    pub(crate) latency: Latency,
    pub(crate) answers: u64,
    pub(crate) bytes: u64,
    pub(crate) errors: u64,
    pub(crate) first_refusal: Option<String>,
    /// Requests of the open loop that found no free connection.
    pub(crate) unsent: u64,
    pub(crate) memory_at_rest: u64,
    pub(crate) memory_after: u64,
    pub(crate) foreign_share: f64,
    /// Answers from memory in the closed runs, warm-ups among them; none where the server keeps none.
    pub(crate) hits: Option<Hits>,
}

impl Cell {
    pub(crate) fn bytes_per_answer(&self) -> f64 {
        self.bytes as f64 / self.answers.max(1) as f64
    }

    fn add(&mut self, report: &Report) {
        self.answers += report.all.answers;
        self.bytes += report.all.bytes;
        self.errors += report.all.errors();
        if let (None, Some(refusal)) = (&self.first_refusal, &report.all.first_refusal) {
            self.first_refusal = Some(format!("{}: {}", refusal.status, String::from_utf8_lossy(&refusal.body)));
        }
    }
}

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    cells: BTreeMap<(Workload, System), Cell>,
}

impl Figures {
    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(crate) fn cell(&self, workload: Workload, system: System) -> Option<&Cell> {
        self.cells.get(&(workload, system))
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = (Workload, System, &Cell)> {
        self.cells.iter().map(|((workload, system), cell)| (*workload, *system, cell))
    }

    /// How many times another's throughput is one's own.
    pub(crate) fn throughput_ratio(&self, workload: Workload, own: System, other: System) -> Option<Ratio> {
        let (ours, theirs) = (self.cell(workload, own)?, self.cell(workload, other)?);
        Ratio::of(&ours.per_second, &theirs.per_second)
    }

    /// How many times another's processor time is one's own.
    pub(crate) fn processor_ratio(&self, workload: Workload, own: System, other: System) -> Option<Ratio> {
        let (ours, theirs) = (self.cell(workload, own)?, self.cell(workload, other)?);
        Ratio::of(&ours.us_per_answer, &theirs.us_per_answer)
    }

    /// Loads a system once more; gives a line to say.
    pub(crate) fn visit(
        &mut self,
        systems: &Systems,
        system: System,
        workload: Workload,
        round: usize,
        options: &Options,
    ) -> Result<String> {
        let visit = Visit { systems, system, workload, round };
        let cell = self.cells.entry((workload, system)).or_default();
        let pids = systems.pids(system)?;
        if round == 1 {
            cell.memory_at_rest = memory(&pids)?;
        }
        let times = options.times;
        let foreign = Foreign::begin(&pids)?;
        let (mut per_second, mut us_per_answer) = (Vec::new(), Vec::new());
        let hits_before = systems.hits(system)?;
        for number in 0..times.runs {
            let warm_up = if number == 0 { times.warm_up } else { SHORT_WARM_UP };
            let report = visit.load(number, Pace::Closed, warm_up, times.run)?;
            cell.add(&report);
            per_second.push(report.per_second());
            us_per_answer.push(report.processor_us_per_request().context("nothing was answered")?);
        }
        if let (Some(before), Some(after)) = (hits_before, systems.hits(system)?) {
            *cell.hits.get_or_insert_default() += after - before;
        }
        cell.foreign_share = cell.foreign_share.max(foreign.share(&pids)?);
        cell.per_second.push(median(&per_second).context("no run")?);
        cell.us_per_answer.push(median(&us_per_answer).context("no run")?);
        cell.memory_after = memory(&pids)?;

        if round + times.latency_rounds > options.rounds {
            let rate = median(&cell.per_second).context("no round")? / 2.0;
            let pace = Pace::Open { per_second: rate };
            let report = visit.load(times.runs, pace, LATENCY_WARM_UP, times.latency)?;
            cell.add(&report);
            cell.unsent += report.unsent;
            cell.latency.merge(&report.all.latency);
        }
        if workload.books() {
            systems.reset_bookings(system)?;
        }
        let last = |values: &[f64]| values.last().copied().unwrap_or_default();
        Ok(format!(
            "{}, {}: {:.0}/s, {:.1} us an answer",
            workload.name(),
            system.label(),
            last(&cell.per_second),
            last(&cell.us_per_answer)
        ))
    }

    /// Refuses figures that are of error pages.
    pub(crate) fn no_errors(&self, workload: Workload) -> Result<()> {
        for (_, system, cell) in self.cells().filter(|(of, _, _)| *of == workload) {
            let refusal = cell.first_refusal.as_deref().unwrap_or("no answer");
            let (errors, all) = (cell.errors as f64, (cell.answers + cell.errors) as f64);
            ensure!(
                errors <= all * ERRORS_MAX,
                "{} on {}: {errors} of {all} were errors: {refusal}",
                system.label(),
                workload.name()
            );
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Visit<'a> {
    systems: &'a Systems,
    system: System,
    workload: Workload,
    round: usize,
}

impl Visit<'_> {
    fn load(self, number: usize, pace: Pace, warm_up: Duration, duration: Duration) -> Result<Report> {
        let Self { systems, system, workload, round } = self;
        if workload.books() {
            systems.reset_bookings(system)?;
        }
        let address = systems.address(system)?;
        // The same draws for every system, others in each run.
        let seed = (round * 1_000 + number) as u64;
        let mut requests = workload.load(system.api(), &address.to_string(), &systems.tokens, systems.rows, seed);
        let load = Load {
            connections: workload.connections(),
            pace,
            warm_up,
            duration,
            timeout: TIMEOUT,
            watched: systems.pids(system)?,
            ..Load::new(address)
        };
        Ok(run(&load, &mut requests)?)
    }
}

/// What is shared counts in part: PostgreSQL's processes share their buffers.
fn memory(pids: &[u32]) -> Result<u64> {
    let usage = usage::of(pids).context("/proc tells nothing of processes")?;
    Ok(usage.proportional_bytes.unwrap_or(usage.resident_bytes))
}
