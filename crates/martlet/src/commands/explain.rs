//! `martlet explain`: a query or action as the engine runs it, and the proof that it stays fast.

use super::{folder_failure, settings_text};
use crate::cli::ExplainArgs;
use crate::exit::Failure;
use crate::output;
use martlet_core::SystemClock;
use martlet_sql::dependency::Dependencies;
use martlet_sql::{App, Bind, Declaration, Statement, StatementKind, TableUse, Volatility, nearest};
use martlet_store::proof::{Judged, Proof, Verdict, prove};
use martlet_store::{Scratch, ScratchError};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    settings_text(&args.folder)?;
    let compiled = martlet_engine::load_folder(&args.folder).map_err(folder_failure)?;
    let Some(app) = compiled.app else {
        return Err(Failure { diagnostics: compiled.diagnostics, ..Failure::default() });
    };
    let named = find(&app, &args.name)?;
    let values = values(named.declaration, &args.arguments)?;
    let scratch = Scratch::build(&app, &SystemClock).map_err(not_built)?;
    let mut text = head(&named);
    for (index, (statement, step)) in named.statements.iter().enumerate() {
        if named.statements.len() > 1 {
            let name = step.map(|name| format!(" (:{name})")).unwrap_or_default();
            let _ = writeln!(text, "\nstatement {} of {}{name}", index + 1, named.statements.len());
        }
        let proof = prove(&scratch, &app.catalogue, statement).map_err(|error| {
            Failure::new(format!("{} cannot be planned", named.file)).cause(error.operator.unwrap_or(error.message))
        })?;
        write_statement(&mut text, &named, statement, &values, &proof);
        if let Some(dependencies) = named.dependencies.get(index) {
            write_dependencies(&mut text, &app, named.declaration, dependencies);
        }
    }
    output::data(&text)?;
    Ok(())
}

/// A query or action.
struct Named<'a> {
    kind: &'static str,
    file: &'a str,
    declaration: &'a Declaration,
    /// With the names that `@name` gives.
    statements: Vec<(&'a Statement, Option<&'a str>)>,
    /// Of a query, by statement.
    dependencies: Vec<&'a Dependencies>,
}

