//! Expressions of DDL: checks, defaults, predicates of indexes. They are kept as text, so that a rename can be replayed.

use super::schema::{Expression, Schema};
use crate::catalogue::Table;
use crate::resolve::{self, Context, Environment};
use crate::source::Source;
use crate::{Diagnostic, Span, lower};
use martlet_core::Type;
use sqlparser::ast;
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer, Word};
use std::collections::BTreeSet;

/// Resolves an expression over one table and writes it for SQLite.
#[expect(clippy::too_many_arguments, reason = "the pieces of one call, all of different types")]
pub(super) fn lower(
    schema: &Schema,
    table: &Table,
    ast: &ast::Expr,
    context: Context,
    target: Option<Type>,
    source: &Source,
    span: Span,
    sink: &mut Vec<Diagnostic>,
) -> Option<Expression> {
    let env = Environment { catalogue: &schema.catalogue, params: &[], steps: &[], context, source };
    let before = sink.len();
    let target = target.unwrap_or(Type::Boolean);
    let Some(resolved) = resolve::table_expression(ast, table, target, &env, sink) else {
        if sink.len() == before {
            sink.push(source.error("expression", span, "this expression cannot be used here"));
        }
        return None;
    };
    Some(Expression { text: ast.to_string(), sqlite: lower::table_expression(&resolved, table) })
}

/// Resolves an expression again after a rename; none if it cannot be, which only a bug of ours can bring about.
pub(super) fn lower_again(
    schema: &Schema,
    table: &Table,
    text: String,
    context: Context,
    target: Type,
) -> Option<Expression> {
    let source = Source::new("", &text);
    let ast = Parser::new(&PostgreSqlDialect {}).try_with_sql(&text).and_then(|mut parser| parser.parse_expr()).ok()?;
    lower(schema, table, &ast, context, Some(target), &source, Span::default(), &mut Vec::new())
}

fn tokens(text: &str) -> Vec<Token> {
    Tokenizer::new(&PostgreSqlDialect {}, text).with_unescape(false).tokenize().unwrap_or_default()
}

fn means(word: &Word, name: &str) -> bool {
    match word.quote_style {
        Some(quote) => word.value.replace(&format!("{quote}{quote}"), &quote.to_string()) == name,
        None => word.value.to_lowercase() == name,
    }
}

/// Whether the word at `index` can be a column: not a function's name, a type, or a qualifier.
fn is_column_at(tokens: &[Token], index: usize) -> bool {
    let solid = |token: &&Token| !matches!(token, Token::Whitespace(_));
    let next = tokens[index + 1..].iter().find(solid);
    let before = tokens[..index].iter().rev().find(solid);
    !matches!(next, Some(Token::LParen | Token::Period)) && !matches!(before, Some(Token::DoubleColon))
}

/// Which of these columns a text names.
pub(super) fn columns_in<'a>(text: &str, columns: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let tokens = tokens(text);
    let is_named = |name: &str| {
        tokens.iter().enumerate().any(|(index, token)| match token {
            Token::Word(word) => means(word, name) && is_column_at(&tokens, index),
            _ => false,
        })
    };
    columns.into_iter().filter(|name| is_named(name)).map(str::to_owned).collect()
}

/// The text with a column, or the table itself, renamed.
pub(super) fn rename(text: &str, old: &str, new: &str, is_table: bool) -> String {
    let all = tokens(text);
    // A table is renamed where it qualifies a column, and nowhere else.
    let is_kind = |index: usize| !is_table || matches!(all.get(index + 1), Some(Token::Period));
    let mut renamed = String::with_capacity(text.len());
    for (index, token) in all.iter().enumerate() {
        match token {
            Token::Word(word) if means(word, old) && is_column_at(&all, index) != is_table && is_kind(index) => {
                renamed.push_str(&super::sqlite::quote(new));
            }
            token => renamed.push_str(&token.to_string()),
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_columns_and_nothing_else() {
        let text = "length(length) > 0 AND t.length <> 'length' AND x::text = \"length\"";
        assert_eq!(
            rename(text, "length", "Size", false),
            "length(\"Size\") > 0 AND t.\"Size\" <> 'length' AND x::text = \"Size\""
        );
        assert_eq!(rename("t.a > 0", "t", "u", true), "\"u\".a > 0");
        assert_eq!(columns_in(text, ["length", "x", "t", "text"]), ["length".to_owned(), "x".to_owned()].into());
    }
}
