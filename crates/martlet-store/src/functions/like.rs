//! LIKE as PostgreSQL matches it, down to when a trailing escape character is an error.

use super::Raise;
use martlet_core::code;
use std::borrow::Cow;

/// Bytes of a pattern.
const PATTERN_SIZE_MAX: usize = 8 * 1024;
/// Bytes that are compared again after a mismatch, some hundredths of a second: a text times a pattern of such steps
/// would be minutes, and no deadline stops a function in the middle.
const RETRIED_MAX: usize = 8_000_000;

/// Whether the text matches the pattern, in which `\` escapes.
///
/// Bytes are compared, characters skipped, as PostgreSQL does in UTF-8. After a `%` only the last one needs to be
/// tried again: where the text ends before the pattern, no earlier `%` could do better.
pub(super) fn matches(text: &str, pattern: &str) -> Result<bool, Raise> {
    if pattern.len() > PATTERN_SIZE_MAX {
        let message = format!("LIKE pattern is longer than {PATTERN_SIZE_MAX} bytes");
        return Err(Raise::new(&code::ANSWER_TOO_LARGE, message));
    }
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let (mut t, mut p) = (0, 0);
    // Where to go on after a mismatch: behind the last `%`, one character of the text later.
    let mut retry: Option<(usize, usize)> = None;
    let mut retried = 0_usize;
    loop {
        if t == text.len() {
            return Ok(pattern[p..].iter().all(|byte| *byte == b'%'));
        }
        if pattern.get(p) == Some(&b'%') {
            while let Some(byte) = pattern.get(p) {
                match byte {
                    b'%' => {}
                    b'_' if t == text.len() => return Ok(false),
                    b'_' => t = next_character(text, t),
                    _ => break,
                }
                p += 1;
            }
            if p == pattern.len() {
                return Ok(true);
            }
            let Some(found) = find_first(text, t, pattern, p)? else { return Ok(false) };
            t = found;
            retry = Some((found, p));
        }
        let is_match = match pattern.get(p) {
            None => false,
            Some(b'_') => {
                t = next_character(text, t);
                p += 1;
                continue;
            }
            Some(b'\\') => {
                p += 1;
                *pattern.get(p).ok_or_else(trailing_escape)? == text[t]
            }
            Some(byte) => *byte == text[t],
        };
        if is_match {
            t += 1;
            p += 1;
            continue;
        }
        let Some((last, after)) = retry else { return Ok(false) };
        retried += t - last;
        if retried > RETRIED_MAX {
            return Err(Raise::new(&code::ANSWER_TOO_LARGE, "LIKE takes too many steps on this text"));
        }
        let Some(found) = find_first(text, next_character(text, last), pattern, after)? else { return Ok(false) };
        retry = Some((found, after));
        (t, p) = (found, after);
    }
}

/// The next place whose byte is the pattern's next literal one.
fn find_first(text: &[u8], from: usize, pattern: &[u8], p: usize) -> Result<Option<usize>, Raise> {
    let first = match pattern[p] {
        b'\\' => *pattern.get(p + 1).ok_or_else(trailing_escape)?,
        byte => byte,
    };
    Ok(text[from..].iter().position(|byte| *byte == first).map(|found| from + found))
}

fn next_character(text: &[u8], at: usize) -> usize {
    let mut next = at + 1;
    while text.get(next).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {
        next += 1;
    }
    next
}

/// Rewrites a pattern with another escape character, or none, to one with `\`.
pub(super) fn with_escape<'p>(pattern: &'p str, escape: &str) -> Result<Cow<'p, str>, Raise> {
    let mut characters = escape.chars();
    let escape = characters.next();
    if characters.next().is_some() {
        return Err(Raise::new(&code::INVALID_ESCAPE, "invalid escape string"));
    }
    if escape == Some('\\') {
        return Ok(Cow::Borrowed(pattern));
    }
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut is_escaped = false;
    for character in pattern.chars() {
        if escape == Some(character) && !is_escaped {
            out.push('\\');
            is_escaped = true;
            continue;
        }
        if character == '\\' && !is_escaped {
            out.push('\\');
        }
        out.push(character);
        is_escaped = false;
    }
    Ok(Cow::Owned(out))
}

fn trailing_escape() -> Raise {
    Raise::new(&code::INVALID_ESCAPE, "LIKE pattern must not end with escape character")
}
