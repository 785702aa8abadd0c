//! Event streams: a query's answer now, and again after each change that alters it (`text/event-stream`).
//!
//! The engine re-runs what is followed, once for all who follow it; here is what a stream is over HTTP: who may open
//! one and how many (`places`), what is written (`event`), what one follower is told and when it ends (`telling`), and
//! the socket (`outlet`). hyper has answered requests on the connection until then and is let go: what it holds for
//! each connection, 16 KiB of buffers, would be most of what a silent stream costs, and it would queue what a slow
//! client does not take. A stream holds nothing but the one event that is being written.

mod event;
mod outlet;
mod places;
mod telling;

pub(crate) use outlet::run;
pub(crate) use places::{Closed, Streams};
pub(crate) use telling::EventStream;

use crate::answer::{add_cache_fields, position_value};
use crate::body::Body;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::headers;
use crate::refusal;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response};
use martlet_core::{Caller, Error, Identity, code};
use martlet_engine::{Follow, FollowPart};
use std::pin::pin;
use std::sync::Arc;

const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream; charset=utf-8");
/// A proxy that compresses would gather first.
const NO_STORE_AS_IS: HeaderValue = HeaderValue::from_static("no-store, no-transform");
const NO: HeaderValue = HeaderValue::from_static("no");

/// What is asked for by a request for a stream.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) fields: &'a HeaderMap,
    pub(crate) caller: Caller,
    pub(crate) parts: Vec<FollowPart>,
    pub(crate) is_batch: bool,
    /// As `Vary` and caches may know it; never of a batch.
    pub(crate) is_public: bool,
}

/// Opens a stream: answers with its head once the first answer is there. Errors until then are ordinary answers.
pub(crate) async fn open(shared: &Arc<Shared>, asked: Asked<'_>, arrived: &Arrived) -> Result<Response<Body>, Failure> {
    let Asked { method, fields, caller, parts, is_batch, is_public } = asked;
    if fields.contains_key(header::IF_MATCH) {
        return Err(refusal::precondition().into());
    }
    let seen = fields.get(headers::LAST_EVENT_ID).and_then(|id| event::seen_of(id.as_bytes()));
    let place = if method == Method::HEAD { None } else { Some(shared.streams.admit(&caller)?) };
    let is_anonymous = caller.identity == Identity::Anonymous;
    let mut follower = shared.engine.follow(Follow { caller, parts, seen });
    let first = arrived.timed(pin!(follower.begin())).await?;
    if let Some(Err(error)) = first.as_ref().and_then(|first| first.answers.first().filter(|_| !is_batch)) {
        return Err(error.clone().into());
    }
    let position = position_value(first.as_ref().map_or_else(|| shared.engine.position(), |first| first.position));
    let form = telling::Form { is_batch, is_anonymous, id: arrived.id.clone() };
    let body = match place {
        None => Body::empty(),
        Some(place) => {
            let stream = EventStream::new(Arc::clone(shared), place, follower, form, first);
            Body::Events(Box::new(stream))
        }
    };
    let mut response = Response::new(body);
    let fields = response.headers_mut();
    add_cache_fields(is_public, fields);
    fields.remove(headers::CDN_CACHE_CONTROL);
    fields.insert(header::CACHE_CONTROL, NO_STORE_AS_IS);
    fields.insert(header::CONTENT_TYPE, EVENT_STREAM);
    fields.insert(headers::ACCEL_BUFFERING, NO);
    fields.insert(headers::POSITION, position);
    // The end of the connection is the end of the stream.
    fields.insert(header::CONNECTION, headers::CLOSE);
    Ok(response)
}

/// Says why an action's answer is not followed.
pub(crate) fn action_followed(name: &str) -> Error {
    let message = format!("`{name}` is an action: what it answers is not followed");
    let error = Error::new(&code::ACTION_FOLLOWED, message);
    Error { status: Some(406), ..error }.hint("Ask for `application/json`; follow a query that shows what it changes.")
}
