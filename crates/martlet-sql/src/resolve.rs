//! From the parser's tree to our own: names, types, nullability and places, and the refusal of everything else.
//!
//! The portable subset is closed here: a construct is accepted by a rule that builds a node of [`crate::ir`], and what
//! no rule builds is refused with a place and with what to write instead. Types are those that PostgreSQL would give.
//! An expression that cannot be resolved is `Err(Reported)`: the reason has been told once, and all that depends on
//! it stays silent.

mod aggregate;
mod call;
mod coerce;
mod cte;
mod expr;
mod from;
pub(crate) mod functions;
mod group;
mod ident;
mod json;
mod literal;
mod names;
mod operator;
mod order;
mod parameter;
mod place;
mod predicate;
mod query;
mod rows;
mod scope;
mod select;
mod window;
mod write;

#[cfg(test)]
mod tests;

use crate::catalogue::Table;
use crate::ir::{self, CteId, Expr, RelationId};
use crate::source::Source;
use crate::{Catalogue, Column, Diagnostic, Param, Span, TableUse, Volatility};
use martlet_core::Type;
use scope::{CteName, RelationInfo, Scope};
use sqlparser::ast::{self, Spanned};
use std::collections::{BTreeMap, BTreeSet};

/// Relations of one statement, those inside its views and subqueries included: what SQLite joins, and a bound for
/// views that use views.
pub(crate) const RELATIONS_MAX: u32 = 64;
/// Calls of [`Resolver::expr`] and [`Resolver::query`] inside one another; `token` lets fewer levels through.
const LEVELS_MAX: usize = 600;
/// Columns of one result, and items of GROUP BY and ORDER BY.
pub(crate) const COLUMNS_MAX: usize = 500;
/// Findings of one statement; the first ones say enough.
const FINDINGS_MAX: usize = 100;

/// What names can mean in a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Environment<'a> {
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) params: &'a [Param],
    /// One for each earlier step of the action, in order.
    pub(crate) steps: &'a [StepNames<'a>],
    pub(crate) context: Context,
    pub(crate) source: &'a Source,
}

/// An earlier step of the action.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StepNames<'a> {
    /// `@name`.
    pub(crate) name: Option<&'a str>,
    /// What its statement gives.
    pub(crate) columns: &'a [Column],
}

/// Where the SQL stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Query,
    Action,
    Seed,
    View,
    Check,
    Default,
    IndexPredicate,
}

impl Context {
    /// Whether arguments and the caller are known there.
    fn has_call(self) -> bool {
        matches!(self, Context::Query | Context::Action | Context::Seed)
    }

    fn name(self) -> &'static str {
        match self {
            Context::Query => "a query",
            Context::Action => "an action",
            Context::Seed => "the seed",
            Context::View => "a view",
            Context::Check => "a check",
            Context::Default => "a default",
            Context::IndexPredicate => "an index's WHERE",
        }
    }
}

/// The reason has been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

type Resolved<T> = Result<T, Reported>;

/// Where in a SELECT an expression stands: decides whether aggregates and windows may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    Projection,
    Where,
    On,
    GroupBy,
    Having,
    OrderBy,
    Limit,
    FunctionInFrom,
    AggregateArgument,
    WindowArgument,
    Values,
    Set,
    Returning,
    Schema,
}

struct Resolver<'a> {
    env: &'a Environment<'a>,
    sink: &'a mut Vec<Diagnostic>,
    /// Findings of other statements.
    found_before: usize,
    /// From the outermost query in; the last one is searched first.
    scopes: Vec<Scope>,
    ctes: Vec<CteName>,
    relations: Vec<RelationInfo>,
    cte_count: u32,
    clause: Clause,
    /// An aggregate was met in the core at hand.
    saw_aggregate: bool,
    /// `group by` is there: every group has a row.
    groups_have_rows: bool,
    windows: Vec<(String, ast::WindowSpec)>,
    level: usize,
    volatility: Volatility,
    reads: BTreeMap<String, BTreeSet<String>>,
    params_used: BTreeSet<usize>,
    replacements: Vec<ir::Replacement>,
    /// A view is being expanded that is used at this place: all findings point there.
    view: Option<Span>,
    /// The nearest enclosing place that is known.
    place: Span,
}

