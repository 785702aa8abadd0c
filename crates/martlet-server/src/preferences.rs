//! What a request prefers: `Prefer` (RFC 7240), as PostgREST reads it.

use crate::headers::PREFER;
use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderValue};
use martlet_core::{Error, code};

/// Preferences that a refusal repeats, and characters of each.
const SHOWN_MAX: usize = 10;
const SHOWN_LENGTH_MAX: usize = 40;

/// What of `Prefer` has an effect on a query or action; of a kind the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Preferences {
    /// `return=...`.
    pub(crate) returned: Option<Returned>,
    /// `count=...`: the answer says in `Content-Range` how many rows it has.
    pub(crate) count: Option<&'static str>,
    handling: Option<Handling>,
    max_affected: Option<u64>,
}

/// What a call that may have an effect answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Returned {
    /// 204.
    Minimal,
    Representation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handling {
    Strict,
    Lenient,
}

impl Preferences {
    /// Reads `Prefer`; under `handling=strict` whatever has no effect here is refused, else passed over.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let mut preferences = Self::default();
        if !headers.contains_key(PREFER) {
            return Ok(preferences);
        }
        let mut unknown = Vec::new();
        for value in headers.get_all(PREFER) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for token in value.split(',').map(str::trim).filter(|token| !token.is_empty()) {
                if !preferences.note(token) && unknown.len() < SHOWN_MAX {
                    unknown.push(token.chars().take(SHOWN_LENGTH_MAX).collect::<String>());
                }
            }
        }
        if preferences.is_strict() && !unknown.is_empty() {
            return Err(Error::new(&code::PREFERENCES, "Invalid preferences given with handling=strict")
                .details_text(format!("Invalid preferences: {}", unknown.join(", "))));
        }
        Ok(preferences)
    }

    /// False where it means nothing here.
    fn note(&mut self, token: &str) -> bool {
        match token {
            "handling=strict" => keep(&mut self.handling, Handling::Strict),
            "handling=lenient" => keep(&mut self.handling, Handling::Lenient),
            "return=minimal" => keep(&mut self.returned, Returned::Minimal),
            "return=representation" => keep(&mut self.returned, Returned::Representation),
            "count=exact" => keep(&mut self.count, "count=exact"),
            // Every count is exact: there is nothing cheaper to tell.
            "count=planned" => keep(&mut self.count, "count=planned"),
            "count=estimated" => keep(&mut self.count, "count=estimated"),
            // What happens anyway.
            "tx=commit" => {}
            _ => match token.strip_prefix("max-affected=").map(str::parse) {
                Some(Ok(rows)) => keep(&mut self.max_affected, rows),
                Some(Err(_)) | None => return false,
            },
        }
        true
    }

    fn is_strict(&self) -> bool {
        self.handling == Some(Handling::Strict)
    }

    /// Rows that an answer may have: counts under `handling=strict` alone.
    pub(crate) fn rows_max(&self) -> Option<u64> {
        self.max_affected.filter(|_| self.is_strict())
    }

    /// `Preference-Applied`, in PostgREST's order.
    pub(crate) fn applied(&self, is_call: bool, has_count: bool) -> Option<HeaderValue> {
        let returned = self.returned.filter(|_| is_call).map(|returned| match returned {
            Returned::Minimal => "return=minimal",
            Returned::Representation => "return=representation",
        });
        let handling = self.handling.map(|handling| match handling {
            Handling::Strict => "handling=strict",
            Handling::Lenient => "handling=lenient",
        });
        let count = self.count.filter(|_| has_count);
        let max_affected = self.rows_max().map(|rows_max| format!("max-affected={rows_max}"));
        let parts = [returned, count, handling, max_affected.as_deref()];
        let applied = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let value = (!applied.is_empty()).then(|| HeaderValue::from_maybe_shared(Bytes::from(applied)));
        value.map(|value| value.expect("made of visible characters"))
    }
}

fn keep<T>(place: &mut Option<T>, value: T) {
    place.get_or_insert(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&'static str]) -> Result<Preferences, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(PREFER, HeaderValue::from_static(value));
        }
        Preferences::of(&headers)
    }

    fn applied(prefer: &'static str, is_call: bool) -> String {
        let applied = of(&[prefer]).unwrap().applied(is_call, true);
        applied.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn the_first_of_a_kind_wins() {
        let preferences = of(&["count=exact,return=minimal", " return=representation , count=planned"]).unwrap();
        assert_eq!((preferences.count, preferences.returned), (Some("count=exact"), Some(Returned::Minimal)));
        assert_eq!(of(&["respond-async, max-affected=1, missing=default"]).unwrap().rows_max(), None, "lenient");
        assert_eq!(of(&["max-affected=1", "handling=strict"]).unwrap().rows_max(), Some(1));
        assert_eq!(of(&["handling=lenient, handling=strict, foo, max-affected=1"]).unwrap().rows_max(), None);
    }

    #[test]
    fn strict_handling_refuses_what_has_no_effect() {
        let refusal = of(&["handling=strict,max-affected=-1, foo", "tx=rollback"]).unwrap_err();
        assert_eq!(refusal.code, "PGRST122");
        let told = "Invalid preferences: max-affected=-1, foo, tx=rollback";
        assert_eq!(refusal.details_text.as_deref(), Some(told));
    }

    #[test]
    fn what_was_applied_is_told_in_order() {
        let all = "max-affected=3, handling=strict, count=exact, return=minimal, tx=commit";
        assert_eq!(applied(all, true), "return=minimal, count=exact, handling=strict, max-affected=3");
        assert_eq!(applied("return=representation, handling=lenient", false), "handling=lenient");
        assert_eq!(applied("foo", true), "");
    }
}
