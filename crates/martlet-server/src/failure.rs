//! From `core::Error` to an answer: status, headers, body, and the one line in the log.

use crate::body::Body;
use crate::headers;
use crate::rate_fields;
use bytes::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use martlet_core::{Error, Kind, code};
use martlet_engine::LimitState;
use serde_json::{Value, json};

/// Seconds after which a caller should come back when nothing better is known.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

/// An error on its way out, with what only the surface knows.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Box<Error>,
    /// Whether nobody is known to ask: 42501 is 401 then.
    pub(crate) is_anonymous: bool,
    /// `Allow`, of 405.
    pub(crate) allow: Option<HeaderValue>,
    /// How limits stand.
    pub(crate) limits: Vec<LimitState>,
    /// Whether what follows on the connection may be anything: it is closed.
    pub(crate) must_close: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error: Box::new(error), is_anonymous: false, allow: None, limits: Vec::new(), must_close: false }
    }
}

/// The shape of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// `{code, message, details, hint}`.
    Rest,
    /// problem+json (RFC 9457).
    Other,
}

impl Failure {
    pub(crate) fn with_allow(error: Error, allow: &'static str) -> Self {
        Self { allow: Some(HeaderValue::from_static(allow)), ..Self::from(error) }
    }

    /// A refusal after which nothing on the connection is read as a request.
    pub(crate) fn closing(error: Error) -> Self {
        Self { must_close: true, ..Self::from(error) }
    }

    /// The status by the author's choice, by who asks, or by the kind.
    pub(crate) fn status(&self) -> StatusCode {
        if let Some(status) = self.error.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            return status;
        }
        match self.error.kind {
            Kind::Forbidden if self.is_anonymous => StatusCode::UNAUTHORIZED,
            kind => status_of(kind),
        }
    }

    /// The answer.
    pub(crate) fn into_response(self, surface: Surface) -> Response<Body> {
        let status = self.status();
        let (body, content_type) = self.told(surface);
        let mut response = Response::new(Body::from(to_bytes(&body)));
        *response.status_mut() = status;
        let fields = response.headers_mut();
        fields.insert(header::CONTENT_TYPE, content_type);
        fields.insert(header::CACHE_CONTROL, headers::NO_STORE);
        if status == StatusCode::UNAUTHORIZED {
            fields.insert(header::WWW_AUTHENTICATE, challenge(&self.error));
        }
        if matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            fields.insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        rate_fields::add(&self.limits, fields);
        if let Some(allow) = self.allow {
            fields.insert(header::ALLOW, allow);
        }
        // What is left of the body would be read as the next request.
        if self.must_close || matches!(status.as_u16(), 408 | 413) {
            fields.insert(header::CONNECTION, headers::CLOSE);
        }
        response
    }

    /// The body and its type.
    pub(crate) fn told(&self, surface: Surface) -> (Value, HeaderValue) {
        match surface {
            Surface::Rest => (self.rest_body(self.status()), headers::JSON),
            Surface::Other => (self.problem(self.status()), headers::PROBLEM_JSON),
        }
    }

    /// The body on `/rest/v1`; of 5xx it is the same for every cause of a code.
    pub(crate) fn rest_body(&self, status: StatusCode) -> Value {
        let error = &self.error;
        if status.is_server_error() {
            return json!({"code": error.code, "message": constant_text(error), "details": null, "hint": null});
        }
        let details = match &error.details_text {
            Some(text) => Value::from(text.as_str()),
            None if error.details.is_empty() => Value::Null,
            None => error
                .details
                .iter()
                .map(|d| json!({"parameter": d.parameter, "code": d.code, "message": d.message}))
                .collect(),
        };
        json!({"code": error.code, "message": error.message, "details": details, "hint": error.hint})
    }

    fn problem(&self, status: StatusCode) -> Value {
        let detail = if status.is_server_error() { constant_text(&self.error) } else { self.error.message.as_str() };
        let mut problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or("Error"),
            "status": status.as_u16(),
            "detail": detail,
            "code": self.error.code,
        });
        if let Some(hint) = self.error.hint.as_deref().filter(|_| !status.is_server_error()) {
            problem["hint"] = hint.into();
        }
        problem
    }

    /// Writes the operator's message, if there is one, to the log: once, here at the edge.
    pub(crate) fn log(&self, request_id: &HeaderValue) {
        let error = &self.error;
        let request_id = request_id.to_str().unwrap_or_default();
        let operator = error.operator.as_deref().unwrap_or_default();
        match error.kind {
            Kind::Internal | Kind::StorageFull => {
                tracing::error!(request_id, code = %error.code, operator, "request failed: {}", error.message);
            }
            _ if error.operator.is_some() => {
                tracing::warn!(request_id, code = %error.code, operator, "request refused: {}", error.message);
            }
            _ => tracing::debug!(request_id, code = %error.code, "request refused: {}", error.message),
        }
    }
}

