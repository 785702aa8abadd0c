//! `martlet explain`: a query or action as the engine runs it, and the proof that it stays fast.

use super::{folder_failure, settings_text};
use crate::cli::ExplainArgs;
use crate::exit::Failure;
use crate::output;
use martlet_core::SystemClock;
use martlet_engine::Explained;
use martlet_sql::{App, Declaration, nearest};
use martlet_store::proof::prove;
use martlet_store::{Scratch, ScratchError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    settings_text(&args.folder)?;
    let compiled = martlet_engine::load_folder(&args.folder).map_err(folder_failure)?;
    let Some(app) = compiled.app else {
        return Err(Failure { diagnostics: compiled.diagnostics, ..Failure::default() });
    };
    let explained = find(&app, &args.name)?;
    let values = values(explained.declaration, &args.arguments)?;
    let scratch = Scratch::build(&app, &SystemClock).map_err(not_built)?;
    let mut text = explained.head();
    for (index, (statement, _)) in explained.statements.iter().enumerate() {
        if let Some(title) = explained.statement_title(index) {
            let _ = writeln!(text, "\n{title}");
        }
        let proof = prove(&scratch, &app.catalogue, statement).map_err(|error| {
            Failure::new(format!("{} cannot be planned", explained.file)).cause(error.operator.unwrap_or(error.message))
        })?;
        for section in explained.sections(index, &values, &proof) {
            let _ = write!(text, "{section}");
        }
    }
    output::data(&text)?;
    Ok(())
}

fn find<'a>(app: &'a App, name: &str) -> Result<Explained<'a>, Failure> {
    if let Some(explained) = Explained::find(app, name) {
        return Ok(explained);
    }
    let names = app.queries.keys().chain(app.actions.keys()).map(String::as_str);
    let failure = Failure::new(format!("there is no query or action `{name}`"));
    Err(match nearest(name, names.clone()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint(format!("the app has: {}", names.collect::<Vec<_>>().join(", "))),
    })
}

/// The values given, by parameter.
fn values<'a>(declaration: &Declaration, arguments: &'a [String]) -> Result<BTreeMap<String, &'a str>, Failure> {
    let mut values = BTreeMap::new();
    for argument in arguments {
        let Some((name, value)) = argument.split_once('=') else {
            return Err(Failure::new(format!("`{argument}` is no NAME=VALUE")));
        };
        let names = declaration.params.iter().map(|param| param.name.as_str());
        if !names.clone().any(|other| other == name) {
            let failure = Failure::new(format!("`{}` has no parameter `{name}`", declaration.name));
            return Err(match nearest(name, names) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure,
            });
        }
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

fn not_built(failed: ScratchError) -> Failure {
    Failure::new(format!("{} does not run on an empty database", failed.file)).cause(failed.message)
}
