//! `martlet stats`: what a running server has counted of each query and action.

use super::running;
use super::settle;
use crate::cli::StatsArgs;
use crate::exit::Failure;
use crate::output;
use anyhow::Context as _;
use serde_json::Value;

pub(crate) fn run(args: &StatsArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let body = running::ask(&settings, "GET", "/admin/v1/stats")?;
    if args.json {
        return Ok(output::data(&body)?);
    }
    let body: Value = serde_json::from_str(&body).context("the server's answer is no JSON")?;
    Ok(output::data(&as_table(&body))?)
}

const COLUMNS: [&str; 14] = [
    "name", "kind", "hits", "calls", "errors", "rows", "total", "mean", "p50", "p95", "p99", "wait", "scanned", "sorts",
];

fn as_table(body: &Value) -> String {
    let statistics = body["statistics"].as_array().map(Vec::as_slice).unwrap_or_default();
    if statistics.is_empty() {
        return "no query or action has been called".to_owned();
    }
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    for plan in statistics {
        let count = |field: &str| plan[field].as_u64().unwrap_or(0).to_string();
        let time = |field: &str| written(plan[field].as_f64().unwrap_or(0.0));
        let text = |field: &str| plan[field].as_str().unwrap_or_default().to_owned();
        rows.push([
            text("name"),
            text("kind"),
            count("cache_hits"),
            count("calls"),
            count("errors"),
            count("rows"),
            time("total_s"),
            time("mean_s"),
            time("p50_s"),
            time("p95_s"),
            time("p99_s"),
            time("wait_s"),
            count("rows_scanned"),
            count("sorts"),
        ]);
    }
    in_columns(&rows, 2)
}

/// Rows in columns: so many of texts, then numbers.
pub(super) fn in_columns<const N: usize>(rows: &[[String; N]], texts: usize) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            text if text < texts => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A time in a unit in which it can be read.
pub(super) fn written(seconds: f64) -> String {
    match seconds {
        zero if zero <= 0.0 => "0".to_owned(),
        micros if micros < 1e-3 => format!("{:.0} us", micros * 1e6),
        millis if millis < 1.0 => format!("{:.1} ms", millis * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_stand_in_columns() {
        let body = serde_json::json!({"statistics": [{"name": "free", "kind": "query", "cache_hits": 40, "calls": 12, "errors": 1,
            "rows": 300, "total_s": 1.5, "mean_s": 0.125, "p50_s": 0.0002, "p95_s": 0.2, "p99_s": 0.3, "wait_s": 0,
            "rows_scanned": 9, "sorts": 2}]});
        insta::assert_snapshot!(as_table(&body), @r"
        name  kind   hits  calls  errors  rows   total      mean     p50       p95       p99  wait  scanned  sorts
        free  query    40     12       1   300  1.50 s  125.0 ms  200 us  200.0 ms  300.0 ms     0        9      2
        ");
        assert_eq!(as_table(&serde_json::json!({"statistics": []})), "no query or action has been called");
    }
}