/// The status of each kind. Without `_`: a new kind must choose.
pub(crate) fn status_of(kind: Kind) -> StatusCode {
    match kind {
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::Unprocessable => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::Unauthenticated => StatusCode::UNAUTHORIZED,
        Kind::Forbidden => StatusCode::FORBIDDEN,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The registry's text: nothing of the cause can be in it.
fn constant_text(error: &Error) -> &'static str {
    match error.kind {
        Kind::Internal => "internal error",
        _ => code::ALL.iter().find(|ours| ours.code == error.code).map_or("internal error", |ours| ours.text),
    }
}

/// RFC 6750, section 3: without a token there is no error to tell.
fn challenge(error: &Error) -> HeaderValue {
    let is_of_token = [code::BAD_TOKEN.code, code::TOKEN_CLAIMS.code].contains(&error.code.as_ref());
    if !is_of_token {
        return HeaderValue::from_static("Bearer");
    }
    let description: String = error
        .message
        .chars()
        .map(|c| if c.is_ascii() && !c.is_ascii_control() && c != '"' && c != '\\' { c } else { '?' })
        .collect();
    HeaderValue::from_str(&format!("Bearer error=\"invalid_token\", error_description=\"{description}\""))
        .unwrap_or(HeaderValue::from_static("Bearer error=\"invalid_token\""))
}

fn to_bytes(value: &Value) -> Bytes {
    Bytes::from(value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::Detail;

    #[test]
    fn a_body_tells_the_client_and_never_the_operators_message() {
        let error = Error::new(&code::ARGUMENTS, "`size` must be at least 1").hint("Write 1.").operator("secret");
        let error = Error {
            details: vec![Detail { parameter: "size".to_owned(), code: "range", message: "at least 1".to_owned() }],
            ..error
        };
        let failure = Failure::from(error);
        assert_eq!(
            failure.rest_body(failure.status()).to_string(),
            r#"{"code":"MRT001","message":"`size` must be at least 1","details":[{"parameter":"size","code":"range","message":"at least 1"}],"hint":"Write 1."}"#
        );
        let fault = Failure::from(Error { message: "at /secret/path".to_owned(), ..Error::internal("secret") });
        assert_eq!(
            fault.rest_body(fault.status()).to_string(),
            r#"{"code":"MRT500","message":"internal error","details":null,"hint":null}"#
        );
        assert!(!fault.problem(fault.status()).to_string().contains("secret"));
    }

    #[test]
    fn forbidden_is_401_for_those_who_are_nobody() {
        let mut failure = Failure::from(Error::new(&code::FORBIDDEN, "no"));
        assert_eq!(failure.status(), 403);
        failure.is_anonymous = true;
        assert_eq!(failure.status(), 401);
        assert_eq!(failure.into_response(Surface::Rest).headers()[header::WWW_AUTHENTICATE], "Bearer");
    }

    #[test]
    fn a_challenge_says_what_is_wrong_with_the_token() {
        let failure = Failure::from(Error::new(&code::TOKEN_CLAIMS, "JWT expired"));
        let response = failure.into_response(Surface::Rest);
        assert_eq!(response.status(), 401);
        assert_eq!(
            response.headers()[header::WWW_AUTHENTICATE],
            "Bearer error=\"invalid_token\", error_description=\"JWT expired\""
        );
    }

    #[test]
    fn every_code_has_its_status() {
        for ours in code::ALL {
            let failure = Failure::from(Error::new(ours, "m"));
            let status = failure.status();
            assert!(status.is_client_error() || status.is_server_error(), "{}", ours.code);
            let has_retry = failure.into_response(Surface::Rest).headers().contains_key(header::RETRY_AFTER);
            assert_eq!(has_retry, status == 503 || status == 429);
        }
    }
}
