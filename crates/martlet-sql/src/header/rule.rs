//! The rules of a parameter.

use super::cursor::{Cursor, Parsed};
use super::literal::{self, type_name};
use crate::nearest::did_you_mean;
use crate::{Bound, Literal, Param, Rule, Span};
use martlet_core::{ParamType, Type, Value, limits};
use regex::RegexBuilder;

const WORDS: &[&str] = &["in", "email", "url", "matches", "trim", "lower", "optional"];
/// Bytes of a compiled expression.
const PATTERN_SIZE_MAX: usize = 1024 * 1024;
/// Values of one `in (...)`.
const CHOICES_MAX: usize = 1_000;

/// Reads one rule into the parameter.
pub(super) fn read(cursor: &mut Cursor<'_>, param: &mut Param, earlier: &[Param]) -> Parsed<()> {
    let start = cursor.skip().at();
    let word = cursor.peek_word();
    let after = &cursor.rest()[word.len()..];
    let is_bound = word.is_empty() || after.starts_with("..") || after.starts_with('+') || is_minus(after);
    if is_bound && (!word.is_empty() || cursor.rest().starts_with(|c: char| "+-.'".contains(c) || c.is_ascii_digit())) {
        let rule = range(cursor, param.ty, earlier)?;
        return add(cursor, param, rule, start);
    }
    cursor.word();
    let span = cursor.span_from(start);
    let rule = match word {
        "optional" => {
            if param.is_optional {
                return Err(cursor.error(span, "`optional` is given twice").into());
            }
            param.is_optional = true;
            return Ok(());
        }
        "in" => Rule::OneOf(choices(cursor, param.ty, span)?),
        "email" => Rule::Email,
        "url" => Rule::Url,
        "trim" => Rule::Trim,
        "lower" => Rule::Lower,
        "matches" => Rule::Matches(pattern(cursor, span)?),
        _ => return Err(unknown(cursor, start)),
    };
    if param.ty.base != Type::Text && !matches!(rule, Rule::OneOf(_)) {
        let message = format!("`{word}` is a rule of text, but `{}` is {}", param.name, type_name(param.ty));
        return Err(cursor.error(span, message).into());
    }
    add(cursor, param, rule, start)
}

