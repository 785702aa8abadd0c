//! From a file's text to its statements: tokens with places, placeholders in one piece, the comments above each.
//!
//! Nothing is parsed that is too long or too deep: trees of a bounded depth may be walked by plain recursion.

mod depth;

use crate::source::Source;
use crate::{Diagnostic, Span};
use martlet_core::limits::SQL_TEXT_SIZE_MAX;
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace, Word};

#[cfg(test)]
use depth::SQL_CHAIN_MAX;

/// sqlparser counts several levels for one of ours.
const PARSER_LEVELS_MAX: usize = 400;
const DIALECT: PostgreSqlDialect = PostgreSqlDialect {};

/// One statement of a file.
#[derive(Debug)]
pub(crate) struct StatementText {
    /// From the first token to the last, without the semicolon.
    pub(crate) span: Span,
    /// Without blanks and comments; `:name` and `:name.column` are one [`Token::Placeholder`] each.
    pub(crate) tokens: Vec<TokenWithSpan>,
    /// The `--` comments between the statement before and this one.
    pub(crate) comments: Vec<Comment>,
    /// The `--` comments inside.
    pub(crate) inner_comments: Vec<Comment>,
}

/// A comment that begins with `--`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Comment {
    /// The text after the dashes, to the end of the line.
    pub(crate) span: Span,
    /// Index of its line.
    pub(crate) line: usize,
    /// Whether nothing else stands on its line.
    pub(crate) is_alone: bool,
}

/// A file taken apart.
#[derive(Debug, Default)]
pub(crate) struct FileText {
    pub(crate) statements: Vec<StatementText>,
    /// The `--` comments after the last statement.
    pub(crate) trailing: Vec<Comment>,
    /// The text could not be read to its end, which has been reported: the last statement may be a part of one.
    pub(crate) is_broken: bool,
}

/// Takes a file apart; what is wrong goes to `sink`.
pub(crate) fn split(source: &Source, sink: &mut Vec<Diagnostic>) -> FileText {
    if source.text().len() > SQL_TEXT_SIZE_MAX {
        let message = format!("the file has {} bytes; at most {SQL_TEXT_SIZE_MAX} are read", source.text().len());
        sink.push(source.error("text_too_large", Span::default(), message).hint("split it into several files"));
        return FileText { is_broken: true, ..FileText::default() };
    }
    if let Some(at) = source.text().find('\0') {
        sink.push(
            source
                .error("nul_character", Span { start: at, end: at + 1 }, "the text holds the character NUL")
                .hint("remove it; PostgreSQL cannot store it either"),
        );
        return FileText { is_broken: true, ..FileText::default() };
    }
    let mut tokens = Vec::new();
    let outcome = Tokenizer::new(&DIALECT, source.text()).tokenize_with_location_into_buf(&mut tokens);
    let mut file = FileText::default();
    if let Err(error) = &outcome {
        let start = source.byte_at(error.location);
        let end = source.text()[start..].chars().next().map_or(start, |c| start + c.len_utf8());
        sink.push(source.error("token", Span { start, end }, lower_first(&error.message)));
        file.is_broken = true;
    }
    collect(source, fold_placeholders(source, tokens, sink), &mut file);
    file
}

/// Joins `:` and the name after it, and a column after that.
fn fold_placeholders(source: &Source, tokens: Vec<TokenWithSpan>, sink: &mut Vec<Diagnostic>) -> Vec<TokenWithSpan> {
    let mut folded: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(mut token) = tokens.next() {
        if let Token::Placeholder(text) = &token.token {
            let span = source.span_of(token.span);
            sink.push(
                source
                    .error("positional_parameter", span, format!("`{text}` has no name"))
                    .hint("declare it with `-- @param name type` and write `:name`"),
            );
        }
        if token.token == Token::Colon
            && let Some(name) = tokens.next_if(|next| is_name_at(next, token.span.end)).and_then(name_of)
        {
            let mut text = format!(":{}", name.0);
            token.span.end = name.1;
            // Two tokens are taken or none, so look at both before taking the point.
            let mut ahead = tokens.clone();
            let point = ahead.next().filter(|next| next.token == Token::Period && next.span.start == token.span.end);
            if let Some(point) = point
                && let Some(column) = ahead.next().filter(|next| is_name_at(next, point.span.end)).and_then(name_of)
            {
                text.push('.');
                text.push_str(&column.0);
                token.span.end = column.1;
                tokens.next();
                tokens.next();
            }
            token.token = Token::Placeholder(text);
        }
        folded.push(token);
    }
    folded
}

fn is_name_at(token: &TokenWithSpan, place: Location) -> bool {
    token.span.start == place && matches!(&token.token, Token::Word(Word { quote_style: None, .. }))
}

