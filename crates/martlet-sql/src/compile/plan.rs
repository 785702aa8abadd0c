//! Queries, actions and the seed: header, statements, plan.

use super::files::Folder;
use super::json_type;
use super::page::Paged;
use crate::app::{App, Seed};
use crate::catalogue;
use crate::dependency::Dependencies;
use crate::header::{self, FileKind, Header};
use crate::nearest::did_you_mean;
use crate::resolve::{self, Context, Environment, StepNames};
use crate::source::Source;
use crate::token::{self, FileText, StatementText};
use crate::{
    Action, Bound, Catalogue, Column, Declaration, Diagnostic, LimitPer, Param, Query, Returns, Rule, SourceFile, Span,
    Statement, Step, lower, postgres,
};
use martlet_core::{ParamType, Type, limits};
use sqlparser::ast::{self, TableObject};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Statements of the seed.
const SEED_STATEMENTS_MAX: usize = 1_000;

/// Compiles all declared files of a folder into the app.
pub(super) fn declared(folder: &Folder<'_>, app: &mut App, sink: &mut Vec<Diagnostic>) {
    let mut routes = Routes::default();
    for (name, file) in &folder.queries {
        let source = Source::of_file(file);
        if let Some(query) = query(name, file, &source, &app.catalogue, &mut routes, sink) {
            app.queries.insert((*name).to_owned(), Arc::new(query));
        }
    }
    for (name, file) in &folder.actions {
        let source = Source::of_file(file);
        if let Some(action) = action(name, file, &source, &app.catalogue, &mut routes, sink) {
            app.actions.insert((*name).to_owned(), Arc::new(action));
        }
    }
    app.seed = folder.seed.and_then(|file| seed(file, &app.catalogue, sink)).map(Arc::new);
}

/// Routes of the folder so far: method and path without the parameters' names; whose they are, and where.
#[derive(Default)]
struct Routes(BTreeMap<(String, String), (String, String)>);

impl Routes {
    fn add(&mut self, source: &Source, declaration: &Declaration, sink: &mut Vec<Diagnostic>) {
        for route in &declaration.routes {
            let shape: Vec<&str> =
                route.path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part }).collect();
            let key = (route.method.clone(), shape.join("/"));
            if let Some((other, place)) = self.0.get(&key) {
                let message = format!("`{} {}` is also a route of `{other}`, at {place}", route.method, route.path);
                sink.push(source.error("duplicate_route", route.span, message).hint("give one of them another path"));
            } else {
                let (line, _) = source.line_column(route.span.start);
                self.0.insert(key, (declaration.name.clone(), format!("{}:{line}", source.path())));
            }
        }
    }
}

/// A file taken apart, its header read.
fn open(source: &Source, kind: FileKind, name: &str, sink: &mut Vec<Diagnostic>) -> (FileText, Header) {
    let file = token::split(source, sink);
    let header = header::read(source, &file, kind, name, sink);
    if file.statements.is_empty() && !file.is_broken {
        let message = match kind {
            FileKind::Query => "the file has no statement: a query is one SELECT",
            FileKind::Action => "the file has no statement: an action is one or more",
            FileKind::Seed => "the file has no statement",
        };
        let end = Span { start: source.text().len(), end: source.text().len() };
        let found = match kind {
            FileKind::Seed => source.warning("no_statement", end, message),
            _ => source.error("no_statement", end, message),
        };
        sink.push(found);
    }
    (file, header)
}

fn parse_whole(source: &Source, file: &FileText, index: usize, sink: &mut Vec<Diagnostic>) -> Option<ast::Statement> {
    // The last statement of a file that could not be read to its end is a part of one.
    if file.is_broken && index + 1 == file.statements.len() {
        return None;
    }
    token::parse_statement(source, file.statements.get(index)?, sink)
}

