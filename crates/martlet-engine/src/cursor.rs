//! Cursors of pages: where a page ended, sealed so that nobody but this app can read or make one.
//!
//! AES-256-GCM-SIV under the app's key. What the cursor belongs to (query and its text, arguments, identity) is
//! authenticated with it and not in it: a cursor of another query, caller or key does not open, and no cursor opens as
//! a token. The nonce is a digest of all that goes in, so the same page has the same cursor for an hour, and with it the
//! same entity tag; to seal the same thing twice tells nobody more than the page itself does.

use crate::digest::Digest;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use martlet_core::{Caller, Error, Timestamp, Value, code, limits};
use std::fmt;

/// How long a cursor is good, at least; it ends with an hour.
const VALID_S: i64 = 24 * 3_600;
const HOUR_S: i64 = 3_600;

/// The app's key for cursors. Shows nothing in `Debug`.
#[derive(Clone)]
pub struct CursorKey(std::sync::Arc<LessSafeKey>);

impl fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl CursorKey {
    /// The key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes).expect("a key of 32 bytes is one of AES-256");
        Self(std::sync::Arc::new(LessSafeKey::new(key)))
    }

    /// A key of this process: its cursors end with it.
    pub fn ephemeral() -> Self {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system gives random bytes");
        Self::new(&bytes)
    }

    /// Seals where a page ended.
    ///
    /// Errors: MRT011 where the values are too long for a cursor.
    pub fn seal(&self, scope: &Scope, values: &[Value], now: Timestamp) -> Result<String, Error> {
        let now_s = now.micros().div_euclid(1_000_000);
        let expires_s = (now_s + VALID_S + HOUR_S).div_euclid(HOUR_S) * HOUR_S;
        let mut sealed = expires_s.to_le_bytes().to_vec();
        values.iter().for_each(|value| write(&mut sealed, value));
        let digest = Digest::new("cursor nonce").bytes(&scope.0).bytes(&sealed).finish();
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&digest[..NONCE_LEN]);
        let size = (NONCE_LEN + sealed.len() + AES_256_GCM_SIV.tag_len()).div_ceil(3) * 4;
        if size > limits::CURSOR_SIZE_MAX {
            let message = "a value by which the pages are ordered is too long for a cursor";
            return Err(Error::new(&code::CURSOR_TOO_LONG, message).hint("order the pages by shorter columns"));
        }
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(scope.0), &mut sealed)
            .map_err(|_| Error::internal("a cursor could not be sealed"))?;
        let mut cursor = nonce.to_vec();
        cursor.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(cursor))
    }

    /// Opens a cursor of this scope, of so many values. Any other is MRT010.
    pub fn open(&self, scope: &Scope, cursor: &str, count: usize, now: Timestamp) -> Result<Vec<Value>, Error> {
        self.try_open(scope, cursor, count, now).ok_or_else(|| {
            Error::new(&code::BAD_CURSOR, "the cursor is not good for this call").hint("begin again without a cursor")
        })
    }

    fn try_open(&self, scope: &Scope, cursor: &str, count: usize, now: Timestamp) -> Option<Vec<Value>> {
        if cursor.len() > limits::CURSOR_SIZE_MAX {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self.0.open_in_place(nonce, Aad::from(scope.0), sealed).ok()?;
        let (expires_s, mut rest) = opened.split_first_chunk::<8>()?;
        if now.micros().div_euclid(1_000_000) >= i64::from_le_bytes(*expires_s) {
            return None;
        }
        let values = (0..count).map(|_| read(&mut rest)).collect::<Option<Vec<Value>>>()?;
        rest.is_empty().then_some(values)
    }
}

/// The part of a scope that every call of a query shares, digested once: the text is by far the longest of it.
#[derive(Debug, Clone)]
pub struct QueryScope(Digest);

impl QueryScope {
    /// Of a query by its name and text.
    pub fn new(name: &str, text: &str) -> Self {
        Self(Digest::new("cursor scope").text(name).text(text))
    }
}

/// What a cursor belongs to.
#[derive(Debug, Clone)]
pub struct Scope([u8; 32]);

