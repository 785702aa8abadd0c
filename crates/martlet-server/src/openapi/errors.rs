//! Which errors a call can end with, by status.
//!
//! A code that no rule here names is told of every call: one that is new is never missing.

use crate::failure::status_of;
use martlet_core::code::{self, Code};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What decides which errors a call can end with.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts<'a> {
    /// It writes.
    pub(super) is_action: bool,
    /// Its arguments come in a body.
    pub(super) has_body: bool,
    /// It answers with a plain list of rows.
    pub(super) is_list: bool,
    /// It promises one row.
    pub(super) is_row: bool,
    /// `@page`.
    pub(super) is_paged: bool,
    /// A limit may refuse it.
    pub(super) is_limited: bool,
    /// `@idempotent`.
    pub(super) is_idempotent: bool,
    /// Everybody may call it.
    pub(super) is_open: bool,
    /// Status and code of each `@expect`.
    pub(super) expected: Vec<(u16, &'a str)>,
}

/// Codes of the data that only a write can meet, and of the writer.
static OF_WRITES: &[&Code] = &[
    &code::UNIQUE,
    &code::FOREIGN_KEY,
    &code::NOT_NULL,
    &code::CHECK,
    &code::RAISED,
    &code::SERIALIZATION,
    &code::READ_ONLY,
    &code::DISK_FULL,
];

/// Codes of event streams, which queries alone have.
static OF_STREAMS: &[&Code] = &[&code::NOT_FOLLOWED, &code::TOO_MANY_FOLLOWED, &code::TOO_MANY_STREAMS];

/// Codes that a call by its documented path and method does not meet, or that `expected` brings.
static OF_OTHERS: &[&Code] = &[
    &code::UNKNOWN_NAME,
    &code::UNKNOWN_CACHE,
    &code::STREAM_SHUT,
    &code::INVALID_PATH,
    &code::METHOD_ON_RPC,
    &code::METHOD,
    &code::READ_ONLY_METHOD,
    &code::TOO_MANY_PARTS,
    &code::EXPECTATION_FAILED,
];

/// The codes of each status, in the registry's order.
pub(super) fn of(facts: &Facts<'_>) -> BTreeMap<u16, Vec<Cow<'static, str>>> {
    let mut by_status: BTreeMap<u16, Vec<Cow<'static, str>>> = BTreeMap::new();
    let mut add = |status: u16, code: Cow<'static, str>| {
        let codes = by_status.entry(status).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    };
    for code in code::ALL {
        statuses(code, facts).into_iter().for_each(|status| add(status, code.code.into()));
    }
    for (status, code) in &facts.expected {
        add(*status, (*code).to_owned().into());
    }
    by_status
}

fn statuses(code: &Code, facts: &Facts<'_>) -> Vec<u16> {
    let plain = status_of(code.kind).as_u16();
    let when = |holds: bool| if holds { vec![plain] } else { Vec::new() };
    let is = |other: &Code| code.code == other.code;
    let is_among = |codes: &[&Code]| codes.iter().any(|other| is(other));
    if is(&code::MALFORMED_REQUEST) {
        let of_body: &[u16] = if facts.has_body { &[408, 415] } else { &[] };
        return [&[plain, 412, 414, 431][..], of_body].concat();
    }
    if is(&code::NO_ROW) {
        // One object was asked for, and a list has none or several.
        return if facts.is_list { vec![406] } else { when(facts.is_row) };
    }
    match () {
        () if is(&code::NOT_ACCEPTABLE) => vec![406],
        () if is(&code::FORBIDDEN) => {
            if facts.is_open {
                Vec::new()
            } else {
                vec![401, plain]
            }
        }
        () if is_among(&[&code::BODY_NOT_JSON, &code::BODY_TOO_LARGE]) => when(facts.has_body),
        () if is(&code::MAX_AFFECTED) => when(facts.is_list),
        () if is(&code::MAX_AFFECTED_NO_ROWS) => when(!facts.is_list),
        () if is(&code::TOO_MANY_ROWS) => when(facts.is_row),
        () if is_among(&[&code::BAD_CURSOR, &code::CURSOR_TOO_LONG]) => when(facts.is_paged),
        () if is(&code::RATE_LIMITED) => when(facts.is_limited),
        () if is_among(&[&code::KEY_REUSED, &code::KEY_RUNNING]) => when(facts.is_idempotent),
        () if is_among(OF_STREAMS) => when(!facts.is_action),
        () if is(&code::ACTION_FOLLOWED) => {
            if facts.is_action {
                vec![406]
            } else {
                Vec::new()
            }
        }
        () if is_among(OF_WRITES) => when(facts.is_action),
        () if is_among(OF_OTHERS) => Vec::new(),
        () => vec![plain],
    }
}

