//! `martlet config`: every setting, its value, and what set it.

use super::settle;
use crate::cli::ConfigArgs;
use crate::exit::Failure;
use crate::output;
use crate::settings::key::{ALL, Default, Key};
use crate::settings::value::Value;
use crate::settings::{Settings, Source};
use serde_json::json;

pub(crate) fn run(args: &ConfigArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let text = if args.json { as_json(&settings) } else { as_table(&settings) };
    Ok(output::data(&text)?)
}

/// A line for each setting.
pub(super) fn as_table(settings: &Settings) -> String {
    let rows = ALL.iter().map(|key| (key.full_name(), shown(settings, key), winner(&settings.get(key).1)));
    let rows: Vec<_> = rows.collect();
    let width = |of: fn(&(String, String, String)) -> &String| rows.iter().map(|row| of(row).chars().count()).max();
    let (name_width, value_width) = (width(|row| &row.0).unwrap_or(0), width(|row| &row.1).unwrap_or(0));
    let lines = rows.iter().map(|(name, value, from)| format!("{name:name_width$}  {value:value_width$}  {from}\n"));
    lines.collect()
}

fn as_json(settings: &Settings) -> String {
    let entries = ALL.iter().map(|key| {
        let (value, source) = settings.get(key);
        let value = match value {
            Value::Unset => serde_json::Value::Null,
            Value::Count(number) => json!(number),
            Value::List(items) => json!(items),
            other => json!(other.to_string()),
        };
        json!({ "key": key.full_name(), "value": value, "from": winner(source), "variable": key.variable() })
    });
    format!("{:#}", serde_json::Value::Array(entries.collect()))
}

fn shown(settings: &Settings, key: &'static Key) -> String {
    match (&settings.get(key).0, key.default) {
        (Value::Unset, Default::Unset(text)) => format!("({text})"),
        (value, _) => value.to_string(),
    }
}

fn winner(source: &Source) -> String {
    match source {
        Source::Default => "default".into(),
        Source::File => "martlet.toml".into(),
        Source::Environment(variable) => format!("environment {variable}"),
        Source::Flag(flag) => format!("flag {flag}"),
    }
}
