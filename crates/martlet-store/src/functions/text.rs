//! Text.

use super::{Arguments, Raise, Registry, case, like};
use martlet_core::code;
use md5::{Digest as _, Md5};
use sha2::Sha256;
use std::borrow::Cow;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    // SQLite writes `text LIKE pattern` as like(pattern, text).
    registry.strict("like", 2, |arguments| like::matches(arguments.text(1)?, arguments.text(0)?))?;
    registry.lenient("like", 3, |arguments| {
        let Some((text, pattern)) = escaped(arguments)? else { return Ok(None) };
        like::matches(text, &pattern).map(Some)
    })?;
    registry.strict("ilike", 2, |arguments| {
        like::matches(&case::lower(arguments.text(1)?), &case::lower(arguments.text(0)?))
    })?;
    registry.lenient("ilike", 3, |arguments| {
        let Some((text, pattern)) = escaped(arguments)? else { return Ok(None) };
        like::matches(&case::lower(text), &case::lower(&pattern)).map(Some)
    })?;
    registry.strict("lower", 1, |arguments| Ok(case::lower(arguments.text(0)?)))?;
    registry.strict("upper", 1, |arguments| Ok(case::upper(arguments.text(0)?)))?;
    registry.strict("substr", 2, |arguments| {
        let text = arguments.text(0)?;
        Ok(slice(text, arguments.integer(1)?, i64::MAX).to_owned())
    })?;
    registry.strict("substr", 3, |arguments| substr(arguments).map(str::to_owned))?;
    // SQLite's own gives the text back for an empty `from`, whatever `to` is.
    registry.strict("replace", 3, |arguments| {
        let (text, from, to) = (arguments.text(0)?, arguments.text(1)?, arguments.text(2)?);
        if from.is_empty() {
            return Ok(text.to_owned());
        }
        let grown = text.matches(from).count().saturating_mul(to.len());
        super::check_size(grown.saturating_add(text.len()))?;
        Ok(text.replace(from, to))
    })?;
    registry.strict("md5", 1, |arguments| Ok(hex(&Md5::digest(arguments.text(0)?))))?;
    registry.strict("sha256hex", 1, |arguments| Ok(hex(&Sha256::digest(arguments.text(0)?))))
}

/// Text and pattern of a LIKE with ESCAPE; a bad escape is an error even where the text is null.
fn escaped<'a>(arguments: &'a Arguments<'_>) -> Result<Option<(&'a str, Cow<'a, str>)>, Raise> {
    if arguments.is_null(0) || arguments.is_null(2) {
        return Ok(None);
    }
    let pattern = like::with_escape(arguments.text(0)?, arguments.text(2)?)?;
    if arguments.is_null(1) { Ok(None) } else { Ok(Some((arguments.text(1)?, pattern))) }
}

fn substr<'a>(arguments: &'a Arguments<'_>) -> Result<&'a str, Raise> {
    let (start, length) = (arguments.integer(1)?, arguments.integer(2)?);
    if length < 0 {
        return Err(Raise::new(&code::NEGATIVE_LENGTH, "negative substring length not allowed"));
    }
    Ok(slice(arguments.text(0)?, start, start.saturating_add(length)))
}

/// The characters from `start`, counted from 1, up to `end`, not included; what lies before 1 counts but is not there.
fn slice(text: &str, start: i64, end: i64) -> &str {
    let skipped = usize::try_from(start.max(1) - 1).unwrap_or(usize::MAX);
    let taken = usize::try_from(end.saturating_sub(start.max(1))).unwrap_or(0);
    if text.is_ascii() {
        let from = skipped.min(text.len());
        return &text[from..from.saturating_add(taken).min(text.len())];
    }
    let mut places = text.char_indices().map(|(at, _)| at).chain(std::iter::once(text.len()));
    let Some(from) = places.clone().nth(skipped) else { return "" };
    let to = places.nth(skipped.saturating_add(taken)).unwrap_or(text.len());
    &text[from..to]
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
