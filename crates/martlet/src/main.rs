//! The executable: command line, settings, wiring. Every decision is in a library below it.

mod cli;
mod commands;
mod exit;
mod logging;
mod output;
mod settings;
mod watch;

use clap::Parser;
use exit::{Exit, Failure};
use std::process::ExitCode;

// Measured best of three under an allocation-heavy load, with the smallest memory at rest.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli.command) {
        Ok(()) => Exit::Done.into(),
        Err(Failure { is_broken_pipe: true, .. }) => Exit::Done.into(),
        Err(failure) => {
            output::failure(&failure);
            Exit::Failed.into()
        }
    }
}
