//! Two times side by side, and what has changed between them.

use martlet_core::{Spread, Timestamp};
use martlet_engine::history::{Figure, Item, ItemFigure, ItemKind, Period, Step};
use serde_json::{Value, json};
use std::time::Duration;

/// Fewer calls say nothing of how long a call takes, or how often it is called.
pub(super) const CALLS_MIN: u64 = 100;
/// Fewer errors say nothing of their share.
const ERRORS_MIN: u64 = 10;
/// By so many points of a hundred a hit rate has to change to be told.
const POINTS_MIN: f64 = 5.0;
/// Changes that are told.
const CHANGES_MAX: usize = 20;

/// Two times side by side.
pub(super) struct Report {
    pub(super) name: String,
    pub(super) since: Duration,
    /// Percent by which something has to change to be told.
    pub(super) over: u32,
    pub(super) step: Step,
    pub(super) until: Timestamp,
    pub(super) now: Side,
    pub(super) before: Side,
}

/// One of the two times.
pub(super) struct Side {
    /// All its rows as one.
    pub(super) all: Period,
    /// Most requests a second of one row.
    pub(super) most_a_second: f64,
}

impl Side {
    pub(super) fn of(from: Timestamp, periods: &[Period]) -> Self {
        let mut all = Period::empty(from);
        periods.iter().for_each(|period| all.merge(period));
        let most = periods.iter().map(|period| a_second(period, period.get(Figure::Requests))).fold(0.0, f64::max);
        Self { all, most_a_second: most }
    }

    /// Whether a server ran at all.
    pub(super) fn is_known(&self) -> bool {
        !self.all.observed.is_zero()
    }

    /// So many of something a second, of those in which a server ran.
    pub(super) fn a_second(&self, count: u64) -> f64 {
        a_second(&self.all, count)
    }

    pub(super) fn get(&self, figure: Figure) -> u64 {
        self.all.get(figure)
    }

    pub(super) fn item(&self, kind: ItemKind, name: &str) -> Option<&Item> {
        self.all.items.iter().find(|item| item.kind == kind && &*item.name == name)
    }

    /// Calls of queries, and those answered from memory as a share.
    pub(super) fn hit_rate(&self) -> Option<f64> {
        rate(self.get(Figure::Hits), self.reads())
    }

    /// Calls of queries.
    pub(super) fn reads(&self) -> u64 {
        [Figure::Hits, Figure::Misses, Figure::Bypassed].map(|figure| self.get(figure)).iter().sum()
    }
}

fn a_second(period: &Period, count: u64) -> f64 {
    // A part shorter than that is no rate.
    count as f64 / period.observed.as_secs_f64().max(1.0)
}

