//! How limits stand, in the fields of draft-ietf-httpapi-ratelimit-headers-09 (structured fields, RFC 9651).

use crate::early::{write_line, write_number};
use crate::headers;
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::{Error, Timestamp, code};
use martlet_engine::{LimitState, Rate, RateLimiter, Standing, network};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

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

/// The general limit of each address.
#[derive(Debug)]
pub(crate) struct AddressLimit {
    pub(crate) name: Arc<str>,
    limiter: RateLimiter,
    /// `RateLimit-Policy` as a line, and the beginning of `RateLimit`.
    policy: Vec<u8>,
}

impl AddressLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        let name: Arc<str> = "address".into();
        let standing = Standing { is_allowed: true, remaining: 0, reset_us: 0, retry_us: 0 };
        let mut fields = HeaderMap::new();
        add(&[LimitState { name: Arc::clone(&name), rate, standing }], &mut fields);
        let mut policy = Vec::new();
        if let Some(value) = fields.get(headers::RATE_LIMIT_POLICY) {
            write_line(headers::RATE_LIMIT_POLICY.as_str(), value.as_bytes(), &mut policy);
        }
        policy.extend_from_slice(format!("{}: \"{name}\";r=", headers::RATE_LIMIT).as_bytes());
        Self { name, limiter: RateLimiter::new(rate), policy }
    }

    pub(crate) fn rate(&self) -> Rate {
        self.limiter.rate()
    }

    /// Counts a request of an address, if the limit allows it.
    pub(crate) fn take(&self, address: IpAddr, now: Timestamp) -> Standing {
        self.limiter.take(&network(address), now)
    }

    /// What [`add`] says of an address that is within the limit, as lines of a head.
    pub(crate) fn write_lines(&self, standing: Standing, head: &mut Vec<u8>) {
        head.extend_from_slice(&self.policy);
        write_number(standing.remaining, 1, head);
        head.extend_from_slice(b";t=");
        write_number(standing.reset_us.div_ceil(1_000_000), 1, head);
        head.extend_from_slice(b"\r\n");
    }
}

/// The refusal by the general limit of an address.
pub(crate) fn too_many() -> Error {
    Error::new(&code::RATE_LIMITED, "too many requests from this address").hint("retry after the time of `Retry-After`")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn lines_say_the_same_as_fields() {
        let rate = Rate { calls: 5, window_ms: 60_000, is_count: false };
        let limit = AddressLimit::new(rate);
        let standing = limit.take(IpAddr::from([1, 1, 1, 1]), Timestamp::from_micros(1_800_000_000_000_000));
        let mut fields = HeaderMap::new();
        add(&[LimitState { name: Arc::clone(&limit.name), rate, standing }], &mut fields);
        let fields = fields.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
        let mut lines = Vec::new();
        limit.write_lines(standing, &mut lines);
        assert_eq!(String::from_utf8(lines).unwrap(), fields.collect::<String>());
    }
}
