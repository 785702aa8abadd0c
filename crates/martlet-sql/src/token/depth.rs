//! How deep the tree of a statement can become, told from its tokens.
//!
//! sqlparser builds `a or b or c ...` by a loop, so its own limit does not see a chain that is as deep as it is long;
//! and whoever walks or drops such a tree recurses. A comma is all that ends a chain for certain: keywords may be names.

use martlet_core::limits::SQL_DEPTH_MAX;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Span, Token, TokenWithSpan};

/// Operators between two commas, those of enclosing brackets included.
pub(crate) const SQL_CHAIN_MAX: usize = 256;

#[derive(Debug)]
pub(super) struct TooDeep {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// One bracket, or CASE, that is open.
#[derive(Default)]
struct Level {
    is_case: bool,
    /// Operators since the last comma.
    operators: usize,
    /// The deepest bracket since the last comma.
    inner: usize,
    /// The deepest part so far.
    deepest: usize,
    /// Set operations and joins: commas do not end their chain.
    set_operations: usize,
}

impl Level {
    fn end_part(&mut self) {
        self.deepest = self.deepest.max(self.operators + self.inner);
        self.operators = 0;
        self.inner = 0;
    }

    fn depth(&mut self) -> usize {
        self.end_part();
        self.deepest + self.set_operations
    }
}

pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), TooDeep> {
    let mut levels = vec![Level::default()];
    for token in tokens {
        match step(&token.token, levels.last().is_some_and(|level| level.is_case)) {
            Effect::None => continue,
            Effect::Open { is_case } => {
                if levels.len() > SQL_DEPTH_MAX {
                    return Err(TooDeep {
                        span: token.span,
                        message: format!("brackets are nested more than {SQL_DEPTH_MAX} deep"),
                        hint: "split it, for example by a common table expression (with x as (...))",
                    });
                }
                // `a[1][1]` and `int[][]` become deeper with each bracket.
                if let Some(outer) = levels.last_mut().filter(|_| token.token == Token::LBracket) {
                    outer.operators += 1;
                }
                levels.push(Level { is_case, ..Level::default() });
                continue;
            }
            Effect::Close => {
                if levels.len() > 1
                    && let Some(mut closed) = levels.pop()
                    && let Some(outer) = levels.last_mut()
                {
                    outer.inner = outer.inner.max(1 + closed.depth());
                }
            }
            Effect::Comma => levels.iter_mut().last().into_iter().for_each(Level::end_part),
            Effect::Operator => levels.iter_mut().last().into_iter().for_each(|level| level.operators += 1),
            Effect::SetOperation => levels.iter_mut().last().into_iter().for_each(|level| level.set_operations += 1),
        }
        let level = levels.last_mut().expect("the outermost level is never closed");
        if level.deepest.max(level.operators + level.inner) + level.set_operations > SQL_CHAIN_MAX {
            return Err(TooDeep {
                span: token.span,
                message: format!("more than {SQL_CHAIN_MAX} operators in one chain"),
                hint: "write `x = any(:list)` or `x in (...)` instead of many `or`, or split the expression",
            });
        }
    }
    // Brackets that nobody closes: the parser recurses into them all the same.
    let open: usize = levels.iter_mut().map(|level| 1 + level.depth()).sum();
    match tokens.last() {
        Some(last) if open > SQL_CHAIN_MAX + 1 => Err(TooDeep {
            span: last.span,
            message: format!("more than {SQL_CHAIN_MAX} operators in one chain"),
            hint: "close the brackets that are open here",
        }),
        _ => Ok(()),
    }
}

enum Effect {
    None,
    Open { is_case: bool },
    Close,
    Comma,
    Operator,
    SetOperation,
}

fn step(token: &Token, is_in_case: bool) -> Effect {
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => Effect::Open { is_case: false },
        Token::RParen | Token::RBracket | Token::RBrace => Effect::Close,
        Token::Comma => Effect::Comma,
        Token::Word(word) if word.quote_style.is_none() => match word.keyword {
            Keyword::CASE => Effect::Open { is_case: true },
            Keyword::END if is_in_case => Effect::Close,
            Keyword::WHEN | Keyword::THEN | Keyword::ELSE if is_in_case => Effect::Comma,
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS | Keyword::JOIN => {
                Effect::SetOperation
            }
            Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::NOTNULL
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::SIMILAR
            | Keyword::BETWEEN
            | Keyword::AT
            | Keyword::COLLATE
            | Keyword::INTERVAL
            | Keyword::OVERLAPS
            | Keyword::OPERATOR
            | Keyword::EXPLAIN
            | Keyword::PRIOR
            | Keyword::ARRAY => Effect::Operator,
            _ => Effect::None,
        },
        Token::Word(_)
        | Token::Number(..)
        | Token::Char(_)
        | Token::SingleQuotedString(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::NationalStringLiteral(_)
        | Token::HexStringLiteral(_)
        | Token::DollarQuotedString(_)
        | Token::Placeholder(_)
        | Token::Period
        | Token::SemiColon
        | Token::EOF => Effect::None,
        _ => Effect::Operator,
    }
}
