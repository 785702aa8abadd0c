//! Which crate may use which, and how many packages the server has.

use super::Finding;
use crate::command::{cargo, output};
use anyhow::Result;
use std::collections::BTreeSet;

/// The arrows of ARCHITECTURE.md: each crate and the crates of ours that it may name, tests apart.
const ARROWS: &[(&str, &[&str])] = &[
    ("martlet-core", &[]),
    ("martlet-sql", &["martlet-core"]),
    ("martlet-cache", &["martlet-core", "martlet-sql"]),
    ("martlet-store", &["martlet-core", "martlet-sql"]),
    ("martlet-engine", &["martlet-cache", "martlet-core", "martlet-sql", "martlet-store"]),
    ("martlet-server", &["martlet-core", "martlet-engine"]),
    ("martlet", &["martlet-core", "martlet-sql", "martlet-store", "martlet-engine", "martlet-server", "martlet-load"]),
    ("martlet-load", &[]),
    ("martlet-testkit", &["martlet-core"]),
    // Its micro-benchmarks call the crates of the product; what is measured beside it may not, but for the load.
    ("martlet-bench", &["martlet-load", "martlet-testkit"]),
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

#[cfg(test)]
mod tests {
    use crate::command::root;

    /// A source is in the lock file, with the sum of its bytes, and it is the one registry; what is ours has none.
    #[test]
    fn abuse_cfg_10_every_package_is_of_a_known_source() {
        let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
        let field = |package: &str, name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.map(|value| value.trim_matches('"').to_owned())
        };
        let packages: Vec<&str> = lock.split("[[package]]").skip(1).collect();
        assert!(packages.len() > 100);
        for package in packages {
            let name = field(package, "name").unwrap();
            match field(package, "source") {
                None => assert!(name.starts_with("martlet") || name == "xtask", "{name} is of no source"),
                Some(source) => {
                    assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}");
                    assert!(field(package, "checksum").is_some_and(|sum| sum.len() == 64), "{name}");
                }
            }
        }
        let rules = std::fs::read_to_string(root().join("deny.toml")).unwrap();
        for rule in ["unknown-registry = \"deny\"", "unknown-git = \"deny\""] {
            assert!(rules.contains(rule), "{rule}");
        }
    }
}
