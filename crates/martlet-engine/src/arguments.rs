//! From the written forms of a surface to typed, checked values.
//!
//! A declaration's parameters are compiled once, when an app is loaded: expressions, bounds and choices are never
//! parsed on a request's way. Every mistake of a call is told at once: in declared order, unknown names last.

mod format;
mod json;
mod list;
mod read;
mod rules;
#[cfg(test)]
mod tests;

use martlet_core::{Detail, Error, ParamType, Type, Value, code, nearest};
use martlet_sql::{Bound, Declaration, Page, Param, Rule};
use read::Written;
use rules::CompiledRule;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Unknown names that an answer lists; more are dropped, so that an answer is never larger than its request.
const UNKNOWN_SHOWN_MAX: usize = 20;
/// Reserved: no declared parameter has this name.
const CURSOR: &str = "cursor";
/// Characters of a caller's own text that a message repeats.
const QUOTED_CHARS_MAX: usize = 64;

/// Arguments as they came.
#[derive(Debug, Clone, Copy)]
pub enum Arguments<'a> {
    /// A JSON object's bytes; empty bytes are an empty object.
    Json(&'a [u8]),
    /// Decoded pairs of a query string, in order, repeated names included. Lists are `{a,b}`.
    Url(&'a [(String, String)]),
    /// Decoded parts of a route's path by parameter, and a JSON object's bytes.
    Routed {
        /// Parameters and their parts of the path.
        path: &'a [(String, String)],
        /// As [`Arguments::Json`].
        json: &'a [u8],
    },
}

/// The parameters of one declaration, ready to check calls. An engine has one of each; tools may make their own.
#[derive(Debug)]
pub struct CompiledParams {
    params: Vec<CompiledParam>,
}

#[derive(Debug)]
struct CompiledParam {
    declared: Param,
    trims: bool,
    lowers: bool,
    /// `cursor` of a page, which has a refusal of its own.
    is_cursor: bool,
    rules: Vec<CompiledRule>,
}

/// What one parameter was given.
#[derive(Debug, Default)]
enum Slot<'a> {
    #[default]
    Absent,
    Given(Written<'a>),
    Repeated,
}

/// The arguments of one call, sorted to their parameters.
#[derive(Debug)]
struct Slots<'a> {
    slots: Vec<Slot<'a>>,
    unknown: BTreeSet<String>,
}

impl CompiledParams {
    /// Compiles a declaration's parameters; an internal error where an expression does not compile.
    pub fn new(declaration: &Declaration) -> Result<Self, Error> {
        let paging = declaration.page.as_ref().map(paging);
        let params = declaration.params.iter().chain(paging.iter().flatten());
        let params = params.map(CompiledParam::new).collect::<Result<_, _>>()?;
        Ok(Self { params })
    }

    /// The values in declared order, or MRT001 with every mistake, or PGRST102 for a body that is no JSON object.
    pub fn read(&self, arguments: Arguments<'_>) -> Result<Arc<[Value]>, Error> {
        let slots = match arguments {
            Arguments::Json(body) => json::slots(body, self)?,
            Arguments::Url(pairs) => {
                let mut slots = Slots::empty(self.params.len());
                self.give_pairs(&mut slots, pairs);
                slots
            }
            Arguments::Routed { path, json } => {
                let mut slots = json::slots(json, self)?;
                self.give_pairs(&mut slots, path);
                slots
            }
        };
        self.check(slots)
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|param| param.declared.name == name)
    }

    fn give_pairs<'a>(&self, slots: &mut Slots<'a>, pairs: &'a [(String, String)]) {
        for (name, text) in pairs {
            match self.index_of(name) {
                Some(index) => slots.give(index, Written::Text(text)),
                None => slots.note_unknown(name),
            }
        }
    }

    fn check(&self, slots: Slots<'_>) -> Result<Arc<[Value]>, Error> {
        let mut details = Vec::new();
        // A wrong argument leaves a null, and a bound that refers to it does not complain a second time.
        let mut values: Vec<Value> = Vec::with_capacity(self.params.len());
        for (param, slot) in self.params.iter().zip(slots.slots) {
            let value = param.value(slot, &values).unwrap_or_else(|mistake| {
                details.push(mistake.detail(&param.declared.name));
                Value::Null
            });
            values.push(value);
        }
        details.extend(slots.unknown.iter().take(UNKNOWN_SHOWN_MAX).map(|name| self.unknown(name)));
        match details.first() {
            None => Ok(values.into()),
            Some(first) => {
                let mut error = Error::new(&code::ARGUMENTS, first.message.clone());
                error.details = details;
                Err(error)
            }
        }
    }

    fn unknown(&self, name: &str) -> Detail {
        let names = self.params.iter().map(|param| param.declared.name.as_str());
        let shown = quoted(name);
        let message = match nearest(name, names) {
            Some(near) => format!("`{shown}` is no parameter; did you mean `{near}`?"),
            None => format!("`{shown}` is no parameter"),
        };
        Detail { parameter: shown, code: "unknown", message }
    }
}

