//! The cards at the top: what is now, and the last hour as a line.

use super::super::chart::{self, Line};
use super::super::figures::Gathered;
use super::super::html::Html;
use super::super::samples::Point;
use super::super::words::{count, share, short, size, span as span_in_words, time};
use super::{Part, put};

const HOUR_S: f64 = 3_600.0;
/// A server that has just begun fills more of the chart than the last moments of an hour.
const SPAN_MIN_S: f64 = 60.0;

/// One card.
struct Card {
    title: &'static str,
    /// The ids of what is drawn, and of the table behind.
    ids: [&'static str; 2],
    /// What the lines are called; one line has no name of its own.
    names: &'static [&'static str],
    /// The value of each line at a point; none where it says nothing.
    values: fn(&Point) -> Vec<Option<f64>>,
    /// A value in words.
    words: fn(f64) -> String,
    /// What stands large: the value of the first line, unless this says more.
    now: fn(&Gathered, &Point) -> Vec<String>,
    /// The chart's top where all values are small.
    least: f64,
}

const CARDS: &[Card] = &[
    Card {
        title: "Requests a second",
        ids: ["c-requests", "t-requests"],
        names: &["requests/s"],
        values: |point| vec![Some(point.requests as f64 / point.seconds)],
        words: short,
        now: |_, point| vec![short(point.requests as f64 / point.seconds)],
        least: 1.0,
    },
    Card {
        title: "Time of a request",
        ids: ["c-time", "t-time"],
        names: &["p50", "p95", "p99"],
        values: |point| point.percentiles_ns.iter().map(|ns| (point.requests > 0).then_some(*ns as f64)).collect(),
        words: |ns| time(ns as u64),
        now: |_, point| match point.requests {
            0 => vec!["–".to_owned()],
            _ => point.percentiles_ns.iter().map(|ns| time(*ns)).collect(),
        },
        least: 100_000.0,
    },
    Card {
        title: "Answers from memory",
        ids: ["c-hits", "t-hits"],
        names: &["from memory"],
        values: |point| vec![(point.asked > 0).then(|| point.hits as f64 * 100.0 / point.asked as f64)],
        words: |percent| format!("{percent:.1} %"),
        now: |_, point| vec![share(point.hits, point.asked).unwrap_or_else(|| "–".to_owned())],
        least: 100.0,
    },
    Card {
        title: "Failed and refused",
        ids: ["c-errors", "t-errors"],
        names: &["failed", "refused"],
        values: |point| vec![Some(point.errors as f64), Some(point.shed as f64)],
        words: |number| count(number as u64),
        now: |_, point| vec![count(point.errors), count(point.shed)],
        least: 1.0,
    },
    Card {
        title: "Answers ended by writes",
        ids: ["c-ended", "t-ended"],
        names: &["ended/s"],
        values: |point| vec![Some(point.invalidated as f64 / point.seconds)],
        words: short,
        now: |_, point| vec![short(point.invalidated as f64 / point.seconds)],
        least: 1.0,
    },
    Card {
        title: "Waiting for the database",
        ids: ["c-queue", "t-queue"],
        names: &["writes", "reads"],
        values: |point| vec![Some(point.writer_queue as f64), Some(point.reader_queue as f64)],
        words: |number| count(number as u64),
        now: |_, point| vec![count(point.writer_queue), count(point.reader_queue)],
        least: 1.0,
    },
    Card {
        title: "Live streams",
        ids: ["c-streams", "t-streams"],
        names: &["streams"],
        values: |point| vec![Some(point.streams as f64)],
        words: |number| count(number as u64),
        now: |gathered, _| vec![count(gathered.streams as u64)],
        least: 1.0,
    },
    Card {
        title: "Processor, of one core",
        ids: ["c-cpu", "t-cpu"],
        names: &["processor"],
        values: |point| vec![Some(point.cpu_ms as f64 / point.seconds / 10.0)],
        words: |percent| format!("{percent:.1} %"),
        now: |_, point| vec![format!("{:.1} %", point.cpu_ms as f64 / point.seconds / 10.0)],
        least: 10.0,
    },
    Card {
        title: "Memory",
        ids: ["c-memory", "t-memory"],
        names: &["memory"],
        values: |point| vec![Some(point.memory_bytes as f64)],
        words: |bytes| size(bytes as u64),
        now: |gathered, point| vec![size(gathered.memory_bytes.unwrap_or(point.memory_bytes))],
        least: 1.0,
    },
];

