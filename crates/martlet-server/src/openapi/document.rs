//! The document as a whole: paths, and what they share.

use serde_json::{Map, Value, json};

/// A document under construction.
pub(super) struct Document {
    /// Every request counts against a general limit.
    pub(super) is_limited: bool,
    paths: Map<String, Value>,
    schemas: Map<String, Value>,
    responses: Map<String, Value>,
}

impl Document {
    pub(super) fn new(is_limited: bool) -> Self {
        let schemas = match shared_schemas() {
            Value::Object(schemas) => schemas,
            _ => Map::new(),
        };
        Self { is_limited, paths: Map::new(), schemas, responses: Map::new() }
    }

    /// Keeps a schema under a name of letters, digits, `_` and `.`.
    pub(super) fn schema(&mut self, name: &str, schema: Value) {
        self.schemas.insert(name.to_owned(), schema);
    }

    /// A reference to a response, which is kept once: most calls share them.
    pub(super) fn response(&mut self, status: u16, response: Value) -> Value {
        let of_status = |name: &str| name.split('.').next() == Some(&format!("E{status}"));
        let known = self.responses.iter().find(|(name, other)| of_status(name) && **other == response);
        let name = match known {
            Some((name, _)) => name.clone(),
            None => {
                let count = self.responses.keys().filter(|name| of_status(name)).count();
                let name = format!("E{status}.{}", count + 1);
                self.responses.insert(name.clone(), response);
                name
            }
        };
        json!({"$ref": format!("#/components/responses/{name}")})
    }

    pub(super) fn operation(&mut self, path: &str, method: &str, operation: Value) {
        let item = self.paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        item[method] = operation;
    }

    pub(super) fn finish(self) -> Value {
        json!({
            "openapi": "3.1.1",
            "info": {
                "title": "Martlet app",
                "description": "The queries, actions and routes of this app. \
                    Every path that takes GET takes HEAD. Errors have the codes of docs/errors.md.",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "servers": [{"url": "/"}],
            "tags": [
                {"name": "queries", "description": "Declared SELECTs."},
                {"name": "actions", "description": "Declared transactions."},
                {"name": "operations", "description": "For those who watch over the server."},
            ],
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "responses": self.responses,
                "parameters": parameters(),
                "headers": headers(),
                "securitySchemes": {
                    "bearer": {
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "A user's token, or a key of `martlet keys`.",
                    },
                    "apikey": {
                        "type": "apiKey", "in": "header", "name": "apikey",
                        "description": "Counts where there is no `Authorization`.",
                    },
                },
            },
        })
    }
}

fn shared_schemas() -> Value {
    json!({
        "Double": {
            "description": "A number, or what JSON has no number for.",
            "oneOf": [{"type": "number", "format": "double"}, {"enum": ["NaN", "Infinity", "-Infinity"]}],
        },
        "Error": {
            "type": "object",
            "required": ["code", "message", "details", "hint"],
            "properties": {
                "code": {"type": "string", "description": "Stable; see docs/errors.md."},
                "message": {"type": "string"},
                "details": {
                    "description": "Of wrong arguments a list, in declared order.",
                    "oneOf": [
                        {"type": "null"},
                        {"type": "string"},
                        {"type": "array", "items": {
                            "type": "object",
                            "required": ["parameter", "code", "message"],
                            "properties": {
                                "parameter": {"type": "string"},
                                "code": {"type": "string"},
                                "message": {"type": "string"},
                            },
                        }},
                    ],
                },
                "hint": {"type": ["string", "null"]},
            },
        },
        "Problem": {
            "description": "RFC 9457.",
            "type": "object",
            "required": ["type", "title", "status", "detail", "code"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "code": {"type": "string"},
            },
        },
    })
}

fn parameters() -> Value {
    let key_size_max = martlet_core::limits::IDEMPOTENCY_KEY_SIZE_MAX;
    json!({
        "Idempotency-Key": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "One effect and one answer for one key, for 24 hours.",
            "schema": {"type": "string", "minLength": 1, "maxLength": key_size_max, "pattern": "^[\\x21-\\x7e]+$"},
        },
        "Prefer": {
            "name": "Prefer", "in": "header", "required": false,
            "description": "`return=minimal`, `count=exact`, `handling=strict`, `max-affected=N` (docs/http.md).",
            "schema": {"type": "string"},
        },
        "If-None-Match": {
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "Tags of answers that the caller has: 304 if one is still right.",
            "schema": {"type": "string"},
        },
    })
}

fn headers() -> Value {
    let text = |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "Cache-Control": text("Whether and by whom the answer may be kept."),
        "Content-Range": text("Rows of the answer, by `Prefer: count=exact`."),
        "Deprecation": text("Since when the route should not be used (RFC 9745)."),
        "ETag": text("Of the answer in its coding; strong."),
        "Martlet-Position": text("The commit that the answer shows."),
        "Preference-Applied": text("Which of `Prefer` counted."),
        "RateLimit": text("How many calls are left, and when all are free again."),
        "RateLimit-Policy": text("How many calls each limit allows, in how many seconds."),
        "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
        "Server-Timing": text("Milliseconds in the server, and those of them in the database."),
        "Sunset": text("Until when the route may be used (RFC 8594)."),
        "WWW-Authenticate": text("`Bearer`, and what is wrong with the token."),
        "X-Request-Id": text("As in the log."),
    })
}
