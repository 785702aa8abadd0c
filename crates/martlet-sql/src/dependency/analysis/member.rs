//! Rows that count only if they are in a subquery: `x in (select ..)`, `exists (select .. where a = x)`.
//!
//! Where nothing else bounds such a relation, the subquery's rows give its keys: given them, no other row can matter,
//! and what changes them is met by the subquery's own shapes. What must not be in a subquery gives none.

use super::super::keys::Link;
use super::super::rule::{Rule, Rules};
use super::super::scope::{self, Conjunct};
use super::super::terms;
use super::Analysis;
use super::facts::{Facts, Given};
use super::walk::outer_side;
use crate::ir::{Body, ExprKind, Relation, RelationId, Select, Source};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A condition that a relation's rows are in a subquery.
pub(super) struct Member<'a> {
    /// Whose rows.
    pub(super) relation: RelationId,
    query: &'a Select,
    /// Its columns, and the places of the subquery's that they equal; none: the subquery itself says what equals what.
    pairs: Vec<(usize, usize)>,
}

impl<'a> Member<'a> {
    /// What a condition says of the relations of its query.
    pub(super) fn of(conjunct: &Conjunct<'a>, own: &BTreeSet<RelationId>, rules: Rules) -> Vec<Self> {
        match &conjunct.expr.kind {
            ExprKind::InSubquery { operands, query, is_negated } if !*is_negated || !rules.hold(Rule::Member) => {
                let columns: Vec<_> = operands.iter().map(terms::column).collect();
                let relations: BTreeSet<RelationId> = columns.iter().flatten().map(|(relation, _)| *relation).collect();
                let told = relations.into_iter().filter(|relation| own.contains(relation));
                let told = told.filter(|relation| conjunct.tells_of(*relation, true));
                let pairs = |relation: RelationId| {
                    let own = |(place, column): (usize, &Option<(RelationId, usize)>)| {
                        column.filter(|(of, _)| *of == relation).map(|(_, column)| (column, place))
                    };
                    columns.iter().enumerate().filter_map(own).collect()
                };
                told.map(|relation| Self { relation, query, pairs: pairs(relation) }).collect()
            }
            ExprKind::Exists(query) => Self::of_exists(conjunct, own, query),
            ExprKind::Not(inner) if !rules.hold(Rule::Member) => match &inner.kind {
                ExprKind::Exists(query) => Self::of_exists(conjunct, own, query),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn of_exists(conjunct: &Conjunct<'a>, own: &BTreeSet<RelationId>, query: &'a Select) -> Vec<Self> {
        let told = own.iter().filter(|relation| conjunct.tells_of(**relation, true));
        told.map(|relation| Self { relation: *relation, query, pairs: Vec::new() }).collect()
    }
}

impl<'a> Analysis<'a> {
    /// Links a relation to what it must be in, if that is bounded.
    pub(super) fn link_member(&mut self, member: &Member<'a>) {
        if member.pairs.is_empty() {
            return self.link_exists(member);
        }
        let is_bounded = self.meet(member.query);
        if !is_bounded {
            return;
        }
        // Stands for the subquery as if it were in FROM.
        let id = RelationId(u32::MAX - u32::try_from(self.met.len()).unwrap_or(0));
        let source = Source::Subquery { query: Box::new(member.query.clone()), is_materialized: false };
        let columns = member.query.columns.clone();
        let relation = Relation { id, alias: "martlet_member".to_owned(), source, columns };
        self.facts.insert(id, Facts { relation: Some(Cow::Owned(relation)), is_bounded: true, ..Facts::default() });
        if let Some(facts) = self.facts.get_mut(&member.relation) {
            let link = |(column, other_column): &(usize, usize)| Link {
                column: *column,
                other: id,
                other_column: *other_column,
            };
            facts.links.extend(member.pairs.iter().map(link));
        }
    }

    /// The relations inside that equal a column of the one outside.
    fn link_exists(&mut self, member: &Member<'a>) {
        let Body::Core(core) = &member.query.body else { return };
        // A group is there even of no row.
        if core.is_grouped {
            return;
        }
        self.meet(member.query);
        let (inside, _) = scope::of(core, self.rules);
        // One that may be missing need not be there for the row outside to count.
        let missing = if self.rules.hold(Rule::Member) { outer_side(core) } else { BTreeSet::new() };
        let mut news = Vec::new();
        for relation in inside.into_iter().filter(|relation| !missing.contains(&relation.id)) {
            let Some(facts) = self.facts.get(&relation.id).filter(|facts| facts.is_bounded) else { continue };
            for link in facts.links.iter().filter(|link| link.other == member.relation) {
                let (column, other_column) = (link.other_column, link.column);
                news.push(Link { column, other: relation.id, other_column });
            }
        }
        if let Some(facts) = self.facts.get_mut(&member.relation) {
            facts.links.extend(news);
        }
    }

    /// Analyses a subquery before its turn, once.
    fn meet(&mut self, query: &'a Select) -> bool {
        self.met.insert(std::ptr::from_ref(query)) && self.select(query, &Given::new())
    }
}