/// A share of a whole; none of nothing.
pub(super) fn rate(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

pub(super) fn hit_rate(item: &Item) -> Option<f64> {
    let reads =
        [ItemFigure::Hits, ItemFigure::Misses, ItemFigure::Bypassed].map(|figure| item.get(figure)).iter().sum();
    rate(item.get(ItemFigure::Hits), reads)
}

/// Something that is not as it was.
#[derive(Debug)]
pub(super) struct Change {
    /// What it is of: `query availability`; `server`.
    pub(super) of: String,
    /// Which figure.
    pub(super) figure: &'static str,
    pub(super) before: f64,
    pub(super) now: f64,
    pub(super) unit: Unit,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    /// Of something a second.
    PerSecond,
    /// 0 to 1.
    Share,
    Bytes,
    Count,
}

impl Change {
    /// By so much: 0.5 is half more, infinite what was not there.
    pub(super) fn relative(&self) -> f64 {
        if self.before > 0.0 { self.now / self.before - 1.0 } else { f64::INFINITY }
    }

    /// How much it matters: twice is as much as half.
    fn weight(&self) -> f64 {
        if self.now > 0.0 && self.before > 0.0 { (self.now / self.before).ln().abs() } else { f64::MAX }
    }
}

impl Report {
    /// What has changed by more than is asked, what changed most first; wrong answers before all.
    pub(super) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        if self.now.is_known() && self.before.is_known() {
            self.server_changes(&mut changes);
            for item in &self.now.all.items {
                self.item_changes(item, self.before.item(item.kind, &item.name), &mut changes);
            }
            for gone in self.before.all.items.iter().filter(|item| item.get(ItemFigure::Calls) >= CALLS_MIN) {
                if self.now.item(gone.kind, &gone.name).is_none() {
                    changes.push(self.calls(gone.kind, &gone.name, 0, gone.get(ItemFigure::Calls)));
                }
            }
        }
        changes.sort_by(|a, b| b.weight().total_cmp(&a.weight()));
        changes.truncate(CHANGES_MAX);
        changes
    }

    fn server_changes(&self, changes: &mut Vec<Change>) {
        let (now, before) = (&self.now, &self.before);
        let mut add = |figure, unit, before: f64, now: f64| {
            let change = Change { of: "server".to_owned(), figure, before, now, unit };
            if self.is_over(&change) {
                changes.push(change);
            }
        };
        let requests = [before, now].map(|side| side.get(Figure::Requests));
        if requests.iter().any(|count| *count >= CALLS_MIN) {
            add("requests", Unit::PerSecond, before.a_second(requests[0]), now.a_second(requests[1]));
        }
        if requests.iter().all(|count| *count >= CALLS_MIN) {
            for (figure, of) in [("errors", Figure::Errors), ("refused for load", Figure::Shed)] {
                let counts = [before, now].map(|side| side.get(of));
                if counts.iter().any(|count| *count >= ERRORS_MIN) {
                    let share = |place: usize| rate(counts[place], requests[place]).unwrap_or(0.0);
                    add(figure, Unit::Share, share(0), share(1));
                }
            }
            for (figure, share) in [("p50", 0.5), ("p99", 0.99)] {
                add(figure, Unit::Seconds, seconds(&before.all.durations, share), seconds(&now.all.durations, share));
            }
        }
        if [before, now].iter().all(|side| side.reads() >= CALLS_MIN) {
            let rates = [before, now].map(|side| side.hit_rate().unwrap_or(0.0));
            if (rates[1] - rates[0]).abs() * 100.0 >= POINTS_MIN {
                changes.push(Change {
                    of: "server".to_owned(),
                    figure: "hit rate",
                    before: rates[0],
                    now: rates[1],
                    unit: Unit::Share,
                });
            }
        }
        let memory = [before, now].map(|side| side.get(Figure::MemoryBytes) as f64);
        let change =
            Change { of: "server".to_owned(), figure: "memory", before: memory[0], now: memory[1], unit: Unit::Bytes };
        if memory[0] > 0.0 && self.is_over(&change) {
            changes.push(change);
        }
    }

    fn item_changes(&self, now: &Item, before: Option<&Item>, changes: &mut Vec<Change>) {
        let of = || format!("{} {}", now.kind.name(), now.name);
        let calls = |item: &Item| item.get(ItemFigure::Calls);
        let calls_before = before.map_or(0, calls);
        if calls(now).max(calls_before) >= CALLS_MIN {
            let change = self.calls(now.kind, &now.name, calls(now), calls_before);
            if self.is_over(&change) {
                changes.push(change);
            }
        }
        let Some(before) = before else { return };
        if now.durations.count() >= CALLS_MIN && before.durations.count() >= CALLS_MIN {
            for (figure, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
                let times = [before, now].map(|item| seconds(&item.durations, share));
                let change = Change { of: of(), figure, before: times[0], now: times[1], unit: Unit::Seconds };
                if self.is_over(&change) {
                    changes.push(change);
                }
            }
        }
        if now.get(ItemFigure::Errors).max(before.get(ItemFigure::Errors)) >= ERRORS_MIN {
            let share = |item: &Item| rate(item.get(ItemFigure::Errors), item.durations.count()).unwrap_or(0.0);
            let change =
                Change { of: of(), figure: "errors", before: share(before), now: share(now), unit: Unit::Share };
            if self.is_over(&change) {
                changes.push(change);
            }
        }
        let rates = [before, now].map(|item| hit_rate(item).filter(|_| calls(item) >= CALLS_MIN));
        if let [Some(rate_before), Some(rate_now)] = rates
            && (rate_now - rate_before).abs() * 100.0 >= POINTS_MIN
        {
            let (before, now) = (rate_before, rate_now);
            changes.push(Change { of: of(), figure: "hit rate", before, now, unit: Unit::Share });
        }
    }

    fn calls(&self, kind: ItemKind, name: &str, now: u64, before: u64) -> Change {
        Change {
            of: format!("{} {name}", kind.name()),
            figure: "calls",
            before: self.before.a_second(before),
            now: self.now.a_second(now),
            unit: Unit::PerSecond,
        }
    }

    fn is_over(&self, change: &Change) -> bool {
        change.before != change.now && change.relative().abs() * 100.0 > f64::from(self.over)
    }

    pub(super) fn to_json(&self) -> Value {
        let side = |side: &Side| {
            let mut fields = side.all.to_json();
            fields["requests_per_s"] = json!(side.a_second(side.get(Figure::Requests)));
            fields["requests_per_s_most"] = json!(side.most_a_second);
            fields["hit_rate"] = json!(side.hit_rate());
            fields
        };
        let change = |change: &Change| {
            let relative = Some(change.relative()).filter(|relative| relative.is_finite());
            json!({
                "of": change.of,
                "figure": change.figure,
                "unit": change.unit.name(),
                "before": change.before,
                "now": change.now,
                "change": relative,
            })
        };
        json!({
            "name": self.name,
            "until": self.until.to_string(),
            "since_s": self.since.as_secs(),
            "by": match self.step { Step::Minute => "minute", Step::Hour => "hour" },
            "over_percent": self.over,
            "now": side(&self.now),
            "before": self.before.is_known().then(|| side(&self.before)),
            "changed": self.changes().iter().map(change).collect::<Vec<_>>(),
        })
    }
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::PerSecond => "per_s",
            Unit::Share => "share",
            Unit::Bytes => "bytes",
            Unit::Count => "count",
        }
    }
}

/// A percentile in seconds.
pub(super) fn seconds(durations: &Spread, share: f64) -> f64 {
    let [ns] = durations.at([share]);
    (ns / 1_000) as f64 / 1e6
}
