//! The statements that give keys which stand in other rows.
//!
//! What is joined to a bounded relation by an equality is read at that relation's values only: changes of the relation
//! itself hit its own shape, and with its rows given, no other row of the joined table can matter. The statement reads
//! the rows that lead there, before any join that may take some away, each with its own conditions alone.

mod repeat;
mod single;
mod statement;

pub(super) use statement::values_statement;

use super::analysis::{Analysis, only_relation, outer_side};
use super::rule::Rule;
use super::scope::Conjunct;
use super::{KEYS_SELECTED_MAX, KeysStatement, Source, terms};
use crate::Span;
use crate::ir::{self, Core, Distinct, Expr, ExprKind, From, JoinKind, OrderItem, Relation, RelationId, Select};
use repeat::is_repeatable;
use single::{is_harmless, is_one_for_one, table_of, unique_keys};
use statement::{equal, equality, number, statement};

/// A column that equals one of another relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) column: usize,
    pub(super) other: RelationId,
    pub(super) other_column: usize,
}

/// The core that a shape is found for: where it ends by LIMIT, fewer keys may do.
pub(super) struct Cut<'c, 'a> {
    pub(super) core: &'a Core,
    pub(super) select: &'a Select,
    pub(super) relations: &'c [&'a Relation],
    pub(super) conjuncts: &'c [Conjunct<'a>],
}

/// The way to a relation's keys.
#[derive(Debug)]
pub(super) struct Chain {
    of: RelationId,
    /// The one whose values are the keys, the one that leads to it, and so on.
    through: Vec<RelationId>,
}

impl Chain {
    /// The way to the keys of a relation that has one.
    pub(super) fn of(analysis: &Analysis<'_>, relation: RelationId) -> Option<Self> {
        let mut through = Vec::new();
        let mut here = relation;
        while let Some(link) = analysis.facts.get(&here)?.chain.as_ref() {
            through.push(link.other);
            here = link.other;
        }
        Some(Self { of: relation, through })
    }

    /// The key columns and the statement of their values.
    pub(super) fn statement(&self, analysis: &Analysis<'_>, cut: &Cut<'_, '_>) -> Option<(Vec<usize>, KeysStatement)> {
        let nearest = *self.through.first()?;
        let mut links: Vec<&Link> =
            analysis.facts.get(&self.of)?.links.iter().filter(|link| link.other == nearest).collect();
        links.sort_by_key(|link| link.column);
        links.dedup_by_key(|link| link.column);
        let projection =
            links.iter().map(|link| column_of(analysis, nearest, link.other_column)).collect::<Option<Vec<_>>>()?;
        let columns = links.iter().map(|link| link.column).collect();
        let ctes: Vec<ir::Cte> = analysis.ctes.iter().map(|cte| (*cte).clone()).collect();
        if let Some((order_by, limit)) = self.end(analysis, cut) {
            let from = From::Relation(Box::new(analysis.facts.get(&nearest)?.relation.as_deref()?.clone()));
            let own = cut.conjuncts.iter().map(|conjunct| conjunct.expr);
            let filters = own.filter(|expr| only_relation(expr) == Some(nearest)).cloned().collect();
            let found = statement(projection, Some(from), filters, Distinct::Keep, order_by, Some(limit), &ctes);
            return Some((columns, found));
        }
        let (from, filters) = self.rows(analysis)?;
        let limit = number(i64::try_from(KEYS_SELECTED_MAX + 1).unwrap_or(i64::MAX));
        Some((columns, statement(projection, Some(from), filters, Distinct::Rows, Vec::new(), Some(limit), &ctes)))
    }

    /// All relations on the way, joined, and their conditions.
    fn rows(&self, analysis: &Analysis<'_>) -> Option<(From, Vec<Expr>)> {
        let mut from: Option<From> = None;
        let mut filters = Vec::new();
        for id in &self.through {
            let facts = analysis.facts.get(id)?;
            let relation = From::Relation(Box::new(facts.relation.as_deref()?.clone()));
            from = Some(match from {
                None => relation,
                Some(left) => {
                    From::Join { kind: JoinKind::Inner, left: Box::new(left), right: Box::new(relation), on: None }
                }
            });
            filters.extend(facts.conditions.iter().map(|expr| (*expr).clone()));
            for (column, fixed) in facts.fixed.iter().filter(|(_, fixed)| fixed.is_derived) {
                filters.push(equality(column_of(analysis, *id, *column)?, fixed)?);
            }
            if let Some(chain) = &facts.chain {
                for link in facts.links.iter().filter(|link| link.other == chain.other) {
                    let (left, right) =
                        (column_of(analysis, *id, link.column)?, column_of(analysis, link.other, link.other_column)?);
                    filters.push(equal(left, right));
                }
            }
        }
        Some((from?, filters))
    }

