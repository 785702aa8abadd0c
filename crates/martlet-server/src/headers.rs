//! Header values that are known beforehand, and the names that the standard list lacks.

use hyper::header::{HeaderName, HeaderValue};

pub(crate) const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
pub(crate) const APIKEY: HeaderName = HeaderName::from_static("apikey");
pub(crate) const CACHE: HeaderName = HeaderName::from_static("martlet-cache");
pub(crate) const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
pub(crate) const CACHE_TAG: HeaderName = HeaderName::from_static("cache-tag");
pub(crate) const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");
pub(crate) const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
pub(crate) const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
pub(crate) const POSITION: HeaderName = HeaderName::from_static("martlet-position");
pub(crate) const PREFER: HeaderName = HeaderName::from_static("prefer");
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
pub(crate) const RELOAD_ERROR: HeaderName = HeaderName::from_static("x-martlet-reload-error");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
pub(crate) const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");
pub(crate) const SUNSET: HeaderName = HeaderName::from_static("sunset");

pub(crate) const ARRAY_JSON_STRIPPED: HeaderValue =
    HeaderValue::from_static("application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8");
pub(crate) const CLOSE: HeaderValue = HeaderValue::from_static("close");
pub(crate) const CSV: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");
pub(crate) const HEALTH_JSON: HeaderValue = HeaderValue::from_static("application/health+json");
pub(crate) const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(crate) const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
pub(crate) const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
pub(crate) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
pub(crate) const OBJECT_JSON: HeaderValue =
    HeaderValue::from_static("application/vnd.pgrst.object+json; charset=utf-8");
pub(crate) const OBJECT_JSON_STRIPPED: HeaderValue =
    HeaderValue::from_static("application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8");
pub(crate) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(crate) const PUBLIC: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");
pub(crate) const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
/// Where an answer came from: it was kept, or computed for another call.
pub(crate) const MEMORY: HeaderValue = HeaderValue::from_static("memory");
/// Where an answer came from: it was kept, and is not the answer any more.
pub(crate) const STALE: HeaderValue = HeaderValue::from_static("stale");
/// Where an answer came from: computed for this call.
pub(crate) const STORE: HeaderValue = HeaderValue::from_static("store");
pub(crate) const VARY_CODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
pub(crate) const VARY_OPERATOR: HeaderValue = HeaderValue::from_static("Authorization, apikey, Accept-Encoding");
pub(crate) const VARY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");
pub(crate) const VARY_PRIVATE: HeaderValue =
    HeaderValue::from_static("Authorization, apikey, Accept, Accept-Encoding, Prefer, Origin");
pub(crate) const VARY_PUBLIC: HeaderValue = HeaderValue::from_static("Accept, Accept-Encoding, Prefer, Origin");
