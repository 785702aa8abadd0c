//! Writing a statement of our own, and the conditions in it.

use super::super::KeysStatement;
use super::super::analysis::{Fixed, FixedValues};
use crate::ir::{
    self, Body, Command, CompareOperator, Core, Distinct, Expr, ExprKind, From, OrderItem, Output, Select,
};
use crate::{Span, Volatility, lower};
use martlet_core::{Type, Value};
use std::collections::BTreeSet;

/// The statement of values that rest on no row.
pub(in super::super) fn values_statement(values: Vec<Expr>) -> Option<KeysStatement> {
    (!values.is_empty()).then(|| statement(values, None, Vec::new(), Distinct::Keep, Vec::new(), None, &[]))
}

pub(super) fn equality(column: Expr, fixed: &Fixed) -> Option<Expr> {
    match &fixed.values {
        FixedValues::Exprs(values) => {
            let mut equalities: Vec<Expr> = values.iter().map(|value| equal(column.clone(), value.clone())).collect();
            match equalities.len() {
                0 => None,
                1 => equalities.pop(),
                _ => Some(boolean(ExprKind::Or(equalities))),
            }
        }
        FixedValues::List(parameter, item) => {
            let operand = Box::new(column);
            Some(boolean(ExprKind::AnyList { operand, parameter: *parameter, item: *item }))
        }
    }
}

pub(super) fn equal(left: Expr, right: Expr) -> Expr {
    let (left, right) = if left.ty == right.ty { (left, right) } else { (widened(left), widened(right)) };
    let operator = CompareOperator::Equal;
    boolean(ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) })
}

/// An integer as a bigint.
fn widened(expr: Expr) -> Expr {
    if expr.ty != Type::Integer {
        return expr;
    }
    let (is_nullable, span) = (expr.is_nullable, expr.span);
    Expr { kind: ExprKind::Cast(Box::new(expr)), ty: Type::Bigint, is_nullable, span }
}

fn boolean(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Boolean, is_nullable: true, span: Span::default() }
}

pub(super) fn number(value: i64) -> Expr {
    let kind = ExprKind::Literal(Value::Integer(value));
    Expr { kind, ty: Type::Bigint, is_nullable: false, span: Span::default() }
}

pub(super) fn statement(
    projection: Vec<Expr>,
    from: Option<From>,
    mut filters: Vec<Expr>,
    distinct: Distinct,
    order_by: Vec<OrderItem>,
    limit: Option<Expr>,
    ctes: &[ir::Cte],
) -> KeysStatement {
    let types: Vec<Type> = projection.iter().map(|expr| expr.ty).collect();
    let name = |index: usize| format!("k{index}");
    let columns: Vec<ir::RelationColumn> = projection
        .iter()
        .enumerate()
        .map(|(index, expr)| ir::RelationColumn { name: name(index), ty: expr.ty, is_nullable: true })
        .collect();
    let outputs = projection.into_iter().enumerate().map(|(index, expr)| Output { name: name(index), expr }).collect();
    let filter = match filters.len() {
        0 | 1 => filters.pop(),
        _ => Some(boolean(ExprKind::And(filters))),
    };
    let core =
        Core { distinct, projection: outputs, from, filter, group_by: Vec::new(), having: None, is_grouped: false };
    let mut select = Select {
        ctes: Vec::new(),
        body: Body::Core(Box::new(core)),
        order_by,
        limit,
        offset: None,
        columns: columns.clone(),
        is_locking: false,
        rows_max: None,
        volatility: Volatility::Immutable,
    };
    select.ctes = used(&select, ctes);
    let whole = ir::Statement {
        command: Command::Select(Box::new(select)),
        columns: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
        params_used: BTreeSet::new(),
        replacements: Vec::new(),
    };
    KeysStatement { sqlite: lower::statement(&whole), columns: types }
}

/// The WITH items that a query needs, also those that they need, in order.
fn used(select: &Select, ctes: &[ir::Cte]) -> Vec<ir::Cte> {
    let mut needed: BTreeSet<ir::CteId> = BTreeSet::new();
    names(select, &mut needed);
    for cte in ctes.iter().rev() {
        if needed.contains(&cte.id) {
            names(&cte.query, &mut needed);
        }
    }
    ctes.iter().filter(|cte| needed.contains(&cte.id)).cloned().collect()
}

fn names(select: &Select, needed: &mut BTreeSet<ir::CteId>) {
    if let Body::Core(core) = &select.body
        && let Some(from) = &core.from
    {
        from.relations(&mut |relation| {
            if let ir::Source::Cte(id) = relation.source {
                needed.insert(id);
            }
        });
    }
    select.parts(&mut |part| names_in(part, needed));
}

fn names_in(part: ir::Part<'_>, needed: &mut BTreeSet<ir::CteId>) {
    match part {
        ir::Part::Select(select) => names(select, needed),
        ir::Part::Expr(expr) => expr.parts(&mut |part| names_in(part, needed)),
    }
}