fn find<'a>(app: &'a App, name: &str) -> Result<Named<'a>, Failure> {
    if let Some(query) = app.queries.get(name) {
        let after = query.page.as_ref().map(|page| (&page.after, Some("after_cursor")));
        let statements = std::iter::once((&query.statement, None)).chain(after).collect();
        let after = query.page.as_ref().map(|page| &page.after_dependencies);
        let dependencies = std::iter::once(&query.dependencies).chain(after).collect();
        let (file, declaration) = (&query.file, &query.declaration);
        return Ok(Named { kind: "query", file, declaration, statements, dependencies });
    }
    if let Some(action) = app.actions.get(name) {
        let statements = action.steps.iter().map(|step| (&step.statement, step.name.as_deref())).collect();
        let (file, declaration) = (&action.file, &action.declaration);
        return Ok(Named { kind: "action", file, declaration, statements, dependencies: Vec::new() });
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

fn head(named: &Named<'_>) -> String {
    let mut text = format!("{} {} ({})\n", named.kind, named.declaration.name, named.file);
    if !named.declaration.description.is_empty() {
        let _ = writeln!(text, "{}", named.declaration.description);
    }
    for scan in &named.declaration.scans {
        let _ = writeln!(text, "may read all of {}: {}", scan.table, scan.reason);
    }
    text
}

fn write_statement(
    text: &mut String,
    named: &Named<'_>,
    statement: &Statement,
    values: &BTreeMap<String, &str>,
    proof: &Proof,
) {
    let _ = writeln!(text, "\nSQL for SQLite\n{}", indented(&statement.sqlite.text));
    if !statement.sqlite.binds.is_empty() {
        text.push_str("\nparameters\n");
        for (index, bind) in statement.sqlite.binds.iter().enumerate() {
            let _ = writeln!(text, "  ?{} {}", index + 1, bind_words(named, bind, values));
        }
    }
    for (title, uses) in [("reads", &statement.reads), ("writes", &statement.writes)] {
        if !uses.is_empty() {
            let _ = writeln!(text, "\n{title}\n{}", uses.iter().map(use_words).collect::<Vec<_>>().join("\n"));
        }
    }
    match statement.volatility {
        Volatility::Immutable => {}
        Volatility::Timed => text.push_str("\nits answer depends on the time at which it is asked\n"),
        Volatility::Volatile => text.push_str("\nits answer is another each time\n"),
    }
    text.push_str("\nplan\n");
    if proof.lines.is_empty() {
        let what = if statement.kind == StatementKind::Insert { "writes the rows given" } else { "reads no table" };
        let _ = writeln!(text, "  {what}");
    }
    write_lines(text, proof, 0, 1);
    if proof.accesses.is_empty() {
        return;
    }
    text.push_str("\nproof\n");
    for (judged, mend) in proof.accesses.iter().zip(&proof.mends) {
        let is_allowed = named.declaration.scans.iter().any(|scan| scan.table == judged.table);
        let _ = writeln!(text, "  {}", verdict_words(judged, is_allowed));
        if let Some(mend) = mend.as_ref().filter(|_| !is_allowed) {
            let _ = writeln!(text, "    mended by: {mend}");
        }
    }
}

/// What can alter the answer: a change of any other row cannot.
fn write_dependencies(text: &mut String, app: &App, declaration: &Declaration, dependencies: &Dependencies) {
    if dependencies.shapes.is_empty() {
        text.push_str("\nits answer rests on no row\n");
    } else {
        text.push_str("\nits answer rests on\n");
    }
    for shape in &dependencies.shapes {
        let _ = writeln!(text, "  {}", shape.words(&app.catalogue, declaration));
        for reason in &shape.coarse {
            let _ = writeln!(text, "    {reason}");
        }
    }
    let _ = writeln!(text, "{}", dependencies.kept_words(declaration));
}

fn write_lines(text: &mut String, proof: &Proof, parent: i64, depth: usize) {
    for line in proof.lines.iter().filter(|line| line.parent == parent && line.id != parent) {
        let _ = writeln!(text, "{}{}", "  ".repeat(depth), line.detail);
        write_lines(text, proof, line.id, depth + 1);
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// What a page adds behind the declared parameters.
fn page_words(named: &Named<'_>, index: usize) -> String {
    match index - named.declaration.params.len() {
        0 => "size of the page, and one".to_owned(),
        key => {
            let by = named.declaration.page.as_ref().and_then(|page| page.by.get(key - 1));
            format!("{} of the cursor", by.map_or("?", |(expression, _)| expression))
        }
    }
}

fn use_words(used: &TableUse) -> String {
    let columns: Vec<&str> = used.columns.iter().map(String::as_str).collect();
    format!("  {} ({})", used.table, columns.join(", "))
}

fn bind_words(named: &Named<'_>, bind: &Bind, values: &BTreeMap<String, &str>) -> String {
    match bind {
        Bind::Parameter(index) => {
            let Some(param) = named.declaration.params.get(*index) else { return page_words(named, *index) };
            let value = values.get(&param.name).map(|value| format!(" = {value}")).unwrap_or_default();
            format!(":{} {}{value}", param.name, param.ty)
        }
        Bind::StepColumn { step, column } => {
            let (statement, name) = match named.statements.get(*step) {
                Some((statement, name)) => (statement, name.unwrap_or("?")),
                None => return String::new(),
            };
            let column = statement.columns.get(*column).map_or("?", |column| column.name.as_str());
            format!(":{name}.{column}")
        }
        Bind::UserId => "auth.uid()".to_owned(),
        Bind::Role => "auth.role()".to_owned(),
        Bind::Claims => "auth.jwt()".to_owned(),
        Bind::Claim(name) => format!("auth.jwt() ->> '{name}'"),
        Bind::Now => "now()".to_owned(),
        Bind::Today => "current_date".to_owned(),
    }
}

fn verdict_words(judged: &Judged, is_allowed: bool) -> String {
    let by = judged.access.index.as_ref().map(|index| format!(" in index {index}")).unwrap_or_default();
    let covering = if judged.access.is_covering { ", which holds all that is read" } else { "" };
    let table = &judged.table;
    match &judged.verdict {
        Verdict::Small => format!("{table}: small by declaration, at most 1,000 rows"),
        Verdict::OneRow => format!("{table}: proven: at most one row, by its key{by}"),
        Verdict::Closed => format!("{table}: proven: a closed search{by}{covering}"),
        Verdict::Ended => format!("{table}: proven: it ends by LIMIT or at the first row, in order{by}"),
        Verdict::Open { column, is_upper_missing } => {
            let end = if *is_upper_missing { "upper" } else { "lower" };
            format!("{table}: not proven: the range of {column} has no {end} end{by}")
        }
        Verdict::Full if is_allowed => format!("{table}: read in full{by}{covering}; allowed by @scan"),
        Verdict::Full => format!("{table}: not proven: read in full{by}{covering}"),
    }
}
