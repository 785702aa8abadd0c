//! Whether the process lives, is ready, and how it is; in the form of health+json.
//!
//! A probe looks at the database at most once a second; requests read what it saw. Liveness looks at nothing.

use crate::front::Shared;
use crate::headers;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderValue};
use martlet_core::Identity;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long what a probe saw is good for.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// What the last probe saw.
#[derive(Debug, Default)]
pub(crate) struct Probe(Mutex<Option<(Instant, Seen)>>);

#[derive(Debug, Clone, Copy)]
struct Seen {
    can_read: bool,
    can_write: bool,
    queue_depth: usize,
}

impl Probe {
    fn look(&self, shared: &Shared) -> Seen {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, seen)) = *last
            && at.elapsed() < PROBE_EVERY
        {
            return seen;
        }
        let health = shared.engine.store().health();
        let seen = Seen { can_read: health.can_read, can_write: health.can_write, queue_depth: health.queue_depth };
        // A change of state is told once, not once a call.
        if let Some((_, before)) = *last
            && (before.can_read, before.can_write) != (seen.can_read, seen.can_write)
        {
            let (can_read, can_write) = (seen.can_read, seen.can_write);
            tracing::warn!(can_read, can_write, "the database's state has changed");
        }
        *last = Some((Instant::now(), seen));
        seen
    }
}

/// `/livez`
pub(crate) async fn get_liveness() -> Response {
    status_only("pass")
}

/// `/startupz`: the server listens only once it has started.
pub(crate) async fn get_startup() -> Response {
    status_only("pass")
}

/// `/readyz`: not while draining, not without the database. A database that only reads is ready for reads.
pub(crate) async fn get_readiness(State(shared): State<Arc<Shared>>) -> Response {
    let is_ready = !shared.is_draining() && shared.probe.look(&shared).can_read;
    status_only(if is_ready { "pass" } else { "fail" })
}

/// `/health`: plain fields for all, `checks` for the service and under `dev`.
pub(crate) async fn get_health(State(shared): State<Arc<Shared>>, fields: HeaderMap) -> Response {
    let seen = shared.probe.look(&shared);
    let status = match seen {
        Seen { can_read: false, .. } => "fail",
        Seen { can_write: false, .. } => "warn",
        Seen { .. } => "pass",
    };
    let now = shared.clock.now().to_string();
    let uptime_s = shared.started.elapsed().as_secs();
    let memory_bytes = resident_bytes();
    let database = match status {
        "fail" => "down",
        "warn" => "read-only",
        _ => "up",
    };
    let mut body = json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "database": database,
        "uptime": uptime_s,
        "memory": memory_bytes,
        "timestamp": now,
    });
    let is_insider = matches!(shared.identities.of(&fields), Ok(Identity::Service(_)));
    if is_insider || shared.settings.is_dev {
        let check = |kind: &str, value: Value, status: &str| json!([{"componentType": kind, "observedValue": value, "status": status, "time": now}]);
        let pass_if = |passes: bool| if passes { "pass" } else { "fail" };
        body["checks"] = json!({
            "sqlite:readable": check("datastore", json!(seen.can_read), pass_if(seen.can_read)),
            "sqlite:writable": check("datastore", json!(seen.can_write), pass_if(seen.can_write)),
            "queue:depth": check("component", json!(seen.queue_depth), "pass"),
            "process:uptime": check("system", json!(uptime_s), "pass"),
            "process:memory": check("system", json!(memory_bytes), "pass"),
        });
    }
    respond(status, body.to_string())
}

fn status_only(status: &str) -> Response {
    respond(status, json!({ "status": status }).to_string())
}

fn respond(status: &str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    if status == "fail" {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response.headers_mut().insert(header::CONTENT_TYPE, headers::HEALTH_JSON);
    response.headers_mut().insert(header::CACHE_CONTROL, headers::NO_STORE);
    response
}

/// The process's resident memory, where the system tells it.
fn resident_bytes() -> Option<u64> {
    const PAGE_BYTES: u64 = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE_BYTES)
}
