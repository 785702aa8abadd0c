//! Statements: what each writes, and what it gives.

mod insert;

use super::names::UNNAMED;
use super::query::{Unknowns, is_named, output_span};
use super::scope::Scope;
use super::{Clause, Context, Resolved, Resolver, rows};
use crate::catalogue::Table;
use crate::ir::{Assignment, Command, Cte, Delete, ExprKind, Output, RelationColumn, RelationId, Source, Update};
use crate::nearest::nearest;
use crate::{Column, Span, TableUse};
use sqlparser::ast;
use std::collections::BTreeSet;

/// A statement with its result columns, what it writes, and the most rows it gives or affects.
pub(super) type Done = (Command, Vec<Column>, Vec<TableUse>, Option<u64>);

impl<'a> Resolver<'a> {
    pub(super) fn command(&mut self, ast: &ast::Statement) -> Resolved<Done> {
        let place = self.place;
        match ast {
            ast::Statement::Query(query) => match &*query.body {
                ast::SetExpr::Insert(inner) | ast::SetExpr::Update(inner) | ast::SetExpr::Delete(inner) => {
                    let ctes = self.with(query.with.as_ref())?;
                    self.change(inner, ctes)
                }
                _ => self.select(query),
            },
            ast::Statement::Insert(_) | ast::Statement::Update(_) | ast::Statement::Delete(_) => {
                self.change(ast, Vec::new())
            }
            other => {
                let (what, hint) = match other {
                    ast::Statement::Merge(_) => ("MERGE", "write insert .. on conflict (key) do update set .."),
                    ast::Statement::Truncate(_) => ("TRUNCATE", "write delete from t"),
                    ast::Statement::StartTransaction { .. }
                    | ast::Statement::Commit { .. }
                    | ast::Statement::Rollback { .. }
                    | ast::Statement::Savepoint { .. } => ("a transaction statement", "an action is one transaction"),
                    ast::Statement::Call(_) => ("CALL", "write the statements into an action"),
                    ast::Statement::Lock(_) => ("LOCK", "an action is serializable as it is"),
                    _ => ("this statement", "write select, insert, update or delete"),
                };
                self.unsupported(place, what, hint)
            }
        }
    }

    fn select(&mut self, query: &ast::Query) -> Resolved<Done> {
        let select = self.query(query, Unknowns::BecomeText)?;
        let spans = (0..select.columns.len()).map(|index| output_span(&select, index)).collect::<Vec<_>>();
        let columns = self.result_columns(&select.columns, &spans)?;
        let rows_max = select.rows_max;
        Ok((Command::Select(Box::new(select)), columns, Vec::new(), rows_max))
    }

    fn change(&mut self, ast: &ast::Statement, ctes: Vec<Cte>) -> Resolved<Done> {
        let place = self.place;
        if !matches!(self.env.context, Context::Action | Context::Seed) {
            let what = format!("a statement that writes in {}", self.env.context.name());
            return self.unsupported(place, &what, "move the file to actions/; a query is one select");
        }
        match ast {
            ast::Statement::Insert(insert) => self.insert(insert, ctes),
            ast::Statement::Update(update) => self.update(update, ctes),
            ast::Statement::Delete(delete) => self.delete(delete, ctes),
            _ => self.unsupported(place, "this statement", "write select, insert, update or delete"),
        }
    }

    /// The columns that leave the statement: each with one name and a type that can be stored.
    fn result_columns(&mut self, columns: &[RelationColumn], spans: &[Span]) -> Resolved<Vec<Column>> {
        let mut seen = BTreeSet::new();
        self.each(columns.iter().zip(spans), |this, (column, span)| {
            if !is_named(&column.name) {
                debug_assert!(column.name.is_empty() || column.name == UNNAMED, "the two ways to have no name");
                let text = this.quote_or(*span, "..").to_owned();
                return this.fail("unnamed_column", *span, "this column has no name", format!("write {text} as name"));
            }
            if !seen.insert(&column.name) {
                let message = format!("two columns are named `{}`", column.name);
                return this.fail("duplicate_column", *span, message, "give one another name with as");
            }
            if !column.ty.is_storable() {
                let sample = crate::ir::Expr::new(ExprKind::Output(0), column.ty, column.is_nullable, *span);
                this.require_storable(&sample, "an answer")?;
            }
            Ok(Column { name: column.name.clone(), ty: column.ty, is_nullable: column.is_nullable })
        })
    }

