//! One query or action of a load: who asks, and its requests, made before the load begins.

use super::draw::{self, Source};
use super::file::{BenchFile, CallEntry};
use super::rows;
use crate::exit::Failure;
use crate::wiring;
use martlet_core::{Type, Value, nearest};
use martlet_engine::{Arguments, CompiledParams};
use martlet_load::{Random, RequestHead};
use martlet_server::tokens::{Keys, TokenRequest};
use martlet_sql::{Allow, App, Declaration, Param, Rule, Statement};
use martlet_store::Shell;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Different requests of one query or action; a load asks them over and over.
const REQUESTS: usize = 2_000;
/// Draws until one keeps every rule.
const ATTEMPTS_MAX: usize = 20;
/// Users whose tokens are used, where the app's table `users` tells them.
const USERS_MADE: usize = 100;
/// Longer than any load.
const TOKEN: Duration = Duration::from_secs(2 * 3600);

/// A declared query or action as a load sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub declaration: &'a Declaration,
    pub is_action: bool,
}

impl Named<'_> {
    pub(super) fn name(&self) -> &str {
        &self.declaration.name
    }

    fn statements<'b>(&self, app: &'b App) -> Vec<&'b Statement> {
        if self.is_action {
            let action = app.actions.get(self.name());
            action.map(|action| action.steps.iter().map(|step| &step.statement).collect()).unwrap_or_default()
        } else {
            app.queries.get(self.name()).map(|query| vec![&query.statement]).unwrap_or_default()
        }
    }
}

/// What came of making the requests of one query or action.
pub(super) enum Made {
    /// To be asked in turn.
    Requests(Vec<Vec<u8>>),
    /// No arguments keep its rules; why.
    NotDrawn(Failure),
}

/// What all requests are made with.
pub(super) struct Maker<'a> {
    pub app: &'a App,
    pub shell: &'a Shell,
    pub keys: &'a Keys,
    pub host: String,
    pub random: Random,
    users: Vec<String>,
    /// Tokens by role and `sub`.
    tokens: HashMap<(String, String), String>,
}

impl<'a> Maker<'a> {
    /// Finds the users: those of `bench.toml`, of the table `users`, or some that nobody knows.
    pub(super) fn new(
        app: &'a App,
        shell: &'a Shell,
        keys: &'a Keys,
        file: &BenchFile,
        host: String,
        mut random: Random,
    ) -> Result<Self, Failure> {
        let mut users = match (&file.users, app.catalogue.table("users")) {
            (Some(select), _) => rows::first_column(shell, select, "`users`")?,
            (None, Some(table)) => match table.primary_key.as_slice() {
                [key] => rows::of_column(shell, "users", &table.columns[*key].name, &mut random)?,
                _ => Vec::new(),
            },
            (None, None) => Vec::new(),
        };
        if users.is_empty() {
            users = (0..USERS_MADE).map(|_| Value::Text(draw::uuid(&mut random).into())).collect();
        }
        let users = users.iter().map(text).collect();
        Ok(Self { app, shell, keys, host, random, users, tokens: HashMap::new() })
    }

    /// The requests of a query or action.
    pub(super) fn requests(&mut self, named: Named<'_>, entry: &CallEntry) -> Result<Made, Failure> {
        let declaration = named.declaration;
        check_names(named, entry)?;
        let selected = match &entry.rows {
            Some(select) => rows::of_select(self.shell, select, &format!("`{}`", named.name()))?,
            None => Vec::new(),
        };
        if let Some(first) = selected.first() {
            let names = first.keys().filter(|name| *name != "sub");
            check_parameters(named, names.map(String::as_str))?;
        }
        let sources = self.sources(named, entry)?;
        let rules = CompiledParams::new(declaration)?;
        let role = role_of(declaration, entry.identity.as_deref());
        let today = wiring::clock().now().date();
        let count = if declaration.params.is_empty() { self.users.len() } else { REQUESTS }.max(selected.len());
        let mut requests = Vec::with_capacity(count);
        for number in 0..count {
            let row = if selected.is_empty() { None } else { selected.get(number % selected.len()) };
            let arguments = match self.arguments(named, &sources, row, &rules, today) {
                Ok(arguments) => arguments,
                Err(refused) => return Ok(Made::NotDrawn(refused)),
            };
            let user = row.and_then(|row| row.get("sub")).map(text);
            let token = self.token(&role, user, number)?;
            requests.push(self.request(named, &arguments, &token));
        }
        Ok(Made::Requests(requests))
    }

