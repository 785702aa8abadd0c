//! Walking a query: its subqueries, the columns that it names, the relations that may be missing.

use super::super::rule::{Rule, Rules};
use super::Analysis;
use super::facts::Given;
use crate::ir::{self, Core, Distinct, Expr, ExprKind, Part, RelationId, Select};
use std::collections::{BTreeSet, HashMap};

impl<'a> Analysis<'a> {
    /// The subqueries in the expressions of a core; those in FROM have been met.
    pub(super) fn inner_queries(&mut self, core: &'a Core) {
        if let Distinct::On(on) = &core.distinct {
            on.iter().for_each(|expr| self.subqueries(expr));
        }
        core.projection.iter().for_each(|output| self.subqueries(&output.expr));
        core.filter.iter().chain(&core.group_by).chain(&core.having).for_each(|expr| self.subqueries(expr));
        if let Some(from) = &core.from {
            self.conditions_and_arguments(from);
        }
    }

    fn conditions_and_arguments(&mut self, from: &'a ir::From) {
        match from {
            ir::From::Relation(relation) if matches!(relation.source, ir::Source::Function(_)) => {
                let mut parts = Vec::new();
                from.parts(&mut |part| parts.push(part));
                parts.into_iter().for_each(|part| self.part(part));
            }
            ir::From::Relation(_) => {}
            ir::From::Join { left, right, on, .. } => {
                self.conditions_and_arguments(left);
                self.conditions_and_arguments(right);
                on.iter().for_each(|on| self.subqueries(on));
            }
        }
    }

    pub(super) fn subqueries(&mut self, expr: &'a Expr) {
        self.part(Part::Expr(expr));
    }

    fn part(&mut self, part: Part<'a>) {
        match part {
            Part::Select(select) if self.met.contains(&std::ptr::from_ref(select)) => {}
            Part::Select(select) => {
                self.select(select, &Given::new());
            }
            Part::Expr(expr) => {
                let mut parts = Vec::new();
                expr.parts(&mut |part| parts.push(part));
                parts.into_iter().for_each(|part| self.part(part));
            }
        }
    }
}

/// The columns of each relation that stand anywhere in the statement.
pub(super) fn columns_read(select: &Select, rules: Rules) -> HashMap<RelationId, BTreeSet<usize>> {
    let mut reads: HashMap<RelationId, BTreeSet<usize>> = HashMap::new();
    let unordered = (!rules.hold(Rule::Order)).then(|| Select { order_by: Vec::new(), ..select.clone() });
    unordered.as_ref().unwrap_or(select).any(&mut |expr| {
        if let ExprKind::Column { relation, column } = expr.kind {
            reads.entry(relation).or_default().insert(column);
        }
        false
    });
    reads
}

/// The one relation whose columns stand in a condition without a subquery.
pub(in super::super) fn only_relation(expr: &Expr) -> Option<RelationId> {
    let mut relations = BTreeSet::new();
    let has_subquery = expr.any(&mut |part| {
        if let ExprKind::Column { relation, .. } = part.kind {
            relations.insert(relation);
        }
        matches!(part.kind, ExprKind::Exists(_) | ExprKind::Scalar(_) | ExprKind::InSubquery { .. })
    });
    if has_subquery || relations.len() != 1 { None } else { relations.first().copied() }
}

/// Relations that may be missing in a core's rows.
pub(in super::super) fn outer_side(core: &Core) -> BTreeSet<RelationId> {
    fn walk(from: &ir::From, is_missing: bool, missing: &mut BTreeSet<RelationId>) {
        match from {
            ir::From::Relation(relation) => {
                if is_missing {
                    missing.insert(relation.id);
                }
            }
            ir::From::Join { kind, left, right, .. } => {
                walk(left, is_missing, missing);
                walk(right, is_missing || *kind == ir::JoinKind::Left, missing);
            }
        }
    }
    let mut missing = BTreeSet::new();
    core.from.iter().for_each(|from| walk(from, false, &mut missing));
    missing
}
