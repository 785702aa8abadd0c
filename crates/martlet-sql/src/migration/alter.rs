//! ALTER TABLE: add, drop and rename a column, rename the table, set and drop a default and NOT NULL.
//!
//! What SQLite can do itself it does; the rest is a rebuild of the table.

use super::create::Parts;
use super::schema::{ColumnState, Schema, TableState};
use super::statement::Replay;
use super::{expression, sqlite};
use crate::Span;
use crate::catalogue;
use crate::resolve::Context;
use martlet_core::Type;
use sqlparser::ast::{self, AlterColumnOperation, AlterTableOperation, Ident, RenameTableNameKind};

const PORTABLE: &str =
    "portable are: add, drop and rename column, rename to, alter column set or drop default, set or drop not null";

impl Replay<'_> {
    pub(super) fn alter_table(&mut self, alter: &ast::AlterTable, whole: Span) {
        if alter.only || alter.if_exists || alter.location.is_some() || alter.table_type.is_some() {
            self.refuse(whole, "this form of `alter table` is not portable", "write `alter table t ...`");
            return;
        }
        let Some(mut table) = self.known_table(&alter.name) else { return };
        if self.schema.tables.get(&table).is_some_and(|state| state.is_foreign) {
            let hint = "change it in an engine's own file, and its `-- @table` line";
            self.refuse(whole, format!("`{table}` was made by an engine's own file"), hint);
            return;
        }
        let is_rename = |operation: &AlterTableOperation| {
            matches!(operation, AlterTableOperation::RenameColumn { .. } | AlterTableOperation::RenameTable { .. })
        };
        if alter.operations.len() > 1 && alter.operations.iter().any(is_rename) {
            self.refuse(whole, "PostgreSQL takes a rename only alone", "write one `alter table` for each");
            return;
        }
        for operation in &alter.operations {
            match operation {
                AlterTableOperation::AddColumn { column_def, if_not_exists, .. } => {
                    self.add_column(&table, column_def, *if_not_exists);
                }
                AlterTableOperation::DropColumn { column_names, if_exists, drop_behavior, .. } => {
                    if drop_behavior.is_some() {
                        self.refuse(whole, "`cascade` is not portable", "drop what depends on it first");
                        continue;
                    }
                    for column in column_names {
                        self.drop_column(&table, column, *if_exists);
                    }
                }
                AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                    self.rename_column(&table, old_column_name, new_column_name);
                }
                AlterTableOperation::RenameTable { table_name } => {
                    let (RenameTableNameKind::To(name) | RenameTableNameKind::As(name)) = table_name;
                    if let Some(ident) = self.object(name)
                        && let Some(name) = self.rename_table(&table, &ident)
                    {
                        table = name;
                    }
                }
                AlterTableOperation::AlterColumn { column_name, op } => {
                    self.alter_column(&table, column_name, op, whole);
                }
                other => self.refuse_operation(other, whole),
            }
        }
    }

    fn refuse_operation(&mut self, operation: &AlterTableOperation, whole: Span) {
        let (what, hint) = match operation {
            AlterTableOperation::AddConstraint { .. } => (
                "`add constraint`",
                "for uniqueness write `create unique index ...`; else declare it in `create table`, or in a new table that takes over the rows",
            ),
            AlterTableOperation::DropConstraint { .. } | AlterTableOperation::DropPrimaryKey { .. } => (
                "`drop constraint`",
                "make a new table without it and move the rows: insert into new select ... from old",
            ),
            AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::DisableRowLevelSecurity => {
                ("row level security", "write `-- @allow` above a query and `where user_id = auth.uid()` in it")
            }
            AlterTableOperation::RenameConstraint { .. } => ("`rename constraint`", PORTABLE),
            AlterTableOperation::OwnerTo { .. } => ("`owner to`", "leave it out"),
            _ => ("this form of `alter table`", PORTABLE),
        };
        self.refuse(whole, format!("{what} is not portable"), hint);
    }

    /// Reports a view that mentions the table and, if given, the column.
    fn is_free_of_views(&mut self, names: &[&str], span: Span) -> bool {
        let Some(view) = self.schema.view_using(names) else { return true };
        let message = format!("the view `{}` uses `{}`", view.name, names.join("."));
        let hint = format!("write `drop view {};` before and create it again after", view.name);
        self.wrong("in_use", span, message, Some(hint));
        false
    }

    fn add_column(&mut self, table: &str, column: &ast::ColumnDef, if_not_exists: bool) {
        let Some(before) = self.schema.tables.get(table).cloned() else { return };
        let span = self.source.span_of(column.name.span);
        if if_not_exists && before.column(&catalogue::ident(&column.name)).is_some() {
            return;
        }
        if let Some(view) = self.schema.views.iter().find(|view| view.has_wildcard && view.words.contains(table)) {
            let message = format!("the view `{}` uses `*`, which a new column of `{table}` would widen", view.name);
            let hint =
                format!("list the view's columns, or `drop view {};` before and create it again after", view.name);
            self.wrong("in_use", span, message, Some(hint));
            return;
        }
        let mut after = before.clone();
        let mut parts = Parts::default();
        let count = after.columns.len();
        self.column(&mut after, column, &mut parts);
        if after.columns.len() == count {
            return;
        }
        if !parts.keys.is_empty() || after.columns.last().is_some_and(|added| added.is_identity) {
            let hint = "make a new table and move the rows: insert into new select ... from old";
            self.refuse(span, "adding a primary key or an identity is not portable", hint);
            return;
        }
        let is_plain = parts.uniques.is_empty() && parts.checks.is_empty() && parts.foreign_keys.is_empty();
        let is_plain = is_plain && parts.defaults.is_empty();
        self.schema.tables.insert(table.to_owned(), after);
        self.schema.refresh(table);
        self.finish_table(table, parts);
        let Some(after) = self.schema.tables.get(table) else { return };
        let added = &after.columns[count];
        if is_plain && added.is_nullable {
            self.sqlite.push(sqlite::add_column(table, added));
            return;
        }
        let kept: Vec<(String, String)> =
            before.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        self.rebuild(table, &kept);
    }

    fn rebuild(&mut self, table: &str, kept: &[(String, String)]) {
        if let Some(state) = self.schema.tables.get(table) {
            let steps = sqlite::rebuild(self.schema, table, state, &self.schema.indexes, kept);
            self.sqlite.extend(steps);
        }
    }

    fn drop_column(&mut self, table: &str, ident: &Ident, if_exists: bool) {
        let span = self.source.span_of(ident.span);
        let name = catalogue::ident(ident);
        if if_exists && self.schema.tables.get(table).is_some_and(|state| state.column(&name).is_none()) {
            return;
        }
        let Some(name) = self.known_column(table, ident) else { return };
        if !self.is_free_of_views(&[table, &name], span) {
            return;
        }
        if let Some(view) = self.schema.views.iter().find(|view| view.has_wildcard && view.words.contains(table)) {
            let message = format!("the view `{}` uses `*` and may show `{name}`", view.name);
            let hint = format!("write `drop view {};` before and create it again after", view.name);
            self.wrong("in_use", span, message, Some(hint));
            return;
        }
        let referring = self.schema.tables.values().find(|other| {
            other.name != table
                && other.foreign_keys.iter().any(|key| key.table == table && key.referenced.contains(&name))
        });
        if let Some(other) = referring {
            let message = format!("the table `{}` has a foreign key to `{table}.{name}`", other.name);
            self.wrong("in_use", span, message, Some(format!("drop the column of `{}` before", other.name)));
            return;
        }
        let Some(state) = self.schema.tables.get_mut(table) else { return };
        if state.primary_key.as_ref().is_some_and(|key| key.columns.contains(&name)) || state.columns.len() == 1 {
            let hint = "make a new table and move the rows: insert into new select ... from old";
            self.refuse(
                span,
                format!("dropping `{name}`, a part of the key or the last column, is not portable"),
                hint,
            );
            return;
        }
        // As PostgreSQL does: what involves the column goes with it.
        state.columns.retain(|column| column.name != name);
        state.uniques.retain(|key| !key.columns.contains(&name));
        state.checks.retain(|check| !check.columns.contains(&name));
        let own = table.to_owned();
        state
            .foreign_keys
            .retain(|key| !(key.columns.contains(&name) || key.table == own && key.referenced.contains(&name)));
        let kept: Vec<(String, String)> =
            state.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        let indexes: Vec<String> = self
            .schema
            .indexes
            .values()
            .filter(|index| index.index.table == table)
            .filter(|index| {
                index.predicate_columns.contains(&name) || index.index.columns.iter().any(|(column, _)| *column == name)
            })
            .map(|index| index.index.name.clone())
            .collect();
        for index in indexes {
            self.schema.remove_index(&index);
        }
        self.schema.refresh(table);
        self.rebuild(table, &kept);
    }

    fn rename_column(&mut self, table: &str, old: &Ident, new: &Ident) {
        let Some(old_name) = self.known_column(table, old) else { return };
        let new_name = self.new_name(new, "column");
        let span = self.source.span_of(new.span);
        let is_other = |column: &ColumnState| column.name != old_name && column.name.eq_ignore_ascii_case(&new_name);
        if self.schema.tables.get(table).is_some_and(|state| state.columns.iter().any(is_other)) {
            self.wrong("duplicate_column", span, format!("the table `{table}` has a column `{new_name}`"), None);
            return;
        }
        if !self.is_free_of_views(&[table, &old_name], self.source.span_of(old.span)) {
            return;
        }
        let rename = |name: &mut String| {
            if *name == old_name {
                name.clone_from(&new_name);
            }
        };
        for state in self.schema.tables.values_mut() {
            let is_it = state.name == table;
            for key in &mut state.foreign_keys {
                if is_it {
                    key.columns.iter_mut().for_each(rename);
                }
                if key.table == table {
                    key.referenced.iter_mut().for_each(rename);
                }
            }
            if is_it {
                state.columns.iter_mut().for_each(|column| rename(&mut column.name));
                for key in state.primary_key.iter_mut().chain(&mut state.uniques) {
                    key.columns.iter_mut().for_each(rename);
                }
            }
        }
        for state in self.schema.indexes.values_mut().filter(|state| state.index.table == table) {
            state.index.columns.iter_mut().for_each(|(name, _)| rename(name));
        }
        rewrite_expressions(self.schema, table, &old_name, &new_name, false);
        self.refresh_around(table);
        self.sqlite.push(format!(
            "alter table {} rename column {} to {}",
            sqlite::quote(table),
            sqlite::quote(&old_name),
            sqlite::quote(&new_name)
        ));
    }

    fn rename_table(&mut self, table: &str, ident: &Ident) -> Option<String> {
        let name = self.new_name(ident, "table");
        let span = self.source.span_of(ident.span);
        if !self.is_free(&name, span) || !self.is_free_of_views(&[table], span) {
            return None;
        }
        let mut state = self.schema.tables.remove(table)?;
        state.name.clone_from(&name);
        self.schema.refresh(table);
        self.schema.tables.insert(name.clone(), state);
        for key in self.schema.tables.values_mut().flat_map(|state| &mut state.foreign_keys) {
            if key.table == table {
                key.table.clone_from(&name);
            }
        }
        for state in self.schema.indexes.values_mut().filter(|state| state.index.table == table) {
            state.index.table.clone_from(&name);
        }
        self.refresh_around(&name);
        rewrite_expressions(self.schema, &name, table, &name, true);
        self.sqlite.push(format!("alter table {} rename to {}", sqlite::quote(table), sqlite::quote(&name)));
        Some(name)
    }

    /// Brings the catalogue up to date after a rename: the table, its indexes, and those that refer to it.
    fn refresh_around(&mut self, table: &str) {
        for state in self.schema.indexes.values().filter(|state| state.index.table == table) {
            self.schema.catalogue.indexes.insert(state.index.name.clone(), state.index.clone());
        }
        let refers = |state: &&TableState| state.foreign_keys.iter().any(|key| key.table == table);
        let referring: Vec<String> =
            self.schema.tables.values().filter(refers).map(|state| state.name.clone()).collect();
        for name in referring.iter().map(String::as_str).chain([table]) {
            self.schema.refresh(name);
        }
    }

    fn alter_column(&mut self, table: &str, ident: &Ident, op: &AlterColumnOperation, whole: Span) {
        let Some(name) = self.known_column(table, ident) else { return };
        let span = self.source.span_of(ident.span);
        let Some(column) = self.schema.tables.get(table).and_then(|state| state.column(&name)).cloned() else { return };
        let is_in_key = self
            .schema
            .tables
            .get(table)
            .and_then(|state| state.primary_key.as_ref())
            .is_some_and(|key| key.columns.contains(&name));
        let mut changed = column.clone();
        match op {
            AlterColumnOperation::SetNotNull => changed.is_nullable = false,
            AlterColumnOperation::DropNotNull if is_in_key || column.is_identity => {
                self.wrong("not_null", span, format!("`{name}` belongs to the primary key and is never null"), None);
                return;
            }
            AlterColumnOperation::DropNotNull => changed.is_nullable = true,
            AlterColumnOperation::SetDefault { .. } | AlterColumnOperation::DropDefault if column.is_identity => {
                self.refuse(span, format!("`{name}` is an identity and has no other default"), "leave it out");
                return;
            }
            AlterColumnOperation::SetDefault { value } => {
                let value_span = self.span(value, span);
                match self.default_expression(table, value, column.ty, value_span) {
                    Some(default) => changed.default = default,
                    None => return,
                }
            }
            AlterColumnOperation::DropDefault => changed.default = None,
            AlterColumnOperation::SetDataType { .. } => {
                let hint = "add a column of the new type, fill it by `update`, drop the old one and rename";
                self.refuse(whole, "changing a column's type is not portable", hint);
                return;
            }
            _ => {
                self.refuse(whole, "this change of a column is not portable", PORTABLE);
                return;
            }
        }
        let Some(state) = self.schema.tables.get_mut(table) else { return };
        if let Some(slot) = state.columns.iter_mut().find(|column| column.name == name) {
            *slot = changed;
        }
        let kept: Vec<(String, String)> =
            state.columns.iter().map(|column| (column.name.clone(), column.name.clone())).collect();
        self.schema.refresh(table);
        self.rebuild(table, &kept);
    }
}

