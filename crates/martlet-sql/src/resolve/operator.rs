//! Operators: which of PostgreSQL's operators two types choose.

use super::expr::text_of;
use super::{Resolved, Resolver, coerce};
use crate::Span;
use crate::ir::{BinaryOperator as B, CompareOperator, Expr, ExprKind};
use martlet_core::{Type, Value};
use sqlparser::ast::{self, BinaryOperator as Written, UnaryOperator};

/// Operator as written, types of both sides, type of the result, what it is. The first line that fits best is taken.
type Line = (&'static str, Type, Type, Type, B);

/// Every arithmetic operator of the subset.
pub(crate) static OPERATORS: &[Line] = &[
    ("+", Type::Integer, Type::Integer, Type::Integer, B::IntegerAdd),
    ("+", Type::Bigint, Type::Bigint, Type::Bigint, B::BigintAdd),
    ("+", Type::Double, Type::Double, Type::Double, B::DoubleAdd),
    ("+", Type::Date, Type::Integer, Type::Date, B::DateAddDays),
    ("+", Type::Date, Type::Interval, Type::Timestamp, B::DateAddInterval),
    ("+", Type::Timestamp, Type::Interval, Type::Timestamp, B::TimestampAddInterval),
    ("+", Type::Timestamptz, Type::Interval, Type::Timestamptz, B::TimestamptzAddInterval),
    ("+", Type::Interval, Type::Interval, Type::Interval, B::IntervalAdd),
    ("-", Type::Integer, Type::Integer, Type::Integer, B::IntegerSubtract),
    ("-", Type::Bigint, Type::Bigint, Type::Bigint, B::BigintSubtract),
    ("-", Type::Double, Type::Double, Type::Double, B::DoubleSubtract),
    ("-", Type::Date, Type::Integer, Type::Date, B::DateSubtractDays),
    ("-", Type::Date, Type::Date, Type::Integer, B::DateSubtract),
    ("-", Type::Date, Type::Interval, Type::Timestamp, B::DateSubtractInterval),
    ("-", Type::Timestamp, Type::Interval, Type::Timestamp, B::TimestampSubtractInterval),
    ("-", Type::Timestamp, Type::Timestamp, Type::Interval, B::TimestampSubtract),
    ("-", Type::Timestamptz, Type::Interval, Type::Timestamptz, B::TimestamptzSubtractInterval),
    ("-", Type::Timestamptz, Type::Timestamptz, Type::Interval, B::TimestamptzSubtract),
    ("-", Type::Interval, Type::Interval, Type::Interval, B::IntervalSubtract),
    ("*", Type::Integer, Type::Integer, Type::Integer, B::IntegerMultiply),
    ("*", Type::Bigint, Type::Bigint, Type::Bigint, B::BigintMultiply),
    ("*", Type::Double, Type::Double, Type::Double, B::DoubleMultiply),
    ("*", Type::Interval, Type::Double, Type::Interval, B::IntervalMultiply),
    ("/", Type::Integer, Type::Integer, Type::Integer, B::IntegerDivide),
    ("/", Type::Bigint, Type::Bigint, Type::Bigint, B::BigintDivide),
    ("/", Type::Double, Type::Double, Type::Double, B::DoubleDivide),
    ("%", Type::Integer, Type::Integer, Type::Integer, B::IntegerModulo),
    ("%", Type::Bigint, Type::Bigint, Type::Bigint, B::BigintModulo),
    ("||", Type::Text, Type::Text, Type::Text, B::TextConcat),
    ("||", Type::Jsonb, Type::Jsonb, Type::Jsonb, B::JsonbConcat),
    ("->", Type::Json, Type::Text, Type::Json, B::JsonField),
    ("->", Type::Json, Type::Integer, Type::Json, B::JsonElement),
    ("->", Type::Jsonb, Type::Text, Type::Jsonb, B::JsonbField),
    ("->", Type::Jsonb, Type::Integer, Type::Jsonb, B::JsonbElement),
    ("->>", Type::Json, Type::Text, Type::Text, B::JsonFieldText),
    ("->>", Type::Json, Type::Integer, Type::Text, B::JsonElementText),
    ("->>", Type::Jsonb, Type::Text, Type::Text, B::JsonbFieldText),
    ("->>", Type::Jsonb, Type::Integer, Type::Text, B::JsonbElementText),
];

/// Operators whose sides may be swapped: `integer + date` is `date + integer`.
fn is_commuting(operator: B) -> bool {
    matches!(
        operator,
        B::DateAddDays | B::DateAddInterval | B::TimestampAddInterval | B::TimestamptzAddInterval | B::IntervalMultiply
    )
}

impl Resolver<'_> {
    pub(super) fn binary(&mut self, left: &ast::Expr, op: &Written, right: &ast::Expr, span: Span) -> Resolved<Expr> {
        let symbol = match op {
            Written::And | Written::Or => return self.junction(left, op, right, span),
            Written::Plus => "+",
            Written::Minus => "-",
            Written::Multiply => "*",
            Written::Divide => "/",
            Written::Modulo => "%",
            Written::StringConcat => "||",
            Written::Arrow => "->",
            Written::LongArrow => {
                if let Some(name) = claim_name(left, right) {
                    return self.claim(name, span);
                }
                "->>"
            }
            other => match comparison(other) {
                Some(operator) => return self.compare(operator, left, right, span),
                None => return self.unknown_operator(op, span),
            },
        };
        let (left, right) = (self.expr(left), self.expr(right));
        let (left, right) = (left?, right?);
        self.arithmetic(symbol, left, right, span)
    }

    fn unknown_operator(&mut self, op: &Written, span: Span) -> Resolved<Expr> {
        let hint = match op {
            Written::PGRegexMatch | Written::PGRegexIMatch | Written::PGRegexNotMatch | Written::PGRegexNotIMatch => {
                "use like or ilike"
            }
            Written::HashArrow | Written::HashLongArrow => "chain the steps: x -> 'a' ->> 'b'",
            Written::PGLikeMatch | Written::PGNotLikeMatch => "write like",
            Written::PGILikeMatch | Written::PGNotILikeMatch => "write ilike",
            Written::PGExp | Written::BitwiseXor => "multiply: x * x",
            Written::AtArrow | Written::ArrowAt | Written::Question | Written::QuestionAnd | Written::QuestionPipe => {
                "compare a value in it: x ->> 'key' = 'value'"
            }
            Written::PGOverlap | Written::Overlaps => "two spans overlap where a_from < b_to and b_from < a_to",
            Written::Xor => "write a <> b for booleans",
            Written::Assignment => "write =",
            _ => "docs/sql.md has the operators",
        };
        self.unsupported(span, &format!("the operator {op}"), hint)
    }

    pub(super) fn arithmetic(&mut self, symbol: &str, left: Expr, right: Expr, span: Span) -> Resolved<Expr> {
        if left.ty == Type::Numeric || right.ty == Type::Numeric {
            return self.numeric_operand(&left, &right);
        }
        let (left, right) = self.decide_unknown(symbol, left, right, span)?;
        let Some((line, is_swapped)) = choose(symbol, left.ty, right.ty) else {
            return self.no_operator(symbol, &left, &right, span);
        };
        let (_, left_type, right_type, result, operator) = *line;
        let (left, right) = if is_swapped { (right, left) } else { (left, right) };
        let (left, right) = (self.coerce(left, left_type)?, self.coerce(right, right_type)?);
        // A key may be missing.
        let may_miss = matches!(symbol, "->" | "->>");
        let is_nullable = may_miss || left.is_nullable || right.is_nullable;
        let kind = ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) };
        Ok(Expr::new(kind, result, is_nullable, span))
    }

    fn numeric_operand(&mut self, left: &Expr, right: &Expr) -> Resolved<Expr> {
        let expr = if left.ty == Type::Numeric { left } else { right };
        let text = self.quote_or(expr.span, "x");
        let (message, hint) = match &expr.kind {
            ExprKind::Literal(_) => {
                ("a number with a point is numeric, which needs a cast", format!("write {text}::double precision"))
            }
            _ => (
                "this is a numeric, which needs a cast",
                "cast it at once: sum(x)::bigint, avg(x)::double precision, extract(..)::integer".to_owned(),
            ),
        };
        self.fail("numeric", expr.span, message, hint)
    }

    /// PostgreSQL takes a literal without a type for one of the other side's type, if there is such an operator.
    fn decide_unknown(&mut self, symbol: &str, left: Expr, right: Expr, span: Span) -> Resolved<(Expr, Expr)> {
        let other = match (left.is_unknown(), right.is_unknown()) {
            (false, false) => return Ok((left, right)),
            (true, true) if symbol == "||" => Type::Text,
            (true, true) => {
                return self.fail(
                    "untyped",
                    span,
                    format!("neither side of {symbol} has a type"),
                    "write the type in front: date '2026-01-31', interval '1 day'",
                );
            }
            (true, false) => right.ty,
            (false, true) => left.ty,
        };
        let wanted = match symbol {
            "->" | "->>" => Type::Text,
            // Not found below: then the hint is to cast the other side.
            "||" if coerce::is_castable(other, Type::Text) && other != Type::Jsonb => Type::Text,
            _ if OPERATORS.iter().any(|line| line.0 == symbol && line.1 == other && line.2 == other) => other,
            _ => {
                return self.fail(
                    "untyped",
                    span,
                    format!("the literal beside {symbol} needs a type"),
                    "write it in front: interval '1 day', or a number without quotes",
                );
            }
        };
        if left.is_unknown() && matches!(symbol, "->" | "->>") {
            return self.fail("untyped", left.span, "this literal needs a type", "write '{..}'::jsonb");
        }
        let left = if left.is_unknown() { self.coerce(left, wanted)? } else { left };
        let right = if right.is_unknown() { self.coerce(right, wanted)? } else { right };
        Ok((left, right))
    }

    fn no_operator(&mut self, symbol: &str, left: &Expr, right: &Expr, span: Span) -> Resolved<Expr> {
        let hint = match (symbol, left.ty, right.ty) {
            ("+" | "-", Type::Date, Type::Bigint) => self.cast_hint(right, Type::Integer),
            ("+", Type::Bigint, Type::Date) => self.cast_hint(left, Type::Integer),
            ("+" | "-", Type::Timestamptz | Type::Timestamp, Type::Integer | Type::Bigint | Type::Double) => {
                "write + n * interval '1 day', or another unit".to_owned()
            }
            ("||", Type::Text, other) if coerce::is_castable(other, Type::Text) => self.cast_hint(right, Type::Text),
            ("||", other, Type::Text) if coerce::is_castable(other, Type::Text) => self.cast_hint(left, Type::Text),
            ("||", _, _) => "it joins texts, or jsonb; cast both with ::text".to_owned(),
            ("->" | "->>", Type::Text, _) => self.cast_hint(left, Type::Jsonb),
            ("->" | "->>", _, Type::Bigint) => self.cast_hint(right, Type::Integer),
            ("%", Type::Double, _) | ("%", _, Type::Double) => "cast both sides to bigint".to_owned(),
            ("/", Type::Interval, _) => "multiply by a fraction: x * 0.5::double precision".to_owned(),
            ("+" | "-" | "*" | "/" | "%", Type::Text, other) if other != Type::Text => self.cast_hint(left, other),
            ("+" | "-" | "*" | "/" | "%", other, Type::Text) if other != Type::Text => self.cast_hint(right, other),
            ("+", Type::Text, Type::Text) => "texts are joined by ||".to_owned(),
            ("+", Type::Jsonb, Type::Jsonb) => "jsonb is joined by ||".to_owned(),
            _ => "docs/sql.md has the operators and their types".to_owned(),
        };
        let message = format!("there is no operator {} {symbol} {}", left.ty, right.ty);
        self.fail("no_operator", span, message, hint)
    }

    pub(super) fn unary(&mut self, op: UnaryOperator, operand: &ast::Expr, span: Span) -> Resolved<Expr> {
        match op {
            UnaryOperator::Not => {
                let operand = self.condition(operand)?;
                let is_nullable = operand.is_nullable;
                Ok(Expr::new(ExprKind::Not(Box::new(operand)), Type::Boolean, is_nullable, span))
            }
            UnaryOperator::Minus => {
                // PostgreSQL's grammar makes the sign a part of the number, and then looks for its type.
                if let Some(digits) = negated_digits(operand) {
                    return self.number(&digits, span);
                }
                let operand = self.expr(operand)?;
                self.negate(operand, span)
            }
            UnaryOperator::Plus => self.unsupported(span, "a plus sign", "leave it out"),
            _ => self.unsupported(span, &format!("the operator {op}"), "docs/sql.md has the operators"),
        }
    }

    fn negate(&mut self, operand: Expr, span: Span) -> Resolved<Expr> {
        let ty = operand.ty;
        match (&operand.kind, ty) {
            (ExprKind::Literal(Value::Integer(number)), Type::Integer | Type::Bigint) => {
                if let Some(negated) = number.checked_neg()
                    && (ty == Type::Bigint || i32::try_from(negated).is_ok())
                {
                    return Ok(Expr::literal(Value::Integer(negated), ty, span));
                }
            }
            (ExprKind::Literal(Value::Double(number)), _) => {
                return Ok(Expr::literal(Value::Double(0.0 - number), ty, span));
            }
            (ExprKind::Literal(Value::Text(text)), Type::Numeric) => {
                let text = match text.strip_prefix('-') {
                    Some(positive) => positive.to_owned(),
                    None => format!("-{text}"),
                };
                return Ok(Expr::literal(Value::Text(text.into()), ty, span));
            }
            _ => {}
        }
        match ty {
            Type::Integer | Type::Bigint | Type::Double | Type::Interval => {
                let is_nullable = operand.is_nullable;
                Ok(Expr::new(ExprKind::Negate(Box::new(operand)), ty, is_nullable, span))
            }
            Type::Numeric => self.fail("numeric", span, "a numeric needs a cast", "write -(x::double precision)"),
            Type::Unknown => self.fail("untyped", span, "this literal needs a type", "write the number without quotes"),
            _ => self.fail("no_operator", span, format!("there is no operator - {ty}"), "only numbers are negated"),
        }
    }
}

