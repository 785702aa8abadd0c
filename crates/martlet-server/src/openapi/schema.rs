//! JSON Schema (2020-12, as OpenAPI 3.1 takes it) of parameters and results.
//!
//! What JSON Schema has no word for stands in `x-minimum`, `x-maximum` and `x-pattern`, and in the description.

use martlet_core::{Type, Value as Typed};
use martlet_engine::{Bound, JsonKind, JsonType, Param, Rule};
use serde_json::{Map, Value, json};

/// A schema under construction.
type Schema = Map<String, Value>;

/// Where an argument is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// In a URL: always a text.
    Url,
    /// In a JSON body.
    Json,
}

/// The schema of an argument; `earlier` are all parameters of the declaration, whose names its bounds may use.
pub(super) fn parameter(param: &Param, earlier: &[Param], written: Written) -> Value {
    let is_list = param.ty.is_list;
    let mut schema = match (is_list, written) {
        (false, _) => item(param, earlier, written),
        // `{a,b}`: a form that OpenAPI's styles do not have.
        (true, Written::Url) => of(json!({"type": "string", "pattern": "^\\{[\\s\\S]*\\}$"})),
        (true, Written::Json) => {
            let mut items = Value::Object(item(param, earlier, written));
            make_nullable(&mut items);
            of(json!({"type": "array", "items": items}))
        }
    };
    if is_list && written == Written::Json {
        for (low, high) in ranges(param) {
            bound(&mut schema, "minItems", "x-minItems", low, earlier);
            bound(&mut schema, "maxItems", "x-maxItems", high, earlier);
        }
    }
    if let Some(default) = param.default.as_ref().filter(|default| **default != Typed::Null)
        && !(is_list && written == Written::Url)
    {
        schema.insert("default".to_owned(), literal(default, param.ty.base));
    }
    let is_nullable = param.is_optional && matches!(param.default, None | Some(Typed::Null));
    let mut schema = Value::Object(schema);
    if is_nullable && written == Written::Json {
        make_nullable(&mut schema);
    }
    schema
}

/// What a reader must know of an argument besides its type.
pub(super) fn describe(param: &Param, earlier: &[Param], written: Written) -> String {
    let mut parts = Vec::new();
    if !param.description.is_empty() {
        parts.push(format!("{}.", param.description.trim_end_matches('.')));
    }
    if param.ty.is_list && written == Written::Url {
        parts.push(format!("A list of {}, written `{{a,b}}`.", param.ty.base.name()));
    }
    let has = |rule: &Rule| param.rules.contains(rule);
    if has(&Rule::Trim) {
        parts.push("Blanks at both ends are removed first.".to_owned());
    }
    if has(&Rule::Lower) {
        parts.push("Made lower case first.".to_owned());
    }
    let is_counted = param.ty.is_list || param.ty.base == Type::Text;
    for (low, high) in ranges(param).filter(|_| !is_counted) {
        let end = |end: &Option<Bound>| end.as_ref().map(|end| written_bound(end, earlier));
        match (end(low), end(high)) {
            (Some(low), Some(high)) => parts.push(format!("From {low} to {high}.")),
            (Some(low), None) => parts.push(format!("From {low} on.")),
            (None, Some(high)) => parts.push(format!("Up to {high}.")),
            (None, None) => {}
        }
    }
    parts.join(" ")
}

