//! What the server itself refuses, before anything is asked of the engine.
//!
//! Statuses that no `core::Kind` has (406, 408, 412, 414, 415, 416, 431, 501) are set by hand here and nowhere else.

use martlet_core::{Error, code};

fn malformed(status: u16, message: impl Into<String>) -> Error {
    Error { status: Some(status), ..Error::new(&code::MALFORMED_REQUEST, message) }
}

pub(crate) fn bad_request(message: impl Into<String>) -> Error {
    Error::new(&code::MALFORMED_REQUEST, message)
}

pub(crate) fn body_too_large(size_max: usize) -> Error {
    Error::new(&code::BODY_TOO_LARGE, format!("the body has more than {size_max} bytes"))
}

pub(crate) fn body_too_slow() -> Error {
    malformed(408, "the body came too slowly")
}

pub(crate) fn body_cut(error: &hyper::Error) -> Error {
    bad_request("the body was cut or is not well-formed").operator(error.to_string())
}

pub(crate) fn url_too_long(size_max: usize) -> Error {
    malformed(414, format!("the URL has more than {size_max} bytes"))
}

/// Too long even to be read.
pub(crate) fn url_unreadable() -> Error {
    malformed(414, "the URL is too long")
}

pub(crate) fn header_too_large(message: impl Into<String>) -> Error {
    malformed(431, message)
}

pub(crate) fn content_encoding() -> Error {
    malformed(415, "a request's body must not be compressed")
}

pub(crate) fn method_unknown(method: &str) -> Error {
    Error { status: Some(501), ..Error::new(&code::METHOD, format!("Unsupported HTTP method: {method}")) }
}

pub(crate) fn method(method: &str) -> Error {
    Error::new(&code::METHOD, format!("Unsupported HTTP method: {method}"))
}

pub(crate) fn method_on_rpc(method: &str) -> Error {
    Error::new(&code::METHOD_ON_RPC, format!("Cannot use the {method} method on RPC"))
}

pub(crate) fn action_by_get(name: &str) -> Error {
    Error::new(&code::READ_ONLY_METHOD, format!("`{name}` is an action: a read-only request cannot run it"))
        .hint("Call it by POST.")
}

pub(crate) fn content_type(given: &str) -> Error {
    Error::new(&code::BODY_NOT_JSON, format!("Content-Type not acceptable: {given}"))
        .hint("Send the arguments as one JSON object with `Content-Type: application/json`.")
}

pub(crate) fn path_unknown() -> Error {
    Error::new(&code::INVALID_PATH, "Invalid path specified in request URL")
}

pub(crate) fn not_acceptable(accept: &str) -> Error {
    let message = format!("None of these media types are available: {accept}");
    Error { status: Some(406), ..Error::new(&code::NOT_ACCEPTABLE, message) }
}

pub(crate) fn no_coding() -> Error {
    let error = Error::new(&code::NOT_ACCEPTABLE, "None of these codings are available: see `Accept-Encoding`");
    Error { status: Some(406), ..error }.hint("Take `identity`, `zstd`, `br` or `gzip`.")
}

pub(crate) fn precondition() -> Error {
    malformed(412, "`If-Match` names no tag of what is there now")
}

pub(crate) fn file_unknown() -> Error {
    Error::new(&code::INVALID_PATH, "there is nothing at this path")
}

pub(crate) fn range() -> Error {
    malformed(416, "the file has no bytes in this range")
}