/// The line that two types choose, and whether its sides are swapped: as many exact matches as possible.
fn choose(symbol: &str, left: Type, right: Type) -> Option<(&'static Line, bool)> {
    let mut best: Option<(usize, &Line, bool)> = None;
    for line in OPERATORS.iter().filter(|line| line.0 == symbol) {
        for is_swapped in [false, true] {
            if is_swapped && !is_commuting(line.4) {
                continue;
            }
            let (first, second) = if is_swapped { (right, left) } else { (left, right) };
            if coerce::is_implicit(first, line.1) && coerce::is_implicit(second, line.2) {
                let exact = usize::from(first == line.1) + usize::from(second == line.2);
                if best.is_none_or(|(most, _, _)| exact > most) {
                    best = Some((exact, line, is_swapped));
                }
            }
        }
    }
    best.map(|(_, line, is_swapped)| (line, is_swapped))
}

/// The comparison that an operator is.
pub(super) fn comparison(op: &Written) -> Option<CompareOperator> {
    Some(match op {
        Written::Eq => CompareOperator::Equal,
        Written::NotEq => CompareOperator::NotEqual,
        Written::Lt => CompareOperator::Less,
        Written::LtEq => CompareOperator::LessOrEqual,
        Written::Gt => CompareOperator::Greater,
        Written::GtEq => CompareOperator::GreaterOrEqual,
        _ => return None,
    })
}

