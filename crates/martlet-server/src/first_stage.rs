//! The first stage: one function by hand for what is called most; everything else goes on to the router.
//!
//! Eight boxed middleware layers cost as much as the whole request, the same work in one function a thirtieth of it:
//! so limits, identity, routing, arguments, CORS and ids are done here in a row, with header values made beforehand.

mod head;

pub(crate) use head::is_host;

use crate::admin;
use crate::admission::Shed;
use crate::batch;
use crate::body::Body;
use crate::failure::{Failure, Surface};
use crate::front::{Arrived, Door, Front, Shared};
use crate::headers;
use crate::identity::address_of;
use crate::metrics::RouteLabel;
use crate::panic_guard::catch_panic;
use crate::rate_fields;
use crate::refusal;
use crate::router;
use crate::routes::{self, Routed};
use crate::rpc;
use crate::wire::Wire;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use martlet_core::Error;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Instant;
use tower_service::Service as _;

const REST: &str = "/rest/v1";
const RPC: &str = "/rest/v1/rpc/";
/// As metrics and documents name it.
pub(crate) const RPC_ROUTE: &str = "/rest/v1/rpc/{name}";
const BATCH: &str = "/rest/v1/batch";
const ALL_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const ONE: HeaderValue = HeaderValue::from_static("1");

/// Answers a request, whatever it is.
pub(crate) async fn answer(front: &Front, peer: IpAddr, wire: &Wire, request: Request<Incoming>) -> Response<Body> {
    let shared = &*front.shared;
    let fields = request.headers();
    let address = address_of(peer, fields, &shared.settings.trusted_proxies);
    let arrived = Arrived::new(shared.request_ids.of(fields), address, &wire.turn);
    let origin = fields.get(header::ORIGIN).cloned();
    // Never a line a request above debug: the log would cost more than the request.
    let told = tracing::enabled!(tracing::Level::DEBUG).then(|| (request.method().clone(), request.uri().clone()));
    let mut surface = match front.door {
        Door::Public | Door::Local => surface_of(request.uri().path()),
        Door::Admin => Surface::Other,
    };
    // The operator is not limited: that is when there is something to see.
    let limit = if front.door == Door::Public { shared.take_address(arrived.address, arrived.turn_at()) } else { None };
    let is_over = limit.as_ref().is_some_and(|limit| !limit.standing.is_allowed);
    let routed = match surface {
        _ if is_over => None,
        Surface::Other if front.door == Door::Public && request.uri().path().len() <= shared.settings.url_size_max => {
            routes::find(shared, request.method(), request.uri().path())
        }
        Surface::Rest | Surface::Other => None,
    };
    if routed.is_some() {
        surface = Surface::Rest;
    }
    let counting = shared.statistics.begin(&request, arrived.at);
    let label = label_of(front.door, request.uri().path(), surface, routed.as_ref());
    let deprecated = routed.as_ref().and_then(Routed::deprecated);
    let is_shed = !is_over && shed(front, &request, surface, &arrived, wire).is_err();
    let checked = match () {
        () if is_over => Err(rate_fields::too_many().into()),
        () if is_shed => Ok(()),
        () => head::check(&request, wire, &shared.settings),
    };
    let answered = match checked {
        Ok(()) if is_shed => Ok(shared.admission.refuse(surface)),
        Ok(()) => match catch_panic(pin!(dispatch(front, peer, request, surface, routed, &arrived))).await {
            Ok(answered) => answered,
            Err(panic) => Err(Error::internal(format!("panic: {panic}")).into()),
        },
        Err(refusal) => Err(refusal),
    };
    let mut response = answered.unwrap_or_else(|failure| {
        failure.log(&arrived.id);
        failure.into_response(surface)
    });
    // The one reading of the clock at an answer's end.
    let now = Instant::now();
    if let Some((method, uri)) = told {
        let (request_id, status) = (arrived.id.to_str().unwrap_or_default(), response.status());
        let duration_us = u64::try_from((now - arrived.at).as_micros()).unwrap_or(u64::MAX);
        let path = loggable_path(&label, uri.path(), status);
        tracing::debug!(request_id, %method, path, status = status.as_u16(), duration_us, "answered");
    }
    finish(shared, &mut response, surface, origin.as_ref(), arrived, now);
    if let Some(limit) = limit {
        rate_fields::add(&[limit], response.headers_mut());
    }
    if let Some(deprecated) = deprecated {
        routes::mark_deprecated(deprecated, response.headers_mut());
    }
    counting.end(label, &response, now);
    response
}

/// The path as far as a log may hold it: a part of a declared route may be a secret (a link to an event is its token),
/// and so may what somebody has misspelt.
fn loggable_path<'a>(label: &'a RouteLabel, path: &'a str, status: StatusCode) -> &'a str {
    match label {
        RouteLabel::Declared(entry) => &entry.path,
        RouteLabel::Ours(_) => path,
        RouteLabel::File if !status.is_client_error() => path,
        RouteLabel::File | RouteLabel::None => "(unknown)",
    }
}

