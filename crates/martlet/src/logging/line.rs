//! One line of the log, as JSON or as text.

use martlet_core::{Clock, SystemClock, Timestamp};
use serde_json::{Map, Value};
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Bytes of one field.
const FIELD_SIZE_MAX: usize = 4 * 1024;
/// Bytes of one record.
const RECORD_SIZE_MAX: usize = 32 * 1024;

/// The fields of an event or a span.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, Value::from(cut(value)));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let chain: Vec<String> =
            std::iter::successors(Some(value), |error| error.source()).map(ToString::to_string).collect();
        self.insert(field, Value::from(cut(&chain.join(": "))));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = Bounded(String::new());
        // The writer stops what is too long; what it has taken is kept.
        let _ = write!(text, "{value:?}");
        self.insert(field, Value::from(cut(&text.0)));
    }
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

/// Takes a little more than a field may have, so that no large value is ever written out whole.
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(&text[..text.floor_char_boundary(FIELD_SIZE_MAX + 1)]);
        if self.0.len() > FIELD_SIZE_MAX { Err(fmt::Error) } else { Ok(()) }
    }
}

fn cut(text: &str) -> String {
    if text.len() <= FIELD_SIZE_MAX {
        return text.to_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(FIELD_SIZE_MAX)])
}

/// A record before it is written.
pub(super) struct Line {
    now: Timestamp,
    level: Level,
    message: String,
    fields: Map<String, Value>,
}

impl Line {
    pub(super) fn of(event: &Event<'_>) -> Self {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let message = match fields.0.shift_remove("message") {
            Some(Value::String(message)) => message,
            _ => String::new(),
        };
        Self { now: SystemClock.now(), level: *event.metadata().level(), message, fields: fields.0 }
    }

    /// Adds a span's fields; those of the event win.
    pub(super) fn add(&mut self, fields: &Fields) {
        for (name, value) in &fields.0 {
            self.fields.entry(name).or_insert_with(|| value.clone());
        }
    }

    pub(super) fn json(self) -> String {
        let mut record = Map::new();
        record.insert("ts".into(), timestamp(self.now).into());
        record.insert("level".into(), self.level.as_str().to_ascii_lowercase().into());
        record.insert("msg".into(), self.message.into());
        let mut size = Value::Object(record.clone()).to_string().len();
        for (name, value) in self.fields {
            size += name.len() + value.to_string().len() + 4;
            if size + 20 > RECORD_SIZE_MAX {
                record.insert("is_cut".into(), true.into());
                break;
            }
            record.entry(&name).or_insert(value);
        }
        let mut line = Value::Object(record).to_string();
        line.push('\n');
        line
    }

    pub(super) fn text(self) -> String {
        let time = timestamp(self.now);
        let mut line = format!("{} {:5} {}", &time[11..19], self.level.as_str(), self.message);
        for (name, value) in &self.fields {
            if line.len() > RECORD_SIZE_MAX {
                line.push_str(" ...");
                break;
            }
            let _ = match value {
                Value::String(text) if is_word(text) => write!(line, " {name}={text}"),
                other => write!(line, " {name}={other}"),
            };
        }
        let mut line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        line.push('\n');
        line
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_alphanumeric() || "_-./:".contains(character))
}

/// RFC 3339 in UTC with all six digits of the microseconds.
fn timestamp(now: Timestamp) -> String {
    let micros = now.micros().rem_euclid(1_000_000);
    let whole = Timestamp::from_micros(now.micros() - micros).to_string();
    format!("{}.{micros:06}Z", whole.trim_end_matches("+00:00"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, fields: &[(&str, Value)]) -> Line {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Line { now: Timestamp::from_micros(1_700_000_000_000_500), level: Level::WARN, message: message.into(), fields }
    }

    #[test]
    fn a_line_is_one_line_in_both_forms() {
        let make = || {
            line(
                "slow\nstatement \x1b[2J",
                &[("query", "report".into()), ("dur_s", 0.25.into()), ("text", "a b".into())],
            )
        };
        insta::assert_snapshot!(make().json(), @r#"{"ts":"2023-11-14T22:13:20.000500Z","level":"warn","msg":"slow\nstatement \u001b[2J","query":"report","dur_s":0.25,"text":"a b"}"#);
        insta::assert_snapshot!(make().text(), @r#"22:13:20 WARN  slow statement  [2J query=report dur_s=0.25 text="a b""#);
    }

    #[test]
    fn fields_and_records_are_bounded() {
        assert_eq!(cut(&"ü".repeat(FIELD_SIZE_MAX)).len(), FIELD_SIZE_MAX + 3);
        let fields: Vec<(String, Value)> =
            (0..100).map(|i| (format!("f{i}"), "\u{1}".repeat(FIELD_SIZE_MAX).into())).collect();
        let fields: Vec<(&str, Value)> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        assert!(line("m", &fields).json().len() <= RECORD_SIZE_MAX);
        assert!(line("m", &fields).text().len() <= RECORD_SIZE_MAX + 8 * FIELD_SIZE_MAX);
    }
}
