//! The claims of a token whose signature is good.

use super::{AUDIENCE, CLOCK_SKEW_S};
use martlet_core::{Claims, Error, Identity, code, json};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// Bytes of a role's name.
const ROLE_SIZE_MAX: usize = 63;

/// A JSON object in which no name stands twice (RFC 7515, section 4; RFC 7519, section 4).
pub(super) struct UniqueObject(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueObject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;
        impl<'de> Visitor<'de> for ObjectVisitor {
            type Value = UniqueObject;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<UniqueObject, A::Error> {
                let mut map = Map::new();
                while let Some((name, value)) = access.next_entry::<String, Value>()? {
                    if map.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name stands twice"));
                    }
                }
                Ok(UniqueObject(map))
            }
        }
        deserializer.deserialize_map(ObjectVisitor)
    }
}

/// Who the claims are and from when to when, in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verified {
    pub(crate) identity: Identity,
    /// Good from here on...
    from_s: i64,
    /// ...up to before here.
    until_s: i64,
}

impl Verified {
    /// The identity, if the token is good at this time.
    pub(crate) fn at(&self, now_s: i64) -> Result<&Identity, Error> {
        if now_s >= self.until_s {
            return Err(refused("JWT expired"));
        }
        if now_s < self.from_s {
            return Err(refused("JWT not yet valid"));
        }
        Ok(&self.identity)
    }

    /// Whether [`Verified::at`] gives an identity.
    pub(crate) fn is_good_at(&self, now_s: i64) -> bool {
        (self.from_s..self.until_s).contains(&now_s)
    }

    /// Judges claims, a JSON text, by everything but the time now.
    pub(super) fn of(payload: &[u8], issuer: Option<&str>) -> Result<Self, Error> {
        let not_an_object = || refused("the claims of the token are not a JSON object");
        let UniqueObject(claims) = serde_json::from_slice(payload).map_err(|_| not_an_object())?;
        let json =
            std::str::from_utf8(payload).ok().and_then(|text| json::jsonb(text).ok()).ok_or_else(not_an_object)?;
        let until_s = seconds(&claims, "exp")?.ok_or_else(|| refused("the token has no `exp`"))?;
        let not_before_s = seconds(&claims, "nbf")?.unwrap_or(i64::MIN);
        let issued_s = seconds(&claims, "iat")?.unwrap_or(i64::MIN);
        if !audience_is_ours(claims.get("aud")) {
            return Err(refused("JWT not in audience"));
        }
        if issuer.is_some() && claims.get("iss").and_then(Value::as_str) != issuer {
            return Err(refused("JWT of another issuer"));
        }
        let role = match claims.get("role") {
            Some(Value::String(role)) if is_role(role) => role.clone(),
            Some(_) => return Err(refused("the `role` of the token is not a name")),
            None => return Err(refused("the token has no `role`")),
        };
        let user_id = match claims.get("sub") {
            None | Some(Value::Null) => None,
            Some(Value::String(sub)) => canonical_uuid(sub),
            Some(_) => return Err(refused("the `sub` of the token is not a text")),
        };
        let claims = Arc::new(Claims { role, user_id, json });
        let identity = match claims.role.as_str() {
            "anon" => Identity::Anonymous,
            "service_role" => Identity::Service(Some(claims)),
            _ => Identity::User(claims),
        };
        Ok(Self { identity, from_s: not_before_s.max(issued_s).saturating_sub(CLOCK_SKEW_S), until_s })
    }
}

pub(super) fn refused(message: &str) -> Error {
    Error::new(&code::TOKEN_CLAIMS, message)
}

/// A NumericDate: seconds since 1970, perhaps with a fraction, which is cut off.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, Error> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let not_a_time = || refused(&format!("the `{name}` of the token is not a time"));
    if let Some(whole) = value.as_i64() {
        return Ok(Some(whole));
    }
    let seconds = value.as_f64().ok_or_else(not_a_time)?;
    // Saturates: beyond the range of i64 is never or always.
    #[expect(clippy::cast_possible_truncation, reason = "saturates, as wanted")]
    Ok(Some(seconds.floor() as i64))
}

fn audience_is_ours(audience: Option<&Value>) -> bool {
    match audience {
        None => true,
        Some(Value::String(one)) => one == AUDIENCE,
        Some(Value::Array(several)) => several.iter().any(|one| one.as_str() == Some(AUDIENCE)),
        Some(_) => false,
    }
}

fn is_role(role: &str) -> bool {
    !role.is_empty() && role.len() <= ROLE_SIZE_MAX && role.bytes().all(|b| b.is_ascii_graphic())
}

/// The uuid in lower case with hyphens, if the text is one in that form.
fn canonical_uuid(text: &str) -> Option<String> {
    let is_uuid = text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        });
    is_uuid.then(|| text.to_ascii_lowercase())
}