    fn sources(&mut self, named: Named<'_>, entry: &CallEntry) -> Result<Vec<Source>, Failure> {
        let declaration = named.declaration;
        let statements = named.statements(self.app);
        let mut sources = Vec::new();
        for (index, param) in declaration.params.iter().enumerate() {
            let column = rows::compared_column(self.app, declaration, index, &statements);
            sources.push(match (entry.args.get(&param.name), column) {
                (Some(given), _) => draw::source_of(given, param, self.shell)?,
                (None, Some((table, column))) if !names_its_values(param) => {
                    let values = rows::of_column(self.shell, &table, &column, &mut self.random)?;
                    let values: Vec<Value> =
                        values.into_iter().map(|value| draw::fitted(value, param.ty.base)).collect();
                    if values.is_empty() { Source::Declared } else { Source::Values(values) }
                }
                _ => Source::Declared,
            });
        }
        Ok(sources)
    }

    /// Arguments that the rules take, by parameter; none: left out.
    fn arguments(
        &mut self,
        named: Named<'_>,
        sources: &[Source],
        row: Option<&BTreeMap<String, Value>>,
        rules: &CompiledParams,
        today: martlet_core::Date,
    ) -> Result<Vec<Option<Value>>, Failure> {
        let mut refusal = None;
        for _ in 0..ATTEMPTS_MAX {
            let mut drawn: Vec<Option<Value>> = Vec::new();
            let mut earlier = Vec::new();
            for (param, source) in named.declaration.params.iter().zip(sources) {
                let value = match row.and_then(|row| row.get(&param.name)) {
                    Some(Value::Null) => None,
                    Some(value) => Some(draw::fitted(value.clone(), param.ty.base)),
                    None => draw::draw(param, source, &earlier, today, &mut self.random),
                };
                earlier.push(value.clone().unwrap_or_default());
                drawn.push(value);
            }
            match rules.read(Arguments::Json(body(named, &drawn).as_bytes())) {
                Ok(_) => return Ok(drawn),
                Err(error) => refusal = Some(error),
            }
        }
        let causes = refusal.map(|error| error.details).unwrap_or_default();
        let name = named.name();
        let failure = Failure::new(format!("no arguments of `{name}` could be drawn"))
            .hint(format!("say in bench.toml what they are: [calls.{name}] args.PARAMETER = [..]"));
        Err(causes.into_iter().fold(failure, |failure, detail| failure.cause(detail.message)))
    }

    fn token(&mut self, role: &Role, user: Option<String>, number: usize) -> Result<String, Failure> {
        let (role, user) = match role {
            Role::Anonymous if user.is_none() => return Ok(String::new()),
            Role::Anonymous => ("authenticated", user),
            Role::Service => ("service_role", None),
            Role::User(role) => {
                (role.as_str(), Some(user.unwrap_or_else(|| self.users[number % self.users.len()].clone())))
            }
        };
        let key = (role.to_owned(), user.clone().unwrap_or_default());
        if let Some(token) = self.tokens.get(&key) {
            return Ok(token.clone());
        }
        let request = TokenRequest { role: role.to_owned(), user_id: user, valid_for: TOKEN };
        let token = self.keys.issue(&request, wiring::clock().now()).map_err(anyhow::Error::from)?;
        self.tokens.insert(key, token.clone());
        Ok(token)
    }

    fn request(&self, named: Named<'_>, arguments: &[Option<Value>], token: &str) -> Vec<u8> {
        let bearer = format!("Bearer {token}");
        let mut headers = if token.is_empty() { Vec::new() } else { vec![("Authorization", bearer.as_str())] };
        let path = format!("/rest/v1/rpc/{}", named.name());
        if named.is_action {
            headers.push(("Content-Type", "application/json"));
            let head = RequestHead { method: "POST", target: &path, host: &self.host, headers: &headers };
            return head.bytes(Some(body(named, arguments).as_bytes()));
        }
        let target = path + &query_string(named, arguments);
        RequestHead { method: "GET", target: &target, host: &self.host, headers: &headers }.bytes(None)
    }
}

