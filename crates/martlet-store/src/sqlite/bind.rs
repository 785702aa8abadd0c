//! What is bound to a placeholder.

use crate::Inputs;
use martlet_core::{Error, Value, code};
use martlet_sql::Bind;
use rusqlite::Statement;
use rusqlite::types::{Null, Value as Cell};
use std::fmt::Write as _;

/// The first rows of the steps that have run, by step; none: not kept, or the step had no row.
pub(super) type FirstRows = Vec<Option<Vec<Cell>>>;

/// Binds everything; a placeholder that the text does not use is passed over.
pub(super) fn bind_all(
    statement: &mut Statement<'_>,
    binds: &[Bind],
    inputs: &Inputs,
    steps: &FirstRows,
) -> Result<(), Error> {
    if statement.parameter_count() > binds.len() {
        return Err(Error::internal("a statement has more placeholders than its plan binds"));
    }
    for (index, bind) in binds.iter().take(statement.parameter_count()).enumerate() {
        bind_one(statement, index + 1, bind, inputs, steps)?;
    }
    Ok(())
}

fn bind_one(
    statement: &mut Statement<'_>,
    index: usize,
    bind: &Bind,
    inputs: &Inputs,
    steps: &FirstRows,
) -> Result<(), Error> {
    let claims = inputs.identity.claims();
    match bind {
        Bind::Parameter(parameter) => {
            let missing = || Error::internal(format!("no argument for parameter {parameter}"));
            return bind_value(statement, index, inputs.arguments.get(*parameter).ok_or_else(missing)?);
        }
        Bind::StepColumn { step, column } => {
            let row = steps.get(*step).and_then(Option::as_ref);
            statement.raw_bind_parameter(index, row.and_then(|row| row.get(*column)).unwrap_or(&Cell::Null))
        }
        Bind::UserId => statement.raw_bind_parameter(index, claims.and_then(|claims| claims.user_id.as_deref())),
        Bind::Role => statement.raw_bind_parameter(index, inputs.identity.role()),
        Bind::Claims => statement.raw_bind_parameter(index, claims.map(|claims| claims.json.as_str())),
        Bind::Claim(name) => {
            let claim = claims.and_then(|claims| claims.get(name));
            statement.raw_bind_parameter(index, claim.as_deref())
        }
        Bind::Now => statement.raw_bind_parameter(index, inputs.now.to_string()),
        Bind::Today => statement.raw_bind_parameter(index, inputs.now.date().to_string()),
    }
    .map_err(of_binding)
}

fn bind_value(statement: &mut Statement<'_>, index: usize, value: &Value) -> Result<(), Error> {
    match value {
        Value::Null => statement.raw_bind_parameter(index, Null),
        Value::Boolean(boolean) => statement.raw_bind_parameter(index, boolean),
        Value::Integer(integer) => statement.raw_bind_parameter(index, integer),
        // SQLite has no NaN: it would silently become null.
        Value::Double(double) if double.is_nan() => return Err(not_a_number()),
        Value::Double(double) => statement.raw_bind_parameter(index, double),
        Value::Text(text) => statement.raw_bind_parameter(index, &**text),
        Value::List(items) => statement.raw_bind_parameter(index, list_as_json(items)?),
    }
    .map_err(of_binding)
}

/// A list as a JSON array, in the form in which `json_each` gives back each item's own storage class.
fn list_as_json(items: &[Value]) -> Result<String, Error> {
    let mut json = String::from("[");
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            json.push(',');
        }
        match item {
            Value::Null => json.push_str("null"),
            Value::Boolean(boolean) => json.push_str(if *boolean { "true" } else { "false" }),
            Value::Integer(integer) => write!(json, "{integer}").expect("a string takes everything"),
            Value::Double(double) if double.is_nan() => return Err(not_a_number()),
            Value::Double(double) if double.is_infinite() => {
                json.push_str(if *double > 0.0 { "9e999" } else { "-9e999" });
            }
            Value::Double(double) => write!(json, "{double:?}").expect("a string takes everything"),
            Value::Text(text) => json.push_str(&serde_json::Value::from(&**text).to_string()),
            Value::List(_) => return Err(Error::internal("a list within a list argument")),
        }
    }
    json.push(']');
    Ok(json)
}

fn not_a_number() -> Error {
    Error::new(&code::OUT_OF_RANGE, "NaN cannot be stored")
}

fn of_binding(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::TooBig) => {
            Error::new(&code::ANSWER_TOO_LARGE, "an argument is larger than the limit allows")
        }
        _ => Error::internal(format!("binding an argument: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_the_type_of_each_item() {
        let items = [
            Value::Integer(i64::MAX),
            Value::Double(1.0),
            Value::Double(1e300),
            Value::Double(f64::NEG_INFINITY),
            Value::Boolean(true),
            Value::Text("a\"\u{1}é".into()),
            Value::Null,
        ];
        let json = list_as_json(&items).unwrap();
        assert_eq!(json, r#"[9223372036854775807,1.0,1e300,-9e999,true,"a\"\u0001é",null]"#);
        assert!(list_as_json(&[Value::Double(f64::NAN)]).is_err());
    }
}
