//! The canonical form: no blanks outside strings, strings escaped in one way, everything else as written.

use super::JsonError;
use super::escape::{write_escaped, write_unit};
use super::scan::{Event, Piece, Scanner, Text};

/// Returns the canonical form of a JSON text.
pub fn canonical(text: &str) -> Result<String, JsonError> {
    let mut out = Vec::with_capacity(text.len());
    write_canonical(&mut out, text)?;
    Ok(String::from_utf8(out).expect("made of pieces of a text"))
}

/// Appends the canonical form of a JSON text; after an error `out` ends in half a document.
pub fn write_canonical(out: &mut Vec<u8>, text: &str) -> Result<(), JsonError> {
    write(out, text, Nulls::Kept)
}

/// As [`write_canonical`], without the members of objects that are null: PostgreSQL's `json_strip_nulls`.
pub fn write_without_nulls(out: &mut Vec<u8>, text: &str) -> Result<(), JsonError> {
    write(out, text, Nulls::Left)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    Kept,
    /// Out of objects; in arrays they stand for a place.
    Left,
}

fn write(out: &mut Vec<u8>, text: &str, nulls: Nulls) -> Result<(), JsonError> {
    out.reserve(text.len());
    let mut scanner = Scanner::new(text);
    let mut needs_comma = false;
    // How it was before the key that has just been written.
    let mut before_key = None;
    loop {
        let event = scanner.next_event()?;
        if event == Event::Null
            && nulls == Nulls::Left
            && let Some((length, needed_comma)) = before_key
        {
            out.truncate(length);
            needs_comma = needed_comma;
            before_key = None;
            continue;
        }
        before_key = matches!(event, Event::Key(_)).then_some((out.len(), needs_comma));
        let ends = matches!(event, Event::EndObject | Event::EndArray | Event::End);
        if needs_comma && !ends {
            out.push(b',');
        }
        needs_comma = !matches!(event, Event::BeginObject | Event::BeginArray | Event::Key(_));
        match event {
            Event::BeginObject => out.push(b'{'),
            Event::EndObject => out.push(b'}'),
            Event::BeginArray => out.push(b'['),
            Event::EndArray => out.push(b']'),
            Event::Key(key) => {
                write_text(out, key);
                out.push(b':');
            }
            Event::String(string) => write_text(out, string),
            Event::Number(number) => out.extend_from_slice(number.as_bytes()),
            Event::Bool(true) => out.extend_from_slice(b"true"),
            Event::Bool(false) => out.extend_from_slice(b"false"),
            Event::Null => out.extend_from_slice(b"null"),
            Event::End => return Ok(()),
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: Text<'_>) {
    out.push(b'"');
    if text.has_escapes {
        let mut utf8 = [0; 4];
        let written: Result<(), JsonError> = text.pieces(|piece| {
            match piece {
                Piece::Plain(plain) => out.extend_from_slice(plain.as_bytes()),
                Piece::Char(character) => write_escaped(out, character.encode_utf8(&mut utf8).as_bytes()),
                Piece::Lone(unit) => write_unit(out, unit),
            }
            Ok(())
        });
        debug_assert!(written.is_ok(), "no piece is refused");
    } else {
        out.extend_from_slice(text.raw.as_bytes());
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_left_out_of_objects_alone() {
        for (text, wanted) in [
            ("null", "null"),
            (r#"{"a": null}"#, "{}"),
            (r#"{"a": null, "b": 1, "c": null, "d": [null, {"e": null}], "f": null}"#, r#"{"b":1,"d":[null,{}]}"#),
            (r#"{"a":{"b":null,"c":{"d":null}},"e":"null"}"#, r#"{"a":{"c":{}},"e":"null"}"#),
        ] {
            let mut out = Vec::new();
            write_without_nulls(&mut out, text).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }
}