fn query(
    name: &str,
    file: &SourceFile,
    source: &Source,
    catalogue: &Catalogue,
    routes: &mut Routes,
    sink: &mut Vec<Diagnostic>,
) -> Option<Query> {
    let (text, mut header) = open(source, FileKind::Query, name, sink);
    routes.add(source, &header.declaration, sink);
    check_scans(source, &header.declaration, catalogue, sink);
    if let Some(second) = text.statements.get(1) {
        let found = source
            .error("one_statement", second.span, "a query is one SELECT, and this is a second statement")
            .hint("write one file for each, or an action");
        sink.push(found);
    }
    let statement_text = text.statements.first()?;
    let ast = parse_whole(source, &text, 0, sink)?;
    let ast::Statement::Query(select) = &ast else {
        let span = first_token(source, statement_text);
        let (message, hint) = match &ast {
            ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_) => {
                ("a query is one SELECT: it cannot write", "move the file to `actions/`")
            }
            _ => ("a query is one SELECT", "write `select`, `values` or `with ... select`"),
        };
        sink.push(source.error("not_a_query", span, message).hint(hint));
        return None;
    };
    let is_pageable = check_page(source, &header.declaration, select, sink);
    let env =
        Environment { catalogue, params: &header.declaration.params, steps: &[], context: Context::Query, source };
    let resolved = resolve::statement(&ast, &env, sink)?;
    if text.statements.len() == 1 {
        warn_unused(source, &header.declaration, &resolved.params_used, sink);
    }
    let mut dependencies = Dependencies::of(&resolved, &header.declaration, catalogue);
    let mut statement = plan(source, statement_text.span, resolved);
    check_returns(source, &mut header, &statement, sink);
    let mut page = None;
    if let Some(declared) = header.declaration.page.as_ref().filter(|_| is_pageable) {
        if header.declaration.returns != Returns::Rows {
            let message = "a query with `@page` returns rows";
            sink.push(source.error("page_statement", declared.span, message).hint("leave `@returns` out"));
            return None;
        }
        let declaration = &header.declaration;
        let paged = Paged { source, text: statement_text, declaration, catalogue, own: &statement };
        let (first, others) = paged.plans(declared, sink)?;
        (statement, dependencies, page) = (first.0, first.1, Some(others));
    }
    Some(Query { declaration: header.declaration, file: file.path.clone(), statement, page, dependencies })
}

fn action(
    name: &str,
    file: &SourceFile,
    source: &Source,
    catalogue: &Catalogue,
    routes: &mut Routes,
    sink: &mut Vec<Diagnostic>,
) -> Option<Action> {
    let (text, mut header) = open(source, FileKind::Action, name, sink);
    routes.add(source, &header.declaration, sink);
    check_scans(source, &header.declaration, catalogue, sink);
    if text.statements.len() > limits::ACTION_STATEMENTS_MAX {
        let message = format!(
            "the action has {} statements; at most {} are allowed",
            text.statements.len(),
            limits::ACTION_STATEMENTS_MAX
        );
        sink.push(source.error("too_many", text.statements[limits::ACTION_STATEMENTS_MAX].span, message));
        return None;
    }
    check_step_names(source, &header, sink);
    let answer = answer_of(source, &header, sink)?;
    let mut planned: Vec<Option<Statement>> = Vec::new();
    let mut used = BTreeSet::new();
    for (index, statement_text) in text.statements.iter().enumerate() {
        let ast = parse_whole(source, &text, index, sink).filter(|ast| {
            let is_kind = matches!(
                ast,
                ast::Statement::Query(_)
                    | ast::Statement::Insert(_)
                    | ast::Statement::Update(_)
                    | ast::Statement::Delete(_)
            );
            if !is_kind {
                sink.push(not_in_action(source, statement_text));
            }
            is_kind
        });
        let resolved = ast.and_then(|ast| {
            // A step that could not be resolved is nameless here: its columns are not known.
            let steps: Vec<StepNames<'_>> = planned
                .iter()
                .zip(&header.steps)
                .map(|(statement, tags)| StepNames {
                    name: tags.name.as_ref().map(|(name, _)| name.as_str()),
                    columns: statement.as_ref().map_or(&[] as &[Column], |statement| &statement.columns),
                })
                .collect();
            let unresolved: Vec<&str> = planned
                .iter()
                .zip(&header.steps)
                .filter(|(statement, _)| statement.is_none())
                .filter_map(|(_, tags)| tags.name.as_ref().map(|(name, _)| name.as_str()))
                .collect();
            let env = Environment {
                catalogue,
                params: &header.declaration.params,
                steps: &steps,
                context: Context::Action,
                source,
            };
            let mut own = Vec::new();
            let resolved = resolve::statement(&ast, &env, &mut own);
            own.retain(|found| {
                found.code != "unknown_column"
                    || !unresolved.iter().any(|name| source.slice(found.span).starts_with(&format!(":{name}.")))
            });
            sink.extend(own);
            resolved
        });
        if let Some(resolved) = &resolved {
            used.extend(resolved.params_used.iter().copied());
        }
        planned.push(resolved.map(|resolved| plan(source, statement_text.span, resolved)));
    }
    let statements: Vec<Statement> = planned.into_iter().collect::<Option<_>>()?;
    if statements.is_empty() {
        return None;
    }
    warn_unused(source, &header.declaration, &used, sink);
    check_returns(source, &mut header, &statements[answer], sink);
    let steps = statements
        .into_iter()
        .zip(header.steps)
        .map(|(statement, tags)| Step {
            statement,
            name: tags.name.map(|(name, _)| name),
            expect: tags.expect.map(|(expect, _)| expect),
        })
        .collect();
    Some(Action { declaration: header.declaration, file: file.path.clone(), steps, answer })
}

