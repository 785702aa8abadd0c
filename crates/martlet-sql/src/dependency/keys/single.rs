//! Where a limit cuts the rows of one relation as it cuts those of the result.

use super::super::analysis::{Analysis, only_relation};
use super::super::scope::Conjunct;
use super::super::terms;
use super::Link;
use crate::catalogue::Table;
use crate::ir::{self, CompareOperator, ExprKind, Relation, RelationId};
use std::collections::BTreeSet;

/// Whether a condition takes no row away but by the nearest relation's own columns, or joins another to it. Above an
/// outer join an equality takes away the rows without a partner.
pub(super) fn is_harmless(conjunct: &Conjunct<'_>, nearest: RelationId) -> bool {
    if let ExprKind::Compare { operator: CompareOperator::Equal, left, right } = &conjunct.expr.kind
        && let (Some(left), Some(right)) = (terms::column(left), terms::column(right))
    {
        let is_above = [left.0, right.0].iter().any(|relation| conjunct.missing.contains(relation));
        return !is_above && (left.0 == nearest || right.0 == nearest);
    }
    only_relation(conjunct.expr) == Some(nearest)
}

/// Whether each row of `own` meets exactly one row of `other`: a unique key of it, which a foreign key promises to be
/// there or whose absence an outer join makes up for.
pub(super) fn is_one_for_one(analysis: &Analysis<'_>, other: &Relation, own: &Relation, is_outer: bool) -> bool {
    let (Some(table), Some(own_table)) = (table_of(analysis, other), table_of(analysis, own)) else { return false };
    let Some(facts) = analysis.facts.get(&other.id) else { return false };
    let links: Vec<&Link> = facts.links.iter().filter(|link| link.other == own.id).collect();
    let is_unique =
        unique_keys(table).any(|key| key.iter().all(|column| links.iter().any(|link| link.column == *column)));
    let is_promised = || {
        own_table.foreign_keys.iter().any(|foreign| {
            let pairs: BTreeSet<(usize, &str)> =
                foreign.columns.iter().copied().zip(foreign.referenced.iter().map(String::as_str)).collect();
            foreign.table == table.name
                && foreign
                    .columns
                    .iter()
                    .all(|column| own_table.columns.get(*column).is_some_and(|column| !column.is_nullable))
                && links.len() == pairs.len()
                && links.iter().all(|link| {
                    let name = table.columns.get(link.column).map_or("", |column| column.name.as_str());
                    pairs.contains(&(link.other_column, name))
                })
        })
    };
    is_unique && (is_outer || is_promised())
}

pub(super) fn unique_keys(table: &Table) -> impl Iterator<Item = &Vec<usize>> {
    let keys = std::iter::once(&table.primary_key).chain(&table.unique_keys);
    let is_not_null = |column: &usize| table.columns.get(*column).is_some_and(|column| !column.is_nullable);
    keys.filter(move |key| !key.is_empty() && key.iter().all(is_not_null))
}

pub(super) fn table_of<'t>(analysis: &'t Analysis<'_>, relation: &Relation) -> Option<&'t Table> {
    match &relation.source {
        ir::Source::Table(name) => analysis.catalogue.table(name),
        _ => None,
    }
}
