//! How many rows a FROM can give at most, by keys alone.

use super::Resolver;
use crate::ir::{
    CompareOperator, Core, Expr, ExprKind, From, Function, JoinKind, Relation, RelationId, Source, TableFunction,
};
use std::collections::BTreeSet;

/// `column = expression` that holds for every row that counts.
struct Equality<'e> {
    relation: RelationId,
    column: usize,
    value: &'e Expr,
    /// It stands in the ON of a left join: it bounds only that join's right side.
    only: Option<BTreeSet<RelationId>>,
}

/// The most rows, none if unbounded: a table gives one row for each row of the others where the equalities give all
/// columns of a unique key from constants and from relations that are bounded already.
pub(super) fn of(from: Option<&From>, filter: Option<&Expr>, resolver: &Resolver<'_>) -> Option<u64> {
    let Some(from) = from else { return Some(1) };
    let mut relations: Vec<&Relation> = Vec::new();
    from.relations(&mut |relation| relations.push(relation));
    let mut equalities = Vec::new();
    filter.into_iter().for_each(|filter| collect(filter, None, &mut equalities));
    collect_joins(from, &mut equalities);
    let local: BTreeSet<RelationId> = relations.iter().map(|relation| relation.id).collect();
    let mut bounded: BTreeSet<RelationId> = BTreeSet::new();
    let mut product: u64 = 1;
    loop {
        let next = relations.iter().find_map(|relation| {
            if bounded.contains(&relation.id) {
                return None;
            }
            let rows = own_rows(relation, resolver)
                .or_else(|| is_single(relation, &equalities, &local, &bounded, resolver).then_some(1));
            rows.map(|rows| (relation.id, rows))
        });
        match next {
            Some((id, rows)) => {
                bounded.insert(id);
                // The right side of a left join gives a row even where it has none.
                product = product.checked_mul(rows.max(1))?;
            }
            None => break,
        }
    }
    (bounded.len() == relations.len()).then_some(product)
}

/// Whether the last column of the result differs in every row: a column of a table that its rows are told apart by,
/// with what WHERE fixes, and every other relation gives at most one row for each of them.
pub(super) fn last_is_unique(core: &Core, resolver: &Resolver<'_>) -> bool {
    let Some(ExprKind::Column { relation: id, column }) = core.projection.last().map(|output| &output.expr.kind) else {
        return false;
    };
    let Some(from) = &core.from else { return false };
    let mut relations: Vec<&Relation> = Vec::new();
    from.relations(&mut |relation| relations.push(relation));
    let mut equalities = Vec::new();
    core.filter.iter().for_each(|filter| collect(filter, None, &mut equalities));
    collect_joins(from, &mut equalities);
    let local: BTreeSet<RelationId> = relations.iter().map(|relation| relation.id).collect();
    let Some(own) = relations.iter().find(|relation| relation.id == *id) else { return false };
    let mut bounded = BTreeSet::new();
    if !is_told_apart(own, Some(*column), &equalities, &local, &bounded, resolver) {
        return false;
    }
    bounded.insert(*id);
    while let Some(next) = relations.iter().find(|relation| {
        !bounded.contains(&relation.id)
            && (own_rows(relation, resolver).is_some_and(|rows| rows <= 1)
                || is_single(relation, &equalities, &local, &bounded, resolver))
    }) {
        bounded.insert(next.id);
    }
    bounded.len() == relations.len()
}

/// The most rows of one table under a condition.
pub(super) fn of_target(target: &Relation, filter: Option<&Expr>, resolver: &Resolver<'_>) -> Option<u64> {
    of(Some(&From::Relation(Box::new(target.clone()))), filter, resolver)
}

fn own_rows(relation: &Relation, resolver: &Resolver<'_>) -> Option<u64> {
    match &relation.source {
        Source::Table(_) => None,
        Source::Function(TableFunction::GenerateSeries { start, stop, step: None }) => {
            match (&start.kind, &stop.kind) {
                (
                    ExprKind::Literal(martlet_core::Value::Integer(start)),
                    ExprKind::Literal(martlet_core::Value::Integer(stop)),
                ) => u64::try_from(i128::from(*stop) - i128::from(*start) + 1).ok().or(Some(0)),
                _ => None,
            }
        }
        _ => resolver.info(relation.id).rows_max,
    }
}

fn is_single(
    relation: &Relation,
    equalities: &[Equality<'_>],
    local: &BTreeSet<RelationId>,
    bounded: &BTreeSet<RelationId>,
    resolver: &Resolver<'_>,
) -> bool {
    is_told_apart(relation, None, equalities, local, bounded, resolver)
}

/// Whether the equalities, and this column, give all columns of a unique key.
fn is_told_apart(
    relation: &Relation,
    own: Option<usize>,
    equalities: &[Equality<'_>],
    local: &BTreeSet<RelationId>,
    bounded: &BTreeSet<RelationId>,
    resolver: &Resolver<'_>,
) -> bool {
    let Source::Table(name) = &relation.source else { return false };
    let Some(table) = resolver.env.catalogue.table(name) else { return false };
    let is_known = |value: &Expr| {
        !value.any(&mut |expr| match &expr.kind {
            ExprKind::Column { relation, .. } => local.contains(relation) && !bounded.contains(relation),
            // Drawn anew for each row.
            ExprKind::Call { function: Function::Random | Function::RandomInt | Function::GenRandomUuid, .. } => true,
            _ => false,
        })
    };
    let is_given = |column: &usize| {
        own == Some(*column)
            || equalities.iter().any(|equality| {
                equality.relation == relation.id
                    && equality.column == *column
                    && equality.only.as_ref().is_none_or(|only| only.contains(&relation.id))
                    && is_known(equality.value)
            })
    };
    let keys = std::iter::once(&table.primary_key).chain(&table.unique_keys);
    keys.into_iter().any(|key| !key.is_empty() && key.iter().all(is_given))
}

fn collect_joins<'e>(from: &'e From, equalities: &mut Vec<Equality<'e>>) {
    let From::Join { kind, left, right, on } = from else { return };
    collect_joins(left, equalities);
    collect_joins(right, equalities);
    let only = (*kind == JoinKind::Left).then(|| {
        let mut ids = BTreeSet::new();
        right.relations(&mut |relation| {
            ids.insert(relation.id);
        });
        ids
    });
    if let Some(on) = on {
        collect(on, only.as_ref(), equalities);
    }
}

fn collect<'e>(condition: &'e Expr, only: Option<&BTreeSet<RelationId>>, equalities: &mut Vec<Equality<'e>>) {
    match &condition.kind {
        ExprKind::And(all) => all.iter().for_each(|part| collect(part, only, equalities)),
        ExprKind::Compare { operator: CompareOperator::Equal, left, right } => {
            for (side, value) in [(left, right), (right, left)] {
                if let ExprKind::Column { relation, column } = side.kind {
                    equalities.push(Equality { relation, column, value, only: only.cloned() });
                }
            }
        }
        ExprKind::RowCompare { operator: CompareOperator::Equal, left, right } => {
            for (side, value) in left.iter().zip(right).flat_map(|(left, right)| [(left, right), (right, left)]) {
                if let ExprKind::Column { relation, column } = side.kind {
                    equalities.push(Equality { relation, column, value, only: only.cloned() });
                }
            }
        }
        _ => {}
    }
}
