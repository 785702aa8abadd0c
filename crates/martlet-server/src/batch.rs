//! `/rest/v1/batch`: several queries, one snapshot, one request.

use crate::answer::{encoded, position_value};
use crate::body::Body;
use crate::coding::Accepted;
use crate::failure::Failure;
use crate::front::{Arrived, Shared};
use crate::headers;
use crate::negotiation;
use crate::refusal;
use crate::request_body::read_body;
use crate::rpc;
use crate::streams::{self, Asked};
use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use martlet_core::{Caller, Error, Identity, code};
use martlet_engine::{Answer, Arguments, BatchItem, Demand, FollowPart, OwnedArguments};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write as _;
use std::pin::pin;
use std::sync::Arc;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    queries: Vec<Part<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// Answers a batch: a list of `{status, body}` in the order of the queries.
pub(crate) async fn run(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
    arrived: &Arrived,
) -> Result<Response<Body>, Failure> {
    let identity = shared.identities.of(request.headers())?;
    if request.method() != Method::POST {
        return Err(Failure::with_allow(refusal::method(request.method().as_str()), "POST, OPTIONS"));
    }
    rpc::check_content(request.headers())?;
    let accepted = Accepted::of(request.headers())?;
    let is_anonymous = identity == Identity::Anonymous;
    let caller = Caller { identity, address: Some(arrived.address) };
    let (Parts { headers: fields, .. }, body) = request.into_parts();
    let body = read_body(body, &shared.settings).await?;
    let batch = parse(&body)?;
    let parts_max = shared.settings.batch_queries_max;
    if batch.queries.len() > parts_max {
        return Err(Error::new(&code::TOO_MANY_PARTS, format!("the batch has more than {parts_max} queries")).into());
    }
    if negotiation::wants_stream(&fields) {
        let part = |part: &Part<'_>| FollowPart {
            name: part.name.clone().into_owned(),
            arguments: OwnedArguments::Json(part.args.map_or(&b"{}"[..], |args| args.get().as_bytes()).into()),
            demand: Demand::default(),
        };
        let parts = batch.queries.iter().map(part).collect();
        let asked = Asked { method: &Method::POST, fields: &fields, caller, parts, is_batch: true, is_public: false };
        let opened = streams::open(shared, asked, arrived).await;
        return opened.map_err(|failure| Failure { is_anonymous, ..failure });
    }
    let items: Vec<_> = batch
        .queries
        .iter()
        .map(|part| BatchItem {
            name: &part.name,
            arguments: Arguments::Json(part.args.map_or(&b"{}"[..], |args| args.get().as_bytes())),
        })
        .collect();
    let snapshot = arrived.timed(pin!(shared.engine.run_batch(&caller, &items, arrived.at))).await?;
    let position = position_value(snapshot.position);
    let answers = write(&snapshot.answers, is_anonymous, &arrived.id, shared.settings.batch_answer_size_max)?;
    let mut response = encoded(shared, answers, headers::JSON, accepted).await?;
    let fields = response.headers_mut();
    fields.insert(header::CACHE_CONTROL, headers::PRIVATE);
    fields.insert(header::VARY, headers::VARY_PRIVATE);
    fields.insert(headers::POSITION, position);
    Ok(response)
}

fn parse(body: &[u8]) -> Result<Batch<'_>, Error> {
    serde_json::from_slice(body).map_err(|error| {
        let message = format!("the body is not a batch: line {}, column {}", error.line(), error.column());
        Error::new(&code::BODY_NOT_JSON, message).hint("Write {\"queries\":[{\"name\":\"...\",\"args\":{}}]}.")
    })
}

/// The list of `{status, body}`.
pub(crate) fn write(
    answers: &[Result<Answer, Error>],
    is_anonymous: bool,
    request_id: &HeaderValue,
    size_max: usize,
) -> Result<Bytes, Error> {
    let mut out = Vec::with_capacity(256);
    for answer in answers {
        out.push(if out.is_empty() { b'[' } else { b',' });
        match answer {
            Ok(answer) => match &answer.body {
                Some(body) => {
                    out.extend_from_slice(b"{\"status\":200,\"body\":");
                    out.extend_from_slice(body);
                    out.push(b'}');
                }
                None => out.extend_from_slice(b"{\"status\":204,\"body\":null}"),
            },
            Err(error) => {
                let failure = Failure { is_anonymous, ..Failure::from(error.clone()) };
                failure.log(request_id);
                let status = failure.status();
                let _ = write!(out, "{{\"status\":{},\"body\":{}}}", status.as_u16(), failure.rest_body(status));
            }
        }
        if out.len() > size_max {
            let message = format!("the batch's answer has more than {size_max} bytes");
            return Err(Error::new(&code::ANSWER_TOO_LARGE, message));
        }
    }
    if out.is_empty() {
        out.push(b'[');
    }
    out.push(b']');
    Ok(Bytes::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::Position;

    const ID: HeaderValue = HeaderValue::from_static("test");

    #[test]
    fn only_the_documented_form_is_a_batch() {
        let batch = parse(br#"{"queries":[{"name":"a\u0062","args":{"x":[1]}},{"name":"c"}]}"#).unwrap();
        assert_eq!(batch.queries[0].name, "ab");
        assert_eq!(batch.queries[0].args.unwrap().get(), r#"{"x":[1]}"#);
        assert!(batch.queries[1].args.is_none());
        for bad in ["", "[]", "{}", r#"{"queries":{}}"#, r#"{"queries":[{"args":{}}]}"#, r#"{"queries":[],"x":1}"#] {
            assert_eq!(parse(bad.as_bytes()).map(|_| ()).unwrap_err().code, "PGRST102", "{bad}");
        }
        let deep = format!(r#"{{"queries":[{{"name":"a","args":{}{}}}]}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse(deep.as_bytes()).is_ok(), "the engine judges the depth of arguments");
    }

    #[test]
    fn answers_stand_in_order() {
        let position = Position::default();
        let answer = |body: Option<&'static str>| {
            Ok(Answer {
                body: body.map(|body| Bytes::from_static(body.as_bytes())),
                rows: 1,
                position,
                last: None,
                keys: None,
            })
        };
        let answers = vec![answer(Some("[1]")), Err(Error::new(&code::FORBIDDEN, "no")), answer(None)];
        assert_eq!(
            write(&answers, true, &ID, 1000).unwrap(),
            r#"[{"status":200,"body":[1]},{"status":401,"body":{"code":"42501","message":"no","details":null,"hint":null}},{"status":204,"body":null}]"#
        );
        assert_eq!(write(&[], true, &ID, 1000).unwrap(), "[]");
        assert_eq!(write(&[answer(Some("[1]"))], true, &ID, 10).unwrap_err().code, "54000");
    }
}
