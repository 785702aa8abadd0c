//! ORDER BY, and DISTINCT ON, whose items mean the same.

use super::{COLUMNS_MAX, Clause, Resolved, Resolver};
use crate::ir::{Expr, ExprKind, OrderItem, Output};
use crate::nearest::nearest;
use crate::{Span, catalogue};
use martlet_core::Type;
use sqlparser::ast;

impl Resolver<'_> {
    /// The items of an ORDER BY.
    pub(super) fn order_exprs<'e>(&mut self, order_by: Option<&'e ast::OrderBy>) -> Resolved<&'e [ast::OrderByExpr]> {
        match order_by {
            None => Ok(&[]),
            Some(ast::OrderBy { kind: ast::OrderByKind::Expressions(items), interpolate: None }) => {
                self.require_few(items.len(), "ORDER BY")?;
                Ok(items)
            }
            Some(order_by) => {
                let span = self.span(order_by);
                self.unsupported(span, "this form of ORDER BY", "name the columns to order by")
            }
        }
    }

    /// Refuses lists that nobody means.
    pub(super) fn require_few(&mut self, count: usize, what: &str) -> Resolved<()> {
        if count <= COLUMNS_MAX {
            return Ok(());
        }
        let place = self.place;
        let message = format!("{what} has {count} items; at most {COLUMNS_MAX} are taken");
        self.fail("too_complex", place, message, "name only those that matter")
    }

    /// ORDER BY of one SELECT: a name of the result, else a position, else an expression over FROM.
    pub(super) fn order_of_core(&mut self, items: &[ast::OrderByExpr], outputs: &[Output]) -> Resolved<Vec<OrderItem>> {
        self.within(Clause::OrderBy, |this| {
            this.each(items, |this, item| {
                let expr = this.output_or_expr(&item.expr, outputs, "ORDER BY")?;
                this.directed(expr, item)
            })
        })
    }

    /// An item of ORDER BY or DISTINCT ON.
    pub(super) fn output_or_expr(&mut self, ast: &ast::Expr, outputs: &[Output], what: &str) -> Resolved<Expr> {
        let span = self.span(ast);
        if let Some(position) = self.position(ast, outputs.len(), what)? {
            return self.output(position, outputs, span, what);
        }
        if let ast::Expr::Identifier(ident) = ast {
            let name = catalogue::ident(ident);
            let mut named = outputs.iter().enumerate().filter(|(_, output)| output.name == name);
            if let Some((first, output)) = named.next() {
                if named.any(|(_, other)| other.expr != output.expr) {
                    let message = format!("`{name}` may mean several columns of the result");
                    return self.fail("ambiguous_column", span, message, "write the expression, or its position");
                }
                return self.output(first, outputs, span, what);
            }
        }
        let expr = self.expr(ast)?;
        if matches!(expr.kind, ExprKind::Literal(_)) {
            return self.unsupported(span, &format!("a constant in {what}"), "name a column, or a position from 1");
        }
        self.require_ordered(&expr, what)?;
        Ok(expr)
    }

    fn output(&mut self, position: usize, outputs: &[Output], span: Span, what: &str) -> Resolved<Expr> {
        let expr = &outputs[position].expr;
        self.require_ordered(expr, what)?;
        Ok(Expr::new(ExprKind::Output(position), expr.ty, expr.is_nullable, span))
    }

    /// ORDER BY of a set operation or VALUES: names and positions only.
    pub(super) fn order_of_columns(
        &mut self,
        items: &[ast::OrderByExpr],
        columns: &[crate::ir::RelationColumn],
    ) -> Resolved<Vec<OrderItem>> {
        self.each(items, |this, item| {
            let span = this.span(&item.expr);
            let named = match &item.expr {
                ast::Expr::Identifier(ident) => {
                    let name = catalogue::ident(ident);
                    columns.iter().position(|column| column.name == name)
                }
                _ => None,
            };
            let position = match named {
                Some(position) => position,
                None => match this.position(&item.expr, columns.len(), "ORDER BY")? {
                    Some(position) => position,
                    None => {
                        let names = columns.iter().map(|column| column.name.as_str());
                        let written = this.quote_or(span, "");
                        let hint = match nearest(written, names) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "name a column of the result, or order a select from this query".to_owned(),
                        };
                        let message = "this query is ordered by columns of its result only";
                        return this.fail("order_of_result", span, message, hint);
                    }
                },
            };
            let column = &columns[position];
            let expr = Expr::new(ExprKind::Output(position), column.ty, column.is_nullable, span);
            this.require_ordered(&expr, "ORDER BY")?;
            this.directed(expr, item)
        })
    }

    /// An item of the order in an aggregate or window: an expression only.
    pub(super) fn order_expr(&mut self, item: &ast::OrderByExpr) -> Resolved<OrderItem> {
        let expr = self.expr(&item.expr)?;
        if matches!(expr.kind, ExprKind::Literal(_)) {
            return self.unsupported(
                expr.span,
                "a constant in this order",
                "name a column; positions mean nothing here",
            );
        }
        self.require_ordered(&expr, "ORDER BY")?;
        self.directed(expr, item)
    }

    fn directed(&mut self, expr: Expr, item: &ast::OrderByExpr) -> Resolved<OrderItem> {
        let is_descending = match item.options.sort {
            None | Some(ast::OrderBySort::Asc) => false,
            Some(ast::OrderBySort::Desc) => true,
            Some(ast::OrderBySort::Using(_)) => {
                return self.unsupported(expr.span, "ORDER BY .. USING", "write asc or desc");
            }
        };
        if item.with_fill.is_some() {
            return self.unsupported(expr.span, "WITH FILL", "join generate_series");
        }
        Ok(OrderItem { expr, is_descending, nulls_first: item.options.nulls_first.unwrap_or(is_descending) })
    }

    /// A position from 1, as an index.
    pub(super) fn position(&mut self, ast: &ast::Expr, count: usize, what: &str) -> Resolved<Option<usize>> {
        let ast::Expr::Value(value) = ast else { return Ok(None) };
        let ast::Value::Number(digits, _) = &value.value else { return Ok(None) };
        match digits.parse::<usize>() {
            Ok(position) if (1..=count).contains(&position) => Ok(Some(position - 1)),
            _ => {
                let span = self.span_of(value.span);
                let message = format!("{what} has no column {digits}");
                self.fail("unknown_position", span, message, format!("positions are 1 to {count}"))
            }
        }
    }

    /// Where duplicates go, every item of the order must be one of the result.
    pub(super) fn order_of_distinct(&mut self, items: &mut [OrderItem], outputs: &[Output]) -> Resolved<()> {
        for item in items.iter_mut().filter(|item| !matches!(item.expr.kind, ExprKind::Output(_))) {
            match outputs.iter().position(|output| output.expr == item.expr) {
                Some(position) => item.expr.kind = ExprKind::Output(position),
                None => {
                    let message = "with distinct, ORDER BY may name only what is selected";
                    return self.fail("distinct_order", item.expr.span, message, "select it too, or group by instead");
                }
            }
        }
        for output in outputs {
            self.require_ordered(&output.expr, "distinct")?;
        }
        Ok(())
    }

    /// `distinct on (..)`: its items and the leading items of the order are the same.
    pub(super) fn distinct_on(
        &mut self,
        on: &[ast::Expr],
        order_by: &[OrderItem],
        outputs: &[Output],
    ) -> Resolved<Vec<Expr>> {
        if on.is_empty() {
            let place = self.place;
            return self.unsupported(place, "an empty distinct on", "write distinct, or name what to keep one row of");
        }
        let on = self.within(Clause::OrderBy, |this| {
            this.each(on, |this, expr| this.output_or_expr(expr, outputs, "distinct on"))
        })?;
        // As PostgreSQL compares them: by the first column of the result that is the same expression.
        let plain = |expr: &Expr| match outputs.iter().position(|output| output.expr == *expr) {
            Some(position) => Expr::new(ExprKind::Output(position), expr.ty, expr.is_nullable, expr.span),
            None => expr.clone(),
        };
        let wanted: Vec<Expr> = on.iter().map(plain).collect();
        let leading: Vec<Expr> = order_by.iter().map(|item| plain(&item.expr)).collect();
        let mut left = wanted.len();
        let mut seen: Vec<&Expr> = Vec::new();
        for expr in &leading {
            if seen.len() == left || !wanted.contains(expr) {
                break;
            }
            if !seen.contains(&expr) {
                seen.push(expr);
            }
        }
        left = wanted.iter().filter(|expr| !seen.contains(expr)).count();
        if left > 0 {
            let span = on.first().map_or(self.place, |first| first.span);
            let hint = "begin ORDER BY with the same expressions; what follows them decides which row stays";
            return self.fail("distinct_order", span, "distinct on needs an ORDER BY that begins with it", hint);
        }
        Ok(on)
    }

    /// LIMIT and OFFSET: a bigint that no column is in.
    pub(super) fn count_of_rows(&mut self, ast: &ast::Expr, what: &str) -> Resolved<Expr> {
        let scopes = std::mem::take(&mut self.scopes);
        let expr = self.within(Clause::Limit, |this| this.expr_as(ast, Type::Bigint));
        self.scopes = scopes;
        let expr = expr?;
        if let ExprKind::Literal(martlet_core::Value::Integer(..0)) = expr.kind {
            return self.fail("negative_limit", expr.span, format!("{what} is negative"), "write 0 or more");
        }
        Ok(expr)
    }
}
