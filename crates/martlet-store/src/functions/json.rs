//! The constructors of json and jsonb.
//!
//! The first argument is a signature: one letter for each value, its static type. SQLite's values do not tell a
//! boolean from an integer, nor json from text, so the compiler says it: `i` integer or bigint, `d` double,
//! `b` boolean, `t` text and all that is written as a JSON string, `j` json, `J` jsonb.

use super::{Arguments, Raise, Registry, VARIADIC};
use martlet_core::{code, float8, json};
use rusqlite::types::ValueRef;
use std::borrow::Cow;

/// Which of the two forms is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Jsonb,
}

impl Form {
    pub(super) const BOTH: [(Self, &'static str); 2] = [(Self::Json, "json"), (Self::Jsonb, "jsonb")];
}

pub(super) fn register(registry: &Registry<'_>) -> rusqlite::Result<()> {
    for (form, prefix) in Form::BOTH {
        registry.lenient(&format!("to_{prefix}"), 2, move |arguments| {
            let signature = arguments.text(0)?;
            // The whole is strict, unlike its parts: to_json(null) is null.
            if arguments.is_null(1) {
                return Ok(None);
            }
            let mut out = Vec::new();
            write_value(&mut out, form, letter(signature, 0)?, arguments.raw(1))?;
            Ok(Some(finish(out)?))
        })?;
        registry
            .lenient(&format!("{prefix}_build_object"), VARIADIC, move |arguments| build_object(arguments, form))?;
        registry.lenient(&format!("{prefix}_build_array"), VARIADIC, move |arguments| build_array(arguments, form))?;
    }
    Ok(())
}

fn build_object(arguments: &Arguments<'_>, form: Form) -> Result<String, Raise> {
    let signature = arguments.text(0)?;
    let count = (arguments.len() - 1) / 2;
    let mut out = Vec::with_capacity(32 * count);
    let mut members: Vec<(Cow<'_, str>, Vec<u8>)> = Vec::new();
    if form == Form::Json {
        out.push(b'{');
    }
    for member in 0..count {
        let (key_index, value_index) = (1 + member * 2, 2 + member * 2);
        if arguments.is_null(key_index) {
            return Err(null_key(form, key_index));
        }
        let (key, value) = (arguments.text(key_index)?, arguments.raw(value_index));
        let letter = letter(signature, member)?;
        match form {
            Form::Json => {
                if member > 0 {
                    out.extend_from_slice(b", ");
                }
                json::write_string(&mut out, key);
                out.extend_from_slice(b" : ");
                write_value(&mut out, form, letter, value)?;
            }
            Form::Jsonb => {
                let mut written = Vec::new();
                write_value(&mut written, form, letter, value)?;
                members.push((Cow::Borrowed(key), written));
            }
        }
    }
    match form {
        Form::Json => out.push(b'}'),
        Form::Jsonb => json::write_jsonb_members(&mut out, members),
    }
    finish(out)
}

fn build_array(arguments: &Arguments<'_>, form: Form) -> Result<String, Raise> {
    let signature = arguments.text(0)?;
    let mut out = vec![b'['];
    for index in 1..arguments.len() {
        if index > 1 {
            out.extend_from_slice(b", ");
        }
        write_value(&mut out, form, letter(signature, index - 1)?, arguments.raw(index))?;
    }
    out.push(b']');
    finish(out)
}

pub(super) fn null_key(form: Form, argument: usize) -> Raise {
    let message = match form {
        Form::Json => format!("argument {argument} cannot be null"),
        Form::Jsonb => format!("argument {argument}: key must not be null"),
    };
    Raise::new(&code::INVALID_PARAMETER, message)
}

pub(super) fn letter(signature: &str, index: usize) -> Result<u8, Raise> {
    signature.as_bytes().get(index).copied().ok_or_else(super::wrong_class)
}

/// Appends a value of the type that the letter tells, as an element or member.
pub(super) fn write_value(out: &mut Vec<u8>, form: Form, letter: u8, value: ValueRef<'_>) -> Result<(), Raise> {
    match (letter, value) {
        (_, ValueRef::Null) => out.extend_from_slice(b"null"),
        (b'i', value) => out.extend_from_slice(super::integer_of(value)?.to_string().as_bytes()),
        (b'b', value) => out.extend_from_slice(if super::integer_of(value)? == 0 { b"false" } else { b"true" }),
        (b'd', value) => write_double(out, form, super::double_of(value)?)?,
        (b't', value) => json::write_string(out, super::text_of(value)?),
        (b'j', value) if form == Form::Jsonb => json::write_jsonb(out, super::text_of(value)?)?,
        (b'j' | b'J', value) => out.extend_from_slice(super::text_of(value)?.as_bytes()),
        _ => return Err(super::wrong_class()),
    }
    super::check_size(out.len())
}

fn write_double(out: &mut Vec<u8>, form: Form, value: f64) -> Result<(), Raise> {
    let text = float8::text(value);
    match form {
        _ if !value.is_finite() => json::write_string(out, &text),
        Form::Json => out.extend_from_slice(text.as_bytes()),
        Form::Jsonb => json::write_jsonb_number(out, &text)?,
    }
    Ok(())
}

/// Ends a document that was made of valid pieces.
pub(super) fn finish(out: Vec<u8>) -> Result<String, Raise> {
    super::check_size(out.len())?;
    String::from_utf8(out).map_err(|_| super::wrong_class())
}
