//! One SELECT: its clauses in the order in which names come into scope.

use super::names::{self, UNNAMED};
use super::query::{Built, Unknowns};
use super::{COLUMNS_MAX, Clause, Resolved, Resolver, rows};
use crate::catalogue;
use crate::ir::{Body, Core, Distinct, Output, RelationColumn};
use sqlparser::ast;

impl Resolver<'_> {
    /// Resolves a SELECT with its ORDER BY, which sees both FROM and the result.
    pub(super) fn core(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderByExpr],
        unknowns: Unknowns,
    ) -> Resolved<Built> {
        let before = (self.saw_aggregate, self.groups_have_rows);
        let windows = std::mem::take(&mut self.windows);
        let clause = std::mem::replace(&mut self.clause, Clause::Projection);
        let (from, scope) = self.relations_of(&select.from);
        let local = scope.relations.clone();
        self.scopes.push(scope);
        let built = self.core_in_scope(select, order_by, unknowns, (from, &local));
        self.scopes.pop();
        (self.saw_aggregate, self.groups_have_rows) = before;
        self.windows = windows;
        self.clause = clause;
        built
    }

    fn core_in_scope(
        &mut self,
        select: &ast::Select,
        order_by: &[ast::OrderByExpr],
        unknowns: Unknowns,
        (from, local): (Resolved<Option<crate::ir::From>>, &[crate::ir::RelationId]),
    ) -> Resolved<Built> {
        self.require_plain_select(select)?;
        self.windows(&select.named_window)?;
        self.saw_aggregate = false;
        self.groups_have_rows = match &select.group_by {
            ast::GroupByExpr::Expressions(items, _) => !items.is_empty(),
            ast::GroupByExpr::All(_) => true,
        };
        let filter = select.selection.as_ref().map(|filter| self.within(Clause::Where, |this| this.condition(filter)));
        let projection = self.projection(&select.projection, unknowns);
        let (from, filter, projection) = (from, filter.transpose(), projection);
        // What follows refers to the result, so without one there is nothing more to find.
        let projection = projection?;
        let group_by = self.group_by(&select.group_by, &projection);
        let having = select.having.as_ref().map(|having| self.within(Clause::Having, |this| this.condition(having)));
        let order_by = self.order_of_core(order_by, &projection);
        let (from, filter, group_by, having) = (from?, filter?, group_by?, having.transpose()?);
        let mut order_by = order_by?;
        let distinct = match &select.distinct {
            None | Some(ast::Distinct::All) => Distinct::Keep,
            Some(ast::Distinct::Distinct) => {
                self.order_of_distinct(&mut order_by, &projection)?;
                Distinct::Rows
            }
            Some(ast::Distinct::On(on)) => Distinct::On(self.distinct_on(on, &order_by, &projection)?),
        };
        let is_grouped = !group_by.is_empty() || having.is_some() || self.saw_aggregate;
        if is_grouped {
            let groups = self.groups(&group_by, local);
            let on = if let Distinct::On(on) = &distinct { on.as_slice() } else { &[] };
            let parts = projection.iter().map(|output| &output.expr).chain(&having);
            let parts = parts.chain(order_by.iter().map(|item| &item.expr)).chain(on);
            self.each(parts, |this, expr| this.require_grouped(expr, &groups))?;
        }
        let columns = columns_of(&projection);
        let core = Core { distinct, projection, from, filter, group_by, having, is_grouped };
        let rows_max = self.core_rows(&core);
        Ok(Built { body: Body::Core(Box::new(core)), order_by, columns, rows_max })
    }

    fn core_rows(&self, core: &Core) -> Option<u64> {
        if core.is_grouped && core.group_by.is_empty() {
            return Some(1);
        }
        rows::of(core.from.as_ref(), core.filter.as_ref(), self)
    }

    fn require_plain_select(&mut self, select: &ast::Select) -> Resolved<()> {
        let place = self.place;
        if select.top.is_some() {
            return self.unsupported(place, "TOP", "write limit n at the end");
        }
        if select.into.is_some() {
            return self.unsupported(place, "SELECT INTO", "write insert into t select ..");
        }
        if select.qualify.is_some() {
            return self.unsupported(place, "QUALIFY", "filter a subquery that has the window");
        }
        let is_plain = select.optimizer_hints.is_empty()
            && select.select_modifiers.is_none()
            && select.exclude.is_none()
            && select.lateral_views.is_empty()
            && select.prewhere.is_none()
            && select.connect_by.is_empty()
            && select.cluster_by.is_empty()
            && select.distribute_by.is_empty()
            && select.sort_by.is_empty()
            && select.value_table_mode.is_none()
            && select.flavor == ast::SelectFlavor::Standard;
        match is_plain {
            true => Ok(()),
            false => self.unsupported(place, "this form of SELECT", "docs/sql.md has the clauses of a query"),
        }
    }

    fn windows(&mut self, named: &[ast::NamedWindowDefinition]) -> Resolved<()> {
        for ast::NamedWindowDefinition(name, window) in named {
            let span = self.span_of(name.span);
            let ast::NamedWindowExpr::WindowSpec(spec) = window else {
                return self.unsupported(span, "a window that is another's name", "write it out");
            };
            let name = self.ident(name)?;
            self.windows.push((name, spec.clone()));
        }
        Ok(())
    }

    /// The items of the select list, or of RETURNING.
    pub(super) fn projection(&mut self, items: &[ast::SelectItem], unknowns: Unknowns) -> Resolved<Vec<Output>> {
        let place = self.place;
        if items.is_empty() {
            return self.unsupported(place, "an empty select list", "name at least one column");
        }
        let outputs: Vec<Output> = self
            .each(items, |this, item| match item {
                ast::SelectItem::UnnamedExpr(expr) => {
                    let name = names::of(expr).unwrap_or_else(|| UNNAMED.to_owned());
                    Ok(vec![this.output_of(expr, name, unknowns)?])
                }
                ast::SelectItem::ExprWithAlias { expr, alias } => {
                    let name = this.label(alias);
                    let output = this.output_of(expr, String::new(), unknowns)?;
                    Ok(vec![Output { name: name?, ..output }])
                }
                ast::SelectItem::Wildcard(options) => this.star(None, options),
                ast::SelectItem::QualifiedWildcard(ast::SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                    this.star(Some(name), options)
                }
                _ => {
                    let span = this.span(item);
                    this.unsupported(span, "this form of column", "write an expression and its name: x as name")
                }
            })?
            .into_iter()
            .flatten()
            .collect();
        if outputs.len() > COLUMNS_MAX {
            return self.fail(
                "too_complex",
                place,
                format!("a result has at most {COLUMNS_MAX} columns"),
                "name only those that are needed",
            );
        }
        Ok(outputs)
    }

    fn output_of(&mut self, expr: &ast::Expr, name: String, unknowns: Unknowns) -> Resolved<Output> {
        let mut expr = self.expr(expr)?;
        if unknowns == Unknowns::BecomeText {
            expr = self.settle(expr)?;
        }
        self.refuse_numeric(&expr)?;
        Ok(Output { name, expr })
    }

    /// `*` and `t.*`, written out.
    fn star(
        &mut self,
        name: Option<&ast::ObjectName>,
        options: &ast::WildcardAdditionalOptions,
    ) -> Resolved<Vec<Output>> {
        let span = match name {
            Some(name) => self.span(name),
            None => self.span(options),
        };
        let is_plain = options.opt_ilike.is_none()
            && options.opt_exclude.is_none()
            && options.opt_except.is_none()
            && options.opt_replace.is_none()
            && options.opt_rename.is_none()
            && options.opt_alias.is_none();
        if !is_plain {
            return self.unsupported(span, "* with exceptions", "name the columns");
        }
        if self.view.is_none() && self.env.source.text().get(..span.start).unwrap_or("").trim_end().ends_with('(') {
            return self.unsupported(span, "* in brackets", "write * alone, or count(*)");
        }
        let visible = self.scopes.last().map(|scope| scope.visible.clone()).unwrap_or_default();
        let wanted: Vec<_> = match name {
            None => {
                let relations = self.scopes.last().map(|scope| scope.relations.clone()).unwrap_or_default();
                if relations.iter().any(|id| self.info(*id).is_poisoned) {
                    return Err(super::Reported);
                }
                if relations.is_empty() {
                    return self.unsupported(span, "* without FROM", "name the values");
                }
                visible
            }
            Some(name) => {
                let alias = match name.0.as_slice() {
                    [part] => part.as_ident().map(catalogue::ident),
                    _ => None,
                };
                let Some(alias) = alias else {
                    return self.unsupported(span, "a schema before *", "write alias.*");
                };
                let relations = self.scopes.last().map(|scope| scope.relations.clone()).unwrap_or_default();
                let Some(id) = relations.iter().copied().find(|id| self.info(*id).alias == alias) else {
                    if relations.iter().any(|id| self.info(*id).is_poisoned) {
                        return Err(super::Reported);
                    }
                    return self.unknown_relation(&alias, span);
                };
                if self.info(id).is_poisoned {
                    return Err(super::Reported);
                }
                (0..self.info(id).columns.len()).map(|column| (id, column)).collect()
            }
        };
        self.each(wanted, |this, (relation, column)| {
            let name = this.info(relation).columns[column].name.clone();
            Ok(Output { name, expr: this.column(relation, column, span)? })
        })
    }
}

/// The columns that a projection gives.
pub(super) fn columns_of(projection: &[Output]) -> Vec<RelationColumn> {
    let column = |output: &Output| RelationColumn {
        name: output.name.clone(),
        ty: output.expr.ty,
        is_nullable: output.expr.is_nullable,
    };
    projection.iter().map(column).collect()
}
