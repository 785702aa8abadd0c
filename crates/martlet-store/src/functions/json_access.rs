//! What is read out of json and jsonb: members, elements, kinds, lists for FROM.

use super::{Raise, Registry};
use martlet_core::code;
use martlet_core::json::{self, Event, JsonError, Scanner};
use std::borrow::Cow;

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    for prefix in ["json", "jsonb"] {
        let is_jsonb = prefix == "jsonb";
        registry.strict(&format!("{prefix}_object_field"), 2, |arguments| {
            let found = member(arguments.text(0)?, arguments.text(1)?)?;
            Ok(found.map(|found| found.text.to_owned()))
        })?;
        registry.strict(&format!("{prefix}_object_field_text"), 2, |arguments| {
            as_text(member(arguments.text(0)?, arguments.text(1)?)?)
        })?;
        registry.strict(&format!("{prefix}_array_element"), 2, move |arguments| {
            let found = element(arguments.text(0)?, arguments.integer(1)?, is_jsonb)?;
            Ok(found.map(|found| found.text.to_owned()))
        })?;
        registry.strict(&format!("{prefix}_array_element_text"), 2, move |arguments| {
            as_text(element(arguments.text(0)?, arguments.integer(1)?, is_jsonb)?)
        })?;
        registry.strict(&format!("{prefix}_typeof"), 1, |arguments| kind(arguments.text(0)?))?;
        registry.strict(&format!("{prefix}_array_length"), 1, |arguments| {
            let text = arguments.text(0)?;
            match kind(text)? {
                "array" => Ok(elements(text)?.len() as i64),
                "object" => Err(not_an_array("cannot get array length of a non-array")),
                _ => Err(not_an_array("cannot get array length of a scalar")),
            }
        })?;
        registry.strict(&format!("{prefix}_array_elements"), 1, |arguments| {
            list(arguments.text(0)?, |found| Ok(Some(Cow::Borrowed(found.text))))
        })?;
        registry.strict(&format!("{prefix}_array_elements_text"), 1, |arguments| {
            list(arguments.text(0)?, |found| Ok(as_text(Some(found))?.map(Cow::Owned)))
        })?;
        let function = format!("{prefix}_to_recordset");
        registry
            .strict(&format!("{prefix}_to_recordset"), 1, move |arguments| recordset(arguments.text(0)?, &function))?;
    }
    registry.strict("jsonb_eq", 2, |arguments| Ok(json::jsonb_equal(arguments.text(0)?, arguments.text(1)?)?))?;
    registry.strict("array_to_string", 2, |arguments| array_to_string(arguments.text(0)?, arguments.text(1)?))
}

/// A value in the middle of a document.
#[derive(Debug, Clone, Copy)]
struct Found<'t> {
    /// Its text as written, without blanks around it.
    text: &'t str,
    /// Its first event.
    first: Event<'t>,
}

/// The member of an object; the last of equal keys. None of anything else.
fn member<'t>(text: &'t str, wanted: &str) -> Result<Option<Found<'t>>, Raise> {
    let mut scanner = Scanner::new(text);
    let mut last = None;
    if scanner.next_event()? == Event::BeginObject {
        while let Event::Key(key) = scanner.next_event()? {
            let is_wanted = key.decode()? == wanted;
            let event = scanner.next_event()?;
            let found = value(text, &mut scanner, event)?;
            if is_wanted {
                last = Some(found);
            }
        }
    }
    Ok(last)
}

/// The element of an array, counted from 0, or from the end for a negative index. None of anything else.
///
/// A jsonb scalar counts as an array of itself, as in PostgreSQL.
fn element(text: &str, index: i64, is_jsonb: bool) -> Result<Option<Found<'_>>, Raise> {
    let all = match kind(text)? {
        "array" => elements(text)?,
        "object" => return Ok(None),
        _ if is_jsonb => vec![Found { text, first: Scanner::new(text).next_event()? }],
        _ => return Ok(None),
    };
    let index = if index < 0 { index + all.len() as i64 } else { index };
    Ok(usize::try_from(index).ok().and_then(|index| all.get(index)).copied())
}

