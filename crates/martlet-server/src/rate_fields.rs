//! How limits stand, in the fields of draft-ietf-httpapi-ratelimit-headers-09 (structured fields, RFC 9651).

use crate::headers;
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::Error;
use martlet_core::code;
use martlet_engine::LimitState;
use std::fmt::Write as _;

/// Adds how the limits stand; where one refuses, also when to come back.
pub(crate) fn add(limits: &[LimitState], fields: &mut HeaderMap) {
    if limits.is_empty() {
        return;
    }
    let (mut policies, mut states) = (String::new(), String::new());
    for limit in limits {
        let between = if policies.is_empty() { "" } else { ", " };
        // Names are those of queries and actions: letters, digits, `_`, `.`; a string of a structured field as they are.
        let (name, rate, standing) = (&limit.name, limit.rate, limit.standing);
        let window_s = rate.window_ms.div_ceil(1_000).max(1);
        write!(policies, "{between}\"{name}\";q={};w={window_s}", rate.calls).expect("a string takes everything");
        let (left, reset_s) = (standing.remaining, standing.reset_us.div_ceil(1_000_000));
        write!(states, "{between}\"{name}\";r={left};t={reset_s}").expect("a string takes everything");
    }
    for (field, text) in [(headers::RATE_LIMIT_POLICY, policies), (headers::RATE_LIMIT, states)] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            fields.append(field, value);
        }
    }
    let refusing = limits.iter().filter(|limit| !limit.standing.is_allowed);
    if let Some(retry_us) = refusing.map(|limit| limit.standing.retry_us).max() {
        fields.insert(header::RETRY_AFTER, HeaderValue::from(retry_us.div_ceil(1_000_000).max(1)));
    }
}

/// The refusal by the general limit of an address.
pub(crate) fn too_many() -> Error {
    Error::new(&code::RATE_LIMITED, "too many requests from this address").hint("retry after the time of `Retry-After`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_engine::{Rate, Standing};

    #[test]
    fn abuse_http_19_fields_are_structured() {
        let limit = |name: &str, calls, window_ms, standing| LimitState {
            name: name.into(),
            rate: Rate { calls, window_ms, is_count: false },
            standing,
        };
        let free = Standing { is_allowed: true, remaining: 4, reset_us: 37_000_001, retry_us: 0 };
        let full = Standing { is_allowed: false, remaining: 0, reset_us: 60_000_000, retry_us: 6_000_001 };
        let mut fields = HeaderMap::new();
        add(&[limit("login", 10, 60_000, free)], &mut fields);
        assert_eq!(fields["ratelimit-policy"], "\"login\";q=10;w=60");
        assert_eq!(fields["ratelimit"], "\"login\";r=4;t=38");
        assert!(!fields.contains_key(header::RETRY_AFTER));
        let mut fields = HeaderMap::new();
        add(&[limit("q.1", 10, 500, free), limit("q.2", 1, 900_000, full)], &mut fields);
        assert_eq!(fields["ratelimit-policy"], "\"q.1\";q=10;w=1, \"q.2\";q=1;w=900");
        assert_eq!(fields["ratelimit"], "\"q.1\";r=4;t=38, \"q.2\";r=0;t=60");
        assert_eq!(fields[header::RETRY_AFTER], "7");
        let mut fields = HeaderMap::new();
        add(&[], &mut fields);
        assert!(fields.is_empty());
    }
}
