//! What a run is asked to do, and how long each part of it takes.

use crate::compare::workload::{Rows, Workload};
use anyhow::{Context as _, Result, bail, ensure};
use std::time::Duration;

const ROUNDS_MAX: usize = 100;
const SCALE_MAX: f64 = 10.0;

#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) workloads: Vec<Workload>,
    pub(crate) rounds: usize,
    pub(crate) rows: Rows,
    pub(crate) times: Times,
    pub(crate) has_overload: bool,
    /// Whether answers from memory are measured beside the bare server.
    pub(crate) has_hits: bool,
    /// Only a whole run goes into the documents.
    pub(crate) is_whole: bool,
    /// Event streams instead of all else: a run of its own, with a section of its own.
    pub(crate) streams: Option<StreamsOptions>,
}

/// How the workload `streams` is run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct StreamsOptions {
    /// Streams that are open at once.
    pub(crate) streams: usize,
    /// How long rooms are booked.
    pub(crate) time: Duration,
    /// How long every answer is changed again and again.
    pub(crate) storm: Duration,
}

/// The workload that is no mix of requests.
const STREAMS: &str = "streams";
const MINUTES_MAX: f64 = 24.0 * 60.0;

/// The parts of one visit to a system.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) warm_up: Duration,
    /// Runs of one visit; the first comes after the warm-up.
    pub(crate) runs: usize,
    pub(crate) run: Duration,
    pub(crate) latency: Duration,
    /// Latency is measured in the last rounds only: it needs the throughput of those before.
    pub(crate) latency_rounds: usize,
    pub(crate) overload: Duration,
}

const WHOLE: Times = Times {
    warm_up: Duration::from_millis(1_500),
    runs: 2,
    run: Duration::from_millis(2_500),
    latency: Duration::from_secs(4),
    latency_rounds: 2,
    overload: Duration::from_secs(5),
};
const QUICK: Times = Times {
    warm_up: Duration::from_millis(400),
    runs: 1,
    run: Duration::from_secs(1),
    latency: Duration::from_millis(700),
    latency_rounds: 1,
    overload: Duration::from_secs(2),
};

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut workloads = Vec::new();
        let (mut rounds, mut scale, mut minutes) = (None, None, None);
        let mut has_streams = false;
        let (mut is_quick, mut has_overload, mut has_hits) = (false, false, false);
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let mut value = || args.next().with_context(|| format!("{arg} wants a value"));
            match arg.as_str() {
                "--quick" => is_quick = true,
                "--overload" => has_overload = true,
                "--hits" => has_hits = true,
                "--workload" => {
                    let name = value()?;
                    if name == STREAMS {
                        has_streams = true;
                        continue;
                    }
                    let known = || Workload::ALL.map(Workload::name).join(", ") + ", " + STREAMS;
                    let named = Workload::named(name);
                    workloads.push(named.with_context(|| format!("no workload {name}; there are {}", known()))?);
                }
                "--rounds" => rounds = Some(value()?.parse().context("--rounds wants a whole number")?),
                "--minutes" => minutes = Some(value()?.parse().context("--minutes wants a number")?),
                "--scale" => scale = Some(value()?.parse().context("--scale wants a number")?),
                _ => bail!("unknown option {arg}"),
            }
        }
        let rounds: usize = rounds.unwrap_or(if is_quick { 2 } else { 3 });
        ensure!((1..=ROUNDS_MAX).contains(&rounds), "--rounds goes from 1 to {ROUNDS_MAX}");
        let scale: f64 = scale.unwrap_or(if is_quick { 0.1 } else { 1.0 });
        ensure!(scale > 0.0 && scale <= SCALE_MAX, "--scale goes from above 0 to {SCALE_MAX}");
        ensure!(
            !has_streams || (workloads.is_empty() && !has_overload && !has_hits),
            "--workload {STREAMS} stands alone: the others would be measured beside thousands of connections"
        );
        ensure!(has_streams || minutes.is_none(), "--minutes is for --workload {STREAMS}");
        let minutes: f64 = minutes.unwrap_or(if is_quick { 0.1 } else { 2.0 });
        ensure!(minutes > 0.0 && minutes <= MINUTES_MAX, "--minutes goes from above 0 to {MINUTES_MAX}");
        let streams = has_streams.then(|| StreamsOptions {
            streams: if is_quick { 1_000 } else { 10_000 },
            time: Duration::from_secs_f64(minutes * 60.0),
            storm: Duration::from_secs(if is_quick { 3 } else { 15 }),
        });
        let is_whole = !is_quick && workloads.is_empty() && scale == 1.0;
        if workloads.is_empty() {
            workloads = Workload::ALL.to_vec();
        }
        let times = if is_quick { QUICK } else { WHOLE };
        let (has_overload, has_hits) = (has_overload || is_whole, has_hits || is_whole);
        Ok(Self { workloads, rounds, rows: Rows::at(scale), times, has_overload, has_hits, is_whole, streams })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::systems::System;

    fn parse(line: &str) -> Result<Options> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_a_run_of_everything_goes_into_the_documents() {
        assert!(parse("").unwrap().is_whole && parse("--rounds 5").unwrap().is_whole);
        for line in ["--quick", "--workload recent", "--scale 0.5"] {
            assert!(!parse(line).unwrap().is_whole, "{line}");
        }
        let some = parse("--workload recent --workload book").unwrap();
        assert_eq!(some.workloads, [Workload::Recent, Workload::Book]);
    }

    #[test]
    fn streams_are_a_run_of_their_own() {
        assert_eq!(parse("").unwrap().streams, None);
        let options = parse("--workload streams --minutes 30").unwrap();
        let streams = options.streams.unwrap();
        assert_eq!((streams.streams, streams.time), (10_000, Duration::from_secs(1_800)));
        assert!(options.is_whole && !parse("--workload streams --quick").unwrap().is_whole);
    }

    #[test]
    fn what_is_not_understood_is_told() {
        for (line, wanted) in [
            ("--workload recnt", "no workload recnt; there are profile, availability"),
            ("--rounds", "--rounds wants a value"),
            ("--rounds 0", "--rounds goes from 1"),
            ("--scale 11", "--scale goes"),
            ("--scale NaN", "--scale goes"),
            ("--workload streams --workload recent", "stands alone"),
            ("--minutes 3", "--minutes is for --workload streams"),
            ("--workload streams --minutes 0", "--minutes goes"),
            ("--fast", "unknown option --fast"),
        ] {
            let told = format!("{:#}", parse(line).unwrap_err());
            assert!(told.contains(wanted), "{line}: {told}");
        }
    }

    #[test]
    fn a_whole_run_takes_less_than_25_minutes() {
        let options = parse("").unwrap();
        let times = options.times;
        let visit = times.warm_up + times.run * times.runs as u32;
        let cells: usize = Workload::ALL.into_iter().map(|workload| System::on(workload).len()).sum();
        // A second before each latency run; a minute and a half for overload and answers from memory.
        let all = (visit * options.rounds as u32
            + (times.latency + Duration::from_secs(1)) * times.latency_rounds as u32)
            * cells as u32;
        assert!(all < Duration::from_secs(25 * 60 - 90), "{all:?}");
    }
}
