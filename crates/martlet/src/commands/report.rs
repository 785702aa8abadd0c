//! `martlet report`: a time against the one before, from the history in the data folder.
//!
//! The file is read where it is, whether or not a server runs on the folder: no server is asked, and none is slowed.
//! Up to half a day is compared by minutes, longer by hours: those are kept for more than a year.

mod compare;
mod text;

use super::settle;
use crate::cli::ReportArgs;
use crate::exit::Failure;
use crate::settings::Settings;
use crate::{output, wiring};
use compare::{Report, Side};
use martlet_core::Timestamp;
use martlet_engine::history::{History, Step};
use std::time::Duration;

/// What is not longer is compared by minutes.
const BY_MINUTES_MAX: Duration = Duration::from_secs(12 * 3_600);

pub(crate) fn run(args: &ReportArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let report = report(&settings, args.since, args.over, wiring::clock().now())?;
    let text = if args.json { report.to_json().to_string() } else { text::of(&report) };
    Ok(output::data(&text)?)
}

fn report(settings: &Settings, since: Duration, over: u32, now: Timestamp) -> Result<Report, Failure> {
    let data = settings.data();
    let step = if since <= BY_MINUTES_MAX { Step::Minute } else { Step::Hour };
    let Times { begin, middle, end } = times(since, step, now);
    let rows = History::read(&data, step, begin, end).map_err(anyhow::Error::from)?.unwrap_or_default();
    let (before, now): (Vec<_>, Vec<_>) = rows.into_iter().partition(|period| period.at < middle);
    if now.is_empty() {
        return Err(Failure::new(format!("no figures are kept in {} of this time", data.display())).hint(
            "a server keeps them while it runs, unless `history.mode` is off; the first come after a minute; \
             --since takes a longer time",
        ));
    }
    let side = |from, periods: &[_]| Side::of(from, periods);
    Ok(Report {
        name: settings.name(),
        since,
        over,
        step,
        until: end,
        now: side(middle, &now),
        before: side(begin, &before),
    })
}

/// The two times to compare: `begin` to `middle` to `end`.
#[derive(Debug, PartialEq, Eq)]
struct Times {
    begin: Timestamp,
    middle: Timestamp,
    end: Timestamp,
}

/// The second ends with the row that is being counted now; both are whole rows.
fn times(since: Duration, step: Step, now: Timestamp) -> Times {
    let row = step.seconds() * 1_000_000;
    let rows = i64::try_from(since.as_micros()).unwrap_or(i64::MAX / 4).div_euclid(row).max(1);
    let end = (now.micros().div_euclid(row) + 1) * row;
    let [begin, middle] = [2, 1].map(|times| Timestamp::from_micros(end - times * rows * row));
    Times { begin, middle, end: Timestamp::from_micros(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_times_of_whole_rows_end_with_the_row_that_is_counted_now() {
        let now = Timestamp::parse("2026-03-10 14:20:30+00").unwrap();
        let told = |since_s, step| {
            let Times { begin, middle, end } = times(Duration::from_secs(since_s), step, now);
            [begin, middle, end].map(|at| at.to_string()[5..16].to_owned())
        };
        assert_eq!(told(3_600, Step::Minute), ["03-10T12:21", "03-10T13:21", "03-10T14:21"]);
        assert_eq!(told(7 * 86_400, Step::Hour), ["02-24T15:00", "03-03T15:00", "03-10T15:00"]);
        assert_eq!(told(1, Step::Minute), ["03-10T14:19", "03-10T14:20", "03-10T14:21"]);
    }
}
