//! One call: its arguments, and how each engine is given them.

use crate::oracle::quoted;
use martlet_core::json::{self, Event, Scanner};
use martlet_core::{Claims, Date, Identity, ParamType, SystemClock, Timestamp, Type, Value, float8};
use martlet_sql::{Bind, Param};
use martlet_store::{Demand, Inputs};
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::Arc;

const USER: &str = "00000000-0000-4000-8000-00000000000a";

/// One call on PostgreSQL.
pub(super) struct Call<'a> {
    pub(super) params: &'a [Param],
    pub(super) arguments: Arc<[Value]>,
    /// The first row of each earlier step.
    pub(super) rows: Vec<Option<StepRow>>,
}

pub(super) struct StepRow {
    pub(super) row: String,
    pub(super) columns: Vec<Type>,
}

impl Call<'_> {
    pub(super) fn literal(&self, bind: &Bind) -> (ParamType, String) {
        let single = |base: Type, value: Value| {
            let ty = ParamType { base, is_list: false };
            (ty, literal(&value, ty))
        };
        let text = |value: &str| Value::Text(value.into());
        match bind {
            Bind::Parameter(index) => {
                let ty = self.params[*index].ty;
                (ty, literal(&self.arguments[*index], ty))
            }
            Bind::StepColumn { step, column } => match &self.rows[*step] {
                Some(row) => single(row.columns[*column], row.value(*column)),
                None => single(Type::Text, Value::Null),
            },
            Bind::UserId => single(Type::Uuid, text(USER)),
            Bind::Role => single(Type::Text, text("authenticated")),
            Bind::Claims => single(Type::Jsonb, text(&claims().json)),
            Bind::Claim(name) => {
                let claims: serde_json::Value = serde_json::from_str(&claims().json).unwrap();
                single(Type::Text, claims.get(name).and_then(|claim| claim.as_str()).map_or(Value::Null, text))
            }
            Bind::Now => single(Type::Timestamptz, text(&now().to_string())),
            Bind::Today => single(Type::Date, text(&now().date().to_string())),
        }
    }
}

impl StepRow {
    /// A cell, read back out of the row's JSON.
    fn value(&self, column: usize) -> Value {
        let raw = members(&self.row)[column];
        match self.columns[column] {
            Type::Json | Type::Jsonb if raw != "null" => Value::Text(raw.into()),
            ty => value_of(raw, ty),
        }
    }
}

/// The members' values of an object in canonical form, in their order, those of equal names included.
pub(super) fn members(object: &str) -> Vec<&str> {
    let mut scanner = Scanner::new(object);
    let mut values = Vec::new();
    assert_eq!(scanner.next_event().unwrap(), Event::BeginObject);
    while let Event::Key(_) = scanner.next_event().unwrap() {
        let start = scanner.position();
        let first = scanner.next_event().unwrap();
        scanner.skip_value(first).unwrap();
        values.push(&object[start..scanner.position()]);
    }
    values
}

/// A value as PostgreSQL's text has it.
pub(super) fn literal(value: &Value, ty: ParamType) -> String {
    let base = ParamType { is_list: false, ..ty };
    let text = match value {
        Value::Null => return format!("null::{ty}"),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Double(value) => float8::text(*value),
        Value::Text(value) => value.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| literal(item, base)).collect();
            return format!("array[{}]::{ty}", items.join(", "));
        }
    };
    format!("{}::{ty}", quoted(&text))
}

/// The arguments of a call, in declared order.
pub(super) fn arguments(params: &[Param], call: &str) -> Arc<[Value]> {
    let given: HashMap<String, Box<RawValue>> = serde_json::from_str(call).unwrap();
    let argument = |param: &Param| match given.get(&param.name) {
        None => param.default.clone().unwrap_or(Value::Null),
        Some(raw) if param.ty.is_list => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).unwrap();
            Value::List(items.iter().map(|item| value_of(item.get(), param.ty.base)).collect())
        }
        Some(raw) => value_of(raw.get(), param.ty.base),
    };
    params.iter().map(argument).collect()
}

/// A JSON value as an argument of a type, in the canonical form.
fn value_of(raw: &str, ty: Type) -> Value {
    if raw == "null" && ty != Type::Jsonb {
        return Value::Null;
    }
    let text = || serde_json::from_str::<String>(raw).unwrap();
    match ty {
        Type::Integer | Type::Bigint => Value::Integer(raw.trim_matches('"').parse().unwrap()),
        Type::Double => Value::Double(raw.trim_matches('"').parse().unwrap()),
        Type::Boolean => Value::Boolean(raw == "true"),
        Type::Date => Value::Text(Date::parse(&text()).unwrap().to_string().into()),
        Type::Timestamptz => Value::Text(Timestamp::parse(&text()).unwrap().to_string().into()),
        Type::Uuid => Value::Text(text().to_ascii_lowercase().into()),
        Type::Json | Type::Jsonb => Value::Text(json::jsonb(raw).unwrap().into()),
        _ => Value::Text(text().into()),
    }
}

pub(super) fn claims() -> Arc<Claims> {
    Arc::new(Claims {
        role: "authenticated".to_owned(),
        user_id: Some(USER.to_owned()),
        json: format!("{{\"sub\": \"{USER}\", \"name\": \"Ana\", \"role\": \"authenticated\", \"number\": \"7\"}}"),
    })
}

pub(super) fn inputs(arguments: &Arc<[Value]>) -> Inputs {
    Inputs {
        arguments: Arc::clone(arguments),
        identity: Identity::User(claims()),
        now: now(),
        demand: Demand::default(),
    }
}

/// The system's time: PostgreSQL's `now()` is no other.
fn now() -> Timestamp {
    martlet_core::Clock::now(&SystemClock)
}
