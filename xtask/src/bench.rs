//! `cargo xtask bench`: everything that the comparison needs, then the comparison (`bench/src/compare.rs`).

use crate::command::{cargo, root, run};
use crate::install;
use anyhow::Result;
use std::process::Command;

const BASELINE: &str = "bench/baselines/express";
/// The load's processor; the servers have the other.
const LOAD_PROCESSOR: &str = "1";

pub(crate) fn run_all(args: &[&str]) -> Result<()> {
    // Streams are Martlet's alone: nothing else is started.
    if !args.contains(&"streams") {
        install::programs(install::FOR_BENCH)?;
        let baseline = root().join(BASELINE);
        // None of its packages builds anything at its installation.
        install::npm_packages_of(&baseline, &["--ignore-scripts"])?;
        run(Command::new("npm").args(["run", "--silent", "generate"]).current_dir(&baseline))?;
    }
    run(cargo().args(["build", "--release", "--locked", "-p", "martlet", "-p", "martlet-bench"]))?;
    run(Command::new("taskset").args(["-c", LOAD_PROCESSOR, "target/release/compare"]).args(args))
}
