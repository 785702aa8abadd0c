//! CREATE TABLE.

use super::schema::{Check, ColumnState, ForeignKeyState, Key, TableState, choose_name};
use super::statement::Replay;
use super::{expression, sqlite};
use crate::resolve::Context;
use crate::{Span, catalogue, types};
use martlet_core::Type;
use sqlparser::ast::{
    self, ColumnOption, ConstraintCharacteristics, CreateTableOptions, GeneratedAs, HiveDistributionStyle, Ident,
    NullsDistinctOption, ReferentialAction, TableConstraint,
};
use std::collections::BTreeSet;

/// Columns of one table.
const COLUMNS_MAX: usize = 500;

/// What the columns and constraints say, before it is put together.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) keys: Vec<(Option<Ident>, Vec<String>, Span)>,
    pub(super) uniques: Vec<(Option<Ident>, Vec<String>)>,
    pub(super) checks: Vec<(Option<Ident>, ast::Expr, Span)>,
    pub(super) foreign_keys: Vec<(ast::ForeignKeyConstraint, Vec<String>, Span)>,
    pub(super) defaults: Vec<(String, ast::Expr, Span)>,
}

impl Replay<'_> {
    pub(super) fn create_table(&mut self, create: &ast::CreateTable, whole: Span, is_small: bool) {
        self.refuse_table_options(create, whole);
        let Some(ident) = self.object(&create.name) else { return };
        let name = self.new_name(&ident, "table");
        if create.if_not_exists && self.schema.tables.contains_key(&name) {
            return;
        }
        if !self.is_free(&name, self.source.span_of(ident.span)) {
            return;
        }
        let mut table = TableState { name: name.clone(), is_small, place: self.place(whole), ..TableState::default() };
        let mut parts = Parts::default();
        if create.columns.len() > COLUMNS_MAX {
            let message = format!("the table has {} columns; at most {COLUMNS_MAX} are allowed", create.columns.len());
            self.wrong("too_many", whole, message, None);
            return;
        }
        if create.query.is_some() || create.like.is_some() || create.clone.is_some() {
            return;
        }
        if create.columns.is_empty() {
            self.refuse(whole, "a table without columns is not portable", "write `create table t (column type, ...)`");
            return;
        }
        for column in &create.columns {
            self.column(&mut table, column, &mut parts);
        }
        // Later steps look columns up by the table's name.
        self.schema.tables.insert(name.clone(), table);
        for constraint in &create.constraints {
            self.table_constraint(&name, constraint, &mut parts, whole);
        }
        self.finish_table(&name, parts);
        self.schema.refresh(&name);
        if let Some(table) = self.schema.tables.get(&name) {
            self.sqlite.push(sqlite::create_table(table, &name));
        }
    }

    fn refuse_table_options(&mut self, create: &ast::CreateTable, whole: Span) {
        let is_plain_options = matches!(&create.table_options, CreateTableOptions::None);
        let refused = [
            (create.temporary || create.unlogged || create.external, "this kind of table", "write `create table`"),
            (create.query.is_some(), "`create table as`", "create the table, then `insert into t select ...`"),
            (create.like.is_some() || create.clone.is_some(), "`like`", "write the columns out"),
            (create.inherits.is_some(), "`inherits`", "write the columns out"),
            (
                create.partition_of.is_some() || create.partition_by.is_some() || create.for_values.is_some(),
                "partitioning",
                "leave it out, or use an engine's own file",
            ),
            (create.without_rowid, "`without rowid`", "leave it out: Martlet chooses how SQLite stores a table"),
            (create.strict, "`strict`", "leave it out: every table is strict"),
            (create.on_commit.is_some(), "`on commit`", "leave it out"),
            (
                !is_plain_options
                    || create.or_replace
                    || create.comment.is_some()
                    || create.location.is_some()
                    || create.cluster_by.is_some()
                    || create.order_by.is_some()
                    || create.primary_key.is_some()
                    || !matches!(create.hive_distribution, HiveDistributionStyle::NONE),
                "this option of a table",
                "leave it out",
            ),
        ];
        for (is_there, what, hint) in refused {
            if is_there {
                self.refuse(whole, format!("{what} is not portable"), hint);
            }
        }
    }

    /// Takes in one column; also for ALTER TABLE ADD COLUMN.
    pub(super) fn column(&mut self, table: &mut TableState, column: &ast::ColumnDef, parts: &mut Parts) {
        let name = self.new_name(&column.name, "column");
        let span = self.source.span_of(column.name.span);
        if table.columns.iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            let hint = "names differ by more than case: SQLite does not tell `A` from `a`";
            let hint = table.column(&name).is_none().then(|| hint.to_owned());
            self.wrong("duplicate_column", span, format!("there are two columns `{name}`"), hint);
            return;
        }
        let ty = self.column_type(&column.data_type, self.word_after(span));
        let mut state = ColumnState { name: name.clone(), ty, is_nullable: true, is_identity: false, default: None };
        for option in &column.options {
            let constraint_name = option.name.clone();
            match &option.option {
                ColumnOption::Null => {}
                ColumnOption::NotNull => state.is_nullable = false,
                ColumnOption::Default(expr) => {
                    if parts.defaults.iter().any(|(other, ..)| *other == name) {
                        self.wrong("duplicate_option", span, format!("`{name}` has two defaults"), None);
                    } else {
                        parts.defaults.push((name.clone(), expr.clone(), self.span(expr, span)));
                    }
                }
                ColumnOption::PrimaryKey(key) => {
                    self.characteristics(key.characteristics.as_ref(), span);
                    state.is_nullable = false;
                    parts.keys.push((constraint_name.or_else(|| key.name.clone()), vec![name.clone()], span));
                }
                ColumnOption::Unique(key) => {
                    self.characteristics(key.characteristics.as_ref(), span);
                    self.nulls_distinct(&key.nulls_distinct, span);
                    parts.uniques.push((constraint_name.or_else(|| key.name.clone()), vec![name.clone()]));
                }
                ColumnOption::ForeignKey(key) => {
                    let mut key = key.clone();
                    key.name = constraint_name.or(key.name);
                    parts.foreign_keys.push((key, vec![name.clone()], span));
                }
                ColumnOption::Check(check) => {
                    self.check_options(check, span);
                    let expr_span = self.span(check.expr.as_ref(), span);
                    let check_name = constraint_name.or_else(|| check.name.clone());
                    parts.checks.push((check_name, (*check.expr).clone(), expr_span));
                }
                ColumnOption::Generated { generated_as, sequence_options, generation_expr, .. } => {
                    let is_plain = sequence_options.as_ref().is_none_or(Vec::is_empty) && generation_expr.is_none();
                    if *generated_as == GeneratedAs::ByDefault && is_plain {
                        state.is_identity = true;
                        state.is_nullable = false;
                    } else {
                        let hint = match generation_expr {
                            Some(_) => "compute it in a view or in the query",
                            None => "write `bigint generated by default as identity primary key`, without options",
                        };
                        self.refuse(span, "this kind of generated column is not portable", hint);
                    }
                }
                ColumnOption::Collation(_) => {
                    self.refuse(span, "`collate` is not portable", "leave it out: text is ordered by code points");
                }
                other => {
                    let shown: String = other.to_string().chars().take(40).collect();
                    self.refuse(span, format!("the option `{shown}` is not portable"), "leave it out");
                }
            }
        }
        if state.is_identity && ty != Type::Bigint {
            let hint = "write `bigint generated by default as identity primary key`";
            self.refuse(span, format!("an identity of type {ty} is not portable"), hint);
        }
        table.columns.push(state);
    }

    /// The word behind a name: the parser gives types no place.
    fn word_after(&self, name: Span) -> Span {
        let text = self.source.text().get(name.end..).unwrap_or("");
        let start = name.end + (text.len() - text.trim_start().len());
        let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
        let size = text.trim_start().find(is_end).unwrap_or(0);
        if size == 0 { name } else { Span { start, end: start + size } }
    }

    /// The column's type; a refused one stands as the nearest, so that what follows can be checked.
    fn column_type(&mut self, data_type: &ast::DataType, span: Span) -> Type {
        match types::of(data_type) {
            Ok(ty) if ty.is_list => {
                let hint = "write a table of its own with one row for each item, or `jsonb`";
                self.refuse(span, "a list as a column is not portable", hint);
                Type::Jsonb
            }
            Ok(ty) if ty.base.is_storable() => ty.base,
            Ok(ty) => {
                let (hint, instead) = match ty.base {
                    Type::Numeric => ("write `bigint` and count in minor units, such as cents", Type::Bigint),
                    Type::Timestamp => ("write `timestamptz`", Type::Timestamptz),
                    _ => ("write `bigint` and count seconds or minutes", Type::Bigint),
                };
                self.refuse(span, format!("a column of type {} is not portable", ty.base), hint);
                instead
            }
            Err(refusal) => {
                self.refuse(span, refusal.message, refusal.hint);
                types::instead_of(data_type)
            }
        }
    }

    fn characteristics(&mut self, characteristics: Option<&ConstraintCharacteristics>, span: Span) {
        if characteristics.is_some() {
            self.refuse(span, "`deferrable` is not portable", "leave it out; write the rows in an order that holds");
        }
    }

    fn nulls_distinct(&mut self, nulls: &NullsDistinctOption, span: Span) {
        if !matches!(nulls, NullsDistinctOption::None) {
            let hint = "leave it out; for nulls write `create unique index ... where x is null`";
            self.refuse(span, "`nulls [not] distinct` is not portable", hint);
        }
    }

    fn check_options(&mut self, check: &ast::CheckConstraint, span: Span) {
        if check.no_inherit || check.enforced.is_some() {
            self.refuse(span, "options of a check are not portable", "write `check (...)` alone");
        }
    }

    fn table_constraint(&mut self, table: &str, constraint: &TableConstraint, parts: &mut Parts, whole: Span) {
        let span = self.span(constraint, whole);
        match constraint {
            TableConstraint::PrimaryKey(key) => {
                self.characteristics(key.characteristics.as_ref(), span);
                if !key.include.is_empty() {
                    self.refuse(span, "`include` is not portable", "leave it out");
                }
                if let Some(columns) = self.key_columns(table, &key.columns, span) {
                    parts.keys.push((key.name.clone(), columns, span));
                }
            }
            TableConstraint::Unique(key) => {
                self.characteristics(key.characteristics.as_ref(), span);
                self.nulls_distinct(&key.nulls_distinct, span);
                if !key.include.is_empty() {
                    self.refuse(span, "`include` is not portable", "leave it out");
                }
                if let Some(columns) = self.key_columns(table, &key.columns, span) {
                    parts.uniques.push((key.name.clone(), columns));
                }
            }
            TableConstraint::ForeignKey(key) => {
                let columns: Option<Vec<String>> =
                    key.columns.iter().map(|column| self.known_column(table, column)).collect();
                if let Some(columns) = columns {
                    parts.foreign_keys.push((key.clone(), columns, span));
                }
            }
            TableConstraint::Check(check) => {
                self.check_options(check, span);
                let expr_span = self.span(check.expr.as_ref(), span);
                parts.checks.push((check.name.clone(), (*check.expr).clone(), expr_span));
            }
            TableConstraint::Exclude(_) => {
                let hint = "write the rule into the action: `insert ... select ... where not exists (...)`";
                self.refuse(span, "`exclude` is not portable", hint);
            }
            _ => {
                self.refuse(span, "this constraint is not portable", "write primary key, unique, check or foreign key")
            }
        }
    }

    fn key_columns(&mut self, table: &str, columns: &[ast::IndexColumn], span: Span) -> Option<Vec<String>> {
        Some(self.index_columns(table, columns, span)?.into_iter().map(|(name, _)| name).collect())
    }

    /// Puts keys, checks, foreign keys and defaults to the table; also for ALTER TABLE ADD COLUMN.
    pub(super) fn finish_table(&mut self, table: &str, mut parts: Parts) {
        self.name_constraints_given(table, &parts);
        merge_equal_keys(&mut parts);
        for (name, columns, span) in parts.keys {
            self.primary_key(table, name, columns, span);
        }
        for (name, columns) in parts.uniques {
            let name = match name {
                Some(name) => catalogue::ident(&name),
                None => choose_name(table, &columns.join("_"), "key", |name| self.is_taken(table, name)),
            };
            self.change(table, |state| state.uniques.push(Key { name, columns }));
        }
        self.check_identity(table);
        self.schema.refresh(table);
        for (name, expr, span) in parts.checks {
            self.check(table, name, &expr, span);
        }
        for (key, columns, span) in parts.foreign_keys {
            self.foreign_key(table, &key, columns, span);
        }
        for (column, expr, span) in parts.defaults {
            let Some(ty) = self.schema.tables.get(table).and_then(|t| t.column(&column)).map(|c| c.ty) else {
                continue;
            };
            if let Some(default) = self.default_expression(table, &expr, ty, span) {
                self.change(table, |state| {
                    if let Some(found) = state.columns.iter_mut().find(|c| c.name == column) {
                        found.default = default;
                    }
                });
            }
        }
        self.schema.refresh(table);
    }

    fn change(&mut self, table: &str, change: impl FnOnce(&mut TableState)) {
        if let Some(state) = self.schema.tables.get_mut(table) {
            change(state);
        }
    }

    fn is_taken(&self, table: &str, name: &str) -> bool {
        self.schema.relation(name).is_some() || self.is_taken_in(table, name)
    }

    fn is_taken_in(&self, table: &str, name: &str) -> bool {
        self.schema.tables.get(table).is_some_and(|state| state.constraint_names().any(|other| other == name))
    }

    /// Given names differ from each other, and those of keys from every relation.
    fn name_constraints_given(&mut self, table: &str, parts: &Parts) {
        let keys = parts.keys.iter().map(|(name, ..)| name).chain(parts.uniques.iter().map(|(name, ..)| name));
        let others = parts.checks.iter().map(|(name, ..)| name);
        let foreign = parts.foreign_keys.iter().map(|(key, ..)| &key.name);
        let key_names: Vec<Ident> = keys.flatten().cloned().collect();
        let all: Vec<Ident> = key_names.iter().cloned().chain(others.chain(foreign).flatten().cloned()).collect();
        let mut seen = BTreeSet::new();
        for ident in all {
            let name = self.new_name(&ident, "constraint");
            let span = self.source.span_of(ident.span);
            let is_of_table =
                self.schema.tables.get(table).is_some_and(|state| state.constraint_names().any(|other| other == name));
            if is_of_table || !seen.insert(name.clone()) {
                self.wrong("duplicate_name", span, format!("there are two constraints `{name}`"), None);
            } else if key_names.contains(&ident) {
                self.is_free(&name, span);
            }
        }
    }

    fn primary_key(&mut self, table: &str, name: Option<Ident>, columns: Vec<String>, span: Span) {
        if self.schema.tables.get(table).is_some_and(|state| state.primary_key.is_some()) {
            let hint = "write one `primary key (a, b)` for all columns of the key";
            let message = format!("the table `{table}` has two primary keys");
            self.wrong("duplicate_key", span, message, Some(hint.to_owned()));
            return;
        }
        let name = match name {
            Some(name) => catalogue::ident(&name),
            None => choose_name(table, "", "pkey", |name| self.is_taken(table, name)),
        };
        self.change(table, |state| {
            for column in state.columns.iter_mut().filter(|column| columns.contains(&column.name)) {
                column.is_nullable = false;
            }
            state.primary_key = Some(Key { name, columns });
        });
    }

    fn check_identity(&mut self, table: &str) {
        let Some(state) = self.schema.tables.get(table) else { return };
        let key = state.primary_key.as_ref().map(|key| key.columns.clone()).unwrap_or_default();
        let identities: Vec<String> =
            state.columns.iter().filter(|column| column.is_identity).map(|column| column.name.clone()).collect();
        for identity in identities {
            if key != [identity.clone()] {
                let hint = "write `bigint generated by default as identity primary key`";
                let message = format!("the identity `{identity}` of `{table}` is not its primary key");
                self.refuse(self.statement_span, message, hint);
            }
        }
    }

    fn check(&mut self, table: &str, name: Option<Ident>, expr: &ast::Expr, span: Span) {
        let Some(expression) = self.table_expression(table, expr, Context::Check, span) else { return };
        let columns = self.columns_in(table, &expression.text);
        let name = match name {
            Some(name) => {
                let given = catalogue::ident(&name);
                if self.is_taken_in(table, &given) {
                    // A constraint above without a name got this one, as in PostgreSQL.
                    let span = self.source.span_of(name.span);
                    self.wrong("duplicate_name", span, format!("there are two constraints `{given}`"), None);
                }
                given
            }
            None => {
                let column = if columns.len() == 1 { columns.first().map_or("", String::as_str) } else { "" };
                choose_name(table, column, "check", |name| self.is_taken(table, name))
            }
        };
        self.change(table, |state| state.checks.push(Check { name, columns, expression }));
    }

    fn foreign_key(&mut self, table: &str, key: &ast::ForeignKeyConstraint, columns: Vec<String>, span: Span) {
        self.characteristics(key.characteristics.as_ref(), span);
        if key.on_update.is_some_and(|action| action != ReferentialAction::NoAction) {
            self.refuse(span, "`on update` is not portable", "leave it out: keys do not change");
        }
        if key.match_kind.is_some() {
            self.refuse(span, "`match` is not portable", "leave it out");
        }
        let Some(target) = self.known_table(&key.foreign_table) else { return };
        let referenced: Option<Vec<String>> = match key.referred_columns.as_slice() {
            [] => self.schema.tables.get(&target).and_then(|t| t.primary_key.as_ref()).map(|key| key.columns.clone()),
            idents => idents.iter().map(|ident| self.known_column(&target, ident)).collect(),
        };
        let Some(referenced) = referenced else {
            if key.referred_columns.is_empty() {
                let hint = format!("name a unique column: `references {target} (column)`");
                self.wrong("foreign_key", span, format!("the table `{target}` has no primary key"), Some(hint));
            }
            return;
        };
        if !self.fits(table, &columns, &target, &referenced, span) {
            return;
        }
        let on_delete = match key.on_delete {
            None | Some(ReferentialAction::NoAction) => "",
            Some(ReferentialAction::Restrict) => "restrict",
            Some(ReferentialAction::Cascade) => "cascade",
            Some(ReferentialAction::SetNull) => "set null",
            Some(ReferentialAction::SetDefault) => "set default",
        };
        let name = match &key.name {
            Some(name) => catalogue::ident(name),
            None => choose_name(table, &columns.join("_"), "fkey", |name| self.is_taken(table, name)),
        };
        let state = ForeignKeyState { name, columns, table: target, referenced, on_delete };
        self.change(table, |table| table.foreign_keys.push(state));
    }

    /// As many columns on both sides, of the same types, and a key on the other.
    fn fits(&mut self, table: &str, columns: &[String], target: &str, referenced: &[String], span: Span) -> bool {
        let (Some(from), Some(to)) = (self.schema.tables.get(table), self.schema.tables.get(target)) else {
            return false;
        };
        if columns.len() != referenced.len() {
            let message =
                format!("the foreign key has {} columns here and {} in `{target}`", columns.len(), referenced.len());
            self.wrong("foreign_key", span, message, None);
            return false;
        }
        if !to.is_key(referenced) {
            let message = format!("`{target} ({})` is neither its primary key nor unique", referenced.join(", "));
            let hint = format!("declare it `unique` in `{target}`, or refer to its primary key");
            self.wrong("foreign_key", span, message, Some(hint));
            return false;
        }
        let types = |state: &TableState, names: &[String]| -> Vec<Type> {
            names.iter().filter_map(|name| state.column(name)).map(|column| column.ty).collect()
        };
        let (ours, theirs) = (types(from, columns), types(to, referenced));
        match ours.iter().zip(&theirs).position(|(a, b)| a != b) {
            Some(at) => {
                let message =
                    format!("`{}` is {}, but `{target}.{}` is {}", columns[at], ours[at], referenced[at], theirs[at]);
                let hint = format!("write `{} {}`", columns[at], theirs[at]);
                self.wrong("foreign_key", span, message, Some(hint));
                false
            }
            None => true,
        }
    }

    /// A default for SQLite; `Some(None)` for `default null`.
    #[expect(clippy::option_option, reason = "the outer one: could be resolved; the inner: there is a default")]
    pub(super) fn default_expression(
        &mut self,
        table: &str,
        expr: &ast::Expr,
        ty: Type,
        span: Span,
    ) -> Option<Option<super::schema::Expression>> {
        if matches!(expr, ast::Expr::Value(value) if value.value == ast::Value::Null) {
            return Some(None);
        }
        let table = self.schema.catalogue.tables.get(table)?.clone();
        expression::lower(self.schema, &table, expr, Context::Default, Some(ty), self.source, span, self.sink).map(Some)
    }
}

/// As PostgreSQL does in one statement: keys over the same columns are one, which takes the first name given.
fn merge_equal_keys(parts: &mut Parts) {
    let mut kept: Vec<(Option<Ident>, Vec<String>)> = Vec::new();
    for (name, columns) in std::mem::take(&mut parts.uniques) {
        let key = parts.keys.iter_mut().find(|(_, of_key, _)| *of_key == columns).map(|(name, ..)| name);
        match key.or_else(|| kept.iter_mut().find(|(_, other)| *other == columns).map(|(name, _)| name)) {
            Some(prior) if prior.is_none() => *prior = name,
            Some(_) => {}
            None => kept.push((name, columns)),
        }
    }
    parts.uniques = kept;
}
