//! Queries: WITH, the body, order and limits; set operations and VALUES.

use super::names::UNNAMED;
use super::{COLUMNS_MAX, Clause, Context, Reported, Resolved, Resolver};
use crate::ir::{Body, Expr, ExprKind, OrderItem, RelationColumn, Select, SetOperator, Source};
use crate::{Span, Volatility};
use martlet_core::{Type, Value};
use sqlparser::ast;

/// What becomes of constants whose type nothing decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknowns {
    /// They become text: the query's columns are used by name.
    BecomeText,
    /// They stay open: the other side of a set operation, or the columns written to, decide.
    Stay,
}

/// A query's body and order.
pub(super) struct Built {
    pub(super) body: Body,
    pub(super) order_by: Vec<OrderItem>,
    pub(super) columns: Vec<RelationColumn>,
    pub(super) rows_max: Option<u64>,
}

impl Select {
    /// Whether it gives a row whatever the data.
    pub(super) fn always_has_row(&self) -> bool {
        let is_cut = !matches!(
            self.limit.as_ref().map(|limit| &limit.kind),
            None | Some(ExprKind::Literal(Value::Integer(1..)))
        ) || self.offset.is_some();
        !is_cut
            && match &self.body {
                Body::Core(core) => {
                    let is_one_group = core.is_grouped && core.group_by.is_empty();
                    core.having.is_none() && (is_one_group || (core.from.is_none() && core.filter.is_none()))
                }
                Body::Values(_) => true,
                Body::SetOperation { .. } => false,
            }
    }
}

