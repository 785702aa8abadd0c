//! `cargo xtask test`: everything that the tests need, then every test.

use crate::{command, install};
use anyhow::Result;

/// Tests that take long run a small share by default; `--long` runs them whole (docs/testing.md).
pub(crate) const LONG: &str = "MARTLET_TEST_LONG";

pub(crate) fn run(args: &[&str]) -> Result<()> {
    let (own, rest) = match args.iter().position(|arg| *arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (args, &[][..]),
    };
    let is_long = match own {
        [] => false,
        ["--long"] => true,
        _ => anyhow::bail!("unknown option {own:?}: `cargo xtask test [--long] [-- ARGS]`"),
    };
    install::programs(install::FOR_TESTS)?;
    install::tools()?;
    install::npm_packages()?;
    let mut cargo = command::cargo();
    cargo.args(["test", "--workspace", "--locked"]).args(rest);
    if is_long {
        cargo.env(LONG, "1");
    }
    command::run(&mut cargo)
}
