//! What a request says about the form of its answer: `Accept`.

use crate::coding::weight;
use crate::headers;
use crate::refusal;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use martlet_core::Error;
use martlet_engine::Form;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How it is written.
    pub(crate) form: Form,
    /// One object out of a list of one: supabase-js's `.single()`.
    pub(crate) is_object: bool,
}

impl Shape {
    /// As the query or action declares it.
    pub(crate) const DECLARED: Self = Self { form: Form::Canonical, is_object: false };

    /// The media type of `Accept` that is made here and liked best; of equals the first.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Error> {
        let mut given = String::new();
        let mut best: Option<(Self, u16)> = None;
        for value in headers.get_all(ACCEPT) {
            let value = String::from_utf8_lossy(value.as_bytes());
            for (shape, weight) in value.split(',').filter_map(shape_of_range) {
                if weight > best.map_or(0, |(_, best)| best) {
                    best = Some((shape, weight));
                }
            }
            if best.is_none() {
                given.push_str(if given.is_empty() { "" } else { ", " });
                given.push_str(&value);
            }
        }
        match best {
            Some((shape, _)) => Ok(shape),
            None if given.trim().is_empty() => Ok(Shape::DECLARED),
            None => {
                given.truncate(given.floor_char_boundary(200));
                Err(refusal::not_acceptable(&given))
            }
        }
    }

    /// `Content-Type`: what was asked for, said again.
    pub(crate) const fn content_type(self) -> HeaderValue {
        match (self.form, self.is_object) {
            (Form::Canonical, false) => headers::JSON,
            (Form::Canonical, true) => headers::OBJECT_JSON,
            (Form::WithoutNulls, false) => headers::ARRAY_JSON_STRIPPED,
            (Form::WithoutNulls, true) => headers::OBJECT_JSON_STRIPPED,
            (Form::Csv, _) => headers::CSV,
        }
    }
}

/// Whether an event stream is asked for: nothing else that is made here is liked better.
pub(crate) fn wants_stream(headers: &HeaderMap) -> bool {
    let (mut stream, mut other) = (0, 0);
    for value in headers.get_all(ACCEPT) {
        for range in value.as_bytes().split(|byte| *byte == b',') {
            let Ok(range) = std::str::from_utf8(range) else { continue };
            let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
            if media_type.trim().eq_ignore_ascii_case("text/event-stream") {
                stream = stream.max(weight(parameters).unwrap_or(0));
            } else if let Some((_, weight)) = shape_of_range(range) {
                other = other.max(weight);
            }
        }
    }
    stream > 0 && stream >= other
}

/// What a range of media types asks for, and how much it is liked.
fn shape_of_range(range: &str) -> Option<(Shape, u16)> {
    let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
    let is = |ours: &str| media_type.trim().eq_ignore_ascii_case(ours);
    let is_array = is("application/vnd.pgrst.array+json") || is("application/vnd.pgrst.array");
    let is_object = is("application/vnd.pgrst.object+json") || is("application/vnd.pgrst.object");
    let is_csv = is("text/csv");
    if !is_array && !is_object && !is_csv && !is("*/*") && !is("application/json") && !is("application/*") {
        return None;
    }
    let strips_nulls = parameters.split(';').any(|parameter| parameter.trim().eq_ignore_ascii_case("nulls=stripped"));
    let form = match (is_csv, strips_nulls && (is_array || is_object)) {
        (true, _) => Form::Csv,
        (false, true) => Form::WithoutNulls,
        (false, false) => Form::Canonical,
    };
    Some((Shape { form, is_object }, weight(parameters)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(accept: &str) -> Result<Shape, Option<u16>> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        Shape::of(&headers).map_err(|error| error.status)
    }

    #[test]
    fn a_stream_is_asked_for_by_name() {
        let wants = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            wants_stream(&headers)
        };
        for asked in [
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "application/json, text/event-stream",
            "text/event-stream, */*;q=0.1",
            "text/html;q=1, text/event-stream;q=0.9",
        ] {
            assert!(wants(&[asked]), "{asked}");
        }
        assert!(wants(&["application/json", "text/event-stream"]));
        for other in
            ["", "*/*", "text/*", "text/event-stream;q=0", "text/event-stream;q=x", "text/event-stream;q=0.9, */*"]
        {
            assert!(!wants(&[other]), "{other}");
        }
        assert!(!wants(&[]));
    }

    #[test]
    fn accept_chooses_the_shape() {
        const OBJECT: Shape = Shape { is_object: true, ..Shape::DECLARED };
        const CSV: Shape = Shape { form: Form::Csv, is_object: false };
        assert_eq!(Shape::of(&HeaderMap::new()).unwrap(), Shape::DECLARED);
        for json in ["*/*", "", "application/json", "text/html, Application/JSON;charset=utf-8", "text/html,*/*;q=0.8"]
        {
            assert_eq!(shape(json), Ok(Shape::DECLARED), "{json}");
        }
        assert_eq!(shape("application/vnd.pgrst.object+json"), Ok(OBJECT));
        assert_eq!(shape("application/vnd.pgrst.object"), Ok(OBJECT));
        assert_eq!(shape("text/csv"), Ok(CSV));
        assert_eq!(shape("application/json;q=0.5, text/csv"), Ok(CSV));
        assert_eq!(shape("application/json, text/csv"), Ok(Shape::DECLARED), "of equals the first");
        let stripped = |is_object| Ok(Shape { form: Form::WithoutNulls, is_object });
        assert_eq!(shape("application/vnd.pgrst.object+json;nulls=stripped"), stripped(true));
        assert_eq!(shape("application/vnd.pgrst.array+json; nulls=stripped"), stripped(false));
        assert_eq!(shape("application/vnd.pgrst.array+json"), Ok(Shape::DECLARED));
        for other in ["text/html", "application/json;q=0", "text/event-stream", "text/csv;q=x", "application/geo+json"]
        {
            assert_eq!(shape(other), Err(Some(406)), "{other}");
        }
    }
}
