//! `/rest/v1/rpc/{name}`: queries by GET, HEAD and POST, actions by POST.
//!
//! Arguments come in the query string (GET, HEAD) or in the body (POST), never in both. supabase-js adds
//! `select=*` where `.select()` follows `.rpc()`: that is passed over; anything else that would narrow, order or cut
//! the rows of a query is refused, since passing over it would give rows that were not asked for.

mod follow;

use crate::alias::{self, Known};
use crate::answer::{Answered, Wishes, respond};
use crate::body::Body;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::headers;
use crate::negotiation;
use crate::query_string::{decode_pairs, decode_segment};
use crate::rate_fields;
use crate::refusal;
use crate::request_body::read_body;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use martlet_core::{Caller, Error, Identity};
use martlet_engine::{Arguments, Call, Extras, Outcome, Returns, RouteEntry, Target};
use std::pin::pin;
use std::sync::Arc;

const QUERY_METHODS: &str = "GET, HEAD, POST, OPTIONS";
const ACTION_METHODS: &str = "POST, OPTIONS";
/// Names that PostgREST gives a meaning on a function's rows; they may not be parameters' names.
const ROW_FILTERS: [&str; 7] = ["select", "order", "limit", "offset", "columns", "and", "or"];

/// What is called, and how it was found.
struct Called<'a> {
    name: &'a str,
    /// Parameters and their parts of the path, by a route; none by name.
    path: Option<&'a [(String, String)]>,
    route: Option<&'a Arc<RouteEntry>>,
}

/// Answers a call of a query or action by its name as it stands in the URL.
pub(crate) async fn call(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    raw_name: &str,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let identity = shared.identities.of(request.headers())?;
    let name = decode_segment(raw_name)?;
    call_as(shared, request, &Called { name: &name, path: None, route: None }, identity, arrived).await
}

/// Answers a call of a query or action by one of its routes, whose method it has.
pub(crate) async fn call_by_route(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    route: &Arc<RouteEntry>,
    path: &[(String, String)],
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let identity = shared.identities.of(request.headers())?;
    call_as(shared, request, &Called { name: &route.name, path: Some(path), route: Some(route) }, identity, arrived)
        .await
}

async fn call_as(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    called: &Called<'_>,
    identity: Identity,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let is_anonymous = identity == Identity::Anonymous;
    let caller = Caller { identity, address: Some(arrived.address) };
    let answered = run(shared, request, called, &caller, arrived).await;
    answered.map_err(|failure| Failure { is_anonymous, ..failure })
}

async fn run(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    called: &Called<'_>,
    caller: &Caller,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    let name = called.name;
    let target = shared.engine.target(name);
    if negotiation::wants_stream(&parts.headers) {
        return Box::pin(follow::open(shared, parts, body, called, caller, arrived)).await;
    }
    if called.path.is_none() {
        check_method(&parts.method, name, target)?;
    }
    let wishes = Wishes::of(&parts.method, &parts.headers)?;
    let demand = wishes.demand();
    let is_action = target.is_some_and(|target| target.is_action);
    let takes_stale = !wants_now(&parts.headers);
    let Outcome { result, limits, source, kept } = if matches!(parts.method, Method::GET | Method::HEAD) {
        let mut pairs = query_arguments(parts.uri.query(), shared.settings.url_parameters_max)?;
        pairs.extend_from_slice(called.path.unwrap_or_default());
        let call = Call { caller, name, arguments: Arguments::Url(&pairs), arrival: arrived.at, demand };
        let extras = Extras { is_read_only: true, idempotency_key: None, takes_stale };
        arrived.timed(pin!(shared.engine.answer(call, extras))).await
    } else {
        let idempotency_key = if is_action { idempotency_key(&parts.headers)? } else { None };
        let body = posted(shared, &parts, body).await?;
        let arguments = match called.path {
            Some(path) => Arguments::Routed { path, json: &body },
            None => Arguments::Json(&body),
        };
        let call = Call { caller, name, arguments, arrival: arrived.at, demand };
        let extras = Extras { is_read_only: !is_action, idempotency_key: idempotency_key.as_deref(), takes_stale };
        arrived.timed(pin!(shared.engine.answer(call, extras))).await
    };
    let target =
        target.unwrap_or(Target { is_action: false, returns: Returns::Nothing, is_public: false, is_paged: false });
    let responded = match result {
        Ok(answer) => {
            let answered = Answered { answer, source, kept: kept.as_ref(), name, target };
            respond(shared, answered, &wishes, &parts.headers).await
        }
        Err(error) => Err(wishes.refuse(error)),
    };
    match responded {
        Ok((mut response, made)) => {
            if let (Some(kept), Some(made), true) = (kept, made, limits.is_empty()) {
                let known = Known { name, route: called.route, target, kept, made };
                alias::remember(shared, &parts, known, response.headers());
            }
            rate_fields::add(&limits, response.headers_mut());
            Ok(response)
        }
        Err(failure) => Err(Failure { limits, ..failure }),
    }
}

