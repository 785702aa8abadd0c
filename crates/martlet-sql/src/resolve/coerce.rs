//! Types of one another: the implicit casts, the written ones, and the common type of several expressions.

use super::{Resolved, Resolver, literal};
use crate::Span;
use crate::ir::{Expr, ExprKind};
use martlet_core::{Date, Type, Value};

/// Whether PostgreSQL and we turn one type into the other without being asked.
pub(super) fn is_implicit(from: Type, to: Type) -> bool {
    from == to
        || matches!(
            (from, to),
            (Type::Integer, Type::Bigint | Type::Double)
                | (Type::Bigint, Type::Double)
                | (Type::Date, Type::Timestamptz)
        )
}

/// Whether `x::to` is in the subset for an `x` of this type.
pub(super) fn is_castable(from: Type, to: Type) -> bool {
    use Type::{Bigint, Boolean, Date, Double, Integer, Interval, Json, Jsonb, Numeric, Text, Timestamp, Timestamptz};
    if from == to || is_implicit(from, to) {
        return true;
    }
    match (from, to) {
        (Integer | Bigint | Double, Integer | Bigint | Double | Numeric) => true,
        (Numeric, Integer | Bigint | Double) => true,
        (Boolean, Integer) | (Integer, Boolean) => true,
        (Date | Timestamp | Timestamptz, Date | Timestamp | Timestamptz) => true,
        (Json, Jsonb) | (Jsonb, Json) => true,
        (Numeric, Text) | (Text, Numeric) => false,
        (Text, to) => to != Type::Unknown,
        (from, Text) => from.is_storable() || matches!(from, Interval | Timestamp),
        _ => false,
    }
}

impl Expr {
    pub(super) fn new(kind: ExprKind, ty: Type, is_nullable: bool, span: Span) -> Self {
        Self { kind, ty, is_nullable, span }
    }

    pub(super) fn literal(value: Value, ty: Type, span: Span) -> Self {
        let is_nullable = value == Value::Null;
        Self::new(ExprKind::Literal(value), ty, is_nullable, span)
    }

    /// A constant whose type is not decided yet.
    pub(super) fn is_unknown(&self) -> bool {
        self.ty == Type::Unknown
    }
}

