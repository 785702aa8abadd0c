//! The form of a query or an action: an input for each parameter, by its type and rules.
//!
//! The inputs help; they do not refuse. What is wrong is said by the server, in the words that every caller gets.

use super::html::Html;
use martlet_core::{Type, Value};
use martlet_engine::{Bound, Param, Rule};

/// Texts that may be longer than this get an input of several lines.
const LINE_MAX: i64 = 200;

/// The input of one parameter, with its label and what must be known of it.
pub(super) fn field(html: &mut Html, param: &Param, params: &[Param]) {
    let name = &param.name;
    let id = format_args!("p-{name}");
    html.raw("<div class=\"field\">\n<label").attribute("for", id).raw(">").text(name);
    html.raw(" <span class=\"type\">").text(param.ty).raw("</span>");
    html.raw(if param.is_optional { "" } else { " <span class=\"must\">required</span>" }).raw("</label>\n");
    let describe = format!("h-{name} e-{name}");
    match choices(param) {
        Some(choices) => {
            html.raw("<select");
            shared(html, param, &describe);
            html.raw(">");
            if param.is_optional {
                html.raw("<option value=\"\">").text(left_out(param)).raw("</option>");
            }
            for choice in choices {
                html.raw("<option>").text(choice).raw("</option>");
            }
            html.raw("</select>\n");
        }
        None if is_long(param) => {
            html.raw("<textarea rows=\"3\"");
            shared(html, param, &describe);
            html.attribute("placeholder", placeholder(param)).raw("></textarea>\n");
        }
        None => {
            html.raw("<input").attribute("type", input_type(param));
            shared(html, param, &describe);
            if is_number(param) {
                html.raw(" inputmode=\"decimal\"");
            }
            html.attribute("placeholder", placeholder(param)).raw(">\n");
        }
    }
    html.raw("<p class=\"help\"").attribute("id", format_args!("h-{name}")).raw(">").text(help(param, params));
    html.raw("</p>\n<p class=\"bad\"").attribute("id", format_args!("e-{name}")).raw("></p>\n</div>\n");
}

fn shared(html: &mut Html, param: &Param, describe: &str) {
    html.attribute("id", format_args!("p-{}", param.name)).attribute("name", &param.name);
    html.attribute("data-type", param.ty.base).attribute("aria-describedby", describe);
    html.raw(if param.ty.is_list { " data-list" } else { "" });
    html.raw(if param.is_optional { " data-optional" } else { " aria-required=\"true\"" });
    html.raw(" autocomplete=\"off\" spellcheck=\"false\"");
}

fn choices(param: &Param) -> Option<Vec<String>> {
    if param.ty.is_list {
        return None;
    }
    let listed = param.rules.iter().find_map(|rule| match rule {
        Rule::OneOf(values) => Some(values.iter().map(written).collect()),
        _ => None,
    });
    listed.or_else(|| (param.ty.base == Type::Boolean).then(|| vec!["true".to_owned(), "false".to_owned()]))
}

fn is_long(param: &Param) -> bool {
    let is_open = |rule: &Rule| match rule {
        Rule::Range { high: Some(Bound::Literal(Value::Integer(high))), .. } => *high > LINE_MAX,
        _ => false,
    };
    param.ty.is_list
        || matches!(param.ty.base, Type::Json | Type::Jsonb)
        || (param.ty.base == Type::Text && param.rules.iter().any(is_open))
}

fn is_number(param: &Param) -> bool {
    matches!(param.ty.base, Type::Integer | Type::Bigint | Type::Double)
}

fn input_type(param: &Param) -> &'static str {
    match param.ty.base {
        Type::Date => "date",
        // A number's input would turn what is no number into nothing, and not let it be tried.
        _ => "text",
    }
}

fn placeholder(param: &Param) -> String {
    match (&param.default, param.ty.base) {
        _ if param.ty.is_list => "one a line".to_owned(),
        (Some(default), _) if *default != Value::Null => written(default),
        (_, Type::Timestamptz) => "2027-01-31T12:00:00Z".to_owned(),
        (_, Type::Uuid) => "00000000-0000-4000-8000-000000000000".to_owned(),
        _ => String::new(),
    }
}

fn left_out(param: &Param) -> String {
    match &param.default {
        Some(default) if *default != Value::Null => format!("left out: {}", written(default)),
        _ => "left out".to_owned(),
    }
}

