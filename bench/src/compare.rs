//! Compares Martlet with other servers on the same data and the same requests: what `cargo xtask bench` runs.
//!
//! Must not know: the product. It starts its binaries as a stranger would, and looks at them over HTTP and in `/proc`.
//! The one idea: a figure counts only beside another of the same run, taken in turn, for the machine's speed drifts.

mod chart;
mod check;
mod from_memory;
mod hits;
mod machine;
mod measure;
mod options;
mod overload;
mod process;
mod ratio;
mod request;
mod results;
mod streams;
mod systems;
mod token;
mod workload;

use anyhow::{Result, ensure};
use measure::Figures;
use options::Options;
use std::time::Instant;
use systems::{System, Systems};
use workload::Workload;

/// Runs the comparison that the arguments ask for, and writes what it found.
pub fn run(args: &[String], mut say: impl FnMut(&str)) -> Result<()> {
    let options = Options::parse(args)?;
    let began = Instant::now();
    machine::can_be_split()?;
    if let Some(streams) = options.streams {
        return streams::run(streams, &options, &mut say);
    }
    say("making the data");
    let mut systems = Systems::start(options.rows)?;
    say(&format!("{:.0} s: all servers run", began.elapsed().as_secs_f64()));
    let mut figures = Figures::default();
    let expected = check::all_agree(&systems, &options)?;
    for round in 1..=options.rounds {
        for workload in &options.workloads {
            systems.start_bare(&expected.bytes_of(*workload))?;
            for system in System::on(*workload) {
                check::one(&systems, system, *workload, &expected)?;
                let told = figures.visit(&systems, system, *workload, round, &options)?;
                say(&format!("{:4.0} s: round {round}, {told}", began.elapsed().as_secs_f64()));
            }
        }
    }
    for workload in &options.workloads {
        figures.no_errors(*workload)?;
    }
    let overload = if options.has_overload { overload::run_all(&systems, &options, &mut say)? } else { Vec::new() };
    let from_memory =
        if options.has_hits { from_memory::run_all(&mut systems, &options, &mut say)? } else { Vec::new() };
    ensure!(!figures.is_empty() || !overload.is_empty() || !from_memory.is_empty(), "nothing was measured");
    results::write(&figures, &overload, &from_memory, &options, began.elapsed(), &mut say)
}

/// All workloads' names, for the command's help.
pub fn workload_names() -> Vec<&'static str> {
    Workload::ALL.iter().map(|workload| workload.name()).collect()
}
