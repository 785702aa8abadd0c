//! The lines of a header: which is a tag, which a part of the description.

use crate::Span;
use crate::source::Source;
use crate::token::Comment;

/// `@name rest`.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    /// Without the `@`.
    pub(crate) name: String,
    /// With the `@`.
    pub(crate) name_span: Span,
    /// What follows, without blanks at its ends.
    pub(crate) rest: Span,
    /// From the `@` to the end.
    pub(crate) span: Span,
    /// Index of its line.
    pub(crate) line: usize,
    /// Whether nothing else stands on its line.
    pub(crate) is_alone: bool,
}

/// The tag that a comment begins with, if it does.
pub(crate) fn tag_of(source: &Source, comment: &Comment) -> Option<Tag> {
    let text = source.slice(comment.span);
    let start = comment.span.start + (text.len() - text.trim_start().len());
    let text = text.trim();
    let after = text.strip_prefix('@')?;
    let size = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(after.len());
    if !after.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let name_span = Span { start, end: start + 1 + size };
    let end = start + text.len();
    let rest = &after[size..];
    let rest = Span { start: end - rest.trim_start().len(), end };
    let span = Span { start, end };
    Some(Tag { name: after[..size].to_owned(), name_span, rest, span, line: comment.line, is_alone: comment.is_alone })
}
