//! What an answer is kept under: all that it may depend on, each part told by kind and length, so that no two calls
//! with different answers share a key.

use super::CachePlan;
use martlet_core::{Identity, Value, limits};
use martlet_sql::Bind;
use martlet_store::{Form, Inputs};
use std::borrow::Cow;

/// Writes the key of a call; whether it is short enough to be kept.
pub(super) fn write(key: &mut Vec<u8>, plan: &CachePlan, generation: u64, inputs: &Inputs) -> bool {
    key.clear();
    let mut writer = Writer { key, is_full: false };
    writer.bytes(&generation.to_le_bytes());
    writer.bytes(&plan.query(inputs).0.to_le_bytes());
    writer.bytes(match inputs.demand.form {
        Form::Canonical => &[0],
        Form::WithoutNulls => &[1],
        Form::Csv => &[2],
    });
    writer.values(&inputs.arguments);
    for claim in plan.claims() {
        match text_of_caller(claim, &inputs.identity) {
            Some(Some(text)) => writer.text(&text),
            Some(None) => writer.value(&Value::Null),
            None => return false,
        }
    }
    !writer.is_full
}

/// What a key says of the call whose answer is kept under it: all but what is of the caller.
#[derive(Debug, PartialEq)]
pub(super) struct Called {
    pub(super) generation: u64,
    pub(super) query: u32,
    pub(super) form: Form,
    pub(super) arguments: Vec<Value>,
}

/// Reads a key that [`write`] has written.
pub(super) fn read(key: &[u8]) -> Option<Called> {
    let mut reader = Reader(key);
    let generation = u64::from_le_bytes(reader.take()?);
    let query = u32::from_le_bytes(reader.take()?);
    let form = match reader.take()? {
        [0] => Form::Canonical,
        [1] => Form::WithoutNulls,
        [2] => Form::Csv,
        _ => return None,
    };
    Some(Called { generation, query, form, arguments: reader.values()? })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn length(&mut self) -> Option<usize> {
        let length = usize::try_from(u64::from_le_bytes(self.take()?)).ok()?;
        (length <= self.0.len()).then_some(length)
    }

    fn values(&mut self) -> Option<Vec<Value>> {
        let length = self.length()?;
        (0..length).map(|_| self.value()).collect()
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.take()? {
            [0] => Value::Null,
            [1] => Value::Boolean(self.take()? == [1]),
            [2] => Value::Integer(i64::from_le_bytes(self.take()?)),
            [3] => Value::Double(f64::from_bits(u64::from_le_bytes(self.take()?))),
            [4] => Value::Text(self.text()?.into()),
            [5] => Value::List(self.values()?.into()),
            _ => return None,
        })
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}

/// What a bind of the caller's is; none for binds of other things.
pub(super) fn of_caller(bind: &Bind, identity: &Identity) -> Option<Value> {
    let text = text_of_caller(bind, identity)?;
    Some(text.map_or(Value::Null, |text| Value::Text(text.into())))
}

/// As [`of_caller`]; all that is of the caller is text, or null.
fn text_of_caller<'a>(bind: &Bind, identity: &'a Identity) -> Option<Option<Cow<'a, str>>> {
    let claims = identity.claims();
    match bind {
        Bind::UserId => Some(claims.and_then(|claims| claims.user_id.as_deref()).map(Cow::Borrowed)),
        Bind::Role => Some(Some(Cow::Borrowed(identity.role()))),
        Bind::Claims => Some(claims.map(|claims| Cow::Borrowed(claims.json.as_str()))),
        Bind::Claim(name) => Some(claims.and_then(|claims| claims.get(name))),
        Bind::Parameter(_) | Bind::StepColumn { .. } | Bind::Now | Bind::Today => None,
    }
}

/// Takes bytes up to the largest size of a key.
struct Writer<'a> {
    key: &'a mut Vec<u8>,
    is_full: bool,
}

impl Writer<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.is_full |= self.key.len() + bytes.len() > limits::CACHE_KEY_SIZE_MAX;
        if !self.is_full {
            self.key.extend_from_slice(bytes);
        }
    }

    fn length(&mut self, length: usize) {
        self.bytes(&(length as u64).to_le_bytes());
    }

    fn values(&mut self, values: &[Value]) {
        self.length(values.len());
        for value in values {
            if self.is_full {
                return;
            }
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.bytes(&[0]),
            Value::Boolean(value) => self.bytes(&[1, u8::from(*value)]),
            Value::Integer(value) => {
                self.bytes(&[2]);
                self.bytes(&value.to_le_bytes());
            }
            // By its bits: 0 and -0 are written differently in an answer.
            Value::Double(value) => {
                self.bytes(&[3]);
                self.bytes(&value.to_bits().to_le_bytes());
            }
            Value::Text(text) => self.text(text),
            Value::List(items) => {
                self.bytes(&[5]);
                self.values(items);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.bytes(&[4]);
        self.length(text.len());
        self.bytes(text.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key_of(values: &[Value]) -> Vec<u8> {
        let mut key = Vec::new();
        Writer { key: &mut key, is_full: false }.values(values);
        key
    }

    #[test]
    fn a_key_has_a_largest_size() {
        let is_full = |size: usize| {
            let mut key = Vec::new();
            let mut writer = Writer { key: &mut key, is_full: false };
            // A length, then a kind, a length and the text; and one more value.
            writer.values(&[Value::Text("x".repeat(size - 18).into()), Value::Null]);
            (writer.is_full, key.len() <= limits::CACHE_KEY_SIZE_MAX)
        };
        assert_eq!(is_full(limits::CACHE_KEY_SIZE_MAX), (false, true));
        assert_eq!(is_full(limits::CACHE_KEY_SIZE_MAX + 1), (true, true));
        assert_eq!(is_full(1_000_000), (true, true));
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

        #[test]
        fn what_is_written_is_read(values in values()) {
            let read = Reader(&key_of(&values)).values().unwrap();
            prop_assert!(is_same(&read, &values), "{read:?}");
        }

        #[test]
        fn nothing_panics_on_bytes_that_are_no_key(bytes in proptest::collection::vec(0..8u8, 0..40)) {
            let _ = super::read(&bytes);
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
