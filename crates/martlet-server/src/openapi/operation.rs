//! The operations of one query or action: by its name, and by each of its routes.

use super::document::Document;
use super::errors::{self, Facts};
use super::schema::{self, Written};
use martlet_engine::{Action, Allow, Declaration, LimitPer, Param, Query, Returns, Route, Statement, paging};
use serde_json::{Map, Value, json};

/// What the operations are made from.
pub(super) struct Described<'a> {
    declaration: &'a Declaration,
    /// The statement that answers.
    answer: &'a Statement,
    /// Declared ones, then those of a page.
    params: Vec<Param>,
    expected: Vec<(u16, &'a str)>,
    is_action: bool,
    is_paged: bool,
}

/// One way to call it.
struct Way<'a> {
    id: String,
    /// Upper case.
    method: &'a str,
    route: Option<&'a Route>,
}

impl<'a> Described<'a> {
    pub(super) fn query(query: &'a Query) -> Self {
        let declaration = &query.declaration;
        let paging = declaration.page.as_ref().filter(|_| query.page.is_some()).map(paging);
        Self {
            params: declaration.params.iter().cloned().chain(paging.into_iter().flatten()).collect(),
            declaration,
            answer: &query.statement,
            expected: Vec::new(),
            is_action: false,
            is_paged: query.page.is_some(),
        }
    }

    /// None where the action has no statement, which the compiler refuses.
    pub(super) fn action(action: &'a Action) -> Option<Self> {
        let expects = action.steps.iter().filter_map(|step| step.expect.as_ref());
        Some(Self {
            declaration: &action.declaration,
            answer: &action.steps.get(action.answer)?.statement,
            params: action.declaration.params.clone(),
            expected: expects.map(|expect| (expect.status, expect.code.as_str())).collect(),
            is_action: true,
            is_paged: false,
        })
    }

    /// Writes every way to call it.
    pub(super) fn write(&self, document: &mut Document) {
        let name = &self.declaration.name;
        if let Some(row) = self.row() {
            document.schema(&format!("{name}.row"), row);
        }
        let arguments = self.body_schema(|_| true);
        document.schema(&format!("{name}.arguments"), arguments);
        let path = format!("/rest/v1/rpc/{name}");
        if !self.is_action {
            self.write_way(document, &path, &Way { id: name.clone(), method: "GET", route: None });
        }
        let id = if self.is_action { name.clone() } else { format!("{name}.post") };
        self.write_way(document, &path, &Way { id, method: "POST", route: None });
        for (index, route) in self.declaration.routes.iter().enumerate() {
            let id = format!("{name}.route{}", index + 1);
            self.write_way(document, &route.path, &Way { id, method: &route.method, route: Some(route) });
        }
    }

    fn write_way(&self, document: &mut Document, path: &str, way: &Way<'_>) {
        let is_call = way.method != "GET";
        let facts = Facts {
            is_action: self.is_action,
            has_body: is_call,
            is_list: self.is_list(),
            is_row: self.declaration.returns == Returns::Row,
            is_paged: self.is_paged,
            is_limited: !self.declaration.limits.is_empty() || document.is_limited,
            is_idempotent: self.declaration.is_idempotent,
            is_open: self.declaration.allow.contains(&Allow::Anyone),
            expected: self.expected.clone(),
        };
        let mut responses = Map::new();
        self.write_answer(&mut responses, way, facts.is_limited);
        for (status, codes) in errors::of(&facts) {
            responses.insert(status.to_string(), document.response(status, errors::response(status, &codes)));
        }
        let mut operation = Map::new();
        let mut put = |key: &str, value: Value| drop(operation.insert(key.to_owned(), value));
        put("operationId", way.id.as_str().into());
        put("tags", json!([if self.is_action { "actions" } else { "queries" }]));
        put("summary", self.summary().into());
        put("description", self.description().into());
        if let Some(until) = way.route.and_then(|route| route.deprecated.as_ref()) {
            put("deprecated", true.into());
            put("x-sunset", until.as_str().into());
        }
        put("parameters", self.parameters(way).into());
        if is_call {
            put("requestBody", self.request_body(way));
        }
        put("responses", responses.into());
        put("security", self.security());
        document.operation(path, &way.method.to_ascii_lowercase(), operation.into());
    }

