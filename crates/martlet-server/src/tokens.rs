//! Tokens: keys, signatures, claims, by RFC 8725.
//!
//! The algorithm is fixed by the key, never by the token; `kid` selects among our own keys only; nothing in a token
//! is ever looked up outside. A token must have `exp` and `role`: one without an end can never be taken back, and one
//! without a role (an ID token, a file token) is of another kind, so it is refused rather than guessed at.

mod claims;
mod keys;
mod verify;

pub(crate) use claims::Verified;
pub use keys::{KeySettings, Keys, KeysError, Secret, TokenRequest};

/// Bytes of a token.
pub const TOKEN_SIZE_MAX: usize = 8 * 1024;
/// Bytes of an HS256 secret, at least.
pub const SECRET_SIZE_MIN: usize = 32;
/// How far the clocks of issuer and server may differ for `iat` and `nbf`; an `exp` that has passed has passed.
pub const CLOCK_SKEW_S: i64 = 60;
/// The `aud` of our tokens.
pub const AUDIENCE: &str = "authenticated";

#[cfg(test)]
mod tests;
