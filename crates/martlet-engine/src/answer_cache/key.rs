//! What an answer is kept under: all that it may depend on, each part told by kind and length, so that no two calls
//! with different answers share a key.

use super::CachePlan;
use martlet_core::{Identity, Value, limits};
use martlet_sql::Bind;
use martlet_store::{Form, Inputs};

/// Writes the key of a call; whether it is short enough to be kept.
pub(super) fn write(key: &mut Vec<u8>, plan: &CachePlan, generation: u64, inputs: &Inputs) -> bool {
    key.clear();
    key.extend_from_slice(&generation.to_le_bytes());
    key.extend_from_slice(&plan.query(inputs).0.to_le_bytes());
    key.push(match inputs.demand.form {
        Form::Canonical => 0,
        Form::WithoutNulls => 1,
        Form::Csv => 2,
    });
    write_values(key, &inputs.arguments);
    for claim in plan.claims() {
        match of_caller(claim, &inputs.identity) {
            Some(value) => write_value(key, &value),
            None => return false,
        }
    }
    key.len() <= limits::CACHE_KEY_SIZE_MAX
}

/// What a bind of the caller's is; none for binds of other things.
pub(super) fn of_caller(bind: &Bind, identity: &Identity) -> Option<Value> {
    let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.into()));
    let claims = identity.claims();
    match bind {
        Bind::UserId => Some(text(claims.and_then(|claims| claims.user_id.as_deref()))),
        Bind::Role => Some(text(Some(identity.role()))),
        Bind::Claims => Some(text(claims.map(|claims| claims.json.as_str()))),
        Bind::Claim(name) => Some(text(claims.and_then(|claims| claims.get(name)).as_deref())),
        Bind::Parameter(_) | Bind::StepColumn { .. } | Bind::Now | Bind::Today => None,
    }
}

fn write_values(key: &mut Vec<u8>, values: &[Value]) {
    write_length(key, values.len());
    values.iter().for_each(|value| write_value(key, value));
}

fn write_value(key: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => key.push(0),
        Value::Boolean(value) => key.extend_from_slice(&[1, u8::from(*value)]),
        Value::Integer(value) => {
            key.push(2);
            key.extend_from_slice(&value.to_le_bytes());
        }
        // By its bits: 0 and -0 are written differently in an answer.
        Value::Double(value) => {
            key.push(3);
            key.extend_from_slice(&value.to_bits().to_le_bytes());
        }
        Value::Text(text) => {
            key.push(4);
            write_length(key, text.len());
            key.extend_from_slice(text.as_bytes());
        }
        Value::List(items) => {
            key.push(5);
            write_values(key, items);
        }
    }
}

fn write_length(key: &mut Vec<u8>, length: usize) {
    key.extend_from_slice(&(length as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key_of(values: &[Value]) -> Vec<u8> {
        let mut key = Vec::new();
        write_values(&mut key, values);
        key
    }

    fn values() -> impl Strategy<Value = Vec<Value>> {
        let text = prop_oneof!["[a1]{0,2}", Just("\u{0}".to_owned()), Just("null".to_owned())];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Boolean),
            (-1..2i64).prop_map(Value::Integer),
            prop_oneof![Just(0.0), Just(-0.0), Just(1.0)].prop_map(Value::Double),
            text.prop_map(|text| Value::Text(text.into())),
        ];
        let list = proptest::collection::vec(leaf.clone(), 0..3).prop_map(|items| Value::List(items.into()));
        proptest::collection::vec(prop_oneof![3 => leaf, 1 => list], 0..3)
    }

    /// `==` on doubles takes -0 for 0.
    fn is_same(left: &[Value], right: &[Value]) -> bool {
        format!("{left:?}") == format!("{right:?}")
    }

    proptest! {
        #[test]
        fn keys_are_the_same_only_of_the_same_values(left in values(), right in values()) {
            prop_assert_eq!(key_of(&left) == key_of(&right), is_same(&left, &right));
        }
    }

    #[test]
    fn kinds_and_lengths_are_told_apart() {
        let text = |text: &str| Value::Text(text.into());
        let all: Vec<Vec<Value>> = vec![
            vec![],
            vec![Value::Null],
            vec![text("")],
            vec![text("null")],
            vec![Value::Integer(1)],
            vec![text("1")],
            vec![Value::Boolean(true)],
            vec![Value::Double(1.0)],
            vec![text("a"), text("b")],
            vec![text("ab"), text("")],
            vec![Value::List([text("a"), text("b")].into())],
            vec![Value::List([text("a")].into()), text("b")],
            vec![Value::List([].into())],
        ];
        for (index, left) in all.iter().enumerate() {
            for right in &all[..index] {
                assert_ne!(key_of(left), key_of(right), "{left:?} {right:?}");
            }
        }
    }
}