    fn summary(&self) -> String {
        let text = self.declaration.description.trim();
        let first = text.split_once(". ").map_or(text, |(first, _)| first).lines().next().unwrap_or_default();
        if first.is_empty() { self.declaration.name.clone() } else { first.trim_end_matches('.').to_owned() }
    }

    fn description(&self) -> String {
        let who: Vec<String> = self
            .declaration
            .allow
            .iter()
            .map(|allow| match allow {
                Allow::Anyone => "anyone".to_owned(),
                Allow::User => "signed-in users".to_owned(),
                Allow::Role(role) => format!("the role `{role}`"),
                Allow::Service => "the service".to_owned(),
            })
            .collect();
        let who = if who.is_empty() { "the service".to_owned() } else { who.join(", ") };
        let mut text = self.declaration.description.trim().to_owned();
        for part in [format!("May be called by {who}."), self.limits()] {
            if !part.is_empty() {
                text.push_str(if text.is_empty() { "" } else { "\n\n" });
                text.push_str(&part);
            }
        }
        text
    }

    fn limits(&self) -> String {
        let limits = self.declaration.limits.iter().map(|limit| {
            let window_s = limit.window_ms.div_ceil(1_000).max(1);
            format!("At most {} calls in {window_s} s ({}).", limit.calls, self.each(&limit.per))
        });
        limits.collect::<Vec<_>>().join(" ")
    }

    fn each(&self, per: &LimitPer) -> String {
        match per {
            LimitPer::All => "all callers together".to_owned(),
            LimitPer::User => "each user".to_owned(),
            LimitPer::Address => "each address".to_owned(),
            LimitPer::Parameter(index) => {
                format!("each `{}`", self.params.get(*index).map_or("?", |param| param.name.as_str()))
            }
        }
    }

    /// `bearer` is any token; who it must be of, the description says.
    fn security(&self) -> Value {
        if self.declaration.allow.contains(&Allow::Anyone) {
            return json!([{}, {"bearer": []}, {"apikey": []}]);
        }
        json!([{"bearer": []}, {"apikey": []}])
    }

    fn is_in_path(way: &Way<'_>, param: &Param) -> bool {
        way.route.is_some_and(|route| route.path.split('/').any(|part| part == format!("{{{}}}", param.name)))
    }

    fn parameters(&self, way: &Way<'_>) -> Vec<Value> {
        let mut parameters = Vec::new();
        for param in &self.params {
            let is_in_path = Self::is_in_path(way, param);
            if way.method == "GET" || is_in_path {
                let mut parameter = json!({
                    "name": param.name,
                    "in": if is_in_path { "path" } else { "query" },
                    "required": is_in_path || !param.is_optional,
                    "schema": schema::parameter(param, &self.params, Written::Url),
                });
                let description = schema::describe(param, &self.params, Written::Url);
                if !description.is_empty() {
                    parameter["description"] = description.into();
                }
                parameters.push(parameter);
            }
        }
        let shared = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
        if self.declaration.is_idempotent {
            parameters.push(shared("Idempotency-Key"));
        }
        parameters.push(shared("Prefer"));
        if way.method == "GET" {
            parameters.push(shared("If-None-Match"));
        }
        parameters
    }

    fn request_body(&self, way: &Way<'_>) -> Value {
        let is_in_body = |param: &Param| !Self::is_in_path(way, param);
        let is_whole = self.params.iter().all(is_in_body);
        let schema = if is_whole {
            json!({"$ref": format!("#/components/schemas/{}.arguments", self.declaration.name)})
        } else {
            self.body_schema(is_in_body)
        };
        let is_required = self.params.iter().any(|param| is_in_body(param) && !param.is_optional);
        json!({"required": is_required, "content": {"application/json": {"schema": schema}}})
    }

