use super::*;
use crate::Span;
use crate::ir::{BinaryOperator, CompareOperator, ExprKind, Function};
use martlet_core::{Type, Value};

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, is_nullable: false, span: Span::default() }
}

fn integer(value: i64) -> Expr {
    expr(ExprKind::Literal(Value::Integer(value)), Type::Integer)
}

fn parameter(index: usize, ty: Type) -> Expr {
    expr(ExprKind::Parameter(index), ty)
}

fn binary(operator: BinaryOperator, left: Expr, right: Expr, ty: Type) -> Expr {
    expr(ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) }, ty)
}

fn less(left: Expr, right: Expr) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    expr(ExprKind::Compare { operator: CompareOperator::Less, left, right }, Type::Boolean)
}

fn flag(index: usize) -> Expr {
    parameter(index, Type::Boolean)
}

/// The text with placeholders numbered by bind, as the unit under test marks them.
fn lowered(expr: &Expr) -> String {
    let mut lowering = Lowering::default();
    let text = lowering.expr(expr).text;
    number_binds(&text, &lowering.binds).text
}

#[test]
fn brackets_stand_where_operators_bind_looser() {
    let or = expr(ExprKind::Or(vec![flag(0), flag(1)]), Type::Boolean);
    let not = expr(ExprKind::Not(Box::new(or.clone())), Type::Boolean);
    let and = expr(ExprKind::And(vec![or.clone(), not, flag(2)]), Type::Boolean);
    assert_eq!(lowered(&and), "(?1 OR ?2) AND NOT (?1 OR ?2) AND ?3");
    assert_eq!(lowered(&less(or, and)), "(?1 OR ?2) < ((?1 OR ?2) AND NOT (?1 OR ?2) AND ?3)");
}

#[test]
fn minus_never_begins_a_comment() {
    let twice = |value| expr(ExprKind::Negate(Box::new(integer(value))), Type::Integer);
    assert_eq!(lowered(&twice(-5)), "-(-5)");
    let difference = binary(BinaryOperator::IntegerSubtract, integer(1), integer(-5), Type::Integer);
    assert_eq!(lowered(&difference), "1 - -5");
}

#[test]
fn arithmetic_that_cannot_overflow_is_plain() {
    use BinaryOperator as Op;
    let n = || parameter(0, Type::Integer);
    let length =
        || expr(ExprKind::Call { function: Function::Length, args: vec![parameter(1, Type::Text)] }, Type::Integer);
    let wide = || expr(ExprKind::Cast(Box::new(n())), Type::Bigint);
    for (operator, left, right, ty, text) in [
        (Op::IntegerAdd, n(), integer(1), Type::Integer, "int4pl(?1, 1)"),
        (Op::IntegerAdd, length(), integer(1), Type::Integer, "length(?1) + 1"),
        (Op::IntegerDivide, n(), integer(2), Type::Integer, "?1 / 2"),
        (Op::IntegerDivide, n(), integer(-1), Type::Integer, "int4div(?1, -1)"),
        (Op::IntegerDivide, n(), integer(0), Type::Integer, "int4div(?1, 0)"),
        (Op::IntegerModulo, n(), n(), Type::Integer, "int4mod(?1, ?1)"),
        (Op::IntegerModulo, n(), integer(-7), Type::Integer, "?1 % -7"),
        (Op::BigintMultiply, wide(), wide(), Type::Bigint, "?1 * ?1"),
        (Op::BigintAdd, parameter(0, Type::Bigint), integer(1), Type::Bigint, "int8pl(?1, 1)"),
        (Op::DateSubtractDays, parameter(0, Type::Date), integer(31), Type::Date, "date_mii(?1, 31)"),
    ] {
        assert_eq!(lowered(&binary(operator, left, right, ty)), text);
    }
}

#[test]
fn doubles_that_sqlite_may_misread_are_read_by_postgresql_s_rules() {
    for (value, text) in
        [(1.0, "1.0"), (-0.1, "-0.1"), (1e20, "float8in('1e20')"), (0.1 + 0.2, "float8in('0.30000000000000004')")]
    {
        assert_eq!(lowered(&expr(ExprKind::Literal(Value::Double(value)), Type::Double)), text);
    }
}

#[test]
fn placeholders_are_numbered_in_the_order_of_the_text() {
    let marked = "a \x001\0 b \x000\0 c \x001\0";
    let text = number_binds(marked, &[Bind::Now, Bind::Today]);
    assert_eq!(text.text, "a ?1 b ?2 c ?1");
    assert_eq!(text.binds, [Bind::Today, Bind::Now]);
}

#[test]
fn nul_in_a_text_cannot_pass_for_a_placeholder() {
    let text = expr(ExprKind::Literal(Value::Text("x\x000\0'".into())), Type::Text);
    assert_eq!(lowered(&text), "'x0'''");
}
