//! Lists in URLs: `{a,"b c",NULL}`, quoted as PostgreSQL's array literals are.

use super::Mistake;
use martlet_core::limits;

/// The items of an array literal of one dimension; none is an unquoted NULL.
pub(super) fn items(text: &str) -> Result<Vec<Option<String>>, Mistake> {
    let wrong = || Mistake::new("type", "must be a list such as {a,b}");
    let blank = |c: char| c.is_ascii_whitespace();
    let inner = text.trim_matches(blank).strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or_else(wrong)?;
    let mut rest = inner.trim_start_matches(blank);
    let mut items = Vec::new();
    if rest.is_empty() {
        return Ok(items);
    }
    loop {
        let (item, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_item(quoted).ok_or_else(wrong)?,
            None => plain_item(rest).ok_or_else(wrong)?,
        };
        items.push(item);
        if items.len() > limits::LIST_ITEMS_MAX {
            return Err(too_many());
        }
        let after = after.trim_start_matches(blank);
        if after.is_empty() {
            return Ok(items);
        }
        rest = after.strip_prefix(',').ok_or_else(wrong)?.trim_start_matches(blank);
    }
}

pub(super) fn too_many() -> Mistake {
    Mistake::new("length", format!("must have at most {} items", limits::LIST_ITEMS_MAX))
}

/// An item after its opening quote, and what follows the closing one.
fn quoted_item(text: &str) -> Option<(Option<String>, &str)> {
    let mut item = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Some(item), &text[at + 1..])),
            '\\' => item.push(chars.next()?.1),
            _ => item.push(c),
        }
    }
    None
}

/// An item without quotes: blanks at its ends do not count, a backslash takes the next character as it is.
fn plain_item(text: &str) -> Option<(Option<String>, &str)> {
    let mut item = String::new();
    let mut end = text.len();
    let mut kept = 0;
    let mut is_escaped = false;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ',' => {
                end = at;
                break;
            }
            '{' | '}' | '"' => return None,
            '\\' => {
                item.push(chars.next()?.1);
                kept = item.len();
                is_escaped = true;
            }
            _ => {
                item.push(c);
                if !c.is_ascii_whitespace() {
                    kept = item.len();
                }
            }
        }
    }
    item.truncate(kept);
    match (item.is_empty(), is_escaped) {
        (true, false) => None,
        (false, false) if item.eq_ignore_ascii_case("null") => Some((None, &text[end..])),
        _ => Some((Some(item), &text[end..])),
    }
}
