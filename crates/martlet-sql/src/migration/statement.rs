//! One statement of a migration: it changes the schema and gives its text for SQLite.

use super::schema::{IDENT_SIZE_MAX, IndexState, Schema, ViewState};
use super::{expression, refuse, sqlite};
use crate::catalogue::{self, Place, View};
use crate::nearest::did_you_mean;
use crate::resolve::{self, Context, Environment};
use crate::source::Source;
use crate::token::{self, StatementText};
use crate::{Diagnostic, Span, StatementKind, keyword, lower};
use sqlparser::ast::{self, Ident, IndexType, ObjectName, ObjectType, Spanned};
use sqlparser::tokenizer::Token;
use std::collections::BTreeSet;

/// Names of columns that one of the engines gives every table.
const SYSTEM_COLUMNS: &[&str] = &["rowid", "oid", "_rowid_", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

/// The tags above a statement.
#[derive(Debug, Default)]
pub(super) struct Tags {
    /// `@small`.
    pub(super) is_small: bool,
    /// The reason of `@keep`.
    pub(super) keep: Option<String>,
}

/// Replays one file.
pub(super) struct Replay<'a> {
    pub(super) schema: &'a mut Schema,
    pub(super) source: &'a Source,
    pub(super) sink: &'a mut Vec<Diagnostic>,
    /// Statements for SQLite so far.
    pub(super) sqlite: Vec<String>,
    /// The statement at hand, for what has no better place.
    pub(super) statement_span: Span,
}

