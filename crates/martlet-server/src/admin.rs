//! What the operator may see: `/metrics`, `/admin/v1/*`, `/openapi.json`.
//!
//! Open on the listener of `admin_listen` and, under `dev`, to this machine; elsewhere it wants the service key. Whoever
//! asks, and how often: it reads what was counted and starts no work. Only the cache can be told what to do, which costs
//! nothing but the reads that follow.

mod cache;
mod history;
mod local;

pub(crate) use cache::{change_cache, get_cache, of_cache, warm_cache};
pub(crate) use history::get_history;
pub(crate) use local::door_of;

use crate::failure::{Failure, Surface};
use crate::front::{Door, Shared};
use crate::headers;
use crate::metrics::{self, Form, RouteFigures};
use axum::body::Body;
use axum::response::Response;
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::{Error, Identity, code};
use martlet_engine::PlanFigures;
use serde_json::{Value, json};

/// `/metrics`
pub(crate) fn get_metrics(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    let form = Form::of(fields);
    match permit(shared, fields, door) {
        Ok(()) => answer(form.content_type(), metrics::page(shared, form)),
        Err(failure) => refused(failure),
    }
}

/// `/admin/v1/stats`: the statistics of every query and action, those that took longest first.
pub(crate) fn get_statistics(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    match permit(shared, fields, door) {
        Ok(()) => answer(headers::JSON, statistics(shared).to_string()),
        Err(failure) => refused(failure),
    }
}

/// Whether the caller may see what is the operator's.
pub(crate) fn is_insider(shared: &Shared, fields: &HeaderMap, door: Door) -> bool {
    permit(shared, fields, door).is_ok()
}

/// The one check of whoever asks for what is the operator's.
pub(crate) fn permit(shared: &Shared, fields: &HeaderMap, door: Door) -> Result<(), Failure> {
    if matches!(door, Door::Admin | Door::Local) {
        return Ok(());
    }
    let identity = shared.identities.of(fields)?;
    if matches!(identity, Identity::Service(_)) {
        return Ok(());
    }
    let is_anonymous = identity == Identity::Anonymous;
    let error = Error::new(&code::FORBIDDEN, "this is for the service key");
    Err(Failure { is_anonymous, ..Failure::from(error) })
}

pub(crate) fn statistics(shared: &Shared) -> Value {
    let mut figures = shared.engine.store().figures();
    figures.plans.retain(|plan| plan.calls > 0);
    figures.plans.sort_by_key(|plan| std::cmp::Reverse(plan.total_ns));
    let kept = shared.engine.cache_figures();
    let hits = |plan: &PlanFigures| {
        let query = kept.iter().find(|query| !plan.is_action && query.name == plan.name);
        query.map_or(0, |query| query.hits)
    };
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": shared.clock.now().to_string(),
        "uptime_s": shared.started.elapsed().as_secs(),
        "memory_bytes": metrics::resident_bytes(),
        "evicted": figures.evicted,
        "statistics": figures.plans.iter().map(|plan| of_plan(plan, hits(plan))).collect::<Vec<_>>(),
        "routes": shared.statistics.routes().iter().map(of_route).collect::<Vec<_>>(),
        "pools": figures.pools.iter().map(|pool| json!({
            "name": pool.name,
            "max": pool.max,
            "pending": pool.pending,
            "timeouts": pool.timeouts,
            "waits": pool.wait.count(),
            "wait_s": seconds(pool.wait.sum),
        })).collect::<Vec<_>>(),
    })
}

fn of_route(route: &RouteFigures) -> Value {
    let [p50, p95, p99] = route.percentiles_ns.map(seconds);
    json!({
        "route": route.route,
        "method": route.method,
        "status": route.status,
        "calls": route.calls,
        "total_s": seconds(route.total_ns),
        "p50_s": p50,
        "p95_s": p95,
        "p99_s": p99,
    })
}

/// A plan's figures, and how often its answer came from memory, where no plan runs.
fn of_plan(plan: &PlanFigures, hits: u64) -> Value {
    let [p50, p95, p99] = plan.percentiles_ns.map(|ns| seconds(ns.min(plan.max_ns)));
    let statements: Vec<Value> = plan
        .statements
        .iter()
        .map(|statement| {
            let errors: u64 = statement.failures.iter().map(|(_, counts)| counts.count()).sum();
            json!({
                "operation": statement.operation,
                "table": statement.collection,
                "calls": statement.durations.count() + errors,
                "errors": errors,
                "rows": statement.rows.sum,
                "total_s": seconds(statement.durations.sum),
            })
        })
        .collect();
    json!({
        "name": plan.name,
        "kind": if plan.is_action { "action" } else { "query" },
        "db": "sqlite",
        "calls": plan.calls,
        "cache_hits": hits,
        "errors": plan.errors,
        "rows": plan.rows,
        "total_s": seconds(plan.total_ns),
        "min_s": seconds(plan.min_ns),
        "mean_s": seconds(plan.total_ns.checked_div(plan.calls).unwrap_or(0)),
        "max_s": seconds(plan.max_ns),
        "p50_s": p50,
        "p95_s": p95,
        "p99_s": p99,
        "wait_s": seconds(plan.wait_ns),
        "rows_scanned": plan.rows_scanned,
        "full_scans": plan.full_scans,
        "sorts": plan.sorts,
        "auto_indexes": plan.auto_indexes,
        "steps": plan.steps,
        "first_seen": plan.seen.map(|(first, _)| first.to_string()),
        "last_seen": plan.seen.map(|(_, last)| last.to_string()),
        "statements": statements,
    })
}

/// To the microsecond: what is finer is noise.
pub(crate) fn seconds(nanos: u64) -> f64 {
    (nanos / 1_000) as f64 / 1e6
}

fn answer(content_type: HeaderValue, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_STORE);
    response
}

pub(crate) fn refused(failure: Failure) -> Response {
    failure.into_response(Surface::Other).map(|body| Body::from(body.into_bytes()))
}
