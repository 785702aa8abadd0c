//! Aggregates: where they may stand, their types, and when they cannot be null.

use super::call::Call;
use super::{Clause, Resolved, Resolver, coerce};
use crate::ir::{AggregateFunction as A, Expr, ExprKind, OrderItem};
use martlet_core::Type;
use std::collections::BTreeSet;

impl Resolver<'_> {
    pub(super) fn is_aggregate(&self, name: &str) -> bool {
        matches!(
            name,
            "count" | "sum" | "avg" | "min" | "max" | "bool_and" | "bool_or" | "string_agg" | "json_agg" | "jsonb_agg"
        )
    }

    pub(super) fn aggregate(&mut self, call: &Call<'_>) -> Resolved<Expr> {
        self.require_aggregates(call)?;
        self.saw_aggregate = true;
        let (args, filter, order_by) = self.within(Clause::AggregateArgument, |this| {
            let args = this.each(call.args.iter().copied(), Self::expr);
            let filter = call.filter.map(|filter| this.condition(filter)).transpose();
            let order_by = this.each(call.order_by, Self::order_expr);
            (args, filter, order_by)
        });
        let (args, filter, order_by) = (args?, filter?, order_by?);
        self.require_local(call, &args)?;
        let (function, ty, args) = self.aggregate_types(call, args)?;
        if call.is_distinct {
            self.require_distinct(call, function, &args, &order_by)?;
        }
        if !order_by.is_empty() && !matches!(function, A::StringAgg | A::JsonAgg | A::JsonbAgg) {
            return self.unsupported(
                call.span,
                &format!("an order in {}", call.name),
                "leave it out: it changes nothing",
            );
        }
        let takes_nulls = matches!(function, A::JsonAgg | A::JsonbAgg);
        let has_value = self.groups_have_rows
            && filter.is_none()
            && (takes_nulls || args.first().is_some_and(|first| !first.is_nullable));
        let is_nullable = !matches!(function, A::Count | A::CountRows) && !has_value;
        let kind = ExprKind::Aggregate {
            function,
            args,
            is_distinct: call.is_distinct,
            filter: filter.map(Box::new),
            order_by,
        };
        Ok(Expr::new(kind, ty, is_nullable, call.span))
    }

    fn require_aggregates(&mut self, call: &Call<'_>) -> Resolved<()> {
        let (place, hint) = match self.clause {
            Clause::Projection | Clause::Having | Clause::OrderBy | Clause::WindowArgument => return Ok(()),
            Clause::Where => ("WHERE", "use HAVING, or a subquery"),
            Clause::On => ("a join's condition", "join a subquery that aggregates"),
            Clause::GroupBy => ("GROUP BY", "group by columns"),
            Clause::AggregateArgument => ("another aggregate", "aggregate in a subquery first"),
            Clause::Limit => ("LIMIT", "write a number or a parameter"),
            Clause::FunctionInFrom => ("FROM", "write (select ..) as the argument"),
            Clause::Values | Clause::Set => ("a value written", "write (select sum(x) from ..)"),
            Clause::Returning => ("RETURNING", "select it in a statement of its own, after this one"),
            Clause::Schema => ("the schema", "check it in the action that writes"),
        };
        self.fail("aggregate_here", call.span, format!("{} may not stand in {place}", call.name), hint)
    }

    /// An aggregate of nothing but outer columns would belong to the outer query.
    fn require_local(&mut self, call: &Call<'_>, args: &[Expr]) -> Resolved<()> {
        let mut used = BTreeSet::new();
        for arg in args {
            arg.any(&mut |expr| {
                if let ExprKind::Column { relation, .. } = &expr.kind {
                    used.insert(*relation);
                }
                false
            });
        }
        let local = self.scopes.last().map(|scope| scope.relations.as_slice()).unwrap_or_default();
        let is_outer = |id| self.scopes.iter().rev().skip(1).any(|scope| scope.relations.contains(id));
        if used.iter().any(is_outer) && !used.iter().any(|id| local.contains(id)) {
            let hint = "aggregate in the outer query, or use a column of this one";
            return self.unsupported(call.span, "an aggregate over an outer query's rows", hint);
        }
        Ok(())
    }

    fn aggregate_types(&mut self, call: &Call<'_>, args: Vec<Expr>) -> Resolved<(A, Type, Vec<Expr>)> {
        let name = call.name.as_str();
        let wanted = match name {
            "count" if call.is_star && !call.is_distinct => return Ok((A::CountRows, Type::Bigint, args)),
            "string_agg" => 2,
            _ => 1,
        };
        if args.len() != wanted || call.is_star {
            return self.arguments(name, "", call.span);
        }
        let mut args = args.into_iter();
        let Some(first) = args.next() else { return Err(super::Reported) };
        match name {
            "count" => {
                let first = self.settle(first)?;
                Ok((A::Count, Type::Bigint, vec![first]))
            }
            "sum" => {
                let (function, ty) = match first.ty {
                    Type::Integer => (A::SumInteger, Type::Bigint),
                    Type::Bigint => (A::SumBigint, Type::Numeric),
                    Type::Double => (A::SumDouble, Type::Double),
                    _ => return self.no_aggregate(name, &first),
                };
                Ok((function, ty, vec![first]))
            }
            "avg" => match first.ty {
                Type::Integer | Type::Bigint => {
                    let first = self.coerce(first, Type::Bigint)?;
                    Ok((A::AvgBigint, Type::Numeric, vec![first]))
                }
                Type::Double => Ok((A::AvgDouble, Type::Double, vec![first])),
                _ => self.no_aggregate(name, &first),
            },
            "min" | "max" => {
                let first = self.settle(first)?;
                let function = if name == "min" { A::Min } else { A::Max };
                match first.ty {
                    Type::Integer
                    | Type::Bigint
                    | Type::Double
                    | Type::Text
                    | Type::Date
                    | Type::Timestamptz
                    | Type::Timestamp => Ok((function, first.ty, vec![first])),
                    _ => self.no_aggregate(name, &first),
                }
            }
            "bool_and" | "bool_or" => {
                let first = self.coerce(first, Type::Boolean)?;
                let function = if name == "bool_and" { A::BoolAnd } else { A::BoolOr };
                Ok((function, Type::Boolean, vec![first]))
            }
            "string_agg" => {
                let Some(separator) = args.next() else { return Err(super::Reported) };
                let (first, separator) = (self.coerce(first, Type::Text)?, self.coerce(separator, Type::Text)?);
                Ok((A::StringAgg, Type::Text, vec![first, separator]))
            }
            _ => {
                self.require_typed(&first)?;
                self.require_storable(&first, "JSON")?;
                Ok(if name == "json_agg" {
                    (A::JsonAgg, Type::Json, vec![first])
                } else {
                    (A::JsonbAgg, Type::Jsonb, vec![first])
                })
            }
        }
    }

    fn no_aggregate<T>(&mut self, name: &str, arg: &Expr) -> Resolved<T> {
        let hint = match (name, arg.ty) {
            ("min" | "max", Type::Boolean) => "write bool_and(x) or bool_or(x)".to_owned(),
            ("min" | "max", Type::Uuid | Type::Json | Type::Jsonb) => self.cast_hint(arg, Type::Text),
            (_, Type::Interval) => "aggregate extract(epoch from x)::bigint".to_owned(),
            (_, Type::Boolean) => "write count(*) filter (where x)".to_owned(),
            (_, Type::Numeric) => "cast it: x::double precision, or x::bigint".to_owned(),
            (_, Type::Unknown) => "write a number without quotes".to_owned(),
            _ => self.cast_hint(arg, Type::Bigint),
        };
        self.fail("no_signature", arg.span, format!("{name} does not take {}", coerce::article(arg.ty)), hint)
    }

    fn require_distinct(
        &mut self,
        call: &Call<'_>,
        function: A,
        args: &[Expr],
        order_by: &[OrderItem],
    ) -> Resolved<()> {
        if let Some(first) = args.first() {
            self.require_ordered(first, "distinct")?;
        }
        if let Some(other) = order_by.iter().find(|item| Some(&item.expr) != args.first()) {
            let hint = "order by the argument itself, or aggregate a subquery with select distinct";
            return self.fail(
                "distinct_order",
                other.expr.span,
                "with distinct only the argument can be ordered by",
                hint,
            );
        }
        let has_constant_separator = args.get(1).is_none_or(|arg| matches!(arg.kind, ExprKind::Literal(_)));
        if function == A::StringAgg && !has_constant_separator {
            return self.unsupported(call.span, "distinct with a computed separator", "write the separator as a text");
        }
        Ok(())
    }
}
