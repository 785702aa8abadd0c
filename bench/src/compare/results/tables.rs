//! The section of docs/results.md: what was done, then tables.

use crate::compare::from_memory::{self, Visit};
use crate::compare::measure::{Cell, Figures};
use crate::compare::options::Options;
use crate::compare::overload::Step;
use crate::compare::ratio::{Ratio, median};
use crate::compare::systems::System;
use crate::compare::workload::Workload;
use std::fmt::Write as _;
use std::time::Duration;

/// A percentile of fewer answers beyond it says nothing.
const BEYOND_MIN: f64 = 3.0;
const MIB: f64 = 1_048_576.0;

pub(super) fn section(
    figures: &Figures,
    overload: &[Step],
    from_memory: &[Visit],
    options: &Options,
    machine: &str,
    took: Duration,
) -> String {
    let mut text = format!(
        "## Beside other servers\n\n\
         `cargo xtask bench` measured all of this in one run of {:.0} minutes, {} rounds, each system after the other in every round.\n\
         Machine: {machine}.\n\
         Data at scale {}; the whole server's side (server, database, cache) on one processor, the load on another.\n\
         A ratio is Martlet's throughput to the other's in the same round; the median, and in brackets the least and most of the rounds.\n\
         Nothing else took more than {:.0} % of the servers' processor during any run.\n",
        took.as_secs_f64() / 60.0,
        options.rounds,
        options.rows.scale,
        figures.cells().map(|(_, _, cell)| cell.foreign_share).fold(0.0, f64::max) * 100.0,
    );
    text.push_str("\n| system | its database |\n| --- | --- |\n");
    for system in System::ALL {
        let _ = writeln!(text, "| {} | {} |", system.label(), system.database());
    }
    if options.is_whole {
        text.push_str("\n![Answers a second](charts/throughput.svg)\n");
        text.push_str("\n![Processor time of one answer](charts/processor-time.svg)\n");
    }
    let others = &System::ALL[1..];
    table(&mut text, "Martlet's throughput to that of", "Martlet", options, &System::ALL, |workload, system| {
        if system == System::Martlet {
            return Some(format!("{}/s", count(median(&figures.cell(workload, system)?.per_second)?)));
        }
        figures.throughput_ratio(workload, System::Martlet, system).map(Ratio::text)
    });
    let stored = &System::ALL[2..];
    table(&mut text, "Without its cache, to that of", "", options, stored, |workload, system| {
        figures.throughput_ratio(workload, System::Uncached, system).map(Ratio::text)
    });
    let own = &System::ALL[..2];
    let title = "Processor time of one answer, to that of the bare server's same bytes";
    table(&mut text, title, "Martlet", options, own, |workload, system| {
        figures.processor_ratio(workload, system, System::Bare).map(Ratio::text)
    });
    table(&mut text, "Answers from memory", "Martlet", options, &System::ALL[..1], |workload, system| {
        let share = figures.cell(workload, system)?.hits?.share()?;
        Some(format!("{:.1} %", share * 100.0))
    });
    table(&mut text, "Answers a second", "", options, others, |workload, system| {
        Some(count(median(&figures.cell(workload, system)?.per_second)?))
    });
    table(&mut text, "Processor time of one answer, us", "", options, &System::ALL, |workload, system| {
        Some(count(median(&figures.cell(workload, system)?.us_per_answer)?))
    });
    let title = "Latency at half of the system's own throughput, open loop: p50, p99, p99.9 in ms";
    table(&mut text, title, "", options, &System::ALL, |workload, system| figures.cell(workload, system).map(latency));
    let title = "Memory of all processes, shared pages in part: before and after the runs, MiB";
    table(&mut text, title, "", options, &System::ALL, |workload, system| {
        let cell = figures.cell(workload, system)?;
        Some(format!("{:.0}, {:.0}", cell.memory_at_rest as f64 / MIB, cell.memory_after as f64 / MIB))
    });
    errors(&mut text, figures);
    if !from_memory.is_empty() {
        text.push_str(&from_memory::section(from_memory));
    }
    if !overload.is_empty() {
        overload_table(&mut text, overload);
    }
    text.trim_end().to_owned()
}

