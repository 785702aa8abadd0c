//! The section of docs/results.md on event streams.

use crate::compare::machine;
use crate::compare::options::Options;
use crate::compare::results::{self, Marks};
use crate::compare::streams::BOOKINGS_PER_SECOND;
use crate::compare::streams::account::{Lags, ms};
use crate::compare::streams::figures::{Figures, READS_PER_SECOND, Reads};
use anyhow::{Context as _, Result};
use martlet_load::Latency;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

pub(super) const MIB: f64 = 1_048_576.0;
const KIB: f64 = 1_024.0;

const MARKS: Marks = Marks {
    begin: "<!-- From here to the end mark: written by `cargo xtask bench --workload streams`; do not edit. -->",
    end: "<!-- The end of what `cargo xtask bench --workload streams` writes. -->",
};

/// A whole run goes into the documents, any other under `target/`.
pub(super) fn write(figures: &Figures, options: &Options, took: Duration, say: &mut impl FnMut(&str)) -> Result<()> {
    let section = section(figures, options, took)?;
    let raw = raw(figures, &machine::description())?;
    results::put("streams", &section, &raw, &MARKS, options.is_whole, say)
}

fn section(figures: &Figures, options: &Options, took: Duration) -> Result<String> {
    let run = figures.options.context("it has options")?;
    let (count, minutes) = (run.streams, run.time.as_secs_f64() / 60.0);
    let mut text = format!(
        "## Event streams\n\n\
         `cargo xtask bench --workload streams --minutes {minutes}`, one run of {:.0} minutes.\n\
         {count} event streams on 100 stays of `availability`, each followed by {}; {BOOKINGS_PER_SECOND} bookings a \
         second for {minutes} minutes, each of a night of one of these stays; \
         then, for {:.0} s, a change of a price, which stands in all 100 answers, again as soon as all are told.\n\
         Machine: {}.\n\
         Data at scale {}; the server on one processor, all clients on one thread of the other.\n\
         Times are the clients' own: from the moment at which a change was sent, or its answer read, to the moment at \
         which a frame was read; a frame that came before the answer counts as 0.\n\
         While rooms were booked the server used {:.1} % of its processor, the clients {:.1} % of theirs; others took at most {:.0} % of the server's.\n\n\
         | figure | measured | bound |\n| --- | --- | --- |\n",
        took.as_secs_f64() / 60.0,
        count / 100,
        run.storm.as_secs_f64(),
        machine::description(),
        options.rows.scale,
        figures.server_share * 100.0,
        figures.load_share * 100.0,
        figures.foreign_share * 100.0,
    );
    let mut row = |figure: &str, measured: String, bound: &str| {
        let _ = writeln!(text, "| {figure} | {measured} | {bound} |");
    };
    let booked = &figures.booked;
    row("until all streams had their first answer", format!("{:.1} s", figures.opened_in.as_secs_f64()), "");
    row("frame after a booking's answer: p50, p99, most", three(&booked.from_answered), "p99 50 ms");
    row("frame after a booking was sent: p50, p99, most", three(&booked.from_sent), "p99 50 ms");
    row("last frame of a booking after it was sent: p50, p99, most", three(&booked.whole_from_sent), "");
    row(
        &format!("frames of {} bookings: due, lost, needless", figures.bookings - figures.refused),
        format!("{}, {}, {}", booked.from_sent.count() + booked.lost, booked.lost, booked.needless),
        "none lost",
    );
    let reruns = figures.reruns;
    row(
        "written within 50 ms of the moment at which the commit could be seen, as the server counts",
        format!("{:.2} % of {}", reruns.in_time as f64 / reruns.written.max(1) as f64 * 100.0, reruns.written),
        "99 %",
    );
    row(
        "re-runs for each change of an answer",
        format!(
            "{:.3} ({} of {}; {} with the same bytes, {} failed)",
            reruns.all() as f64 / figures.altered.max(1) as f64,
            reruns.all(),
            figures.altered,
            reruns.same,
            reruns.failed
        ),
        "1",
    );
    let of_streams = figures.memory_open.saturating_sub(figures.memory_before) as f64;
    row(
        "resident: without streams, with all, after the bookings, at the end",
        [figures.memory_before, figures.memory_open, figures.memory_booked, figures.memory_end]
            .map(|bytes| format!("{:.1}", bytes as f64 / MIB))
            .join(", ")
            + " MiB",
        "",
    );
    row(
        "all streams together; each",
        format!("{:.1} MiB; {:.1} KiB", of_streams / MIB, of_streams / KIB / count as f64),
        "200 MiB",
    );
    row("the kernel's buffers of all sockets, both ends", format!("{:.1} MiB", figures.kernel_bytes as f64 / MIB), "");
    if let Some(growth) = figures.growth {
        row(
            "resident in the first and the last tenth of the bookings; growth",
            format!(
                "{:.1}, {:.1} MiB; {:.1} KiB a minute over {:.1} minutes",
                growth.first / MIB,
                growth.last / MIB,
                growth.per_minute / KIB,
                growth.minutes
            ),
            "none",
        );
    }
    let storm = &figures.storm;
    row(
        &format!(
            "one change of all 100 answers until all {count} are told, from its answer: p50, most of {}",
            figures.changes
        ),
        two(&storm.whole_from_answered),
        "500 ms",
    );
    row("the same from its sending", two(&storm.whole_from_sent), "500 ms");
    row("frames then: lost, needless", format!("{}, {}", storm.lost, storm.needless), "none lost");
    row(
        "re-runs then, for each change and answer",
        format!("{:.3}", figures.storm_reruns.all() as f64 / (figures.changes * 100).max(1) as f64),
        "1",
    );
    row(
        &format!("reads of `availability` at {READS_PER_SECOND} a second meanwhile: p50, p99, most"),
        read(&figures.storm_reads),
        "p99 20 ms",
    );
    row("the same while nothing changes", read(&figures.quiet_reads), "");
    Ok(text.trim_end().to_owned())
}

