//! `bench.toml` in an app folder: how often each query is asked, with which arguments, by whom, and its budget.
//!
//! All of it is optional; what it does not say is drawn by the declarations and from the rows.

use super::budget::Budget;
use crate::exit::Failure;
use anyhow::Context as _;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The file's name in an app folder.
pub(super) const FILE: &str = "bench.toml";
/// Bytes of the file.
const FILE_SIZE_MAX: u64 = 256 * 1024;

/// What the file says.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BenchFile {
    /// As `--seconds`.
    pub seconds: Option<u64>,
    /// As `--connections`.
    pub connections: Option<u64>,
    /// As `--rate`.
    pub rate: Option<f64>,
    /// For every query without a budget of its own.
    #[serde(default, deserialize_with = "budget")]
    pub budget: Option<Budget>,
    /// A SELECT whose first column is who users are: the `sub` of their tokens.
    pub users: Option<String>,
    /// By name.
    #[serde(default)]
    pub calls: BTreeMap<String, CallEntry>,
}

/// One query or action.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallEntry {
    /// How often, beside the others' 1; 0 leaves it out.
    pub weight: Option<f64>,
    #[serde(default, deserialize_with = "budget")]
    pub budget: Option<Budget>,
    /// `anonymous`, `user`, `service` or a role of the app's own.
    #[serde(rename = "as")]
    pub identity: Option<String>,
    /// A SELECT: each row is a call's arguments by the names of its columns; `sub` is who asks.
    pub rows: Option<String>,
    /// By parameter.
    #[serde(default)]
    pub args: BTreeMap<String, Given>,
}

/// Where a parameter's arguments come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Given {
    /// One of these.
    OneOf(Vec<toml::Value>),
    /// Anything from here to there, both included; the other end is the declared one.
    Range(Range),
    /// The first column of a SELECT.
    Sql(Sql),
    /// Always this.
    Always(toml::Value),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub from: toml::Value,
    pub to: toml::Value,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sql {
    pub sql: String,
}

fn budget<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Budget>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// Reads the file of an app folder; the default where there is none.
pub(super) fn read(folder: &Path) -> Result<BenchFile, Failure> {
    let path = folder.join(FILE);
    match path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BenchFile::default()),
        Ok(file) if !file.is_file() || file.len() > FILE_SIZE_MAX => {
            return Err(Failure::new(format!("{} is no file of at most {FILE_SIZE_MAX} bytes", path.display())));
        }
        _ => {}
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text)
}

fn parse(text: &str) -> Result<BenchFile, Failure> {
    let file: BenchFile = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        Failure::new(format!("{FILE}{line}: {}", error.message())).hint("docs/bench.md says what it may hold")
    })?;
    let numbers = [("seconds", file.seconds, 3600), ("connections", file.connections, 4096)];
    for (name, number, most) in numbers {
        if number.is_some_and(|number| !(1..=most).contains(&number)) {
            return Err(Failure::new(format!("{FILE}: `{name}` is a number from 1 to {most}")));
        }
    }
    if file.rate.is_some_and(|rate| !(rate > 0.0 && rate <= martlet_load::PER_SECOND_MAX)) {
        return Err(Failure::new(format!("{FILE}: `rate` is a number above 0")));
    }
    for (name, call) in &file.calls {
        if call.weight.is_some_and(|weight| !(weight.is_finite() && weight >= 0.0)) {
            return Err(Failure::new(format!("{FILE}: the weight of `{name}` is 0 or more")));
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_it_may_hold_is_read() {
        let file = parse(
            r#"
            seconds = 5
            budget = "p99=50ms"
            users = "select id from users"
            [calls.free]
            weight = 2.5
            as = "service"
            rows = "select a, b from t"
            args.n = [1, 2]
            args.day = { from = 2026-01-01, to = 2026-02-01 }
            args.id = { sql = "select id from t" }
            args.text = "always"
            "#,
        )
        .unwrap();
        let call = &file.calls["free"];
        assert!(matches!(call.args["n"], Given::OneOf(_)) && matches!(call.args["day"], Given::Range(_)));
        assert!(matches!(call.args["id"], Given::Sql(_)) && matches!(call.args["text"], Given::Always(_)));
        assert_eq!((call.weight, file.seconds), (Some(2.5), Some(5)));
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, told) in [
            ("seconds = 1\nspeed = 2", "bench.toml:2: unknown field `speed`"),
            ("budget = \"p98=1ms\"", "bench.toml:1: `p98` is no measure"),
            ("[calls.x]\nweight = -1", "the weight of `x` is 0 or more"),
            ("connections = 0", "`connections` is a number from 1 to 4096"),
            ("seconds =", "bench.toml:1:"),
        ] {
            let failure = parse(text).unwrap_err();
            assert!(failure.message.contains(told), "{text}: {}", failure.message);
        }
    }
}
