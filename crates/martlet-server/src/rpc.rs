//! `/rest/v1/rpc/{name}`: queries by GET, HEAD and POST, actions by POST.
//!
//! Arguments come in the query string (GET, HEAD) or in the body (POST), never in both. supabase-js adds
//! `select=*` where `.select()` follows `.rpc()`: that is passed over; anything else that would narrow, order or cut
//! the rows of a query is refused, since passing over it would give rows that were not asked for.

use crate::body::Body;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::headers;
use crate::negotiation::{Preferences, Shape};
use crate::query_string::{decode_pairs, decode_segment};
use crate::refusal;
use crate::request_body::read_body;
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use martlet_core::{Caller, Error, Identity, code};
use martlet_engine::{Answer, Arguments, Call, Demand, Returns, Target};
use std::time::Instant;

const QUERY_METHODS: &str = "GET, HEAD, POST, OPTIONS";
const ACTION_METHODS: &str = "POST, OPTIONS";
/// Names that PostgREST gives a meaning on a function's rows; they may not be parameters' names.
const ROW_FILTERS: [&str; 7] = ["select", "order", "limit", "offset", "columns", "and", "or"];

/// What is called, and how it was found.
struct Called<'a> {
    name: &'a str,
    /// Parameters and their parts of the path, by a route; none by name.
    path: Option<&'a [(String, String)]>,
}

/// Answers a call of a query or action by its name as it stands in the URL.
pub(crate) async fn call(
    shared: &Shared,
    request: Request<Incoming>,
    raw_name: &str,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let identity = shared.identities.of(request.headers())?;
    let name = decode_segment(raw_name)?;
    call_as(shared, request, &Called { name: &name, path: None }, identity, arrived).await
}

/// Answers a call of a query or action by one of its routes, whose method it has.
pub(crate) async fn call_by_route(
    shared: &Shared,
    request: Request<Incoming>,
    name: &str,
    path: &[(String, String)],
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let identity = shared.identities.of(request.headers())?;
    call_as(shared, request, &Called { name, path: Some(path) }, identity, arrived).await
}

async fn call_as(
    shared: &Shared,
    request: Request<Incoming>,
    called: &Called<'_>,
    identity: Identity,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let is_anonymous = identity == Identity::Anonymous;
    let caller = Caller { identity, address: Some(arrived.address) };
    let answered = run(shared, request, called, &caller, arrived.at).await;
    answered.map_err(|failure| Failure { is_anonymous, ..failure })
}

async fn run(
    shared: &Shared,
    request: Request<Incoming>,
    called: &Called<'_>,
    caller: &Caller,
    arrival: Instant,
) -> Result<Response<Body>, Failure> {
    let name = called.name;
    let target = shared.engine.target(name);
    if called.path.is_none() {
        check_method(request.method(), name, target)?;
    }
    let shape = Shape::of(request.headers())?;
    let preferences = Preferences::of(request.headers())?;
    let is_action = target.is_some_and(|target| target.is_action);
    if is_action && shape == Shape::Object && target.is_some_and(|target| target.returns == Returns::Rows) {
        return Err(action_as_object(name).into());
    }
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let answer = if is_read {
        let mut pairs = query_arguments(request.uri().query(), shared.settings.url_parameters_max)?;
        pairs.extend_from_slice(called.path.unwrap_or_default());
        let call = Call { caller, name, arguments: Arguments::Url(&pairs), arrival, demand: Demand::default() };
        shared.engine.run_query(call).await
    } else {
        check_post_query(request.uri().query())?;
        check_content(request.headers())?;
        let has_type = request.headers().contains_key(header::CONTENT_TYPE);
        let body = read_body(request.into_body(), &shared.settings).await?;
        if !has_type && !body.is_empty() {
            return Err(refusal::content_type("none").into());
        }
        let arguments = match called.path {
            Some(path) => Arguments::Routed { path, json: &body },
            None => Arguments::Json(&body),
        };
        let call = Call { caller, name, arguments, arrival, demand: Demand::default() };
        if is_action { shared.engine.run_action(call).await } else { shared.engine.run_query(call).await }
    };
    let answer = answer.map_err(|error| as_shape(error, shape))?;
    let target = target.unwrap_or(Target { is_action: false, returns: Returns::Nothing, is_public: false });
    respond(answer, target, shape, preferences, !is_read)
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
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(refusal::content_encoding());
    }
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let given = given.to_str().unwrap_or("?");
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(refusal::content_type(media_type.get(..80).unwrap_or(media_type)))
}

