//! `cargo xtask tidy`: the rules that the compiler does not hold. Also a test, so that nobody forgets it.

mod abuse;
mod crates;
mod documents;
mod sources;

use crate::command::{output, root};
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// One broken rule: where, and what.
pub(crate) type Finding = String;

pub(crate) fn run() -> Result<()> {
    let findings = findings()?;
    if findings.is_empty() {
        println!("tidy: nothing to say");
        return Ok(());
    }
    for finding in &findings {
        eprintln!("{finding}");
    }
    bail!("tidy: {} finding(s)", findings.len());
}

fn findings() -> Result<Vec<Finding>> {
    let files = project_files()?;
    let mut findings = crates::check()?;
    let mut tests = BTreeSet::new();
    for file in &files {
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        findings.extend(sources::check(file, &text, &files));
        findings.extend(documents::check(file, &text));
        if file.ends_with(".rs") {
            tests.extend(abuse::tests_of(&text).map(str::to_owned));
        }
    }
    findings.extend(abuse::check(&fs::read_to_string(root().join("docs/security.md"))?, &tests));
    Ok(findings)
}

/// What git tracks, and what it would if it were added.
fn project_files() -> Result<Vec<String>> {
    let listed = output(Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    Ok(listed.lines().filter(|file| root().join(file).is_file()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_project_is_tidy() {
        std::env::set_current_dir(crate::command::root()).unwrap();
        assert_eq!(super::findings().unwrap(), Vec::<String>::new());
    }
}
