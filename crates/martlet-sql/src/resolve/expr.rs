//! Expressions: which rule takes which form.

use super::{Clause, Resolved, Resolver, literal};
use crate::ir::{Expr, ExprKind};
use crate::{Span, Volatility, types};
use martlet_core::{ParamType, Type, Value};
use sqlparser::ast;

impl Resolver<'_> {
    /// Resolves an expression; a constant without a type stays [`Type::Unknown`].
    pub(super) fn expr(&mut self, ast: &ast::Expr) -> Resolved<Expr> {
        self.deeper(|this| {
            let span = this.expr_span(ast);
            let around = std::mem::replace(&mut this.place, span);
            let done = this.expr_at(ast, span);
            this.place = around;
            done
        })
    }

    /// Resolves an expression and turns it into a type without a cast.
    pub(super) fn expr_as(&mut self, ast: &ast::Expr, ty: Type) -> Resolved<Expr> {
        let expr = self.expr(ast)?;
        self.coerce(expr, ty)
    }

    /// Resolves a condition.
    pub(super) fn condition(&mut self, ast: &ast::Expr) -> Resolved<Expr> {
        self.expr_as(ast, Type::Boolean)
    }

    fn expr_at(&mut self, ast: &ast::Expr, span: Span) -> Resolved<Expr> {
        use ast::Expr as E;
        match ast {
            E::Identifier(ident) => self.plain_name(ident),
            E::CompoundIdentifier(idents) => self.qualified_name(idents, span),
            E::Value(value) => self.value(&value.value, span),
            E::Nested(inner) => self.expr(inner),
            E::BinaryOp { left, op, right } => self.binary(left, op, right, span),
            E::UnaryOp { op, expr } => self.unary(*op, expr, span),
            E::Cast { kind, expr, data_type, format } => {
                if format.is_some() || matches!(kind, ast::CastKind::TryCast | ast::CastKind::SafeCast) {
                    return self.unsupported(span, "this form of cast", "write x::type or cast(x as type)");
                }
                self.written_cast(expr, data_type, span)
            }
            E::TypedString(typed) => {
                let ty = self.scalar_type(&typed.data_type, span)?;
                match text_of(&typed.value.value) {
                    Some(text) if !typed.uses_odbc_syntax => {
                        let text = Expr::literal(Value::Text(text.into()), Type::Unknown, span);
                        self.coerce(text, ty)
                    }
                    _ => self.unsupported(span, "this form of literal", "write date '2026-01-31'"),
                }
            }
            E::Interval(interval) => self.interval(interval, span),
            E::Function(function) => self.function(function, span),
            E::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), span)
            }
            E::Exists { subquery, negated } => self.exists(subquery, *negated, span),
            E::Subquery(query) => self.scalar(query, span),
            E::Extract { field, syntax, expr } => self.extract(field, syntax, expr, span),
            E::Ceil { expr, field } => self.rounding("ceil", expr, field, span),
            E::Floor { expr, field } => self.rounding("floor", expr, field, span),
            E::Substring { expr, substring_from, substring_for, shorthand, .. } => {
                let Some(from) = substring_from.as_deref() else {
                    return self.unsupported(span, "this form of substring", "write substr(text, start, length)");
                };
                let args: Vec<&ast::Expr> =
                    [Some(&**expr), Some(from), substring_for.as_deref()].into_iter().flatten().collect();
                self.substring(&args, *shorthand, span)
            }
            E::Trim { expr, trim_where, trim_what, trim_characters } => {
                let name = match trim_where {
                    None | Some(ast::TrimWhereField::Both) => "btrim",
                    Some(ast::TrimWhereField::Leading) => "ltrim",
                    Some(ast::TrimWhereField::Trailing) => "rtrim",
                };
                let mut args = vec![&**expr];
                args.extend(trim_what.as_deref());
                args.extend(trim_characters.iter().flatten());
                self.listed_function(name, &args, span)
            }
            _ => self.predicate(ast, span),
        }
    }

    fn value(&mut self, value: &ast::Value, span: Span) -> Resolved<Expr> {
        match value {
            ast::Value::Null => Ok(Expr::literal(Value::Null, Type::Unknown, span)),
            ast::Value::Boolean(truth) => Ok(Expr::literal(Value::Boolean(*truth), Type::Boolean, span)),
            ast::Value::Number(digits, _) => self.number(digits, span),
            ast::Value::Placeholder(text) => self.placeholder(text, span),
            _ => match text_of(value) {
                Some(text) if text.contains('\0') => {
                    self.fail("invalid_literal", span, "a text cannot hold the character NUL", "remove it")
                }
                Some(text) => Ok(Expr::literal(Value::Text(text.into()), Type::Unknown, span)),
                None => self.unsupported(span, "this form of literal", "write a text in single quotes: 'text'"),
            },
        }
    }

    /// Digits are an integer, a bigint where they do not fit; with a point they are numeric.
    pub(super) fn number(&mut self, digits: &str, span: Span) -> Resolved<Expr> {
        if digits.bytes().skip(usize::from(digits.starts_with('-'))).all(|byte| byte.is_ascii_digit()) {
            return match digits.parse::<i64>() {
                Ok(number) => {
                    let ty = if i32::try_from(number).is_ok() { Type::Integer } else { Type::Bigint };
                    Ok(Expr::literal(Value::Integer(number), ty, span))
                }
                Err(_) => self.fail(
                    "invalid_literal",
                    span,
                    "a bigint does not hold this number",
                    "write a number from -9223372036854775808 to 9223372036854775807, or a text",
                ),
            };
        }
        // With an exponent the raw text is kept for a cast to double; nothing else can be done with it.
        let text = match literal::read(digits, Type::Numeric) {
            Ok(Value::Text(text)) => text,
            _ if literal::read(digits, Type::Double).is_ok() => digits.into(),
            _ => return self.unsupported(span, "this form of number", "write digits, with a point where needed"),
        };
        Ok(Expr::literal(Value::Text(text), Type::Numeric, span))
    }

    /// `x::type`.
    fn written_cast(&mut self, ast: &ast::Expr, data_type: &ast::DataType, span: Span) -> Resolved<Expr> {
        let ty = self.scalar_type(data_type, span)?;
        let expr = self.expr(ast)?;
        self.explicit_cast(expr, ty, span)
    }

    /// A type that an expression may have.
    pub(super) fn scalar_type(&mut self, data_type: &ast::DataType, span: Span) -> Resolved<Type> {
        match types::of(data_type) {
            Ok(ParamType { base, is_list: false }) => Ok(base),
            Ok(_) => self.unsupported(span, "a list as a value", "lists are parameters: x = any(:list), unnest(:list)"),
            Err(refusal) => self.fail("unknown_type", span, refusal.message, refusal.hint),
        }
    }

    fn interval(&mut self, interval: &ast::Interval, span: Span) -> Resolved<Expr> {
        let is_plain = interval.leading_field.is_none()
            && interval.leading_precision.is_none()
            && interval.last_field.is_none()
            && interval.fractional_seconds_precision.is_none();
        let text = match &*interval.value {
            ast::Expr::Value(value) => text_of(&value.value),
            _ => None,
        };
        match text {
            Some(text) if is_plain => {
                let text = Expr::literal(Value::Text(text.into()), Type::Unknown, span);
                self.coerce(text, Type::Interval)
            }
            _ => self.unsupported(span, "this form of interval", "write interval '1 day', or x * interval '1 day'"),
        }
    }

    fn case(
        &mut self,
        operand: Option<&ast::Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&ast::Expr>,
        span: Span,
    ) -> Resolved<Expr> {
        let (operand, tests) = match operand {
            None => (None, self.each(conditions, |this, when| this.condition(&when.condition))),
            Some(operand) => match self.case_operand(operand, conditions) {
                Ok((operand, tests)) => (Some(operand), Ok(tests)),
                Err(reported) => (None, Err(reported)),
            },
        };
        let results = conditions.iter().map(|when| &when.result).chain(otherwise);
        let results = self.each(results, Self::expr);
        let (tests, results) = (tests?, results?);
        let (ty, mut results) = self.unify(results, "the results of CASE")?;
        let is_nullable = otherwise.is_none() || results.iter().any(|result| result.is_nullable);
        let otherwise = if otherwise.is_some() { results.pop().map(Box::new) } else { None };
        let branches = tests.into_iter().zip(results).collect();
        let operand = operand.map(Box::new);
        Ok(Expr::new(ExprKind::Case { operand, branches, otherwise }, ty, is_nullable, span))
    }

    fn case_operand(&mut self, operand: &ast::Expr, conditions: &[ast::CaseWhen]) -> Resolved<(Expr, Vec<Expr>)> {
        let all = std::iter::once(operand).chain(conditions.iter().map(|when| &when.condition));
        let mut all = self.each(all, Self::expr)?;
        self.refuse_bare_numbers(&all)?;
        // A literal as the operand is text whatever it is compared with.
        let operand = all.remove(0);
        all.insert(0, self.settle(operand)?);
        let (_, mut all) = self.unify(all, "the values of CASE")?;
        for expr in &all {
            self.require_ordered(expr, "CASE")?;
        }
        let operand = all.remove(0);
        Ok((operand, all))
    }

    fn exists(&mut self, query: &ast::Query, is_negated: bool, span: Span) -> Resolved<Expr> {
        let query = self.subquery(query, span)?;
        let exists = Expr::new(ExprKind::Exists(Box::new(query)), Type::Boolean, false, span);
        Ok(match is_negated {
            true => Expr::new(ExprKind::Not(Box::new(exists)), Type::Boolean, false, span),
            false => exists,
        })
    }

    fn scalar(&mut self, query: &ast::Query, span: Span) -> Resolved<Expr> {
        let query = self.subquery(query, span)?;
        let [column] = query.columns.as_slice() else {
            return self.fail(
                "subquery_columns",
                span,
                format!("a subquery used as a value gives one column, this one {}", query.columns.len()),
                "select one column",
            );
        };
        // A plain aggregate always gives its row; another subquery may give none.
        let is_nullable = column.is_nullable || !query.always_has_row();
        let ty = column.ty;
        if ty == Type::Unknown {
            return Err(super::Reported);
        }
        Ok(Expr::new(ExprKind::Scalar(Box::new(query)), ty, is_nullable, span))
    }

    /// A subquery in an expression: it sees the names around it.
    pub(super) fn subquery(&mut self, query: &ast::Query, span: Span) -> Resolved<crate::ir::Select> {
        if self.clause == Clause::Schema {
            let place = self.env.context.name();
            return self.unsupported(span, &format!("a subquery in {place}"), "check it in the action that writes");
        }
        self.query(query, super::query::Unknowns::BecomeText)
    }

    /// `now()` and `current_date`.
    pub(super) fn clock(&mut self, kind: ExprKind, ty: Type, span: Span) -> Expr {
        self.note_volatility(Volatility::Timed);
        Expr::new(kind, ty, false, span)
    }
}

/// A text in quotes that both engines read alike.
pub(super) fn text_of(value: &ast::Value) -> Option<&str> {
    match value {
        ast::Value::SingleQuotedString(text) => Some(text),
        ast::Value::DollarQuotedString(quoted) => Some(&quoted.value),
        _ => None,
    }
}
