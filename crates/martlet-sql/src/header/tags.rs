//! The other tags of a query or action.

use super::cursor::{Cursor, Parsed, duration_ms, is_plain_name};
use super::line::Tag;
use super::{literal, param};
use crate::nearest::did_you_mean;
use crate::source::Source;
use crate::{AccountEvent, Allow, Cache, Limit, LimitPer, Page, Param, Returns, Route, Scan, Warm};
use martlet_core::{Date, Value, limits};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Tokenizer;

/// Rows of one page.
const PAGE_SIZE_MAX: u32 = 1_000;
const PAGE_SIZE_DEFAULT: u32 = 20;
const PAGE_SIZE_MAX_DEFAULT: u32 = 100;
/// Bytes of a message or reason that an author gives.
const MESSAGE_SIZE_MAX: usize = 1_000;
/// First parts of paths that Martlet answers itself.
const PREFIXES: &[&str] = &[
    "rest",
    "auth",
    "realtime",
    "storage",
    "socket.io",
    "admin",
    "_",
    "_dev",
    "health",
    "livez",
    "readyz",
    "startupz",
    "metrics",
    "openapi.json",
];

/// `@allow anyone`, `user`, `role NAME`, `service`, or a list of them.
pub(super) fn allow(source: &Source, tag: &Tag) -> Parsed<Vec<Allow>> {
    let hint = "write `anyone`, `user`, `role NAME` or `service`, or several with commas";
    let mut cursor = Cursor::new(source, tag.rest);
    let mut list = Vec::new();
    loop {
        let Some((word, span)) = cursor.word() else {
            let span = if tag.rest.start == tag.rest.end { tag.name_span } else { cursor.piece().1 };
            return Err(cursor.error(span, "`@allow` names who may call").hint(hint).into());
        };
        let item = match word {
            "anyone" => Allow::Anyone,
            "user" => Allow::User,
            "service" => Allow::Service,
            "role" => {
                let start = cursor.skip().at();
                let rest = cursor.rest();
                let size =
                    rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(rest.len());
                cursor.advance(size);
                let (name, span) = (&rest[..size], cursor.span_from(start));
                let instead = match name {
                    "" => Some("write `role NAME`"),
                    "anon" => Some("write `anyone`"),
                    "authenticated" => Some("write `user`"),
                    "service_role" => Some("write `service`"),
                    _ if size > 63 => Some("a role's name has at most 63 characters"),
                    _ => None,
                };
                if let Some(instead) = instead {
                    return Err(cursor.error(span, format!("`{name}` is no role to name here")).hint(instead).into());
                }
                Allow::Role(name.to_owned())
            }
            other => {
                let hint = did_you_mean(other, ["anyone", "user", "role", "service"], || {
                    Some(format!("{hint}; a role of yours: `role {other}`"))
                });
                return Err(cursor
                    .error(span, format!("`{other}` is nobody that `@allow` knows"))
                    .hint_maybe(hint)
                    .into());
            }
        };
        if list.contains(&item) {
            return Err(cursor.error(span, "this is named twice").into());
        }
        list.push(item);
        if cursor.is_end() {
            return Ok(list);
        }
        if !cursor.eat(",") {
            return Err(cursor.error_here("a comma is missing").hint(hint).into());
        }
    }
}

/// `@returns rows`, `row`, `value`, `nothing`.
pub(super) fn returns(source: &Source, tag: &Tag) -> Parsed<Returns> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (word, span) = cursor.piece();
    let names = ["rows", "row", "value", "nothing"];
    let returns = match word {
        "rows" => Returns::Rows,
        "row" => Returns::Row,
        "value" => Returns::Value,
        "nothing" => Returns::Nothing,
        "" => {
            return Err(cursor
                .error(tag.name_span, "`@returns` says what")
                .hint("write `rows`, `row`, `value` or `nothing`")
                .into());
        }
        _ => {
            let hint = did_you_mean(word, names, || Some("write `rows`, `row`, `value` or `nothing`".to_owned()));
            return Err(cursor.error(span, format!("`{word}` is no form of an answer")).hint_maybe(hint).into());
        }
    };
    cursor.expect_end("`@returns` takes one word")?;
    Ok(returns)
}

