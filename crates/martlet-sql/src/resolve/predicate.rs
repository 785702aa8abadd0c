//! Conditions: comparisons, rows, IN, ANY, BETWEEN, LIKE, IS; and the refusal of every other form.

use super::operator::comparison;
use super::{Resolved, Resolver};
use crate::Span;
use crate::ir::{CompareOperator, Expr, ExprKind};
use martlet_core::Type;
use sqlparser::ast::{self, BinaryOperator as Written};

impl Resolver<'_> {
    /// `and`, `or`: a chain of one of them becomes one node.
    pub(super) fn junction(&mut self, left: &ast::Expr, op: &Written, right: &ast::Expr, span: Span) -> Resolved<Expr> {
        let mut operands = vec![right];
        let mut rest = left;
        while let ast::Expr::BinaryOp { left, op: inner, right } = rest {
            if inner != op {
                break;
            }
            operands.push(right);
            rest = left;
        }
        operands.push(rest);
        operands.reverse();
        let operands = self.each(operands, Self::condition)?;
        let is_nullable = operands.iter().any(|operand| operand.is_nullable);
        let kind = if *op == Written::And { ExprKind::And(operands) } else { ExprKind::Or(operands) };
        Ok(Expr::new(kind, Type::Boolean, is_nullable, span))
    }

    pub(super) fn compare(
        &mut self,
        operator: CompareOperator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Resolved<Expr> {
        for side in [left, right] {
            if matches!(side, ast::Expr::BinaryOp { op, .. } if comparison(op).is_some()) {
                return self.unsupported(span, "a chain of comparisons", "write a < b and b < c");
            }
        }
        match (left, right) {
            (ast::Expr::Tuple(left), ast::Expr::Tuple(right)) => {
                return self.compare_rows(operator, left, right, span);
            }
            (ast::Expr::Tuple(_), _) | (_, ast::Expr::Tuple(_)) => {
                return self.unsupported(span, "a row beside a value", "compare (a, b) with (c, d)");
            }
            _ => {}
        }
        let sides = self.each([left, right], Self::expr)?;
        let (left, right) = self.comparable(operator, sides, "the two sides")?;
        Ok(compared(operator, left, right, span))
    }

    /// Two expressions of one type that has this comparison.
    fn comparable(&mut self, operator: CompareOperator, sides: Vec<Expr>, what: &str) -> Resolved<(Expr, Expr)> {
        self.refuse_bare_numbers(&sides)?;
        let (ty, mut sides) = self.unify(sides, what)?;
        let is_equality = matches!(operator, CompareOperator::Equal | CompareOperator::NotEqual);
        if ty != Type::Interval && !(ty == Type::Jsonb && is_equality) {
            self.require_ordered(&sides[0], "a comparison")?;
        }
        let right = sides.remove(1);
        Ok((sides.remove(0), right))
    }

    fn compare_rows(
        &mut self,
        operator: CompareOperator,
        left: &[ast::Expr],
        right: &[ast::Expr],
        span: Span,
    ) -> Resolved<Expr> {
        if left.len() != right.len() {
            let message = format!("the rows have {} and {} values", left.len(), right.len());
            return self.fail("row_length", span, message, "give both sides as many");
        }
        let pairs = self.each(left.iter().zip(right), |this, (left, right)| {
            let sides = this.each([left, right], Self::expr)?;
            this.refuse_bare_numbers(&sides)?;
            let (_, mut sides) = this.unify(sides, "the two sides")?;
            this.require_ordered(&sides[0], "a comparison of rows")?;
            let right = sides.remove(1);
            Ok((sides.remove(0), right))
        })?;
        let is_nullable = pairs.iter().any(|(left, right)| left.is_nullable || right.is_nullable);
        let (left, right) = pairs.into_iter().unzip();
        Ok(Expr::new(ExprKind::RowCompare { operator, left, right }, Type::Boolean, is_nullable, span))
    }

    pub(super) fn predicate(&mut self, ast: &ast::Expr, span: Span) -> Resolved<Expr> {
        use ast::Expr as E;
        match ast {
            E::IsNull(operand) => self.is_null(operand, false, span),
            E::IsNotNull(operand) => self.is_null(operand, true, span),
            E::IsDistinctFrom(left, right) => self.is_distinct(left, right, false, span),
            E::IsNotDistinctFrom(left, right) => self.is_distinct(left, right, true, span),
            E::Between { expr, negated, low, high } => self.between(expr, low, high, *negated, span),
            E::Like { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), (false, *negated), span)
            }
            E::ILike { negated, any: false, expr, pattern, escape_char } => {
                self.like(expr, pattern, escape_char.as_deref(), (true, *negated), span)
            }
            E::InList { expr, list, negated } => self.in_list(expr, list, *negated, span),
            E::InSubquery { expr, subquery, negated } => self.in_subquery(expr, subquery, *negated, span),
            E::AnyOp { left, compare_op, right, is_some: false } => self.any(left, compare_op, right, span),
            _ => self.not_listed(ast, span),
        }
    }

    fn is_null(&mut self, operand: &ast::Expr, is_negated: bool, span: Span) -> Resolved<Expr> {
        if matches!(operand, ast::Expr::IsDistinctFrom(..) | ast::Expr::IsNotDistinctFrom(..)) {
            return self.unsupported(span, "a chain of IS", "put one of them in brackets");
        }
        if self.view.is_none() && is_negated {
            let behind = self.env.source.text().get(self.expr_span(operand).end..).unwrap_or("").trim_start();
            let mut words = behind.split_ascii_whitespace();
            let word = |text: Option<&str>, wanted: &str| text.is_some_and(|text| text.eq_ignore_ascii_case(wanted));
            let starts_null = |text: &str| text.get(..4).is_some_and(|text| text.eq_ignore_ascii_case("null"));
            if word(words.next(), "not") && words.next().is_some_and(starts_null) {
                return self.unsupported(span, "x not null", "write x is not null");
            }
        }
        let operand = match self.list_param(operand) {
            // Whether a list was given at all; bound as one text, null where it was not.
            Some((text, place)) => {
                let (parameter, _) = self.list_placeholder(text, place)?;
                Expr::new(ExprKind::Parameter(parameter), Type::Text, true, place)
            }
            None => self.expr(operand)?,
        };
        let operand = Box::new(self.settle(operand)?);
        Ok(Expr::new(ExprKind::IsNull { operand, is_negated }, Type::Boolean, false, span))
    }

    fn is_distinct(&mut self, left: &ast::Expr, right: &ast::Expr, is_negated: bool, span: Span) -> Resolved<Expr> {
        let is_is = |side: &ast::Expr| {
            matches!(
                side,
                ast::Expr::IsNull(_)
                    | ast::Expr::IsNotNull(_)
                    | ast::Expr::IsDistinctFrom(..)
                    | ast::Expr::IsNotDistinctFrom(..)
            )
        };
        if is_is(left) || is_is(right) {
            return self.unsupported(span, "a chain of IS", "put one of them in brackets");
        }
        let sides = self.each([left, right], Self::expr)?;
        let (left, right) = self.comparable(CompareOperator::Equal, sides, "the two sides")?;
        if left.ty == Type::Interval {
            self.require_ordered(&left, "is distinct from")?;
        }
        let kind = ExprKind::IsDistinct { left: Box::new(left), right: Box::new(right), is_negated };
        Ok(Expr::new(kind, Type::Boolean, false, span))
    }

    fn between(
        &mut self,
        operand: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        is_negated: bool,
        span: Span,
    ) -> Resolved<Expr> {
        let all = self.each([operand, low, high], Self::expr)?;
        self.refuse_bare_numbers(&all)?;
        let (_, all) = self.unify(all, "the parts of BETWEEN")?;
        self.require_ordered(&all[0], "BETWEEN")?;
        let is_nullable = all.iter().any(|expr| expr.is_nullable);
        let mut all = all.into_iter().map(Box::new);
        let (Some(operand), Some(low), Some(high)) = (all.next(), all.next(), all.next()) else {
            return Err(super::Reported);
        };
        Ok(Expr::new(ExprKind::Between { operand, low, high, is_negated }, Type::Boolean, is_nullable, span))
    }

    fn like(
        &mut self,
        operand: &ast::Expr,
        pattern: &ast::Expr,
        escape: Option<&ast::Expr>,
        (ignores_case, is_negated): (bool, bool),
        span: Span,
    ) -> Resolved<Expr> {
        if escape.is_some() {
            return self.unsupported(span, "ESCAPE", "the escape is the backslash: like '50\\%'");
        }
        let sides = self.each([operand, pattern], |this, side| this.expr_as(side, Type::Text));
        let [operand, pattern] = <[Expr; 2]>::try_from(sides?).map_err(|_| super::Reported)?;
        let is_nullable = operand.is_nullable || pattern.is_nullable;
        let (operand, pattern) = (Box::new(operand), Box::new(pattern));
        let kind = ExprKind::Like { operand, pattern, ignores_case, is_negated };
        Ok(Expr::new(kind, Type::Boolean, is_nullable, span))
    }

    /// `:name` of a list parameter, with its place.
    fn list_param<'e>(&self, ast: &'e ast::Expr) -> Option<(&'e str, Span)> {
        let ast::Expr::Value(value) = ast else { return None };
        let ast::Value::Placeholder(text) = &value.value else { return None };
        let is_list =
            self.env.params.iter().any(|param| param.ty.is_list && text.strip_prefix(':') == Some(&param.name));
        is_list.then(|| (text.as_str(), self.span_of(value.span)))
    }

    fn in_list(&mut self, operand: &ast::Expr, list: &[ast::Expr], is_negated: bool, span: Span) -> Resolved<Expr> {
        if let [item] = list
            && let Some((text, place)) = self.list_param(item)
        {
            let hint =
                if is_negated { format!("write not (x = any({text}))") } else { format!("write x = any({text})") };
            return self.fail("list_as_value", place, format!("`{text}` is a list"), hint);
        }
        if let ast::Expr::Tuple(row) = operand {
            return self.row_in_list(row, list, is_negated, span);
        }
        let all = self.each(std::iter::once(operand).chain(list), Self::expr)?;
        self.refuse_bare_numbers(&all)?;
        let (_, mut all) = self.unify(all, "the values of IN")?;
        self.require_ordered(&all[0], "IN")?;
        let is_nullable = all.iter().any(|expr| expr.is_nullable);
        let operand = Box::new(all.remove(0));
        if all.is_empty() {
            return self.unsupported(span, "an empty IN", "give it at least one value");
        }
        Ok(Expr::new(ExprKind::InList { operand, list: all, is_negated }, Type::Boolean, is_nullable, span))
    }

    /// `(a, b) in ((1, 2), (3, 4))` is `(a, b) = (1, 2) or (a, b) = (3, 4)`.
    fn row_in_list(&mut self, row: &[ast::Expr], list: &[ast::Expr], is_negated: bool, span: Span) -> Resolved<Expr> {
        let mut rows = self.each(list, |this, item| match item {
            ast::Expr::Tuple(values) => this.compare_rows(CompareOperator::Equal, row, values, span),
            _ => this.unsupported(span, "a row beside a value", "write (a, b) in ((1, 2), (3, 4))"),
        })?;
        let is_nullable = rows.iter().any(|row| row.is_nullable);
        let found = match (rows.len(), rows.pop()) {
            (1, Some(only)) => only,
            (_, Some(last)) => {
                rows.push(last);
                Expr::new(ExprKind::Or(rows), Type::Boolean, is_nullable, span)
            }
            (_, None) => return self.unsupported(span, "an empty IN", "give it at least one row"),
        };
        Ok(match is_negated {
            true => Expr::new(ExprKind::Not(Box::new(found)), Type::Boolean, is_nullable, span),
            false => found,
        })
    }

    fn in_subquery(&mut self, operand: &ast::Expr, query: &ast::Query, is_negated: bool, span: Span) -> Resolved<Expr> {
        let operands = match operand {
            ast::Expr::Tuple(row) => self.each(row, Self::expr),
            one => self.expr(one).map(|expr| vec![expr]),
        };
        let query = self.subquery(query, span);
        let (operands, mut query) = (operands?, query?);
        if operands.len() != query.columns.len() {
            let message = format!("{} values are looked for in {} columns", operands.len(), query.columns.len());
            return self.fail("subquery_columns", span, message, "give both sides as many");
        }
        let mut is_nullable = query.columns.iter().any(|column| column.is_nullable);
        let mut typed = Vec::with_capacity(operands.len());
        for (index, operand) in operands.into_iter().enumerate() {
            let column = &query.columns[index];
            let sample = Expr::new(ExprKind::Output(index), column.ty, column.is_nullable, span);
            if sample.is_unknown() {
                return Err(super::Reported);
            }
            let ty = self.common_type([&operand, &sample], "the two sides of IN")?;
            let operand = self.coerce(operand, ty)?;
            self.require_ordered(&operand, "IN")?;
            self.coerce_column(&mut query, index, ty)?;
            is_nullable |= operand.is_nullable;
            typed.push(operand);
        }
        let query = Box::new(query);
        let kind = ExprKind::InSubquery { operands: typed, query, is_negated };
        Ok(Expr::new(kind, Type::Boolean, is_nullable, span))
    }

    fn any(&mut self, left: &ast::Expr, op: &Written, right: &ast::Expr, span: Span) -> Resolved<Expr> {
        let mut right = right;
        while let ast::Expr::Nested(inner) = right {
            right = inner;
        }
        if *op != Written::Eq {
            return self.unsupported(span, &format!("{op} any"), "write x = any(:list), or not (x = any(:list))");
        }
        match right {
            ast::Expr::Subquery(query) => self.in_subquery(left, query, false, span),
            ast::Expr::Value(value) => {
                let ast::Value::Placeholder(text) = &value.value else {
                    return self.unsupported(span, "any of this", "write x = any(:list), or x in ('a', 'b')");
                };
                let left = self.expr(left);
                let place = self.span_of(value.span);
                let (parameter, item) = self.list_placeholder(text, place)?;
                let operand = self.any_operand(left?, item, text)?;
                let kind = ExprKind::AnyList { operand: Box::new(operand), parameter, item };
                // An item may be null.
                Ok(Expr::new(kind, Type::Boolean, true, span))
            }
            _ => self.unsupported(span, "any of this", "declare a list parameter, `-- @param list bigint[]`"),
        }
    }

    /// The left side of `= any(:list)` in the type of the items; numbers need no conversion to be compared.
    fn any_operand(&mut self, operand: Expr, item: Type, list: &str) -> Resolved<Expr> {
        let is_number = |ty: Type| matches!(ty, Type::Integer | Type::Bigint | Type::Double);
        if is_number(operand.ty) && is_number(item) {
            return Ok(operand);
        }
        let sample = Expr::new(ExprKind::Output(0), item, false, operand.span);
        let ty = self.common_type([&operand, &sample], "the two sides of any")?;
        self.require_ordered(&sample, "any")?;
        if ty == item {
            return self.coerce(operand, item);
        }
        let message = format!("`{list}` holds {item} values, but {ty} is wanted");
        self.fail("type_mismatch", operand.span, message, format!("declare the list as {ty}[]"))
    }

    fn not_listed(&mut self, ast: &ast::Expr, span: Span) -> Resolved<Expr> {
        use ast::Expr as E;
        let (what, hint) = match ast {
            E::IsTrue(_) => ("is true", "write the condition itself, or x is not distinct from true"),
            E::IsNotTrue(_) => ("is not true", "write x is distinct from true"),
            E::IsFalse(_) => ("is false", "write not x, or x is not distinct from false"),
            E::IsNotFalse(_) => ("is not false", "write x is distinct from false"),
            E::IsUnknown(_) => ("is unknown", "write x is null"),
            E::IsNotUnknown(_) => ("is not unknown", "write x is not null"),
            E::AllOp { .. } => ("all (..)", "write not (x = any(:list)), or not exists (select ..)"),
            E::AnyOp { .. } => ("some (..)", "write x = any(:list)"),
            E::SimilarTo { .. } | E::RLike { .. } => ("a pattern of this kind", "use like or ilike"),
            E::AtTimeZone { .. } => {
                ("at time zone", "times are UTC here: x::timestamp, or add interval '1 hour' for a fixed offset")
            }
            E::Position { .. } => ("position", "use like, or x <> replace(x, 'part', '')"),
            E::Overlay { .. } => ("overlay", "use substr and ||"),
            E::Collate { .. } => ("collate", "texts are ordered by code point; use lower(x)"),
            E::CompoundFieldAccess { .. } | E::JsonAccess { .. } => ("a subscript", "write x -> 'key' or x -> 0"),
            E::Array(_) => ("an array", "pass a list parameter, use in (..), or jsonb_build_array(..)"),
            E::Tuple(_) => ("a row as a value", "compare it with another row: (a, b) = (c, d)"),
            E::GroupingSets(_) | E::Cube(_) | E::Rollup(_) => {
                ("grouping sets", "group by columns; join several queries by union all")
            }
            E::Like { .. } | E::ILike { .. } => ("like any", "write a like 'x' or a like 'y'"),
            E::Convert { .. } => ("convert", "write x::type"),
            E::IsJson { .. } => ("is json", "check the value in the client, or store it as jsonb"),
            E::QualifiedWildcard(..) | E::Wildcard(_) => ("* here", "name the columns"),
            E::Prefixed { .. } => ("this form of literal", "write a text in single quotes"),
            _ => ("this expression", "docs/sql.md has what is"),
        };
        self.unsupported(span, what, hint)
    }
}

/// The comparison of two expressions of one type.
pub(super) fn compared(operator: CompareOperator, left: Expr, right: Expr, span: Span) -> Expr {
    let is_nullable = left.is_nullable || right.is_nullable;
    let kind = ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) };
    Expr::new(kind, Type::Boolean, is_nullable, span)
}
