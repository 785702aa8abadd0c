//! The query string: pairs, decoded exactly once.

use crate::refusal;
use martlet_core::Error;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// Splits and decodes: `+` is a space; a pair without `=` has the empty value; empty pairs are passed over.
pub(crate) fn decode_pairs(query: &str, pairs_max: usize) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == pairs_max {
            return Err(refusal::bad_request(format!("the URL has more than {pairs_max} parameters")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decode(name, Plus::IsSpace)?.into_owned(), decode(value, Plus::IsSpace)?.into_owned()));
    }
    Ok(pairs)
}

/// Decodes a segment of a path, where `+` is itself.
pub(crate) fn decode_segment(segment: &str) -> Result<Cow<'_, str>, Error> {
    decode(segment, Plus::IsItself)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    IsSpace,
    IsItself,
}

fn decode(text: &str, plus: Plus) -> Result<Cow<'_, str>, Error> {
    let has_plus = plus == Plus::IsSpace && text.contains('+');
    if !has_plus && !text.contains('%') {
        return Ok(Cow::Borrowed(text));
    }
    let spaced = if has_plus { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    if !escapes_are_whole(spaced.as_bytes()) {
        return Err(refusal::bad_request("the URL has a `%` that two hexadecimal digits do not follow"));
    }
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded
        .map(|text| Cow::Owned(text.into_owned()))
        .map_err(|_| refusal::bad_request("the URL is not UTF-8 once decoded"))
}

fn escapes_are_whole(text: &[u8]) -> bool {
    text.iter()
        .enumerate()
        .filter(|(_, b)| **b == b'%')
        .all(|(at, _)| text.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(query: &str) -> Vec<(String, String)> {
        decode_pairs(query, 3).unwrap()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn pairs_are_decoded_once() {
        assert_eq!(pairs(""), []);
        assert_eq!(pairs("a=1&b=x+y&c=%2B%252e"), [pair("a", "1"), pair("b", "x y"), pair("c", "+%2e")]);
        assert_eq!(pairs("a&&b==c&a="), [pair("a", ""), pair("b", "=c"), pair("a", "")]);
        assert_eq!(pairs("n%C3%A4me=%F0%9F%8E%B5"), [pair("näme", "🎵")]);
        assert_eq!(decode_segment("a+b%20c").unwrap(), "a+b c");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in ["a=%", "a=%2", "a=%zz", "a=%C3", "a=%ff%fe", "%=1", "a=%c0%ae", "a=%ed%a0%80"] {
            assert_eq!(decode_pairs(bad, 3).unwrap_err().code, "MRT002", "{bad}");
        }
        assert!(decode_pairs("a&b&c", 3).is_ok());
        assert_eq!(decode_pairs("a&b&c&d", 3).unwrap_err().code, "MRT002");
    }
}
