//! `/admin/v1/history`: the minutes of the last hour, as they are kept.

use super::{answer, permit, refused};
use crate::front::{Door, Shared};
use crate::headers;
use axum::response::Response;
use hyper::header::HeaderMap;
use serde_json::{Value, json};

/// `GET`: key figures of the last minutes, the oldest first. `mode` is `off` where none are kept.
pub(crate) fn get_history(shared: &Shared, fields: &HeaderMap, door: Door) -> Response {
    match permit(shared, fields, door) {
        Ok(()) => answer(headers::JSON, last_hour(shared).to_string()),
        Err(failure) => refused(failure),
    }
}

fn last_hour(shared: &Shared) -> Value {
    let mode = if shared.history().is_some() { "on" } else { "off" };
    let minutes = shared.history().map(|history| history.last_hour()).unwrap_or_default();
    json!({ "mode": mode, "minutes": minutes.iter().map(|minute| minute.to_json()).collect::<Vec<_>>() })
}