/// What the author says of it, its rules and its default, in words.
fn help(param: &Param, params: &[Param]) -> String {
    let mut parts = Vec::new();
    if !param.description.is_empty() {
        parts.push(param.description.trim_end_matches('.').to_owned());
    }
    parts.extend(param.rules.iter().filter_map(|rule| rule_words(rule, param, params)));
    match &param.default {
        Some(default) if *default != Value::Null => parts.push(format!("default {}", written(default))),
        _ if param.is_optional => parts.push("may be left out".to_owned()),
        _ => {}
    }
    parts.join(" · ")
}

fn rule_words(rule: &Rule, param: &Param, params: &[Param]) -> Option<String> {
    Some(match rule {
        Rule::Range { low, high } => {
            let unit = match (param.ty.is_list, param.ty.base) {
                (true, _) => " items",
                (false, Type::Text) => " characters",
                _ => "",
            };
            let end = |end: &Option<Bound>| end.as_ref().map(|end| bound(end, params));
            match (end(low), end(high)) {
                (Some(low), Some(high)) => format!("{low} to {high}{unit}"),
                (Some(low), None) => format!("{low}{unit} or more"),
                (None, Some(high)) => format!("up to {high}{unit}"),
                (None, None) => return None,
            }
        }
        Rule::OneOf(values) if param.ty.is_list => {
            format!("each of {}", values.iter().map(written).collect::<Vec<_>>().join(", "))
        }
        Rule::OneOf(_) => return None,
        Rule::Email => "an e-mail address".to_owned(),
        Rule::Url => "a URL".to_owned(),
        Rule::Matches(expression) => format!("matches /{expression}/"),
        Rule::Trim => "blanks at both ends are removed".to_owned(),
        Rule::Lower => "made lower case".to_owned(),
    })
}

fn bound(end: &Bound, params: &[Param]) -> String {
    match end {
        Bound::Literal(value) => written(value),
        Bound::Parameter { index, offset } => {
            let name = params.get(*index).map_or("?", |param| param.name.as_str());
            if *offset == 0 { name.to_owned() } else { format!("{name}{offset:+}") }
        }
    }
}

/// A value as a caller writes it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Text(text) => text.to_string(),
        Value::List(items) => items.iter().map(written).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_core::ParamType;

    fn param(base: Type, is_list: bool, rules: Vec<Rule>, default: Option<Value>) -> Param {
        Param {
            name: "x".to_owned(),
            ty: ParamType { base, is_list },
            rules,
            is_optional: default.is_some(),
            default,
            description: String::new(),
            span: martlet_sql::Span::default(),
        }
    }

    fn made(param: &Param) -> String {
        let mut html = Html::new();
        field(&mut html, param, std::slice::from_ref(param));
        html.finish()
    }

    #[test]
    fn inputs_are_by_type_and_rule() {
        let range = Rule::Range {
            low: Some(Bound::Literal(Value::Integer(1))),
            high: Some(Bound::Parameter { index: 0, offset: 30 }),
        };
        let number = made(&param(Type::Integer, false, vec![range], Some(Value::Integer(20))));
        assert!(number.contains("placeholder=\"20\"") && number.contains("1 to x+30 · default 20"), "{number}");
        let must = made(&param(Type::Date, false, Vec::new(), None));
        assert!(must.contains("type=\"date\"") && must.contains("required"), "{must}");
        let list = made(&param(Type::Text, true, Vec::new(), None));
        assert!(list.contains("<textarea") && list.contains(" data-list"), "{list}");
        let one_of = Rule::OneOf(vec![Value::Text("a\"><b>".into())]);
        let choice = made(&param(Type::Text, false, vec![one_of], None));
        assert!(choice.contains("<option>a&quot;&gt;&lt;b&gt;</option>"), "{choice}");
    }

    #[test]
    fn hostile_words_are_words() {
        let hostile = "\"><script>alert(1)</script>";
        let mut evil =
            param(Type::Text, false, vec![Rule::Matches(hostile.to_owned())], Some(Value::Text(hostile.into())));
        evil.description = hostile.to_owned();
        evil.name = hostile.to_owned();
        let html = made(&evil);
        assert!(!html.contains("<script") && !html.contains("\"><s"), "{html}");
    }
}
