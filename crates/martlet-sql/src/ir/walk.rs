//! Walking the tree.

use super::{Body, Distinct, Expr, ExprKind, From, OrderItem, Select, Source, TableFunction};

/// A direct part of an expression or query.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// An expression.
    Expr(&'a Expr),
    /// A subquery.
    Select(&'a Select),
}

type Visit<'v, 'a> = &'v mut dyn FnMut(Part<'a>);

impl Expr {
    /// Calls `visit` with each direct part.
    pub fn parts<'a>(&'a self, visit: Visit<'_, 'a>) {
        match &self.kind {
            ExprKind::Column { .. }
            | ExprKind::Output(_)
            | ExprKind::Parameter(_)
            | ExprKind::StepColumn { .. }
            | ExprKind::UserId
            | ExprKind::Role
            | ExprKind::Claims
            | ExprKind::Claim(_)
            | ExprKind::Now
            | ExprKind::Today
            | ExprKind::Literal(_) => {}
            ExprKind::Cast(operand)
            | ExprKind::Negate(operand)
            | ExprKind::Not(operand)
            | ExprKind::IsNull { operand, .. }
            | ExprKind::AnyList { operand, .. }
            | ExprKind::Extract { operand, .. } => visit(Part::Expr(operand)),
            ExprKind::Binary { left, right, .. }
            | ExprKind::Compare { left, right, .. }
            | ExprKind::IsDistinct { left, right, .. }
            | ExprKind::NullIf(left, right)
            | ExprKind::Like { operand: left, pattern: right, .. } => {
                visit(Part::Expr(left));
                visit(Part::Expr(right));
            }
            ExprKind::RowCompare { left, right, .. } => exprs(left.iter().chain(right), visit),
            ExprKind::And(items)
            | ExprKind::Or(items)
            | ExprKind::Coalesce(items)
            | ExprKind::Greatest(items)
            | ExprKind::Least(items)
            | ExprKind::JsonArray(items)
            | ExprKind::Call { args: items, .. } => exprs(items, visit),
            ExprKind::Between { operand, low, high, .. } => exprs([&**operand, low, high], visit),
            ExprKind::InList { operand, list, .. } => exprs(std::iter::once(&**operand).chain(list), visit),
            ExprKind::InSubquery { operands, query, .. } => {
                exprs(operands, visit);
                visit(Part::Select(query));
            }
            ExprKind::Exists(query) | ExprKind::Scalar(query) => visit(Part::Select(query)),
            ExprKind::Case { operand, branches, otherwise } => {
                exprs(operand.as_deref(), visit);
                exprs(branches.iter().flat_map(|(condition, result)| [condition, result]), visit);
                exprs(otherwise.as_deref(), visit);
            }
            ExprKind::JsonObject(pairs) => exprs(pairs.iter().flat_map(|(key, value)| [key, value]), visit),
            ExprKind::Aggregate { args, filter, order_by, .. } => {
                exprs(args.iter().chain(filter.as_deref()).chain(items(order_by)), visit);
            }
            ExprKind::Window { args, partition_by, order_by, .. } => {
                exprs(args.iter().chain(partition_by).chain(items(order_by)), visit);
            }
        }
    }

    /// Whether `test` holds for this expression or for one inside it, subqueries included.
    pub fn any(&self, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
        if test(self) {
            return true;
        }
        let mut found = false;
        self.parts(&mut |part| found = found || part.any(test));
        found
    }
}

impl Part<'_> {
    /// Whether `test` holds for an expression in it.
    pub fn any(self, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
        match self {
            Part::Expr(expr) => expr.any(test),
            Part::Select(select) => select.any(test),
        }
    }
}

impl Select {
    /// Calls `visit` with each direct part.
    pub fn parts<'a>(&'a self, visit: Visit<'_, 'a>) {
        for cte in &self.ctes {
            visit(Part::Select(&cte.query));
        }
        match &self.body {
            Body::Core(core) => {
                if let Distinct::On(on) = &core.distinct {
                    exprs(on, visit);
                }
                exprs(core.projection.iter().map(|output| &output.expr), visit);
                if let Some(from) = &core.from {
                    from.parts(visit);
                }
                exprs(core.filter.iter().chain(&core.group_by).chain(&core.having), visit);
            }
            Body::SetOperation { left, right, .. } => {
                visit(Part::Select(left));
                visit(Part::Select(right));
            }
            Body::Values(rows) => exprs(rows.iter().flatten(), visit),
        }
        exprs(items(&self.order_by).chain(&self.limit).chain(&self.offset), visit);
    }

    /// Whether `test` holds for an expression in it, subqueries included.
    pub fn any(&self, test: &mut dyn FnMut(&Expr) -> bool) -> bool {
        let mut found = false;
        self.parts(&mut |part| found = found || part.any(test));
        found
    }

    /// Whether a relation in it, subqueries included, is this table.
    pub fn reads_table(&self, table: &str) -> bool {
        let mut found = false;
        if let Body::Core(core) = &self.body
            && let Some(from) = &core.from
        {
            from.relations(&mut |relation| {
                found = found || matches!(&relation.source, Source::Table(name) if name == table);
            });
        }
        self.parts(&mut |part| found = found || part.reads_table(table));
        found
    }
}

impl Part<'_> {
    /// Whether a subquery in it reads this table.
    pub fn reads_table(self, table: &str) -> bool {
        match self {
            Part::Select(select) => select.reads_table(table),
            Part::Expr(expr) => {
                let mut found = false;
                expr.parts(&mut |part| found = found || part.reads_table(table));
                found
            }
        }
    }
}

impl From {
    /// Calls `visit` with each subquery, argument and join condition.
    pub fn parts<'a>(&'a self, visit: Visit<'_, 'a>) {
        match self {
            From::Relation(relation) => match &relation.source {
                Source::Table(_) | Source::Cte(_) | Source::Function(TableFunction::Unnest(_)) => {}
                Source::Subquery { query, .. } => visit(Part::Select(query)),
                Source::Function(TableFunction::GenerateSeries { start, stop, step }) => {
                    exprs([&**start, stop].into_iter().chain(step.as_deref()), visit);
                }
                Source::Function(
                    TableFunction::JsonbArrayElements(document) | TableFunction::JsonbToRecordset(document),
                ) => visit(Part::Expr(document)),
            },
            From::Join { left, right, on, .. } => {
                left.parts(visit);
                right.parts(visit);
                exprs(on, visit);
            }
        }
    }

    /// Calls `visit` with each relation, in written order.
    pub fn relations<'a>(&'a self, visit: &mut dyn FnMut(&'a super::Relation)) {
        match self {
            From::Relation(relation) => visit(relation),
            From::Join { left, right, .. } => {
                left.relations(visit);
                right.relations(visit);
            }
        }
    }
}

fn exprs<'a>(items: impl IntoIterator<Item = &'a Expr>, visit: Visit<'_, 'a>) {
    for item in items {
        visit(Part::Expr(item));
    }
}

fn items(order_by: &[OrderItem]) -> impl Iterator<Item = &Expr> {
    order_by.iter().map(|item| &item.expr)
}