/// Refuses a request that is one too many. Those who watch over the server are never refused.
fn shed<B>(front: &Front, request: &Request<B>, surface: Surface, arrived: &Arrived, wire: &Wire) -> Result<(), Shed> {
    let is_exempt = front.door == Door::Admin
        || request.method() == Method::OPTIONS
        || (surface == Surface::Other && router::is_watched(request.uri().path()));
    if is_exempt {
        Ok(())
    } else {
        front.shared.admission.admit(arrived.turn_at(), arrived.waited, wire.phase.has_left())
    }
}

/// The template of a request's path.
fn label_of(door: Door, path: &str, surface: Surface, routed: Option<&Routed>) -> RouteLabel {
    match (routed, surface) {
        (Some(Routed::Call(entry, _)), _) => RouteLabel::Declared(entry.clone()),
        (Some(Routed::OtherMethods(_)), _) => RouteLabel::None,
        (None, Surface::Other) => router::label_of(path, door),
        (None, Surface::Rest) => match rpc_name(path) {
            Some(_) => RouteLabel::Ours(RPC_ROUTE),
            _ if path == BATCH => RouteLabel::Ours(BATCH),
            _ => RouteLabel::None,
        },
    }
}

/// The name in the path of a call, as it stands there.
pub(crate) fn rpc_name(path: &str) -> Option<&str> {
    path.strip_prefix(RPC).filter(|name| !name.is_empty() && !name.contains('/'))
}

fn surface_of(path: &str) -> Surface {
    match path.strip_prefix(REST) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Surface::Rest,
        _ => Surface::Other,
    }
}

async fn dispatch(
    front: &Front,
    peer: IpAddr,
    request: Request<Incoming>,
    surface: Surface,
    routed: Option<Routed>,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    // What is called less often goes into boxes: a request's future is as large as the largest of its ways.
    if surface == Surface::Other {
        return Ok(Box::pin(route(front, peer, request)).await);
    }
    if request.method() == Method::OPTIONS {
        return Ok(preflight(&front.shared, &request));
    }
    if let Some(routed) = routed {
        return Box::pin(routes::call(&front.shared, request, routed, arrived)).await;
    }
    // A copy of a handle, not of the text: the request itself goes on with its body.
    let uri = request.uri().clone();
    match rpc_name(uri.path()) {
        Some(name) => rpc::call(&front.shared, request, name, arrived).await,
        _ if uri.path() == BATCH => Box::pin(batch::run(&front.shared, request, arrived)).await,
        _ => Err(refusal::path_unknown().into()),
    }
}

async fn route(front: &Front, peer: IpAddr, mut request: Request<Incoming>) -> Response<Body> {
    let door = admin::door_of(front.door, front.shared.settings.is_dev, peer, request.headers());
    request.extensions_mut().insert(door);
    match front.router.clone().call(request.map(axum::body::Body::new)).await {
        Ok(response) => response.map(Body::Routed),
        Err(never) => match never {},
    }
}

fn preflight<B>(shared: &Shared, request: &Request<B>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let fields = response.headers_mut();
    shared.cors.preflight(request.headers(), fields);
    fields.insert(header::ALLOW, HeaderValue::from_static(ALL_METHODS));
    response
}

/// What every answer bears.
fn finish(
    shared: &Shared,
    response: &mut Response<Body>,
    surface: Surface,
    origin: Option<&HeaderValue>,
    arrived: Arrived,
    now: Instant,
) {
    let fields = response.headers_mut();
    fields.insert(headers::SERVER_TIMING, arrived.timing(now));
    fields.insert(headers::REQUEST_ID, arrived.id);
    fields.insert(header::X_CONTENT_TYPE_OPTIONS, headers::NOSNIFF);
    fields.insert(header::REFERRER_POLICY, headers::NO_REFERRER);
    if surface == Surface::Rest {
        shared.cors.allow(origin, fields);
        vary_by_origin(fields);
        if shared.dev.has_reload_error() {
            fields.insert(headers::RELOAD_ERROR, ONE);
        }
    }
    if shared.is_draining() {
        fields.insert(header::CONNECTION, headers::CLOSE);
    }
}

/// `Vary: Origin` on whatever may be read by another origin, whoever asked.
fn vary_by_origin(fields: &mut HeaderMap) {
    let names_origin = |value: &HeaderValue| {
        // The whole list is looked through only where our own are not found at once.
        let list = value.as_bytes();
        list.ends_with(b"Origin") || list.split(|byte| *byte == b',').any(|name| name.trim_ascii() == b"Origin")
    };
    if !fields.get_all(header::VARY).iter().any(names_origin) {
        fields.append(header::VARY, headers::VARY_ORIGIN);
    }
}