pub(super) fn parts(gathered: &Gathered) -> Vec<Part> {
    CARDS.iter().flat_map(|card| card.parts(gathered)).collect()
}

/// The cards, with their parts in their places.
pub(super) fn cards(main: &mut Html, parts: &[Part]) {
    for card in CARDS {
        let [chart, table] = card.ids;
        main.raw("<figure class=\"card\">\n<figcaption>").text(card.title).raw("</figcaption>\n<div data-live");
        main.attribute("id", chart).raw(">");
        put(main, parts, chart);
        main.raw("</div>\n<details><summary>Figures<span class=\"unseen\"> of ").text(card.title);
        main.raw("</span></summary><div data-live").attribute("id", table).raw(">");
        put(main, parts, table);
        main.raw("</div></details>\n</figure>\n");
    }
}

impl Card {
    fn parts(&self, gathered: &Gathered) -> [Part; 2] {
        let [chart, table] = self.ids;
        [Part { id: chart, html: self.chart(gathered) }, Part { id: table, html: self.table(gathered) }]
    }

    fn chart(&self, gathered: &Gathered) -> Html {
        let mut html = Html::new();
        html.raw("<p class=\"now\">");
        match &gathered.now {
            Some(now) => {
                let several = self.names.len() > 1;
                for (index, value) in (self.now)(gathered, now).iter().enumerate() {
                    html.raw(match index {
                        0 => "<span class=\"value a\">",
                        1 => "<span class=\"value b\">",
                        _ => "<span class=\"value c\">",
                    });
                    html.text(value);
                    if several && let Some(name) = self.names.get(index) {
                        html.raw(" <small>").text(name).raw("</small>");
                    }
                    html.raw("</span> ");
                }
            }
            None => drop(html.raw("<span class=\"value\">–</span>")),
        }
        html.raw("</p>");
        let hour = &gathered.hour;
        let (Some(first), Some(last)) = (hour.first(), hour.last()) else {
            html.raw("<p class=\"scale\">the first figures come in ten seconds</p>");
            return html;
        };
        let end = last.at.micros() as f64 / 1e6;
        let began = first.at.micros() as f64 / 1e6 - first.seconds;
        let span = (end - began).clamp(SPAN_MIN_S, HOUR_S);
        let lines: Vec<Line> = self
            .names
            .iter()
            .enumerate()
            .map(|(index, name)| Line { name, points: self.line(hour, index, (end, span)) })
            .collect();
        let values = lines.iter().flat_map(|line| &line.points).filter_map(|(_, value)| *value);
        let highest = values.fold(0.0, f64::max);
        let highest = (self.words)(highest);
        let span_words = match span {
            short if short < 600.0 => span_in_words(short.round() as u64),
            long => format!("{} min", (long / 60.0).round()),
        };
        let names = lines.iter().map(|line| line.name).collect::<Vec<_>>().join(", ");
        let label = format!("{}: {names} over the last {span_words}, at most {highest}", self.title);
        chart::draw(&mut html, &label, &lines, self.least);
        html.raw("<p class=\"scale\" aria-hidden=\"true\"><span>").text(&span_words).raw(" ago</span> <span>at most ");
        html.text(highest).raw("</span></p>");
        html
    }

    /// The points of a line by their place; a gap between two of them breaks it.
    fn line(&self, hour: &[Point], index: usize, (end, span): (f64, f64)) -> Vec<(f64, Option<f64>)> {
        let mut points = Vec::with_capacity(hour.len());
        let mut before: Option<f64> = None;
        for point in hour {
            let at = point.at.micros() as f64 / 1e6;
            let place = 1.0 - (end - at) / span;
            if before.is_some_and(|before| at - before > point.seconds * 2.0 + 1.0) {
                points.push((place, None));
            }
            before = Some(at);
            points.push((place, (self.values)(point).get(index).copied().flatten()));
        }
        points
    }

    fn table(&self, gathered: &Gathered) -> Html {
        let mut html = Html::new();
        let hour = &gathered.hour;
        let rows = chart::rows_of(hour.len()).map(|index| {
            let point = &hour[index];
            let values = (self.values)(point).into_iter();
            let values = values.map(|value| value.map_or("–".to_owned(), |value| (self.words)(value)));
            (time_of_day(&point.at.to_string()).to_owned(), values.collect())
        });
        chart::table(&mut html, self.title, self.names, &rows.collect::<Vec<_>>());
        html
    }
}

/// `2027-01-31T12:34:56...` without its day: UTC.
fn time_of_day(timestamp: &str) -> &str {
    timestamp.get(11..19).unwrap_or(timestamp)
}
