//! Figures as JSON, the same wherever they are shown.

use super::period::{Figure, Item, ItemFigure, Period};
use martlet_core::Spread;
use serde_json::{Map, Value, json};

impl Period {
    /// All of it, its items too.
    pub fn to_json(&self) -> Value {
        let mut fields = self.summary();
        fields.insert("items".into(), self.items.iter().map(Item::to_json).collect());
        Value::Object(fields)
    }

    /// What is of the server as a whole.
    pub fn summary(&self) -> Map<String, Value> {
        let mut fields = Map::new();
        fields.insert("at".into(), json!(self.at.to_string()));
        fields.insert("observed_s".into(), json!(self.observed.as_millis() as f64 / 1e3));
        fields.extend(Figure::ALL.iter().map(|figure| (figure.name().to_owned(), json!(self.get(*figure)))));
        add_percentiles(&mut fields, &self.durations);
        fields
    }
}

impl Item {
    /// All of it.
    pub fn to_json(&self) -> Value {
        let mut fields = Map::new();
        fields.insert("kind".into(), json!(self.kind.name()));
        fields.insert("name".into(), json!(&*self.name));
        fields.extend(ItemFigure::ALL.iter().map(|figure| (figure.name().to_owned(), json!(self.get(*figure)))));
        add_percentiles(&mut fields, &self.durations);
        Value::Object(fields)
    }
}

fn add_percentiles(fields: &mut Map<String, Value>, durations: &Spread) {
    for (name, ns) in ["p50_s", "p95_s", "p99_s"].into_iter().zip(durations.at([0.5, 0.95, 0.99])) {
        // To the microsecond: what is finer is noise.
        fields.insert(name.into(), json!((ns / 1_000) as f64 / 1e6));
    }
}