    /// The table that a statement writes; `is_read`: its columns in conditions count as read.
    fn target(
        &mut self,
        name: &ast::ObjectName,
        alias: Option<String>,
        is_read: bool,
    ) -> Resolved<(RelationId, &'a Table)> {
        let span = self.span(name);
        let written = match name.0.as_slice() {
            [part] => part.as_ident().map(|ident| self.ident(ident)).transpose()?,
            _ => None,
        };
        let Some(written) = written else {
            return self.unsupported(span, "a schema before a table", "write the table's name alone");
        };
        let catalogue = self.env.catalogue;
        let Some(table) = catalogue.table(&written) else {
            if catalogue.views.contains_key(&written) {
                let hint = "write to the tables that it reads";
                return self.unsupported(span, &format!("writing to the view `{written}`"), hint);
            }
            let hint = match nearest(&written, catalogue.tables.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "a migration creates it: create table ..".to_owned(),
            };
            return self.fail("unknown_table", span, format!("there is no table `{written}`"), hint);
        };
        let id = self.add_table(table, alias.as_deref().unwrap_or(&written), false)?;
        if is_read {
            self.info_mut(id).reads_as = Some(written);
        }
        Ok((id, table))
    }

    /// The column that a name assigns to.
    fn assigned_column(&mut self, table: &Table, name: &ast::ObjectName) -> Resolved<usize> {
        let span = self.span(name);
        let written = match name.0.as_slice() {
            [part] => part.as_ident().map(|ident| self.ident(ident)).transpose()?,
            _ => None,
        };
        let Some(written) = written else {
            return self.unsupported(span, "a table before an assigned column", "write the column's name alone");
        };
        match table.column(&written) {
            Some((index, _)) => Ok(index),
            None => {
                let names = || table.columns.iter().map(|column| column.name.as_str());
                let hint = match nearest(&written, names()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its columns: {}", names().take(12).collect::<Vec<_>>().join(", ")),
                };
                self.fail("unknown_column", span, format!("`{}` has no column `{written}`", table.name), hint)
            }
        }
    }

    /// `set a = x, (b, c) = (y, z)`.
    fn assignments(&mut self, table: &Table, written: &[ast::Assignment]) -> Resolved<Vec<Assignment>> {
        let pairs = self.each(written, |this, assignment| match (&assignment.target, &assignment.value) {
            (ast::AssignmentTarget::ColumnName(name), value) => Ok(vec![(name, value)]),
            (ast::AssignmentTarget::Tuple(names), ast::Expr::Tuple(values)) if names.len() == values.len() => {
                Ok(names.iter().zip(values).collect())
            }
            _ => {
                let span = this.span(assignment);
                this.unsupported(span, "this assignment of a row", "write a = x, b = y")
            }
        })?;
        let mut seen = BTreeSet::new();
        self.within(Clause::Set, |this| {
            this.each(pairs.into_iter().flatten(), |this, (name, value)| {
                let column = this.assigned_column(table, name)?;
                let span = this.span(name);
                if !seen.insert(column) {
                    let message = format!("`{}` is set twice", table.columns[column].name);
                    return this.fail("duplicate_column", span, message, "set it once");
                }
                if insert::is_default(value) {
                    let what = "DEFAULT in an assignment";
                    return this.unsupported(span, what, "write the value; only INSERT takes default");
                }
                let value = this.value_for(&table.columns[column], value)?;
                Ok(Assignment { column, value })
            })
        })
    }

    /// RETURNING: columns of the row written.
    fn returning(
        &mut self,
        items: Option<&[ast::SelectItem]>,
        target: RelationId,
        table: &str,
    ) -> Resolved<(Vec<Output>, Vec<Column>)> {
        let Some(items) = items else { return Ok((Vec::new(), Vec::new())) };
        let outputs = self.within(Clause::Returning, |this| this.projection(items, Unknowns::BecomeText))?;
        for output in &outputs {
            let mut other = None;
            output.expr.any(&mut |expr| {
                if let ExprKind::Column { relation, .. } = expr.kind
                    && relation != target
                    && self.scopes.iter().any(|scope| scope.relations.contains(&relation))
                {
                    other = Some(expr.span);
                }
                false
            });
            if let Some(span) = other {
                let hint = "return the table's own columns; select the others in a statement of their own";
                return self.unsupported(span, "RETURNING of another table's column", hint);
            }
            if crate::ir::Part::Expr(&output.expr).reads_table(table) {
                let hint = "select it in a statement of its own, after this one";
                return self.unsupported(output.expr.span, "a subquery in RETURNING over the table written", hint);
            }
        }
        let columns = super::select::columns_of(&outputs);
        let spans: Vec<Span> = outputs.iter().map(|output| output.expr.span).collect();
        let columns = self.result_columns(&columns, &spans)?;
        Ok((outputs, columns))
    }