impl Replay<'_> {
    /// Replays one statement with the tags above it.
    pub(super) fn statement(&mut self, statement: &StatementText, tags: Tags) {
        self.statement_span = statement.span;
        if let Some(refusal) = refuse::by_first_words(self.source, statement) {
            self.sink.push(refusal);
            return;
        }
        let Some(parsed) = token::parse_statement(self.source, statement, self.sink) else { return };
        match &parsed {
            ast::Statement::CreateTable(create) => self.create_table(create, statement.span, tags.is_small),
            ast::Statement::CreateIndex(create) => self.create_index(create, statement.span, tags.keep),
            ast::Statement::CreateView(create) => self.create_view(create, statement),
            ast::Statement::AlterTable(alter) => self.alter_table(alter, statement.span),
            ast::Statement::Drop { .. } => self.drop(&parsed, statement.span),
            ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_) => {
                self.rows(&parsed, statement.span);
            }
            _ => self.refuse(statement.span, "this statement is not portable in a migration", MIGRATION_STATEMENTS),
        }
    }

    /// A place in the file at hand.
    pub(super) fn place(&self, span: Span) -> Place {
        Place { file: self.source.path().to_owned(), span }
    }

    pub(super) fn refuse(&mut self, span: Span, message: impl Into<String>, hint: impl Into<String>) {
        self.sink.push(self.source.error("not_portable", span, message).hint(hint));
    }

    pub(super) fn wrong(&mut self, code: &'static str, span: Span, message: impl Into<String>, hint: Option<String>) {
        self.sink.push(self.source.error(code, span, message).hint_maybe(hint));
    }

    pub(super) fn span(&self, node: &impl Spanned, otherwise: Span) -> Span {
        match self.source.span_of(node.span()) {
            span if span.start == span.end => otherwise,
            span => span,
        }
    }

    /// The name of a new object, checked.
    pub(super) fn new_name(&mut self, ident: &Ident, what: &str) -> String {
        let name = catalogue::ident(ident);
        let span = self.source.span_of(ident.span);
        let lower = name.to_ascii_lowercase();
        let wrong = if name.is_empty() {
            Some("is empty".to_owned())
        } else if name.len() > IDENT_SIZE_MAX {
            Some(format!("has more than {IDENT_SIZE_MAX} bytes, to which PostgreSQL would cut it"))
        } else if name.chars().any(char::is_control) {
            Some("holds a control character".to_owned())
        } else if lower.starts_with("sqlite_") || lower.starts_with("pg_") || lower.starts_with("martlet_") {
            Some("begins with `sqlite_`, `pg_` or `martlet_`, which belong to the engines".to_owned())
        } else if ident.quote_style.is_none() && keyword::is_reserved(&lower) {
            Some("is a word of SQL, which PostgreSQL takes only in double quotes".to_owned())
        } else if what == "column" && SYSTEM_COLUMNS.contains(&lower.as_str()) {
            Some("is a name that an engine gives every table".to_owned())
        } else {
            None
        };
        if let Some(wrong) = wrong {
            self.wrong("name", span, format!("the {what}'s name {wrong}"), Some("use another name".to_owned()));
        }
        name
    }

    /// The last part of a name, where the parts before it are `public` or none.
    pub(super) fn object(&mut self, name: &ObjectName) -> Option<Ident> {
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        match parts.as_deref() {
            Some([ident]) => Some((*ident).clone()),
            Some([schema, ident]) if catalogue::ident(schema) == "public" => Some((*ident).clone()),
            Some([schema, ..]) => {
                let hint = match catalogue::ident(schema).as_str() {
                    "auth" => {
                        "accounts come with Martlet: keep what you need of them in a table `users` with `id uuid primary key`"
                    }
                    "storage" => "files come with Martlet: keep their path as `text`",
                    _ => "everything lies in `public`: leave the schema out",
                };
                self.refuse(self.source.span_of(schema.span), format!("the schema `{schema}` is not portable"), hint);
                None
            }
            _ => {
                self.refuse(self.source.span_of(name.span()), "this is not a plain name", "write a plain name");
                None
            }
        }
    }

    /// The name of a table that exists.
    pub(super) fn known_table(&mut self, name: &ObjectName) -> Option<String> {
        let ident = self.object(name)?;
        let table = catalogue::ident(&ident);
        if self.schema.tables.contains_key(&table) {
            return Some(table);
        }
        let span = self.source.span_of(ident.span);
        let hint = did_you_mean(&table, self.schema.tables.keys().map(String::as_str), || None);
        self.wrong("unknown_table", span, format!("there is no table `{table}` here"), hint);
        None
    }

    /// Reports a name that is taken.
    pub(super) fn is_free(&mut self, name: &str, span: Span) -> bool {
        match self.schema.relation(name) {
            Some(kind) => {
                let article = if kind == "index" { "an" } else { "a" };
                let message = format!("there is already {article} {kind} with the name `{name}`");
                let hint = "names of tables, views, indexes, primary keys and unique constraints are one space, without regard to case";
                self.wrong("duplicate_name", span, message, Some(hint.to_owned()));
                false
            }
            None => true,
        }
    }

    fn create_index(&mut self, create: &ast::CreateIndex, whole: Span, keep: Option<String>) {
        let refused = [
            (
                create.concurrently,
                "an index made `concurrently`",
                "leave it out: all migrations apply in one transaction",
            ),
            (create.r#async, "an index made `async`", "leave it out"),
            (!create.include.is_empty(), "`include` in an index", "name the column as a last column of the index"),
            (
                create.nulls_distinct.is_some(),
                "`nulls [not] distinct` in an index",
                "leave it out; for nulls write `create unique index ... where x is null`",
            ),
            (!create.with.is_empty() || !create.index_options.is_empty(), "`with` in an index", "leave it out"),
            (!create.alter_options.is_empty(), "this option of an index", "leave it out"),
            (
                !matches!(create.using, None | Some(IndexType::BTree)),
                "this kind of index",
                "leave out `using`: the portable kind is btree",
            ),
        ];
        for (is_there, what, hint) in refused {
            if is_there {
                self.refuse(whole, format!("{what} is not portable"), hint);
            }
        }
        let Some(table) = self.known_table(&create.table_name) else { return };
        let Some(name) = &create.name else {
            let hint = format!("give it one, such as `{table}_column_idx`");
            self.refuse(whole, "an index without a name is not portable", hint);
            return;
        };
        let Some(ident) = self.object(name) else { return };
        let name = self.new_name(&ident, "index");
        let span = self.source.span_of(ident.span);
        if create.if_not_exists && self.schema.indexes.contains_key(&name) {
            return;
        }
        if !self.is_free(&name, span) {
            return;
        }
        let Some(columns) = self.index_columns(&table, &create.columns, whole) else { return };
        let predicate = match &create.predicate {
            Some(predicate) => match self.table_expression(&table, predicate, Context::IndexPredicate, whole) {
                Some(expression) => Some(expression),
                None => return,
            },
            None => None,
        };
        let predicate_columns = predicate.as_ref().map(|p| self.columns_in(&table, &p.text)).unwrap_or_default();
        let state = IndexState {
            index: catalogue::Index {
                name,
                table,
                columns,
                is_unique: create.unique,
                is_partial: predicate.is_some(),
                predicate: predicate.as_ref().map(|predicate| predicate.text.clone()),
                keep,
                place: self.place(whole),
            },
            predicate,
            predicate_columns,
        };
        self.sqlite.push(sqlite::create_index(&state));
        self.schema.add_index(state);
    }

    /// The columns of an index or key with whether each is descending.
    pub(super) fn index_columns(
        &mut self,
        table: &str,
        columns: &[ast::IndexColumn],
        whole: Span,
    ) -> Option<Vec<(String, bool)>> {
        let mut found: Vec<(String, bool)> = Vec::new();
        let mut is_good = true;
        for column in columns {
            let order = &column.column;
            let ast::Expr::Identifier(ident) = &order.expr else {
                let span = self.span(&order.expr, whole);
                let hint = "keep the value in a column of its own and index that";
                self.refuse(span, "an index on an expression is not portable", hint);
                is_good = false;
                continue;
            };
            let span = self.source.span_of(ident.span);
            if column.operator_class.is_some()
                || order.options.nulls_first.is_some()
                || matches!(order.options.sort, Some(ast::OrderBySort::Using(_)))
                || order.with_fill.is_some()
            {
                let hint = "write the column with `asc` or `desc` only";
                self.refuse(span, "an operator class or `nulls first` in an index is not portable", hint);
                is_good = false;
            }
            match self.known_column(table, ident) {
                Some(name) if found.iter().any(|(other, _)| *other == name) => {
                    self.wrong("duplicate_column", span, format!("the column `{name}` is named twice"), None);
                    is_good = false;
                }
                Some(name) => found.push((name, order.options.sort == Some(ast::OrderBySort::Desc))),
                None => is_good = false,
            }
        }
        is_good.then_some(found)
    }

    /// The name of a column of a table; reports one that is not there.
    pub(super) fn known_column(&mut self, table: &str, ident: &Ident) -> Option<String> {
        let name = catalogue::ident(ident);
        let state = self.schema.tables.get(table)?;
        if state.column(&name).is_some() {
            return Some(name);
        }
        let hint = did_you_mean(&name, state.columns.iter().map(|c| c.name.as_str()), || None);
        let span = self.source.span_of(ident.span);
        self.wrong("unknown_column", span, format!("the table `{table}` has no column `{name}`"), hint);
        None
    }

    fn create_view(&mut self, create: &ast::CreateView, statement: &StatementText) {
        let whole = statement.span;
        if create.materialized || create.temporary || create.or_alter || create.secure || create.if_not_exists {
            self.refuse(whole, "this kind of view is not portable", "write `create view name as select ...`");
        }
        let Some(ident) = self.object(&create.name) else { return };
        let name = self.new_name(&ident, "view");
        let span = self.source.span_of(ident.span);
        if !self.is_free(&name, span) {
            return;
        }
        let mut column_names: Vec<String> = Vec::new();
        for column in &create.columns {
            let column_name = self.new_name(&column.name, "column");
            if column_names.iter().any(|other| other.eq_ignore_ascii_case(&column_name)) {
                let span = self.source.span_of(column.name.span);
                self.wrong("duplicate_column", span, format!("the column `{column_name}` is named twice"), None);
            }
            column_names.push(column_name);
        }
        let query = ast::Statement::Query(create.query.clone());
        let env = Environment {
            catalogue: &self.schema.catalogue,
            params: &[],
            steps: &[],
            context: Context::View,
            source: self.source,
        };
        let Some(resolved) = resolve::statement(&query, &env, self.sink) else { return };
        if !column_names.is_empty() && column_names.len() != resolved.columns.len() {
            let message =
                format!("the view names {} columns, its query has {}", column_names.len(), resolved.columns.len());
            self.wrong("view_columns", span, message, None);
            return;
        }
        let text = lower::statement(&resolved);
        if !text.binds.is_empty() {
            let hint = "write it as a query: a view is the same for everybody and at all times";
            self.refuse(whole, "a view that asks who calls or what time it is is not portable", hint);
            return;
        }
        let names: Vec<String> = match column_names.is_empty() {
            true => resolved.columns.iter().map(|column| column.name.clone()).collect(),
            false => column_names.clone(),
        };
        let is_unique = |name: &String| names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count() == 1;
        if let Some(twice) = names.iter().find(|name| !is_unique(name)) {
            let hint = "give one of them another name with `as`";
            self.wrong("duplicate_column", span, format!("the view has two columns `{twice}`"), Some(hint.to_owned()));
            return;
        }
        let own = words_of(statement);
        let mut words = own.clone();
        for inner in self.schema.views.iter().filter(|view| own.contains(&view.name)) {
            // What a view uses, those that use it use too.
            words.extend(inner.words.iter().cloned());
        }
        let view = ViewState {
            name: name.clone(),
            words,
            has_wildcard: has_wildcard(statement),
            sqlite: sqlite::create_view(&name, &names, &text.text),
        };
        self.sqlite.push(view.sqlite.clone());
        self.schema.views.push(view);
        let view =
            View { name: name.clone(), column_names, query: create.query.clone(), file: self.source.path().to_owned() };
        self.schema.catalogue.views.insert(name, view);
    }

    fn drop(&mut self, parsed: &ast::Statement, whole: Span) {
        let ast::Statement::Drop { object_type, if_exists, names, cascade, .. } = parsed else { return };
        if *cascade {
            self.refuse(whole, "`cascade` is not portable", "drop what depends on it first, one statement each");
            return;
        }
        for name in names {
            let Some(ident) = self.object(name) else { continue };
            let (name, span) = (catalogue::ident(&ident), self.source.span_of(ident.span));
            match object_type {
                ObjectType::Table => self.drop_table(&name, span, *if_exists),
                ObjectType::View => self.drop_view(&name, span, *if_exists),
                ObjectType::Index => self.drop_index(&name, span, *if_exists),
                _ => {
                    let hint = "a migration drops tables, views and indexes";
                    self.refuse(whole, "this is not portable", hint);
                }
            }
        }
    }

    fn drop_table(&mut self, name: &str, span: Span, if_exists: bool) {
        if !self.schema.tables.contains_key(name) {
            if !if_exists {
                let hint = did_you_mean(name, self.schema.tables.keys().map(String::as_str), || None);
                self.wrong("unknown_table", span, format!("there is no table `{name}` here"), hint);
            }
            return;
        }
        if let Some(view) = self.schema.view_using(&[name]) {
            let (message, hint) =
                (format!("the view `{}` uses `{name}`", view.name), format!("write `drop view {};` before", view.name));
            self.wrong("in_use", span, message, Some(hint));
            return;
        }
        let referring = self
            .schema
            .tables
            .values()
            .find(|table| table.name != name && table.foreign_keys.iter().any(|key| key.table == name));
        if let Some(other) = referring {
            let message = format!("the table `{}` has a foreign key to `{name}`", other.name);
            let hint = format!("drop `{}` or the column before", other.name);
            self.wrong("in_use", span, message, Some(hint));
            return;
        }
        self.schema.tables.remove(name);
        let indexes: Vec<String> =
            self.schema.indexes.values().filter(|s| s.index.table == name).map(|s| s.index.name.clone()).collect();
        for index in indexes {
            self.schema.remove_index(&index);
        }
        self.schema.refresh(name);
        self.sqlite.push(format!("drop table {}", sqlite::quote(name)));
    }

    fn drop_view(&mut self, name: &str, span: Span, if_exists: bool) {
        let Some(position) = self.schema.views.iter().position(|view| view.name == name) else {
            if !if_exists {
                let hint = did_you_mean(name, self.schema.views.iter().map(|v| v.name.as_str()), || None);
                self.wrong("unknown_view", span, format!("there is no view `{name}` here"), hint);
            }
            return;
        };
        if let Some(other) = self.schema.view_using(&[name]).filter(|view| view.name != name) {
            let (message, hint) = (
                format!("the view `{}` uses `{name}`", other.name),
                format!("write `drop view {};` before", other.name),
            );
            self.wrong("in_use", span, message, Some(hint));
            return;
        }
        self.schema.views.remove(position);
        self.schema.catalogue.views.remove(name);
        self.sqlite.push(format!("drop view {}", sqlite::quote(name)));
    }

    fn drop_index(&mut self, name: &str, span: Span, if_exists: bool) {
        if self.schema.indexes.contains_key(name) {
            self.schema.remove_index(name);
            self.sqlite.push(format!("drop index {}", sqlite::quote(name)));
        } else if self.schema.relation(name) == Some("constraint") {
            let message = format!("`{name}` belongs to a constraint");
            self.refuse(span, message, "a key goes with its table; dropping it is not portable");
        } else if !if_exists {
            let hint = did_you_mean(name, self.schema.indexes.keys().map(String::as_str), || None);
            self.wrong("unknown_index", span, format!("there is no index `{name}` here"), hint);
        }
    }

    /// Rows that a migration moves: the same text on both engines, so it asks for nothing from outside.
    fn rows(&mut self, parsed: &ast::Statement, whole: Span) {
        let env = Environment {
            catalogue: &self.schema.catalogue,
            params: &[],
            steps: &[],
            context: Context::Seed,
            source: self.source,
        };
        let Some(resolved) = resolve::statement(parsed, &env, self.sink) else { return };
        if resolved.kind() == StatementKind::Delete {
            let deleted_from = resolved.writes.iter().map(|written| written.table.as_str());
            deleted_from.for_each(|table| self.warn_of_cascades(table, whole));
        }
        let text = lower::statement(&resolved);
        if text.binds.is_empty() {
            self.sqlite.push(text.text);
        } else {
            let hint = "nobody calls a migration: write values, or leave the column to its default";
            self.refuse(whole, "now(), current_date and auth.*() have no value in a migration's rows", hint);
        }
    }

    /// Foreign keys are off while migrations run, because rebuilding a table drops it, and drops cascade; what refers
    /// to nothing is refused before the commit. So a DELETE that leans on a cascade needs its rows deleted by hand.
    fn warn_of_cascades(&mut self, table: &str, whole: Span) {
        for (child, state) in &self.schema.tables {
            for key in state.foreign_keys.iter().filter(|key| key.table == table && !key.on_delete.is_empty()) {
                let (columns, action) = (key.columns.join(", "), key.on_delete);
                let message = format!("`on delete {action}` of `{child}` ({columns}) does not happen in a migration");
                let hint = format!(
                    "first delete or change the rows of `{child}` that refer to these; \
                     a reference that is left is refused by `migrate`"
                );
                self.sink.push(self.source.warning("no_cascade", whole, message).hint(hint));
            }
        }
    }

    /// An expression over one table, for SQLite too.
    pub(super) fn table_expression(
        &mut self,
        table: &str,
        ast: &ast::Expr,
        context: Context,
        whole: Span,
    ) -> Option<super::schema::Expression> {
        let table = self.schema.catalogue.tables.get(table)?.clone();
        let span = self.span(ast, whole);
        expression::lower(self.schema, &table, ast, context, None, self.source, span, self.sink)
    }

    /// Which columns of a table an expression's text names.
    pub(super) fn columns_in(&self, table: &str, text: &str) -> BTreeSet<String> {
        let Some(state) = self.schema.tables.get(table) else { return BTreeSet::new() };
        expression::columns_in(text, state.columns.iter().map(|column| column.name.as_str()))
    }
}

const MIGRATION_STATEMENTS: &str =
    "a migration holds create table, create [unique] index, create view, alter table, drop, insert, update and delete";

fn words_of(statement: &StatementText) -> BTreeSet<String> {
    let word = |token: &Token| match token {
        Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
        Token::Word(word) => Some(word.value.to_lowercase()),
        _ => None,
    };
    statement.tokens.iter().filter_map(|token| word(&token.token)).collect()
}

fn has_wildcard(statement: &StatementText) -> bool {
    let tokens = statement.tokens.iter().map(|token| &token.token);
    tokens.clone().zip(tokens.skip(1)).any(|(before, token)| {
        *token == Token::Mul
            && match before {
                Token::Comma | Token::Period => true,
                Token::Word(word) => ["select", "distinct"].contains(&word.value.to_lowercase().as_str()),
                _ => false,
            }
    })
}
