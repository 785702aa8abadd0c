//! `/_/`: the front door with a form for each query and action, and the performance page.
//!
//! Rendered here, whole, so that a page is there at its first byte and the script has little to do. Who may see them
//! is decided by [`admin::permit`] alone. A browser sends no key when it opens a page, so whoever has none is sent a page
//! that is the same for everybody and everything: its script asks for the key, keeps it in the tab, and asks again with
//! the key in a header. Cookies are not used, so there is nothing that another site could have sent along.
//!
//! Forms call the app's own URLs as everybody does: there is no other road to the data from here.

mod assets;
mod chart;
mod figures;
mod form;
mod frame;
mod front;
mod html;
mod live;
mod looks;
mod performance;
mod samples;
mod token;
mod words;

pub(crate) use assets::{CSS_PATH, ICON_PATH, SCRIPT_PATH, get_icon, get_script, get_style};
pub(crate) use live::FigureStreams;
pub(crate) use looks::Looks;
pub(crate) use samples::Samples;
pub(crate) use token::{TOKEN_PATH, make_token};

use crate::admin;
use crate::coding::Accepted;
use crate::compression::compress;
use crate::failure::Failure;
use crate::front::{Door, Shared};
use crate::headers;
use crate::refusal;
use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use bytes::Bytes;
use figures::Gathered;
use frame::Page;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;

pub(crate) const FRONT_PATH: &str = frame::FRONT;
pub(crate) const TRY_PATH: &str = "/_/try/{name}";
pub(crate) const PERFORMANCE_PATH: &str = frame::PERFORMANCE;
/// The same as JSON.
pub(crate) const FIGURES_PATH: &str = "/admin/v1/performance";
/// Where the seeds' dashboards look for it.
pub(crate) const FIGURES_OF_SEEDS: &str = "/api/performance/monitor";

/// Nothing but our own files, nothing sent anywhere else, in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
);
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const VARY: HeaderValue = HeaderValue::from_static("Authorization, apikey, Accept, Accept-Encoding");

/// `/_/`
pub(crate) async fn get_front(
    State(shared): State<Arc<Shared>>,
    Extension(door): Extension<Door>,
    fields: HeaderMap,
) -> Response {
    let made = match admin::permit(&shared, &fields, door) {
        Ok(()) => Ok(front::list(&shared, shared.looks.get(&shared).await.as_deref())),
        Err(failure) => Err(failure),
    };
    finish(&shared, door, &fields, made)
}

/// `/_/try/NAME`
pub(crate) async fn get_try(
    State(shared): State<Arc<Shared>>,
    Extension(door): Extension<Door>,
    Path(name): Path<String>,
    fields: HeaderMap,
) -> Response {
    let made = match admin::permit(&shared, &fields, door) {
        Ok(()) => {
            let look = shared.looks.get(&shared).await;
            front::one(&shared, door, &name, look.as_deref()).ok_or_else(|| refusal::file_unknown().into())
        }
        Err(failure) => Err(failure),
    };
    finish(&shared, door, &fields, made)
}

/// `/_/performance`: the page, or its parts as they change.
pub(crate) async fn get_performance(
    State(shared): State<Arc<Shared>>,
    Extension(door): Extension<Door>,
    fields: HeaderMap,
) -> Response {
    let made = match admin::permit(&shared, &fields, door) {
        Ok(()) if live::is_wanted(&fields) => return live::stream(shared, live::Told::Parts),
        Ok(()) => {
            let look = shared.looks.get(&shared).await;
            Ok(performance::page(&shared, &Gathered::now(&shared, look)))
        }
        Err(failure) => Err(failure),
    };
    finish(&shared, door, &fields, made)
}

/// `/admin/v1/performance`: the figures as JSON, once or every two seconds.
pub(crate) async fn get_figures(
    State(shared): State<Arc<Shared>>,
    Extension(door): Extension<Door>,
    fields: HeaderMap,
) -> Response {
    match admin::permit(&shared, &fields, door) {
        Ok(()) if live::is_wanted(&fields) => live::stream(shared, live::Told::Figures),
        Ok(()) => {
            let look = shared.looks.get(&shared).await;
            let text = Gathered::now(&shared, look).to_json(&shared).to_string();
            sent(&fields, headers::JSON, text).unwrap_or_else(admin::refused)
        }
        Err(failure) => admin::refused(failure),
    }
}

fn finish(shared: &Shared, door: Door, fields: &HeaderMap, made: Result<Page, Failure>) -> Response {
    let answered = match made {
        Ok(page) => sent(fields, HTML, frame::whole(shared, door, &page)),
        // Who sent a key is told what is wrong with it.
        Err(failure) if failure.is_anonymous && takes_html(fields) => sent(fields, HTML, frame::sign_in()),
        Err(failure) => Err(failure),
    };
    answered.unwrap_or_else(|failure| guarded(admin::refused(failure)))
}

/// Whether a browser asks for a page.
fn takes_html(fields: &HeaderMap) -> bool {
    fields.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().windows(9).any(|part| part == b"text/html"))
}

fn sent(fields: &HeaderMap, content_type: HeaderValue, text: String) -> Result<Response, Failure> {
    let text = Bytes::from(text);
    let coding = Accepted::of(fields)?.choose(text.len());
    let mut response = Response::new(Body::from(compress(coding, &text)?));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, content_type);
    if let Some(coding) = coding.header() {
        out.insert(header::CONTENT_ENCODING, coding);
    }
    out.insert(header::CACHE_CONTROL, headers::NO_STORE);
    out.insert(header::VARY, VARY);
    Ok(guarded(response))
}

/// What keeps a page of ours to itself.
fn guarded(mut response: Response) -> Response {
    let out = response.headers_mut();
    out.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    out.insert(header::X_FRAME_OPTIONS, DENY);
    out.insert(headers::OPENER_POLICY, headers::SAME_ORIGIN);
    out.insert(RESOURCE_POLICY, headers::SAME_ORIGIN);
    response
}
