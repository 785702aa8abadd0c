//! The answer of a query or action on its way out: form, tag, conditions, coding, caching, in one place for every route.

use crate::body::Body;
use crate::coding::{Accepted, Coding};
use crate::dressed::Dressed;
use crate::entity_tag::{BodyDigest, DIGESTED_INLINE_SIZE_MAX, Verdict};
use crate::failure::Failure;
use crate::front::Shared;
use crate::headers;
use crate::negotiation::Shape;
use crate::preferences::{Preferences, Returned};
use crate::refusal;
use crate::surrogates;
use bytes::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Response, StatusCode};
use martlet_core::{Error, Position, code};
use martlet_engine::{Answer, Demand, KeptAnswer, Returns, Source, Staleness, Target};
use std::time::Duration;

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

/// What is to be answered.
pub(crate) struct Answered<'a> {
    pub(crate) answer: Answer,
    pub(crate) source: Source,
    /// It stays in the cache, with what is made of it here.
    pub(crate) kept: Option<&'a KeptAnswer>,
    pub(crate) name: &'a str,
    pub(crate) target: Target,
}

/// What of an answer is the same for all who ask for it in the same way.
pub(crate) struct Made {
    pub(crate) digest: BodyDigest,
    pub(crate) coding: Coding,
    pub(crate) content_type: HeaderValue,
    /// None: nobody has asked for the body in this coding.
    pub(crate) body: Option<Bytes>,
}

/// Makes the response and, of what was read, what it is made of. Errors: 412 by `If-Match`, 400 for a condition with
/// too many tags.
pub(crate) async fn respond(
    shared: &Shared,
    answered: Answered<'_>,
    wishes: &Wishes,
    fields: &HeaderMap,
) -> Result<(Response<Body>, Option<Made>), Failure> {
    let Answered { answer: Answer { body, rows, position, .. }, source, kept, name, target } = answered;
    let is_list = target.returns == Returns::Rows && !target.is_paged;
    let is_object_of_list = wishes.shape.is_object && is_list;
    let is_wanted = !(wishes.is_call && wishes.preferences.returned == Some(Returned::Minimal));
    let body = match body.filter(|_| is_wanted) {
        Some(list) if is_object_of_list => Some(only_item(&list)),
        body => body,
    };
    let (mut response, made) = match body {
        None => (status_only(StatusCode::NO_CONTENT), None),
        Some(body) if wishes.is_call => {
            (encoded(shared, body, wishes.shape.content_type(), wishes.accepted).await?, None)
        }
        Some(body) => {
            // What is attached is of the whole answer.
            let (response, made) =
                conditional(shared, body, kept.filter(|_| !is_object_of_list), wishes, fields).await?;
            (response, Some(made))
        }
    };
    let fields = response.headers_mut();
    let is_public = target.is_public && !wishes.is_call;
    if target.is_action {
        fields.insert(header::CACHE_CONTROL, headers::NO_STORE);
        fields.insert(header::VARY, headers::VARY_PRIVATE);
    } else {
        add_cache_fields(is_public, fields);
        let from = match source {
            Source::Store => headers::STORE,
            Source::Memory | Source::Flight => headers::MEMORY,
            Source::Stale(staleness) => {
                add_age(staleness, fields);
                headers::STALE
            }
        };
        fields.insert(headers::CACHE, from);
    }
    if is_public {
        surrogates::add(&shared.engine, name, fields);
    }
    fields.insert(headers::POSITION, position_value(position));
    let has_count = wishes.preferences.count.is_some() && is_list;
    if has_count {
        fields.insert(header::CONTENT_RANGE, content_range(rows));
    }
    if let Some(applied) = wishes.preferences.applied(wishes.is_call, has_count) {
        fields.insert(headers::PREFERENCE_APPLIED, applied);
    }
    Ok((response, made))
}

/// How long others may keep a query's answer, and what it depends on.
pub(crate) fn add_cache_fields(is_public: bool, fields: &mut HeaderMap) {
    let (cache, vary) = match is_public {
        true => (headers::PUBLIC, headers::VARY_PUBLIC),
        false => (headers::PRIVATE, headers::VARY_PRIVATE),
    };
    if is_public {
        fields.insert(headers::CDN_CACHE_CONTROL, headers::PUBLIC);
    }
    fields.insert(header::CACHE_CONTROL, cache);
    fields.insert(header::VARY, vary);
}