fn is_minus(after: &str) -> bool {
    after.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn add(cursor: &Cursor<'_>, param: &mut Param, rule: Rule, start: usize) -> Parsed<()> {
    let kind = std::mem::discriminant(&rule);
    if param.rules.iter().any(|other| std::mem::discriminant(other) == kind) {
        return Err(cursor.error(cursor.span_from(start), "this kind of rule is given twice").into());
    }
    param.rules.push(rule);
    Ok(())
}

fn unknown(cursor: &mut Cursor<'_>, start: usize) -> Box<crate::Diagnostic> {
    let rest = cursor.source.text().get(start..).unwrap_or("");
    let size = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let word = &rest[..size.min(80)];
    let hint = did_you_mean(word, WORDS.iter().copied(), || {
        Some("rules: a..b, in (a, b), email, url, matches /re/, trim, lower, optional; a text begins with a capital letter".to_owned())
    });
    let span = Span { start, end: start + size };
    cursor.error(span, format!("unknown rule `{word}`")).label("no such rule").hint_maybe(hint).into()
}

fn range(cursor: &mut Cursor<'_>, ty: ParamType, earlier: &[Param]) -> Parsed<Rule> {
    let start = cursor.skip().at();
    let low = bound(cursor, ty, earlier)?;
    if !cursor.eat("..") {
        let hint = "a range is `a..b`, `a..` or `..b`, without blanks; a text begins with a capital letter";
        return Err(cursor.error(cursor.span_from(start), "this is no rule").hint(hint).into());
    }
    let is_next = |c: char| !c.is_whitespace() && c != '=';
    let high = if cursor.rest().starts_with(is_next) { bound(cursor, ty, earlier)? } else { None };
    let span = cursor.span_from(start);
    if low.is_none() && high.is_none() {
        return Err(cursor.error(span, "the range has no end").hint("write `a..b`, `a..` or `..b`").into());
    }
    if !ty.is_list && matches!(ty.base, Type::Boolean | Type::Uuid | Type::Jsonb) {
        return Err(cursor.error(span, format!("a range is no rule of {}", type_name(ty))).into());
    }
    if let (Some(Bound::Literal(low)), Some(Bound::Literal(high))) = (&low, &high)
        && is_greater(low, high)
    {
        return Err(cursor.error(span, "the range is empty: its lower end is above the upper").into());
    }
    Ok(Rule::Range { low, high })
}

/// One end of a range; none where the text does not begin with one.
fn bound(cursor: &mut Cursor<'_>, ty: ParamType, earlier: &[Param]) -> Parsed<Option<Bound>> {
    if cursor.rest().starts_with("..") {
        return Ok(None);
    }
    let counts = ty.is_list || ty.base == Type::Text;
    if !cursor.peek_word().is_empty() {
        return reference(cursor, ty, counts, earlier).map(Some);
    }
    let Some((literal, span)) = literal::read(cursor)? else {
        return Err(cursor
            .error_here("this is no end of a range")
            .hint("write a literal or an earlier parameter")
            .into());
    };
    let value = if counts {
        let max = if ty.is_list { limits::LIST_ITEMS_MAX } else { limits::CELL_SIZE_MAX };
        match &literal {
            Literal::Number(number) => match number.parse::<u32>() {
                Ok(count) if count as usize <= max => Value::Integer(count.into()),
                _ => {
                    let message =
                        format!("a number of {} is from 0 to {max}", if ty.is_list { "items" } else { "characters" });
                    return Err(cursor.error(span, message).into());
                }
            },
            _ => {
                let what = if ty.is_list { "items of a list" } else { "characters of a text" };
                return Err(cursor
                    .error(span, format!("a range counts the {what}"))
                    .hint("write a whole number")
                    .into());
            }
        }
    } else {
        match literal::value(cursor, &literal, ty, span)? {
            Value::Null => return Err(cursor.error(span, "null is no end of a range").into()),
            value => value,
        }
    };
    Ok(Some(Bound::Literal(value)))
}

fn reference(cursor: &mut Cursor<'_>, ty: ParamType, counts: bool, earlier: &[Param]) -> Parsed<Bound> {
    let Some((name, span)) = cursor.word() else {
        return Err(cursor.error_here("this is no end of a range").into());
    };
    let Some(index) = earlier.iter().position(|param| param.name == name) else {
        let hint = did_you_mean(name, earlier.iter().map(|param| param.name.as_str()), || {
            Some("an end of a range is a literal or a parameter declared above".to_owned())
        });
        let message = format!("there is no earlier parameter `{name}`");
        return Err(cursor.error(span, message).hint_maybe(hint).into());
    };
    let other = earlier[index].ty;
    let is_whole = matches!(other.base, Type::Integer | Type::Bigint);
    let fits = match ty.base {
        _ if counts => is_whole,
        Type::Integer | Type::Bigint => is_whole,
        Type::Double => is_whole || other.base == Type::Double,
        base => other.base == base,
    };
    if other.is_list || !fits {
        let message = format!("`{name}` is {}, which is no end of this range", type_name(other));
        return Err(cursor.error(span, message).into());
    }
    let mut offset = 0;
    if cursor.rest().starts_with(['+', '-']) {
        let Some((number, span)) = cursor.number() else {
            let hint = format!("write `{name}+1` without blanks");
            return Err(cursor.error_here("a whole number is missing").hint(hint).into());
        };
        offset = number.parse().map_err(|_| {
            Box::new(cursor.error(span, format!("`{number}` is no whole number")).hint("such as `+1` or `-30`"))
        })?;
        if ty.base == Type::Timestamptz {
            let hint = "leave the number out, or use a `date`";
            return Err(cursor.error(span, "a number cannot be added to a timestamptz").hint(hint).into());
        }
    }
    Ok(Bound::Parameter { index, offset })
}

fn choices(cursor: &mut Cursor<'_>, ty: ParamType, span: Span) -> Parsed<Vec<Value>> {
    let form = "write `in ('a', 'b')`";
    if !cursor.skip().eat("(") {
        return Err(cursor.error(span, "`in` has its values in brackets").hint(form).into());
    }
    if matches!(ty.base, Type::Jsonb) {
        return Err(cursor.error(span, "`in` is no rule of jsonb").into());
    }
    let item_type = ParamType { base: ty.base, is_list: false };
    let mut values: Vec<Value> = Vec::new();
    loop {
        let Some((literal, at)) = literal::read(cursor)? else {
            let hint = format!("{form}: numbers, 'text', true, false");
            return Err(cursor.error_here("this is no literal").hint(hint).into());
        };
        match literal::value(cursor, &literal, item_type, at)? {
            Value::Null => return Err(cursor.error(at, "null is no choice").hint("write `optional`").into()),
            value if values.contains(&value) => return Err(cursor.error(at, "this value is named twice").into()),
            value => values.push(value),
        }
        if values.len() > CHOICES_MAX {
            return Err(cursor.error(at, format!("more than {CHOICES_MAX} values")).into());
        }
        cursor.skip();
        if cursor.eat(")") {
            return Ok(values);
        }
        if !cursor.eat(",") {
            return Err(cursor.error_here("a comma or a closing bracket is missing").hint(form).into());
        }
    }
}

fn pattern(cursor: &mut Cursor<'_>, span: Span) -> Parsed<String> {
    let start = cursor.skip().at();
    if !cursor.eat("/") {
        return Err(cursor
            .error(span, "`matches` has its expression between slashes")
            .hint("write `matches /^[a-z]+$/`")
            .into());
    }
    let rest = cursor.rest();
    let mut is_escaped = false;
    let end = rest.char_indices().find(|(_, c)| {
        let is_end = *c == '/' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    let Some((end, _)) = end else {
        let hint = "end it with `/`; a slash inside is written `\\/`";
        return Err(cursor.error(Span { start, end: start + 1 }, "the expression is not closed").hint(hint).into());
    };
    let pattern = &rest[..end];
    cursor.advance(end + 1);
    match RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build() {
        Ok(_) => Ok(pattern.to_owned()),
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or("").trim().trim_start_matches("error: ").to_owned();
            let hint = "look-around and back-references are not known: matching takes linear time";
            Err(cursor.error(cursor.span_from(start), format!("the expression is wrong: {last}")).hint(hint).into())
        }
    }
}

fn is_greater(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a > b,
        (Value::Double(a), Value::Double(b)) => a > b,
        // Infinity sorts after all dates, -infinity before them: the texts alone would not.
        (Value::Text(a), Value::Text(b)) => rank(a) > rank(b),
        _ => false,
    }
}

fn rank(text: &str) -> (u8, &str) {
    match text {
        "-infinity" => (0, ""),
        "infinity" => (2, ""),
        text => (1, text),
    }
}

/// The rule that a default breaks, as far as that is known before the arguments are.
pub(super) fn broken(rules: &[Rule], ty: ParamType, value: &Value) -> Option<&'static str> {
    let count = match value {
        Value::List(items) => Some(items.len() as i64),
        Value::Text(text) if ty.base == Type::Text => Some(text.chars().count() as i64),
        _ => None,
    };
    let measured = count.map_or_else(|| value.clone(), Value::Integer);
    let literal = |bound: &Option<Bound>| match bound {
        Some(Bound::Literal(value)) => Some(value.clone()),
        _ => None,
    };
    rules.iter().find_map(|rule| match rule {
        Rule::Range { low, high } => {
            let is_below = literal(low).is_some_and(|low| is_greater(&low, &measured));
            let is_above = literal(high).is_some_and(|high| is_greater(&measured, &high));
            (is_below || is_above).then_some("the range")
        }
        Rule::OneOf(choices) => {
            let is_in = |value: &Value| choices.contains(value);
            let holds = match value {
                Value::List(items) => items.iter().all(is_in),
                value => is_in(value),
            };
            (!holds).then_some("`in`")
        }
        _ => None,
    })
}