/// Resolves one statement; none when `sink` has got the reasons.
pub(crate) fn statement(
    ast: &ast::Statement,
    env: &Environment<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Option<ir::Statement> {
    let mut resolver = Resolver::new(env, sink, env.source.span_of(ast.span()));
    let (command, columns, writes, rows_max) = resolver.command(ast).ok()?;
    resolver.replacements.sort_by_key(|replacement| replacement.span.start);
    Some(ir::Statement {
        command,
        columns,
        reads: uses(resolver.reads),
        writes,
        volatility: resolver.volatility,
        rows_max,
        params_used: resolver.params_used,
        replacements: resolver.replacements,
    })
}

/// As [`statement`], of a SELECT whose last columns are those of a page; and whether the last one is unique in it.
pub(crate) fn paged(
    ast: &ast::Statement,
    env: &Environment<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Option<(ir::Statement, bool)> {
    let mut resolver = Resolver::new(env, sink, env.source.span_of(ast.span()));
    let (command, columns, writes, rows_max) = resolver.command(ast).ok()?;
    let is_unique = match &command {
        ir::Command::Select(select) => match &select.body {
            ir::Body::Core(core) => !core.is_grouped && rows::last_is_unique(core, &resolver),
            _ => false,
        },
        _ => false,
    };
    resolver.replacements.sort_by_key(|replacement| replacement.span.start);
    let statement = ir::Statement {
        command,
        columns,
        reads: uses(resolver.reads),
        writes,
        volatility: resolver.volatility,
        rows_max,
        params_used: resolver.params_used,
        replacements: resolver.replacements,
    };
    Some((statement, is_unique))
}

/// Resolves an expression of the schema: CHECK and index predicates over a table's row (relation 0), a column's
/// default over nothing. The result has the type `target`.
pub(crate) fn table_expression(
    ast: &ast::Expr,
    table: &Table,
    target: Type,
    env: &Environment<'_>,
    sink: &mut Vec<Diagnostic>,
) -> Option<Expr> {
    let mut resolver = Resolver::new(env, sink, env.source.span_of(ast.span()));
    resolver.clause = Clause::Schema;
    if env.context != Context::Default {
        let id = resolver.add_table(table, &table.name, false).ok()?;
        resolver.scopes.push(Scope::of(&[id], &resolver.relations));
    }
    let expr = resolver.expr_as(ast, target).ok()?;
    if env.context != Context::Default && resolver.volatility != Volatility::Immutable {
        let span = expr.span;
        let message = format!("{} must give the same whenever it is asked", env.context.name());
        resolver.report("volatile", span, message, "leave out now(), current_date and random()");
        return None;
    }
    Some(expr)
}

fn uses(tables: BTreeMap<String, BTreeSet<String>>) -> Vec<TableUse> {
    tables.into_iter().map(|(table, columns)| TableUse { table, columns }).collect()
}

impl<'a> Resolver<'a> {
    fn new(env: &'a Environment<'a>, sink: &'a mut Vec<Diagnostic>, place: Span) -> Self {
        let found_before = sink.len();
        Self {
            env,
            sink,
            found_before,
            scopes: Vec::new(),
            ctes: Vec::new(),
            relations: Vec::new(),
            cte_count: 0,
            clause: Clause::Projection,
            saw_aggregate: false,
            groups_have_rows: false,
            windows: Vec::new(),
            level: 0,
            volatility: Volatility::Immutable,
            reads: BTreeMap::new(),
            params_used: BTreeSet::new(),
            replacements: Vec::new(),
            view: None,
            place,
        }
    }

    /// Tells a finding and what to write instead.
    fn report(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Reported {
        let span = self.view.unwrap_or(span);
        let mut found = self.env.source.error(code, span, message);
        let hint = hint.into();
        if !hint.is_empty() {
            found = found.hint(hint);
        }
        // One mistake may be met twice, such as a column of a view.
        let own = self.sink.get(self.found_before..).unwrap_or_default();
        if own.len() < FINDINGS_MAX && !own.contains(&found) {
            self.sink.push(found);
        }
        Reported
    }

    /// As [`Resolver::report`], as a result.
    fn fail<T>(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Resolved<T> {
        Err(self.report(code, span, message, hint))
    }

    /// Refuses a construct that is not on the list.
    fn unsupported<T>(&mut self, span: Span, what: &str, hint: impl Into<String>) -> Resolved<T> {
        self.fail("not_portable", span, format!("{what} is not in the portable subset"), hint)
    }

    /// The place of a node, or the nearest enclosing one where the parser keeps none.
    fn span(&self, node: &impl Spanned) -> Span {
        self.span_of(node.span())
    }

    fn span_of(&self, span: sqlparser::tokenizer::Span) -> Span {
        match (self.view, span.start.line) {
            (Some(view), _) => view,
            (None, 0) => self.place,
            (None, _) => self.env.source.span_of(span),
        }
    }

    /// The author's text of a place, when it is short enough to quote.
    fn quote(&self, span: Span) -> Option<&'a str> {
        let text = self.env.source.slice(span);
        let is_short = !text.is_empty() && text.len() <= 40 && !text.contains('\n');
        (self.view.is_none() && is_short && place::is_balanced(text)).then_some(text)
    }

    /// The author's text, or a stand-in for what is too long.
    fn quote_or<'b>(&self, span: Span, otherwise: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.quote(span).unwrap_or(otherwise)
    }

    /// Runs `work` one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Resolved<T>) -> Resolved<T> {
        if self.level >= LEVELS_MAX {
            let place = self.place;
            return self.fail("too_deep", place, "the statement is nested too deep", "make it simpler");
        }
        self.level += 1;
        let done = work(self);
        self.level -= 1;
        done
    }

    /// Runs `work` as part of a clause.
    fn within<T>(&mut self, clause: Clause, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.clause, clause);
        let done = work(self);
        self.clause = before;
        done
    }

    /// Resolves every item, so that all mistakes are told, then fails if one did.
    fn each<T, I>(
        &mut self,
        items: impl IntoIterator<Item = I>,
        mut resolve: impl FnMut(&mut Self, I) -> Resolved<T>,
    ) -> Resolved<Vec<T>> {
        let results: Vec<Resolved<T>> = items.into_iter().map(|item| resolve(self, item)).collect();
        results.into_iter().collect()
    }

    fn next_relation(&self) -> RelationId {
        RelationId(u32::try_from(self.relations.len()).unwrap_or(u32::MAX))
    }

    fn next_cte(&mut self) -> CteId {
        self.cte_count += 1;
        CteId(self.cte_count - 1)
    }
}
