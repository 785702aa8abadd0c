//! A call whose answer is to be followed.

use super::{Called, check_method, posted, query_arguments};
use crate::body::Body;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::preferences::Preferences;
use crate::streams::{self, Asked};
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use martlet_core::Caller;
use martlet_engine::{Demand, FollowPart, OwnedArguments};
use std::sync::Arc;

/// Opens an event stream of a query.
pub(super) async fn open(
    shared: &Arc<Shared>,
    request: Parts,
    body: Incoming,
    called: &Called<'_>,
    caller: &Caller,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let name = called.name;
    let target = shared.engine.target(name);
    if target.is_some_and(|target| target.is_action) {
        return Err(streams::action_followed(name).into());
    }
    if called.path.is_none() {
        check_method(&request.method, name, target)?;
    }
    let rows_max = Preferences::of(&request.headers)?.rows_max();
    let path = called.path.unwrap_or_default();
    let arguments = if matches!(request.method, Method::GET | Method::HEAD) {
        let mut pairs = query_arguments(request.uri.query(), shared.settings.url_parameters_max)?;
        pairs.extend_from_slice(path);
        OwnedArguments::Url(pairs)
    } else {
        let json = posted(shared, &request, body).await?[..].into();
        match path {
            [] => OwnedArguments::Json(json),
            path => OwnedArguments::Routed { path: path.to_vec(), json },
        }
    };
    let part = FollowPart { name: name.to_owned(), arguments, demand: Demand { rows_max, ..Demand::default() } };
    let asked = Asked {
        method: &request.method,
        fields: &request.headers,
        caller: caller.clone(),
        parts: vec![part],
        is_batch: false,
        is_public: target.is_some_and(|target| target.is_public) && request.method != Method::POST,
    };
    streams::open(shared, asked, arrived).await
}
