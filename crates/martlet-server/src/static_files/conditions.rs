//! Conditional requests (RFC 9110, section 13): the tag and date of a file, and whether the caller has it already.

use crate::coding::Coding;
use crate::entity_tag::{self, Verdict};
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::{Error, Timestamp};
use std::fs::Metadata;
use std::time::UNIX_EPOCH;

/// What tells one version of a file from another.
#[derive(Debug)]
pub(super) struct Tags {
    version: String,
    pub(super) last_modified: Option<HeaderValue>,
}

impl Tags {
    /// By size and time of change. A page that `dev` has changed on the way is another version.
    pub(super) fn of(metadata: &Metadata, is_dev_page: bool) -> Self {
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let nanos = modified.map_or(0, |since| since.as_nanos());
        let dev = if is_dev_page { ".dev" } else { "" };
        Self {
            version: format!("{:x}.{nanos:x}{dev}", metadata.len()),
            last_modified: modified.and_then(|since| http_date(i64::try_from(since.as_secs()).ok()?)),
        }
    }

    /// The tag of the file in this coding.
    pub(super) fn etag(&self, coding: Coding) -> HeaderValue {
        let etag = match coding {
            Coding::Identity => format!("\"{}\"", self.version),
            coding => format!("\"{}-{}\"", self.version, coding.name()),
        };
        HeaderValue::from_str(&etag).expect("hexadecimal digits are visible")
    }
}

/// `If-Match` and `If-None-Match` decide where they are given, else `If-Modified-Since` with the very date that we gave.
pub(super) fn judge(fields: &HeaderMap, tags: &Tags) -> Result<Option<Verdict>, Error> {
    let ours = |opaque: &str| entity_tag::coding_of(opaque, tags.version.as_bytes());
    let verdict = entity_tag::judge(fields, Coding::Identity, ours)?;
    if verdict.is_some() || fields.contains_key(header::IF_NONE_MATCH) {
        return Ok(verdict);
    }
    let since = fields.get(header::IF_MODIFIED_SINCE);
    let is_unchanged = since.is_some() && since == tags.last_modified.as_ref();
    Ok(is_unchanged.then_some(Verdict::Unchanged(Coding::Identity)))
}

/// Whether `Range` is to be honoured: `If-Range`, if given, must be the very tag or date that we gave.
pub(super) fn range_counts(fields: &HeaderMap, tags: &Tags) -> bool {
    match fields.get(header::IF_RANGE) {
        None => true,
        Some(given) => tags.etag(Coding::Identity) == given || tags.last_modified.as_ref() == Some(given),
    }
}

/// IMF-fixdate (RFC 9110, section 5.6.7).
pub(crate) fn http_date(seconds: i64) -> Option<HeaderValue> {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let date = Timestamp::checked_from_micros(seconds.checked_mul(1_000_000)?).ok()?.date();
    let (year, month, day) = date.civil()?;
    let weekday = DAYS.get(usize::try_from(date.days()?.rem_euclid(7)).ok()?)?;
    let month = MONTHS.get(usize::try_from(month - 1).ok()?)?;
    let of_day = seconds.rem_euclid(86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    HeaderValue::from_str(&format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        assert_eq!(http_date(784_111_777).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(0).unwrap(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(http_date(1_795_132_799).unwrap(), "Thu, 19 Nov 2026 23:59:59 GMT");
    }
}
