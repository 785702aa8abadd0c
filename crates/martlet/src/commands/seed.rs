//! `martlet seed`: rows from seed.sql, in one transaction.

use super::{load, migrate, settle};
use crate::cli::SeedArgs;
use crate::exit::Failure;
use crate::{output, wiring};
use martlet_sql::{App, Seed};
use martlet_store::SqliteStore;
use std::time::Instant;

pub(crate) fn run(args: &SeedArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let (app, _) = load(settings.folder())?;
    let Some(seed) = app.seed.clone() else {
        let hint = "write INSERT statements into seed.sql; `:scale` says how many rows are wanted";
        return Err(Failure::new("there is no seed.sql").hint(hint));
    };
    let store = wiring::open_store(&settings, None)?;
    let seeded = store.migrate(&app, true).map_err(Failure::from).and_then(|report| {
        migrate::refuse_if_missing(&settings, &app, &report.applied)?;
        refuse_rows(&store, &app, args.yes)?;
        fill(&store, &seed, args.scale)
    });
    store.close();
    seeded
}

fn refuse_rows(store: &SqliteStore, app: &App, may_add: bool) -> Result<(), Failure> {
    if may_add || store.is_empty(app)? {
        return Ok(());
    }
    Err(Failure::new("the database has rows already")
        .hint("add to them with `--yes`, or begin anew with `martlet dev DIR --reset`"))
}

/// Runs the seed, telling each table's rows and time.
pub(super) fn fill(store: &SqliteStore, seed: &Seed, scale: f64) -> Result<(), Failure> {
    let start = Instant::now();
    let mut before = start;
    let mut rows = 0;
    store.seed(seed, scale, &mut |progress| {
        let now = Instant::now();
        let seconds = now.duration_since(before).as_secs_f64();
        before = now;
        rows += progress.rows;
        let (done, total) = (progress.done, progress.total);
        output::note(&format!(
            "seeded {} with {} rows in {seconds:.2} s ({done} of {total})",
            progress.table,
            grouped(progress.rows)
        ));
    })?;
    output::note(&format!("{} rows in {:.2} s, scale {scale}", grouped(rows), start.elapsed().as_secs_f64()));
    Ok(())
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
