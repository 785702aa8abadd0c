//! Whether the process lives, is ready, and how it is; in the form of health+json.
//!
//! A probe looks at the database at most once a second; requests read what it saw. Liveness looks at nothing.

use crate::admin;
use crate::front::{Door, Shared};
use crate::headers;
use crate::metrics::resident_bytes;
use crate::settings::HealthPart;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use hyper::StatusCode;
use hyper::header::{self, HeaderMap, HeaderValue};
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
        self.look_by(|| {
            let health = shared.engine.store().health();
            Seen { can_read: health.can_read, can_write: health.can_write, queue_depth: health.queue_depth }
        })
    }

    fn look_by(&self, see: impl FnOnce() -> Seen) -> Seen {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, seen)) = *last
            && at.elapsed() < PROBE_EVERY
        {
            return seen;
        }
        let seen = see();
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

/// `/health`: plain fields for all, `checks` for the operator.
pub(crate) fn get_health(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    let seen = shared.probe.look(shared);
    // Neither is built in yet: what is required and not there is down.
    let is_missing = |part: &HealthPart| *part != HealthPart::Database;
    let requires = |part: HealthPart| shared.settings.health_required.contains(&part);
    let lacks_required = shared.settings.health_required.iter().any(is_missing);
    let status = match seen {
        Seen { can_read: false, .. } if requires(HealthPart::Database) => "fail",
        _ if lacks_required => "fail",
        Seen { can_read: true, can_write: true, .. } => "pass",
        Seen { .. } => "warn",
    };
    let database = match seen {
        Seen { can_read: false, .. } => "down",
        Seen { can_write: false, .. } => "read-only",
        Seen { .. } => "up",
    };
    let now = shared.clock.now().to_string();
    let uptime_s = shared.started.elapsed().as_secs();
    let memory_bytes = resident_bytes();
    let mut body = json!({
        "status": status,
        "database": database,
        "cache": if shared.engine.has_cache() { "up" } else { "off" },
        "redis": "off",
        "search": "off",
        "uptime": uptime_s,
        "memory": memory_bytes,
        "timestamp": now,
    });
    if status == "fail" {
        body["output"] = match database {
            "down" => "the database cannot be read".into(),
            _ => "`health.required` names a part that this server does not have".into(),
        };
    }
    if admin::is_insider(shared, fields, door) {
        // Not for strangers: it tells which holes to try.
        body["version"] = env!("CARGO_PKG_VERSION").into();
        let check = |kind: &str, value: Value, unit: Option<&str>, status: &str| {
            let mut check = json!({"componentType": kind, "observedValue": value, "status": status, "time": now});
            if let Some(unit) = unit {
                check["observedUnit"] = unit.into();
            }
            json!([check])
        };
        let pass_if = |passes: bool, otherwise: &'static str| if passes { "pass" } else { otherwise };
        let unread = if requires(HealthPart::Database) { "fail" } else { "warn" };
        body["checks"] = json!({
            "sqlite:readable": check("datastore", json!(seen.can_read), None, pass_if(seen.can_read, unread)),
            "sqlite:writable": check("datastore", json!(seen.can_write), None, pass_if(seen.can_write, "warn")),
            "queue:depth": check("component", json!(seen.queue_depth), Some("actions"), "pass"),
            "process:uptime": check("system", json!(uptime_s), Some("s"), "pass"),
            "process:memory": check("system", json!(memory_bytes), Some("bytes"), "pass"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn abuse_http_21_the_database_is_looked_at_once_a_second() {
        let (probe, looks) = (Probe::default(), Cell::new(0_u64));
        let started = Instant::now();
        for _ in 0..100_000 {
            probe.look_by(|| {
                looks.set(looks.get() + 1);
                Seen { can_read: true, can_write: true, queue_depth: 0 }
            });
        }
        assert!(looks.get() >= 1 && looks.get() <= 1 + started.elapsed().as_secs(), "{} looks", looks.get());
    }
}
