//! A report as text: ASCII in lines that a mail takes as they are.

use super::super::stats::{in_columns, written};
use super::compare::{CALLS_MIN, Change, Report, Side, Unit, hit_rate, rate, seconds};
use crate::settings::value::written_duration;
use martlet_core::Timestamp;
use martlet_engine::history::{Figure, Item, ItemFigure, ItemKind};

/// Queries, actions and routes that are listed, each.
const LISTED_MAX: usize = 10;
/// The slowest that are listed.
const SLOWEST_MAX: usize = 5;
/// Characters of a name that are shown.
const NAME_MAX: usize = 36;

pub(super) fn of(report: &Report) -> String {
    let since = written_duration(report.since);
    let mut parts = vec![format!(
        "{}: the last {since}, to {}, against the {since} before",
        ascii(&report.name),
        minute_of(report.until)
    )];
    parts.extend(warnings(report));
    parts.push(server(report));
    for (kind, title) in [
        (ItemKind::Query, "Queries (times in the database)"),
        (ItemKind::Action, "Actions (times in the database)"),
        (ItemKind::Route, "Routes (times of whole requests)"),
    ] {
        parts.extend(items(report, kind).map(|table| format!("{title}\n{table}")));
    }
    parts.extend(slowest(report));
    parts.push(changed(report));
    parts.join("\n\n")
}