    /// The order and limit of the core, where its rows are those of the nearest relation, one for one.
    fn end(&self, analysis: &Analysis<'_>, cut: &Cut<'_, '_>) -> Option<(Vec<OrderItem>, Expr)> {
        let [nearest] = self.through[..] else { return None };
        let limit = cut.select.limit.clone()?;
        let holds = analysis.rules.hold(Rule::Cut);
        let own = cut.relations.iter().find(|relation| relation.id == nearest)?;
        let is_plain =
            (cut.select.offset.is_none() || !holds) && !cut.core.is_grouped && cut.core.distinct == Distinct::Keep;
        let has_window = |expr: &Expr| expr.any(&mut |part| matches!(part.kind, ExprKind::Window { .. }));
        let is_limit_closed =
            !limit.any(&mut |part| matches!(part.kind, ExprKind::Column { .. } | ExprKind::Scalar(_)));
        if !is_plain || !is_limit_closed || cut.core.projection.iter().any(|output| has_window(&output.expr)) {
            return None;
        }
        let missing = outer_side(cut.core);
        let is_plain = cut.conjuncts.iter().all(|conjunct| is_harmless(conjunct, nearest));
        if holds && (missing.contains(&nearest) || !is_plain) {
            return None;
        }
        let others = cut.relations.iter().filter(|relation| relation.id != nearest);
        if holds && !others.into_iter().all(|other| is_one_for_one(analysis, other, own, missing.contains(&other.id))) {
            return None;
        }
        let mut order_by = Vec::new();
        for item in &cut.select.order_by {
            let expr = match item.expr.kind {
                ExprKind::Output(index) => &cut.core.projection.get(index)?.expr,
                _ => &item.expr,
            };
            match only_relation(expr) == Some(nearest) {
                true => {}
                false if holds => return None,
                false => continue,
            }
            order_by.push(OrderItem { expr: expr.clone(), ..item.clone() });
        }
        // Rows that compare equal could be others each time.
        let facts = analysis.facts.get(&nearest)?;
        let is_one =
            |column: &usize| facts.fixed.get(column).is_some_and(|fixed| matches!(fixed.source, Source::One(_)));
        let is_known = |column: &usize| {
            is_one(column) || order_by.iter().any(|item| terms::column(&item.expr) == Some((nearest, *column)))
        };
        let table = table_of(analysis, own)?;
        (unique_keys(table).any(|key| key.iter().all(is_known)) || !holds).then_some((order_by, limit))
    }
}

impl Analysis<'_> {
    /// Whether a statement of our own can read the relation's rows: nothing in it belongs to a query around it.
    pub(super) fn can_chain(&self, relation: RelationId) -> bool {
        let Some(relation) = self.facts.get(&relation).and_then(|facts| facts.relation.as_deref()) else {
            return false;
        };
        if self.is_volatile {
            return false;
        }
        match &relation.source {
            ir::Source::Table(_) | ir::Source::Function(_) => true,
            ir::Source::Subquery { query, .. } => is_repeatable(query) && self.are_ctes_repeatable(),
            ir::Source::Cte(_) => self.are_ctes_repeatable(),
        }
    }

    /// Of all, for one may name another.
    fn are_ctes_repeatable(&self) -> bool {
        self.ctes.iter().all(|cte| is_repeatable(&cte.query))
    }
}

fn column_of(analysis: &Analysis<'_>, relation: RelationId, column: usize) -> Option<Expr> {
    let known = analysis.facts.get(&relation)?.relation.as_deref()?.columns.get(column)?;
    let kind = ExprKind::Column { relation, column };
    Some(Expr { kind, ty: known.ty, is_nullable: known.is_nullable, span: Span::default() })
}
