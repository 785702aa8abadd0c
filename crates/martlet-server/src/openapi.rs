//! `/openapi.json`: the app's queries, actions and routes, described by OpenAPI 3.1.
//!
//! Made from the compiled app, so it cannot say what the server does not do. The bytes are made at the first request
//! after a load, in every coding once, and kept until another app is loaded: a start pays nothing for them.

mod document;
mod errors;
mod fixed;
mod operation;
mod schema;

use crate::admin;
use crate::coding::{Accepted, Coding};
use crate::compression::compress;
use crate::entity_tag::{BodyDigest, Verdict};
use crate::failure::Failure;
use crate::front::{Door, Shared};
use crate::headers;
use crate::settings::ServerSettings;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use document::Document;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap};
use martlet_core::Error;
use martlet_engine::App;
use operation::Described;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Where it is.
pub(crate) const PATH: &str = "/openapi.json";

/// The document that was made last.
#[derive(Debug, Default)]
pub(crate) struct Description(Mutex<Option<Arc<Ready>>>);

/// The document of one app, ready to be sent.
#[derive(Debug)]
struct Ready {
    app: Arc<App>,
    digest: BodyDigest,
    plain: Bytes,
    /// In the order of [`Coding::COMPRESSING`].
    compressed: [Bytes; 3],
}

impl Description {
    /// The document of the app that is served now. Requests that come while it is made wait for it.
    async fn ready(&self, shared: &Shared) -> Result<Arc<Ready>, Error> {
        let app = shared.engine.app();
        let mut last = self.0.lock().await;
        if let Some(ready) = last.as_ref().filter(|ready| Arc::ptr_eq(&ready.app, &app)) {
            return Ok(Arc::clone(ready));
        }
        let settings = shared.settings.clone();
        let ready = shared.compressor.run(move || Ready::new(app, &settings)).await??;
        let ready = Arc::new(ready);
        *last = Some(Arc::clone(&ready));
        Ok(ready)
    }
}

impl Ready {
    fn new(app: Arc<App>, settings: &ServerSettings) -> Result<Self, Error> {
        let plain = Bytes::from(describe(&app, settings).to_string());
        let digest = BodyDigest::of(&plain);
        let [zstd, brotli, gzip] = Coding::COMPRESSING.map(|coding| compress(coding, &plain));
        Ok(Self { app, digest, compressed: [zstd?, brotli?, gzip?], plain })
    }

    fn body(&self, coding: Coding) -> Bytes {
        let index = Coding::COMPRESSING.iter().position(|other| *other == coding);
        index.and_then(|index| self.compressed.get(index)).unwrap_or(&self.plain).clone()
    }
}

/// The document of an app.
fn describe(app: &App, settings: &ServerSettings) -> Value {
    let mut document = Document::new(settings.rate_limit.is_some());
    for query in app.queries.values() {
        Described::query(query).write(&mut document);
    }
    for action in app.actions.values() {
        if let Some(described) = Described::action(action) {
            described.write(&mut document);
        }
    }
    let names: Vec<&str> = app.queries.keys().map(String::as_str).collect();
    fixed::write(&mut document, &names, settings.batch_queries_max);
    document.finish()
}

/// The form of an answer that is followed.
fn event_stream() -> Value {
    serde_json::json!({"schema": {
        "type": "string",
        "description": "Events (server-sent events): `data` is the answer as JSON, now and again after each change that \
                        alters it; `id` for `Last-Event-ID`; `error` and `end` by name, each with `code` and `message`.",
    }})
}

/// `GET /openapi.json`
pub(crate) async fn get_openapi(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    match answer(shared, fields, door).await {
        Ok(response) => response,
        Err(failure) => admin::refused(failure),
    }
}

async fn answer(shared: &Shared, fields: &HeaderMap, door: Door) -> Result<Response, Failure> {
    admin::permit(shared, fields, door)?;
    let accepted = Accepted::of(fields)?;
    let ready = shared.description.ready(shared).await?;
    let coding = accepted.choose(ready.plain.len());
    let (mut response, coding) = match ready.digest.judge(fields, coding)? {
        Some(Verdict::Failed) => return Err(crate::refusal::precondition().into()),
        Some(Verdict::Unchanged(coding)) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            (response, coding)
        }
        None => {
            let mut response = Response::new(Body::from(ready.body(coding)));
            response.headers_mut().insert(header::CONTENT_TYPE, headers::JSON);
            if let Some(coding) = coding.header() {
                response.headers_mut().insert(header::CONTENT_ENCODING, coding);
            }
            (response, coding)
        }
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, ready.digest.tag(coding));
    out.insert(header::CACHE_CONTROL, headers::PRIVATE);
    out.insert(header::VARY, headers::VARY_OPERATOR);
    Ok(response)
}