impl Scope {
    /// Of a query with these arguments, for this caller.
    pub fn new(query: &QueryScope, arguments: &[Value], caller: &Caller) -> Self {
        // The anonymous are all one: a phone changes its address between two pages.
        Self(query.0.clone().values(arguments).caller(caller, false).finish())
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Boolean(value) => out.extend_from_slice(&[1, u8::from(*value)]),
        Value::Integer(value) => {
            out.push(2);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Double(value) => {
            out.push(3);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Text(text) => {
            out.push(4);
            out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        // Neither is a page's column.
        Value::Null | Value::List(_) => out.push(0),
    }
}

fn read(rest: &mut &[u8]) -> Option<Value> {
    let (kind, after) = rest.split_first()?;
    *rest = after;
    let mut take = |count: usize| -> Option<&[u8]> {
        let (taken, after) = rest.split_at_checked(count)?;
        *rest = after;
        Some(taken)
    };
    match kind {
        1 => Some(Value::Boolean(take(1)? == [1])),
        2 => Some(Value::Integer(i64::from_le_bytes(take(8)?.try_into().ok()?))),
        3 => Some(Value::Double(f64::from_le_bytes(take(8)?.try_into().ok()?))),
        4 => {
            let size = u32::from_le_bytes(take(4)?.try_into().ok()?);
            Some(Value::Text(std::str::from_utf8(take(usize::try_from(size).ok()?)?).ok()?.into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_123_000_000);

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_micros(NOW.micros() + seconds * 1_000_000)
    }

    fn scope(name: &str, argument: i64) -> Scope {
        Scope::new(&QueryScope::new(name, "select 1"), &[Value::Integer(argument)], &Caller::default())
    }

    fn values() -> Vec<Value> {
        vec![
            Value::Text("2026-01-01T00:00:00+00:00".into()),
            Value::Integer(-7),
            Value::Boolean(true),
            Value::Double(0.5),
        ]
    }

    fn is_good(key: &CursorKey, scope: &Scope, cursor: &str, now: Timestamp) -> bool {
        match key.open(scope, cursor, 4, now) {
            Ok(opened) => opened == values(),
            Err(error) => {
                assert_eq!((error.code.as_ref(), error.kind), ("MRT010", martlet_core::Kind::Invalid));
                false
            }
        }
    }

    #[test]
    fn a_cursor_opens_for_its_call_alone_and_for_a_day() {
        let key = CursorKey::new(&[7; 32]);
        let cursor = key.seal(&scope("q", 1), &values(), NOW).unwrap();
        assert!(is_good(&key, &scope("q", 1), &cursor, NOW));
        assert!(is_good(&key, &scope("q", 1), &cursor, later(VALID_S - 1)));
        assert!(!is_good(&key, &scope("q", 1), &cursor, later(VALID_S + HOUR_S + 1)));
        assert!(!is_good(&key, &scope("q", 2), &cursor, NOW) && !is_good(&key, &scope("p", 1), &cursor, NOW));
        assert!(!is_good(&CursorKey::ephemeral(), &scope("q", 1), &cursor, NOW));
        assert!(key.open(&scope("q", 1), &cursor, 3, NOW).is_err(), "of another number of columns");
        assert_eq!(cursor, key.seal(&scope("q", 1), &values(), later(1)).unwrap(), "the same page, the same bytes");
        assert!(!cursor.contains("2026") && cursor.len() < 200);
    }

    #[test]
    fn abuse_forged_cut_and_changed_cursors_do_not_open() {
        let key = CursorKey::ephemeral();
        let cursor = key.seal(&scope("q", 1), &values(), NOW).unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(!is_good(&key, &scope("q", 1), &URL_SAFE_NO_PAD.encode(changed), NOW));
            }
            assert!(!is_good(&key, &scope("q", 1), &URL_SAFE_NO_PAD.encode(&bytes[..at]), NOW));
        }
        for wrong in ["", " ", "é", "null", &"A".repeat(100_000), &format!("{cursor}A"), "eyJhbGciOiJIUzI1NiJ9.e30.x"]
        {
            assert!(!is_good(&key, &scope("q", 1), wrong, NOW), "{wrong:.20}");
        }
    }

    #[test]
    fn what_is_too_long_gives_no_cursor() {
        let key = CursorKey::ephemeral();
        let of = |size: usize| key.seal(&scope("q", 1), &[Value::Text("x".repeat(size).into())], NOW);
        assert!(of(300).unwrap().len() < 512);
        assert_eq!(of(400).unwrap_err().code, "MRT011");
    }
}
