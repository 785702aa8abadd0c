//! The pages' own files: one script, one style, one picture. They are Martlet's, the same for every app.

use super::guarded;
use crate::coding::{Accepted, Coding};
use crate::compression::compress;
use crate::entity_tag::{BodyDigest, Verdict};
use crate::failure::Failure;
use crate::{admin, headers};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderValue};
use std::sync::LazyLock;

pub(crate) const CSS_PATH: &str = "/_/page.css";
pub(crate) const SCRIPT_PATH: &str = "/_/page.js";
pub(crate) const ICON_PATH: &str = "/_/icon.svg";

/// One of them, ready to be sent.
struct Asset {
    plain: Bytes,
    /// In the order of [`Coding::COMPRESSING`]; none where it failed.
    compressed: [Option<Bytes>; 3],
    digest: BodyDigest,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("page.css")));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("page.js")));
static ICON: LazyLock<Asset> = LazyLock::new(|| Asset::new(include_str!("icon.svg")));

pub(crate) async fn get_style(fields: HeaderMap) -> Response {
    told(&STYLE, &fields, "text/css; charset=utf-8")
}

pub(crate) async fn get_script(fields: HeaderMap) -> Response {
    told(&SCRIPT, &fields, "text/javascript; charset=utf-8")
}

pub(crate) async fn get_icon(fields: HeaderMap) -> Response {
    told(&ICON, &fields, "image/svg+xml")
}

impl Asset {
    fn new(text: &'static str) -> Self {
        let plain = Bytes::from_static(text.as_bytes());
        let compressed = Coding::COMPRESSING.map(|coding| compress(coding, &plain).ok());
        Self { digest: BodyDigest::of(&plain), compressed, plain }
    }
}

fn told(asset: &Asset, fields: &HeaderMap, content_type: &'static str) -> Response {
    answer(asset, fields, content_type).unwrap_or_else(admin::refused)
}

fn answer(asset: &Asset, fields: &HeaderMap, content_type: &'static str) -> Result<Response, Failure> {
    let coding = Accepted::of(fields)?.choose(asset.plain.len());
    let (mut response, coding) = match asset.digest.judge(fields, coding)? {
        Some(Verdict::Failed) => return Err(crate::refusal::precondition().into()),
        Some(Verdict::Unchanged(coding)) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            (response, coding)
        }
        None => {
            let index = Coding::COMPRESSING.iter().position(|other| *other == coding);
            let compressed = index.and_then(|index| asset.compressed[index].clone());
            let coding = if compressed.is_some() { coding } else { Coding::Identity };
            let mut response = Response::new(Body::from(compressed.unwrap_or_else(|| asset.plain.clone())));
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
            if let Some(coding) = coding.header() {
                response.headers_mut().insert(header::CONTENT_ENCODING, coding);
            }
            (response, coding)
        }
    };
    let out = response.headers_mut();
    out.insert(header::ETAG, asset.digest.tag(coding));
    // Another version of the server has others of the same name.
    out.insert(header::CACHE_CONTROL, headers::NO_CACHE);
    out.insert(header::VARY, headers::VARY_CODING);
    Ok(guarded(response))
}
