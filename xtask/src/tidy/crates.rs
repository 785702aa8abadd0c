//! Which crate may use which, and how many packages the server has.

use super::Finding;
use crate::command::{cargo, output};
use anyhow::Result;
use std::collections::BTreeSet;

/// The arrows of ARCHITECTURE.md: each crate and the crates of ours that it may name, tests apart.
const ARROWS: &[(&str, &[&str])] = &[
    ("martlet-core", &[]),
    ("martlet-sql", &["martlet-core"]),
    ("martlet-store", &["martlet-core", "martlet-sql"]),
    ("martlet-engine", &["martlet-core", "martlet-sql", "martlet-store"]),
    ("martlet-server", &["martlet-core", "martlet-engine"]),
    ("martlet", &["martlet-core", "martlet-sql", "martlet-store", "martlet-engine", "martlet-server", "martlet-load"]),
    ("martlet-load", &[]),
    ("martlet-testkit", &["martlet-core"]),
    // Its micro-benchmarks call the crates of the product; what is measured beside it may not, but for the load.
    ("martlet-bench", &["martlet-load"]),
    ("xtask", &["martlet-load"]),
];

const SERVER_PACKAGES_MAX: usize = 400;

pub(crate) fn check() -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, allowed) in ARROWS {
        let tree = tree(&["-p", name, "--depth", "1"])?;
        let used = tree.lines().skip(1).filter_map(|line| line.split(' ').next());
        for other in used.filter(|other| other.starts_with("martlet") && !allowed.contains(other)) {
            findings.push(format!("{name}: must not depend on {other} (ARCHITECTURE.md)"));
        }
    }
    let packages: BTreeSet<String> = tree(&["-p", "martlet"])?.lines().map(str::to_owned).collect();
    if packages.len() > SERVER_PACKAGES_MAX {
        findings.push(format!("martlet: {} packages, at most {SERVER_PACKAGES_MAX}", packages.len()));
    }
    Ok(findings)
}

fn tree(args: &[&str]) -> Result<String> {
    output(cargo().args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--no-dedupe"]).args(args))
}
