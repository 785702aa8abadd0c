//! Writes what was found: tables between markers in docs/results.md, charts and raw figures beside it.

mod tables;

use crate::compare::chart::{Bar, Chart, Panel};
use crate::compare::from_memory::Visit;
use crate::compare::machine;
use crate::compare::measure::{Cell, Figures};
use crate::compare::options::Options;
use crate::compare::overload::Step;
use crate::compare::ratio::median;
use crate::compare::systems::System;
use crate::compare::workload::Workload;
use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::time::Duration;

const DOCUMENT: &str = "docs/results.md";
const MARKS: Marks = Marks {
    begin: "<!-- From here to the end mark: written by `cargo xtask bench`; do not edit. -->",
    end: "<!-- The end of what `cargo xtask bench` writes. -->",
};

/// Between which lines of the document a section stands.
#[derive(Debug)]
pub(crate) struct Marks {
    pub(crate) begin: &'static str,
    pub(crate) end: &'static str,
}

/// Writes a whole run into the documents, any other under `target/`, and says where.
pub(crate) fn write(
    figures: &Figures,
    overload: &[Step],
    from_memory: &[Visit],
    options: &Options,
    took: Duration,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    let machine = machine::description();
    let section = tables::section(figures, overload, from_memory, options, &machine, took);
    let raw = raw(figures, overload, from_memory, options, &machine);
    let charts = [("throughput", throughput(figures)), ("processor-time", processor_time(figures))];
    let folder = folder(options.is_whole);
    fs::create_dir_all(folder.join("charts"))?;
    for (name, chart) in charts {
        fs::write(folder.join("charts").join(name).with_extension("svg"), chart.svg())?;
    }
    put("results", &section, &raw, &MARKS, options.is_whole, say)
}

/// Writes a section into the document, or into `NAME.md` of a run that is not whole, and its figures into `NAME.json`.
pub(crate) fn put(
    name: &str,
    section: &str,
    raw: &Value,
    marks: &Marks,
    is_whole: bool,
    say: &mut impl FnMut(&str),
) -> Result<()> {
    let folder = folder(is_whole);
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name).with_extension("json"), serde_json::to_string_pretty(raw)? + "\n")?;
    if is_whole {
        let document = fs::read_to_string(DOCUMENT).with_context(|| format!("cannot read {DOCUMENT}"))?;
        fs::write(DOCUMENT, between_marks(&document, marks, section))?;
    } else {
        fs::write(folder.join(name).with_extension("md"), format!("{section}\n"))?;
        say(section);
    }
    say(&format!("written to {}", folder.display()));
    Ok(())
}

fn folder(is_whole: bool) -> &'static Path {
    Path::new(if is_whole { "docs" } else { "target/bench" })
}

/// Replaces what stands between the marks, or appends both with it.
fn between_marks(document: &str, marks: &Marks, section: &str) -> String {
    let Marks { begin, end } = marks;
    let whole = format!("{begin}\n\n{section}\n\n{end}");
    match (document.find(begin), document.find(end)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{whole}{}", &document[..from], &document[to + end.len()..])
        }
        _ => format!("{}\n\n{whole}\n", document.trim_end()),
    }
}

fn throughput(figures: &Figures) -> Chart {
    chart(figures, "Answers a second, 64 connections (and Martlet's ratio)", |workload, system, cell| {
        let value = median(&cell.per_second)?;
        let ratio = figures.throughput_ratio(workload, System::Martlet, system)?;
        Some((value, format!("{}/s", tables::count(value)), format!("x {}", tables::short(ratio.median))))
    })
}

fn processor_time(figures: &Figures) -> Chart {
    let title = "Processor time of one answer, server, database and cache (and how often it is Martlet's)";
    chart(figures, title, |workload, _, cell| {
        let value = median(&cell.us_per_answer)?;
        let ours = median(&figures.cell(workload, System::Martlet)?.us_per_answer)?;
        Some((value, format!("{} us", tables::count(value)), format!("x {}", tables::short(value / ours))))
    })
}

fn chart(
    figures: &Figures,
    title: &str,
    value: impl Fn(Workload, System, &Cell) -> Option<(f64, String, String)>,
) -> Chart {
    let panel = |workload: Workload| {
        let bars = System::ALL.into_iter().filter_map(|system| {
            let (value, text, ratio) = value(workload, system, figures.cell(workload, system)?)?;
            let is_own = system == System::Martlet;
            Some(Bar { label: system.label().to_owned(), value, text, ratio: (!is_own).then_some(ratio), is_own })
        });
        Panel { name: workload.name().to_owned(), bars: bars.collect() }
    };
    let panels = Workload::ALL.into_iter().map(panel).filter(|panel| !panel.bars.is_empty()).collect();
    Chart { title: title.to_owned(), panels }
}

fn raw(figures: &Figures, overload: &[Step], from_memory: &[Visit], options: &Options, machine: &str) -> Value {
    let rounded = |values: &[f64]| values.iter().map(|value| (value * 10.0).round() / 10.0).collect::<Vec<_>>();
    let cells: Vec<Value> = figures
        .cells()
        .map(|(workload, system, cell)| {
            let us = |share: f64| cell.latency.at(share).as_micros() as u64;
            json!({
                "workload": workload.name(),
                "system": system.name(),
                "answers_per_second": rounded(&cell.per_second),
                "processor_us_per_answer": rounded(&cell.us_per_answer),
                "bytes_per_answer": cell.bytes_per_answer().round(),
                "latency_us": {
                    "answers": cell.latency.count(), "p50": us(0.5), "p99": us(0.99), "p99.9": us(0.999),
                    "most": cell.latency.max().as_micros() as u64, "unsent": cell.unsent,
                },
                "memory_bytes": { "at_rest": cell.memory_at_rest, "after": cell.memory_after },
                "errors": cell.errors,
                "hits": cell.hits.map(|hits| hits.hits),
                "calls": cell.hits.map(|hits| hits.calls),
                "foreign_share": (cell.foreign_share * 1e3).round() / 1e3,
            })
        })
        .collect();
    let overload: Vec<Value> = overload
        .iter()
        .map(|step| {
            json!({
                "times_peak": step.times_peak,
                "asked_per_second": step.asked_per_second.round(),
                "good_per_second": step.good_per_second.round(),
                "refused_per_second": step.refused_per_second.round(),
                "unsent_per_second": step.unsent_per_second.round(),
                "p99_ms": (step.p99_ms * 100.0).round() / 100.0,
            })
        })
        .collect();
    json!({
        "machine": machine,
        "scale": options.rows.scale,
        "rounds": options.rounds,
        "cells": cells,
        "overload": overload,
        "from_memory": from_memory.iter().map(Visit::raw).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let first = between_marks("# Results\n\nBy hand.\n", &MARKS, "one");
        assert!(first.starts_with("# Results\n\nBy hand.\n\n<!--"), "{first}");
        let more = format!("{first}\nMore by hand.\n");
        let second = between_marks(&more, &MARKS, "two");
        assert!(second.starts_with("# Results\n\nBy hand.\n\n<!--") && second.ends_with("\nMore by hand.\n"));
        assert!(second.contains("\ntwo\n") && !second.contains("one"));
        assert_eq!(between_marks(&second, &MARKS, "two"), second);
    }
}