/// The number behind a minus, brackets and further signs taken in.
fn negated_digits(operand: &ast::Expr) -> Option<String> {
    let mut operand = operand;
    let mut is_negative = true;
    loop {
        operand = match operand {
            ast::Expr::Nested(inner) => inner,
            ast::Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                is_negative = !is_negative;
                expr
            }
            ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, _), .. }) => {
                return Some(if is_negative { format!("-{digits}") } else { digits.clone() });
            }
            _ => return None,
        };
    }
}

/// The name in `auth.jwt() ->> 'name'`.
fn claim_name<'e>(left: &ast::Expr, right: &'e ast::Expr) -> Option<&'e str> {
    let (ast::Expr::Function(function), ast::Expr::Value(value)) = (left, right) else { return None };
    let parts: Vec<String> = function.name.0.iter().map(|part| part.to_string().to_lowercase()).collect();
    let has_no_arguments =
        matches!(&function.args, ast::FunctionArguments::List(list) if list.args.is_empty() && list.clauses.is_empty());
    let is_jwt = parts == ["auth", "jwt"] && has_no_arguments && function.over.is_none() && function.filter.is_none();
    if is_jwt { text_of(&value.value) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_types_choose_as_postgresql_does() {
        for (left, symbol, right, result) in [
            (Type::Integer, "+", Type::Bigint, Some(Type::Bigint)),
            (Type::Integer, "*", Type::Double, Some(Type::Double)),
            (Type::Date, "+", Type::Integer, Some(Type::Date)),
            (Type::Integer, "+", Type::Date, Some(Type::Date)),
            (Type::Date, "+", Type::Bigint, None),
            (Type::Date, "+", Type::Interval, Some(Type::Timestamp)),
            (Type::Interval, "+", Type::Timestamptz, Some(Type::Timestamptz)),
            (Type::Date, "-", Type::Timestamptz, Some(Type::Interval)),
            (Type::Integer, "*", Type::Interval, Some(Type::Interval)),
            (Type::Double, "%", Type::Double, None),
            (Type::Text, "||", Type::Integer, None),
            (Type::Jsonb, "->>", Type::Integer, Some(Type::Text)),
        ] {
            assert_eq!(choose(symbol, left, right).map(|(line, _)| line.3), result, "{left} {symbol} {right}");
        }
    }
}