/// A table with a row for each workload and a column for each system; an empty cell where nothing was measured.
fn table(
    text: &mut String,
    title: &str,
    own_title: &str,
    options: &Options,
    systems: &[System],
    cell: impl Fn(Workload, System) -> Option<String>,
) {
    let head = |system: &System| match system {
        System::Martlet if !own_title.is_empty() => own_title.to_owned(),
        other => other.label().to_owned(),
    };
    let heads: Vec<String> = systems.iter().map(head).collect();
    let _ = writeln!(text, "\n### {title}\n\n| workload | {} |", heads.join(" | "));
    let _ = writeln!(text, "| --- |{}", " --- |".repeat(systems.len()));
    for workload in &options.workloads {
        let cells: Vec<String> = systems.iter().map(|system| cell(*workload, *system).unwrap_or_default()).collect();
        let _ = writeln!(text, "| {} | {} |", workload.name(), cells.join(" | "));
    }
}

fn latency(cell: &Cell) -> String {
    let answers = cell.latency.count() as f64;
    let at = |share: f64| {
        // Enough answers beyond a percentile that it is not one answer's luck.
        let is_known = answers * (1.0 - share) >= BEYOND_MIN;
        is_known.then(|| short(cell.latency.at(share).as_secs_f64() * 1e3))
    };
    let known: Vec<String> = [0.5, 0.99, 0.999].into_iter().map_while(at).collect();
    if cell.unsent > 0 { format!("{} ({} unsent)", known.join(", "), cell.unsent) } else { known.join(", ") }
}

fn errors(text: &mut String, figures: &Figures) {
    let wrong: Vec<String> = figures
        .cells()
        .filter(|(_, _, cell)| cell.errors > 0)
        .map(|(workload, system, cell)| {
            format!("{} of {} on {}", cell.errors, cell.answers, [workload.name(), system.label()].join(", "))
        })
        .collect();
    if wrong.is_empty() {
        text.push_str("\nEvery request of every run was answered without an error; samples were compared between the systems before each.\n");
    } else {
        let _ = writeln!(text, "\nErrors: {}.", wrong.join("; "));
    }
}

fn overload_table(text: &mut String, steps: &[Step]) {
    let (Some(peak), Some(normal)) = (steps.first().map(|step| step.good_per_second), steps.first()) else { return };
    text.push_str(
        "\n### Overload\n\n\
         `availability` with the cache off, open loop with 512 connections at a multiple of the peak, then the peak again; \
         good is an answer below 400 within a second of the moment at which it was due.\n\n\
         | rate | asked/s | good/s | of the peak | refused/s | never sent/s | p99 of the good, ms | to the peak's |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for step in steps {
        let rate = step.times_peak.map_or_else(|| "peak".to_owned(), |times| format!("{times:.0} x peak"));
        let _ = writeln!(
            text,
            "| {rate} | {} | {} | {:.0} % | {} | {} | {} | {} |",
            count(step.asked_per_second),
            count(step.good_per_second),
            step.good_per_second / peak * 100.0,
            count(step.refused_per_second),
            count(step.unsent_per_second),
            short(step.p99_ms),
            short(step.p99_ms / normal.p99_ms.max(f64::MIN_POSITIVE)),
        );
    }
}

/// A number as people read it: thousands apart, a digit behind the point only where it is small.
pub(super) fn count(value: f64) -> String {
    if value > 0.0 && value < 100.0 {
        return short(value);
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Two digits that count, at least.
pub(super) fn short(value: f64) -> String {
    let digits = if value >= 10.0 { 1 } else { 2 };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        let texts = [0.0, 0.456, 9.87, 45.67, 999.6, 12_345.6, 1_234_567.0].map(count);
        assert_eq!(texts, ["0", "0.46", "9.87", "45.7", "1,000", "12,346", "1,234,567"]);
    }

    #[test]
    fn a_percentile_of_few_answers_is_not_told() {
        let mut cell = Cell::default();
        for ms in 1..=400 {
            cell.latency.record(Duration::from_millis(ms));
        }
        assert_eq!(latency(&cell).split(", ").count(), 2);
        cell.unsent = 3;
        assert!(latency(&cell).ends_with(" (3 unsent)"));
    }
}
