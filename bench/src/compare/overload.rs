//! What Martlet does when it is asked more than it can: a rate of 2, 5 and 10 times its peak, whatever it answers.

use crate::compare::options::Options;
use crate::compare::systems::{System, Systems};
use crate::compare::workload::Workload;
use anyhow::Result;
use martlet_load::{Latency, Load, Pace, Report, run};
use std::time::Duration;

/// Without its cache every answer looks into the database for half a millisecond: the load can ask ten times of that.
const WORKLOAD: Workload = Workload::Availability;
const TIMES_PEAK: [f64; 3] = [2.0, 5.0, 10.0];
/// Enough that the rate can be kept while answers wait.
const CONNECTIONS: usize = 512;
/// An answer that comes later is of no use to its caller.
const DEADLINE: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(10);
const SEED: u64 = 7;

/// One rate and what came of it.
#[derive(Debug)]
pub(crate) struct Step {
    /// Times the peak; nothing for the peak itself (closed loop, 64 connections).
    pub(crate) times_peak: Option<f64>,
    pub(crate) asked_per_second: f64,
    /// Good answers within the deadline.
    pub(crate) good_per_second: f64,
    pub(crate) refused_per_second: f64,
    /// Requests a second that found no free connection.
    pub(crate) unsent_per_second: f64,
    /// The 99th percentile of good answers.
    pub(crate) p99_ms: f64,
}

/// Measures the peak, then each multiple of it, then the peak again.
pub(crate) fn run_all(systems: &Systems, options: &Options, say: &mut impl FnMut(&str)) -> Result<Vec<Step>> {
    let mut steps = vec![step(systems, options, None, 0.0)?];
    let peak = steps[0].good_per_second;
    for times in TIMES_PEAK.map(Some).into_iter().chain([None]) {
        steps.push(step(systems, options, times, peak)?);
    }
    for step in &steps {
        say(&format!("overload: {}", line(step, peak)));
    }
    Ok(steps)
}

fn step(systems: &Systems, options: &Options, times_peak: Option<f64>, peak: f64) -> Result<Step> {
    let address = systems.address(System::Uncached)?;
    let (pace, connections) = match times_peak {
        Some(times) => (Pace::Open { per_second: times * peak }, CONNECTIONS),
        None => (Pace::Closed, WORKLOAD.connections()),
    };
    let api = System::Uncached.api();
    let mut requests = WORKLOAD.load(api, &address.to_string(), &systems.tokens, systems.rows, SEED);
    let load = Load {
        connections,
        pace,
        warm_up: options.times.warm_up,
        duration: options.times.overload,
        timeout: TIMEOUT,
        ..Load::new(address)
    };
    let report = run(&load, &mut requests)?;
    Ok(seen(&report, times_peak, peak))
}

fn seen(report: &Report, times_peak: Option<f64>, peak: f64) -> Step {
    let each_second = |count: u64| count as f64 / report.seconds;
    let good = report.all.good();
    Step {
        times_peak,
        asked_per_second: times_peak.map_or_else(|| report.per_second(), |times| times * peak),
        good_per_second: each_second(good.min(within(&report.all.latency, DEADLINE))),
        refused_per_second: each_second(report.all.answers - good),
        unsent_per_second: each_second(report.unsent),
        p99_ms: report.all.latency.at(0.99).as_secs_f64() * 1e3,
    }
}

/// How many took at most as long, by halving: percentiles are exact to three digits, buckets are wider.
fn within(latency: &Latency, deadline: Duration) -> u64 {
    let count = latency.count();
    let (mut fit, mut late) = (0, count + 1);
    while late - fit > 1 {
        let middle = u64::midpoint(fit, late);
        // Between two ranks, so that rounding cannot reach the next one.
        let is_late = latency.at((middle as f64 - 0.5) / count as f64) > deadline;
        if is_late { late = middle } else { fit = middle }
    }
    fit
}

/// One step in words.
pub(crate) fn line(step: &Step, peak: f64) -> String {
    let rate = step.times_peak.map_or_else(|| "the peak".to_owned(), |times| format!("{times:.0} times the peak"));
    format!(
        "{rate}: {:.0}/s asked, {:.0}/s good ({:.0} % of the peak), {:.0}/s refused, p99 {:.1} ms",
        step.asked_per_second,
        step.good_per_second,
        step.good_per_second / peak * 100.0,
        step.refused_per_second,
        step.p99_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_is_not_counted() {
        let mut latency = Latency::new();
        for ms in [1, 10, 900, 1_100, 5_000] {
            latency.record(Duration::from_millis(ms));
        }
        assert_eq!(within(&latency, DEADLINE), 3);
        assert_eq!(within(&latency, Duration::from_micros(10)), 0);
        assert_eq!(within(&latency, Duration::from_secs(10)), 5);
        assert_eq!(within(&Latency::new(), DEADLINE), 0);
    }

    #[test]
    fn a_step_is_told_in_words() {
        let step = Step {
            times_peak: Some(5.0),
            asked_per_second: 10_000.0,
            good_per_second: 1_800.0,
            refused_per_second: 8_000.0,
            unsent_per_second: 0.0,
            p99_ms: 44.25,
        };
        assert_eq!(
            line(&step, 2_000.0),
            "5 times the peak: 10000/s asked, 1800/s good (90 % of the peak), 8000/s refused, p99 44.2 ms"
        );
    }
}
