//! `martlet dev`: pages reload themselves after a change and show why the app could not be loaded.
//!
//! Pages ask for `/_dev/status` every half a second. That is plainer than a stream held open, which every shutdown
//! and every limit on connections would have to know about.

use crate::front::Shared;
use crate::headers;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) const STATUS_PATH: &str = "/_dev/status";
pub(crate) const SCRIPT_PATH: &str = "/_dev/reload.js";
const SCRIPT: &str = include_str!("dev/reload.js");
const SCRIPT_TAG: &str = "<script src=\"/_dev/reload.js\" defer></script>\n";

/// What pages are told.
#[derive(Debug)]
pub(crate) struct Dev {
    /// Tells this process from the one before: a restart is a change.
    process: u32,
    version: AtomicU64,
    has_error: AtomicBool,
    error: Mutex<Option<String>>,
}

impl Dev {
    pub(crate) fn new() -> Self {
        Self {
            process: getrandom::u32().unwrap_or(0),
            version: AtomicU64::new(0),
            has_error: AtomicBool::new(false),
            error: Mutex::new(None),
        }
    }

    pub(crate) fn reloaded(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_reload_error(&self, error: Option<String>) {
        self.has_error.store(error.is_some(), Ordering::Relaxed);
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    pub(crate) fn has_reload_error(&self) -> bool {
        self.has_error.load(Ordering::Relaxed)
    }

    fn status(&self) -> String {
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let version = format!("{:08x}-{}", self.process, self.version.load(Ordering::Relaxed));
        json!({"version": version, "error": error}).to_string()
    }
}

pub(crate) async fn get_status(State(shared): State<Arc<Shared>>) -> Response {
    no_store(headers::JSON, Body::from(shared.dev.status()))
}

pub(crate) async fn get_script() -> Response {
    no_store(HeaderValue::from_static("text/javascript; charset=utf-8"), Body::from(SCRIPT))
}

fn no_store(content_type: HeaderValue, body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_STORE);
    response
}

/// A page with the script: before the last `</body>`, else at its end.
pub(crate) fn with_script(page: &[u8]) -> Bytes {
    let end = b"</body>";
    let at = page.windows(end.len()).rposition(|part| part.eq_ignore_ascii_case(end)).unwrap_or(page.len());
    [&page[..at], SCRIPT_TAG.as_bytes(), &page[at..]].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_gets_the_script_once() {
        let page = with_script(b"<body>x</BODY></html>");
        assert_eq!(page, format!("<body>x{SCRIPT_TAG}</BODY></html>"));
        assert_eq!(with_script(b"x"), format!("x{SCRIPT_TAG}"));
    }

    #[test]
    fn the_status_tells_version_and_error() {
        let dev = Dev::new();
        let before = dev.status();
        dev.reloaded();
        assert_ne!(dev.status(), before);
        dev.set_reload_error(Some("queries/a.sql:1:1: \"x\"".to_owned()));
        assert!(dev.has_reload_error() && dev.status().contains(r#""error":"queries/a.sql:1:1: \"x\"""#));
        dev.set_reload_error(None);
        assert!(!dev.has_reload_error() && dev.status().contains(r#""error":null"#));
    }
}
