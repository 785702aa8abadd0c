//! What is known of one relation: which columns have which values, what else holds, what it is joined to.

use super::super::keys::Link;
use super::super::terms;
use super::super::{Operand, Source, Term};
use crate::ir::{CompareOperator, Expr, ExprKind, Relation};
use martlet_core::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is known of one relation.
#[derive(Debug, Default)]
pub(in super::super) struct Facts<'a> {
    /// What it is; none of a relation without a place in FROM.
    pub(in super::super) relation: Option<Cow<'a, Relation>>,
    /// Columns with known values, and the conditions that say so, over this relation alone.
    pub(in super::super) fixed: BTreeMap<usize, Fixed>,
    /// Other conditions on it alone.
    pub(in super::super) terms: Vec<Term>,
    /// The conditions on it alone as they are written.
    pub(in super::super) conditions: Vec<&'a Expr>,
    /// Its columns that equal another relation's.
    pub(in super::super) links: Vec<Link>,
    /// Where its keys come from, if they stand in other rows.
    pub(in super::super) chain: Option<Link>,
    /// Whether its rows are a small part of its table.
    pub(in super::super) is_bounded: bool,
}

/// A column's known value.
#[derive(Debug, Clone)]
pub(in super::super) struct Fixed {
    pub(in super::super) source: Source,
    /// The value or values as expressions.
    pub(in super::super) values: FixedValues,
    /// Known by an equality with another relation's column, not by a condition of its own.
    pub(in super::super) is_derived: bool,
}

/// See [`Fixed`].
#[derive(Debug, Clone)]
pub(in super::super) enum FixedValues {
    /// One of these.
    Exprs(Vec<Expr>),
    /// One of a list parameter's items.
    List(usize, martlet_core::Type),
}

impl Fixed {
    pub(super) fn is_constant(&self) -> bool {
        let is_constant = |operand: &Operand| matches!(operand, Operand::Constant(_));
        match &self.source {
            Source::One(operand) => is_constant(operand),
            Source::Any(operands) => operands.iter().all(is_constant),
            Source::List(_) => false,
        }
    }
}

/// What a subquery's result columns are fixed to by the query around it.
pub(super) type Given = BTreeMap<usize, Fixed>;

/// The column that a term fixes.
pub(super) fn fixed_by(term: &Term, expr: &Expr) -> Option<(usize, Fixed)> {
    let (column, source) = match term {
        Term::Compare { column, operator: CompareOperator::Equal, operand } => (*column, Source::One(operand.clone())),
        Term::Among { column, source } => (*column, source.clone()),
        _ => return None,
    };
    let values = match &expr.kind {
        ExprKind::Compare { left, right, .. } => {
            let value = if terms::column(left).is_some() { right } else { left };
            FixedValues::Exprs(vec![(**value).clone()])
        }
        ExprKind::InList { list, .. } => FixedValues::Exprs(list.clone()),
        ExprKind::AnyList { parameter, item, .. } => FixedValues::List(*parameter, *item),
        ExprKind::Column { .. } => {
            let kind = ExprKind::Literal(Value::Boolean(true));
            FixedValues::Exprs(vec![Expr { kind, ty: expr.ty, is_nullable: false, span: expr.span }])
        }
        ExprKind::Or(items) => {
            let mut values = Vec::new();
            for item in items {
                match fixed_by(&Term::Among { column, source: source.clone() }, item)?.1.values {
                    FixedValues::Exprs(more) => values.extend(more),
                    FixedValues::List(..) => return None,
                }
            }
            FixedValues::Exprs(values)
        }
        _ => return None,
    };
    Some((column, Fixed { source, values, is_derived: false }))
}