/// `@timeout 2s`.
pub(super) fn timeout(source: &Source, tag: &Tag) -> Parsed<u64> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (text, span) = cursor.piece();
    let Some(ms) = duration_ms(text, true) else {
        return Err(cursor
            .error(span, format!("`{text}` is no duration"))
            .hint("write such as `500ms` or `2s`")
            .into());
    };
    if ms > limits::TIMEOUT_MS_MAX {
        let hint = format!("at most {}s; longer work is a job's", limits::TIMEOUT_MS_MAX / 1000);
        return Err(cursor.error(span, "this is too long").hint(hint).into());
    }
    cursor.expect_end("`@timeout` takes one duration")?;
    Ok(ms)
}

/// `@cache for 30s`, `for 10s..2m`, `named NAME`, `stale 5s`, `strong`, `off`.
pub(super) fn cache(source: &Source, tag: &Tag) -> Parsed<Cache> {
    let words = ["for", "named", "stale", "strong", "off"];
    let hint = "write `for 30s`, `for 10s..2m`, `named NAME`, `stale 5s`, `strong` or `off`";
    let mut cursor = Cursor::new(source, tag.rest);
    let mut cache = Cache::default();
    if cursor.is_end() {
        return Err(cursor.error(tag.name_span, "`@cache` says how").hint(hint).into());
    }
    while !cursor.is_end() {
        let (word, span) = cursor.piece();
        let is_twice = match word {
            "for" => cache.for_ms.is_some(),
            "named" => cache.named.is_some(),
            "stale" => cache.stale_ms.is_some(),
            "strong" => cache.is_strong,
            "off" => cache.is_off,
            _ => {
                let hint = did_you_mean(word, words, || Some(hint.to_owned()));
                return Err(cursor.error(span, format!("`{word}` is no part of `@cache`")).hint_maybe(hint).into());
            }
        };
        if is_twice {
            return Err(cursor.error(span, format!("`{word}` is given twice")).into());
        }
        match word {
            "for" => {
                let (text, span) = cursor.piece();
                let (from, to) = match text.split_once("..") {
                    Some((from, to)) => (Some(duration(&cursor, from, span, "for 10s..2m")?), to),
                    None => (None, text),
                };
                let to = duration(&cursor, to, span, "for 30s")?;
                if from.is_some_and(|from| from >= to) {
                    let hint = "the first is when it may be renewed, the second when it ends: `for 10s..2m`";
                    return Err(cursor.error(span, "the second bound is not above the first").hint(hint).into());
                }
                (cache.from_ms, cache.for_ms) = (from, Some(to));
            }
            "stale" => {
                let (text, span) = cursor.piece();
                cache.stale_ms = Some(duration(&cursor, text, span, "stale 5s")?);
            }
            "named" => {
                let (name, span) = cursor.piece();
                if !is_plain_name(name) {
                    let hint = "a name is of a-z, 0-9 and _, and begins with a letter";
                    return Err(cursor.error(span, format!("`{name}` is no name of a cache")).hint(hint).into());
                }
                cache.named = Some(name.to_owned());
            }
            "strong" => cache.is_strong = true,
            _ => cache.is_off = true,
        }
    }
    let others = cache.for_ms.is_some() || cache.named.is_some() || cache.stale_ms.is_some() || cache.is_strong;
    if cache.is_off && others {
        return Err(cursor
            .error(tag.rest, "`off` stands alone")
            .hint("nothing is kept, so nothing else applies")
            .into());
    }
    if cache.for_ms.is_some() && cache.named.is_some() {
        return Err(cursor.error(tag.rest, "`for` and `named` both say how long").hint("write one of them").into());
    }
    if cache.is_strong && cache.stale_ms.is_some() {
        return Err(cursor.error(tag.rest, "`strong` and `stale` exclude each other").hint("write one of them").into());
    }
    Ok(cache)
}

fn duration(cursor: &Cursor<'_>, text: &str, span: crate::Span, example: &str) -> Parsed<u64> {
    let message = format!("`{text}` is no duration");
    duration_ms(text, true)
        .ok_or_else(|| Box::new(cursor.error(span, message).hint(format!("write such as `{example}`"))))
}