fn three(latency: &Latency) -> String {
    format!("{:.1}, {:.1}, {:.1} ms", ms(latency.at(0.5)), ms(latency.at(0.99)), ms(latency.max()))
}

fn read(reads: &Reads) -> String {
    format!(
        "{}; {} of {} refused, {} never sent",
        three(&reads.latency),
        reads.errors,
        reads.latency.count() + reads.errors,
        reads.unsent
    )
}

fn two(latency: &Latency) -> String {
    format!("{:.0}, {:.0} ms", ms(latency.at(0.5)), ms(latency.max()))
}

fn raw(figures: &Figures, machine: &str) -> Result<Value> {
    let run = figures.options.context("it has options")?;
    let us = |latency: &Latency| {
        let at = |share: f64| latency.at(share).as_micros() as u64;
        json!({ "count": latency.count(), "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999), "most": latency.max().as_micros() as u64 })
    };
    let reads =
        |reads: &Reads| json!({ "latency_us": us(&reads.latency), "errors": reads.errors, "unsent": reads.unsent });
    let lags = |lags: &Lags| {
        json!({
            "frames": lags.frames, "needless": lags.needless, "lost": lags.lost,
            "from_sent_us": us(&lags.from_sent), "from_answered_us": us(&lags.from_answered),
            "whole_from_sent_us": us(&lags.whole_from_sent), "whole_from_answered_us": us(&lags.whole_from_answered),
        })
    };
    Ok(json!({
        "machine": machine,
        "streams": run.streams,
        "seconds": run.time.as_secs_f64(),
        "opened_in_ms": ms(figures.opened_in).round(),
        "memory_bytes": {
            "before": figures.memory_before, "open": figures.memory_open, "booked": figures.memory_booked,
            "end": figures.memory_end, "kernel": figures.kernel_bytes,
            "growth_per_minute": figures.growth.map(|growth| growth.per_minute.round()),
        },
        "bookings": figures.bookings, "refused": figures.refused, "altered": figures.altered,
        "reruns": { "changed": figures.reruns.changed, "same": figures.reruns.same, "failed": figures.reruns.failed },
        "written": figures.reruns.written, "written_within_50_ms": figures.reruns.in_time,
        "booked": lags(&figures.booked),
        "server_share": (figures.server_share * 1e4).round() / 1e4,
        "load_share": (figures.load_share * 1e4).round() / 1e4,
        "changes": figures.changes,
        "storm": lags(&figures.storm),
        "storm_reruns": figures.storm_reruns.all(),
        "reads": { "quiet": reads(&figures.quiet_reads), "storm": reads(&figures.storm_reads) },
        "foreign_share": (figures.foreign_share * 1e3).round() / 1e3,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::options::StreamsOptions;

    #[test]
    fn each_bound_of_the_workload_stands_beside_what_was_measured() {
        let options = Options::parse(&["--workload".to_owned(), "streams".to_owned()]).unwrap();
        let run: StreamsOptions = options.streams.unwrap();
        let mut figures = Figures { options: Some(run), altered: 200, changes: 2, bookings: 100, ..Figures::default() };
        figures.reruns.changed = 200;
        figures.storm_reruns.changed = 200;
        figures.memory_before = 20 << 20;
        figures.memory_open = 120 << 20;
        figures.booked.from_answered.record(Duration::from_millis(12));
        let text = section(&figures, &options, Duration::from_secs(180)).unwrap();
        for wanted in [
            "| frame after a booking's answer: p50, p99, most | 12.0, 12.0, 12.0 ms | p99 50 ms |",
            "| re-runs for each change of an answer | 1.000 (200 of 200; 0 with the same bytes, 0 failed) | 1 |",
            "| all streams together; each | 100.0 MiB; 10.2 KiB | 200 MiB |",
            "until all 10000 are told, from its answer: p50, most of 2 | 0, 0 ms | 500 ms |",
            "| p99 20 ms |",
        ] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
        assert_eq!(raw(&figures, "m").unwrap()["reruns"]["changed"], 200);
    }
}
