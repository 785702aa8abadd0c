//! `martlet sql`: a shell on the database with our functions.

mod table;

use super::settle;
use crate::cli::SqlArgs;
use crate::exit::Failure;
use crate::output;
use martlet_core::Value;
use martlet_store::{Shell, ShellOutcome};
use std::io::{BufRead, IsTerminal, Read};
use std::ops::ControlFlow;
use table::Table;

/// Bytes of one statement.
const STATEMENT_SIZE_MAX: u64 = 1024 * 1024;

pub(crate) fn run(args: &SqlArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let shell = Shell::open(&settings.data(), args.write)?;
    match &args.statement {
        Some(statement) => run_text(&shell, statement, args.json),
        None => read_and_run(&shell, args, &settings.name()),
    }
}

/// Runs the statements of stdin. At a terminal a mistake is told and the next statement read.
fn read_and_run(shell: &Shell, args: &SqlArgs, name: &str) -> Result<(), Failure> {
    let mut stdin = std::io::stdin().lock();
    let is_terminal = stdin.is_terminal();
    if is_terminal {
        output::note("End each statement with `;`, and the shell with Ctrl-D.");
    }
    let mut text = String::new();
    loop {
        if is_terminal {
            output::prompt(&if text.is_empty() { format!("{name}> ") } else { format!("{:>1$}> ", "", name.len()) });
        }
        let room = STATEMENT_SIZE_MAX - text.len() as u64;
        let read = stdin.by_ref().take(room).read_line(&mut text)?;
        let is_whole = text.trim_end().ends_with(';') || read == 0;
        if is_whole && !text.trim().is_empty() {
            match run_text(shell, &text, args.json) {
                Err(failure) if is_terminal && !failure.is_broken_pipe => output::failure(&failure),
                other => other?,
            }
        } else if text.len() as u64 >= STATEMENT_SIZE_MAX {
            return Err(Failure::new(format!("a statement is longer than {STATEMENT_SIZE_MAX} bytes")));
        }
        if is_whole {
            text.clear();
        }
        if read == 0 {
            return Ok(());
        }
    }
}

fn run_text(shell: &Shell, text: &str, is_json: bool) -> Result<(), Failure> {
    let mut written = Ok(());
    let table = std::cell::RefCell::new(Table::default());
    let mut on_row = |columns: &[String], cells: Vec<Value>| {
        written =
            if is_json { output::data(&json_line(columns, cells)) } else { table.borrow_mut().add(columns, cells) };
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let mut ended = Ok(());
    let mut on_end = |outcome: ShellOutcome| {
        if ended.is_ok() && !is_json {
            ended = table.borrow_mut().finish(&outcome.columns);
        }
        if let Some(changed) = outcome.changed.filter(|_| outcome.columns.is_empty()) {
            output::note(&format!("{changed} {} changed", if changed == 1 { "row" } else { "rows" }));
        }
    };
    let outcome = shell.run(text, &mut on_row, &mut on_end);
    written?;
    ended?;
    Ok(outcome.map_err(anyhow::Error::from)?)
}

fn json_line(columns: &[String], cells: Vec<Value>) -> String {
    let object: serde_json::Map<_, _> = columns.iter().cloned().zip(cells.into_iter().map(json)).collect();
    serde_json::Value::Object(object).to_string()
}

fn json(value: Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(value) => value.into(),
        Value::Integer(value) => value.into(),
        Value::Double(value) => value.into(),
        Value::Text(text) => String::from(text).into(),
        Value::List(items) => items.into_vec().into_iter().map(json).collect(),
    }
}