/// `@page by p.played_at desc, p.id desc size 20 max 100`.
pub(super) fn page(source: &Source, tag: &Tag) -> Parsed<Page> {
    let form = "write `by column [desc], key [desc] [size 20] [max 100]`";
    let mut cursor = Cursor::new(source, tag.rest);
    if !cursor.eat_word("by") {
        return Err(cursor.error_here("`@page` begins with `by`").hint(form).into());
    }
    let start = cursor.skip().at();
    let mut by = Vec::new();
    let text = cursor.rest();
    let tail = ["size", "max"].iter().filter_map(|word| top_level_word(text, word)).min().unwrap_or(text.len());
    let mut at = 0;
    for part in top_level_parts(&text[..tail]) {
        let span = crate::Span { start: start + at, end: start + at + part.len() };
        at += part.len() + 1;
        by.push(page_column(part).ok_or_else(|| {
            let message = match part.trim() {
                "" => "a column of the page is missing".to_owned(),
                part => format!("`{part}` is no column of a page"),
            };
            Box::new(cursor.error(span, message).hint(form))
        })?);
    }
    cursor.advance(tail);
    let mut page = Page { by, size: PAGE_SIZE_DEFAULT, size_max: PAGE_SIZE_MAX_DEFAULT, span: tag.span };
    let (mut size, mut size_max) = (None, None);
    while !cursor.is_end() {
        let (word, span) = cursor.piece();
        let slot = match word {
            "size" => &mut size,
            "max" => &mut size_max,
            _ => return Err(cursor.error(span, format!("`{word}` is no part of `@page`")).hint(form).into()),
        };
        let (number, number_span) = cursor.piece();
        match number.parse::<u32>() {
            Ok(count) if (1..=PAGE_SIZE_MAX).contains(&count) && slot.is_none() => *slot = Some(count),
            _ => {
                let message = format!("`{word}` takes one number from 1 to {PAGE_SIZE_MAX}");
                return Err(cursor.error(number_span, message).hint(form).into());
            }
        }
    }
    page.size = size.unwrap_or(PAGE_SIZE_DEFAULT.min(size_max.unwrap_or(PAGE_SIZE_DEFAULT)));
    page.size_max = size_max.unwrap_or(PAGE_SIZE_MAX_DEFAULT.max(page.size));
    if page.size > page.size_max {
        return Err(cursor.error(tag.rest, "`size` is above `max`").into());
    }
    Ok(page)
}

/// `expression [asc|desc]`, as a statement would have it.
fn page_column(part: &str) -> Option<(String, bool)> {
    let part = part.trim();
    let (expression, is_descending) = match part.rsplit_once(char::is_whitespace) {
        Some((rest, "desc")) => (rest, true),
        Some((rest, "asc")) => (rest, false),
        _ => (part, false),
    };
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, expression).tokenize_with_location().ok()?;
    crate::token::check_depth(&tokens).then_some(())?;
    let mut parser = Parser::new(&PostgreSqlDialect {}).with_tokens_with_locations(tokens);
    parser.parse_expr().ok()?;
    (parser.peek_token().token == sqlparser::tokenizer::Token::EOF)
        .then(|| (expression.trim().to_owned(), is_descending))
}

fn top_level_word(text: &str, word: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends = || {
            text[at..].strip_prefix(word).is_some_and(|rest| rest.starts_with(char::is_whitespace) || rest.is_empty())
        };
        if depth == 0 && before.is_whitespace() && ends() {
            return Some(at);
        }
        before = c;
    }
    None
}

fn top_level_parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