fn seed(file: &SourceFile, catalogue: &Catalogue, sink: &mut Vec<Diagnostic>) -> Option<Seed> {
    let source = Source::of_file(file);
    let (text, _) = open(&source, FileKind::Seed, "seed", sink);
    if text.statements.len() > SEED_STATEMENTS_MAX {
        let message =
            format!("the seed has {} statements; at most {SEED_STATEMENTS_MAX} are allowed", text.statements.len());
        let found = source.error("too_many", text.statements[SEED_STATEMENTS_MAX].span, message);
        sink.push(found.hint("write several rows in one `insert ... values (...), (...)`"));
        return None;
    }
    let scale = Param {
        name: "scale".to_owned(),
        ty: ParamType { base: Type::Double, is_list: false },
        rules: Vec::new(),
        is_optional: false,
        default: None,
        description: String::new(),
        span: Span::default(),
    };
    let mut seed = Seed { statements: Vec::new(), tables: Vec::new() };
    let mut is_whole = !text.is_broken;
    for (index, statement_text) in text.statements.iter().enumerate() {
        let Some(ast) = parse_whole(&source, &text, index, sink) else {
            is_whole = false;
            continue;
        };
        if !matches!(ast, ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_)) {
            let span = first_token(&source, statement_text);
            let found = source
                .error("not_in_seed", span, "the seed holds `insert`, `update` and `delete`")
                .hint("tables are made by migrations; what is selected here nobody sees");
            sink.push(found);
            is_whole = false;
            continue;
        }
        let params = std::slice::from_ref(&scale);
        let env = Environment { catalogue, params, steps: &[], context: Context::Seed, source: &source };
        let Some(resolved) = resolve::statement(&ast, &env, sink) else {
            is_whole = false;
            continue;
        };
        let statement = plan(&source, statement_text.span, resolved);
        let table = written_table(&ast).or_else(|| statement.writes.first().map(|used| used.table.clone()));
        seed.tables.push(table.unwrap_or_default());
        seed.statements.push(statement);
    }
    is_whole.then_some(seed)
}

