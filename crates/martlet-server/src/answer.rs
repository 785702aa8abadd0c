//! The answer of a query or action on its way out: form, tag, conditions, coding, caching, in one place for every route.

use crate::body::Body;
use crate::coding::{Accepted, Coding};
use crate::entity_tag::{BodyDigest, DIGESTED_INLINE_SIZE_MAX, Verdict};
use crate::failure::Failure;
use crate::front::Shared;
use crate::headers;
use crate::negotiation::Shape;
use crate::preferences::{Preferences, Returned};
use crate::refusal;
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};
use martlet_core::{Error, Position, code};
use martlet_engine::{Answer, Demand, Returns, Target};

/// What a request wants of its answer; read, and refused, before anything runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wishes {
    shape: Shape,
    preferences: Preferences,
    accepted: Accepted,
    /// Whether it may have an effect: then there is no tag, and the answer may be left out.
    is_call: bool,
}

impl Wishes {
    /// Errors: 406, 400 PGRST122, and 412 where something is to be done only if what is not there matches.
    pub(crate) fn of(method: &Method, fields: &HeaderMap) -> Result<Self, Error> {
        let is_call = !matches!(*method, Method::GET | Method::HEAD);
        // What a call does has no version: no tag is its own, so none can match.
        if is_call && fields.contains_key(header::IF_MATCH) {
            return Err(refusal::precondition());
        }
        Ok(Self {
            shape: Shape::of(fields)?,
            preferences: Preferences::of(fields)?,
            accepted: Accepted::of(fields)?,
            is_call,
        })
    }

    /// What of it the store must know.
    pub(crate) fn demand(&self) -> Demand {
        Demand { form: self.shape.form, is_single: self.shape.is_object, rows_max: self.preferences.rows_max() }
    }

    /// A missing row is 404 by itself and 406 where one object was asked for.
    pub(crate) fn refuse(&self, error: Error) -> Failure {
        if !self.shape.is_object || error.code != code::NO_ROW.code || error.status.is_some() {
            return Failure::from(error);
        }
        let message = "Cannot coerce the result to a single JSON object".to_owned();
        let details_text = error.details_text.or_else(|| Some("The result contains 0 rows".to_owned()));
        Failure::from(Error { status: Some(406), message, details_text, ..error })
    }
}

/// Makes the response. Errors: 412 by `If-Match`, 400 for a condition with too many tags.
pub(crate) async fn respond(
    shared: &Shared,
    answer: Answer,
    target: Target,
    wishes: &Wishes,
    fields: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let Answer { body, rows, position, .. } = answer;
    let is_list = target.returns == Returns::Rows && !target.is_paged;
    let is_object_of_list = wishes.shape.is_object && is_list;
    let is_wanted = !(wishes.is_call && wishes.preferences.returned == Some(Returned::Minimal));
    let body = match body.filter(|_| is_wanted) {
        Some(list) if is_object_of_list => Some(only_item(&list)),
        body => body,
    };
    let mut response = match body {
        None => status_only(StatusCode::NO_CONTENT),
        Some(body) if wishes.is_call => encoded(shared, body, wishes.shape.content_type(), wishes.accepted).await?,
        Some(body) => conditional(shared, body, wishes, fields).await?,
    };
    let fields = response.headers_mut();
    let is_public = target.is_public && !wishes.is_call;
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
    if !target.is_action {
        fields.insert(headers::CACHE, headers::STORE);
    }
    let has_count = wishes.preferences.count.is_some() && is_list;
    if has_count {
        fields.insert(header::CONTENT_RANGE, content_range(rows));
    }
    if let Some(applied) = wishes.preferences.applied(wishes.is_call, has_count) {
        fields.insert(headers::PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// The body with its tag, or 304.
async fn conditional(
    shared: &Shared,
    body: Bytes,
    wishes: &Wishes,
    fields: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let digest = if body.len() <= DIGESTED_INLINE_SIZE_MAX {
        BodyDigest::of(&body)
    } else {
        let body = body.clone();
        Box::pin(shared.compressor.run(move || BodyDigest::of(&body))).await?
    };
    let coding = wishes.accepted.choose(body.len());
    let (mut response, coding) = match digest.judge(fields, coding)? {
        Some(Verdict::Failed) => return Err(refusal::precondition().into()),
        Some(Verdict::Unchanged(coding)) => (status_only(StatusCode::NOT_MODIFIED), coding),
        None => {
            let response = encoded(shared, body, wishes.shape.content_type(), wishes.accepted).await?;
            let is_compressed = response.headers().contains_key(header::CONTENT_ENCODING);
            (response, if is_compressed { coding } else { Coding::Identity })
        }
    };
    response.headers_mut().insert(header::ETAG, digest.tag(coding));
    Ok(response)
}

/// A body in the coding that the request likes best. `Vary` is the caller's.
pub(crate) async fn encoded(
    shared: &Shared,
    body: Bytes,
    content_type: HeaderValue,
    accepted: Accepted,
) -> Result<Response<Body>, Error> {
    let coding = accepted.choose(body.len());
    let compressed = shared.compressor.compress(coding, &body).await?;
    let is_shorter = compressed.len() < body.len() || !accepted.takes_identity();
    let (body, coding) = if is_shorter { (compressed, coding) } else { (body, Coding::Identity) };
    let mut response = Response::new(Body::from(body));
    let fields = response.headers_mut();
    fields.reserve(20);
    fields.insert(header::CONTENT_TYPE, content_type);
    if let Some(coding) = coding.header() {
        fields.insert(header::CONTENT_ENCODING, coding);
    }
    Ok(response)
}

fn status_only(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().reserve(16);
    response
}

pub(crate) fn position_value(position: Position) -> HeaderValue {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_out_of_a_list_of_one() {
        assert_eq!(only_item(&Bytes::from_static(b"[{\"a\":1}]")), "{\"a\":1}");
        assert_eq!(content_range(0), "*/0");
        assert_eq!(content_range(9), "0-8/9");
    }
}
