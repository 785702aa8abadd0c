//! URLs to try: for each query one with arguments that its rules take.

use crate::commands::{our_name, quoted};
use crate::settings::{Settings, key};
use martlet_core::{Date, Timestamp, Type, Value};
use martlet_sql::{Allow, Bound, Declaration, Param, Rule};

/// The line for one query: a URL, or a command where a token is needed.
pub(super) fn line(settings: &Settings, declaration: &Declaration, url: &str, today: Date) -> String {
    let name = &declaration.name;
    let Some(arguments) = arguments(declaration, today) else {
        return format!("  {url}/rest/v1/rpc/{name}  (with arguments: see queries/{name}.sql)\n");
    };
    let pairs: Vec<String> = arguments.iter().map(|(name, text)| format!("{name}={}", encoded(text))).collect();
    let question = if pairs.is_empty() { "" } else { "?" };
    let url = format!("{url}/rest/v1/rpc/{name}{question}{}", pairs.join("&"));
    let keys = format!("{} keys {}", our_name(), quoted(&settings.folder().display().to_string()));
    if declaration.allow.contains(&Allow::Anyone) {
        return format!("  {url}\n");
    }
    let role = declaration.allow.iter().find_map(|allow| match allow {
        Allow::User => Some(String::new()),
        Allow::Role(role) => Some(format!(" --role {role}")),
        Allow::Anyone | Allow::Service => None,
    });
    match role {
        Some(role) => {
            let user = settings.text(&key::DEV_USER).unwrap_or("UUID");
            format!("  curl -H \"Authorization: Bearer $({keys} --user {user}{role})\" '{url}'\n")
        }
        None => {
            format!("  curl -H \"Authorization: Bearer $({keys} | sed -n 's/^service_role //p')\" '{url}'\n")
        }
    }
}

/// Names and written values of the arguments that must be given; none where no rule of ours finds one.
fn arguments(declaration: &Declaration, today: Date) -> Option<Vec<(&str, String)>> {
    let mut values: Vec<Value> = Vec::new();
    let mut arguments = Vec::new();
    for param in &declaration.params {
        let value =
            if param.is_optional { param.default.clone().unwrap_or_default() } else { example(param, &values, today)? };
        if !param.is_optional {
            arguments.push((param.name.as_str(), written(&value, param.ty.is_list)?));
        }
        values.push(value);
    }
    Some(arguments)
}

fn example(param: &Param, earlier: &[Value], today: Date) -> Option<Value> {
    let mut low = None;
    let mut high = None;
    for rule in &param.rules {
        match rule {
            Rule::OneOf(values) if !param.ty.is_list => return values.first().cloned(),
            Rule::Email => return Some(Value::Text("ana@example.test".into())),
            Rule::Url => return Some(Value::Text("https://example.test/".into())),
            Rule::OneOf(_) | Rule::Matches(_) => return None,
            Rule::Range { low: from, high: to } => (low, high) = (from.as_ref(), to.as_ref()),
            Rule::Trim | Rule::Lower => {}
        }
    }
    let bound = |bound: Option<&Bound>| bound.and_then(|bound| resolve(bound, earlier));
    let (low, high) = (bound(low), bound(high));
    if param.ty.is_list {
        let item = plain_example(param.base(), None, None, today)?;
        let count = integer(low.as_ref()).unwrap_or(1).clamp(1, 10);
        return Some(Value::List((0..count).map(|_| item.clone()).collect()));
    }
    plain_example(param.base(), low, high, today)
}

