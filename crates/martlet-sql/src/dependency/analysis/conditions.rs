//! What the conditions of a query say of its relations, and what follows along equalities.

use super::super::keys::Link;
use super::super::rule::Rule;
use super::super::scope::Conjunct;
use super::super::terms;
use super::Analysis;
use super::facts::{Fixed, fixed_by};
use super::walk::only_relation;
use crate::ir::{CompareOperator, ExprKind, Relation, RelationId};
use std::collections::BTreeSet;

impl<'a> Analysis<'a> {
    /// Gives a condition to the relations that it tells of.
    pub(super) fn note(&mut self, conjunct: &Conjunct<'a>, own: &BTreeSet<RelationId>) {
        let expr = conjunct.expr;
        if let ExprKind::Compare { operator: CompareOperator::Equal, left, right } = &expr.kind
            && let (Some(left), Some(right)) = (terms::column(left), terms::column(right))
            && left.0 != right.0
        {
            for ((of, column), (other, other_column)) in [(left, right), (right, left)] {
                if conjunct.tells_of(of, true)
                    && let Some(facts) = self.facts.get_mut(&of)
                {
                    facts.links.push(Link { column, other, other_column });
                }
            }
            return;
        }
        let Some(relation) = only_relation(expr).filter(|relation| own.contains(relation)) else { return };
        let Some(term) = self.values.term(expr, relation) else { return };
        let rejects_nulls = term.rejects_nulls() || !self.rules.hold(Rule::Nulls);
        if !conjunct.tells_of(relation, rejects_nulls) {
            return;
        }
        let fixed = fixed_by(&term, expr);
        let Some(facts) = self.facts.get_mut(&relation) else { return };
        facts.conditions.push(expr);
        match fixed {
            Some((column, fixed)) if !facts.fixed.contains_key(&column) => {
                facts.fixed.insert(column, fixed);
            }
            _ => facts.terms.push(term),
        }
    }

    /// What is fixed of one relation is fixed of what equals it.
    pub(super) fn flow(&mut self, relations: &[&Relation]) {
        loop {
            let mut news = Vec::new();
            for relation in relations {
                let Some(facts) = self.facts.get(&relation.id) else { continue };
                for link in facts.links.iter().filter(|link| !facts.fixed.contains_key(&link.column)) {
                    let known = self.facts.get(&link.other).and_then(|other| other.fixed.get(&link.other_column));
                    if let Some(fixed) = known {
                        news.push((relation.id, link.column, Fixed { is_derived: true, ..fixed.clone() }));
                    }
                }
            }
            if news.is_empty() {
                return;
            }
            for (relation, column, fixed) in news {
                if let Some(facts) = self.facts.get_mut(&relation) {
                    facts.fixed.entry(column).or_insert(fixed);
                }
            }
        }
    }
}
