//! The header: comments that declare what SQL cannot say.
//!
//! Tags on the query or action stand before the first statement, in lines of their own; a statement's tags stand
//! directly above it, only other comment lines between. Lines without a tag are the description.

mod cursor;
pub(crate) mod line;
mod literal;
mod param;
mod rule;
mod step;
mod tags;

pub(crate) use cursor::is_plain_name;
pub(crate) use step::StepTags;

use crate::nearest::did_you_mean;
use crate::source::Source;
use crate::token::{Comment, FileText, StatementText};
use crate::{Declaration, Diagnostic, Span};
use cursor::Parsed;
use line::{Tag, tag_of};
use martlet_core::{Type, limits};
use std::collections::BTreeSet;

/// What a file declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Query,
    Action,
    Seed,
}

/// A file's header, with the tags of each statement.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) declaration: Declaration,
    /// As many as there are statements.
    pub(crate) steps: Vec<StepTags>,
    /// Where `@returns` stands, if it does.
    pub(crate) returns: Option<Span>,
}

/// Tags of the whole, and on what they stand.
const WHOLE: &[(&str, On)] = &[
    ("allow", On::Both),
    ("param", On::Both),
    ("returns", On::Both),
    ("cache", On::Query),
    ("page", On::Query),
    ("limit", On::Both),
    ("route", On::Both),
    ("timeout", On::Both),
    ("warm", On::Query),
    ("scan", On::Both),
    ("idempotent", On::Action),
    ("on", On::Action),
];
const STEP: &[&str] = &["name", "expect", "answer"];
const MIGRATION: &[&str] = &["small", "keep", "table"];
const REPEATED: &[&str] = &["param", "limit", "route", "warm", "scan"];
const IN_EFFECT: &[&str] =
    &["allow", "cache", "idempotent", "limit", "page", "param", "returns", "route", "scan", "timeout", "warm"];
/// Tags with others for each query or action.
const TAGS_MAX: usize = 300;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    Query,
    Action,
}

/// Reads the header of a query, an action or the seed.
pub(crate) fn read(source: &Source, file: &FileText, kind: FileKind, name: &str, sink: &mut Vec<Diagnostic>) -> Header {
    let mut reader = Reader { source, kind, sink, whole: Vec::new(), steps: Vec::new() };
    for (index, statement) in file.statements.iter().enumerate() {
        reader.above(index, statement);
    }
    if file.statements.is_empty() {
        // One finding is enough: that there is no statement.
        return Header {
            declaration: Declaration { name: name.to_owned(), ..Declaration::default() },
            ..Header::default()
        };
    }
    for comment in &file.trailing {
        reader.elsewhere(comment, "no statement follows it");
    }
    let mut header = Header {
        declaration: Declaration { name: name.to_owned(), ..Declaration::default() },
        steps: std::mem::take(&mut reader.steps),
        returns: None,
    };
    header.declaration.description = file.statements.first().map(|s| description(source, s)).unwrap_or_default();
    let whole = std::mem::take(&mut reader.whole);
    reader.declare(&whole, &mut header.declaration);
    header.returns = whole.iter().find(|tag| tag.name == "returns").map(|tag| tag.span);
    header
}

struct Reader<'a> {
    source: &'a Source,
    kind: FileKind,
    sink: &'a mut Vec<Diagnostic>,
    whole: Vec<Tag>,
    steps: Vec<StepTags>,
}