    fn update(&mut self, update: &ast::Update, ctes: Vec<Cte>) -> Resolved<Done> {
        let place = self.place;
        if update.or.is_some()
            || update.output.is_some()
            || !update.order_by.is_empty()
            || update.limit.is_some()
            || !update.optimizer_hints.is_empty()
        {
            return self.unsupported(place, "this form of UPDATE", "write update t set .. where .. returning ..");
        }
        let (name, alias) = self.plain_table(&update.table)?;
        let (id, table) = self.target(name, alias, true)?;
        let own = Scope::of(&[id], &self.relations);
        let from = match &update.from {
            None => (Ok(None), Scope::default()),
            Some(ast::UpdateTableFromKind::AfterSet(items)) => self.relations_of(items),
            Some(ast::UpdateTableFromKind::BeforeSet(_)) => {
                return self.unsupported(place, "FROM before SET", "write update t set .. from ..");
            }
        };
        let (from, scope) = from;
        let alias = self.info(id).alias.clone();
        if scope.relations.iter().any(|other| self.info(*other).alias == alias) {
            let message = format!("`{alias}` is the table written and stands in FROM too");
            return self.fail("duplicate_alias", place, message, format!("give it an alias there: {alias} as other"));
        }
        self.scopes.push(own.join(scope));
        let assignments = self.assignments(table, &update.assignments);
        let filter = update.selection.as_ref().map(|filter| self.within(Clause::Where, |this| this.condition(filter)));
        let returning = self.returning(update.returning.as_deref(), id, &table.name);
        self.scopes.pop();
        let (from, assignments, filter) = (from?, assignments?, filter.transpose()?);
        let (returning, columns) = returning?;
        let target = self.relation(id, Source::Table(table.name.clone()));
        let rows_max = rows::of_target(&target, filter.as_ref(), self);
        let written = assignments.iter().map(|assignment| table.columns[assignment.column].name.clone()).collect();
        let writes = vec![TableUse { table: table.name.clone(), columns: written }];
        let update = Update { ctes, target, assignments, from, filter, returning };
        Ok((Command::Update(Box::new(update)), columns, writes, rows_max))
    }

    fn delete(&mut self, delete: &ast::Delete, ctes: Vec<Cte>) -> Resolved<Done> {
        let place = self.place;
        if delete.using.is_some() {
            return self.unsupported(place, "DELETE .. USING", "write where exists (select 1 from ..)");
        }
        let from = match &delete.from {
            ast::FromTable::WithFromKeyword(from) | ast::FromTable::WithoutKeyword(from) => from.as_slice(),
        };
        let [from] = from else {
            return self.unsupported(place, "DELETE of several tables", "write one statement for each");
        };
        if !delete.tables.is_empty()
            || delete.output.is_some()
            || !delete.order_by.is_empty()
            || delete.limit.is_some()
            || !delete.optimizer_hints.is_empty()
        {
            return self.unsupported(place, "this form of DELETE", "write delete from t where .. returning ..");
        }
        let (name, alias) = self.plain_table(from)?;
        let (id, table) = self.target(name, alias, true)?;
        let table_name = table.name.clone();
        let writes = vec![all_columns(table)];
        self.scopes.push(Scope::of(&[id], &self.relations));
        let filter = delete.selection.as_ref().map(|filter| self.within(Clause::Where, |this| this.condition(filter)));
        let returning = self.returning(delete.returning.as_deref(), id, &table_name);
        self.scopes.pop();
        let filter = filter.transpose()?;
        let (returning, columns) = returning?;
        let target = self.relation(id, Source::Table(table_name));
        let rows_max = rows::of_target(&target, filter.as_ref(), self);
        let delete = Delete { ctes, target, filter, returning };
        Ok((Command::Delete(Box::new(delete)), columns, writes, rows_max))
    }

    /// The name and alias of a table alone.
    fn plain_table<'e>(&mut self, item: &'e ast::TableWithJoins) -> Resolved<(&'e ast::ObjectName, Option<String>)> {
        let place = self.span(&item.relation);
        match &item.relation {
            ast::TableFactor::Table { name, alias, args: None, .. }
                if item.joins.is_empty() && alias.as_ref().is_none_or(|alias| alias.columns.is_empty()) =>
            {
                let alias = alias.as_ref().map(|alias| self.ident(&alias.name)).transpose()?;
                Ok((name, alias))
            }
            _ => self.unsupported(place, "this target", "name one table, with an alias where needed"),
        }
    }
}

/// Every column of a table, as written.
fn all_columns(table: &Table) -> TableUse {
    TableUse { table: table.name.clone(), columns: table.columns.iter().map(|column| column.name.clone()).collect() }
}