fn item(param: &Param, earlier: &[Param], written: Written) -> Schema {
    let base = param.ty.base;
    let mut schema = of(match (base, written) {
        (Type::Integer, _) => json!({"type": "integer", "format": "int32"}),
        (Type::Bigint, Written::Url) => json!({"type": "integer", "format": "int64"}),
        // Beyond 2^53 a number of JavaScript's is no longer whole: digits in a string are taken too.
        (Type::Bigint, Written::Json) => {
            json!({"type": ["integer", "string"], "format": "int64", "pattern": "^-?[0-9]{1,19}$"})
        }
        (Type::Double, _) => json!({"type": "number", "format": "double"}),
        (Type::Json | Type::Jsonb, Written::Url) => json!({"type": "string", "contentMediaType": "application/json"}),
        (ty, _) => scalar(ty),
    });
    for rule in &param.rules {
        match rule {
            Rule::OneOf(choices) => {
                let choices = choices.iter().map(|choice| literal(choice, base)).collect();
                schema.insert("enum".to_owned(), Value::Array(choices));
            }
            Rule::Email => drop(schema.insert("format".to_owned(), "email".into())),
            Rule::Url => drop(schema.insert("format".to_owned(), "uri".into())),
            Rule::Matches(expression) => {
                let key = if is_ecma(expression) { "pattern" } else { "x-pattern" };
                schema.insert(key.to_owned(), expression.as_str().into());
            }
            Rule::Range { .. } | Rule::Trim | Rule::Lower => {}
        }
    }
    let (low_key, high_key) = match base {
        Type::Text => ("minLength", "maxLength"),
        Type::Integer | Type::Bigint | Type::Double => ("minimum", "maximum"),
        // Of dates and times JSON Schema cannot compare any.
        _ => ("", ""),
    };
    for (low, high) in ranges(param).filter(|_| !param.ty.is_list) {
        bound(&mut schema, low_key, "x-minimum", low, earlier);
        bound(&mut schema, high_key, "x-maximum", high, earlier);
    }
    schema
}

/// The schema of a result's value.
pub(super) fn value(ty: &JsonType) -> Value {
    let mut schema = match &ty.kind {
        JsonKind::Scalar(Type::Double) => json!({"$ref": "#/components/schemas/Double"}),
        JsonKind::Scalar(Type::Integer) => json!({"type": "integer", "format": "int32"}),
        JsonKind::Scalar(Type::Bigint) => json!({"type": "integer", "format": "int64"}),
        JsonKind::Scalar(plain) => scalar(*plain),
        JsonKind::Object(members) => object(members.iter().map(|(name, ty)| (name.as_str(), ty))),
        JsonKind::List(item) => json!({"type": "array", "items": value(item)}),
        JsonKind::Empty => json!({"type": "array", "maxItems": 0}),
        JsonKind::Tuple(items) => {
            let (items, count): (Vec<Value>, _) = (items.iter().map(value).collect(), items.len());
            match count {
                // An empty `prefixItems` is no schema.
                0 => json!({"type": "array", "maxItems": 0}),
                _ => json!({"type": "array", "prefixItems": items, "items": false, "minItems": count}),
            }
        }
        JsonKind::Open => return json!({"description": "Any JSON."}),
    };
    if ty.is_nullable {
        make_nullable(&mut schema);
    }
    schema
}

/// An object with exactly these members.
pub(super) fn object<'a>(members: impl Iterator<Item = (&'a str, &'a JsonType)>) -> Value {
    let properties: Schema = members.map(|(name, ty)| (name.to_owned(), value(ty))).collect();
    let required: Vec<&String> = properties.keys().collect();
    json!({"type": "object", "required": required, "properties": properties, "additionalProperties": false})
}

/// Lets a schema be null too.
pub(super) fn make_nullable(schema: &mut Value) {
    if schema.get("$ref").is_some() {
        *schema = json!({"oneOf": [schema.take(), {"type": "null"}]});
        return;
    }
    // Without a type it takes anything, and null with it.
    let Some(ty) = schema.get_mut("type") else { return };
    *ty = match ty.take() {
        Value::Array(mut types) => {
            types.push("null".into());
            types.into()
        }
        one => json!([one, "null"]),
    };
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
    }
}

