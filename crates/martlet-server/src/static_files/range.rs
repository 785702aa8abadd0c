//! `Range` (RFC 9110, section 14).

use super::stream::Part;
use crate::settings::RANGES_MAX;

/// What is to be sent of a file; ends are exclusive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ranges {
    Whole,
    One(u64, u64),
    Several(Vec<(u64, u64)>),
    Unsatisfiable,
}

/// Reads the header. What is malformed, of another unit, of too many ranges or of more bytes than the file is as if
/// it had not been given.
pub(super) fn parse_ranges(header: &[u8], size: u64) -> Ranges {
    let Some(list) = std::str::from_utf8(header).ok().and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Ranges::Whole;
    };
    let mut ranges = Vec::new();
    for (i, range) in list.split(',').map(str::trim).enumerate() {
        if i == RANGES_MAX {
            return Ranges::Whole;
        }
        match parse_range(range, size) {
            Some(Some(range)) => ranges.push(range),
            Some(None) => {}
            None => return Ranges::Whole,
        }
    }
    let sum: u64 = ranges.iter().map(|(start, end)| end - start).fold(0, u64::saturating_add);
    match ranges.as_slice() {
        [] => Ranges::Unsatisfiable,
        [(start, end)] => Ranges::One(*start, *end),
        _ if sum > size => Ranges::Whole,
        _ => Ranges::Several(ranges),
    }
}

/// None: malformed; none within: outside the file.
#[expect(clippy::option_option, reason = "two kinds of nothing, told apart in one place")]
fn parse_range(range: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (first, last) = range.split_once('-')?;
    if first.is_empty() {
        let suffix = number(last)?;
        let start = size.saturating_sub(suffix);
        return Some((start < size).then_some((start, size)));
    }
    let start = number(first)?;
    let last = if last.is_empty() { u64::MAX } else { number(last)? };
    if last < start {
        return None;
    }
    Some((start < size).then_some((start, last.saturating_add(1).min(size))))
}

/// Digits only; beyond 64 bits is beyond every file.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The parts of a `multipart/byteranges` and its boundary, which no file can foresee; none where the whole file is
/// less to send.
pub(super) fn multipart(ranges: &[(u64, u64)], size: u64, media_type: &str) -> Option<(Vec<Part>, String)> {
    let boundary = format!("{:016x}", getrandom::u64().unwrap_or(0x6d61_7274_6c65_7431));
    let mut parts = Vec::with_capacity(ranges.len() * 2 + 1);
    for (start, end) in ranges {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: bytes {start}-{}/{size}\r\n\r\n",
            end - 1
        );
        parts.push(Part::Text(head.into()));
        parts.push(Part::Range(*start, *end));
    }
    parts.push(Part::Text(format!("\r\n--{boundary}--\r\n").into()));
    let sum = parts.iter().map(Part::size).fold(0, u64::saturating_add);
    (sum <= size).then_some((parts, boundary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let of = |header: &str| parse_ranges(header.as_bytes(), 100);
        assert_eq!(of("bytes=0-9"), Ranges::One(0, 10));
        assert_eq!(of("bytes=90-"), Ranges::One(90, 100));
        assert_eq!(of("bytes=-10"), Ranges::One(90, 100));
        assert_eq!(of("bytes=-1000"), Ranges::One(0, 100));
        assert_eq!(of("bytes=95-1000"), Ranges::One(95, 100));
        assert_eq!(of("bytes=0-1, 4-5"), Ranges::Several(vec![(0, 2), (4, 6)]));
        assert_eq!(of("bytes=0-1,200-"), Ranges::One(0, 2));
        assert_eq!(parse_ranges(b"bytes=0-", 0), Ranges::Unsatisfiable);
    }

    #[test]
    fn abuse_http_15_ranges_never_make_more_than_the_file() {
        let of = |header: &str| parse_ranges(header.as_bytes(), 100);
        assert_eq!(of(&format!("bytes={}", vec!["0-"; 1000].join(","))), Ranges::Whole);
        assert_eq!(of("bytes=0-99,0-99"), Ranges::Whole);
        for malformed in ["bytes=9-0", "items=0-1", "bytes=", "bytes=a-b", "bytes=1", "bytes=--1", "0-1", "bytes=+1-2"]
        {
            assert_eq!(of(malformed), Ranges::Whole, "{malformed}");
        }
        let sent = |ranges: &[(u64, u64)], size| {
            let (parts, _) = multipart(ranges, size, "text/plain")?;
            Some(parts.iter().map(Part::size).sum::<u64>())
        };
        assert_eq!(sent(&[(0, 1), (8, 10)], 10), None, "what parts the ranges counts too");
        assert!(sent(&[(0, 1), (8, 10)], 1000).is_some_and(|sum| sum <= 1000));
        for outside in ["bytes=-0", "bytes=100-", "bytes=99999999999999999999999-"] {
            assert_eq!(of(outside), Ranges::Unsatisfiable, "{outside}");
        }
    }
}