/// A value of the type, within the bounds where they are given.
fn plain_example(ty: Type, low: Option<Value>, high: Option<Value>, today: Date) -> Option<Value> {
    let text = |text: String| Some(Value::Text(text.into()));
    match ty {
        Type::Integer | Type::Bigint => match (integer(low.as_ref()), integer(high.as_ref())) {
            (Some(low), _) => Some(Value::Integer(low.max(1).min(integer(high.as_ref()).unwrap_or(i64::MAX)))),
            (None, Some(high)) => Some(Value::Integer(high.min(1))),
            (None, None) => Some(Value::Integer(1)),
        },
        Type::Double => Some(low.or(high).unwrap_or(Value::Double(1.0))),
        Type::Boolean => Some(Value::Boolean(true)),
        Type::Text => {
            let length = integer(low.as_ref()).unwrap_or(0);
            let word: String = "example ".chars().cycle().take(usize::try_from(length).ok()?.clamp(7, 200)).collect();
            let most = integer(high.as_ref()).and_then(|most| usize::try_from(most).ok()).unwrap_or(200);
            text(word.chars().take(most).collect::<String>().replace(' ', "-"))
        }
        Type::Date => low.or(high).or_else(|| text(today.plus_days(14).ok()?.to_string())),
        Type::Timestamptz => low.or(high).or_else(|| text(today.midnight().to_string())),
        Type::Uuid => text("00000000-0000-4000-8000-000000000001".into()),
        Type::Json | Type::Jsonb => text("{}".into()),
        Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => None,
    }
}

fn integer(value: Option<&Value>) -> Option<i64> {
    match value {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn resolve(bound: &Bound, earlier: &[Value]) -> Option<Value> {
    match bound {
        Bound::Literal(value) => Some(value.clone()),
        Bound::Parameter { index, offset } => match earlier.get(*index)? {
            Value::Integer(number) => Some(Value::Integer(number.checked_add(*offset)?)),
            Value::Double(number) => Some(Value::Double(number + *offset as f64)),
            Value::Text(text) => {
                let day = Date::parse(text).ok()?.plus_days(*offset).ok()?;
                Some(Value::Text(day.to_string().into()))
            }
            Value::Null | Value::Boolean(_) | Value::List(_) => None,
        },
    }
}

/// As a URL takes it.
fn written(value: &Value, is_list: bool) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Boolean(value) => Some(value.to_string()),
        Value::Integer(value) => Some(value.to_string()),
        Value::Double(value) => Some(value.to_string()),
        Value::Text(text) => Some(text.to_string()),
        Value::List(items) if is_list => {
            let items: Option<Vec<String>> = items.iter().map(|item| written(item, false)).collect();
            Some(format!("{{{}}}", items?.join(",")))
        }
        Value::List(_) => None,
    }
}

/// Percent-encoded for a query string and safe within single quotes.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:/,@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The day of a time.
pub(super) fn day_of(now: Timestamp) -> Date {
    Date::parse(now.to_string().get(..10).unwrap_or_default()).unwrap_or(Date::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_sql::{SourceFile, compile};

    fn url_of(params: &str) -> String {
        let text = format!("-- @allow anyone\n{params}\nselect 1 as one");
        let compiled = compile(&[SourceFile { path: "queries/q.sql".into(), text }]);
        let app = compiled.app.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        let settings = Settings::settle("app".as_ref(), "", &[].into(), &Default::default()).unwrap();
        let today = Date::parse("2026-01-31").unwrap();
        line(&settings, &app.queries["q"].declaration, "", today).trim().to_owned()
    }

    #[test]
    fn arguments_satisfy_their_rules() {
        insta::assert_snapshot!(url_of("-- @param a date\n-- @param b date a+1..a+30"), @"/rest/v1/rpc/q?a=2026-02-14&b=2026-02-15");
        insta::assert_snapshot!(url_of("-- @param a integer 5..9\n-- @param b text 12..20\n-- @param c text in ('x y', 'z')"), @"/rest/v1/rpc/q?a=5&b=example-exam&c=x%20y");
        insta::assert_snapshot!(url_of("-- @param a bigint[] 2..3\n-- @param b text optional\n-- @param c text matches /^x$/"), @"/rest/v1/rpc/q  (with arguments: see queries/q.sql)");
        insta::assert_snapshot!(url_of("-- @param a jsonb\n-- @param b text email"), @"/rest/v1/rpc/q?a=%7B%7D&b=ana@example.test");
    }
}