/// What must be read first.
fn warnings(report: &Report) -> Option<String> {
    let mut lines = Vec::new();
    let wrong = report.now.get(Figure::Violations);
    if wrong > 0 {
        lines.push(format!("WRONG ANSWERS FROM MEMORY: {wrong}. The log has them; please report it."));
    }
    if !report.before.is_known() {
        lines.push("Nothing is known of the time before: no server ran, or it was too long ago.".to_owned());
    }
    for (side, name) in [(&report.now, "the last time"), (&report.before, "the time before")] {
        let (observed, whole) = (side.all.observed.as_secs_f64(), report.since.as_secs_f64());
        if side.is_known() && observed < whole * 0.9 {
            lines.push(format!("A server ran for {:.0} % of {name}; rates are of that.", observed / whole * 100.0));
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn server(report: &Report) -> String {
    let mut rows = vec![["", "now", "before", "change"].map(str::to_owned)];
    let (now, before) = (&report.now, &report.before);
    let mut add = |name: &str, unit: Unit, of: &dyn Fn(&Side) -> Option<f64>| {
        let values = [now, before].map(|side| of(side).filter(|_| side.is_known()));
        let text = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| with_unit(value, unit));
        rows.push([name.to_owned(), text(values[0]), text(values[1]), change_of(values, unit)]);
    };
    let count = |figure: Figure| move |side: &Side| Some(side.get(figure) as f64);
    let share = |figure: Figure| move |side: &Side| rate(side.get(figure), side.reads());
    let time = |share: f64| move |side: &Side| Some(seconds(&side.all.durations, share));
    let wait = |waits: Figure, ns: Figure| {
        move |side: &Side| (side.get(waits) > 0).then(|| side.get(ns) as f64 / side.get(waits) as f64 / 1e9)
    };
    add("requests", Unit::Count, &count(Figure::Requests));
    add("  a second", Unit::PerSecond, &|side| Some(side.a_second(side.get(Figure::Requests))));
    add("  a second, at most", Unit::PerSecond, &|side| Some(side.most_a_second));
    add("errors (5xx)", Unit::Count, &count(Figure::Errors));
    add("refused (4xx)", Unit::Count, &count(Figure::ClientErrors));
    add("refused for load", Unit::Count, &count(Figure::Shed));
    add("p50", Unit::Seconds, &time(0.5));
    add("p95", Unit::Seconds, &time(0.95));
    add("p99", Unit::Seconds, &time(0.99));
    add("reads from memory", Unit::Share, &Side::hit_rate);
    add("  shared a run", Unit::Share, &share(Figure::Coalesced));
    add("  never kept", Unit::Share, &share(Figure::Bypassed));
    add("answers ended by writes", Unit::Count, &count(Figure::Invalidated));
    add("  in vain", Unit::Count, &count(Figure::Useless));
    add("slow statements", Unit::Count, &count(Figure::Slow));
    add("wait for the writer", Unit::Seconds, &wait(Figure::WriterWaits, Figure::WriterWaitNs));
    add("wait for a reader", Unit::Seconds, &wait(Figure::ReaderWaits, Figure::ReaderWaitNs));
    add("refused in a queue", Unit::Count, &|side| {
        Some((side.get(Figure::WriterTimeouts) + side.get(Figure::ReaderTimeouts)) as f64)
    });
    add("processor", Unit::Share, &|side| Some(side.a_second(side.get(Figure::CpuMs)) / 1e3));
    add("memory, at most", Unit::Bytes, &count(Figure::MemoryBytes));
    add("  kept answers", Unit::Bytes, &count(Figure::CacheBytes));
    add("streams, at most", Unit::Count, &count(Figure::Streams));
    in_columns(&rows, 1)
}

/// The busiest of a kind; none where nothing of it was called.
fn items(report: &Report, kind: ItemKind) -> Option<String> {
    let mut busiest: Vec<&Item> = report.now.all.items.iter().filter(|item| item.kind == kind).collect();
    if busiest.is_empty() {
        return None;
    }
    busiest.sort_by(|a, b| (b.get(ItemFigure::Calls), &*a.name).cmp(&(a.get(ItemFigure::Calls), &*b.name)));
    let mut rows =
        vec![["name", "calls", "change", "memory", "errors", "p50", "p95", "p99", "p99 before"].map(str::to_owned)];
    for item in busiest.iter().take(LISTED_MAX) {
        let before = report.before.item(kind, &item.name);
        let calls = item.get(ItemFigure::Calls);
        let calls_before = before.map(|before| report.before.a_second(before.get(ItemFigure::Calls)));
        let time = |item: &Item, share| match item.durations.is_empty() {
            true => "-".to_owned(),
            false => written(seconds(&item.durations, share)),
        };
        rows.push([
            shortened(&item.name),
            calls.to_string(),
            change_of([Some(report.now.a_second(calls)), calls_before], Unit::PerSecond),
            hit_rate(item).map_or_else(|| "-".to_owned(), |rate| with_unit(rate, Unit::Share)),
            item.get(ItemFigure::Errors).to_string(),
            time(item, 0.5),
            time(item, 0.95),
            time(item, 0.99),
            before.map_or_else(|| "-".to_owned(), |before| time(before, 0.99)),
        ]);
    }
    let mut table = in_columns(&rows, 1);
    if busiest.len() > LISTED_MAX {
        table.push_str(&format!("\n({} more; --json has all)", busiest.len() - LISTED_MAX));
    }
    Some(table)
}

fn slowest(report: &Report) -> Option<String> {
    let is_timed = |item: &&Item| item.kind != ItemKind::Route && item.durations.count() >= CALLS_MIN;
    let mut slowest: Vec<&Item> = report.now.all.items.iter().filter(is_timed).collect();
    slowest.sort_by(|a, b| {
        seconds(&b.durations, 0.99).total_cmp(&seconds(&a.durations, 0.99)).then_with(|| a.name.cmp(&b.name))
    });
    let mut rows = vec![["name", "kind", "runs", "p99", "slowest", "in all"].map(str::to_owned)];
    rows.extend(slowest.iter().take(SLOWEST_MAX).map(|item| {
        [
            shortened(&item.name),
            item.kind.name().to_owned(),
            item.durations.count().to_string(),
            written(seconds(&item.durations, 0.99)),
            written(seconds(&item.durations, 1.0)),
            written(item.get(ItemFigure::TotalNs) as f64 / 1e9),
        ]
    }));
    (rows.len() > 1)
        .then(|| format!("Slowest in the database (of those with {CALLS_MIN} runs or more)\n{}", in_columns(&rows, 2)))
}

fn changed(report: &Report) -> String {
    let title = format!("Changed by more than {} %", report.over);
    if !report.before.is_known() {
        return format!("{title}\nunknown: there is nothing to compare with");
    }
    let changes = report.changes();
    if changes.is_empty() {
        return format!("{title}\nnothing");
    }
    let line = |change: &Change| {
        let values = [Some(change.now), Some(change.before)];
        let [now, before] = [change.now, change.before].map(|value| with_unit(value, change.unit));
        format!("- {}: {} {before} -> {now} ({})", shortened(&change.of), change.figure, change_of(values, change.unit))
    };
    format!("{title}\n{}", changes.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// `+12 %`; of shares in points of a hundred.
fn change_of([now, before]: [Option<f64>; 2], unit: Unit) -> String {
    match (now, before) {
        (Some(now), Some(before)) if unit == Unit::Share => match (now - before) * 100.0 {
            small if small.abs() < 0.05 => "=".to_owned(),
            points => format!("{points:+.1} pts"),
        },
        (Some(now), Some(before)) if before > 0.0 => match (now / before - 1.0) * 100.0 {
            small if small.abs() < 0.5 => "=".to_owned(),
            percent if percent >= 10_000.0 => format!("x{:.0}", now / before),
            percent => format!("{percent:+.0} %"),
        },
        (Some(now), Some(_)) if now > 0.0 => "new".to_owned(),
        (Some(now), None) if now > 0.0 => "new".to_owned(),
        (Some(_), Some(_)) => "=".to_owned(),
        _ => "-".to_owned(),
    }
}

fn with_unit(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => written(value),
        Unit::PerSecond if value >= 100.0 => format!("{value:.0}/s"),
        Unit::PerSecond if value >= 1.0 || value <= 0.0 => format!("{value:.1}/s"),
        Unit::PerSecond => format!("{value:.4}/s"),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Bytes => format!("{:.1} MiB", value / f64::from(1 << 20)),
        Unit::Count => format!("{value:.0}"),
    }
}

/// `2026-11-20 19:00 UTC`
fn minute_of(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

fn shortened(name: &str) -> String {
    let name = ascii(name);
    if name.len() <= NAME_MAX { name } else { format!("{}...", &name[..NAME_MAX - 3]) }
}

/// A mail without a declared character set takes nothing else, and nothing in it may begin a line of its own.
fn ascii(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_ascii_graphic() || character == ' ' { character } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests;
