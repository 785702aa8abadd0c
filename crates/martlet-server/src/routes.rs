//! Routes that the app declares: a friendly URL beside `/rest/v1/rpc/{name}`, answered in the same way.
//!
//! Parts of a path are decoded once, each by itself: a `%2F` is a slash inside a value and never parts a path.

use crate::body::Body;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::headers;
use crate::query_string::decode_segment;
use crate::refusal;
use crate::rpc;
use crate::static_files::http_date;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use martlet_core::{Error, Timestamp};
use martlet_engine::{RouteEntry, RouteFound};
use std::borrow::Cow;
use std::sync::Arc;

/// What a request's path leads to.
pub(crate) enum Routed {
    /// A declared route, and its parameters or why they cannot be read.
    Call(Arc<RouteEntry>, Result<Vec<(String, String)>, Error>),
    /// Routes, but none for this method: what `Allow` says.
    OtherMethods(HeaderValue),
}

/// Looks the request's path up among the routes of the app; none: it is no route's.
pub(crate) fn find(shared: &Shared, method: &Method, path: &str) -> Option<Routed> {
    if !shared.engine.has_routes() {
        return None;
    }
    let raw = path.strip_prefix('/')?.split('/');
    let decoded: Vec<Result<Cow<'_, str>, Error>> = raw.map(decode_segment).collect();
    // What cannot be decoded is still some value: the route decides in which shape that is told.
    let parts: Vec<&str> = decoded.iter().map(|part| part.as_ref().map_or("?", |part| part)).collect();
    match shared.engine.route(method.as_str(), &parts) {
        RouteFound::No => None,
        RouteFound::OtherMethods(methods) => Some(Routed::OtherMethods(allow(&methods))),
        RouteFound::Entry(entry) => {
            let value = |(index, name): &(usize, String)| match &decoded[*index] {
                Ok(value) => Ok((name.clone(), value.clone().into_owned())),
                Err(error) => Err(error.clone()),
            };
            let values = entry.params.iter().map(value).collect();
            Some(Routed::Call(entry, values))
        }
    }
}

fn allow(methods: &[String]) -> HeaderValue {
    let mut names: Vec<&str> = Vec::with_capacity(methods.len() + 2);
    for method in methods {
        names.push(method);
        if method == "GET" {
            names.push("HEAD");
        }
    }
    names.push("OPTIONS");
    HeaderValue::from_maybe_shared(Bytes::from(names.join(", "))).expect("methods are letters")
}

/// Answers a call by a route.
pub(crate) async fn call(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    routed: Routed,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    match routed {
        Routed::OtherMethods(allow) => {
            let error = refusal::method(request.method().as_str());
            Err(Failure { allow: Some(allow), ..Failure::from(error) })
        }
        Routed::Call(entry, path) => {
            entry.count();
            rpc::call_by_route(shared, request, &entry, &path?, arrived).await
        }
    }
}

/// Says on every answer of a deprecated route since when (RFC 9745) and until when (RFC 8594).
///
/// One day is declared: from then on the route may be gone, so it is both.
pub(crate) fn mark_deprecated(deprecated: Timestamp, fields: &mut HeaderMap) {
    let seconds = deprecated.micros().div_euclid(1_000_000);
    if let Ok(value) = HeaderValue::from_str(&format!("@{seconds}")) {
        fields.insert(headers::DEPRECATION, value);
    }
    if let Some(date) = http_date(seconds) {
        fields.insert(headers::SUNSET, date);
    }
}

impl Routed {
    /// The day of a deprecated route.
    pub(crate) fn deprecated(&self) -> Option<Timestamp> {
        match self {
            Routed::Call(entry, _) => entry.deprecated,
            Routed::OtherMethods(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn get_brings_head_and_options_is_always_there() {
        assert_eq!(allow(&["GET".to_owned(), "DELETE".to_owned()]), "GET, HEAD, DELETE, OPTIONS");
        assert_eq!(allow(&["POST".to_owned()]), "POST, OPTIONS");
    }

    #[test]
    fn the_day_is_told_in_both_forms() {
        let mut fields = HeaderMap::new();
        mark_deprecated(Timestamp::parse("2027-01-31T00:00:00Z").unwrap(), &mut fields);
        assert_eq!(fields[headers::DEPRECATION], "@1801353600");
        assert_eq!(fields[headers::SUNSET], "Sun, 31 Jan 2027 00:00:00 GMT");
    }
}
