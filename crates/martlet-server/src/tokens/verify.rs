//! From a token's text to verified claims.

use super::TOKEN_SIZE_MAX;
use super::claims::{UniqueObject, Verified, refused};
use super::keys::{Key, Keys};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use martlet_core::{Error, Identity, Timestamp, code};
use serde_json::{Map, Value};

impl Keys {
    /// Judges a token by everything but the time now, which [`Verified::at`] judges at each use.
    pub(crate) fn verify(&self, token: &[u8]) -> Result<Verified, Error> {
        if token.len() > TOKEN_SIZE_MAX {
            return Err(bad("the token is too long"));
        }
        let token = std::str::from_utf8(token).map_err(|_| bad("the token is not text"))?;
        let parts_count = token.bytes().filter(|b| *b == b'.').count() + 1;
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad(&format!("Expected 3 parts in JWT; got {parts_count}")));
        };
        let header = Header::read(header)?;
        let signed = &token.as_bytes()[..token.len() - signature.len() - 1];
        self.check_signature(&header, signed, signature)?;
        let payload =
            URL_SAFE_NO_PAD.decode(payload).map_err(|_| refused("the claims of the token are not base64url"))?;
        Verified::of(&payload, self.issuer.as_deref())
    }

    /// Who a token is of, if it is good at this time. A server remembers what it has verified; this does not.
    pub fn identity(&self, token: &str, now: Timestamp) -> Result<Identity, Error> {
        self.verify(token.as_bytes())?.at(now.micros().div_euclid(1_000_000)).cloned()
    }

    fn check_signature(&self, header: &Header, signed: &[u8], signature: &str) -> Result<(), Error> {
        let mut found_key = false;
        for key in self.keys.iter().filter(|key| header.may_use(key)) {
            found_key = true;
            if jsonwebtoken::crypto::verify(signature, signed, &key.verifying, key.algorithm).unwrap_or(false) {
                return Ok(());
            }
        }
        Err(bad(if found_key { "JWT cryptographic operation failed" } else { "No suitable key or wrong key type" }))
    }
}

/// The few fields of a header that we read.
struct Header {
    algorithm: Algorithm,
    kid: Option<String>,
}

impl Header {
    fn read(part: &str) -> Result<Self, Error> {
        let fields = object(part).ok_or_else(|| bad("the header of the token is not a JSON object"))?;
        // What the issuer calls critical we do not know; keys and their addresses we never take from a token.
        for foreign in ["crit", "jwk", "jku", "x5u", "x5c", "enc", "zip", "cty"] {
            if fields.contains_key(foreign) {
                return Err(bad(&format!("the header of the token has `{foreign}`, which is not taken here")));
            }
        }
        match fields.get("typ") {
            None => {}
            Some(Value::String(typ)) if is_access_token(typ) => {}
            Some(_) => return Err(bad("the token is of another kind")),
        }
        let algorithm = match fields.get("alg").and_then(Value::as_str) {
            Some("HS256") => Algorithm::HS256,
            Some("EdDSA") => Algorithm::EdDSA,
            _ => return Err(bad("No suitable key or wrong key type")),
        };
        let kid = match fields.get("kid") {
            None => None,
            Some(Value::String(kid)) => Some(kid.clone()),
            Some(_) => return Err(bad("No suitable key or wrong key type")),
        };
        Ok(Self { algorithm, kid })
    }

    fn may_use(&self, key: &Key) -> bool {
        let is_named = match (&self.kid, &key.kid) {
            (Some(wanted), Some(kid)) => wanted == kid,
            (None, _) | (_, None) => true,
        };
        is_named && key.algorithm == self.algorithm
    }
}

/// `typ` of RFC 7519 and RFC 9068; media types may leave out `application/` and are equal in any case.
fn is_access_token(typ: &str) -> bool {
    ["JWT", "at+jwt", "application/at+jwt"].iter().any(|ours| typ.eq_ignore_ascii_case(ours))
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice::<UniqueObject>(&json).ok().map(|object| object.0)
}

fn bad(message: &str) -> Error {
    Error::new(&code::BAD_TOKEN, message)
}
