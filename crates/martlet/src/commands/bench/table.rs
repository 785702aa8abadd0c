//! What a load has shown, for people: a table, its histograms, the errors.

use super::Verdict;
use super::budget::written_time;
use martlet_load::{Kind, Latency, Report};
use std::fmt::Write as _;
use std::time::Duration;

const COLUMNS: [&str; 10] = ["name", "calls", "per second", "errors", "p50", "p90", "p99", "p99.9", "max", "budget"];
/// Eighths of a cell, from nothing to full.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Characters of an error's body that are shown.
const BODY_SHOWN_MAX: usize = 200;

pub(super) fn write(report: &Report, verdicts: &[Verdict]) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(report.kinds.iter().zip(verdicts).map(|(kind, verdict)| row(kind, report.seconds, verdict.word())));
    if report.kinds.len() > 1 {
        rows.push(row(&report.all, report.seconds, ""));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 9 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text.push('\n');
    for kind in report.kinds.iter().filter(|kind| kind.latency.count() > 0) {
        let _ = writeln!(text, "{:width$}  {}", kind.name, histogram(&kind.latency), width = widths[0]);
    }
    for kind in report.kinds.iter().filter(|kind| kind.errors() > 0) {
        let _ = writeln!(text, "\n{}: {}", kind.name, errors(kind));
        if let Some(refusal) = &kind.first_refusal {
            let _ = writeln!(text, "  the first: {} {}", refusal.status, shown(&refusal.body));
        }
    }
    if let (Some(watched), Some(us)) = (&report.watched, report.processor_us_per_request()) {
        let mib = watched.resident_bytes as f64 / (1024.0 * 1024.0);
        let _ = writeln!(text, "\nserver: {us:.0} us of processor time a call, {mib:.0} MiB resident");
    }
    text
}

fn row(kind: &Kind, seconds: f64, budget: &str) -> [String; COLUMNS.len()] {
    let time = |duration: Duration| match kind.latency.count() {
        0 => "-".to_owned(),
        _ => written_time(duration.as_secs_f64()),
    };
    let latency = &kind.latency;
    [
        kind.name.clone(),
        kind.answers.to_string(),
        format!("{:.0}", kind.answers as f64 / seconds),
        kind.errors().to_string(),
        time(latency.at(0.5)),
        time(latency.at(0.9)),
        time(latency.at(0.99)),
        time(latency.at(0.999)),
        time(latency.max()),
        budget.to_owned(),
    ]
}

/// `64 us ▁▃█▅▁ 2.0 ms`: a cell for each power of two, from the first that any answer fell into to the last.
fn histogram(latency: &Latency) -> String {
    let buckets = latency.buckets();
    let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let bar = |count: u64| {
        let eighths = (count as f64 / most as f64 * 8.0).ceil();
        BARS.get(eighths as usize).copied().unwrap_or('█')
    };
    let bars: String = buckets.iter().map(|(_, count)| bar(*count)).collect();
    let (first, last) = (buckets.first(), buckets.last());
    let time = |bucket: Option<&(Duration, u64)>| written_time(bucket.map_or(0.0, |(end, _)| end.as_secs_f64()));
    let start = first.map(|(end, count)| (*end / 2, *count));
    format!("{} {bars} {}", time(start.as_ref()), time(last))
}

/// `409 x 12, no whole answer in time x 1`.
pub(super) fn errors(kind: &Kind) -> String {
    let statuses = kind.statuses.range(400..).map(|(status, count)| format!("{status} x {count}"));
    let faults = kind.faults.iter().map(|(fault, count)| format!("{fault} x {count}"));
    statuses.chain(faults).collect::<Vec<_>>().join(", ")
}

/// A body on one line, cut.
pub(super) fn shown(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = plain.take(BODY_SHOWN_MAX).collect();
    if text.chars().count() > BODY_SHOWN_MAX {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_a_cell_for_each_power_of_two() {
        let mut latency = Latency::new();
        for (us, count) in [(100, 8), (300, 64), (3_000, 1)] {
            (0..count).for_each(|_| latency.record(Duration::from_micros(us)));
        }
        assert_eq!(histogram(&latency), "64 us ▁ █  ▁ 4.1 ms");
    }

    #[test]
    fn a_body_is_shown_on_one_line() {
        assert_eq!(shown(b"a\n\x1b[2Jb"), "a  [2Jb");
        assert_eq!(shown("x".repeat(300).as_bytes()).chars().count(), BODY_SHOWN_MAX + 3);
    }
}