impl Resolver<'_> {
    /// Turns an expression into a type, as far as that goes without a cast.
    pub(super) fn coerce(&mut self, expr: Expr, to: Type) -> Resolved<Expr> {
        if expr.ty == to {
            return Ok(expr);
        }
        if expr.is_unknown() {
            return self.read_literal(expr, to);
        }
        if is_implicit(expr.ty, to) || (matches!(expr.ty, Type::Integer | Type::Bigint) && to == Type::Numeric) {
            return Ok(cast(expr, to));
        }
        let (from, span) = (expr.ty, expr.span);
        let message = format!("this is {}, but {} is wanted", article(from), article(to));
        let hint = self.cast_hint(&expr, to);
        self.fail("type_mismatch", span, message, hint)
    }

    /// What to write to make a type of another.
    pub(super) fn cast_hint(&self, expr: &Expr, to: Type) -> String {
        match (&expr.kind, expr.ty, to) {
            (ExprKind::Literal(Value::Integer(number)), _, Type::Text) => return format!("write '{number}'"),
            (ExprKind::Literal(_), Type::Integer | Type::Bigint, Type::Boolean) => {
                return "write true or false".to_owned();
            }
            (_, Type::Integer | Type::Bigint | Type::Double, Type::Boolean) => {
                return format!("write {} <> 0", self.quote_or(expr.span, "x"));
            }
            _ => {}
        }
        if !is_castable(expr.ty, to) {
            return match (expr.ty, to) {
                (Type::Numeric, Type::Text) => "cast it to double precision or bigint first".to_owned(),
                (Type::Jsonb | Type::Json, _) => "take a value out with ->> 'key' and cast that".to_owned(),
                (Type::Interval, Type::Integer | Type::Bigint | Type::Double) => {
                    "write extract(epoch from x)::bigint".to_owned()
                }
                (_, Type::Boolean) => "write a comparison, such as x <> 0".to_owned(),
                (_, Type::Interval) => "write a number times interval '1 day'".to_owned(),
                _ => format!("there is no cast from {} to {}", expr.ty, to),
            };
        }
        match self.quote(expr.span) {
            Some(text) if is_simple(text) => format!("write {text}::{to}"),
            Some(text) => format!("write ({text})::{to}"),
            None => format!("write (...)::{to}"),
        }
    }

    /// A literal without a type, or null, as a type.
    fn read_literal(&mut self, expr: Expr, to: Type) -> Resolved<Expr> {
        let ExprKind::Literal(value) = expr.kind else {
            return Ok(Expr { ty: to, ..expr });
        };
        let Value::Text(text) = &value else {
            return Ok(Expr::literal(value, to, expr.span));
        };
        match literal::read(text, to) {
            Ok(value) if to == Type::Jsonb => {
                let text = Expr::literal(value, Type::Text, expr.span);
                Ok(Expr::new(ExprKind::Cast(Box::new(text)), to, false, expr.span))
            }
            Ok(value) => Ok(Expr::literal(value, to, expr.span)),
            Err(reason) => {
                let shown: String = text.chars().take(40).collect();
                self.fail("invalid_literal", expr.span, format!("'{shown}' is not {}", article(to)), reason)
            }
        }
    }

    /// `expr::to`.
    pub(super) fn explicit_cast(&mut self, expr: Expr, to: Type, span: Span) -> Resolved<Expr> {
        if expr.ty == to {
            return Ok(Expr { span, ..expr });
        }
        if expr.is_unknown() {
            return self.read_literal(expr, to).map(|expr| Expr { span, ..expr });
        }
        if !is_castable(expr.ty, to) {
            let hint = self.cast_hint(&expr, to);
            return self.fail("no_cast", span, format!("{} cannot be cast to {to} here", article(expr.ty)), hint);
        }
        if let (Type::Numeric, Type::Double, ExprKind::Literal(Value::Text(text))) = (expr.ty, to, &expr.kind) {
            return match literal::read(text, Type::Double) {
                Ok(value) => Ok(Expr::literal(value, Type::Double, span)),
                Err(reason) => self.fail("invalid_literal", span, reason, ""),
            };
        }
        Ok(Expr { span, ..cast(expr, to) })
    }

    /// The type that PostgreSQL gives several expressions in one place (CASE, COALESCE, UNION, IN), and the
    /// expressions turned into it. `what` names the place.
    pub(super) fn unify(&mut self, exprs: Vec<Expr>, what: &str) -> Resolved<(Type, Vec<Expr>)> {
        let ty = self.common_type(&exprs, what)?;
        let exprs = self.each(exprs, |this, expr| this.coerce(expr, ty))?;
        Ok((ty, exprs))
    }

    /// The common type alone; text where nothing decides.
    pub(super) fn common_type<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>, what: &str) -> Resolved<Type> {
        let mut common = Type::Unknown;
        for expr in exprs {
            let ty = expr.ty;
            let is_integral = |ty: Type| matches!(ty, Type::Integer | Type::Bigint);
            common = match common {
                Type::Unknown => ty,
                _ if ty == Type::Unknown || is_implicit(ty, common) => common,
                _ if is_implicit(common, ty) => ty,
                Type::Numeric if is_integral(ty) => Type::Numeric,
                _ if ty == Type::Numeric && is_integral(common) => Type::Numeric,
                _ => {
                    let hint = if matches!((common, ty), (Type::Numeric, Type::Double) | (Type::Double, Type::Numeric))
                    {
                        "cast the numeric: x::double precision".to_owned()
                    } else {
                        self.cast_hint(expr, common)
                    };
                    let message = format!("{what} cannot be both {} and {}", article(common), article(ty));
                    return self.fail("type_mismatch", expr.span, message, hint);
                }
            };
        }
        Ok(if common == Type::Unknown { Type::Text } else { common })
    }

    /// A constant whose type is still open becomes text, as PostgreSQL does at the end of a SELECT.
    pub(super) fn settle(&mut self, expr: Expr) -> Resolved<Expr> {
        if expr.is_unknown() { self.coerce(expr, Type::Text) } else { Ok(expr) }
    }

    /// Refuses `1.5` where it would be compared: it is numeric.
    pub(super) fn refuse_bare_numbers(&mut self, exprs: &[Expr]) -> Resolved<()> {
        let is_bare = |expr: &&Expr| expr.ty == Type::Numeric && matches!(expr.kind, ExprKind::Literal(_));
        match exprs.iter().find(is_bare) {
            None => Ok(()),
            Some(expr) => {
                let hint = format!("write {}::double precision", self.quote_or(expr.span, "x"));
                self.fail("numeric", expr.span, "a number with a point is numeric, which needs a cast", hint)
            }
        }
    }

    /// Refuses types that cannot be ordered or compared in groups, on both engines alike.
    pub(super) fn require_ordered(&mut self, expr: &Expr, what: &str) -> Resolved<()> {
        let hint = match expr.ty {
            Type::Numeric => "cast it: x::double precision, or x::bigint".to_owned(),
            Type::Json => "cast it: x::text".to_owned(),
            Type::Jsonb => "use a value in it, x ->> 'key', or x::text".to_owned(),
            Type::Interval => "use extract(epoch from x)::bigint".to_owned(),
            _ => return Ok(()),
        };
        self.fail("no_order", expr.span, format!("{} cannot be used in {what}", article(expr.ty)), hint)
    }
}