fn name_of(token: TokenWithSpan) -> Option<(String, Location)> {
    match token.token {
        Token::Word(word) => Some((word.value, token.span.end)),
        _ => None,
    }
}

fn collect(source: &Source, tokens: Vec<TokenWithSpan>, file: &mut FileText) {
    let mut comments = Vec::new();
    let mut statement: Option<StatementText> = None;
    for token in tokens {
        let span = source.span_of(token.span);
        match &token.token {
            Token::Whitespace(Whitespace::SingleLineComment { prefix, .. }) => {
                let comment = comment_of(source, span, prefix.len());
                match &mut statement {
                    Some(statement) => statement.inner_comments.push(comment),
                    None => comments.push(comment),
                }
            }
            Token::Whitespace(_) => {}
            Token::SemiColon => file.statements.extend(statement.take()),
            _ => {
                let statement = statement.get_or_insert_with(|| StatementText {
                    span,
                    tokens: Vec::new(),
                    comments: std::mem::take(&mut comments),
                    inner_comments: Vec::new(),
                });
                statement.span.end = span.end;
                statement.tokens.push(token);
            }
        }
    }
    if let Some(mut last) = statement {
        // Comments after the last token but before any semicolon are behind the statement, not in it.
        let is_behind = |comment: &Comment| comment.span.start > last.span.end;
        let first = last.inner_comments.iter().position(is_behind).unwrap_or(last.inner_comments.len());
        file.trailing = last.inner_comments.split_off(first);
        file.statements.push(last);
    }
    file.trailing.extend(comments);
}

fn comment_of(source: &Source, span: Span, prefix: usize) -> Comment {
    let start = span.start + prefix;
    let text = source.slice(Span { start, end: span.end });
    let line = source.line_index(span.start);
    let is_alone = source.line_text(line).trim_start().starts_with("--");
    Comment { span: Span { start, end: start + text.trim_end().len() }, line, is_alone }
}

/// Whether a tree of these tokens is not too deep to parse.
pub(crate) fn check_depth(tokens: &[TokenWithSpan]) -> bool {
    depth::check(tokens).is_ok()
}

/// Parses one statement; what is wrong goes to `sink`.
pub(crate) fn parse_statement(
    source: &Source,
    statement: &StatementText,
    sink: &mut Vec<Diagnostic>,
) -> Option<ast::Statement> {
    let is_positional =
        |token: &TokenWithSpan| matches!(&token.token, Token::Placeholder(name) if !name.starts_with(':'));
    if statement.tokens.iter().any(is_positional) {
        // Reported where the file was taken apart.
        return None;
    }
    if let Err(too_deep) = depth::check(&statement.tokens) {
        let span = source.span_of(too_deep.span);
        sink.push(source.error("too_deep", span, too_deep.message).hint(too_deep.hint));
        return None;
    }
    let mut parser = Parser::new(&DIALECT)
        .with_recursion_limit(PARSER_LEVELS_MAX)
        .with_tokens_with_locations(statement.tokens.clone());
    let parsed = parser.parse_statement().and_then(|parsed| match parser.peek_token().token {
        Token::EOF => Ok(parsed),
        token => {
            let place = parser.peek_token().span.start;
            Err(ParserError::ParserError(format!("unexpected `{token}`{place}")))
        }
    });
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            sink.push(syntax_error(source, statement, &error));
            None
        }
    }
}

fn syntax_error(source: &Source, statement: &StatementText, error: &ParserError) -> Diagnostic {
    let end = Span { start: statement.span.end, end: statement.span.end };
    let text = match error {
        ParserError::RecursionLimitExceeded => {
            return source
                .error("too_deep", statement.span, "the statement is nested too deep")
                .hint("make it simpler");
        }
        ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
    };
    let (message, place) = match text.rsplit_once(" at Line: ") {
        Some((message, place)) => (message, location(place)),
        None => (text.as_str(), None),
    };
    let found = place.and_then(|place| statement.tokens.iter().find(|token| token.span.start == place));
    let span = found.map_or(end, |token| source.span_of(token.span));
    let message = message.strip_suffix(", found: EOF").map_or_else(
        || lower_first(message),
        |expected| format!("{}, but the statement ends here", lower_first(expected)),
    );
    let message = message.replacen("expected: ", "expected ", 1).replacen("found: ", "found ", 1);
    if message.eq_ignore_ascii_case("expected do, found where") {
        return source
            .error("not_portable", span, "on conflict (..) where .. is not in the portable subset")
            .hint("write `on conflict do nothing`, and an update as a statement of its own");
    }
    source.error("syntax", span, message)
}

fn location(text: &str) -> Option<Location> {
    let (line, column) = text.split_once(", Column: ")?;
    Some(Location::new(line.trim().parse().ok()?, column.trim().parse().ok()?))
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string()).unwrap_or_default();
    first + chars.as_str()
}

#[cfg(test)]
mod tests;