/// The response of a status with these codes.
pub(super) fn response(status: u16, codes: &[Cow<'static, str>]) -> Value {
    let reason = hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    let schema = json!({
        "allOf": [{"$ref": "#/components/schemas/Error"}],
        "properties": {"code": {"enum": codes}},
    });
    let mut response = json!({
        "description": reason.unwrap_or("Error"),
        "content": {"application/json": {"schema": schema}},
    });
    match status {
        401 => response["headers"] = json!({"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}}),
        429 | 503 => response["headers"] = json!({"Retry-After": {"$ref": "#/components/headers/Retry-After"}}),
        _ => {}
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(facts: &Facts<'_>, status: u16) -> Vec<String> {
        of(facts).remove(&status).unwrap_or_default().into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn queries_alone_are_followed() {
        let query = Facts { is_list: true, is_open: true, ..Facts::default() };
        assert_eq!((codes(&query, 422), codes(&query, 429)), (vec!["MRT031".to_owned()], vec!["MRT034".to_owned()]));
        let action = Facts { is_action: true, ..Facts::default() };
        assert_eq!(codes(&action, 406), ["PGRST107", "MRT033"]);
        assert_eq!(codes(&action, 429), [] as [&str; 0]);
    }

    #[test]
    fn errors_follow_what_is_declared() {
        let query = Facts { is_list: true, is_open: true, ..Facts::default() };
        assert_eq!(codes(&query, 406), ["PGRST116", "PGRST107"]);
        assert_eq!(codes(&query, 403), [] as [&str; 0]);
        assert!(codes(&query, 400).contains(&"MRT001".to_owned()));
        assert!(!codes(&query, 400).contains(&"MRT010".to_owned()));
        let expected = vec![(409, "sold_out")];
        let action =
            Facts { is_action: true, has_body: true, is_row: true, is_idempotent: true, expected, ..Facts::default() };
        assert_eq!(codes(&action, 409), ["MRT022", "23505", "23503", "40001", "sold_out"]);
        assert_eq!(codes(&action, 422), ["MRT021"]);
        assert_eq!(codes(&action, 415), ["MRT002"]);
        assert_eq!(codes(&action, 401), ["PGRST301", "PGRST303", "42501"]);
        assert_eq!(codes(&action, 404), ["PGRST116"]);
    }

    #[test]
    fn every_code_of_a_call_is_told_of_some_call() {
        let all = Facts {
            is_action: true,
            has_body: true,
            is_list: true,
            is_paged: true,
            is_limited: true,
            is_idempotent: true,
            ..Facts::default()
        };
        let row = Facts { is_row: true, ..Facts::default() };
        let told: Vec<String> =
            [of(&all), of(&row)].into_iter().flat_map(BTreeMap::into_values).flatten().map(Cow::into_owned).collect();
        for code in code::ALL {
            let is_other = OF_OTHERS.iter().any(|other| other.code == code.code);
            assert_eq!(told.contains(&code.code.to_owned()), !is_other, "{}", code.code);
        }
    }
}
