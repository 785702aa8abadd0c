//! Who asks.

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
