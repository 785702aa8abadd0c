//! Writing families in the two text forms.

use super::family::{Family, FamilyKind};
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::{HistogramCounts, limits};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The form of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Prometheus' text, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

impl Form {
    /// OpenMetrics where `Accept` names it, with a weight above 0.
    pub(crate) fn of(fields: &HeaderMap) -> Self {
        let names = |value: &HeaderValue| {
            value.to_str().unwrap_or_default().split(',').any(|part| {
                let mut parameters = part.split(';').map(str::trim);
                let is_named =
                    parameters.next().is_some_and(|name| name.eq_ignore_ascii_case("application/openmetrics-text"));
                is_named && !parameters.any(|parameter| matches!(parameter, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
            })
        };
        if fields.get_all(header::ACCEPT).iter().any(names) { Form::OpenMetrics } else { Form::Prometheus }
    }

    pub(crate) fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Form::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Form::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        })
    }
}

/// A label and its value; an empty value is no label.
pub(super) type Label<'a> = (&'static str, Cow<'a, str>);

/// What a series shows.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    /// A whole number.
    Count(u64),
    /// A number.
    Number(f64),
    /// Counts of values, each of which is so many of the family's unit.
    Histogram(HistogramCounts, f64),
}

/// One series.
pub(super) type Series<'a> = (Vec<Label<'a>>, Shown);

/// Nanoseconds in a second.
pub(super) const NANOS: f64 = 1e9;

pub(super) struct Page {
    text: String,
    form: Form,
    /// Values that were counted together because their family has too many series.
    pub(super) overflowed: u64,
}

impl Page {
    pub(super) fn new(form: Form) -> Self {
        Self { text: String::with_capacity(16 * 1024), form, overflowed: 0 }
    }

    /// Writes a family; one without a series is told by its head alone.
    pub(super) fn family<'a>(&mut self, family: &Family, series: impl IntoIterator<Item = Series<'a>>) {
        let name = self.head(family);
        let (mut written, mut rest) = (0, None);
        for (labels, shown) in series {
            written += 1;
            if written < limits::METRIC_SERIES_MAX {
                self.series(name, family, &labels, &shown);
            } else {
                rest = Some(self.together(rest, shown));
            }
        }
        if let Some(rest) = rest {
            self.series(name, family, &[("otel_metric_overflow", Cow::Borrowed("true"))], &rest);
        }
    }

    fn together(&mut self, rest: Option<Shown>, shown: Shown) -> Shown {
        self.overflowed += match &shown {
            Shown::Histogram(counts, _) => counts.count(),
            Shown::Count(_) | Shown::Number(_) => 1,
        };
        match (rest, shown) {
            (Some(Shown::Histogram(mut all, scale)), Shown::Histogram(more, _)) => {
                all.counts.iter_mut().zip(&more.counts).for_each(|(sum, count)| *sum += count);
                all.sum += more.sum;
                Shown::Histogram(all, scale)
            }
            (Some(Shown::Count(all)), Shown::Count(more)) => Shown::Count(all + more),
            (_, shown) => shown,
        }
    }

    /// The family's name in this form.
    fn head(&mut self, family: &Family) -> &'static str {
        let is_open = self.form == Form::OpenMetrics;
        let (name, kind) = match family.kind {
            FamilyKind::Counter if is_open => (family.name.trim_end_matches("_total"), "counter"),
            FamilyKind::Info if is_open => (family.name.trim_end_matches("_info"), "info"),
            FamilyKind::Counter => (family.name, "counter"),
            FamilyKind::Gauge | FamilyKind::Info => (family.name, "gauge"),
            FamilyKind::Histogram => (family.name, "histogram"),
        };
        let _ = writeln!(self.text, "# HELP {name} {}\n# TYPE {name} {kind}", family.help);
        if let Some(unit) = family.unit.filter(|_| is_open) {
            let _ = writeln!(self.text, "# UNIT {name} {unit}");
        }
        family.name
    }

    fn series(&mut self, name: &str, family: &Family, labels: &[Label<'_>], shown: &Shown) {
        debug_assert!(
            labels.iter().all(|(label, _)| family.labels.contains(label) || *label == "otel_metric_overflow"),
            "{name}: a label that the table does not name"
        );
        match shown {
            Shown::Count(count) => self.sample(name, "", labels, None, &count.to_string()),
            Shown::Number(number) => self.sample(name, "", labels, None, &number.to_string()),
            Shown::Histogram(counts, scale) => {
                let mut seen = 0;
                let bounds = counts.bounds.iter().map(|bound| number(*bound as f64 / scale));
                for (count, bound) in counts.counts.iter().zip(bounds.chain(["+Inf".to_owned()])) {
                    seen += count;
                    self.sample(name, "_bucket", labels, Some(&bound), &seen.to_string());
                }
                self.sample(name, "_sum", labels, None, &(counts.sum as f64 / scale).to_string());
                self.sample(name, "_count", labels, None, &seen.to_string());
            }
        }
    }

    fn sample(&mut self, name: &str, suffix: &str, labels: &[Label<'_>], bound: Option<&str>, value: &str) {
        let text = &mut self.text;
        text.push_str(name);
        text.push_str(suffix);
        let bound = bound.map(|bound| ("le", Cow::Borrowed(bound)));
        let shown = labels.iter().filter(|(_, value)| !value.is_empty()).cloned().chain(bound);
        let mut before = '{';
        for (label, value) in shown {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(text, "{before}{label}=\"{value}\"");
            before = ',';
        }
        if before == ',' {
            text.push('}');
        }
        let _ = writeln!(text, " {value}");
    }

    pub(super) fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }
}

/// A bound as OpenMetrics wants it: always with a point, so that a scraper's number and ours are one text.
fn number(value: f64) -> String {
    format!("{value:?}")
}
