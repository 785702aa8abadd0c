//! `martlet stats`: what a running server has counted of each query and action.
//!
//! The server is found by the data folder's lock, which is held as long as it runs: the token never goes to whoever
//! has taken a port that a server left. The token holds for a minute.

use super::settle;
use crate::cli::StatsArgs;
use crate::exit::Failure;
use crate::{output, wiring};
use anyhow::Context as _;
use martlet_server::tokens::TokenRequest;
use martlet_store::SqliteStore;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long the server may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the token holds.
const TOKEN: Duration = Duration::from_secs(60);
/// Bytes of an answer that are read.
const ANSWER_SIZE_MAX: u64 = 64 * 1024 * 1024;

pub(crate) fn run(args: &StatsArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let data = settings.data();
    let running = SqliteStore::running(&data).ok_or_else(|| {
        Failure::new(format!("no server runs on {}", data.display()))
            .hint("statistics are counted by a running server: start it with `martlet serve` or `martlet dev`")
    })?;
    let url = running.url.ok_or_else(|| {
        Failure::new(format!("{} is in use by a process that serves nothing", data.display()))
            .hint("it may still be starting, or be another command: try again")
    })?;
    let keys = wiring::keys(&settings)?;
    let request = TokenRequest { role: "service_role".to_owned(), user_id: None, valid_for: TOKEN };
    let token = keys.issue(&request, wiring::clock().now()).map_err(anyhow::Error::from)?;
    let body = get(&url, "/admin/v1/stats", &token)
        .map_err(|failure| failure.hint("the server must run with the same keys and settings as this command"))?;
    if args.json {
        return Ok(output::data(&body)?);
    }
    let body: Value = serde_json::from_str(&body).context("the server's answer is no JSON")?;
    Ok(output::data(&as_table(&body))?)
}

/// The body of an answer with status 200.
fn get(url: &str, path: &str, token: &str) -> Result<String, Failure> {
    let address: SocketAddr =
        url.strip_prefix("http://").unwrap_or(url).parse().with_context(|| format!("`{url}` is no address"))?;
    let ask = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // In the form of HTTP/1.0 the answer is never chunked and the connection ends with it.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(ANSWER_SIZE_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().with_context(|| format!("cannot ask the server at {url}"))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.split(' ').nth(1) {
        Some("200") => Ok(body.to_owned()),
        status => Err(Failure::new(format!("the server at {url} answers {}", status.unwrap_or("nothing")))),
    }
}

const COLUMNS: [&str; 13] =
    ["name", "kind", "calls", "errors", "rows", "total", "mean", "p50", "p95", "p99", "wait", "scanned", "sorts"];

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
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS.len()]| {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 1 => format!("{cell:width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A time in a unit in which it can be read.
fn written(seconds: f64) -> String {
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
        let body = serde_json::json!({"statistics": [{"name": "free", "kind": "query", "calls": 12, "errors": 1,
            "rows": 300, "total_s": 1.5, "mean_s": 0.125, "p50_s": 0.0002, "p95_s": 0.2, "p99_s": 0.3, "wait_s": 0,
            "rows_scanned": 9, "sorts": 2}]});
        insta::assert_snapshot!(as_table(&body), @r"
        name  kind   calls  errors  rows   total      mean     p50       p95       p99  wait  scanned  sorts
        free  query     12       1   300  1.50 s  125.0 ms  200 us  200.0 ms  300.0 ms     0        9      2
        ");
        assert_eq!(as_table(&serde_json::json!({"statistics": []})), "no query or action has been called");
    }
}
