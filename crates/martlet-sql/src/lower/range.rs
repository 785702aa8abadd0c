//! Bounds of whole numbers, so that arithmetic that cannot overflow needs no checking function.
//!
//! A plain operator is several times faster than a call, and the planner sees through it.

use crate::ir::{BinaryOperator, Body, Expr, ExprKind, Function, Select, WindowFunction};
use martlet_core::{Type, Value};

/// The least and the greatest value of an integer expression; wide enough that no bound overflows.
type Range = (i128, i128);

const INTEGER: Range = (i32::MIN as i128, i32::MAX as i128);
const BIGINT: Range = (i64::MIN as i128, i64::MAX as i128);
/// More rows than any database has.
const ROWS: Range = (0, 1 << 50);
/// More characters than any text has.
const CHARACTERS: Range = (0, 1 << 30);
/// Days between any two dates.
const DAYS: Range = (-4_000_000, 4_000_000);

/// Whether the operator's plain form gives what PostgreSQL gives, without overflow or division by zero.
pub(super) fn is_plain(operator: BinaryOperator, left: &Expr, right: &Expr, ty: Type) -> bool {
    result(operator, left, right).is_some_and(|range| fits(range, ty))
}

/// Whether `- operand` cannot overflow.
pub(super) fn is_plain_negation(operand: &Expr) -> bool {
    let (low, high) = of(operand);
    fits((-high, -low), operand.ty)
}

/// The range of an integer expression.
pub(super) fn of(expr: &Expr) -> Range {
    let whole = if expr.ty == Type::Integer { INTEGER } else { BIGINT };
    let range = match &expr.kind {
        ExprKind::Literal(Value::Integer(value)) => (i128::from(*value), i128::from(*value)),
        ExprKind::Cast(operand) if is_whole(operand.ty) => of(operand),
        ExprKind::Negate(operand) => {
            let (low, high) = of(operand);
            (-high, -low)
        }
        ExprKind::Binary { operator, left, right } => result(*operator, left, right).unwrap_or(whole),
        ExprKind::Aggregate { function, .. } if function.name() == "count" => ROWS,
        ExprKind::Window { function: WindowFunction::RowNumber | WindowFunction::Rank, .. } => ROWS,
        ExprKind::Call { function: Function::Length, .. } => CHARACTERS,
        ExprKind::Coalesce(args) | ExprKind::Greatest(args) | ExprKind::Least(args) => union(args.iter(), whole),
        ExprKind::Case { branches, otherwise, .. } => {
            union(branches.iter().map(|(_, result)| result).chain(otherwise.as_deref()), whole)
        }
        ExprKind::Scalar(query) => of_query(query).unwrap_or(whole),
        _ => whole,
    };
    (range.0.max(whole.0), range.1.min(whole.1))
}

fn of_query(query: &Select) -> Option<Range> {
    match &query.body {
        Body::Core(core) => core.projection.first().map(|output| of(&output.expr)),
        _ => None,
    }
}

fn is_whole(ty: Type) -> bool {
    matches!(ty, Type::Integer | Type::Bigint)
}

fn union<'a>(exprs: impl Iterator<Item = &'a Expr>, whole: Range) -> Range {
    exprs.map(of).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or(whole)
}

/// The range before it is cut to the type; none where the operator is not of integers or may divide by zero.
fn result(operator: BinaryOperator, left: &Expr, right: &Expr) -> Option<Range> {
    use BinaryOperator as Op;
    if operator == Op::DateSubtract {
        return Some(DAYS);
    }
    if !is_whole(left.ty) || !is_whole(right.ty) {
        return None;
    }
    let ((a, b), (c, d)) = (of(left), of(right));
    let has_zero = c <= 0 && 0 <= d;
    match operator {
        Op::IntegerAdd | Op::BigintAdd => Some((a + c, b + d)),
        Op::IntegerSubtract | Op::BigintSubtract => Some((a - d, b - c)),
        Op::IntegerMultiply | Op::BigintMultiply => Some(corners([a * c, a * d, b * c, b * d])),
        Op::IntegerDivide | Op::BigintDivide if !has_zero => Some(corners([a / c, a / d, b / c, b / d, 0])),
        Op::IntegerModulo | Op::BigintModulo if !has_zero => {
            let most = c.abs().max(d.abs()) - 1;
            Some((if a < 0 { -most } else { 0 }, if b > 0 { most } else { 0 }))
        }
        _ => None,
    }
}

fn corners<const N: usize>(values: [i128; N]) -> Range {
    values.iter().fold((values[0], values[0]), |(low, high), value| (low.min(*value), high.max(*value)))
}

fn fits((low, high): Range, ty: Type) -> bool {
    let (least, most) = if ty == Type::Integer { INTEGER } else { BIGINT };
    least <= low && high <= most
}
