//! The tags of one statement of an action: `@name`, `@expect`, `@answer`.

use super::cursor::{Cursor, Parsed, is_plain_name};
use super::line::Tag;
use super::tags::check_message;
use crate::nearest::did_you_mean;
use crate::source::Source;
use crate::{Expect, ExpectedRows, Span};

/// What stands above one statement.
#[derive(Debug, Default)]
pub(crate) struct StepTags {
    pub(crate) name: Option<(String, Span)>,
    pub(crate) expect: Option<(Expect, Span)>,
    pub(crate) answer: Option<Span>,
}

/// `@name NAME`.
pub(super) fn name(source: &Source, tag: &Tag) -> Parsed<(String, Span)> {
    let mut cursor = Cursor::new(source, tag.rest);
    let (name, span) = cursor.piece();
    if name.is_empty() {
        return Err(cursor.error(tag.name_span, "`@name` has a name").hint("write `@name word`").into());
    }
    if !is_plain_name(name) {
        let hint = "write `@name word`, of a-z, 0-9 and _, beginning with a letter";
        return Err(cursor.error(span, format!("`{name}` is no name of a statement")).hint(hint).into());
    }
    cursor.expect_end("`@name` takes one word")?;
    Ok((name.to_owned(), span))
}

/// `@answer`.
pub(super) fn answer(source: &Source, tag: &Tag) -> Parsed<Span> {
    Cursor::new(source, tag.rest).expect_end("`@answer` takes nothing")?;
    Ok(tag.span)
}

/// `@expect row|none|rows|N rows [else STATUS CODE "message"]`.
pub(super) fn expect(source: &Source, tag: &Tag) -> Parsed<(Expect, Span)> {
    let form = "write `row`, `none`, `rows` or `N rows`, then perhaps `else 409 code \"message\"`";
    let mut cursor = Cursor::new(source, tag.rest);
    let (word, span) = cursor.piece();
    let (rows, wanted) = match word {
        "row" => (ExpectedRows::Exactly(1), "exactly one row".to_owned()),
        "none" => (ExpectedRows::None, "no row".to_owned()),
        "rows" => (ExpectedRows::Some, "at least one row".to_owned()),
        number if !number.is_empty() && number.len() <= 9 && number.bytes().all(|b| b.is_ascii_digit()) => {
            if !cursor.eat_word("rows") {
                return Err(cursor.error(span, format!("`rows` is missing after `{number}`")).hint(form).into());
            }
            match number.parse().unwrap_or(0) {
                0 => return Err(cursor.error(span, "no row is written `none`").hint("write `@expect none`").into()),
                count => (ExpectedRows::Exactly(count), format!("exactly {count} rows")),
            }
        }
        _ => {
            if word.is_empty() {
                return Err(cursor.error(tag.name_span, "`@expect` says how many rows").hint(form).into());
            }
            let hint = did_you_mean(word, ["row", "none", "rows"], || Some(form.to_owned()));
            return Err(cursor.error(span, format!("`{word}` is no number of rows")).hint_maybe(hint).into());
        }
    };
    let mut expect = Expect {
        rows,
        status: 409,
        code: "expectation_failed".to_owned(),
        message: format!("a statement of this action expected {wanted}"),
    };
    if cursor.eat_word("else") {
        let (status, span) = cursor.piece();
        expect.status = match status.parse::<u16>() {
            Ok(status @ 400..=499) if !cursor.source.slice(span).starts_with('+') => status,
            _ => {
                let message = format!("`{status}` is no status from 400 to 499");
                return Err(cursor
                    .error(span, message)
                    .hint("such as `else 409 sold_out \"All rooms are taken.\"`")
                    .into());
            }
        };
        let (code, span) = cursor.piece();
        let is_code = (3..=40).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !is_code {
            let hint = "a code is 3 to 40 characters of a-z and _, such as `sold_out`";
            return Err(cursor.error(span, format!("`{code}` is no code")).hint(hint).into());
        }
        expect.code = code.to_owned();
        let Some((message, span)) = cursor.quoted('"')? else {
            let hint = "such as `else 409 sold_out \"All rooms are taken.\"`";
            return Err(cursor.error_here("the message is missing").hint(hint).into());
        };
        check_message(&cursor, &message, span)?;
        expect.message = message;
    }
    cursor.expect_end(form)?;
    Ok((expect, tag.span))
}
