//! Aggregates and window functions.

use super::Lowering;
use super::json::letter;
use super::sql::{Sql, text};
use crate::ir::{AggregateFunction, Expr, Frame, FrameBound, OrderItem, WindowFunction};
use martlet_core::Type;

impl Lowering {
    pub(super) fn aggregate(
        &mut self,
        function: AggregateFunction,
        args: &[Expr],
        is_distinct: bool,
        filter: Option<&Expr>,
        order_by: &[OrderItem],
    ) -> Sql {
        let ty = args.first().map_or(Type::Unknown, |arg| arg.ty);
        let distinct = if is_distinct { "DISTINCT " } else { "" };
        let mut list: Vec<String> = args.iter().map(|arg| self.expr(arg).text).collect();
        let order = self.order_by(order_by).map(|order| format!(" {order}")).unwrap_or_default();
        let filter = filter.map(|filter| format!(" FILTER (WHERE {})", self.expr(filter).text)).unwrap_or_default();
        let name = match function {
            AggregateFunction::CountRows => return Sql::primary(format!("count(*){filter}")),
            AggregateFunction::Count => "count".to_owned(),
            // Integers cannot overflow SQLite's own sum, and it is the fastest.
            AggregateFunction::SumInteger => "sum".to_owned(),
            AggregateFunction::Min | AggregateFunction::BoolAnd => "min".to_owned(),
            AggregateFunction::Max | AggregateFunction::BoolOr => "max".to_owned(),
            AggregateFunction::SumBigint
            | AggregateFunction::SumDouble
            | AggregateFunction::AvgBigint
            | AggregateFunction::AvgDouble => function.name().to_owned(),
            // SQLite's DISTINCT takes one argument: the separator goes around.
            AggregateFunction::StringAgg if is_distinct => {
                let separator = list.pop().unwrap_or_default();
                let texts = format!("text_agg(DISTINCT {}{order}){filter}", list.join(", "));
                return Sql::primary(format!("array_to_string({texts}, {separator})"));
            }
            AggregateFunction::StringAgg => "string_agg".to_owned(),
            // For the same reason the type's letter is in the name.
            AggregateFunction::JsonAgg | AggregateFunction::JsonbAgg if is_distinct => {
                format!("{}_{}", function.name(), letter(ty))
            }
            AggregateFunction::JsonAgg | AggregateFunction::JsonbAgg => {
                list.insert(0, text(&letter(ty).to_string()).text);
                function.name().to_owned()
            }
        };
        Sql::primary(format!("{name}({distinct}{}{order}){filter}", list.join(", ")))
    }

    pub(super) fn window(
        &mut self,
        function: WindowFunction,
        args: &[Expr],
        partition_by: &[Expr],
        order_by: &[OrderItem],
        frame: Option<Frame>,
    ) -> Sql {
        let name = if function == WindowFunction::SumInteger { "sum" } else { function.name() };
        let call = format!("{name}({})", self.list(args));
        let mut over = Vec::new();
        if !partition_by.is_empty() {
            over.push(format!("PARTITION BY {}", self.list(partition_by)));
        }
        over.extend(self.order_by(order_by));
        over.extend(frame.map(|frame| format!("ROWS BETWEEN {} AND {}", bound(frame.start), bound(frame.end))));
        Sql::primary(format!("{call} OVER ({})", over.join(" ")))
    }
}

fn bound(bound: FrameBound) -> String {
    match bound {
        FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
        FrameBound::Preceding(rows) => format!("{rows} PRECEDING"),
        FrameBound::CurrentRow => "CURRENT ROW".to_owned(),
        FrameBound::Following(rows) => format!("{rows} FOLLOWING"),
        FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
    }
}
