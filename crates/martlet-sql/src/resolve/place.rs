//! Where an expression begins and ends: the parser keeps the places of names and constants, not of brackets, keywords
//! and casts. What is found here is for marks in findings, and for the calls that become placeholders.

use super::Resolver;
use crate::Span;
use sqlparser::ast::{self, Expr as E};

/// How far a keyword may stand before what the parser knows of.
const BEFORE_MAX: usize = 64;

impl Resolver<'_> {
    /// The place of an expression, as whole as can be told.
    pub(super) fn expr_span(&self, expr: &E) -> Span {
        if let Some(view) = self.view {
            return view;
        }
        let text = self.env.source.text();
        let span = match expr {
            E::BinaryOp { left, right, .. } => {
                Span { start: self.expr_span(left).start, end: self.expr_span(right).end }
            }
            E::Cast { kind: ast::CastKind::DoubleColon, expr, .. } => {
                let span = widened(text, self.expr_span(expr));
                Span { start: span.start, end: end_of_cast(text, span.end).unwrap_or(span.end) }
            }
            E::Function(function) => {
                let span = self.span(expr);
                match &function.args {
                    ast::FunctionArguments::None => span,
                    _ => Span { start: span.start, end: end_of_call(text, span.start).unwrap_or(span.end) },
                }
            }
            E::Cast { .. } => behind_word(text, self.span(expr), "cast"),
            E::Extract { .. } => behind_word(text, self.span(expr), "extract"),
            E::Ceil { .. } => behind_word(text, self.span(expr), "ceil"),
            E::Floor { .. } => behind_word(text, self.span(expr), "floor"),
            E::Trim { .. } => behind_word(text, self.span(expr), "trim"),
            E::Substring { .. } => behind_word(text, self.span(expr), "substr"),
            E::Position { .. } => behind_word(text, self.span(expr), "position"),
            E::Array(_) => self.span(expr),
            E::UnaryOp { expr: inner, .. } | E::Interval(ast::Interval { value: inner, .. }) => {
                let span = self.expr_span(inner);
                Span { start: start_of_word(text, span.start), end: span.end }
            }
            E::TypedString(_) => {
                let span = self.span(expr);
                Span { start: start_of_word(text, span.start), end: span.end }
            }
            _ => self.span(expr),
        };
        widened(text, span)
    }
}

/// The span with the brackets that it begins or ends inside of.
fn widened(text: &str, span: Span) -> Span {
    let Some(inside) = text.get(span.start..span.end) else { return span };
    let (mut depth, mut missing) = (0_usize, 0_usize);
    for byte in inside.bytes() {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' if depth == 0 => missing += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
    }
    if depth == 0 && missing == 0 {
        return span;
    }
    let before = text.as_bytes().iter().enumerate().take(span.start).rev();
    let start = before.filter(|(_, byte)| matches!(byte, b'(' | b'[')).nth(missing.wrapping_sub(1));
    let after = text.as_bytes().iter().enumerate().skip(span.end);
    let end = after.filter(|(_, byte)| matches!(byte, b')' | b']')).nth(depth.wrapping_sub(1));
    Span { start: start.map_or(span.start, |(at, _)| at), end: end.map_or(span.end, |(at, _)| at + 1) }
}

/// The span of the call of a word whose arguments are known.
fn behind_word(text: &str, span: Span, word: &str) -> Span {
    let mut from = span.start.saturating_sub(BEFORE_MAX);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text.get(from..span.start).unwrap_or("").to_ascii_lowercase();
    let found = before.rfind(word).map(|at| from + at);
    match found.and_then(|start| end_of_call(text, start).map(|end| Span { start, end })) {
        Some(call) if call.end >= span.end => call,
        _ => span,
    }
}

/// Where the word or sign before a place begins, blanks between them passed over.
fn start_of_word(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or("").trim_end();
    let word = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    match before.len() - word.len() {
        0 if before.ends_with(['-', '+']) => before.len() - 1,
        0 => at,
        _ => word.len(),
    }
}

/// The byte behind `::type`.
fn end_of_cast(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let name = rest.trim_start().strip_prefix("::")?.trim_start();
    let word = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let mut length = word(name);
    if name[..length].eq_ignore_ascii_case("double") {
        let more = name[length..].trim_start();
        length = name.len() - more.len() + word(more);
    }
    if name[length..].starts_with('(') {
        length += name[length..].find(')')? + 1;
    }
    if name[length..].starts_with("[]") {
        length += 2;
    }
    Some(at + rest.len() - name.len() + length)
}

/// The byte behind the closing bracket of the call whose name begins at `start`.
pub(super) fn end_of_call(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = start;
    let mut depth = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            quote @ (b'\'' | b'"') => at += 1 + bytes[at + 1..].iter().position(|byte| *byte == quote)?,
            b'-' if bytes[at..].starts_with(b"--") => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n')?;
            }
            b'/' if bytes[at..].starts_with(b"/*") => at = end_of_comment(bytes, at)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether every bracket has its partner: a place that the parser gives may begin or end inside brackets.
pub(super) fn is_balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for byte in text.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// The last byte of a comment that may hold others.
fn end_of_comment(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut depth = 0_usize;
    loop {
        match bytes.get(at..at + 2)? {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Some(at - 1);
                }
            }
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::end_of_call;

    #[test]
    fn a_call_ends_at_its_own_bracket() {
        for text in
            ["auth.uid()", "f(a, (b), ')')", "f /* ( */ (x -- )\n)", "\"f(\"(1)", "f('it''s)')", "f(/* /* ) */ */ 1)"]
        {
            assert_eq!(end_of_call(&format!("{text} + 1)"), 0), Some(text.len()), "{text}");
        }
        for text in ["", "f", "f(", "f('", "f(/*", ")", "f --("] {
            assert_eq!(end_of_call(text, 0), None, "{text}");
        }
    }
}