impl Resolver<'_> {
    /// Resolves a query; it sees the names of the scopes around it.
    pub(super) fn query(&mut self, query: &ast::Query, unknowns: Unknowns) -> Resolved<Select> {
        self.deeper(|this| {
            let place = this.place;
            let known_ctes = this.ctes.len();
            let volatility = std::mem::replace(&mut this.volatility, Volatility::Immutable);
            let clause = std::mem::replace(&mut this.clause, Clause::Projection);
            let windows = std::mem::take(&mut this.windows);
            let saw_aggregate = std::mem::replace(&mut this.saw_aggregate, false);
            let groups_have_rows = std::mem::replace(&mut this.groups_have_rows, false);
            let done = this.query_inner(query, unknowns);
            let own = std::mem::replace(&mut this.volatility, volatility);
            this.note_volatility(own);
            this.clause = clause;
            this.windows = windows;
            this.saw_aggregate = saw_aggregate;
            this.groups_have_rows = groups_have_rows;
            this.ctes.truncate(known_ctes);
            this.place = place;
            done.map(|select| Select { volatility: own, ..select })
        })
    }

    fn query_inner(&mut self, query: &ast::Query, unknowns: Unknowns) -> Resolved<Select> {
        self.place = self.span(query);
        self.require_plain_query(query)?;
        let ctes = self.with(query.with.as_ref());
        let items = self.order_exprs(query.order_by.as_ref())?;
        let built = match &*query.body {
            ast::SetExpr::Select(select) => self.core(select, items, unknowns),
            ast::SetExpr::Query(inner)
                if items.is_empty() && query.limit_clause.is_none() && query.locks.is_empty() =>
            {
                let mut inner = self.query(inner, unknowns)?;
                let mut ctes = ctes?;
                ctes.append(&mut inner.ctes);
                return Ok(Select { ctes, ..inner });
            }
            ast::SetExpr::Query(_) => {
                let place = self.place;
                let hint = "order and limit inside the brackets, or select from it";
                self.unsupported(place, "an order or limit on a query in brackets", hint)
            }
            body => self.combined(body, unknowns).and_then(|mut built| {
                built.order_by = self.order_of_columns(items, &built.columns)?;
                Ok(built)
            }),
        };
        let limits = self.limits(query.limit_clause.as_ref());
        let (ctes, built, (limit, offset)) = (ctes?, built?, limits?);
        let is_locking = self.locking(&query.locks, &built.body)?;
        let mut rows_max = built.rows_max;
        if let Some(ExprKind::Literal(Value::Integer(count))) = limit.as_ref().map(|limit| &limit.kind) {
            let count = u64::try_from(*count).unwrap_or(0);
            rows_max = Some(rows_max.map_or(count, |rows| rows.min(count)));
        }
        Ok(Select {
            ctes,
            body: built.body,
            order_by: built.order_by,
            limit,
            offset,
            columns: built.columns,
            is_locking,
            rows_max,
            volatility: Volatility::Immutable,
        })
    }

    fn require_plain_query(&mut self, query: &ast::Query) -> Resolved<()> {
        let place = self.place;
        if query.fetch.is_some() {
            return self.unsupported(place, "FETCH FIRST", "write limit n");
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            return self.unsupported(place, "this clause", "docs/sql.md has the clauses of a query");
        }
        Ok(())
    }

    fn limits(&mut self, clause: Option<&ast::LimitClause>) -> Resolved<(Option<Expr>, Option<Expr>)> {
        match clause {
            None => Ok((None, None)),
            Some(ast::LimitClause::LimitOffset { limit, offset, limit_by }) if limit_by.is_empty() => {
                if offset.as_ref().is_some_and(|offset| offset.rows != ast::OffsetRows::None) {
                    let place = self.place;
                    return self.unsupported(place, "OFFSET .. ROWS", "write offset n");
                }
                let limit = limit.as_ref().map(|limit| self.count_of_rows(limit, "LIMIT")).transpose();
                let offset = offset.as_ref().map(|offset| self.count_of_rows(&offset.value, "OFFSET")).transpose();
                Ok((limit?, offset?))
            }
            Some(clause) => {
                let span = self.span(clause);
                self.unsupported(span, "this form of LIMIT", "write limit n offset m")
            }
        }
    }

    /// `for update` on plain tables of an action.
    fn locking(&mut self, locks: &[ast::LockClause], body: &Body) -> Resolved<bool> {
        let [lock] = locks else {
            return match locks {
                [] => Ok(false),
                _ => {
                    let place = self.place;
                    self.unsupported(place, "several locks", "write for update once")
                }
            };
        };
        let place = self.place;
        if lock.lock_type != ast::LockType::Update || lock.of.is_some() || lock.nonblock.is_some() {
            return self.unsupported(place, "this kind of lock", "write for update");
        }
        if self.env.context == Context::Query || self.env.context == Context::View || self.view.is_some() {
            return self.unsupported(place, "for update outside an action", "leave it out: a query only reads");
        }
        let is_plain = match body {
            Body::Core(core) => {
                let mut only_tables = true;
                if let Some(from) = &core.from {
                    from.relations(&mut |relation| only_tables &= matches!(relation.source, Source::Table(_)));
                    only_tables &= !has_left_join(from);
                }
                let has_window = core
                    .projection
                    .iter()
                    .any(|output| output.expr.any(&mut |expr| matches!(expr.kind, ExprKind::Window { .. })));
                let is_distinct = core.distinct != crate::ir::Distinct::Keep;
                core.from.is_some() && only_tables && !core.is_grouped && !is_distinct && !has_window
            }
            _ => false,
        };
        if !is_plain {
            let hint = "lock rows of plain tables: select .. from t where .. for update";
            return self.unsupported(place, "for update on this query", hint);
        }
        Ok(true)
    }

    /// A set operation or VALUES.
    fn combined(&mut self, body: &ast::SetExpr, unknowns: Unknowns) -> Resolved<Built> {
        match body {
            ast::SetExpr::SetOperation { op, set_quantifier, left, right } => {
                self.set_operation(*op, *set_quantifier, left, right)
            }
            ast::SetExpr::Values(values) => self.values(&values.rows, unknowns),
            _ => {
                let place = self.place;
                self.unsupported(place, "this statement inside another", "write select .., or a statement of its own")
            }
        }
    }

    fn set_operation(
        &mut self,
        operator: ast::SetOperator,
        quantifier: ast::SetQuantifier,
        left: &ast::SetExpr,
        right: &ast::SetExpr,
    ) -> Resolved<Built> {
        let place = self.place;
        let operator = match operator {
            ast::SetOperator::Union => SetOperator::Union,
            ast::SetOperator::Intersect => SetOperator::Intersect,
            ast::SetOperator::Except => SetOperator::Except,
            ast::SetOperator::Minus => return self.unsupported(place, "MINUS", "write except"),
        };
        let is_all = match quantifier {
            ast::SetQuantifier::None | ast::SetQuantifier::Distinct => false,
            ast::SetQuantifier::All if operator == SetOperator::Union => true,
            _ => return self.unsupported(place, "all here", "only union has all; leave it out"),
        };
        let sides = self.each([left, right], Self::side);
        let [mut left, mut right] = <[Select; 2]>::try_from(sides?).map_err(|_| Reported)?;
        if left.columns.len() != right.columns.len() {
            let message = format!("the sides have {} and {} columns", left.columns.len(), right.columns.len());
            return self.fail("column_counts", place, message, "select as many on both sides");
        }
        let mut columns = Vec::with_capacity(left.columns.len());
        for index in 0..left.columns.len() {
            let samples = [sample(&left, index), sample(&right, index)];
            let ty = self.common_type(&samples, "a column of both sides")?;
            self.coerce_column(&mut left, index, ty)?;
            self.coerce_column(&mut right, index, ty)?;
            if !is_all {
                let checked = sample(&left, index);
                self.require_ordered(&checked, "a set operation without all")?;
            }
            let (of_left, of_right) = (&left.columns[index], &right.columns[index]);
            let is_nullable = match operator {
                SetOperator::Union => of_left.is_nullable || of_right.is_nullable,
                SetOperator::Intersect => of_left.is_nullable && of_right.is_nullable,
                SetOperator::Except => of_left.is_nullable,
            };
            columns.push(RelationColumn { name: of_left.name.clone(), ty, is_nullable });
        }
        let rows_max = match operator {
            SetOperator::Union => left.rows_max.zip(right.rows_max).and_then(|(left, right)| left.checked_add(right)),
            SetOperator::Intersect => left.rows_max.into_iter().chain(right.rows_max).min(),
            SetOperator::Except => left.rows_max,
        };
        let body = Body::SetOperation { operator, is_all, left: Box::new(left), right: Box::new(right) };
        Ok(Built { body, order_by: Vec::new(), columns, rows_max })
    }

    /// One side of a set operation.
    fn side(&mut self, body: &ast::SetExpr) -> Resolved<Select> {
        if let ast::SetExpr::Query(query) = body {
            return self.query(query, Unknowns::Stay);
        }
        self.deeper(|this| {
            let volatility = std::mem::replace(&mut this.volatility, Volatility::Immutable);
            let built = match body {
                ast::SetExpr::Select(select) => this.core(select, &[], Unknowns::Stay),
                body => this.combined(body, Unknowns::Stay),
            };
            let own = std::mem::replace(&mut this.volatility, volatility);
            this.note_volatility(own);
            built.map(|built| Select {
                ctes: Vec::new(),
                body: built.body,
                order_by: built.order_by,
                limit: None,
                offset: None,
                columns: built.columns,
                is_locking: false,
                rows_max: built.rows_max,
                volatility: own,
            })
        })
    }

    fn values(&mut self, rows: &[ast::Parens<Vec<ast::Expr>>], unknowns: Unknowns) -> Resolved<Built> {
        let place = self.place;
        let width = rows.first().map_or(0, |row| row.content.len());
        if width == 0 || width > COLUMNS_MAX || rows.iter().any(|row| row.content.len() != width) {
            return self.fail(
                "column_counts",
                place,
                "the rows of VALUES differ in length",
                "give each as many values",
            );
        }
        let rows =
            self.within(Clause::Values, |this| this.each(rows, |this, row| this.each(&row.content, Self::expr)))?;
        let rows_max = u64::try_from(rows.len()).ok();
        let mut rows = rows;
        let mut columns = Vec::with_capacity(width);
        for index in 0..width {
            let column: Vec<Expr> = rows.iter().map(|row| row[index].clone()).collect();
            let all_unknown = column.iter().all(Expr::is_unknown);
            let column = match (all_unknown, unknowns) {
                (true, Unknowns::Stay) => column,
                _ => self.unify(column, "a column of VALUES")?.1,
            };
            let ty = column[0].ty;
            self.refuse_numeric(&column[0])?;
            let is_nullable = column.iter().any(|expr| expr.is_nullable);
            columns.push(RelationColumn { name: format!("column{}", index + 1), ty, is_nullable });
            for (row, expr) in rows.iter_mut().zip(column) {
                row[index] = expr;
            }
        }
        Ok(Built { body: Body::Values(rows), order_by: Vec::new(), columns, rows_max })
    }

    /// A numeric stands under a cast, never in a column.
    pub(super) fn refuse_numeric(&mut self, expr: &Expr) -> Resolved<()> {
        if expr.ty == Type::Numeric { self.require_storable(expr, "a column") } else { Ok(()) }
    }

    /// Turns a column of a query into a type, inside the query.
    pub(super) fn coerce_column(&mut self, select: &mut Select, index: usize, ty: Type) -> Resolved<()> {
        if select.columns[index].ty == ty {
            return Ok(());
        }
        match &mut select.body {
            Body::Core(core) => {
                let output = &mut core.projection[index];
                output.expr = self.coerce(output.expr.clone(), ty)?;
            }
            Body::SetOperation { left, right, .. } => {
                self.coerce_column(left, index, ty)?;
                self.coerce_column(right, index, ty)?;
            }
            Body::Values(rows) => {
                for row in rows {
                    row[index] = self.coerce(row[index].clone(), ty)?;
                }
            }
        }
        for item in &mut select.order_by {
            if item.expr.kind == ExprKind::Output(index) {
                item.expr.ty = ty;
            }
        }
        select.columns[index].ty = ty;
        Ok(())
    }
}

/// A column of a query as an expression: its own, where that says more.
fn sample(select: &Select, index: usize) -> Expr {
    let column = &select.columns[index];
    let span = output_span(select, index);
    Expr::new(ExprKind::Output(index), column.ty, column.is_nullable, span)
}

/// Where a column of a query is written.
pub(super) fn output_span(select: &Select, index: usize) -> Span {
    match &select.body {
        Body::Core(core) => core.projection.get(index).map_or(Span::default(), |output| output.expr.span),
        Body::SetOperation { left, .. } => output_span(left, index),
        Body::Values(rows) => rows.first().and_then(|row| row.get(index)).map_or(Span::default(), |expr| expr.span),
    }
}

fn has_left_join(from: &crate::ir::From) -> bool {
    match from {
        crate::ir::From::Relation(_) => false,
        crate::ir::From::Join { kind, left, right, .. } => {
            *kind == crate::ir::JoinKind::Left || has_left_join(left) || has_left_join(right)
        }
    }
}

/// Whether a column has a name that can be used.
pub(super) fn is_named(name: &str) -> bool {
    !name.is_empty() && name != UNNAMED
}
