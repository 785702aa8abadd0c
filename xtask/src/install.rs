//! What the tests need and a fresh machine lacks: Debian's packages and npm's.

use crate::command::{exists, root, run};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that the tests call and the Debian package that brings it.
struct Need {
    package: &'static str,
    is_there: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need { package: "postgresql", is_there: has_postgresql },
    Need { package: "chromium", is_there: || exists("chromium") },
    Need { package: "nodejs", is_there: || exists("node") },
    Need { package: "npm", is_there: || exists("npm") },
];

/// Installs every missing program, or says what to install where we may not.
pub(crate) fn programs() -> Result<()> {
    let missing: Vec<&str> = NEEDS.iter().filter(|need| !(need.is_there)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !exists("apt-get") || !is_root {
        bail!(
            "the tests need these Debian packages or their like, and cannot install them here: {}",
            missing.join(" ")
        );
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Debian would start a cluster of its own; the tests start theirs.
        .env("PG_CLUSTER_CONF_ROOT", "/nonexistent"))
}

/// Installs the npm packages of every folder that has a lock file.
pub(crate) fn npm_packages() -> Result<()> {
    let mut folders = folders_with_lock(&root().join("examples"))?;
    folders.extend(folders_with_lock(&root().join("crates/martlet/tests"))?);
    for folder in folders {
        let is_current = newer(&folder.join("node_modules/.package-lock.json"), &folder.join("package-lock.json"));
        if !is_current {
            run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder))?;
        }
    }
    Ok(())
}

fn has_postgresql() -> bool {
    fs::read_dir("/usr/lib/postgresql")
        .is_ok_and(|versions| versions.flatten().any(|version| version.path().join("bin/initdb").exists()))
}

fn folders_with_lock(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if !path.is_dir() || entry.file_name() == "node_modules" || entry.file_name() == "data" {
            continue;
        }
        if path.join("package-lock.json").exists() {
            found.push(path.clone());
        }
        found.extend(folders_with_lock(&path)?);
    }
    found.sort();
    Ok(found)
}

fn newer(made: &Path, from: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    match (modified(made), modified(from)) {
        (Some(made), Some(from)) => made >= from,
        _ => false,
    }
}