fn elements(text: &str) -> Result<Vec<Found<'_>>, Raise> {
    let mut scanner = Scanner::new(text);
    let mut all = Vec::new();
    if scanner.next_event()? == Event::BeginArray {
        loop {
            let event = scanner.next_event()?;
            if event == Event::EndArray {
                break;
            }
            all.push(value(text, &mut scanner, event)?);
        }
    }
    Ok(all)
}

/// Passes the value that the event has begun. Its strings are decoded, as PostgreSQL does, only to see that they can be.
fn value<'t>(text: &'t str, scanner: &mut Scanner<'t>, first: Event<'t>) -> Result<Found<'t>, Raise> {
    let end_of_first = scanner.position();
    let start = match first {
        Event::BeginObject | Event::BeginArray => end_of_first - 1,
        Event::String(string) => end_of_first - string.raw.len() - 2,
        Event::Number(number) => end_of_first - number.len(),
        Event::Bool(true) | Event::Null => end_of_first - 4,
        Event::Bool(false) => end_of_first - 5,
        Event::Key(_) | Event::EndObject | Event::EndArray | Event::End => {
            return Err(JsonError::Syntax(end_of_first).into());
        }
    };
    let outside = scanner.depth() - usize::from(matches!(first, Event::BeginObject | Event::BeginArray));
    let mut event = first;
    loop {
        if let Event::String(string) | Event::Key(string) = event {
            string.decode()?;
        }
        if scanner.depth() == outside {
            return Ok(Found { text: &text[start..scanner.position()], first });
        }
        event = scanner.next_event()?;
    }
}

/// As `->>` gives it: strings decoded, null as SQL's null, all else as written.
fn as_text(found: Option<Found<'_>>) -> Result<Option<String>, Raise> {
    let Some(found) = found else { return Ok(None) };
    match found.first {
        Event::Null => Ok(None),
        Event::String(string) => Ok(Some(string.decode()?.into_owned())),
        _ => Ok(Some(found.text.to_owned())),
    }
}

fn kind(text: &str) -> Result<&'static str, Raise> {
    Ok(match Scanner::new(text).next_event()? {
        Event::BeginObject => "object",
        Event::BeginArray => "array",
        Event::String(_) => "string",
        Event::Number(_) => "number",
        Event::Bool(_) => "boolean",
        _ => "null",
    })
}

/// A JSON array of strings, one for each element, for SQLite's json_each.
fn list<'t>(text: &'t str, item: impl Fn(Found<'t>) -> Result<Option<Cow<'t, str>>, Raise>) -> Result<String, Raise> {
    match kind(text)? {
        "array" => {}
        "object" => return Err(not_an_array("cannot extract elements from an object")),
        _ => return Err(not_an_array("cannot extract elements from a scalar")),
    }
    let mut out = vec![b'['];
    for (index, found) in elements(text)?.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match item(found)? {
            Some(text) => json::write_string(&mut out, &text),
            None => out.extend_from_slice(b"null"),
        }
    }
    out.push(b']');
    super::json::finish(out)
}

fn recordset(text: &str, function: &str) -> Result<String, Raise> {
    match kind(text)? {
        "array" => {}
        "object" => return Err(not_an_array(format!("cannot call {function} on an object"))),
        _ => return Err(not_an_array(format!("cannot call {function} on a scalar"))),
    }
    if elements(text)?.iter().any(|found| found.first != Event::BeginObject) {
        return Err(not_an_array(format!("argument of {function} must be an array of objects")));
    }
    list(text, |found| Ok(Some(Cow::Borrowed(found.text))))
}

fn array_to_string(text: &str, separator: &str) -> Result<String, Raise> {
    let mut out = String::new();
    for (index, found) in elements(text)?.into_iter().enumerate() {
        if index > 0 {
            out.push_str(separator);
        }
        out.push_str(&as_text(Some(found))?.unwrap_or_default());
        super::check_size(out.len())?;
    }
    Ok(out)
}

fn not_an_array(message: impl Into<Cow<'static, str>>) -> Raise {
    Raise::new(&code::INVALID_PARAMETER, message)
}
