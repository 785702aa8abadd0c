//! A token to try a query with, under `martlet dev`, for who sits at this machine.
//!
//! It is what `martlet keys` prints. Only a page of this server can ask for one: the header that it must send is one
//! that no other site's page may send without being asked first, and nobody answers that question.

use super::guarded;
use crate::front::{Door, Shared};
use crate::tokens::TokenRequest;
use crate::{admin, headers};
use axum::body::Body;
use axum::extract::{Extension, State};
use axum::response::Response;
use hyper::header::{self, HeaderMap, HeaderName};
use martlet_core::{Error, code};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const TOKEN_PATH: &str = "/_/token";
/// What our own script sends with it.
const FROM_PAGE: HeaderName = HeaderName::from_static("martlet-page");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const BODY_SIZE_MAX: usize = 1_024;
const VALID_FOR: Duration = Duration::from_secs(3_600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "as", rename_all = "lowercase")]
enum Wanted {
    Service {},
    User { user_id: String },
}

/// `POST /_/token`
pub(crate) async fn make_token(
    State(shared): State<Arc<Shared>>,
    Extension(door): Extension<Door>,
    fields: HeaderMap,
    body: Body,
) -> Response {
    match made(&shared, door, &fields, body).await {
        Ok(token) => {
            let mut response = Response::new(Body::from(json!({"token": token}).to_string()));
            response.headers_mut().insert(header::CONTENT_TYPE, headers::JSON);
            response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_STORE);
            guarded(response)
        }
        Err(error) => admin::refused(error.into()),
    }
}

async fn made(shared: &Shared, door: Door, fields: &HeaderMap, body: Body) -> Result<String, Error> {
    if door != Door::Local || !is_of_page(fields) {
        return Err(Error::new(&code::FORBIDDEN, "this is for the pages of `martlet dev` on this machine"));
    }
    let unread = || Error::new(&code::ARGUMENTS, "send {\"as\": \"service\"} or {\"as\": \"user\", \"user_id\": ID}");
    let body = axum::body::to_bytes(body, BODY_SIZE_MAX).await.map_err(|_| unread())?;
    let (role, user_id) = match serde_json::from_slice(&body).map_err(|_| unread())? {
        Wanted::Service {} => ("service_role", None),
        Wanted::User { user_id } if is_uuid(&user_id) => ("authenticated", Some(user_id)),
        Wanted::User { .. } => return Err(Error::new(&code::ARGUMENTS, "`user_id` is no uuid")),
    };
    let request = TokenRequest { role: role.to_owned(), user_id, valid_for: VALID_FOR };
    let issued = shared.identities.issue(&request, shared.clock.now());
    issued.map_err(|error| Error::internal(format!("cannot make a token: {error}")))
}

fn is_of_page(fields: &HeaderMap) -> bool {
    let is_same_site = fields.get(FETCH_SITE).is_none_or(|site| site == "same-origin");
    let host = fields.get(header::HOST).map(|host| host.as_bytes());
    let origin = fields.get(header::ORIGIN).map(|origin| origin.as_bytes());
    let is_same_origin = origin.is_none_or(|origin| origin.strip_prefix(b"http://") == host);
    fields.contains_key(FROM_PAGE) && is_same_site && is_same_origin
}

fn is_uuid(text: &str) -> bool {
    let is_dash = |at: usize| [8, 13, 18, 23].contains(&at);
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| if is_dash(at) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}