/// Under POST the body is the arguments.
async fn posted(shared: &Shared, request: &Parts, body: Incoming) -> Result<Bytes, Failure> {
    check_post_query(request.uri.query())?;
    check_content(&request.headers)?;
    let body = read_body(body, &shared.settings).await?;
    if !body.is_empty() && !request.headers.contains_key(header::CONTENT_TYPE) {
        return Err(refusal::content_type("none").into());
    }
    Ok(body)
}

/// The key as it came; the engine says what a key is.
fn idempotency_key(fields: &HeaderMap) -> Result<Option<String>, Error> {
    let mut keys = fields.get_all(headers::IDEMPOTENCY_KEY).iter();
    match (keys.next(), keys.next()) {
        (None, _) => Ok(None),
        (Some(key), None) => Ok(Some(String::from_utf8_lossy(key.as_bytes()).into_owned())),
        (Some(_), Some(_)) => Err(refusal::bad_request("the header `idempotency-key` stands twice")),
    }
}

fn check_method(method: &Method, name: &str, target: Option<Target>) -> Result<(), Failure> {
    let is_action = target.is_some_and(|target| target.is_action);
    let allow = if is_action { ACTION_METHODS } else { QUERY_METHODS };
    match *method {
        Method::POST => Ok(()),
        Method::GET | Method::HEAD if is_action => Err(Failure::with_allow(refusal::action_by_get(name), allow)),
        Method::GET | Method::HEAD => Ok(()),
        _ => Err(Failure::with_allow(refusal::method_on_rpc(method.as_str()), allow)),
    }
}

/// Whether who asks wants no answer that may be out of date (RFC 9111, 5.2.1): a page that is reloaded, or one who has
/// just written.
fn wants_now(fields: &HeaderMap) -> bool {
    let lists = fields.get_all(header::CACHE_CONTROL).iter().filter_map(|list| list.to_str().ok());
    let mut directives = lists.flat_map(|list| list.split(',')).map(str::trim);
    directives
        .any(|directive| ["no-cache", "no-store", "max-age=0"].iter().any(|now| directive.eq_ignore_ascii_case(now)))
}

/// Under GET the query string is the arguments.
fn query_arguments(query: Option<&str>, pairs_max: usize) -> Result<Vec<(String, String)>, Error> {
    let mut pairs = decode_pairs(query.unwrap_or_default(), pairs_max)?;
    pairs.retain(|pair| !is_select_all(pair));
    match pairs.iter().find(|(name, _)| ROW_FILTERS.contains(&name.as_str())) {
        Some((name, _)) => Err(row_filter(name)),
        None => Ok(pairs),
    }
}

