//! `lower` and `upper`: one character for one, as libc has them under C.UTF-8.
//!
//! Rust's mappings may give several characters (ß to SS); those characters stay as they are here, but for the few
//! that also have a mapping to one. Letters that got their case after Unicode 15 may differ from an older libc's:
//! docs/differences.md.

/// Returns the text in lower case.
pub(super) fn lower(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(lower_character).collect()
}

/// Returns the text in upper case.
pub(super) fn upper(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(upper_character).collect()
}

fn lower_character(character: char) -> char {
    match character {
        'İ' => 'i',
        _ => single(character.to_lowercase()).unwrap_or(character),
    }
}

fn upper_character(character: char) -> char {
    match character {
        // Greek letters with iota below, to those with iota beside.
        'ᾀ'..='ᾇ' | 'ᾐ'..='ᾗ' | 'ᾠ'..='ᾧ' => char::from_u32(u32::from(character) + 8).unwrap_or(character),
        'ᾳ' => 'ᾼ',
        'ῃ' => 'ῌ',
        'ῳ' => 'ῼ',
        _ => single(character.to_uppercase()).unwrap_or(character),
    }
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}
