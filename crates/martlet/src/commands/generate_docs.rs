//! The documents that are made from the code: settings, error codes, the command line.

use crate::cli::{Cli, GenerateDocsArgs};
use crate::exit::Failure;
use crate::settings::document;
use anyhow::Context as _;
use clap::CommandFactory;
use martlet_core::{Kind, code};
use martlet_server::{FAMILIES, FamilyKind};
use std::fmt::Write;
use std::fs;

const GENERATED: &str = "by `cargo xtask generate`; do not edit. -->";

pub(crate) fn run(args: &GenerateDocsArgs) -> Result<(), Failure> {
    fs::create_dir_all(&args.folder).with_context(|| format!("cannot make `{}`", args.folder.display()))?;
    for (name, text) in [
        ("config.md", document::markdown()),
        ("errors.md", errors()),
        ("cli.md", command_line()),
        ("metrics.md", metrics()),
    ] {
        let path = args.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(())
}

fn errors() -> String {
    let mut text = format!(
        "# Error codes\n\n<!-- Generated from crates/martlet-core/src/code.rs {GENERATED}\n\n\
         Every error has a stable code. It is PostgREST's or PostgreSQL's where one exists, else `MRTnnn`.\n\
         On `/rest/v1` an error is `{{\"code\", \"message\", \"details\", \"hint\"}}`.\n\
         An action's `@expect ... else STATUS CODE \"message\"` adds codes of the app's own.\n\n\
         | code | kind | what happened | what to do |\n| --- | --- | --- | --- |\n"
    );
    for code in code::ALL {
        let _ = writeln!(text, "| `{}` | {} | {} | {} |", code.code, kind(code.kind), code.text, code.remedy);
    }
    text
}

fn metrics() -> String {
    let mut text = format!(
        "# Metrics\n\n<!-- Generated from crates/martlet-server/src/metrics/family.rs {GENERATED}\n\n\
         `GET /metrics`: Prometheus' text, or OpenMetrics where `Accept` names `application/openmetrics-text`.\n\
         Open under `martlet dev` and at `server.admin_listen`; elsewhere it wants the service key as a bearer.\n\
         Names are OpenTelemetry's in Prometheus' form; times are in seconds, sizes in bytes.\n\
         Labels come from closed sets: never a path, an argument, a user, an address.\n\
         `http_route` is a template; what has no route has no label. `martlet_name` is the declared query or action, `martlet_statement` the place of the statement in it.\n\
         A label set beyond {} of a family is counted in one with `otel_metric_overflow=\"true\"`.\n\
         A gauge that cannot be read is absent.\n\n\
         | family | type | labels | meaning |\n| --- | --- | --- | --- |\n",
        martlet_core::limits::METRIC_SERIES_MAX
    );
    for family in FAMILIES {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = match family.kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
            FamilyKind::Info => "info",
        };
        let _ = writeln!(text, "| `{}` | {kind} | {} | {} |", family.name, labels.join(", "), family.help);
    }
    text
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Invalid => "invalid",
        Kind::Unprocessable => "unprocessable",
        Kind::Unauthenticated => "unauthenticated",
        Kind::Forbidden => "forbidden",
        Kind::NotFound => "not found",
        Kind::MethodNotAllowed => "method not allowed",
        Kind::Conflict => "conflict",
        Kind::TooLarge => "too large",
        Kind::RateLimited => "rate limited",
        Kind::Timeout => "timeout",
        Kind::Unavailable => "unavailable",
        Kind::StorageFull => "storage full",
        Kind::Internal => "internal",
    }
}

fn command_line() -> String {
    let mut text = format!("# Command line\n\n<!-- Generated from crates/martlet/src/cli.rs {GENERATED}\n");
    let mut root = Cli::command();
    root.build();
    let _ = write!(text, "\n```text\n{}\n```\n", trimmed(&root.render_long_help().to_string()));
    for command in root.get_subcommands_mut().filter(|command| !command.is_hide_set()) {
        describe(&mut text, command, "martlet");
    }
    text
}

/// A command, and those below it.
fn describe(text: &mut String, command: &mut clap::Command, above: &str) {
    let name = format!("{above} {}", command.get_name());
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", trimmed(&command.render_long_help().to_string()));
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        describe(text, below, &name);
    }
}

fn trimmed(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}