/// How old an answer is that is not the answer any more (RFC 9111, 5.1; RFC 9211): in whole seconds, rather too many.
fn add_age(Staleness { age, over }: Staleness, fields: &mut HeaderMap) {
    let whole = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let value = |text: String| HeaderValue::from_maybe_shared(Bytes::from(text)).expect("these characters are visible");
    fields.insert(header::AGE, value(whole(age).to_string()));
    fields.insert(headers::CACHE_STATUS, value(format!("martlet; hit; ttl=-{}", whole(over).max(1))));
}

/// The body with its tag, or 304.
async fn conditional(
    shared: &Shared,
    body: Bytes,
    kept: Option<&KeptAnswer>,
    wishes: &Wishes,
    fields: &HeaderMap,
) -> Result<(Response<Body>, Made), Failure> {
    let digest = digest_of(shared, &body, kept).await?;
    let coding = wishes.accepted.choose(body.len());
    let content_type = wishes.shape.content_type();
    let (mut response, told, made) = match digest.judge(fields, coding)? {
        Some(Verdict::Failed) => return Err(refusal::precondition().into()),
        Some(Verdict::Unchanged(told)) => {
            let body = (coding == Coding::Identity).then_some(body);
            let made = Made { digest, coding, content_type, body };
            (status_only(StatusCode::NOT_MODIFIED), told, made)
        }
        None => {
            let (body, coding) = coded(shared, body, kept, wishes.accepted).await?;
            let response = with_body(body.clone(), coding, content_type.clone());
            (response, coding, Made { digest, coding, content_type, body: Some(body) })
        }
    };
    response.headers_mut().insert(header::ETAG, digest.tag(told));
    Ok((response, made))
}

/// The digest of a body; of one that is kept it is made once.
async fn digest_of(shared: &Shared, body: &Bytes, kept: Option<&KeptAnswer>) -> Result<BodyDigest, Error> {
    if let Some(dressed) = kept.and_then(Dressed::of) {
        return Ok(dressed.digest);
    }
    let digest = if body.len() <= DIGESTED_INLINE_SIZE_MAX {
        BodyDigest::of(body)
    } else {
        let body = body.clone();
        Box::pin(shared.compressor.run(move || BodyDigest::of(&body))).await?
    };
    if let Some(kept) = kept {
        shared.engine.attach(kept, Box::new(Dressed::new(digest)));
    }
    Ok(digest)
}

/// A body in the coding that the request likes best. `Vary` is the caller's.
pub(crate) async fn encoded(
    shared: &Shared,
    body: Bytes,
    content_type: HeaderValue,
    accepted: Accepted,
) -> Result<Response<Body>, Error> {
    let (body, coding) = coded(shared, body, None, accepted).await?;
    Ok(with_body(body, coding, content_type))
}

/// The body in the coding that is liked best, if that is shorter; of one that is kept it is made once.
async fn coded(
    shared: &Shared,
    body: Bytes,
    kept: Option<&KeptAnswer>,
    accepted: Accepted,
) -> Result<(Bytes, Coding), Error> {
    let coding = accepted.choose(body.len());
    let dressed = kept.and_then(|kept| Some((kept, Dressed::of(kept)?)));
    let known = dressed.and_then(|(_, dressed)| dressed.compressed(coding).cloned());
    let compressed = match known {
        Some(compressed) => compressed,
        None => {
            let compressed = shared.compressor.compress(coding, &body).await?;
            if let Some((kept, dressed)) = dressed
                && dressed.keep(coding, &compressed)
            {
                shared.engine.reweigh(kept);
            }
            compressed
        }
    };
    let is_shorter = compressed.len() < body.len() || !accepted.takes_identity();
    Ok(if is_shorter { (compressed, coding) } else { (body, Coding::Identity) })
}

fn with_body(body: Bytes, coding: Coding, content_type: HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    let fields = response.headers_mut();
    fields.reserve(20);
    fields.insert(header::CONTENT_TYPE, content_type);
    if let Some(coding) = coding.header() {
        fields.insert(header::CONTENT_ENCODING, coding);
    }
    response
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
