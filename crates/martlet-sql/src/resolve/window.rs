//! Window functions.

use super::call::Call;
use super::{Clause, Resolved, Resolver};
use crate::catalogue;
use crate::ir::{Expr, ExprKind, Frame, FrameBound, WindowFunction as W};
use martlet_core::Type;
use sqlparser::ast;

impl Resolver<'_> {
    pub(super) fn window(&mut self, call: &Call<'_>, over: &ast::WindowType) -> Resolved<Expr> {
        if !matches!(self.clause, Clause::Projection | Clause::OrderBy) {
            let hint = "compute it in a subquery: select .. from (select .., rank() over (..) as r from ..) as s";
            return self.fail("window_here", call.span, "a window function stands in the select list only", hint);
        }
        if call.is_distinct || call.is_star || !call.order_by.is_empty() || call.filter.is_some() {
            let what = "distinct, order by, filter or * in a window function";
            return self.unsupported(call.span, what, "use it without, or aggregate in a subquery");
        }
        if !matches!(call.name.as_str(), "row_number" | "rank" | "lag" | "lead" | "sum") {
            let hint = "row_number, rank, lag, lead and sum have one; aggregate in a subquery for others";
            return self.unsupported(call.span, &format!("{} with OVER", call.name), hint);
        }
        let spec = match over {
            ast::WindowType::WindowSpec(spec) => spec.clone(),
            ast::WindowType::NamedWindow(name) => self.named_window(name)?,
        };
        if spec.window_name.is_some() {
            return self.unsupported(call.span, "a window made from another", "write it out: over (partition by ..)");
        }
        let (args, partition_by, order_by) = self.within(Clause::WindowArgument, |this| {
            let args = this.each(call.args.iter().copied(), Self::expr);
            let partition_by = this.each(&spec.partition_by, |this, expr| {
                let expr = this.expr(expr)?;
                let expr = this.settle(expr)?;
                this.require_ordered(&expr, "partition by")?;
                Ok(expr)
            });
            let order_by = this.each(&spec.order_by, Self::order_expr);
            (args, partition_by, order_by)
        });
        let frame = spec.window_frame.as_ref().map(|frame| self.frame(frame, call)).transpose();
        let (args, partition_by, order_by, frame) = (args?, partition_by?, order_by?, frame?);
        if order_by.is_empty() && call.name != "sum" {
            let hint = "write over (order by ..), with a key last, so that the order is one";
            return self.fail("window_order", call.span, format!("{} needs an order", call.name), hint);
        }
        if frame.is_some() && call.name != "sum" {
            return self.unsupported(
                call.span,
                &format!("a frame for {}", call.name),
                "leave it out: it changes nothing",
            );
        }
        let (function, ty, is_nullable, args) = self.window_types(call, args, frame.is_some())?;
        let kind = ExprKind::Window { function, args, partition_by, order_by, frame };
        Ok(Expr::new(kind, ty, is_nullable, call.span))
    }

    fn named_window(&mut self, name: &ast::Ident) -> Resolved<ast::WindowSpec> {
        let wanted = catalogue::ident(name);
        match self.windows.iter().find(|(known, _)| *known == wanted) {
            Some((_, spec)) => Ok(spec.clone()),
            None => {
                let span = self.span_of(name.span);
                let hint = format!("write: window {wanted} as (order by ..)");
                self.fail("unknown_window", span, format!("there is no window `{wanted}`"), hint)
            }
        }
    }

    fn window_types(
        &mut self,
        call: &Call<'_>,
        args: Vec<Expr>,
        has_frame: bool,
    ) -> Resolved<(W, Type, bool, Vec<Expr>)> {
        match (call.name.as_str(), args.len()) {
            ("row_number", 0) => Ok((W::RowNumber, Type::Bigint, false, args)),
            ("rank", 0) => Ok((W::Rank, Type::Bigint, false, args)),
            ("sum", 1) => {
                let (function, ty) = match args[0].ty {
                    Type::Integer => (W::SumInteger, Type::Bigint),
                    Type::Bigint => (W::SumBigint, Type::Numeric),
                    Type::Double => (W::SumDouble, Type::Double),
                    _ => {
                        let hint = self.cast_hint(&args[0], Type::Bigint);
                        let message = format!("sum does not take {}", args[0].ty);
                        return self.fail("no_signature", args[0].span, message, hint);
                    }
                };
                // A frame of its own may hold no row.
                let is_nullable = has_frame || args[0].is_nullable;
                Ok((function, ty, is_nullable, args))
            }
            ("lag" | "lead", 1..=3) => {
                let function = if call.name == "lag" { W::Lag } else { W::Lead };
                let mut args = args.into_iter();
                let (first, offset, default) = (args.next(), args.next(), args.next());
                let Some(first) = first else { return Err(super::Reported) };
                self.require_typed(&first)?;
                let mut values = vec![first];
                values.extend(default);
                let (ty, values) = self.unify(values, &format!("the arguments of {}", call.name))?;
                self.require_storable(&values[0], "a window")?;
                let is_nullable = values.len() == 1 || values.iter().any(|value| value.is_nullable);
                let mut values = values.into_iter();
                let mut args: Vec<Expr> = values.next().into_iter().collect();
                if let Some(offset) = offset {
                    let offset = self.coerce(offset, Type::Integer)?;
                    args.push(offset);
                }
                args.extend(values);
                Ok((function, ty, is_nullable, args))
            }
            (name, _) => self.arguments(name, "", call.span),
        }
    }

    fn frame(&mut self, frame: &ast::WindowFrame, call: &Call<'_>) -> Resolved<Frame> {
        let start = bound(&frame.start_bound, true);
        let end = frame.end_bound.as_ref().map_or(Some(FrameBound::CurrentRow), |end| bound(end, false));
        match (frame.units, start, end) {
            (ast::WindowFrameUnits::Rows, Some(start), Some(end)) if place(start) <= place(end) => {
                Ok(Frame { start, end })
            }
            _ => self.unsupported(
                call.span,
                "this frame",
                "write rows between unbounded preceding and current row, or rows between 6 preceding and current row",
            ),
        }
    }
}

fn bound(bound: &ast::WindowFrameBound, is_start: bool) -> Option<FrameBound> {
    let number = |expr: &ast::Expr| match expr {
        ast::Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(digits, _), .. }) => digits.parse::<u32>().ok(),
        _ => None,
    };
    match bound {
        ast::WindowFrameBound::CurrentRow => Some(FrameBound::CurrentRow),
        ast::WindowFrameBound::Preceding(None) => is_start.then_some(FrameBound::UnboundedPreceding),
        ast::WindowFrameBound::Following(None) => (!is_start).then_some(FrameBound::UnboundedFollowing),
        ast::WindowFrameBound::Preceding(Some(rows)) => number(rows).map(FrameBound::Preceding),
        ast::WindowFrameBound::Following(Some(rows)) => number(rows).map(FrameBound::Following),
    }
}

/// Kinds of bounds in the order in which PostgreSQL wants them.
fn place(bound: FrameBound) -> u8 {
    match bound {
        FrameBound::UnboundedPreceding => 0,
        FrameBound::Preceding(_) => 1,
        FrameBound::CurrentRow => 2,
        FrameBound::Following(_) => 3,
        FrameBound::UnboundedFollowing => 4,
    }
}
