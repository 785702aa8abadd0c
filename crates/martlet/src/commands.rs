//! What the commands do, a file each, and what they share: the settings of a folder and its app.

pub(crate) mod bench;
mod cache;
mod check;
mod config;
mod dev;
mod explain;
mod generate_docs;
mod keys;
mod migrate;
mod named_caches;
mod new;
mod report;
mod running;
mod seed;
mod serve;
mod sql;
mod stats;
mod warmed;

use crate::cli::{Command, FolderArgs};
use crate::exit::Failure;
use crate::output;
use crate::settings::{Flags, Settings, environment, file, key};
use anyhow::Context as _;
use martlet_sql::{App, Diagnostic, Severity};
use std::io::Read;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

/// Runs a command; `start` is when the process began.
pub(crate) fn run(command: Command, start: Instant) -> Result<(), Failure> {
    match command {
        Command::New(args) => new::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Keys(args) => keys::run(&args),
        Command::Config(args) => config::run(&args),
        Command::GenerateDocs(args) => generate_docs::run(&args),
        Command::Dev(args) => dev::run(&args, start),
        Command::Serve(args) => serve::run(&args, start),
        Command::Migrate(args) => migrate::run(&args),
        Command::Seed(args) => seed::run(&args),
        Command::Sql(args) => sql::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Cache { command } => cache::run(&command),
    }
}

/// The settings of a folder, with the flags given; warnings are told.
fn settle(args: &FolderArgs, listen: Option<SocketAddr>) -> Result<Settings, Failure> {
    settle_with(args, Flags { listen, ..Flags::default() })
}

/// As `settle`, with more flags.
fn settle_with(args: &FolderArgs, flags: Flags) -> Result<Settings, Failure> {
    let folder = args.folder.as_path();
    let text = settings_text(folder)?;
    let flags = Flags { data: args.data.clone(), ..flags };
    let settled = Settings::settle(folder, &text, &environment::variables(), &flags);
    let settings = settled.map_err(|refused| {
        let mut failures = refused.environment.into_iter();
        let mut failure = match failures.next() {
            Some((message, hint)) => Failure::new(message).hint(hint),
            None => Failure::default(),
        };
        for (message, hint) in failures {
            failure = failure.cause(message).hint(hint);
        }
        Failure { diagnostics: refused.diagnostics, ..failure }
    })?;
    settings.warnings.iter().for_each(|warning| output::warning(warning));
    Ok(settings)
}

/// The text of `martlet.toml`; empty where there is none.
fn settings_text(folder: &Path) -> Result<String, Failure> {
    if !folder.is_dir() {
        let hint = format!("make one with `martlet new {}`", folder.display());
        return Err(Failure::new(format!("there is no folder `{}`", folder.display())).hint(hint));
    }
    let path = folder.join(file::FILE);
    match read_bounded(&path) {
        Ok(bytes) if bytes.len() > file::FILE_SIZE_MAX => {
            Err(Failure::new(format!("{} is larger than {} bytes", path.display(), file::FILE_SIZE_MAX)))
        }
        Ok(bytes) => Ok(String::from_utf8(bytes).with_context(|| format!("cannot read {}", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(anyhow::Error::from(error).context(format!("cannot read {}", path.display())).into()),
    }
}

/// Reads a regular file, a byte more than `martlet.toml` may have at most.
fn read_bounded(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.metadata()?.is_file() {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(file::FILE_SIZE_MAX as u64 + 1).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    Err(std::io::Error::other("it is no regular file"))
}

/// The app of a folder with the findings that do not stop it; the failure has all findings.
fn load(folder: &Path) -> Result<(App, Vec<Diagnostic>), Failure> {
    let compiled = martlet_engine::load_folder(folder).map_err(folder_failure)?;
    match compiled.app {
        Some(app) => Ok((app, compiled.diagnostics)),
        None => Err(Failure { diagnostics: compiled.diagnostics, ..Failure::default() }),
    }
}

/// As `load`, for who serves it: with the settings that it names.
fn load_served(settings: &Settings) -> Result<(App, Vec<Diagnostic>), Failure> {
    let folder = martlet_engine::read_folder(settings.folder()).map_err(folder_failure)?;
    let mut compiled = martlet_engine::compile_folder(&folder);
    let app = compiled.app.ok_or(());
    let missing = match &app {
        Ok(app) => {
            let mut missing = named_caches::check(app, &folder.files, &settings.times(&key::CACHE_NAMED));
            missing.extend(warmed::check(app, &folder.files));
            missing
        }
        Err(()) => Vec::new(),
    };
    let is_whole = missing.is_empty();
    compiled.diagnostics.extend(missing);
    match app {
        Ok(app) if is_whole => Ok((app, compiled.diagnostics)),
        _ => Err(Failure { diagnostics: compiled.diagnostics, ..Failure::default() }),
    }
}

fn folder_failure(error: martlet_engine::FolderError) -> Failure {
    Failure::from(anyhow::Error::from(error)).hint("make an app folder with `martlet new DIR`")
}

/// `2 errors, 1 warning`; empty where there is neither.
fn counts(findings: &[Diagnostic]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let words = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")];
    let parts = words.into_iter().filter_map(|(severity, word)| counted(count(severity), word));
    parts.collect::<Vec<_>>().join(", ")
}

fn counted(count: usize, word: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ if word.ends_with('y') => Some(format!("{count} {}ies", word.trim_end_matches('y'))),
        _ => Some(format!("{count} {word}s")),
    }
}

/// How this command was called, so that what it tells to type can be typed: `martlet`, or a path to it.
fn our_name() -> String {
    std::env::args_os().next().map_or_else(|| "martlet".to_owned(), |name| quoted(&name.to_string_lossy()))
}

/// As a shell takes it.
fn quoted(path: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "/._-+@,:".contains(character);
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}