fn scalar(ty: Type) -> Value {
    match ty {
        Type::Boolean => json!({"type": "boolean"}),
        Type::Text => json!({"type": "string"}),
        Type::Date => json!({"type": "string", "format": "date"}),
        Type::Timestamptz => json!({"type": "string", "format": "date-time"}),
        Type::Uuid => json!({"type": "string", "format": "uuid"}),
        Type::Integer | Type::Bigint => json!({"type": "integer"}),
        Type::Double => json!({"type": "number"}),
        // Any JSON; the others are of expressions only.
        Type::Json | Type::Jsonb | Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => json!({}),
    }
}

fn ranges(param: &Param) -> impl Iterator<Item = (&Option<Bound>, &Option<Bound>)> {
    param.rules.iter().filter_map(|rule| match rule {
        Rule::Range { low, high } => Some((low, high)),
        _ => None,
    })
}

/// Writes an end of a range: under `key` where it is a number, else as a text under `text_key`.
fn bound(schema: &mut Schema, key: &str, text_key: &str, end: &Option<Bound>, earlier: &[Param]) {
    let Some(end) = end else { return };
    match end {
        Bound::Literal(number @ (Typed::Integer(_) | Typed::Double(_))) if !key.is_empty() => {
            schema.insert(key.to_owned(), literal(number, Type::Double));
        }
        _ => drop(schema.insert(text_key.to_owned(), written_bound(end, earlier).into())),
    }
}

fn written_bound(end: &Bound, earlier: &[Param]) -> String {
    match end {
        Bound::Literal(Typed::Text(text)) => text.to_string(),
        Bound::Literal(value) => literal(value, Type::Double).to_string(),
        Bound::Parameter { index, offset } => {
            let name = earlier.get(*index).map_or("?", |param| param.name.as_str());
            if *offset == 0 { name.to_owned() } else { format!("{name}{offset:+}") }
        }
    }
}

fn literal(value: &Typed, base: Type) -> Value {
    match value {
        Typed::Null => Value::Null,
        Typed::Boolean(value) => (*value).into(),
        Typed::Integer(value) => (*value).into(),
        Typed::Double(value) => (*value).into(),
        Typed::Text(text) if matches!(base, Type::Json | Type::Jsonb) => {
            serde_json::from_str(text).unwrap_or(Value::Null)
        }
        Typed::Text(text) => text.as_ref().into(),
        Typed::List(items) => items.iter().map(|item| literal(item, base)).collect(),
    }
}

/// Whether an expression means the same to JavaScript: without the words that only Rust's has.
fn is_ecma(expression: &str) -> bool {
    let has_flags = expression.match_indices("(?").any(|(at, _)| !expression[at..].starts_with("(?:"));
    let foreign = ["\\A", "\\z", "\\x{", "\\p", "\\P", "\\u", "\\U", "\\a", "[[", "&&", "--", "~~", "\\<", "\\>"];
    !has_flags && !foreign.iter().any(|word| expression.contains(word))
}

fn of(schema: Value) -> Schema {
    match schema {
        Value::Object(schema) => schema,
        _ => Schema::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_javascript_lacks_are_told_apart() {
        for ours in ["^[0-9a-f]{32}$", "a(?:b|c)+", r"^\d{4}-\d{2}$", "(a)?"] {
            assert!(is_ecma(ours), "{ours}");
        }
        for foreign in ["(?i)a", "(?P<x>a)", r"\pL", r"\A", "[[:alpha:]]", "[a-z&&[^b]]"] {
            assert!(!is_ecma(foreign), "{foreign}");
        }
    }

    #[test]
    fn null_is_let_in_everywhere() {
        let nullable = |mut schema: Value| {
            make_nullable(&mut schema);
            schema
        };
        assert_eq!(nullable(json!({"type": "string"})), json!({"type": ["string", "null"]}));
        assert_eq!(
            nullable(json!({"type": ["integer", "string"], "enum": [1]})),
            json!({"type": ["integer", "string", "null"], "enum": [1, null]})
        );
        assert_eq!(nullable(json!({"$ref": "#/x"})), json!({"oneOf": [{"$ref": "#/x"}, {"type": "null"}]}));
        assert_eq!(nullable(json!({})), json!({}));
    }
}
