//! `@page`: the order, the limit and the keyset condition that the compiler adds to a plain SELECT.
//!
//! They are added to the author's own text and that is compiled as any other, so that both engines get the same: a
//! plan for the first page and one for what comes after a cursor. The page's columns stand behind those of the
//! author's as hidden ones. A row comparison is used where all columns go the same way, since an index serves it
//! whole; otherwise the leading column is bounded by itself and the rest is told apart among its equals.

use super::plan;
use crate::dependency::Dependencies;
use crate::resolve::{self, Context, Environment};
use crate::source::Source;
use crate::token::{self, StatementText};
use crate::{Catalogue, Column, Declaration, Diagnostic, Page, PagePlan, Param, Severity, Span, Statement, Volatility};
use martlet_core::{ParamType, Type};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::Token;

/// Name of the hidden parameter that says how many rows are wanted.
const SIZE: &str = "martlet_page_size";

/// A plan and what its answers rest on.
type Analysed = (Statement, Dependencies);

/// What the two plans of a page are made from.
pub(super) struct Paged<'a> {
    pub(super) source: &'a Source,
    pub(super) text: &'a StatementText,
    pub(super) declaration: &'a Declaration,
    pub(super) catalogue: &'a Catalogue,
    /// As the author wrote it, without a page.
    pub(super) own: &'a Statement,
}

/// Bytes of the author's statement, from its first.
struct Places {
    /// Where the columns end and FROM begins.
    from: usize,
    /// The condition of WHERE, if there is one.
    filter: Option<(usize, usize)>,
    /// Where a WHERE would stand.
    filter_end: usize,
}

impl Paged<'_> {
    /// The plan of the first page and of the others; none when `sink` has got the reasons.
    pub(super) fn plans(&self, page: &Page, sink: &mut Vec<Diagnostic>) -> Option<(Analysed, PagePlan)> {
        let Some(places) = self.places() else {
            let message = "a query with `@page` has a FROM, whose rows it pages through";
            sink.push(self.source.error("page_statement", page.span, message));
            return None;
        };
        let mut params = self.declaration.params.clone();
        params.push(hidden(SIZE, Type::Bigint));
        let ((first, dependencies), mut keys, is_unique) =
            self.compile(&self.written(page, &places, None), &params, page, sink)?;
        if !self.check(page, &first, &keys, is_unique, sink) {
            return None;
        }
        params.extend(keys.iter().map(|key| hidden(&key.name, key.ty)));
        let condition = condition(page);
        let ((after, after_dependencies), ..) =
            self.compile(&self.written(page, &places, Some(&condition)), &params, page, sink)?;
        for (key, (expression, _)) in keys.iter_mut().zip(&page.by) {
            key.name.clone_from(expression);
        }
        Some(((first, dependencies), PagePlan { after, after_dependencies, keys }))
    }

    /// The author's text with the page's columns, order and limit, and the condition, if there is one.
    fn written(&self, page: &Page, places: &Places, condition: Option<&str>) -> String {
        let text = self.source.slice(self.text.span);
        // A line comment may stand at the end of any part.
        let mut written = format!("{}\n", &text[..places.from]);
        for (index, (expression, _)) in page.by.iter().enumerate() {
            written.push_str(&format!(", ({expression}) as \"{}\"\n", key_name(index)));
        }
        match (places.filter, condition) {
            (_, None) => written.push_str(&text[places.from..]),
            (Some((start, end)), Some(condition)) => {
                let (before, filter, rest) = (&text[places.from..start], &text[start..end], &text[end..]);
                written.push_str(&format!("{before} ({filter}\n) and {condition} {rest}"));
            }
            (None, Some(condition)) => {
                let (before, rest) = (&text[places.from..places.filter_end], &text[places.filter_end..]);
                written.push_str(&format!("{before}\nwhere {condition} {rest}"));
            }
        }
        let order = page.by.iter().enumerate().map(|(index, (_, is_descending))| {
            format!("\"{}\"{}", key_name(index), if *is_descending { " desc" } else { "" })
        });
        written.push_str(&format!("\norder by {} limit :{SIZE}", order.collect::<Vec<_>>().join(", ")));
        written
    }

    /// A plan, its hidden columns, and whether the last of them is unique in the result.
    fn compile(
        &self,
        written: &str,
        params: &[Param],
        page: &Page,
        sink: &mut Vec<Diagnostic>,
    ) -> Option<(Analysed, Vec<Column>, bool)> {
        let source = Source::new(self.source.path(), written);
        let mut own = Vec::new();
        let file = token::split(&source, &mut own);
        let ast = file.statements.first().and_then(|text| token::parse_statement(&source, text, &mut own));
        let env =
            Environment { catalogue: self.catalogue, params, steps: &[], context: Context::Query, source: &source };
        let resolved = ast.and_then(|ast| resolve::paged(&ast, &env, &mut own));
        // What is wrong is wrong in the tag: the author's own text has been resolved.
        for found in own.into_iter().filter(|found| found.severity == Severity::Error) {
            let message = format!("`@page`: {}", found.message);
            sink.push(self.source.error(found.code, page.span, message).hint_maybe(found.hint));
        }
        let (resolved, is_unique) = resolved?;
        let span = file.statements.first()?.span;
        let dependencies = Dependencies::of(&resolved, self.declaration, self.catalogue);
        let mut statement = plan::plan(&source, span, resolved);
        statement.span = self.text.span;
        statement.rows_max = Some(u64::from(page.size_max) + 1);
        let keys = statement.columns.split_off(self.own.columns.len());
        statement.json.truncate(self.own.columns.len());
        Some(((statement, dependencies), keys, is_unique))
    }

    fn check(
        &self,
        page: &Page,
        first: &Statement,
        keys: &[Column],
        is_unique: bool,
        sink: &mut Vec<Diagnostic>,
    ) -> bool {
        let mut wrong = |message: String, hint: &str| {
            sink.push(self.source.error("page_columns", page.span, message).hint(hint));
            false
        };
        for (key, (expression, _)) in keys.iter().zip(&page.by) {
            if key.is_nullable {
                let hint = "name a column that is `not null`, or `coalesce(column, ...)`";
                return wrong(format!("`{expression}` may be null, so rows could be left out"), hint);
            }
        }
        if first.volatility > self.own.volatility.max(Volatility::Immutable) {
            return wrong("a column of the page differs from call to call".to_owned(), "name columns of the tables");
        }
        if !is_unique {
            let last = page.by.last().map_or("", |(expression, _)| expression.as_str());
            let message = format!("`{last}`, the last column of the page, is not unique in the result");
            let hint = "end with a key of a table that every join keeps single, such as its `id`";
            return wrong(message, hint);
        }
        true
    }

    /// Where FROM and WHERE stand, outside of all brackets.
    fn places(&self) -> Option<Places> {
        let start = self.text.span.start;
        let mut depth = 0_usize;
        let mut places: Option<Places> = None;
        let mut filter_start = None;
        let mut before: Option<Keyword> = None;
        let mut end = self.text.span.end - start;
        for token in &self.text.tokens {
            let span = self.source.span_of(token.span);
            let keyword = match &token.token {
                Token::Word(word) if word.quote_style.is_none() => Some(word.keyword),
                _ => None,
            };
            match &token.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            match keyword.filter(|_| depth == 0) {
                // Not the one of `is distinct from`.
                Some(Keyword::FROM) if places.is_none() && before != Some(Keyword::DISTINCT) => {
                    places = Some(Places { from: span.start - start, filter: None, filter_end: end });
                }
                Some(Keyword::WHERE) if places.is_some() && filter_start.is_none() => {
                    filter_start = Some((span.start - start, span.end - start));
                }
                Some(Keyword::WINDOW) if places.is_some() => {
                    end = span.start - start;
                    break;
                }
                _ => {}
            }
            before = keyword;
        }
        let mut places = places?;
        places.filter_end = end;
        places.filter = filter_start.map(|(_, condition)| (condition, end));
        Some(places)
    }
}

