//! Whether a subquery, run again beside the statement that it stands in, gives the same rows.
//!
//! It must name nothing of a query around it, and its rows must follow from the data: of a limit whose order leaves a
//! choice each run may choose others, and keys of rows that the answer does not show would be of no use.

use crate::Volatility;
use crate::ir::{self, AggregateFunction, Body, Core, Distinct, Expr, ExprKind, RelationId, Select, WindowFunction};
use std::collections::BTreeSet;

/// See the module.
pub(super) fn is_repeatable(select: &Select) -> bool {
    is_closed(select) && is_determined(select)
}

/// Whether the data alone decide its rows, and those of every query in it.
fn is_determined(select: &Select) -> bool {
    if select.volatility == Volatility::Volatile {
        return false;
    }
    let is_cut = select.limit.is_some() || select.offset.is_some();
    let mut is_determined = match &select.body {
        Body::Core(core) => {
            let is_cut = is_cut || matches!(core.distinct, Distinct::On(_));
            !is_cut || orders_all(select, Some(core))
        }
        Body::SetOperation { .. } | Body::Values(_) => !is_cut || orders_all(select, None),
    };
    select.parts(&mut |part| is_determined = is_determined && is_part_determined(part));
    is_determined
}

fn is_part_determined(part: ir::Part<'_>) -> bool {
    match part {
        ir::Part::Select(select) => is_determined(select),
        ir::Part::Expr(expr) => {
            let mut is_determined = !depends_on_order(expr);
            expr.parts(&mut |part| is_determined = is_determined && is_part_determined(part));
            is_determined
        }
    }
}

/// Whether equal rows in another order could give another value.
fn depends_on_order(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Window { function, .. } => *function != WindowFunction::Rank,
        ExprKind::Aggregate { function, .. } => matches!(
            function,
            AggregateFunction::StringAgg
                | AggregateFunction::JsonAgg
                | AggregateFunction::JsonbAgg
                | AggregateFunction::SumDouble
                | AggregateFunction::AvgDouble
        ),
        _ => false,
    }
}

/// Whether its order leaves nothing to choose but between rows that are the same in every column.
fn orders_all(select: &Select, core: Option<&Core>) -> bool {
    let is_ordered = |place: usize| {
        select.order_by.iter().any(|item| match &item.expr.kind {
            ExprKind::Output(output) => *output == place,
            _ => core.and_then(|core| core.projection.get(place)).is_some_and(|output| output.expr == item.expr),
        })
    };
    (0..select.columns.len()).all(is_ordered)
}

/// Whether every column in a query is of a relation in it.
fn is_closed(select: &Select) -> bool {
    let mut defined = BTreeSet::new();
    define(select, &mut defined);
    !select.any(&mut |expr| matches!(&expr.kind, ExprKind::Column { relation, .. } if !defined.contains(relation)))
}

fn define(select: &Select, defined: &mut BTreeSet<RelationId>) {
    if let Body::Core(core) = &select.body
        && let Some(from) = &core.from
    {
        from.relations(&mut |relation| {
            defined.insert(relation.id);
        });
    }
    select.parts(&mut |part| define_part(part, defined));
}

fn define_part(part: ir::Part<'_>, defined: &mut BTreeSet<RelationId>) {
    match part {
        ir::Part::Select(select) => define(select, defined),
        ir::Part::Expr(expr) => expr.parts(&mut |part| define_part(part, defined)),
    }
}