    fn body_schema(&self, is_wanted: impl Fn(&Param) -> bool) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for param in self.params.iter().filter(|param| is_wanted(param)) {
            let mut schema = schema::parameter(param, &self.params, Written::Json);
            let description = schema::describe(param, &self.params, Written::Json);
            if !description.is_empty() {
                schema["description"] = description.into();
            }
            properties.insert(param.name.clone(), schema);
            if !param.is_optional {
                required.push(param.name.as_str());
            }
        }
        json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
    }

    fn is_list(&self) -> bool {
        self.declaration.returns == Returns::Rows && !self.is_paged
    }

    /// One row of the answer, where it has rows.
    fn row(&self) -> Option<Value> {
        if !matches!(self.declaration.returns, Returns::Rows | Returns::Row) {
            return None;
        }
        let columns = self.answer.columns.iter().zip(&self.answer.json);
        Some(schema::object(columns.map(|(column, ty)| (column.name.as_str(), ty))))
    }

    fn write_answer(&self, responses: &mut Map<String, Value>, way: &Way<'_>, is_limited: bool) {
        let row = json!({"$ref": format!("#/components/schemas/{}.row", self.declaration.name)});
        let list = json!({"type": "array", "items": row});
        let mut content = match self.declaration.returns {
            Returns::Nothing => None,
            Returns::Row => Some(json!({"application/json": {"schema": row}})),
            Returns::Value => self.answer.json.first().map(|ty| {
                let mut schema = schema::value(ty);
                // The value of no row.
                if !ty.is_nullable {
                    schema::make_nullable(&mut schema);
                }
                json!({"application/json": {"schema": schema}})
            }),
            Returns::Rows if self.is_paged => Some(json!({"application/json": {"schema": {
                "type": "object",
                "required": ["items", "next_cursor", "has_more"],
                "properties": {
                    "items": list,
                    "next_cursor": {
                        "description": "`cursor` of the next page; null after the last.",
                        "type": ["string", "null"], "pattern": "^[A-Za-z0-9_-]+$",
                        "maxLength": martlet_core::limits::CURSOR_SIZE_MAX,
                    },
                    "has_more": {"type": "boolean"},
                },
                "additionalProperties": false,
            }}})),
            Returns::Rows => Some(json!({
                "application/json": {"schema": list},
                "application/vnd.pgrst.object+json": {"schema": row},
                "text/csv": {"schema": {"type": "string"}},
            })),
        };
        let is_read = way.method == "GET";
        let mut names =
            vec!["Martlet-Position", "Cache-Control", "Server-Timing", "X-Request-Id", "Preference-Applied"];
        if is_read {
            names.push("ETag");
        }
        if self.is_list() {
            names.push("Content-Range");
        }
        if is_limited {
            names.extend(["RateLimit", "RateLimit-Policy"]);
        }
        if way.route.is_some_and(|route| route.deprecated.is_some()) {
            names.extend(["Deprecation", "Sunset"]);
        }
        let fields = |names: &[&str]| -> Map<String, Value> {
            let field = |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
            names.iter().map(field).collect()
        };
        if let Some(content) = &mut content {
            if !self.is_action {
                content["text/event-stream"] = super::event_stream();
            }
            let answer = json!({"description": "The answer.", "headers": fields(&names), "content": content});
            responses.insert("200".to_owned(), answer);
        }
        // Of a call by POST the answer may be left out; a query that answers nothing has none.
        if content.is_none() || !is_read {
            let description =
                if content.is_some() { "Done, by `Prefer: return=minimal`." } else { "Done: there is no answer." };
            responses.insert("204".to_owned(), json!({"description": description, "headers": fields(&names)}));
        }
        if is_read && content.is_some() {
            let unchanged = json!({"description": "Unchanged, by `If-None-Match`.", "headers": fields(&["ETag"])});
            responses.insert("304".to_owned(), unchanged);
        }
    }
}
