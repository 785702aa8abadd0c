//! Digests that stand for a call: what is hashed is told apart by length and kind, so that no two calls share one.

use martlet_core::{Caller, Claims, Identity, Value};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// SHA-256 over parts, each with its length.
#[derive(Debug, Clone)]
pub(crate) struct Digest(Sha256);

impl Digest {
    /// Begins a digest of this purpose: those of different purposes never meet.
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Sha256::new()).text(purpose)
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    /// Arguments, in order.
    pub(crate) fn values(mut self, values: &[Value]) -> Self {
        self.0.update((values.len() as u64).to_le_bytes());
        for value in values {
            self = self.value(value);
        }
        self
    }

    pub(crate) fn value(mut self, value: &Value) -> Self {
        match value {
            Value::Null => self.0.update([0]),
            Value::Boolean(value) => self.0.update([1, u8::from(*value)]),
            Value::Integer(value) => {
                self.0.update([2]);
                self.0.update(value.to_le_bytes());
            }
            Value::Double(value) => {
                self.0.update([3]);
                self.0.update(value.to_bits().to_le_bytes());
            }
            Value::Text(value) => {
                self.0.update([4]);
                self = self.text(value);
            }
            Value::List(items) => {
                self.0.update([5]);
                self = self.values(items);
            }
        }
        self
    }

    /// Who asks: the same for every token of one user; the anonymous by their address, if that is to count.
    pub(crate) fn caller(self, caller: &Caller, is_address_told: bool) -> Self {
        match &caller.identity {
            Identity::Service(_) => self.text("service"),
            Identity::User(claims) => match subject(claims) {
                Some(subject) => self.text("user").text(&claims.role).text(&subject),
                None => self.text("nameless").text(&claims.role).text(&address(caller, is_address_told)),
            },
            Identity::Anonymous => self.text("anonymous").text(&address(caller, is_address_told)),
        }
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// `sub`, whatever its form.
pub(crate) fn subject(claims: &Claims) -> Option<Cow<'_, str>> {
    match &claims.user_id {
        Some(user_id) => Some(Cow::Borrowed(user_id)),
        None => claims.get("sub"),
    }
}

fn address(caller: &Caller, is_told: bool) -> String {
    caller.address.filter(|_| is_told).map(|address| address.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn of(values: &[Value]) -> [u8; 32] {
        Digest::new("test").values(values).finish()
    }

    #[test]
    fn different_calls_have_different_digests() {
        let text = |text: &str| Value::Text(text.into());
        let calls: [&[Value]; 9] = [
            &[],
            &[Value::Null],
            &[text("")],
            &[text("ab"), text("c")],
            &[text("a"), text("bc")],
            &[Value::Integer(1)],
            &[Value::Boolean(true)],
            &[Value::List([Value::Integer(1)].into())],
            &[Value::Double(1.0)],
        ];
        for (index, call) in calls.iter().enumerate() {
            assert!(calls[..index].iter().all(|other| of(other) != of(call)), "{index}");
        }
    }

    #[test]
    fn a_user_is_the_same_under_every_token_and_the_anonymous_are_told_by_address() {
        let user = |user_id: Option<&str>, json: &str| {
            let claims =
                Claims { role: "authenticated".into(), user_id: user_id.map(str::to_owned), json: json.into() };
            Identity::User(Arc::new(claims))
        };
        let of = |identity: Identity, address: &str, is_told| {
            let caller = Caller { identity, address: address.parse().ok() };
            Digest::new("test").caller(&caller, is_told).finish()
        };
        let (one, two) = (user(None, r#"{"exp": 1, "sub": "7"}"#), user(None, r#"{"exp": 2, "sub": "7"}"#));
        assert_eq!(of(one.clone(), "1.1.1.1", true), of(two, "2.2.2.2", true));
        assert_ne!(of(one.clone(), "1.1.1.1", true), of(user(None, r#"{"sub": "8"}"#), "1.1.1.1", true));
        assert_ne!(of(one, "1.1.1.1", true), of(Identity::Service(None), "1.1.1.1", true));
        assert_ne!(of(Identity::Anonymous, "1.1.1.1", true), of(Identity::Anonymous, "2.2.2.2", true));
        assert_eq!(of(Identity::Anonymous, "1.1.1.1", false), of(Identity::Anonymous, "2.2.2.2", false));
        let nameless = || user(None, "{}");
        assert_ne!(of(nameless(), "1.1.1.1", true), of(nameless(), "2.2.2.2", true));
    }
}
