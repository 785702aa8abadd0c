//! GROUP BY, and what may stand beside aggregates.

use super::{Clause, Resolved, Resolver};
use crate::catalogue;
use crate::ir::{Expr, ExprKind, Output, Part, RelationId};
use sqlparser::ast;
use std::collections::BTreeSet;

/// What a grouped query may name.
pub(super) struct Groups<'g> {
    group_by: &'g [Expr],
    /// The query's own relations.
    local: BTreeSet<RelationId>,
    /// Relations whose whole primary key is grouped by: their other columns follow from it.
    determined: BTreeSet<RelationId>,
}

impl Resolver<'_> {
    /// The expressions of GROUP BY: a column of FROM, else a name of the result, a position, or an expression.
    pub(super) fn group_by(&mut self, group_by: &ast::GroupByExpr, outputs: &[Output]) -> Resolved<Vec<Expr>> {
        let place = self.place;
        let items = match group_by {
            ast::GroupByExpr::Expressions(items, modifiers) if modifiers.is_empty() => items,
            _ => return self.unsupported(place, "this form of GROUP BY", "name the columns to group by"),
        };
        self.require_few(items.len(), "GROUP BY")?;
        self.within(Clause::GroupBy, |this| {
            this.each(items, |this, item| {
                let expr = this.group_item(item, outputs)?;
                if matches!(expr.kind, ExprKind::Literal(_)) {
                    return this.unsupported(expr.span, "a constant in GROUP BY", "leave it out: it groups nothing");
                }
                if expr.any(&mut |part| matches!(part.kind, ExprKind::Aggregate { .. } | ExprKind::Window { .. })) {
                    let hint = "group by columns, or aggregate in a subquery";
                    return this.fail("aggregate_here", expr.span, "an aggregate may not stand in GROUP BY", hint);
                }
                this.require_ordered(&expr, "GROUP BY")?;
                Ok(expr)
            })
        })
    }

    fn group_item(&mut self, item: &ast::Expr, outputs: &[Output]) -> Resolved<Expr> {
        if let Some(position) = self.position(item, outputs.len(), "GROUP BY")? {
            return Ok(outputs[position].expr.clone());
        }
        if let ast::Expr::Identifier(ident) = item {
            let name = catalogue::ident(ident);
            let span = self.span_of(ident.span);
            // Only this query's own columns come before the names of its result.
            let own = self.scopes.split_off(self.scopes.len().saturating_sub(1));
            let outer = std::mem::replace(&mut self.scopes, own);
            let found = self.find_plain(&name, span);
            let own = std::mem::replace(&mut self.scopes, outer);
            self.scopes.extend(own);
            if found?.is_none() {
                let mut named = outputs.iter().filter(|output| output.name == name);
                if let Some(output) = named.next() {
                    if named.any(|other| other.expr != output.expr) {
                        let message = format!("`{name}` may mean several columns of the result");
                        return self.fail("ambiguous_column", span, message, "write the expression");
                    }
                    return Ok(output.expr.clone());
                }
            }
        }
        self.expr(item)
    }

    pub(super) fn groups<'g>(&self, group_by: &'g [Expr], local: &[RelationId]) -> Groups<'g> {
        let is_grouped = |id: RelationId, index: usize| {
            group_by.iter().any(
                |expr| matches!(expr.kind, ExprKind::Column { relation, column } if relation == id && column == index),
            )
        };
        let is_determined = |id: &RelationId| {
            let table = self.info(*id).table.as_deref().and_then(|name| self.env.catalogue.table(name));
            table.is_some_and(|table| {
                !table.primary_key.is_empty() && table.primary_key.iter().all(|column| is_grouped(*id, *column))
            })
        };
        Groups {
            group_by,
            local: local.iter().copied().collect(),
            determined: local.iter().copied().filter(is_determined).collect(),
        }
    }

    /// Refuses an expression that has no one value for a group.
    pub(super) fn require_grouped(&mut self, expr: &Expr, groups: &Groups<'_>) -> Resolved<()> {
        let Some(found) = groups.ungrouped(Part::Expr(expr), false) else { return Ok(()) };
        let ExprKind::Column { relation, column } = found.kind else { return Ok(()) };
        let info = self.info(relation);
        let name = format!("{}.{}", info.alias, info.columns[column].name);
        let message = format!("{name} is neither grouped by nor aggregated");
        self.fail("not_grouped", found.span, message, format!("add {name} to GROUP BY, or take min({name})"))
    }
}

impl Groups<'_> {
    /// The first column that has no one value for a group. An aggregate of a subquery is not one of this query's.
    fn ungrouped<'e>(&self, part: Part<'e>, is_in_subquery: bool) -> Option<&'e Expr> {
        let mut found = None;
        let is_inside = is_in_subquery || matches!(part, Part::Select(_));
        let mut visit = |inner: Part<'e>| {
            if found.is_none() {
                found = self.ungrouped(inner, is_inside);
            }
        };
        match part {
            Part::Select(select) => select.parts(&mut visit),
            Part::Expr(expr) if self.group_by.contains(expr) => {}
            Part::Expr(expr) => match &expr.kind {
                ExprKind::Aggregate { .. } if !is_in_subquery => {}
                ExprKind::Column { relation, .. } => {
                    let is_free = self.local.contains(relation) && !self.determined.contains(relation);
                    return is_free.then_some(expr);
                }
                _ => expr.parts(&mut visit),
            },
        }
        found
    }
}
