//! `martlet bench`: a load test of a folder with a budget.
//!
//! The user's data is never touched: a server of the load's own, this binary as a child, runs on a copy of the
//! database with keys of its own. Requests are made before the load begins, so that the load costs little beside
//! what it measures.

mod budget;
mod call;
mod child;
mod document;
mod draw;
mod file;
mod rows;
mod sandbox;
mod table;

use super::{load, settings_text, settle};
use crate::cli::BenchArgs;
use crate::exit::Failure;
use crate::output;
pub(crate) use budget::Budget;
use budget::Judgement;
use call::{Made, Maker, Named};
use child::{Cleanup, Server};
use file::{BenchFile, CallEntry};
use martlet_load::{Draw, Kind, Load, Pace, Pool, Random, Report, Workload};
use martlet_sql::{App, nearest};
use martlet_store::Shell;
use std::time::Duration;

/// What is loaded where neither a flag nor `bench.toml` says.
const SECONDS: u64 = 10;
const CONNECTIONS: u64 = 16;
/// A call that takes longer is given up; longer than any deadline that a declaration should have.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Above this share of a processor, a closed loop measures the load itself.
const LOAD_SHARE_MAX: f64 = 0.9;

pub(crate) fn run(args: &BenchArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let text = settings_text(settings.folder())?;
    let (app, _) = load(settings.folder())?;
    let file = file::read(settings.folder())?;
    let chosen = choose(&app, &file, args)?;
    let cleanup = Cleanup::start()?;
    let sandbox = sandbox::make(&settings, &text, &app, args.scale, |folder| cleanup.remember_folder(folder))?;
    let server = Server::start(settings.folder(), &sandbox, &cleanup)?;
    let shell = Shell::open(sandbox.folder.path(), false)?;
    let (host, random) = (server.address.to_string(), Random::new(args.seed));
    let mut maker = Maker::new(&app, &shell, &sandbox.keys, &file, host, random)?;
    let mut workload = Workload::new(args.seed);
    let mut budgets = Vec::new();
    for chosen in &chosen {
        let requests = match maker.requests(chosen.named, &chosen.entry)? {
            Made::Requests(requests) => requests,
            // What was asked for by name must be loaded; what was only found is told of and passed over.
            Made::NotDrawn(failure) if chosen.is_named => return Err(failure),
            Made::NotDrawn(failure) => {
                output::warning(&format!("`{}` is passed over", chosen.named.name()));
                output::failure(&failure);
                continue;
            }
        };
        workload = workload.kind(chosen.named.name(), chosen.weight, Pool::new(requests, Draw::InTurn));
        let own = chosen.entry.budget.clone();
        budgets.push((own.or_else(|| args.budget.clone()).or_else(|| file.budget.clone()), chosen.named.is_action));
    }
    drop(shell);
    if budgets.is_empty() {
        return Err(Failure::new("there is nothing left to load"));
    }
    let load = settled_load(args, &file, &server);
    let how = match load.pace {
        Pace::Closed => String::new(),
        Pace::Open { per_second } => format!(" at {per_second} a second"),
    };
    let (seconds, connections) = (load.duration.as_secs(), load.connections);
    output::note(&format!("loading for {seconds} s over {connections} connections{how}"));
    let report = martlet_load::run(&load, &mut workload).map_err(anyhow::Error::from)?;
    drop(server);
    tell(&report, &load, &budgets, args.json)
}

/// A query or action that is loaded.
struct Chosen<'a> {
    named: Named<'a>,
    entry: CallEntry,
    weight: f64,
    /// On the command line or in `bench.toml`.
    is_named: bool,
}

/// Those that are named; else every query, and the actions that are asked for.
fn choose<'a>(app: &'a App, file: &BenchFile, args: &BenchArgs) -> Result<Vec<Chosen<'a>>, Failure> {
    let queries = app.queries.values().map(|query| Named { declaration: &query.declaration, is_action: false });
    let actions = app.actions.values().map(|action| Named { declaration: &action.declaration, is_action: true });
    let all: Vec<Named<'_>> = queries.chain(actions).collect();
    let named_in = [(&args.names.iter().collect::<Vec<_>>(), ""), (&file.calls.keys().collect(), "bench.toml: ")];
    for (names, place) in named_in {
        for name in names {
            if !all.iter().any(|named| named.name() == *name) {
                let failure = Failure::new(format!("{place}there is no query or action `{name}`"));
                return Err(match nearest(name, all.iter().map(Named::name)) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure,
                });
            }
        }
    }
    let chosen = all.iter().filter_map(|named| {
        let entry = file.calls.get(named.name()).cloned();
        let is_named = args.names.iter().any(|name| name == named.name());
        let is_wanted = match args.names.is_empty() {
            true => !named.is_action || args.actions || entry.is_some(),
            false => is_named,
        };
        let is_in_file = entry.is_some();
        let entry = entry.unwrap_or_default();
        // A name on the command line counts, whatever the file says of the mix.
        let weight = entry.weight.filter(|weight| *weight > 0.0 || !is_named).unwrap_or(1.0);
        (is_wanted && weight > 0.0).then_some(Chosen { named: *named, entry, weight, is_named: is_named || is_in_file })
    });
    let chosen: Vec<Chosen<'_>> = chosen.collect();
    if chosen.is_empty() {
        return Err(Failure::new("there is no query to load").hint("actions are loaded with `--actions`"));
    }
    Ok(chosen)
}

