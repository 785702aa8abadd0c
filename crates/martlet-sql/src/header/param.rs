//! `@param NAME TYPE RULE* [= LITERAL] [TEXT]`.

use super::cursor::{Cursor, Parsed, is_plain_name};
use super::line::Tag;
use super::{literal, rule};
use crate::nearest::{did_you_mean, nearest};
use crate::source::Source;
use crate::{Literal, Param, Span};
use martlet_core::{ParamType, Type, Value};

/// Names that the surfaces keep for themselves.
const RESERVED: &[&str] = &["select", "order", "limit", "offset", "columns", "and", "or", "cursor", "size"];
pub(super) const TYPES: &[(&str, Type)] = &[
    ("integer", Type::Integer),
    ("bigint", Type::Bigint),
    ("double", Type::Double),
    ("boolean", Type::Boolean),
    ("text", Type::Text),
    ("date", Type::Date),
    ("timestamptz", Type::Timestamptz),
    ("uuid", Type::Uuid),
    ("jsonb", Type::Jsonb),
];
const FORM: &str = "write `@param name type rules [= default] [Text]`";

/// Reads one `@param`; `earlier` are those above it.
pub(super) fn read(source: &Source, tag: &Tag, earlier: &[Param]) -> Parsed<Param> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (name, span) = name(&mut cursor, earlier)?;
    let ty = ty(&mut cursor)?;
    let mut param =
        Param { name, ty, rules: Vec::new(), is_optional: false, default: None, description: String::new(), span };
    let mut is_default_read = false;
    loop {
        if cursor.is_end() {
            break;
        }
        let rest = cursor.rest();
        if rest.starts_with(char::is_uppercase) {
            param.description = rest.trim_end().to_owned();
            break;
        }
        if cursor.eat("=") {
            if is_default_read {
                return Err(cursor.error_here("there are two defaults").hint("write one `= LITERAL`").into());
            }
            is_default_read = true;
            param.default = Some(default(&mut cursor, &param)?);
            param.is_optional = true;
        } else if is_default_read {
            let hint = "rules stand before the default; a text after it begins with a capital letter";
            return Err(cursor.error_here("this cannot stand after the default").hint(hint).into());
        } else {
            rule::read(&mut cursor, &mut param, earlier)?;
        }
    }
    Ok(param)
}

fn name(cursor: &mut Cursor<'_>, earlier: &[Param]) -> Parsed<(String, Span)> {
    let (name, span) = cursor.piece();
    if name.is_empty() {
        return Err(cursor.error(span, "`@param` has a name and a type").hint(FORM).into());
    }
    if !is_plain_name(name) {
        let hint = match name.strip_prefix(':') {
            Some(bare) => format!("declare it without the colon: `@param {bare} ...`"),
            None => "a name is of a-z, 0-9 and _, begins with a letter and has at most 63 characters".to_owned(),
        };
        return Err(cursor.error(span, format!("`{name}` is no name of a parameter")).hint(hint).into());
    }
    if RESERVED.contains(&name) {
        let hint = format!("use another name, such as `{name}_`; reserved are {}", RESERVED.join(", "));
        return Err(cursor.error(span, format!("`{name}` is reserved for the interface itself")).hint(hint).into());
    }
    if earlier.iter().any(|param| param.name == name) {
        return Err(cursor.error(span, format!("the parameter `{name}` is declared twice")).into());
    }
    Ok((name.to_owned(), span))
}

fn ty(cursor: &mut Cursor<'_>) -> Parsed<ParamType> {
    let (written, span) = cursor.piece_to(|c| c.is_whitespace() || c == '=');
    let (base, is_list) = match written.strip_suffix("[]") {
        Some(base) => (base, true),
        None => (written, false),
    };
    if let Some((_, ty)) = TYPES.iter().find(|(name, _)| *name == base) {
        return Ok(ParamType { base: *ty, is_list });
    }
    let names = || TYPES.iter().map(|(name, _)| *name);
    let meant = match base.to_lowercase().as_str() {
        "int" | "int4" | "smallint" | "int2" => Some("integer"),
        "int8" | "serial" | "bigserial" | "numeric" | "decimal" => Some("bigint"),
        "float" | "float8" | "real" => Some("double"),
        "bool" => Some("boolean"),
        "varchar" | "char" | "string" => Some("text"),
        "timestamp" | "datetime" => Some("timestamptz"),
        "json" => Some("jsonb"),
        other => nearest(other, names()),
    };
    let suffix = if is_list { "[]" } else { "" };
    let hint = match meant {
        Some(name) => format!("did you mean `{name}{suffix}`?"),
        None => format!("types: {}, and `TYPE[]`", names().collect::<Vec<_>>().join(", ")),
    };
    let message = if written.is_empty() {
        "the parameter has no type".to_owned()
    } else {
        format!("`{written}` is no type of a parameter")
    };
    Err(cursor.error(span, message).label("unknown type").hint(hint).into())
}

fn default(cursor: &mut Cursor<'_>, param: &Param) -> Parsed<Value> {
    let Some((literal, span)) = literal::read(cursor)? else {
        let hint = "a default is a number, 'text', true, false, null or '{}'";
        return Err(cursor.error_here("this is no literal").hint(hint).into());
    };
    let value = literal::value(cursor, &literal, param.ty, span)?;
    if literal != Literal::Null
        && let Some(broken) = rule::broken(&param.rules, param.ty, &value)
    {
        return Err(cursor.error(span, format!("the default breaks the parameter's own rule: {broken}")).into());
    }
    Ok(value)
}

/// Index of a declared parameter, or an error that names the nearest.
pub(super) fn find(cursor: &Cursor<'_>, params: &[Param], name: &str, span: Span) -> Parsed<usize> {
    params.iter().position(|param| param.name == name).ok_or_else(|| {
        let hint = did_you_mean(name, params.iter().map(|param| param.name.as_str()), || {
            Some(format!("declare it with `-- @param {name} type`"))
        });
        cursor.error(span, format!("there is no parameter `{name}`")).hint_maybe(hint).into()
    })
}
