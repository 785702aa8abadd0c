//! What a public answer is known by to caches that stand before the server, so that it can be purged there.
//!
//! The query's name and, where the query belongs to a named cache, `cache:` with that name: separated by blanks in
//! `Surrogate-Key` (Fastly), by commas in `Cache-Tag` (Cloudflare, Akamai).

use crate::early::write_line;
use crate::headers::{CACHE_TAG, SURROGATE_KEY};
use hyper::header::{HeaderMap, HeaderValue};
use martlet_engine::{Callable, Engine};
use std::sync::Arc;

/// Adds both fields for the answer of a query.
pub(crate) fn add(engine: &Engine, name: &str, fields: &mut HeaderMap) {
    let Some(Callable::Query(query)) = engine.lookup(name) else { return };
    let named = query.declaration.cache.as_ref().and_then(|cache| cache.named.as_deref());
    for (field, between) in [(SURROGATE_KEY, " "), (CACHE_TAG, ",")] {
        let text = match named {
            Some(named) => format!("{name}{between}cache:{named}"),
            None => name.to_owned(),
        };
        if let Ok(value) = HeaderValue::from_str(&text) {
            fields.insert(field, value);
        }
    }
}

/// The fields of an answer as lines of a head; none where it has none.
pub(crate) fn lines(fields: &HeaderMap) -> Option<Arc<[u8]>> {
    let mut lines = Vec::new();
    for field in [SURROGATE_KEY, CACHE_TAG] {
        if let Some(value) = fields.get(&field) {
            write_line(field.as_str(), value.as_bytes(), &mut lines);
        }
    }
    (!lines.is_empty()).then(|| lines.into())
}
