//! `martlet migrate`: the migrations that are missing, in one transaction, after a copy.

use super::{counted, load, settle};
use crate::cli::MigrateArgs;
use crate::exit::Failure;
use crate::settings::Settings;
use crate::{output, wiring};
use martlet_sql::App;
use martlet_store::MigrateReport;
use std::time::Instant;

pub(crate) fn run(args: &MigrateArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let (app, _) = load(settings.folder())?;
    if args.dry_run && !database_exists(&settings) {
        // Nothing is made by looking.
        return told(&app.migrations.iter().map(|migration| migration.name.clone()).collect::<Vec<_>>(), 0);
    }
    let start = Instant::now();
    let store = wiring::open_store(&settings, None)?;
    let report = store.migrate(&app, args.dry_run);
    store.close();
    let report = report?;
    if args.dry_run {
        return told(&report.applied, report.already);
    }
    tell(&report, start);
    Ok(())
}

fn told(missing: &[String], already: usize) -> Result<(), Failure> {
    if missing.is_empty() {
        output::note(&nothing_to_apply(already));
        return Ok(());
    }
    output::note("would apply, in this order:");
    Ok(output::data(&missing.join("\n"))?)
}

fn nothing_to_apply(already: usize) -> String {
    match counted(already, "migration") {
        Some(all) => format!("nothing to apply: {all} applied before"),
        None => "nothing to apply: there are no migrations".into(),
    }
}

/// Tells what was done.
pub(super) fn tell(report: &MigrateReport, start: Instant) {
    if report.applied.is_empty() {
        return output::note(&nothing_to_apply(report.already));
    }
    if let Some(copy) = &report.copy {
        output::note(&format!("kept a copy of the database as {}", copy.display()));
    }
    for name in &report.applied {
        output::note(&format!("applied {name}"));
    }
    output::note(&format!("migrated in {:.2} s", start.elapsed().as_secs_f64()));
}

/// Whether there is a database in the data folder.
pub(super) fn database_exists(settings: &Settings) -> bool {
    settings.data().join("app.db").metadata().is_ok_and(|file| file.len() > 0)
}

/// Refuses what only a migrated database can do, and says which command makes it one.
pub(super) fn refuse_if_missing(settings: &Settings, app: &App, missing: &[String]) -> Result<(), Failure> {
    if missing.is_empty() {
        return Ok(());
    }
    let (count, all) = (missing.len(), app.migrations.len());
    let what = match (count == all, count) {
        (true, _) => "the database is empty: no migration has been applied".to_owned(),
        (false, 1) => format!("migration {} has not been applied", missing[0]),
        (false, _) => format!("{count} migrations have not been applied: {}", missing.join(", ")),
    };
    let folder = settings.folder().display();
    Err(Failure::new(what).hint(format!("apply them with `martlet migrate {folder}`")))
}
