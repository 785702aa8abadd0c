//! `martlet check`: every finding of a folder at once, for people or machines.

use super::{counted, counts, folder_failure, named_caches, settings_text, warmed};
use crate::cli::CheckArgs;
use crate::exit::Failure;
use crate::output::{self, Stream};
use crate::settings::{environment, file, value};
use martlet_core::SystemClock;
use martlet_sql::{App, Diagnostic, Severity};
use serde_json::{Value, json};

pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let settings = file::parse(&settings_text(&args.folder)?);
    let folder = martlet_engine::read_folder(&args.folder).map_err(folder_failure)?;
    let compiled = martlet_engine::compile_folder(&folder);
    let mut findings = settings.diagnostics;
    findings.extend(compiled.diagnostics);
    // What does not compile cannot be planned.
    if let Some(app) = &compiled.app {
        let of_file = settings.values.into_iter().map(|(_, value)| value);
        let of_environment =
            environment::parse(&environment::variables()).values.into_iter().map(|(_, value, _)| value);
        let times = of_file.chain(of_environment).filter_map(|value| match value {
            value::Value::Times(times) => Some(times),
            _ => None,
        });
        findings.extend(named_caches::check(app, &folder.files, &times.flatten().collect()));
        findings.extend(warmed::check(app, &folder.files));
        findings.extend(martlet_store::proof::check(app, &folder.files, &SystemClock));
    }
    let is_ok = !findings.iter().any(|finding| finding.severity == Severity::Error);
    if args.json {
        output::data(&format!("{:#}", as_json(&findings, is_ok)))?;
    } else if !findings.is_empty() {
        output::data(&output::diagnostics(&findings, Stream::Stdout))?;
    }
    if !args.json {
        output::note(&summary(compiled.app.as_ref(), &findings));
    }
    // What is wrong has been told: the exit code is all that is left to say.
    if is_ok { Ok(()) } else { Err(Failure::default()) }
}

fn summary(app: Option<&App>, findings: &[Diagnostic]) -> String {
    let parts = app.map(|app| {
        let parts = [(app.migrations.len(), "migration"), (app.queries.len(), "query"), (app.actions.len(), "action")];
        parts.into_iter().filter_map(|(count, word)| counted(count, word)).collect::<Vec<_>>().join(", ")
    });
    let found = if findings.is_empty() { "nothing to mend".to_owned() } else { counts(findings) };
    match parts.filter(|parts| !parts.is_empty()) {
        Some(parts) => format!("{parts}: {found}"),
        None => found,
    }
}

fn as_json(findings: &[Diagnostic], is_ok: bool) -> Value {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    json!({
        "ok": is_ok,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "diagnostics": findings.iter().map(finding_json).collect::<Vec<_>>(),
    })
}

fn finding_json(finding: &Diagnostic) -> Value {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    json!({
        "severity": severity,
        "code": finding.code,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "start": finding.span.start,
        "end": finding.span.end,
        "message": finding.message,
        "label": finding.label,
        "hint": finding.hint,
        "excerpt": finding.excerpt,
    })
}