/// Who asks.
enum Role {
    Anonymous,
    User(String),
    Service,
}

/// As `bench.toml` says, else the one of the declaration that may least.
fn role_of(declaration: &Declaration, identity: Option<&str>) -> Role {
    let user = || Role::User("authenticated".to_owned());
    match identity {
        Some("anonymous") => Role::Anonymous,
        Some("user") => user(),
        Some("service") => Role::Service,
        Some(role) => Role::User(role.to_owned()),
        None if declaration.allow.contains(&Allow::Anyone) => Role::Anonymous,
        None if declaration.allow.contains(&Allow::User) => user(),
        None => {
            let mut roles = declaration.allow.iter().filter_map(|allow| match allow {
                Allow::Role(role) => Some(Role::User(role.clone())),
                _ => None,
            });
            roles.next().unwrap_or(Role::Service)
        }
    }
}

/// Whether the rules say which values there are. What only a form or a length is said of, the rows know better.
fn names_its_values(param: &Param) -> bool {
    param.rules.iter().any(|rule| match rule {
        Rule::OneOf(_) => true,
        Rule::Range { .. } => param.ty.base != Type::Text && !param.ty.is_list,
        Rule::Email | Rule::Url | Rule::Matches(_) | Rule::Trim | Rule::Lower => false,
    })
}

fn check_names(named: Named<'_>, entry: &CallEntry) -> Result<(), Failure> {
    check_parameters(named, entry.args.keys().map(String::as_str))
}

fn check_parameters<'a>(named: Named<'_>, mut names: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let known = || named.declaration.params.iter().map(|param| param.name.as_str());
    let Some(unknown) = names.find(|name| !known().any(|other| other == *name)) else { return Ok(()) };
    let failure = Failure::new(format!("bench.toml: `{}` has no parameter `{unknown}`", named.name()));
    Err(match nearest(unknown, known()) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure,
    })
}

fn body(named: Named<'_>, arguments: &[Option<Value>]) -> String {
    let params = named.declaration.params.iter().zip(arguments);
    let given = params.filter_map(|(param, value)| Some((param.name.clone(), json(value.as_ref()?, param.ty.base))));
    serde_json::Value::Object(given.collect()).to_string()
}

/// As a JSON body has it.
pub(super) fn json(value: &Value, ty: Type) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(boolean) => (*boolean).into(),
        Value::Integer(integer) => (*integer).into(),
        Value::Double(double) => (*double).into(),
        Value::Text(text) if matches!(ty, Type::Json | Type::Jsonb) => {
            serde_json::from_str(text).unwrap_or_else(|_| text.as_ref().into())
        }
        Value::Text(text) => text.as_ref().into(),
        Value::List(items) => items.iter().map(|item| json(item, ty)).collect(),
    }
}

fn query_string(named: Named<'_>, arguments: &[Option<Value>]) -> String {
    let mut query = String::new();
    for (param, value) in named.declaration.params.iter().zip(arguments) {
        let Some(value) = value else { continue };
        query.push(if query.is_empty() { '?' } else { '&' });
        query.push_str(&format!("{}={}", param.name, encoded(&text(value))));
    }
    query
}

/// As a URL has it, before it is encoded: lists are `{"a","b"}`.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Double(double) => double.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(items) => {
            let quoted = |item: &Value| format!("\"{}\"", text(item).replace('\\', r"\\").replace('"', "\\\""));
            format!("{{{}}}", items.iter().map(quoted).collect::<Vec<_>>().join(","))
        }
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_written_as_a_url_has_them() {
        let list = Value::List([Value::Text("a \"b\\".into()), Value::Integer(3)].into());
        assert_eq!(text(&list), r#"{"a \"b\\","3"}"#);
        assert_eq!(encoded("a b&ü"), "a%20b%26%C3%BC");
    }
}