/// The table that an INSERT names; other statements write to the one in their plan.
fn written_table(ast: &ast::Statement) -> Option<String> {
    match ast {
        ast::Statement::Insert(insert) => match &insert.table {
            TableObject::TableName(name) => name.0.last().and_then(|part| part.as_ident()).map(catalogue::ident),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn plan(source: &Source, span: Span, resolved: crate::ir::Statement) -> Statement {
    let sqlite = lower::statement(&resolved);
    let postgres = postgres::text(source.text(), span, &resolved.replacements);
    Statement {
        kind: resolved.kind(),
        json: json_type::json_types(&resolved),
        span,
        sqlite,
        postgres,
        columns: resolved.columns,
        reads: resolved.reads,
        writes: resolved.writes,
        volatility: resolved.volatility,
        rows_max: resolved.rows_max,
    }
}

fn first_token(source: &Source, statement: &StatementText) -> Span {
    statement.tokens.first().map_or(statement.span, |token| source.span_of(token.span))
}

fn not_in_action(source: &Source, statement: &StatementText) -> Diagnostic {
    let span = first_token(source, statement);
    let word = source.slice(span).to_lowercase();
    let hint = match word.as_str() {
        "begin" | "start" | "commit" | "rollback" | "end" | "savepoint" => {
            "leave it out: an action is one transaction, rolled back by `-- @expect`"
        }
        "create" | "alter" | "drop" => "tables are made by migrations",
        "truncate" => "write `delete from t`",
        "call" | "do" => "write plain statements, one after the other",
        _ => "an action holds `select`, `insert`, `update` and `delete`",
    };
    source.error("not_in_action", span, format!("`{word}` is no statement of an action")).hint(hint)
}

fn check_scans(source: &Source, declaration: &Declaration, catalogue: &Catalogue, sink: &mut Vec<Diagnostic>) {
    let mut seen = BTreeSet::new();
    for scan in &declaration.scans {
        if catalogue.table(&scan.table).is_none() {
            let hint = did_you_mean(&scan.table, catalogue.tables.keys().map(String::as_str), || None);
            let message = format!("there is no table `{}`", scan.table);
            sink.push(source.error("unknown_table", scan.span, message).hint_maybe(hint));
        } else if !seen.insert(&scan.table) {
            sink.push(source.error("tag_place", scan.span, format!("`{}` is named by two `@scan`", scan.table)));
        }
    }
}

/// `@page` adds ORDER BY and LIMIT itself, to one plain SELECT.
fn check_page(source: &Source, declaration: &Declaration, select: &ast::Query, sink: &mut Vec<Diagnostic>) -> bool {
    let Some(page) = &declaration.page else { return false };
    let is_grouped = |select: &ast::Select| {
        select.distinct.is_some()
            || select.having.is_some()
            || !matches!(&select.group_by, ast::GroupByExpr::Expressions(list, _) if list.is_empty())
    };
    let message = match select.body.as_ref() {
        _ if select.order_by.is_some() || select.limit_clause.is_some() || select.fetch.is_some() => {
            "a query with `@page` has no ORDER BY and no LIMIT of its own"
        }
        ast::SetExpr::Select(select) if is_grouped(select) => "a query with `@page` has no DISTINCT and no GROUP BY",
        ast::SetExpr::Select(_) => return true,
        _ => "a query with `@page` is one SELECT, without set operations",
    };
    sink.push(source.error("page_statement", page.span, message).hint("`@page by ...` says the order and the size"));
    false
}

/// Names of statements differ from every parameter and from each other.
fn check_step_names(source: &Source, header: &Header, sink: &mut Vec<Diagnostic>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (name, span) in header.steps.iter().filter_map(|tags| tags.name.as_ref()) {
        if header.declaration.params.iter().any(|param| param.name == *name) {
            let message = format!("`{name}` is also the name of a parameter");
            sink.push(source.error("duplicate_name", *span, message).hint("give the statement another name"));
        } else if !seen.insert(name) {
            sink.push(source.error("duplicate_name", *span, format!("two statements are named `{name}`")));
        }
    }
}

/// Which step answers: that of `@answer`, else the last.
fn answer_of(source: &Source, header: &Header, sink: &mut Vec<Diagnostic>) -> Option<usize> {
    let marked: Vec<(usize, Span)> =
        header.steps.iter().enumerate().filter_map(|(index, tags)| Some((index, tags.answer?))).collect();
    for (_, span) in marked.iter().skip(1) {
        sink.push(source.error("tag_place", *span, "`@answer` stands twice").hint("one statement gives the answer"));
    }
    Some(marked.first().map_or(header.steps.len().saturating_sub(1), |(index, _)| *index))
}

/// A statement without columns answers nothing; asked for more, that is a mistake.
fn check_returns(source: &Source, header: &mut Header, answer: &Statement, sink: &mut Vec<Diagnostic>) {
    if !answer.columns.is_empty() {
        return;
    }
    if let Some(span) = header.returns.filter(|_| header.declaration.returns != Returns::Nothing) {
        let found = source
            .error("returns", span, "the answering statement gives no columns")
            .hint("add `returning ...` to it, mark another with `-- @answer`, or write `@returns nothing`");
        sink.push(found);
    }
    header.declaration.returns = Returns::Nothing;
}

fn warn_unused(source: &Source, declaration: &Declaration, used: &BTreeSet<usize>, sink: &mut Vec<Diagnostic>) {
    let mut used = used.clone();
    for rule in declaration.params.iter().flat_map(|param| &param.rules) {
        if let Rule::Range { low, high } = rule {
            for bound in [low, high].into_iter().flatten() {
                if let Bound::Parameter { index, .. } = bound {
                    used.insert(*index);
                }
            }
        }
    }
    for limit in &declaration.limits {
        if let LimitPer::Parameter(index) = limit.per {
            used.insert(index);
        }
    }
    for (index, param) in declaration.params.iter().enumerate() {
        if !used.contains(&index) && declaration.on.is_none() {
            let message = format!("the parameter `{}` is never used", param.name);
            let hint = format!("write `:{}` where it belongs, or leave the line out", param.name);
            sink.push(source.warning("unused_parameter", param.span, message).hint(hint));
        }
    }
}
