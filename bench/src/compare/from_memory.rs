//! Answers from memory beside the bare server that sends the same bytes, in pairs, more often than the other figures:
//! what is compared here differs by a microsecond.

use crate::compare::options::Options;
use crate::compare::ratio::{Ratio, median};
use crate::compare::request::Ask;
use crate::compare::systems::{System, Systems};
use crate::compare::workload::Workload;
use anyhow::{Context as _, Result, ensure};
use martlet_load::{Draw, Load, Pace, Pool, Report, run};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;

const WORKLOAD: Workload = Workload::Availability;
const PAIRS: usize = 5;
/// Of the bare server's peak, the same rate for all: about half of what it does.
const OPEN_PER_SECOND: f64 = 40_000.0;
const WARM_UP: Duration = Duration::from_millis(700);
const TIMEOUT: Duration = Duration::from_secs(10);

/// What is asked of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The bare server, whose every answer is the same.
    Bare,
    /// Answers that are kept.
    Hit,
    /// The same by callers who have them already: 304.
    Unchanged,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Bare, Self::Hit, Self::Unchanged];

    fn label(self) -> &'static str {
        match self {
            Self::Bare => "bare hyper, the same body",
            Self::Hit => "Martlet, from memory",
            Self::Unchanged => "Martlet, `If-None-Match`: 304",
        }
    }

    fn system(self) -> System {
        match self {
            Self::Bare => System::Bare,
            Self::Hit | Self::Unchanged => System::Martlet,
        }
    }
}

/// One kind, once.
#[derive(Debug)]
pub(crate) struct Visit {
    kind: Kind,
    per_second: f64,
    us_per_answer: f64,
    p99_ms: f64,
}

impl Visit {
    /// As it stands in the raw figures.
    pub(crate) fn raw(&self) -> Value {
        json!({
            "kind": format!("{:?}", self.kind).to_lowercase(),
            "answers_per_second": self.per_second.round(),
            "processor_us_per_answer": (self.us_per_answer * 100.0).round() / 100.0,
            "p99_ms": (self.p99_ms * 1000.0).round() / 1000.0,
        })
    }
}

/// Each kind in turn, so many times.
pub(crate) fn run_all(systems: &mut Systems, options: &Options, say: &mut impl FnMut(&str)) -> Result<Vec<Visit>> {
    let (asks, draw) = WORKLOAD.asks(systems.rows);
    let tags = asks.iter().map(|ask| tag(systems, ask)).collect::<Result<Vec<_>>>()?;
    let body = systems.ask(System::Martlet, &asks[0])?.body;
    systems.start_bare(&body)?;
    let mut visits = Vec::new();
    for pair in 1..=PAIRS {
        for kind in Kind::ALL {
            let visit = visit(systems, options, kind, &asks, &tags, &draw)?;
            say(&format!(
                "pair {pair}, {}: {:.0}/s, {:.2} us an answer, p99 {:.2} ms",
                kind.label(),
                visit.per_second,
                visit.us_per_answer,
                visit.p99_ms
            ));
            visits.push(visit);
        }
    }
    Ok(visits)
}

fn visit(
    systems: &Systems,
    options: &Options,
    kind: Kind,
    asks: &[Ask],
    tags: &[String],
    draw: &Draw,
) -> Result<Visit> {
    let address = systems.address(kind.system())?;
    let api = kind.system().api();
    let request = |(ask, tag): (&Ask, &String)| {
        let tag = (kind == Kind::Unchanged).then_some(tag.as_str());
        api.conditional(ask, &address.to_string(), &systems.tokens, tag)
    };
    let load = |pace: Pace| -> Result<Report> {
        let pool = Pool::new(asks.iter().zip(tags).map(request).collect(), draw.clone());
        let mut requests = martlet_load::Workload::new(1).kind(WORKLOAD.name(), 1.0, pool);
        let load = Load {
            connections: WORKLOAD.connections(),
            pace,
            warm_up: WARM_UP,
            duration: options.times.run,
            timeout: TIMEOUT,
            watched: systems.pids(kind.system())?,
            ..Load::new(address)
        };
        let report = run(&load, &mut requests)?;
        ensure!(report.all.errors() == 0, "{}: {} errors", kind.label(), report.all.errors());
        Ok(report)
    };
    let closed = load(Pace::Closed)?;
    let open = load(Pace::Open { per_second: OPEN_PER_SECOND })?;
    Ok(Visit {
        kind,
        per_second: closed.per_second(),
        us_per_answer: closed.processor_us_per_request().context("nothing was answered")?,
        p99_ms: open.all.latency.at(0.99).as_secs_f64() * 1e3,
    })
}

fn tag(systems: &Systems, ask: &Ask) -> Result<String> {
    let answer = systems.ask(System::Martlet, ask)?;
    let head = String::from_utf8_lossy(&answer.head);
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("etag").then(|| value.trim().to_owned())
    };
    head.lines().find_map(field).with_context(|| format!("{ask:?}: no tag"))
}

/// The section of docs/results.md.
pub(crate) fn section(visits: &[Visit]) -> String {
    let of = |kind: Kind, value: fn(&Visit) -> f64| -> Vec<f64> {
        visits.iter().filter(|visit| visit.kind == kind).map(value).collect()
    };
    let mut text = format!(
        "\n### Answers from memory beside a bare server\n\n\
         `availability`, all 1,825 stays kept, {PAIRS} times in turn; p99 at {OPEN_PER_SECOND} requests a second, open loop.\n\n\
         | | answers/s | processor time, us | to the bare server's | p99, ms | to the bare server's |\n\
         | --- | --- | --- | --- | --- | --- |\n"
    );
    for kind in Kind::ALL {
        let ratio = |value: fn(&Visit) -> f64| {
            let ratio = Ratio::of(&of(kind, value), &of(Kind::Bare, value));
            ratio.filter(|_| kind != Kind::Bare).map(Ratio::text).unwrap_or_default()
        };
        let middle = |value: fn(&Visit) -> f64| median(&of(kind, value)).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.2} | {} | {:.2} | {} |",
            kind.label(),
            middle(|visit| visit.per_second),
            middle(|visit| visit.us_per_answer),
            ratio(|visit| visit.us_per_answer),
            middle(|visit| visit.p99_ms),
            ratio(|visit| visit.p99_ms),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_row_and_a_ratio_within_its_own_pair() {
        let visit = |kind, us_per_answer| Visit { kind, per_second: 1e6 / us_per_answer, us_per_answer, p99_ms: 1.0 };
        let visits = [
            visit(Kind::Bare, 10.0),
            visit(Kind::Hit, 11.0),
            visit(Kind::Unchanged, 9.0),
            visit(Kind::Bare, 20.0),
            visit(Kind::Hit, 22.0),
            visit(Kind::Unchanged, 18.0),
        ];
        let text = section(&visits);
        assert!(text.contains("| Martlet, from memory | 68182 | 16.50 | 1.10 (1.10 to 1.10) | 1.00 |"), "{text}");
        assert!(text.contains("304 | 83333 | 13.50 | 90 % (90 to 90) |"), "{text}");
    }
}
