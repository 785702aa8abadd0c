//! Looks at answers before they are counted: right status, not empty, and the same from every system.
//! A run that measures error pages is worth nothing, and neither is one that compares different work.

use crate::compare::options::Options;
use crate::compare::request::Ask;
use crate::compare::systems::{System, Systems};
use crate::compare::workload::Workload;
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Number, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How a cursor looks is each system's own.
const OWN_FIELDS: [&str; 2] = ["next_cursor", "has_more"];

/// What each kind of request must be answered: Martlet's answers, which all others gave too.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    reads: BTreeMap<Workload, Vec<(Ask, Value)>>,
    bytes: BTreeMap<Workload, Vec<u8>>,
}

impl Expected {
    /// An answer to the first kind of the workload, for the bare server.
    pub(crate) fn bytes_of(&self, workload: Workload) -> Vec<u8> {
        let first = workload.parts()[0].0;
        self.bytes.get(&first).cloned().unwrap_or_default()
    }
}

/// Asks samples of every kind of request of every system, and compares.
pub(crate) fn all_agree(systems: &Systems, options: &Options) -> Result<Expected> {
    let kinds: BTreeSet<Workload> =
        options.workloads.iter().flat_map(|workload| workload.parts()).map(|(kind, _)| kind).collect();
    let mut expected = Expected::default();
    for kind in kinds {
        let (asks, _) = kind.asks(systems.rows);
        let samples = [0, asks.len() / 2, asks.len() - 1].map(|index| asks[index].clone());
        if matches!(kind, Workload::Book | Workload::Spin) {
            let answer = systems.ask(System::Martlet, &samples[0])?;
            expected.bytes.insert(kind, answer.body);
            systems.reset_bookings(System::Martlet)?;
        } else {
            let mut reads = Vec::new();
            for sample in samples {
                let answer = read(systems, System::Martlet, &sample)?;
                ensure!(!is_hollow(&answer), "{sample:?}: the answer is empty: {answer}");
                reads.push((sample, answer));
            }
            expected.bytes.insert(kind, systems.ask(System::Martlet, &reads[0].0)?.body);
            expected.reads.insert(kind, reads);
        }
        for system in System::on(kind) {
            one(systems, system, kind, &expected)?;
        }
    }
    Ok(expected)
}

/// Looks at one system before a run of a workload.
pub(crate) fn one(systems: &Systems, system: System, workload: Workload, expected: &Expected) -> Result<()> {
    if system == System::Bare {
        return Ok(());
    }
    for (kind, _) in workload.parts() {
        match kind {
            Workload::Book => book(systems, system)?,
            Workload::Spin => spin(systems, system)?,
            _ => {
                for (sample, wanted) in expected.reads.get(&kind).into_iter().flatten() {
                    let found = read(systems, system, sample)?;
                    ensure!(
                        found == *wanted,
                        "{} answers {sample:?} otherwise than Martlet:\n{found}\n{wanted}",
                        system.label()
                    );
                }
            }
        }
    }
    Ok(())
}

/// A booking takes one room of its type, whatever the caches.
fn book(systems: &Systems, system: System) -> Result<()> {
    let (asks, _) = Workload::Book.asks(systems.rows);
    let sample = asks.first().context("there are bookings to ask")?;
    let Ask::Book { room_type_id, stay, .. } = sample else { bail!("{sample:?} is no booking") };
    let free = || -> Result<f64> {
        let types = read(systems, system, &Ask::Availability(*stay))?;
        let types = types.as_array().context("availability is no list")?;
        let one = types.iter().find(|one| one["id"].as_f64() == Some(f64::from(*room_type_id)));
        one.and_then(|one| one["free"].as_f64()).context("availability lacks a room type")
    };
    let before = free()?;
    let booked = read(systems, system, sample)?;
    ensure!(
        booked["id"].is_number() && booked["total_cents"].as_f64() == Some(5_000.0 + 500.0 * f64::from(*room_type_id)),
        "{}: no booking: {booked}",
        system.label()
    );
    let after = free()?;
    ensure!(after == before - 1.0, "{}: a booking left {after} of {before} rooms", system.label());
    systems.reset_bookings(system)
}

/// A spin moves the balance by the bet and what it pays.
fn spin(systems: &Systems, system: System) -> Result<()> {
    let (asks, _) = Workload::Spin.asks(systems.rows);
    let sample = asks.last().context("there are spins to ask")?;
    let Ask::Spin { bet_cents, .. } = sample else { bail!("{sample:?} is no spin") };
    let mut balance: Option<f64> = None;
    for _ in 0..3 {
        let spun = read(systems, system, sample)?;
        let (now, pays) = (spun["balance_cents"].as_f64(), spun["payout_cents"].as_f64());
        let (Some(now), Some(pays)) = (now, pays) else { bail!("{}: no spin: {spun}", system.label()) };
        ensure!(spun["symbols"].as_array().is_some_and(|symbols| symbols.len() == 3), "no three symbols: {spun}");
        if let Some(before) = balance {
            ensure!(now == before - f64::from(*bet_cents) + pays, "{}: {before}, then {spun}", system.label());
        }
        balance = Some(now);
    }
    Ok(())
}

fn read(systems: &Systems, system: System, what: &Ask) -> Result<Value> {
    let answer = systems.ask(system, what)?;
    let text = String::from_utf8_lossy(&answer.body);
    ensure!(answer.status < 300, "{}: {what:?}: {} {text}", system.label(), answer.status);
    let value = serde_json::from_str(&text).with_context(|| format!("{}: {what:?}: {text}", system.label()))?;
    Ok(plain(value))
}

/// The same value, however its system writes times and numbers.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> =
                fields.into_iter().filter(|(name, _)| !OWN_FIELDS.contains(&name.as_str())).collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        Value::String(text) => Value::String(plain_time(&text).unwrap_or(text)),
        Value::Number(number) => {
            Number::from_f64(number.as_f64().unwrap_or_default()).map_or(Value::Null, Value::Number)
        }
        other => other,
    }
}

/// `2026-06-01T09:00:00.000Z`, `2026-06-01T09:00:00+00:00` and the like are one time.
fn plain_time(text: &str) -> Option<String> {
    let time: jiff::Timestamp = text.replacen(' ', "T", 1).parse().ok()?;
    Some(time.to_string())
}

/// Nothing, or a list of nothing in it.
fn is_hollow(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty() || items.iter().any(is_hollow),
        Value::Object(fields) => fields.is_empty() || fields.values().any(is_hollow),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_same_answer_in_other_letters_is_the_same() {
        let ours = json!({"items": [{"n": 5, "at": "2026-06-01T09:00:00Z"}], "next_cursor": "x", "has_more": true});
        let theirs = json!({"next_cursor": null, "items": [{"at": "2026-06-01T09:00:00.000+00:00", "n": 5.0}]});
        assert_eq!(plain(ours), plain(theirs));
        assert_ne!(plain(json!("2026-06-01T09:00:00Z")), plain(json!("2026-06-01T09:00:01Z")));
        assert_ne!(plain(json!([1, 2])), plain(json!([2, 1])));
        assert_ne!(plain(json!("Song 1")), plain(json!("Song 2")));
    }

    #[test]
    fn an_empty_list_anywhere_is_hollow() {
        assert!(
            is_hollow(&json!([])) && is_hollow(&json!({"blocks": [], "id": 1})) && is_hollow(&json!([{"a": null}]))
        );
        assert!(!is_hollow(&json!([{"free": 0, "on": false, "name": "x"}])));
    }
}
