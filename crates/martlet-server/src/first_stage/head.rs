//! What is looked at in every head before anything is done: its limits, and the rules that hyper leaves to us.

use super::ALL_METHODS;
use crate::failure::Failure;
use crate::refusal;
use crate::settings::{HEADER_NAME_SIZE_MAX, ServerSettings};
use crate::wire::Wire;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, Version};

/// The limits of a request's head and the rules of RFC 9112 that hyper leaves to us.
pub(super) fn check(request: &Request<Incoming>, wire: &Wire, settings: &ServerSettings) -> Result<(), Failure> {
    let (uri, fields) = (request.uri(), request.headers());
    check_method(request.method())?;
    let url_size = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if url_size > settings.url_size_max {
        return Err(refusal::url_too_long(settings.url_size_max).into());
    }
    if fields.len() > settings.header_count_max {
        let message = format!("the request has more than {} header fields", settings.header_count_max);
        return Err(refusal::header_too_large(message).into());
    }
    let mut size = 0;
    for (name, value) in fields {
        if name.as_str().len() > HEADER_NAME_SIZE_MAX {
            return Err(refusal::header_too_large("the name of a header field is too long").into());
        }
        size += name.as_str().len() + value.len() + ": \r\n".len();
    }
    if size > settings.header_size_max {
        let message = format!("the header fields have more than {} bytes", settings.header_size_max);
        return Err(refusal::header_too_large(message).into());
    }
    check_host(request)?;
    check_transfer_coding(fields)?;
    if fields.contains_key(header::TRANSFER_ENCODING) && wire.phase.has_length() {
        let message = "the request has both `Content-Length` and `Transfer-Encoding`";
        return Err(Failure::closing(refusal::bad_request(message)));
    }
    if request.body().size_hint().lower() > settings.body_size_max as u64 {
        return Err(refusal::body_too_large(settings.body_size_max).into());
    }
    Ok(())
}

/// RFC 9112, section 3.2: exactly one Host, the same as in an absolute target.
fn check_host(request: &Request<Incoming>) -> Result<(), Failure> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (_, Some(_)) => Err(refusal::bad_request("the request has more than one `Host`").into()),
        (None, None) if request.version() >= Version::HTTP_11 => {
            Err(refusal::bad_request("the request has no `Host`").into())
        }
        (Some(host), None) if !is_host(host.as_bytes()) => {
            Err(refusal::bad_request("`Host` is no name or address with a port").into())
        }
        (Some(host), None) => match request.uri().authority() {
            Some(target) if !target.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes()) => {
                Err(refusal::bad_request("`Host` is another than in the request's target").into())
            }
            _ => Ok(()),
        },
        (None, None) => Ok(()),
    }
}

/// RFC 3986, sections 3.2.2 and 3.2.3: a name, an address, a port; nobody's name and password, no path, no blank.
pub(crate) fn is_host(host: &[u8]) -> bool {
    host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte))
}

/// RFC 9112, section 6.1: hyper goes by the last coding alone and leaves the others to us. We know none of them, so
/// we would read as a body what is none, and others may see another end of the message than we do.
fn check_transfer_coding(fields: &HeaderMap) -> Result<(), Failure> {
    let mut codings = fields.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Failure::closing(refusal::bad_request("`Transfer-Encoding` is not `chunked` alone"))),
    }
}

fn check_method(method: &Method) -> Result<(), Failure> {
    match *method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE | Method::OPTIONS => {
            Ok(())
        }
        Method::TRACE | Method::CONNECT => Err(Failure::with_allow(refusal::method(method.as_str()), ALL_METHODS)),
        _ => Err(refusal::method_unknown(method_name(method)).into()),
    }
}

/// The method as far as a message should repeat it.
fn method_name(method: &Method) -> &str {
    let name = method.as_str();
    name.get(..40).unwrap_or(name)
}
