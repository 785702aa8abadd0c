//! What a request says about its answer: `Accept` and `Prefer`.

use crate::headers::PREFER;
use crate::refusal;
use hyper::header::{ACCEPT, HeaderMap};
use martlet_core::{Error, code};

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As the query or action declares it.
    Declared,
    /// One object out of a list of one: supabase-js's `.single()`.
    Object,
}

impl Shape {
    /// The first media type of `Accept` that is made here. Weights but 0 are not looked at: there is one form of JSON.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let mut given = String::new();
        for value in headers.get_all(ACCEPT) {
            let value = String::from_utf8_lossy(value.as_bytes());
            if let Some(shape) = value.split(',').find_map(shape_of_range) {
                return Ok(shape);
            }
            if !given.is_empty() {
                given.push_str(", ");
            }
            given.push_str(&value);
        }
        if given.trim().is_empty() {
            return Ok(Shape::Declared);
        }
        given.truncate(given.floor_char_boundary(200));
        Err(refusal::not_acceptable(&given))
    }
}

fn shape_of_range(range: &str) -> Option<Shape> {
    let mut parts = range.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    for parameter in parts {
        let is_refused = parameter.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        if is_refused || parameter.eq_ignore_ascii_case("nulls=stripped") {
            return None;
        }
    }
    let is = |ours: &str| media_type.eq_ignore_ascii_case(ours);
    if is("*/*") || is("application/json") || is("application/*") || is("application/vnd.pgrst.array+json") {
        Some(Shape::Declared)
    } else if is("application/vnd.pgrst.object+json") || is("application/vnd.pgrst.object") {
        Some(Shape::Object)
    } else {
        None
    }
}

/// What of `Prefer` has an effect on a query or action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Preferences {
    /// `count=...`: the answer says in `Content-Range` how many rows it has.
    pub(crate) count: Option<&'static str>,
}

impl Preferences {
    /// Reads `Prefer`; under `handling=strict` whatever has no effect here is refused, else passed over.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let mut preferences = Self::default();
        if !headers.contains_key(PREFER) {
            return Ok(preferences);
        }
        let (mut is_strict, mut unknown) = (false, Vec::new());
        for value in headers.get_all(PREFER) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for token in value.split(',').map(str::trim).filter(|token| !token.is_empty()) {
                match token {
                    "handling=strict" => is_strict = true,
                    "handling=lenient" | "return=minimal" | "return=representation" | "tx=commit" => {}
                    "count=exact" => preferences.count = preferences.count.or(Some("count=exact")),
                    "count=planned" => preferences.count = preferences.count.or(Some("count=planned")),
                    "count=estimated" => preferences.count = preferences.count.or(Some("count=estimated")),
                    other => unknown.push(other.chars().take(40).collect::<String>()),
                }
            }
        }
        if is_strict && !unknown.is_empty() {
            unknown.truncate(10);
            return Err(Error::new(&code::PREFERENCES, "Invalid preferences given with handling=strict")
                .hint(format!("Invalid preferences: {}", unknown.join(", "))));
        }
        Ok(preferences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn shape(accept: &str) -> Result<Shape, Option<u16>> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        Shape::of(&headers).map_err(|error| error.status)
    }

    #[test]
    fn accept_chooses_the_shape() {
        assert_eq!(Shape::of(&HeaderMap::new()).unwrap(), Shape::Declared);
        for json in ["*/*", "", "application/json", "text/html, Application/JSON;charset=utf-8", "text/html,*/*;q=0.8"]
        {
            assert_eq!(shape(json), Ok(Shape::Declared), "{json}");
        }
        assert_eq!(shape("application/vnd.pgrst.object+json"), Ok(Shape::Object));
        for other in [
            "text/csv",
            "application/json;q=0",
            "application/vnd.pgrst.object+json;nulls=stripped",
            "text/event-stream",
        ] {
            assert_eq!(shape(other), Err(Some(406)), "{other}");
        }
    }

    #[test]
    fn strict_handling_refuses_what_has_no_effect() {
        let of = |prefer: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(PREFER, HeaderValue::from_static(prefer));
            Preferences::of(&headers)
        };
        assert_eq!(of("count=exact, return=minimal").unwrap().count, Some("count=exact"));
        assert_eq!(of("respond-async, max-affected=1").unwrap(), Preferences::default());
        let refusal = of("handling=strict,max-affected=1, foo").unwrap_err();
        assert_eq!(
            (refusal.code.as_ref(), refusal.hint.as_deref()),
            ("PGRST122", Some("Invalid preferences: max-affected=1, foo"))
        );
    }
}