/// A conversion, done at once where the operand is a constant.
pub(super) fn cast(expr: Expr, to: Type) -> Expr {
    let Expr { kind, ty, is_nullable, span } = expr;
    let kind = match kind {
        ExprKind::Literal(Value::Null) => ExprKind::Literal(Value::Null),
        ExprKind::Literal(Value::Integer(number)) if to == Type::Bigint => ExprKind::Literal(Value::Integer(number)),
        ExprKind::Literal(Value::Integer(number)) if to == Type::Integer && i32::try_from(number).is_ok() => {
            ExprKind::Literal(Value::Integer(number))
        }
        #[expect(clippy::cast_precision_loss, reason = "PostgreSQL rounds a bigint to the nearest double too")]
        ExprKind::Literal(Value::Integer(number)) if to == Type::Double => {
            ExprKind::Literal(Value::Double(number as f64))
        }
        ExprKind::Literal(Value::Integer(number)) if to == Type::Numeric => {
            ExprKind::Literal(Value::Text(number.to_string().into()))
        }
        ExprKind::Literal(Value::Text(text)) if ty == Type::Date && to == Type::Timestamptz => match Date::parse(&text)
        {
            Ok(date) => ExprKind::Literal(Value::Text(date.midnight().to_string().into())),
            Err(_) => ExprKind::Cast(Box::new(Expr::new(ExprKind::Literal(Value::Text(text)), ty, is_nullable, span))),
        },
        kind => ExprKind::Cast(Box::new(Expr::new(kind, ty, is_nullable, span))),
    };
    Expr::new(kind, to, is_nullable, span)
}

/// The type with its article, for messages.
pub(super) fn article(ty: Type) -> String {
    match ty {
        Type::Integer | Type::Interval => format!("an {ty}"),
        Type::Unknown => "a literal without a type".to_owned(),
        Type::Text | Type::Json | Type::Jsonb => ty.to_string(),
        _ => format!("a {ty}"),
    }
}

/// Whether `::` behind the text takes all of it.
fn is_simple(text: &str) -> bool {
    let is_name = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
    let is_call = text.ends_with(')')
        && text.find('(').is_some_and(|at| at > 0 && text[..at].chars().all(|c| c.is_alphanumeric() || c == '_'))
        && text.matches('(').count() == 1;
    is_name || is_call
}
