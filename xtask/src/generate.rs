//! `cargo xtask generate`: the documents that are made from the code.

use crate::command;
use anyhow::Result;

/// The executable writes them: it knows its settings, commands and error codes.
pub(crate) fn run() -> Result<()> {
    command::run(command::cargo().args(["run", "--quiet", "--package", "martlet", "--", "generate-docs", "docs"]))
}
