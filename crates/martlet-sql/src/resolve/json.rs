//! Constructors of JSON, and what may be written out: types that can be stored.

use super::call::Call;
use super::{Resolved, Resolver, coerce};
use crate::ir::{AggregateFunction, Expr, ExprKind};
use martlet_core::Type;

impl Resolver<'_> {
    /// `json_build_object`, `json_build_array` and the same for jsonb.
    pub(super) fn build_json(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        let ty = if call.name.starts_with("jsonb") { Type::Jsonb } else { Type::Json };
        if call.name.ends_with("array") {
            let values = self.each(call.args.iter().copied(), |this, arg| this.json_value(arg))?;
            return Ok(Expr::new(ExprKind::JsonArray(values), ty, false, call.span));
        }
        let (pairs, rest) = call.args.as_chunks::<2>();
        if !rest.is_empty() {
            return self.arguments(&call.name, "", call.span);
        }
        let pairs = self.each(pairs, |this, [key, value]| {
            let (key, value) = (this.json_key(key), this.json_value(value));
            Ok((key?, value?))
        })?;
        Ok(Expr::new(ExprKind::JsonObject(pairs), ty, false, call.span))
    }

    fn json_key(&mut self, key: &sqlparser::ast::Expr) -> Resolved<Expr> {
        let key = self.expr_as(key, Type::Text)?;
        if key.is_nullable {
            let text = self.quote_or(key.span, "x");
            return self.fail("null_key", key.span, "a key may not be null", format!("write coalesce({text}, '')"));
        }
        Ok(key)
    }

    fn json_value(&mut self, value: &sqlparser::ast::Expr) -> Resolved<Expr> {
        let value = self.expr(value)?;
        let value = self.settle(value)?;
        self.require_storable(&value, "JSON")?;
        Ok(value)
    }

    /// Refuses types of expressions only where a value leaves the statement.
    pub(super) fn require_storable(&mut self, expr: &Expr, place: &str) -> Resolved<()> {
        if expr.ty.is_storable() {
            return Ok(());
        }
        let text = self.quote_or(expr.span, "x");
        let hint = match (&expr.kind, expr.ty) {
            (ExprKind::Literal(_), Type::Numeric) => format!("write {text}::double precision"),
            (ExprKind::Extract { .. }, _) => format!("write {text}::integer"),
            (ExprKind::Aggregate { function: AggregateFunction::AvgBigint, .. }, _) => {
                format!("write {text}::double precision")
            }
            (_, Type::Numeric) => format!("write {text}::bigint or {text}::double precision"),
            (_, Type::Timestamp) => format!("write ({text})::timestamptz or ({text})::date"),
            _ => format!("write extract(epoch from {text})::bigint"),
        };
        let message = format!("{} cannot be given in {place}", coerce::article(expr.ty));
        self.fail("not_storable", expr.span, message, hint)
    }
}
