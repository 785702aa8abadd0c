//! A JSON body to slots, in one pass and without a tree: each value stays the bytes that it came as.

use super::read::Written;
use super::{CompiledParams, Slots, quoted};
use martlet_core::{Error, code, limits};
use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::fmt;

/// Sorts the members of a JSON object to their parameters. Empty bytes are an empty object.
///
/// PGRST102 for anything but one JSON object that names each key once and is not nested too deep.
pub(super) fn slots<'a>(body: &'a [u8], params: &CompiledParams) -> Result<Slots<'a>, Error> {
    if body.is_empty() {
        return Ok(Slots::empty(params.params.len()));
    }
    let mut object = Object { params, slots: Slots::empty(params.params.len()), twice: None };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    (&mut deserializer).deserialize_map(&mut object).map_err(|error| not_json(&error))?;
    deserializer.end().map_err(|error| not_json(&error))?;
    if let Some(key) = object.twice {
        return Err(Error::new(&code::BODY_NOT_JSON, format!("the body names `{}` twice", quoted(&key))));
    }
    Ok(object.slots)
}

/// The keys of a JSON object, for the message about an unknown function; none of a body that is no object.
pub(super) fn keys(body: &[u8], keys_max: usize) -> BTreeSet<String> {
    let mut keys = Keys { keys: BTreeSet::new(), keys_max };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    match (&mut deserializer).deserialize_map(&mut keys) {
        Ok(()) => keys.keys,
        Err(_) => BTreeSet::new(),
    }
}

/// The items of a JSON array, or none when there are more than `items_max`.
pub(super) fn items(json: &str, items_max: usize) -> Result<Option<Vec<&RawValue>>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    (&mut deserializer).deserialize_seq(Items { items_max })
}

fn not_json(error: &serde_json::Error) -> Error {
    let mut refused = Error::new(&code::BODY_NOT_JSON, "Empty or invalid json");
    refused.hint =
        Some(format!("send one JSON object with the arguments (line {}, column {})", error.line(), error.column()));
    refused
}

struct Object<'p, 'a> {
    params: &'p CompiledParams,
    slots: Slots<'a>,
    twice: Option<String>,
}

impl<'de> Visitor<'de> for &mut Object<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut unknown: BTreeSet<String> = BTreeSet::new();
        while let Some(key) = map.next_key_seed(Key(self.params))? {
            let raw: &'de RawValue = map.next_value()?;
            if depth(raw.get()) > limits::JSON_DEPTH_MAX {
                return Err(serde::de::Error::custom("nested too deep"));
            }
            match key {
                Found::Parameter(index) if matches!(self.slots.slots[index], super::Slot::Absent) => {
                    self.slots.give(index, Written::Json(raw.get()));
                }
                Found::Parameter(index) => {
                    self.twice.get_or_insert_with(|| self.params.params[index].declared.name.clone());
                }
                Found::Unknown(name) => {
                    self.slots.note_unknown(&name);
                    if unknown.contains(&name) {
                        self.twice.get_or_insert(name);
                    } else {
                        unknown.insert(name);
                    }
                }
            }
        }
        Ok(())
    }
}

enum Found {
    Parameter(usize),
    Unknown(String),
}

/// Looks a key up as it is read, so that known ones are never copied.
struct Key<'p>(&'p CompiledParams);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Found;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Found, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Found, E> {
        Ok(self.0.index_of(key).map_or_else(|| Found::Unknown(key.to_owned()), Found::Parameter))
    }
}

struct Items {
    items_max: usize,
}

impl<'de> Visitor<'de> for Items {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = array.next_element()? {
            if items.len() < self.items_max {
                items.push(item);
            } else {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
        }
        Ok(Some(items))
    }
}

struct Keys {
    keys: BTreeSet<String>,
    keys_max: usize,
}

impl<'de> Visitor<'de> for &mut Keys {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if self.keys.len() < self.keys_max {
                self.keys.insert(key);
            }
        }
        Ok(())
    }
}

/// How deep brackets are nested in JSON without blanks before it; without recursion.
pub(super) fn depth(json: &str) -> usize {
    if !json.starts_with(['{', '[']) {
        return 0;
    }
    let (mut depth, mut deepest, mut in_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
