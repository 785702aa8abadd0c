//! INSERT and the upsert.

use super::{Done, all_columns};
use crate::catalogue::{Table, TableColumn};
use crate::ir::{Command, ConflictUpdate, Cte, Expr, Insert, InsertSource, OnConflict, Part, RelationId, Source};
use crate::resolve::coerce::is_implicit;
use crate::resolve::query::Unknowns;
use crate::resolve::scope::Scope;
use crate::resolve::{Clause, Resolved, Resolver};
use martlet_core::Type;
use sqlparser::ast;
use std::collections::BTreeSet;

impl Resolver<'_> {
    pub(super) fn insert(&mut self, insert: &ast::Insert, ctes: Vec<Cte>) -> Resolved<Done> {
        self.require_plain_insert(insert)?;
        let ast::TableObject::TableName(name) = &insert.table else {
            let place = self.place;
            return self.unsupported(place, "this target", "name one table");
        };
        let alias = match &insert.table_alias {
            None => None,
            Some(alias) if alias.explicit => Some(self.ident(&alias.alias)?),
            Some(alias) => {
                let span = self.span_of(alias.alias.span);
                return self.unsupported(span, "an alias without AS here", "write insert into t as x");
            }
        };
        let (id, table) = self.target(name, alias, false)?;
        let columns = self.insert_columns(table, &insert.columns)?;
        let (columns, source, rows_max) = self.insert_source(table, columns, insert)?;
        self.require_all_columns(table, &columns)?;
        let on_conflict = match &insert.on {
            None => None,
            Some(ast::OnInsert::OnConflict(on)) => Some(self.on_conflict(table, id, on)?),
            Some(_) => {
                let place = self.place;
                let hint = "write on conflict (key) do update set ..";
                return self.unsupported(place, "ON DUPLICATE KEY", hint);
            }
        };
        self.scopes.push(Scope::of(&[id], &self.relations));
        let returning = self.returning(insert.returning.as_deref(), id, &table.name);
        self.scopes.pop();
        let (returning, result) = returning?;
        let target = self.relation(id, Source::Table(table.name.clone()));
        let writes = vec![all_columns(table)];
        let insert = Insert { ctes, target, columns, source, on_conflict, returning };
        Ok((Command::Insert(Box::new(insert)), result, writes, rows_max))
    }

    fn require_plain_insert(&mut self, insert: &ast::Insert) -> Resolved<()> {
        let place = self.place;
        if insert.or.is_some() || insert.ignore || insert.replace_into {
            return self.unsupported(place, "this form of INSERT", "write on conflict do nothing, or do update");
        }
        let is_plain = insert.optimizer_hints.is_empty()
            && !insert.overwrite
            && insert.assignments.is_empty()
            && insert.partitioned.is_none()
            && insert.after_columns.is_empty()
            && !insert.has_table_keyword
            && insert.output.is_none()
            && insert.priority.is_none()
            && insert.insert_alias.is_none()
            && insert.settings.is_none()
            && insert.format_clause.is_none()
            && insert.multi_table_insert_type.is_none()
            && insert.multi_table_into_clauses.is_empty()
            && insert.multi_table_when_clauses.is_empty()
            && insert.multi_table_else_clause.is_none()
            && insert.into;
        match is_plain {
            true => Ok(()),
            false => self.unsupported(place, "this form of INSERT", "write insert into t (a, b) values (x, y)"),
        }
    }

    /// The columns named, or none.
    fn insert_columns(&mut self, table: &Table, names: &[ast::ObjectName]) -> Resolved<Option<Vec<usize>>> {
        if names.is_empty() {
            return Ok(None);
        }
        let mut seen = BTreeSet::new();
        let columns = self.each(names, |this, name| {
            let column = this.assigned_column(table, name)?;
            if !seen.insert(column) {
                let span = this.span(name);
                let message = format!("`{}` is given twice", table.columns[column].name);
                return this.fail("duplicate_column", span, message, "give it once");
            }
            Ok(column)
        })?;
        Ok(Some(columns))
    }

    fn insert_source(
        &mut self,
        table: &Table,
        columns: Option<Vec<usize>>,
        insert: &ast::Insert,
    ) -> Resolved<(Vec<usize>, InsertSource, Option<u64>)> {
        let Some(query) = &insert.source else { return Ok((Vec::new(), InsertSource::Default, Some(1))) };
        if let ast::SetExpr::Values(values) = &*query.body
            && query.with.is_none()
            && query.order_by.is_none()
            && query.limit_clause.is_none()
            && query.fetch.is_none()
            && query.locks.is_empty()
        {
            let rows: Vec<&[ast::Expr]> = values.rows.iter().map(|row| row.content.as_slice()).collect();
            return self.insert_values(table, columns, &rows);
        }
        let mut query = self.query(query, Unknowns::Stay)?;
        let columns = self.target_columns(table, columns, query.columns.len())?;
        for (index, column) in columns.iter().enumerate() {
            let wanted = &table.columns[*column];
            let given = &query.columns[index];
            if given.ty != Type::Unknown && !is_implicit(given.ty, wanted.ty) {
                let span = crate::resolve::query::output_span(&query, index);
                let sample = Expr::new(crate::ir::ExprKind::Output(index), given.ty, given.is_nullable, span);
                return self.not_assignable(wanted, &sample);
            }
            self.coerce_column(&mut query, index, wanted.ty)?;
        }
        let rows_max = query.rows_max;
        Ok((columns, InsertSource::Select(Box::new(query)), rows_max))
    }

    /// The columns written: those named, else the table's first ones.
    fn target_columns(&mut self, table: &Table, columns: Option<Vec<usize>>, given: usize) -> Resolved<Vec<usize>> {
        let place = self.place;
        let is_named = columns.is_some();
        let columns = columns.unwrap_or_else(|| (0..table.columns.len().min(given)).collect());
        if columns.len() == given {
            return Ok(columns);
        }
        let count = if is_named { columns.len() } else { table.columns.len() };
        let message = format!("{given} values are given for {count} columns");
        self.fail("column_counts", place, message, "name the columns: insert into t (a, b) ..")
    }

    fn insert_values(
        &mut self,
        table: &Table,
        columns: Option<Vec<usize>>,
        rows: &[&[ast::Expr]],
    ) -> Resolved<(Vec<usize>, InsertSource, Option<u64>)> {
        let place = self.place;
        let width = rows.first().map_or(0, |row| row.len());
        if rows.iter().any(|row| row.len() != width) {
            return self.fail(
                "column_counts",
                place,
                "the rows of VALUES differ in length",
                "give each as many values",
            );
        }
        let columns = self.target_columns(table, columns, width)?;
        // A column that is DEFAULT in every row is one that is not given.
        let mut kept = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let defaults = rows.iter().filter(|row| is_default(&row[index])).count();
            if defaults == 0 {
                kept.push((index, *column));
            } else if defaults < rows.len() {
                let what = "DEFAULT in some rows only";
                return self.unsupported(place, what, "write two statements, one without the column");
            }
        }
        let count = u64::try_from(rows.len()).ok();
        if kept.is_empty() {
            return match rows.len() {
                1 => Ok((Vec::new(), InsertSource::Default, count)),
                _ => self.unsupported(place, "several rows of defaults alone", "write one statement for each"),
            };
        }
        let values = self.within(Clause::Values, |this| {
            this.each(rows, |this, row| {
                this.each(&kept, |this, (index, column)| this.value_for(&table.columns[*column], &row[*index]))
            })
        })?;
        let columns = kept.into_iter().map(|(_, column)| column).collect();
        Ok((columns, InsertSource::Values(values), count))
    }

    /// A value in a column's type.
    pub(super) fn value_for(&mut self, column: &TableColumn, value: &ast::Expr) -> Resolved<Expr> {
        let value = self.expr(value)?;
        if value.is_unknown() || is_implicit(value.ty, column.ty) {
            return self.coerce(value, column.ty);
        }
        self.not_assignable(column, &value)
    }

    fn not_assignable<T>(&mut self, column: &TableColumn, value: &Expr) -> Resolved<T> {
        let hint = self.cast_hint(value, column.ty);
        let message = format!("`{}` is {}, this value is {}", column.name, column.ty, value.ty);
        self.fail("type_mismatch", value.span, message, hint)
    }

    /// A column that must have a value has one.
    fn require_all_columns(&mut self, table: &Table, given: &[usize]) -> Resolved<()> {
        let is_missing = |(index, column): &(usize, &TableColumn)| {
            !column.is_nullable && !column.has_default && !column.is_identity && !given.contains(index)
        };
        let missing: Vec<&str> =
            table.columns.iter().enumerate().filter(is_missing).map(|(_, column)| column.name.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let place = self.place;
        let message = format!("`{}` must have a value for {}", table.name, missing.join(", "));
        self.fail("missing_column", place, message, "give one, or declare a default")
    }

    fn on_conflict(&mut self, table: &Table, id: RelationId, on: &ast::OnConflict) -> Resolved<OnConflict> {
        let place = self.place;
        let target = match &on.conflict_target {
            None => Vec::new(),
            Some(ast::ConflictTarget::Columns(columns)) => self.conflict_key(table, columns)?,
            Some(ast::ConflictTarget::OnConstraint(_)) => {
                return self.unsupported(place, "ON CONSTRAINT", "name the columns: on conflict (a, b)");
            }
        };
        let update = match &on.action {
            ast::OnConflictAction::DoNothing => return Ok(OnConflict { target, update: None }),
            ast::OnConflictAction::DoUpdate(update) => update,
        };
        if target.is_empty() {
            let hint = "name the key: on conflict (id) do update set ..";
            return self.fail("conflict_target", place, "do update needs the columns of a key", hint);
        }
        // Now the row that is there is read too.
        self.info_mut(id).reads_as = Some(table.name.clone());
        let excluded = self.add_table(table, "excluded", false)?;
        self.scopes.push(Scope::of(&[id, excluded], &self.relations));
        let assignments = self.assignments(table, &update.assignments);
        let filter = update.selection.as_ref().map(|filter| self.within(Clause::Where, |this| this.condition(filter)));
        self.scopes.pop();
        self.info_mut(id).reads_as = None;
        let (assignments, filter) = (assignments?, filter.transpose()?);
        let values = assignments.iter().map(|assignment| &assignment.value).chain(&filter);
        for value in values {
            if Part::Expr(value).reads_table(&table.name) {
                let hint = "select it in a statement before, and use :step.column";
                return self.unsupported(value.span, "a subquery here over the table written", hint);
            }
        }
        Ok(OnConflict { target, update: Some(ConflictUpdate { excluded, assignments, filter }) })
    }

    /// The columns of ON CONFLICT, which are those of a key in any order.
    fn conflict_key(&mut self, table: &Table, columns: &[ast::Ident]) -> Resolved<Vec<usize>> {
        let named = self.each(columns, |this, ident| {
            let name = ast::ObjectName(vec![ast::ObjectNamePart::Identifier(ident.clone())]);
            this.assigned_column(table, &name)
        })?;
        let wanted: BTreeSet<usize> = named.iter().copied().collect();
        let is_wanted = |key: &Vec<usize>| !key.is_empty() && key.iter().copied().collect::<BTreeSet<_>>() == wanted;
        if std::iter::once(&table.primary_key).chain(&table.unique_keys).any(is_wanted) {
            return Ok(named);
        }
        let span = columns.first().map_or(self.place, |first| self.span_of(first.span));
        let keys: Vec<String> = std::iter::once(&table.primary_key)
            .chain(&table.unique_keys)
            .filter(|key| !key.is_empty())
            .map(|key| {
                let names: Vec<&str> = key.iter().map(|column| table.columns[*column].name.as_str()).collect();
                format!("({})", names.join(", "))
            })
            .collect();
        let hint = match keys.is_empty() {
            true => "the table has no key; add a primary key or a unique index".to_owned(),
            false => format!("its keys are {}", keys.join(", ")),
        };
        self.fail("conflict_target", span, "these columns are no unique key of the table", hint)
    }
}

/// The word DEFAULT as a value.
pub(super) fn is_default(value: &ast::Expr) -> bool {
    matches!(value, ast::Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.eq_ignore_ascii_case("default"))
}