/// `(a, b) < (:a, :b)`, or its parts where the columns go different ways.
fn condition(page: &Page) -> String {
    let columns: Vec<(String, String, bool)> = page
        .by
        .iter()
        .enumerate()
        .map(|(index, (expression, is_descending))| {
            (format!("({expression})"), format!(":{}", key_name(index)), *is_descending)
        })
        .collect();
    let operator = |is_descending: bool| if is_descending { "<" } else { ">" };
    let first = columns.first().is_some_and(|column| column.2);
    if columns.iter().all(|column| column.2 == first) {
        let (names, values): (Vec<&str>, Vec<&str>) =
            columns.iter().map(|(name, value, _)| (name.as_str(), value.as_str())).unzip();
        return match columns.len() {
            1 => format!("({} {} {})", names[0], operator(first), values[0]),
            _ => format!("(({}) {} ({}))", names.join(", "), operator(first), values.join(", ")),
        };
    }
    let mut condition = String::new();
    for (index, (name, value, is_descending)) in columns.iter().enumerate().rev() {
        let operator = operator(*is_descending);
        condition = if index + 1 == columns.len() {
            format!("{name} {operator} {value}")
        } else {
            format!("{name} {operator}= {value} and ({name} {operator} {value} or ({condition}))")
        };
    }
    format!("({condition})")
}

fn key_name(index: usize) -> String {
    format!("martlet_page_{}", index + 1)
}

fn hidden(name: &str, base: Type) -> Param {
    Param {
        name: name.to_owned(),
        ty: ParamType { base, is_list: false },
        rules: Vec::new(),
        is_optional: false,
        default: None,
        description: String::new(),
        span: Span::default(),
    }
}