impl Reader<'_> {
    fn wrong(&mut self, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.sink.push(self.source.error("tag_place", span, message).hint_maybe(hint));
    }

    fn take<T>(&mut self, parsed: Parsed<T>) -> Option<T> {
        parsed.map_err(|diagnostic| self.sink.push(*diagnostic)).ok()
    }

    /// The comments above and inside a statement.
    fn above(&mut self, index: usize, statement: &StatementText) {
        let comment_lines: BTreeSet<usize> = statement.comments.iter().filter(|c| c.is_alone).map(|c| c.line).collect();
        let first_line = self.source.line_index(statement.span.start);
        // The first of the comment lines that reach down to the statement without a gap.
        let directly_from =
            (0..first_line).rev().take_while(|line| comment_lines.contains(line)).last().unwrap_or(first_line);
        let mut step = StepTags::default();
        for comment in &statement.comments {
            let Some(tag) = tag_of(self.source, comment) else { continue };
            let is_directly_above = tag.line >= directly_from;
            let name = tag.name.as_str();
            if self.kind == FileKind::Seed {
                self.wrong(
                    tag.name_span,
                    format!("`@{name}` has no meaning in the seed"),
                    Some("leave it out".to_owned()),
                );
            } else if !tag.is_alone || tag.line >= first_line {
                self.wrong(
                    tag.name_span,
                    "a tag stands in a line of its own",
                    Some(format!("move `@{name}` into the line above")),
                );
            } else if STEP.contains(&name) {
                if self.kind == FileKind::Query {
                    let hint =
                        "a query is one SELECT: `@name`, `@expect` and `@answer` are for the statements of an action";
                    self.wrong(tag.name_span, format!("`@{name}` does not belong on a query"), Some(hint.to_owned()));
                } else if is_directly_above {
                    self.step_tag(&tag, &mut step);
                } else {
                    let hint = "leave no empty line between the tag and its statement";
                    self.wrong(
                        tag.name_span,
                        format!("`@{name}` does not stand directly above a statement"),
                        Some(hint.to_owned()),
                    );
                }
            } else if index > 0 && WHOLE.iter().any(|(other, _)| *other == name) {
                let hint = "it is said once, for the whole file";
                self.wrong(
                    tag.name_span,
                    format!("`@{name}` stands before the first statement"),
                    Some(hint.to_owned()),
                );
            } else {
                self.whole.push(tag);
            }
        }
        for comment in &statement.inner_comments {
            self.elsewhere(comment, "it stands inside a statement");
        }
        self.steps.push(step);
    }

    fn elsewhere(&mut self, comment: &Comment, why: &str) {
        if let Some(tag) = tag_of(self.source, comment) {
            let hint = match STEP.contains(&tag.name.as_str()) {
                true => "a statement's tags stand directly above it",
                false => "tags stand above the first statement",
            };
            self.wrong(tag.name_span, format!("`@{}` is misplaced: {why}", tag.name), Some(hint.to_owned()));
        }
    }

    fn step_tag(&mut self, tag: &Tag, step: &mut StepTags) {
        let is_twice = match tag.name.as_str() {
            "name" => step.name.is_some(),
            "expect" => step.expect.is_some(),
            _ => step.answer.is_some(),
        };
        if is_twice {
            self.wrong(tag.name_span, format!("`@{}` stands twice above one statement", tag.name), None);
            return;
        }
        match tag.name.as_str() {
            "name" => step.name = self.take(step::name(self.source, tag)),
            "expect" => step.expect = self.take(step::expect(self.source, tag)),
            _ => step.answer = self.take(step::answer(self.source, tag)),
        }
    }

    /// Reads the tags of the whole; parameters first, since others name them.
    fn declare(&mut self, tags: &[Tag], declaration: &mut Declaration) {
        if tags.len() > TAGS_MAX {
            self.wrong(tags[TAGS_MAX].span, format!("there are more than {TAGS_MAX} tags"), None);
            return;
        }
        for tag in tags.iter().filter(|tag| tag.name == "param") {
            if declaration.params.len() == limits::PARAMETERS_MAX {
                self.wrong(tag.span, format!("there are more than {} parameters", limits::PARAMETERS_MAX), None);
                break;
            }
            if let Some(param) = self.take(param::read(self.source, tag, &declaration.params)) {
                declaration.params.push(param);
            }
        }
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        for tag in tags {
            let name = tag.name.as_str();
            let Some((_, on)) = WHOLE.iter().find(|(other, _)| *other == name) else {
                self.unknown(tag);
                continue;
            };
            match (on, self.kind) {
                (On::Query, FileKind::Action) => {
                    self.wrong(tag.name_span, format!("`@{name}` is for queries, and this is an action"), None);
                    continue;
                }
                (On::Action, FileKind::Query) => {
                    self.wrong(tag.name_span, format!("`@{name}` is for actions, and this is a query"), None);
                    continue;
                }
                _ => {}
            }
            if !seen.insert(name) && !REPEATED.contains(&name) {
                let hint =
                    if name == "allow" { Some("write a list: `@allow user, role admin`".to_owned()) } else { None };
                self.wrong(tag.name_span, format!("`@{name}` stands twice"), hint);
                continue;
            }
            let found = self.sink.len();
            self.whole_tag(tag, declaration);
            if !IN_EFFECT.contains(&name) && self.sink.len() == found {
                let message = format!("`@{name}` is not yet in effect");
                self.sink.push(self.source.note("not_yet", tag.name_span, message));
            }
        }
        let is_allowed = seen.contains("allow") || seen.contains("on") || self.kind == FileKind::Seed;
        if !is_allowed {
            let what = if self.kind == FileKind::Action { "action" } else { "query" };
            let found = self
                .source
                .warning(
                    "no_allow",
                    Span::default(),
                    format!("only the service may call this {what}: it has no `@allow`"),
                )
                .hint("write `-- @allow anyone`, `user`, `role NAME` or, to say that this is meant, `service`");
            self.sink.push(found);
        }
    }

    fn whole_tag(&mut self, tag: &Tag, declaration: &mut Declaration) {
        let source = self.source;
        match tag.name.as_str() {
            "allow" => declaration.allow = self.take(tags::allow(source, tag)).unwrap_or_default(),
            "returns" => declaration.returns = self.take(tags::returns(source, tag)).unwrap_or_default(),
            "timeout" => declaration.timeout_ms = self.take(tags::timeout(source, tag)),
            "cache" => declaration.cache = self.take(tags::cache(source, tag)),
            "page" => {
                let reserved =
                    declaration.params.iter().find(|param| ["cursor", "size"].contains(&param.name.as_str()));
                debug_assert!(reserved.is_none(), "these names are reserved");
                declaration.page = self.take(tags::page(source, tag));
            }
            "limit" => {
                let limit = self.take(tags::limit(source, tag, &declaration.params));
                declaration.limits.extend(limit);
            }
            "route" => {
                let is_action = self.kind == FileKind::Action;
                let route = self.take(tags::route(source, tag, &declaration.params, is_action));
                declaration.routes.extend(route);
            }
            "warm" => {
                let warm = self.take(tags::warm(source, tag, &declaration.params));
                declaration.warm.extend(warm);
            }
            "scan" => {
                let scan = self.take(tags::scan(source, tag));
                declaration.scans.extend(scan);
            }
            "idempotent" => {
                let mut cursor = cursor::Cursor::new(source, tag.rest);
                declaration.is_idempotent = self.take(cursor.expect_end("`@idempotent` takes nothing")).is_some();
            }
            "on" => {
                declaration.on = self.take(tags::on(source, tag));
                self.check_on(tag, declaration);
            }
            _ => {}
        }
    }

    /// Martlet fills `user_id`, `email` and `user_metadata`; nobody would fill others.
    fn check_on(&mut self, tag: &Tag, declaration: &Declaration) {
        for param in &declaration.params {
            let (ty, is_optional_needed) = match param.name.as_str() {
                "user_id" => (Type::Uuid, false),
                "email" => (Type::Text, true),
                "user_metadata" => (Type::Jsonb, true),
                _ if param.default.is_some() => continue,
                name => {
                    let hint = "Martlet fills `user_id uuid`, `email text optional` and `user_metadata jsonb optional`; others need a default";
                    self.wrong(
                        param.span,
                        format!("nobody fills `{name}` of an action that runs `@on` a change"),
                        Some(hint.to_owned()),
                    );
                    continue;
                }
            };
            if param.ty.base != ty || param.ty.is_list || (is_optional_needed && !param.is_optional) {
                let rest = if is_optional_needed { " optional" } else { "" };
                let hint = format!("write `@param {} {ty}{rest}`", param.name);
                let message = format!("`{}` is filled by Martlet (`@{}`) and has another form", param.name, tag.name);
                self.wrong(param.span, message, Some(hint));
            }
        }
    }

    fn unknown(&mut self, tag: &Tag) {
        let name = tag.name.as_str();
        let hint = match name {
            _ if MIGRATION.contains(&name) => Some(format!("`@{name}` belongs into a migration")),
            "every" | "cron" | "after" | "http" | "verify" => Some("jobs and hooks come in a later version".to_owned()),
            "role" | "auth" | "public" => Some("write `@allow anyone`, `user`, `role NAME` or `service`".to_owned()),
            "params" | "arg" | "argument" => Some("did you mean `@param`?".to_owned()),
            "return" => Some("did you mean `@returns`?".to_owned()),
            name => {
                let names = WHOLE.iter().map(|(name, _)| *name).chain(STEP.iter().copied());
                did_you_mean(name, names.clone(), || {
                    Some(format!("tags: {}", names.map(|name| format!("@{name}")).collect::<Vec<_>>().join(", ")))
                })
                .map(|hint| hint.replace("mean `", "mean `@"))
            }
        };
        let found = self.source.error("unknown_tag", tag.name_span, format!("unknown tag `@{name}`"));
        self.sink.push(found.label("no such tag").hint_maybe(hint));
    }
}

/// The lines without a tag in the first block of comments, and in later blocks that hold a tag of the whole.
fn description(source: &Source, statement: &StatementText) -> String {
    let mut blocks: Vec<Vec<&Comment>> = Vec::new();
    for comment in statement.comments.iter().filter(|comment| comment.is_alone) {
        match blocks.last_mut() {
            Some(block) if block.last().is_some_and(|last| last.line + 1 == comment.line) => block.push(comment),
            _ => blocks.push(vec![comment]),
        }
    }
    let is_of_whole =
        |comment: &&Comment| tag_of(source, comment).is_some_and(|tag| !STEP.contains(&tag.name.as_str()));
    let mut lines: Vec<&str> = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 && !block.iter().any(is_of_whole) {
            continue;
        }
        let plain = block.iter().filter(|comment| tag_of(source, comment).is_none());
        lines.extend(plain.map(|comment| {
            let text = source.slice(comment.span);
            text.strip_prefix(' ').unwrap_or(text).trim_end()
        }));
    }
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests;
