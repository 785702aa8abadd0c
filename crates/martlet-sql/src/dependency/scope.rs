//! Which condition tells of which relations: WHERE, the conditions of inner joins, those of outer joins.
//!
//! A condition tells of a relation when a row of it that fails the condition has no part in the result. The condition
//! of a left join tells nothing of the side whose rows stay; one that stands above an outer join tells of the side
//! that may be missing only if nulls fail it.

use super::rule::{Rule, Rules};
use crate::ir::{Core, Expr, ExprKind, From, JoinKind, Relation, RelationId};
use std::collections::BTreeSet;

/// One term of a conjunction and where it stands.
#[derive(Debug)]
pub(super) struct Conjunct<'a> {
    pub(super) expr: &'a Expr,
    /// What it tells of.
    pub(super) told: BTreeSet<RelationId>,
    /// Those of them that may be missing where it stands.
    pub(super) missing: BTreeSet<RelationId>,
}

impl Conjunct<'_> {
    /// Whether it tells of a relation, given that nulls fail it or not.
    pub(super) fn tells_of(&self, relation: RelationId, rejects_nulls: bool) -> bool {
        self.told.contains(&relation) && (rejects_nulls || !self.missing.contains(&relation))
    }
}

/// The relations of a core, in written order, and its conditions.
pub(super) fn of(core: &Core, rules: Rules) -> (Vec<&Relation>, Vec<Conjunct<'_>>) {
    let mut relations = Vec::new();
    let mut conjuncts = Vec::new();
    let sides = core.from.as_ref().map(|from| gather(from, rules, &mut relations, &mut conjuncts)).unwrap_or_default();
    if let Some(filter) = &core.filter {
        split(filter, &sides, &mut conjuncts);
    }
    (relations, conjuncts)
}

/// What stands below a place of FROM: all relations, and those that may be missing there.
#[derive(Debug, Clone, Default)]
struct Sides {
    all: BTreeSet<RelationId>,
    missing: BTreeSet<RelationId>,
}

impl Sides {
    fn and(&self, other: &Self) -> Self {
        Self { all: &self.all | &other.all, missing: &self.missing | &other.missing }
    }
}

fn gather<'a>(
    from: &'a From,
    rules: Rules,
    relations: &mut Vec<&'a Relation>,
    conjuncts: &mut Vec<Conjunct<'a>>,
) -> Sides {
    match from {
        From::Relation(relation) => {
            relations.push(relation);
            Sides { all: BTreeSet::from([relation.id]), missing: BTreeSet::new() }
        }
        From::Join { kind, left, right, on } => {
            let mut whole = gather(left, rules, relations, conjuncts);
            let right = gather(right, rules, relations, conjuncts);
            match kind {
                JoinKind::Inner => {
                    whole = whole.and(&right);
                    on.iter().for_each(|on| split(on, &whole, conjuncts));
                }
                JoinKind::Left => {
                    let told = if rules.hold(Rule::KeptSide) { right.clone() } else { whole.and(&right) };
                    on.iter().for_each(|on| split(on, &told, conjuncts));
                    whole.missing.extend(&right.all);
                    whole.all.extend(&right.all);
                }
            }
            whole
        }
    }
}

fn split<'a>(expr: &'a Expr, sides: &Sides, conjuncts: &mut Vec<Conjunct<'a>>) {
    match &expr.kind {
        ExprKind::And(items) => items.iter().for_each(|item| split(item, sides, conjuncts)),
        _ => conjuncts.push(Conjunct { expr, told: sides.all.clone(), missing: sides.missing.clone() }),
    }
}