/// Checks and predicates say the new name; the table's own columns are renamed already.
fn rewrite_expressions(schema: &mut Schema, table: &str, old: &str, new: &str, is_table: bool) {
    schema.refresh(table);
    let Some(resolved_in) = schema.catalogue.tables.get(table).cloned() else { return };
    let Some(mut state) = schema.tables.get(table).cloned() else { return };
    let names = |state: &TableState| state.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let columns = names(&state);
    let again = |schema: &Schema, text: &str, context: Context| {
        let text = expression::rename(text, old, new, is_table);
        expression::lower_again(schema, &resolved_in, text, context, Type::Boolean)
    };
    for check in &mut state.checks {
        if let Some(expression) = again(schema, &check.expression.text, Context::Check) {
            check.columns = expression::columns_in(&expression.text, columns.iter().map(String::as_str));
            check.expression = expression;
        }
    }
    schema.tables.insert(table.to_owned(), state);
    let indexes: Vec<String> =
        schema.indexes.values().filter(|s| s.index.table == table).map(|s| s.index.name.clone()).collect();
    for name in indexes {
        let Some(text) = schema.indexes.get(&name).and_then(|s| s.predicate.as_ref()).map(|p| p.text.clone()) else {
            continue;
        };
        let predicate = again(schema, &text, Context::IndexPredicate);
        if let (Some(index), Some(predicate)) = (schema.indexes.get_mut(&name), predicate) {
            index.predicate_columns = expression::columns_in(&predicate.text, columns.iter().map(String::as_str));
            index.predicate = Some(predicate);
        }
    }
}
