//! `compare [OPTIONS]`: what `cargo xtask bench` builds and runs, from the project's root.

#![expect(clippy::print_stderr, reason = "a command-line tool speaks on its terminal")]

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    martlet_bench::compare::run(&args, |line| eprintln!("{line}"))
}
