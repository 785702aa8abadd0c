//! What the tests and the measurements need and a fresh machine lacks: Debian's packages and npm's.

use crate::command::{exists, root, run, target};
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program that is called and the Debian package that brings it.
pub(crate) struct Need {
    package: &'static str,
    is_there: fn() -> bool,
}

const POSTGRESQL: Need = Need { package: "postgresql", is_there: has_postgresql };
const NODE: Need = Need { package: "nodejs", is_there: || exists("node") };
const NPM: Need = Need { package: "npm", is_there: || exists("npm") };

const CHROMIUM: Need = Need { package: "chromium", is_there: || exists("chromium") };

pub(crate) const FOR_TESTS: &[Need] = &[POSTGRESQL, CHROMIUM, NODE, NPM];
pub(crate) const FOR_PICTURES: &[Need] = &[CHROMIUM, NODE, NPM];
pub(crate) const FOR_BENCH: &[Need] =
    &[POSTGRESQL, Need { package: "redis-server", is_there: || exists("redis-server") }, NODE, NPM];

/// Installs every missing program, or says what to install where we may not.
pub(crate) fn programs(needs: &[Need]) -> Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|need| !(need.is_there)()).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    if !exists("apt-get") || !is_root {
        bail!(
            "these Debian packages or their like are needed, and cannot be installed from here: {}",
            missing.join(" ")
        );
    }
    run(Command::new("apt-get").args(["update", "-q"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-q", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Debian would start a cluster of its own; we start ours.
        .env("PG_CLUSTER_CONF_ROOT", "/nonexistent"))
}

/// Programs of Debian packages whose installation would also start a service: name, package, path in it.
const ALONE: [(&str, &str, &str); 2] =
    [("promtool", "prometheus", "usr/bin/promtool"), ("nginx", "nginx", "usr/sbin/nginx")];

/// Makes sure of promtool, which tests judge metrics with, and of nginx, which event streams are tested through: on the
/// path, or alone out of their packages. 20 MB are fetched, once.
pub(crate) fn tools() -> Result<()> {
    let tools = target().join("tools");
    ALONE.iter().try_for_each(|(name, package, path)| tool(&tools, name, package, path))
}

fn tool(tools: &Path, name: &str, package: &str, path: &str) -> Result<()> {
    let tool = tools.join(name);
    if exists(name) || tool.is_file() {
        return Ok(());
    }
    if !exists("apt-get") || !exists("dpkg-deb") {
        bail!("the tests need {name}, of Debian's package {package}, and cannot fetch it here");
    }
    let folder = tools.join(package).with_extension("unpacked");
    fs::create_dir_all(&folder)?;
    let download = || run(Command::new("apt-get").args(["download", "-q", package]).current_dir(&folder));
    if download().is_err() {
        // A fresh machine knows no packages yet.
        run(Command::new("apt-get").args(["update", "-q"]))?;
        download()?;
    }
    let packages = fs::read_dir(&folder)?.flatten().map(|entry| entry.path());
    let Some(archive) = packages.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "deb")) else {
        bail!("apt-get has left no package in {}", folder.display());
    };
    run(Command::new("dpkg-deb").arg("-x").arg(&archive).arg(&folder))?;
    fs::rename(folder.join(path), &tool)?;
    Ok(fs::remove_dir_all(&folder)?)
}

/// Installs the npm packages of every folder that has a lock file.
pub(crate) fn npm_packages() -> Result<()> {
    let mut folders = folders_with_lock(&root().join("examples"))?;
    folders.extend(folders_with_lock(&root().join("crates/martlet/tests"))?);
    folders.extend(folders_with_lock(&root().join("clients"))?);
    folders.iter().try_for_each(|folder| npm_packages_of(folder, &[]))
}

/// Installs the npm packages of one folder where its lock file is newer than they are.
pub(crate) fn npm_packages_of(folder: &Path, options: &[&str]) -> Result<()> {
    if newer(&folder.join("node_modules/.package-lock.json"), &folder.join("package-lock.json")) {
        return Ok(());
    }
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).args(options).current_dir(folder))
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
