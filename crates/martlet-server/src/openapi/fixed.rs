//! The paths that every app has.

use super::document::Document;
use super::errors::{self, Facts};
use serde_json::{Map, Value, json};

/// Writes the batch and what is the operator's.
pub(super) fn write(document: &mut Document, query_names: &[&str], queries_max: usize) {
    batch(document, query_names, queries_max);
    for (path, id, summary) in [
        ("/livez", "get_liveness", "Whether the process answers"),
        ("/readyz", "get_readiness", "Whether it takes requests"),
        ("/startupz", "get_startup", "Whether it has started"),
    ] {
        let status =
            json!({"type": "object", "required": ["status"], "properties": {"status": {"enum": ["pass", "fail"]}}});
        health(document, path, id, summary, &status);
    }
    for (path, id) in [("/health", "get_health"), ("/api/health", "get_health_for_pages")] {
        health(document, path, id, "How the server is, in health+json", &health_schema());
    }
    operators(
        document,
        "/metrics",
        "get_metrics",
        "Metrics for Prometheus",
        &["text/plain", "application/openmetrics-text"],
    );
    operators(
        document,
        "/admin/v1/stats",
        "get_statistics",
        "Statistics of every query and action",
        &["application/json"],
    );
    for (path, id) in
        [("/admin/v1/performance", "get_performance"), ("/api/performance/monitor", "get_performance_for_pages")]
    {
        let summary = "Figures of now and of the last hour, plans, indexes; followed as an event stream";
        operators(document, path, id, summary, &["application/json", "text/event-stream"]);
    }
    operators(document, super::PATH, "get_openapi", "This document", &["application/json"]);
}

fn batch(document: &mut Document, query_names: &[&str], queries_max: usize) {
    let mut name = json!({"type": "string"});
    if !query_names.is_empty() {
        name["enum"] = query_names.into();
    }
    let part = json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {"name": name, "args": {"type": "object", "description": "As the body of the query by POST."}},
    });
    let body = json!({
        "type": "object", "required": ["queries"], "additionalProperties": false,
        "properties": {"queries": {"type": "array", "maxItems": queries_max, "items": part}},
    });
    let answers = json!({"type": "array", "items": {
        "type": "object", "required": ["status", "body"], "additionalProperties": false,
        "properties": {
            "status": {"type": "integer"},
            "body": {"description": "What the query answers by itself, or the error."},
        },
    }});
    let facts =
        Facts { has_body: true, is_list: true, is_open: true, is_limited: document.is_limited, ..Facts::default() };
    let mut responses = Map::new();
    let content = json!({"application/json": {"schema": answers}, "text/event-stream": super::event_stream()});
    let description = "One answer for each, in order, all at one position.";
    responses.insert("200".to_owned(), json!({"description": description, "content": content}));
    for (status, mut codes) in errors::of(&facts) {
        if status == 413 {
            codes.push(martlet_core::code::TOO_MANY_PARTS.code.into());
        }
        responses.insert(status.to_string(), document.response(status, errors::response(status, &codes)));
    }
    let operation = json!({
        "operationId": "batch",
        "tags": ["queries"],
        "summary": "Several queries at one snapshot",
        "requestBody": {"required": true, "content": {"application/json": {"schema": body}}},
        "responses": responses,
        "security": [{}, {"bearer": []}, {"apikey": []}],
    });
    document.operation("/rest/v1/batch", "post", operation);
}

fn health(document: &mut Document, path: &str, id: &str, summary: &str, schema: &Value) {
    let told = |description: &str| json!({"description": description, "content": {"application/health+json": {"schema": schema}}});
    let operation = json!({
        "operationId": id,
        "tags": ["operations"],
        "summary": summary,
        "responses": {"200": told("It is well."), "503": told("It is not.")},
        "security": [{}, {"bearer": []}, {"apikey": []}],
    });
    document.operation(path, "get", operation);
}

fn health_schema() -> Value {
    json!({
        "type": "object",
        "required": ["status", "database", "cache", "redis", "search", "uptime", "memory", "timestamp"],
        "properties": {
            "status": {"enum": ["pass", "warn", "fail"]},
            "version": {"type": "string", "description": "For the service key."},
            "database": {"enum": ["up", "read-only", "down"]},
            "cache": {"type": "string"},
            "redis": {"type": "string"},
            "search": {"type": "string"},
            "uptime": {"type": "integer", "description": "Seconds."},
            "memory": {"type": ["integer", "null"], "description": "Bytes."},
            "timestamp": {"type": "string", "format": "date-time"},
            "output": {"type": "string", "description": "Why it fails."},
            "checks": {"type": "object", "description": "For the service key."},
        },
    })
}

/// What wants the service key, except under `martlet dev` and at `server.admin_listen`.
fn operators(document: &mut Document, path: &str, id: &str, summary: &str, media_types: &[&str]) {
    let schema = |media_type: &str| {
        if media_type.ends_with("json") { json!({"type": "object"}) } else { json!({"type": "string"}) }
    };
    let content: Map<String, Value> =
        media_types.iter().map(|media| ((*media).to_owned(), json!({"schema": schema(media)}))).collect();
    let refused = |description: &str| {
        json!({
            "description": description,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        })
    };
    let operation = json!({
        "operationId": id,
        "tags": ["operations"],
        "summary": summary,
        "description": "Wants the service key, except under `martlet dev` and at `server.admin_listen`.",
        "responses": {
            "200": {"description": "The answer.", "content": content},
            "401": refused("No token, or one that is not good."),
            "403": refused("Another token than the service's."),
        },
        "security": [{}, {"bearer": []}, {"apikey": []}],
    });
    document.operation(path, "get", operation);
}