/// `@limit N/DURATION [per ...] ["message"]`.
pub(super) fn limit(source: &Source, tag: &Tag, params: &[Param]) -> Parsed<Limit> {
    let form = "write such as `10/s per user` or `1000/15m \"Slow down\"`";
    let mut cursor = Cursor::new(source, tag.rest);
    let (rate, span) = cursor.piece();
    let read = rate.split_once('/').and_then(|(calls, window)| {
        let is_number = !calls.is_empty() && calls.len() <= 9 && calls.bytes().all(|b| b.is_ascii_digit());
        let calls: u64 = if is_number { calls.parse().ok()? } else { return None };
        let is_count = window.starts_with(|c: char| c.is_ascii_digit());
        Some((calls, duration_ms(window, false)?, is_count)).filter(|(calls, ..)| *calls > 0)
    });
    let Some((calls, window_ms, is_count)) = read else {
        return Err(cursor.error(span, format!("`{rate}` is no rate")).hint(form).into());
    };
    let mut limit = Limit { calls, window_ms, is_count, per: LimitPer::All, message: None };
    if cursor.eat_word("per") {
        let (what, span) = cursor.piece();
        limit.per = match what {
            "user" => LimitPer::User,
            "address" => LimitPer::Address,
            "" => {
                return Err(cursor
                    .error(span, "`per` names what is counted")
                    .hint("`user`, `address` or a parameter")
                    .into());
            }
            name => LimitPer::Parameter(param::find(&cursor, params, name, span)?),
        };
    }
    if let Some((message, span)) = cursor.quoted('"')? {
        check_message(&cursor, &message, span)?;
        limit.message = Some(message);
    }
    cursor.expect_end(form)?;
    Ok(limit)
}

pub(super) fn check_message(cursor: &Cursor<'_>, message: &str, span: crate::Span) -> Parsed<()> {
    if message.trim().is_empty() || message.len() > MESSAGE_SIZE_MAX || message.chars().any(char::is_control) {
        let hint = format!("from 1 to {MESSAGE_SIZE_MAX} bytes, without control characters");
        return Err(cursor.error(span, "this is no text for a reader").hint(hint).into());
    }
    Ok(())
}

/// `@route GET /api/events/{token} [deprecated 2027-01-31]`.
pub(super) fn route(source: &Source, tag: &Tag, params: &[Param], is_action: bool) -> Parsed<Route> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (method, span) = cursor.piece();
    let methods: &[&str] = if is_action { &["POST", "PUT", "PATCH", "DELETE"] } else { &["GET"] };
    if !methods.contains(&method) {
        let what = if is_action { "an action" } else { "a query" };
        let hint = did_you_mean(method, methods.iter().copied(), || Some(format!("write {}", methods.join(", "))));
        return Err(cursor.error(span, format!("`{method}` is no method of {what}'s route")).hint_maybe(hint).into());
    }
    let (path, span) = cursor.piece();
    check_path(&cursor, path, span, params)?;
    let mut deprecated = None;
    if cursor.eat_word("deprecated") {
        let (date, span) = cursor.piece();
        match Date::parse(date) {
            Ok(date) if date.is_finite() => deprecated = Some(date.to_string()),
            _ => {
                return Err(cursor.error(span, format!("`{date}` is no date")).hint("write such as 2027-01-31").into());
            }
        }
    }
    cursor.expect_end("write `METHOD /path [deprecated 2027-01-31]`")?;
    Ok(Route { method: method.to_owned(), path: path.to_owned(), deprecated, span: tag.span })
}

fn check_path(cursor: &Cursor<'_>, path: &str, span: crate::Span, params: &[Param]) -> Parsed<()> {
    let wrong = |message: String, hint: &str| Err(Box::new(cursor.error(span, message).hint(hint)));
    let Some(inside) = path.strip_prefix('/').filter(|inside| !inside.is_empty()) else {
        return wrong(format!("`{path}` is no path"), "a path begins with `/` and has a part");
    };
    if path.len() > 500 {
        return wrong("the path is too long".to_owned(), "at most 500 bytes");
    }
    let mut named: Vec<&str> = Vec::new();
    for (index, part) in inside.split('/').enumerate() {
        if let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let found = param::find(cursor, params, name, span)?;
            if params[found].ty.is_list {
                return wrong(
                    format!("`{name}` is a list, which no path part can hold"),
                    "leave it to the query string",
                );
            }
            if named.contains(&name) {
                return wrong(format!("`{name}` stands twice in the path"), "name each parameter once");
            }
            named.push(name);
            continue;
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
        if part.is_empty() || part == "." || part == ".." || !part.chars().all(is_plain) {
            let hint = "parts are letters, digits, `-`, `_`, `.`, `~`, or `{parameter}`; no slash at the end";
            let message = if part.is_empty() {
                "a part of the path is empty".to_owned()
            } else {
                format!("`{part}` is no part of a path")
            };
            return wrong(message, hint);
        }
        let is_ours = PREFIXES.contains(&part) || (part == "api" && inside.split('/').nth(1) == Some("health"));
        if index == 0 && is_ours {
            return wrong(
                format!("paths below `/{part}` are Martlet's own"),
                "use another first part, such as `/api/...`",
            );
        }
    }
    Ok(())
}