/// Under POST the body is the arguments.
fn check_post_query(query: Option<&str>) -> Result<(), Error> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Ok(()) };
    let pairs = decode_pairs(query, ROW_FILTERS.len())?;
    match pairs.iter().find(|pair| !is_select_all(pair)) {
        None => Ok(()),
        Some((name, _)) if ROW_FILTERS.contains(&name.as_str()) => Err(row_filter(name)),
        Some(_) => Err(refusal::bad_request("under POST the arguments stand in the body, not in the URL")),
    }
}

fn is_select_all((name, value): &(String, String)) -> bool {
    name == "select" && matches!(value.as_str(), "*" | "")
}

fn row_filter(name: &str) -> Error {
    refusal::bad_request(format!("`{name}` has no effect on the rows of a declared query"))
        .hint("Declare a parameter, or another query.")
}

/// JSON, not compressed; the type may be missing where the body is.
pub(crate) fn check_content(headers: &HeaderMap) -> Result<(), Error> {
    if headers.get_all(header::CONTENT_ENCODING).iter().any(|coding| coding != "identity") {
        return Err(refusal::content_encoding());
    }
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let Some(given) = types.next() else { return Ok(()) };
    // Somebody between may have gone by the other one.
    if types.next().is_some() {
        return Err(refusal::bad_request("the header `content-type` stands twice"));
    }
    let given = given.to_str().unwrap_or("?");
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(refusal::content_type(media_type.get(..80).unwrap_or(media_type)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn rows_are_not_filtered_silently() {
        let of = |query: &str| query_arguments(Some(query), 10).map_err(|error| error.message);
        assert_eq!(of("select=*&a=1").unwrap(), [("a".to_owned(), "1".to_owned())]);
        assert_eq!(of("limit=1").unwrap_err(), "`limit` has no effect on the rows of a declared query");
        assert_eq!(of("select=id").unwrap_err(), "`select` has no effect on the rows of a declared query");
        assert!(of("cursor=x&size=3").is_ok(), "of pages: the engine's");
        let post = |query: &str| check_post_query(Some(query)).map_err(|error| error.message);
        assert_eq!(post("select=%2A"), Ok(()));
        assert_eq!(post(""), Ok(()));
        assert_eq!(post("order=id").unwrap_err(), "`order` has no effect on the rows of a declared query");
        assert_eq!(post("a=1").unwrap_err(), "under POST the arguments stand in the body, not in the URL");
    }

    #[test]
    fn only_json_is_read() {
        let of = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(value));
            check_content(&headers).map_err(|error| error.message)
        };
        assert_eq!(of("application/json"), Ok(()));
        assert_eq!(of("Application/JSON; charset=utf-8"), Ok(()));
        assert_eq!(of("text/plain;charset=UTF-8").unwrap_err(), "Content-Type not acceptable: text/plain");
        assert_eq!(of("").unwrap_err(), "Content-Type not acceptable: ");
        let mut twice = HeaderMap::new();
        for media_type in ["application/json", "text/plain"] {
            twice.append(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        assert_eq!(check_content(&twice).unwrap_err().code, "MRT002");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(check_content(&headers).unwrap_err().status, Some(415));
    }

    #[test]
    fn methods_are_told() {
        let target = |is_action| Some(Target { is_action, returns: Returns::Rows, is_public: false, is_paged: false });
        let of = |method: Method, target| {
            check_method(&method, "x", target).map_err(|f| (f.error.code.into_owned(), f.allow.unwrap()))
        };
        assert!(of(Method::GET, target(false)).is_ok() && of(Method::HEAD, None).is_ok());
        assert!(of(Method::POST, target(true)).is_ok() && of(Method::POST, target(false)).is_ok());
        let allow = HeaderValue::from_static;
        assert_eq!(of(Method::GET, target(true)), Err(("25006".to_owned(), allow(ACTION_METHODS))));
        assert_eq!(of(Method::PUT, target(true)), Err(("PGRST101".to_owned(), allow(ACTION_METHODS))));
        assert_eq!(of(Method::DELETE, None), Err(("PGRST101".to_owned(), allow(QUERY_METHODS))));
    }
}
