//! Literals in a header, and the value that one is for a type.

use super::cursor::{Cursor, Parsed};
use crate::{Diagnostic, Literal, Span};
use martlet_core::{Date, ParamType, Timestamp, Type, Value, json, limits};

/// Reads a literal as SQL writes it; none if none begins here.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<(Literal, Span)>> {
    if let Some((text, span)) = cursor.quoted('\'')? {
        return Ok(Some((Literal::Text(text), span)));
    }
    if let Some((number, span)) = cursor.number() {
        return Ok(Some((Literal::Number(number.to_owned()), span)));
    }
    let literal = match cursor.peek_word() {
        "null" => Literal::Null,
        "true" => Literal::Boolean(true),
        "false" => Literal::Boolean(false),
        _ => return Ok(None),
    };
    Ok(cursor.word().map(|(_, span)| (literal, span)))
}

/// The value of a literal for a parameter of this type.
pub(super) fn value(cursor: &Cursor<'_>, literal: &Literal, ty: ParamType, span: Span) -> Parsed<Value> {
    let wrong = |hint: String| -> Box<Diagnostic> {
        cursor.error(span, format!("this is no value of type {}", type_name(ty))).hint(hint).into()
    };
    if *literal == Literal::Null {
        return Ok(Value::Null);
    }
    if !ty.is_list {
        return item(literal, ty.base).map_err(wrong);
    }
    let Literal::Text(text) = literal else {
        return Err(wrong("write a list as '{a,b}'".to_owned()));
    };
    let items = list_items(text).ok_or_else(|| wrong("write a list as '{a,b}', an empty one as '{}'".to_owned()))?;
    if items.len() > limits::LIST_ITEMS_MAX {
        return Err(wrong(format!("a list has at most {} items", limits::LIST_ITEMS_MAX)));
    }
    let values: Result<Vec<Value>, String> =
        items.into_iter().map(|text| text.map_or(Ok(Value::Null), |text| item_of_text(&text, ty.base))).collect();
    Ok(Value::List(values.map_err(wrong)?.into()))
}

/// The type as a header writes it.
pub(super) fn type_name(ty: ParamType) -> String {
    let base = if ty.base == Type::Double { "double" } else { ty.base.name() };
    format!("{base}{}", if ty.is_list { "[]" } else { "" })
}

fn item(literal: &Literal, ty: Type) -> Result<Value, String> {
    match (literal, ty) {
        (Literal::Null, _) => Ok(Value::Null),
        (Literal::Boolean(value), Type::Boolean) => Ok(Value::Boolean(*value)),
        (Literal::Number(number), Type::Integer | Type::Bigint | Type::Double) => item_of_text(number, ty),
        (Literal::Text(text), Type::Text | Type::Date | Type::Timestamptz | Type::Uuid | Type::Jsonb) => {
            item_of_text(text, ty)
        }
        (_, Type::Boolean) => Err("write true or false".to_owned()),
        (_, Type::Integer | Type::Bigint | Type::Double) => Err("write a number, without quotes".to_owned()),
        (_, Type::Date) => Err("write '2026-01-31'".to_owned()),
        (_, Type::Timestamptz) => Err("write '2026-01-31T12:00:00Z'".to_owned()),
        (_, Type::Jsonb) => Err("write JSON in quotes, such as '{}'".to_owned()),
        _ => Err("write it in single quotes".to_owned()),
    }
}

/// The value that a text is for a type; the error is a hint.
pub(super) fn item_of_text(text: &str, ty: Type) -> Result<Value, String> {
    let value = |text: String| Value::Text(text.into());
    match ty {
        Type::Integer => {
            let number = text.parse::<i32>().map_err(|_| "an integer is a whole number of 32 bits".to_owned())?;
            Ok(Value::Integer(number.into()))
        }
        Type::Bigint => {
            text.parse().map(Value::Integer).map_err(|_| "a bigint is a whole number of 64 bits".to_owned())
        }
        Type::Double => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Double(number)),
            _ => Err("a double is a number such as 1.5 or 1e10".to_owned()),
        },
        Type::Boolean => match text {
            "true" | "t" => Ok(Value::Boolean(true)),
            "false" | "f" => Ok(Value::Boolean(false)),
            _ => Err("write true or false".to_owned()),
        },
        Type::Date => {
            Date::parse(text).map(|date| value(date.to_string())).map_err(|_| "write '2026-01-31'".to_owned())
        }
        Type::Timestamptz => Timestamp::parse(text)
            .map(|time| value(time.to_string()))
            .map_err(|_| "write '2026-01-31T12:00:00Z'".to_owned()),
        Type::Uuid => {
            canonical_uuid(text).map(value).ok_or_else(|| "write '00000000-0000-0000-0000-000000000000'".to_owned())
        }
        Type::Jsonb => json::jsonb(text).map(value).map_err(|error| error.to_string()),
        _ => Ok(value(text.to_owned())),
    }
}

fn canonical_uuid(text: &str) -> Option<String> {
    let is_right = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    (text.len() == 36 && text.bytes().enumerate().all(is_right)).then(|| text.to_ascii_lowercase())
}

/// The items of `{a,"b,c",null}`; a null item is none.
fn list_items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    if inner.trim().is_empty() {
        return Some(items);
    }
    let mut chars = inner.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut item = String::new();
        let is_quoted = chars.next_if_eq(&'"').is_some();
        if is_quoted {
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => item.push(chars.next()?),
                    c => item.push(c),
                }
            }
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                if matches!(c, '{' | '}' | '"' | '\\') {
                    return None;
                }
                item.push(c);
            }
            item.truncate(item.trim_end().len());
            if item.is_empty() {
                return None;
            }
        }
        items.push(if !is_quoted && item.eq_ignore_ascii_case("null") { None } else { Some(item) });
        match chars.next() {
            None => return Some(items),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::list_items;

    #[test]
    fn lists_are_read_as_postgresql_writes_them() {
        let items = |text: &str| list_items(text).map(|items| items.join_shown());
        assert_eq!(items("{}").as_deref(), Some(""));
        assert_eq!(items("{a, b c ,\"x,\\\"y\",null,\"null\"}").as_deref(), Some("a|b c|x,\"y|NULL|null"));
        for wrong in ["", "{", "{a", "a", "{a,}", "{{a}}", "{\"a}", "{\"a\"b}", "{\"a\\"] {
            assert_eq!(items(wrong), None, "{wrong}");
        }
    }

    trait Shown {
        fn join_shown(&self) -> String;
    }

    impl Shown for Vec<Option<String>> {
        fn join_shown(&self) -> String {
            self.iter().map(|item| item.as_deref().unwrap_or("NULL")).collect::<Vec<_>>().join("|")
        }
    }
}