fn settled_load(args: &BenchArgs, file: &BenchFile, server: &Server) -> Load {
    let connections = args.connections.or(file.connections).unwrap_or(CONNECTIONS);
    let rate = args.rate.or(file.rate);
    Load {
        connections: usize::try_from(connections).unwrap_or(1),
        pace: rate.map_or(Pace::Closed, |per_second| Pace::Open { per_second }),
        warm_up: Duration::from_secs(args.warm_up),
        duration: Duration::from_secs(args.seconds.or(file.seconds).unwrap_or(SECONDS)),
        timeout: TIMEOUT,
        watched: vec![server.pid],
        ..Load::new(server.address)
    }
}

/// What one query or action has shown.
struct Verdict {
    is_action: bool,
    has_budget: bool,
    judgements: Vec<Judgement>,
    /// It was asked, and nothing but errors came.
    only_errs: bool,
}

impl Verdict {
    fn is_kept(&self) -> bool {
        !self.only_errs && self.judgements.iter().all(|judgement| judgement.is_kept)
    }

    fn word(&self) -> &'static str {
        match (self.is_kept(), self.has_budget) {
            (false, _) if self.only_errs => "ONLY ERRORS",
            (false, _) => "MISSED",
            (true, true) => "kept",
            (true, false) => "",
        }
    }
}

fn tell(report: &Report, load: &Load, budgets: &[(Option<Budget>, bool)], is_json: bool) -> Result<(), Failure> {
    let verdicts: Vec<Verdict> = report
        .kinds
        .iter()
        .zip(budgets)
        .map(|(kind, (budget, is_action))| Verdict {
            is_action: *is_action,
            has_budget: budget.is_some(),
            judgements: budget.as_ref().map(|budget| budget.judge(kind, report.seconds)).unwrap_or_default(),
            only_errs: kind.errors() > 0 && kind.good() == 0,
        })
        .collect();
    let failure = missed(report, &verdicts);
    if is_json {
        output::data(&format!("{:#}", document::of(report, &verdicts, failure.is_none())))?;
    } else {
        output::data(&table::write(report, &verdicts))?;
    }
    warn(report, load);
    failure.map_or(Ok(()), Err)
}

/// Why the load has not shown what it should.
fn missed(report: &Report, verdicts: &[Verdict]) -> Option<Failure> {
    let mut causes = Vec::new();
    for (kind, verdict) in report.kinds.iter().zip(verdicts) {
        if verdict.only_errs {
            causes.push(only_errors(kind));
        }
        let missed = verdict.judgements.iter().filter(|judgement| !judgement.is_kept);
        causes.extend(missed.map(|judgement| {
            let Judgement { measure, bound, value, .. } = judgement;
            format!("{}: {measure} is {value}, the budget {bound}", kind.name)
        }));
    }
    if report.unsent > 0 && verdicts.iter().any(|verdict| verdict.has_budget) {
        causes.push(format!("{} calls were due and never asked: no figure has them", report.unsent));
    }
    if causes.is_empty() {
        return None;
    }
    let what =
        if verdicts.iter().any(|verdict| verdict.has_budget) { "the budget is missed" } else { "a call only errs" };
    Some(Failure { causes, ..Failure::new(what) })
}

fn only_errors(kind: &Kind) -> String {
    let body = kind.first_refusal.as_ref().map(|refusal| format!(": {}", table::shown(&refusal.body)));
    format!("{} only errs, {}{}", kind.name, table::errors(kind), body.unwrap_or_default())
}

fn warn(report: &Report, load: &Load) {
    if report.unsent > 0 {
        output::warning(&format!(
            "{} calls were due and never asked: the rate is more than {} connections can do",
            report.unsent, load.connections
        ));
    }
    let share = report.load_processor.map_or(0.0, |time| time.as_secs_f64() / report.seconds);
    if load.pace == Pace::Closed && share > LOAD_SHARE_MAX {
        output::warning("the load itself was at its end: the server can do more than this shows");
    }
}
