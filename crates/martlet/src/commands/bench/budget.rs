//! A budget: what a query must keep, such as `p99=50ms,errors=1%,per_second=1000`.

use martlet_load::{Kind, Latency};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Bounds of a query's figures; each measure at most once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Budget {
    bounds: Vec<Bound>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound {
    measure: Measure,
    /// Seconds, a share of one, or a number a second.
    end: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measure {
    P50,
    P90,
    P99,
    P999,
    Max,
    Mean,
    Errors,
    PerSecond,
}

const MEASURES: &[(&str, Measure)] = &[
    ("p50", Measure::P50),
    ("p90", Measure::P90),
    ("p99", Measure::P99),
    ("p99.9", Measure::P999),
    ("max", Measure::Max),
    ("mean", Measure::Mean),
    ("errors", Measure::Errors),
    ("per_second", Measure::PerSecond),
];

/// One bound beside what was measured.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    /// `p99`.
    pub measure: &'static str,
    /// `50 ms`.
    pub bound: String,
    /// `61.2 ms`.
    pub value: String,
    pub is_kept: bool,
}

impl Budget {
    /// Judges what was measured in so many seconds. Without a single answer no time is kept.
    pub(super) fn judge(&self, kind: &Kind, seconds: f64) -> Vec<Judgement> {
        self.bounds.iter().map(|bound| bound.judge(kind, seconds)).collect()
    }
}

impl Bound {
    fn judge(self, kind: &Kind, seconds: f64) -> Judgement {
        let asked = kind.answers + kind.faults.values().sum::<u64>();
        let value = match self.measure {
            Measure::Errors => kind.errors() as f64 / asked.max(1) as f64,
            Measure::PerSecond => kind.good() as f64 / seconds,
            measure => measure.time(&kind.latency).as_secs_f64(),
        };
        let is_kept = match self.measure {
            Measure::PerSecond => value >= self.end,
            Measure::Errors => asked > 0 && value <= self.end,
            _ => kind.latency.count() > 0 && value <= self.end,
        };
        let written = |value| self.measure.written(value);
        let value = if asked == 0 { "nothing asked".to_owned() } else { written(value) };
        Judgement { measure: self.measure.name(), bound: written(self.end), value, is_kept }
    }
}

impl Measure {
    fn name(self) -> &'static str {
        MEASURES.iter().find(|(_, measure)| *measure == self).map_or("", |(name, _)| name)
    }

    fn time(self, latency: &Latency) -> Duration {
        match self {
            Self::P50 => latency.at(0.5),
            Self::P90 => latency.at(0.9),
            Self::P99 => latency.at(0.99),
            Self::P999 => latency.at(0.999),
            Self::Mean => latency.mean(),
            Self::Max | Self::Errors | Self::PerSecond => latency.max(),
        }
    }

    fn written(self, value: f64) -> String {
        match self {
            Self::Errors => format!("{:.2} %", value * 100.0),
            Self::PerSecond => format!("{value:.0}/s"),
            _ => written_time(value),
        }
    }

    fn read(self, text: &str) -> Option<f64> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        match self {
            Self::Errors => number(text.strip_suffix('%')?).map(|percent| percent / 100.0),
            Self::PerSecond => number(text),
            _ => {
                let units = [("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];
                let (digits, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
                number(digits).map(|number| number * unit).filter(|seconds| *seconds > 0.0)
            }
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Errors => "a share such as 1%",
            Self::PerSecond => "a number such as 1000",
            _ => "a time such as 500us, 50ms or 2s",
        }
    }
}

/// A time in a unit in which it can be read.
pub(super) fn written_time(seconds: f64) -> String {
    match seconds {
        zero if zero <= 0.0 => "0".to_owned(),
        micros if micros < 1e-3 => format!("{:.0} us", micros * 1e6),
        millis if millis < 1.0 => format!("{:.1} ms", millis * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bounds: Vec<Bound> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let names = || MEASURES.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            let (name, end) =
                part.split_once('=').ok_or_else(|| format!("`{part}`: write a measure and its bound: p99=50ms"))?;
            let found = MEASURES.iter().find(|(known, _)| *known == name.trim());
            let (_, measure) =
                *found.ok_or_else(|| format!("`{}` is no measure: there are {}", name.trim(), names()))?;
            if bounds.iter().any(|bound| bound.measure == measure) {
                return Err(format!("`{}` has two bounds", name.trim()));
            }
            let end = measure.read(end.trim()).ok_or_else(|| format!("`{part}`: write {}", measure.example()))?;
            bounds.push(Bound { measure, end });
        }
        Ok(Self { bounds })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            self.bounds.iter().map(|bound| format!("{}={}", bound.measure.name(), bound.measure.written(bound.end)));
        f.write_str(&parts.collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_read_and_its_mistakes_are_told() {
        let budget: Budget = "p99=50ms, p50 = 500us,errors=1%,per_second=1000".parse().unwrap();
        assert_eq!(budget.to_string(), "p99=50.0 ms, p50=500 us, errors=1.00 %, per_second=1000/s");
        for (text, told) in [
            ("", "`` : write"),
            ("p98=1ms", "`p98` is no measure: there are p50, p90, p99, p99.9, max, mean, errors, per_second"),
            ("p99", "`p99`: write a measure and its bound: p99=50ms"),
            ("p99=50", "`p99=50`: write a time such as 500us, 50ms or 2s"),
            ("p99=-1ms", "`p99=-1ms`: write a time such as 500us, 50ms or 2s"),
            ("p99=0ms", "`p99=0ms`: write a time such as 500us, 50ms or 2s"),
            ("errors=1", "`errors=1`: write a share such as 1%"),
            ("p99=1ms,p99=2ms", "`p99` has two bounds"),
        ] {
            let refusal = text.parse::<Budget>().unwrap_err();
            assert!(refusal == told || text.is_empty(), "{text}: {refusal}");
        }
    }
}