/// `@warm NAME=VALUE ...`.
pub(super) fn warm(source: &Source, tag: &Tag, params: &[Param]) -> Parsed<Warm> {
    let mut cursor = Cursor::new(source, tag.rest);
    let mut arguments: Vec<(usize, Value)> = Vec::new();
    while !cursor.is_end() {
        let start = cursor.at();
        let Some((name, span)) = cursor.word() else {
            return Err(cursor.error_here("this is no argument").hint("write `name=value`").into());
        };
        let index = param::find(&cursor, params, name, span)?;
        if !cursor.eat("=") {
            return Err(cursor
                .error(span, format!("`{name}` has no value"))
                .hint(format!("write `{name}=value`"))
                .into());
        }
        if arguments.iter().any(|(other, _)| *other == index) {
            return Err(cursor.error(span, format!("`{name}` is given twice")).into());
        }
        let ty = params[index].ty;
        // What needs no quotes in a URL needs none here.
        let value = match cursor.rest().starts_with('\'') {
            true => match literal::read(&mut cursor)? {
                Some((literal, span)) => literal::value(&cursor, &literal, ty, span)?,
                None => Value::Null,
            },
            false => {
                let (text, span) = cursor.piece();
                let literal = crate::Literal::Text(text.to_owned());
                if ty.is_list {
                    literal::value(&cursor, &literal, ty, span)?
                } else {
                    let wrong = |hint: String| {
                        let message = format!("`{text}` is no value of type {}", literal::type_name(ty));
                        Box::new(cursor.error(span, message).hint(hint))
                    };
                    literal::item_of_text(text, ty.base).map_err(wrong)?
                }
            }
        };
        if let Some(broken) = super::rule::broken(&params[index].rules, ty, &value) {
            return Err(cursor
                .error(cursor.span_from(start), format!("the value breaks the parameter's rule: {broken}"))
                .into());
        }
        arguments.push((index, value));
    }
    let missing = params
        .iter()
        .enumerate()
        .find(|(index, param)| !param.is_optional && !arguments.iter().any(|(given, _)| given == index));
    if let Some((_, param)) = missing {
        let message = format!("the parameter `{}` has no value here", param.name);
        return Err(cursor.error(tag.span, message).hint(format!("add `{}=value`", param.name)).into());
    }
    Ok(Warm { arguments, span: tag.span })
}

/// `@scan TABLE "reason"`.
pub(super) fn scan(source: &Source, tag: &Tag) -> Parsed<Scan> {
    let form = "write `@scan table \"reason\"`";
    let mut cursor = Cursor::new(source, tag.rest);
    let Some((table, span)) = cursor.word() else {
        return Err(cursor.error(tag.name_span, "`@scan` names a table").hint(form).into());
    };
    let Some((reason, reason_span)) = cursor.quoted('"')? else {
        return Err(cursor.error(span, "`@scan` gives its reason in double quotes").hint(form).into());
    };
    check_message(&cursor, &reason, reason_span)?;
    cursor.expect_end(form)?;
    Ok(Scan { table: table.to_owned(), reason, span })
}

/// `@on signup`, `user_update`, `user_delete`.
pub(super) fn on(source: &Source, tag: &Tag) -> Parsed<AccountEvent> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (word, span) = cursor.piece();
    let event = match word {
        "signup" => AccountEvent::Signup,
        "user_update" => AccountEvent::UserUpdate,
        "user_delete" => AccountEvent::UserDelete,
        _ => {
            let hint = did_you_mean(word, ["signup", "user_update", "user_delete"], || {
                Some("write `signup`, `user_update` or `user_delete`".to_owned())
            });
            return Err(cursor.error(span, format!("`{word}` is no change of an account")).hint_maybe(hint).into());
        }
    };
    cursor.expect_end("`@on` takes one word")?;
    Ok(event)
}