/// The arguments that every query with `@page` takes behind its own: `size` and `cursor`.
pub fn paging(page: &Page) -> [Param; 2] {
    let param = |name: &str, base, rules, default, description: &str| Param {
        name: name.to_owned(),
        ty: ParamType { base, is_list: false },
        rules,
        is_optional: true,
        default,
        description: description.to_owned(),
        span: page.span,
    };
    let bound = |size: u32| Some(Bound::Literal(Value::Integer(size.into())));
    let range = Rule::Range { low: bound(1), high: bound(page.size_max) };
    let default = Some(Value::Integer(page.size.into()));
    let size = param("size", Type::Integer, vec![range], default, "Rows of the page");
    [size, param(CURSOR, Type::Text, Vec::new(), None, "`next_cursor` of the page before; none: the first page")]
}

impl CompiledParam {
    fn new(param: &Param) -> Result<Self, Error> {
        let has = |rule: &Rule| param.rules.contains(rule);
        let (trims, lowers) = (has(&Rule::Trim), has(&Rule::Lower));
        let compiled: Result<Vec<_>, Error> = param.rules.iter().map(|rule| CompiledRule::new(rule, param)).collect();
        Ok(Self {
            is_cursor: param.name == CURSOR,
            declared: param.clone(),
            trims,
            lowers,
            rules: compiled?.into_iter().flatten().collect(),
        })
    }

    fn value(&self, slot: Slot<'_>, earlier: &[Value]) -> Result<Value, Mistake> {
        let written = match slot {
            Slot::Given(written) => written,
            Slot::Repeated => return Err(Mistake::new("duplicate", "is given more than once")),
            Slot::Absent if self.declared.is_optional => {
                return Ok(self.declared.default.clone().unwrap_or(Value::Null));
            }
            Slot::Absent => return Err(Mistake::new("missing", "is missing")),
        };
        if written.is_null() {
            return self.null();
        }
        let mut value = match read::value(written, self.declared.ty) {
            // What cannot be read is no cursor either: the empty text opens none, and that is told as of any other.
            Err(_) if self.is_cursor => return Ok(Value::Text("".into())),
            value => value?,
        };
        if self.trims || self.lowers {
            self.normalise(&mut value);
        }
        for rule in &self.rules {
            rule.check(&value, &self.declared, earlier)?;
        }
        Ok(value)
    }

    /// A null where there is a default would slip past the rules: `LIMIT :count` has no limit for a null.
    fn null(&self) -> Result<Value, Mistake> {
        match &self.declared.default {
            None | Some(Value::Null) if self.declared.is_optional => Ok(Value::Null),
            Some(_) => Err(Mistake::new("missing", "must not be null; leave it out to get its default")),
            None => Err(Mistake::new("missing", "must not be null")),
        }
    }

    fn normalise(&self, value: &mut Value) {
        match value {
            Value::Text(text) => {
                let trimmed: &str = if self.trims { text.trim() } else { text };
                let normal: Box<str> = if self.lowers { trimmed.to_lowercase().into() } else { trimmed.into() };
                *text = normal;
            }
            Value::List(items) => items.iter_mut().for_each(|item| self.normalise(item)),
            _ => {}
        }
    }
}

impl<'a> Slots<'a> {
    fn empty(params: usize) -> Self {
        Self { slots: (0..params).map(|_| Slot::Absent).collect(), unknown: BTreeSet::new() }
    }

    fn give(&mut self, index: usize, written: Written<'a>) {
        self.slots[index] = match self.slots[index] {
            Slot::Absent => Slot::Given(written),
            Slot::Given(_) | Slot::Repeated => Slot::Repeated,
        };
    }

    fn note_unknown(&mut self, name: &str) {
        if self.unknown.len() < UNKNOWN_SHOWN_MAX {
            self.unknown.insert(name.to_owned());
        }
    }
}

/// What is wrong with one argument: a stable word, and what follows the parameter's name in the message.
#[derive(Debug)]
struct Mistake {
    code: &'static str,
    text: String,
}

impl Mistake {
    fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    fn detail(self, parameter: &str) -> Detail {
        Detail { parameter: parameter.to_owned(), code: self.code, message: format!("`{parameter}` {}", self.text) }
    }
}

/// The names that a call gives, for the message about an unknown function: sorted, at most `keys_max`.
pub(crate) fn keys(arguments: Arguments<'_>, keys_max: usize) -> BTreeSet<String> {
    match arguments {
        Arguments::Json(body) | Arguments::Routed { json: body, .. } => json::keys(body, keys_max),
        Arguments::Url(pairs) => pairs.iter().take(keys_max).map(|(name, _)| name.clone()).collect(),
    }
}

/// A caller's own text for a message: short, and without what could deceive a reader of a terminal.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(QUOTED_CHARS_MAX)
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect();
    if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