fn respond(
    answer: Answer,
    target: Target,
    shape: Shape,
    preferences: Preferences,
    is_post: bool,
) -> Result<Response<Body>, Failure> {
    let Answer { body, rows, position } = answer;
    let is_one_of_list = shape == Shape::Object && target.returns == Returns::Rows;
    if is_one_of_list && rows != 1 {
        return Err(not_one_row(rows));
    }
    let mut response = match body {
        Some(list) if is_one_of_list => Response::new(Body::from(only_item(&list))),
        Some(body) => Response::new(Body::from(body)),
        None => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NO_CONTENT;
            response
        }
    };
    let is_empty = response.status() == StatusCode::NO_CONTENT;
    let fields = response.headers_mut();
    fields.reserve(16);
    if !is_empty {
        fields.insert(header::CONTENT_TYPE, if shape == Shape::Object { headers::OBJECT_JSON } else { headers::JSON });
    }
    let is_public = target.is_public && !is_post;
    let (cache, vary) = match (target.is_action, is_public) {
        (true, _) => (headers::NO_STORE, headers::VARY_PRIVATE),
        (false, true) => (headers::PUBLIC, headers::VARY_PUBLIC),
        (false, false) => (headers::PRIVATE, headers::VARY_PRIVATE),
    };
    if is_public {
        fields.insert(headers::CDN_CACHE_CONTROL, headers::PUBLIC);
    }
    fields.insert(header::CACHE_CONTROL, cache);
    fields.insert(header::VARY, vary);
    fields.insert(headers::POSITION, position_value(position));
    if let Some(count) = preferences.count.filter(|_| target.returns == Returns::Rows) {
        fields.insert(header::CONTENT_RANGE, content_range(rows));
        fields.insert(headers::PREFERENCE_APPLIED, HeaderValue::from_static(count));
    }
    Ok(response)
}

pub(crate) fn position_value(position: martlet_core::Position) -> HeaderValue {
    HeaderValue::from_maybe_shared(Bytes::from(position.to_string())).expect("hexadecimal digits are visible")
}

fn content_range(rows: u64) -> HeaderValue {
    let text = if rows == 0 { "*/0".to_owned() } else { format!("0-{}/{rows}", rows - 1) };
    HeaderValue::from_maybe_shared(Bytes::from(text)).expect("digits are visible")
}

/// `[{...}]` without its brackets: the canonical answer has no blanks.
fn only_item(list: &Bytes) -> Bytes {
    let has_brackets = list.len() >= 2 && list.starts_with(b"[") && list.ends_with(b"]");
    if has_brackets { list.slice(1..list.len() - 1) } else { list.clone() }
}

fn not_one_row(rows: u64) -> Failure {
    let error = Error::new(&code::NO_ROW, "Cannot coerce the result to a single JSON object");
    let details = Some(format!("The result contains {rows} rows"));
    Failure { details, ..Failure::from(Error { status: Some(406), ..error }) }
}

/// A missing row is 404 by itself and 406 where one object was asked for.
fn as_shape(error: Error, shape: Shape) -> Failure {
    if shape == Shape::Object && error.code == code::NO_ROW.code && error.status.is_none() {
        return not_one_row(0);
    }
    Failure::from(error)
}

/// Refused before it runs: what has been committed cannot be taken back when its rows turn out to be two.
fn action_as_object(name: &str) -> Error {
    refusal::not_acceptable("application/vnd.pgrst.object+json")
        .hint(format!("Declare `@returns row` on `{name}`, or do not ask for a single object."))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(check_content(&headers).unwrap_err().status, Some(415));
    }

    #[test]
    fn methods_are_told() {
        let target = |is_action| Some(Target { is_action, returns: Returns::Rows, is_public: false });
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

    #[test]
    fn one_object_out_of_a_list_of_one() {
        assert_eq!(only_item(&Bytes::from_static(b"[{\"a\":1}]")), "{\"a\":1}");
        assert_eq!(not_one_row(2).status(), 406);
        assert_eq!(content_range(0), "*/0");
        assert_eq!(content_range(9), "0-8/9");
    }
}
