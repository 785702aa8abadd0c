//! `/admin/v1/cache`: what is kept of each query, and why not; answers are dropped, computed beforehand, times of named caches set.

use super::{answer, permit, refused};
use crate::front::{Door, Shared};
use crate::query_string::decode_pairs;
use crate::{headers, refusal};
use axum::response::Response;
use hyper::Method;
use hyper::header::HeaderMap;
use martlet_core::{Error, code};
use martlet_engine::{CacheOverview, Cause, Clear, NamedCache, QueryCacheFigures, RenewalFigures, Renewed};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// How long answers are computed at most for one who asks for it.
const WARM_TIME_MAX: Duration = Duration::from_secs(20);
/// Parameters that are looked at.
const PARAMETERS_MAX: usize = 4;

/// `GET`: figures of the cache and of each query.
pub(crate) fn get_cache(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    match permit(shared, fields, door) {
        Ok(()) => answer(headers::JSON, of_cache(shared.engine.cache().as_ref()).to_string()),
        Err(failure) => refused(failure),
    }
}

/// `DELETE`: drops all answers, those of `?query=NAME` or of `?named=NAME`. `PUT ?named=NAME&ttl_ms=N`: how long the
/// answers of a named cache are good.
pub(crate) fn change_cache(
    shared: &Shared,
    method: &Method,
    query: Option<&str>,
    fields: &HeaderMap,
    door: Door,
) -> Response {
    if let Err(failure) = permit(shared, fields, door) {
        return refused(failure);
    }
    match change(shared, method, query.unwrap_or_default()) {
        Ok(done) => answer(headers::JSON, done.to_string()),
        Err(error) => refused(error.into()),
    }
}

/// `POST`: computes what `@warm` names, of all queries or of `?query=NAME`, and tells what came of it.
pub(crate) async fn warm_cache(shared: &Shared, query: Option<&str>, fields: &HeaderMap, door: Door) -> Response {
    if let Err(failure) = permit(shared, fields, door) {
        return refused(failure);
    }
    match warm(shared, query.unwrap_or_default()).await {
        Ok(done) => answer(headers::JSON, done.to_string()),
        Err(error) => refused(error.into()),
    }
}

async fn warm(shared: &Shared, query: &str) -> Result<Value, Error> {
    let pairs = decode_pairs(query, PARAMETERS_MAX)?;
    let name = match &pairs[..] {
        [] => None,
        [(key, name)] if key == "query" => Some(name.as_str()),
        _ => return Err(refusal::bad_request("POST takes nothing or `query=NAME`")),
    };
    let told = shared.engine.warm(name, Instant::now() + WARM_TIME_MAX).await?;
    tracing::info!(cache.filled = told.filled, cache.failed = told.failed, "answers are computed as `@warm` says");
    Ok(json!({
        "filled": told.filled,
        "found": told.found,
        "failed": told.failed,
        "left": told.left,
        "took_s": super::seconds(u64::try_from(told.took.as_nanos()).unwrap_or(u64::MAX)),
    }))
}

fn change(shared: &Shared, method: &Method, query: &str) -> Result<Value, Error> {
    let pairs = decode_pairs(query, PARAMETERS_MAX)?;
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    match (method, &pairs[..]) {
        (&Method::DELETE, []) => cleared(shared, Clear::All),
        (&Method::DELETE, [("query", name)]) => cleared(shared, Clear::Query(name)),
        (&Method::DELETE, [("named", name)]) => cleared(shared, Clear::Named(name)),
        (&Method::DELETE, _) => Err(refusal::bad_request("DELETE takes nothing, `query=NAME` or `named=NAME`")),
        (_, [("named", name), ("ttl_ms", ms)] | [("ttl_ms", ms), ("named", name)]) => {
            let ms: u64 = ms.parse().map_err(|_| {
                Error::new(&code::ARGUMENTS, "`ttl_ms` is not a whole number").hint("milliseconds, such as 30000")
            })?;
            let dropped = shared.engine.set_cache_time(name, Duration::from_millis(ms))?;
            tracing::info!(
                cache.named = name,
                cache.ttl_ms = ms,
                cache.dropped = dropped,
                "the time of a cache is set"
            );
            Ok(json!({ "named": name, "ttl_ms": ms, "cleared": dropped }))
        }
        _ => Err(refusal::bad_request("PUT takes `named=NAME` and `ttl_ms=N`")),
    }
}

fn cleared(shared: &Shared, which: Clear<'_>) -> Result<Value, Error> {
    let cleared = shared.engine.clear_cache(which).ok_or_else(|| shared.engine.unknown_cache(which))?;
    tracing::info!(cache.dropped = cleared, "kept answers are dropped: {which:?}");
    Ok(json!({ "cleared": cleared }))
}

/// What is told of the cache.
pub(crate) fn of_cache(cache: Option<&CacheOverview>) -> Value {
    let Some(CacheOverview { settings, figures, queries, renewals, named }) = cache else {
        return json!({ "mode": "off", "queries": [], "named": [] });
    };
    let sum = |of: fn(&QueryCacheFigures) -> u64| queries.iter().map(of).sum::<u64>();
    json!({
        "mode": "on",
        "entries": figures.entries,
        "entries_max": settings.entries_max,
        "bytes": figures.bytes,
        "bytes_max": settings.bytes_max,
        "answer_size_max": settings.answer_size_max,
        "hits": sum(|query| query.hits),
        "misses": sum(|query| query.misses),
        "coalesced": sum(|query| query.coalesced),
        "bypassed": sum(|query| query.bypassed),
        "stale": sum(|query| query.stale),
        "renewed": sum(|query| query.renewed),
        "invalidated": figures.invalidated,
        "useless": figures.useless,
        "evicted": figures.evicted,
        "cleared": figures.cleared,
        "renewals": of_renewals(renewals),
        "queries": queries.iter().map(of_query).collect::<Vec<_>>(),
        "named": named.iter().map(of_named).collect::<Vec<_>>(),
    })
}

fn of_query(query: &QueryCacheFigures) -> Value {
    let unkept: Map<String, Value> =
        query.unkept_for.iter().map(|(reason, count)| ((*reason).to_owned(), json!(count))).collect();
    json!({
        "name": query.name,
        "never_kept": query.unkept,
        "hits": query.hits,
        "misses": query.misses,
        "coalesced": query.coalesced,
        "bypassed": query.bypassed,
        "stale": query.stale,
        "renewed": query.renewed,
        "entries": query.entries,
        "bytes": query.bytes,
        "age_mean_s": super::seconds(u64::try_from(query.age_mean.as_nanos()).unwrap_or(u64::MAX)),
        "invalidated": query.invalidated,
        "useless": query.useless,
        "evicted": query.evicted,
        "unkept": unkept,
    })
}

/// By cause, then by what became of them.
fn of_renewals(renewals: &RenewalFigures) -> Value {
    let of_cause = |cause: Cause| {
        let count = |renewed: Renewed| (renewed.name().to_owned(), json!(renewals.count(cause, renewed)));
        (cause.name().to_owned(), Value::Object(Renewed::ALL.map(count).into_iter().collect()))
    };
    let mut all: Map<String, Value> = Cause::ALL.map(of_cause).into_iter().collect();
    all.insert("waiting".to_owned(), json!(renewals.waiting));
    Value::Object(all)
}

fn of_named(named: &NamedCache) -> Value {
    let ttl_ms = named.lives_for.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    json!({ "name": named.name, "ttl_ms": ttl_ms, "queries": named.queries })
}
