//! Who asks.

use crate::json::{Event, Scanner};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// The verified claims of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// The role: `authenticated`, `anon`, `service_role` or one of the app's own.
    pub role: String,
    /// `sub` where it is a uuid, in canonical form: what `auth.uid()` gives.
    pub user_id: Option<String>,
    /// All claims as a JSON object, in jsonb's canonical form: what `auth.jwt()` gives.
    pub json: String,
}

impl Claims {
    /// What `auth.jwt() ->> 'name'` gives: a string's characters, none for null and what is missing, else the JSON text.
    ///
    /// Scans the text, which is short, up to the claim: a table of claims would have to be made for every token.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut scanner = Scanner::new(&self.json);
        if scanner.next_event().ok()? != Event::BeginObject {
            return None;
        }
        loop {
            let Event::Key(key) = scanner.next_event().ok()? else { return None };
            let is_wanted = key.decode().is_ok_and(|key| key == name);
            // Behind a key stands a colon and, in jsonb's form, a blank.
            let start = scanner.position();
            let value = scanner.next_event().ok()?;
            scanner.skip_value(value).ok()?;
            if is_wanted {
                return match value {
                    Event::Null => None,
                    Event::String(text) => text.decode().ok(),
                    _ => self.json.get(start..scanner.position()).map(|text| Cow::Borrowed(text.trim_ascii())),
                };
            }
        }
    }
}

/// Anonymous, a user with claims, or the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Identity {
    /// No token, or one of role `anon`.
    #[default]
    Anonymous,
    /// A user's token: role `authenticated` or one of the app's own.
    User(Arc<Claims>),
    /// The service's token (role `service_role`), or a call from inside.
    Service(Option<Arc<Claims>>),
}

impl Identity {
    /// What `auth.role()` gives: `anon`, `authenticated`, `service_role` or the app's own.
    pub fn role(&self) -> &str {
        match self {
            Identity::Anonymous => "anon",
            Identity::User(claims) => &claims.role,
            Identity::Service(_) => "service_role",
        }
    }

    /// The claims of the token, if there is one that names anybody.
    pub fn claims(&self) -> Option<&Arc<Claims>> {
        match self {
            Identity::Anonymous => None,
            Identity::User(claims) => Some(claims),
            Identity::Service(claims) => claims.as_ref(),
        }
    }
}

/// An identity with the address that it calls from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// Who asks.
    pub identity: Identity,
    /// The peer's address; none for calls from inside.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// The service itself, calling from inside.
    pub fn service() -> Self {
        Self { identity: Identity::Service(None), address: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_what_the_arrow_operator_gives() {
        let json = r#"{"a": "x\"y", "n": 12.50, "t": true, "z": null, "o": {"k": [1, 2]}, "\u00e9": "é", "last": ""}"#;
        let claims = Claims { role: String::new(), user_id: None, json: json.to_owned() };
        assert_eq!(claims.get("a").as_deref(), Some("x\"y"));
        assert_eq!(claims.get("n").as_deref(), Some("12.50"));
        assert_eq!(claims.get("t").as_deref(), Some("true"));
        assert_eq!(claims.get("z"), None);
        assert_eq!(claims.get("o").as_deref(), Some(r#"{"k": [1, 2]}"#));
        assert_eq!(claims.get("é").as_deref(), Some("é"));
        assert_eq!(claims.get("last").as_deref(), Some(""));
        assert_eq!((claims.get("missing"), claims.get("k")), (None, None));
        let of = |json: &str| Claims { role: String::new(), user_id: None, json: json.to_owned() }.get("a").is_some();
        assert!(!of("") && !of("[]") && !of("{}") && !of(r#"{"a": "#) && !of(r#"{"b": x, "a": 1}"#));
    }
}
