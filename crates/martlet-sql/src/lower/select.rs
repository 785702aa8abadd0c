//! Queries: clauses, set operations, `distinct on`, limits, and subqueries as values.

use super::sql::{Sql, call, name};
use super::{Lowering, Place, distinct_names};
use crate::ir::{Body, Core, Distinct, Expr, ExprKind, OrderItem, Part, RelationColumn, Select, SetOperator};
use martlet_core::{Type, Value};

/// What a query's columns are to be called.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    /// Nobody looks.
    Unneeded,
    /// So, told apart where they repeat.
    As(&'a [RelationColumn]),
}

/// A query's text and how its columns are called in it.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) names: Vec<String>,
    form: Form,
}

/// Where SQLite takes a query in a set operation without a subselect around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// On both sides.
    Simple,
    /// At the left: it is one itself, and SQLite's are all of one rank.
    Compound,
    /// Nowhere: it has WITH, ORDER BY, LIMIT, or is VALUES.
    Closed,
}

impl Lowering {
    pub(super) fn query(&mut self, select: &Select, names: Names<'_>, place: Place) -> Query {
        let once_around = std::mem::take(&mut self.once);
        let mut with = self.with_items(&select.ctes);
        let mut query = match &select.body {
            Body::Core(core) => self.core(core, select, names, place),
            Body::SetOperation { operator, is_all, left, right } => {
                let mut query = self.set_operation((*operator, *is_all), left, right, names, place);
                self.close(&mut query, select, place);
                query
            }
            Body::Values(rows) => self.values_query(rows, select, place),
        };
        with.extend(std::mem::replace(&mut self.once, once_around));
        if !with.is_empty() {
            query.text = format!("{}{}{}", with_clause(&with, place), place.separator(), query.text);
            query.form = Form::Closed;
        }
        query
    }

    fn core(&mut self, core: &Core, select: &Select, names: Names<'_>, place: Place) -> Query {
        if let Distinct::On(keys) = &core.distinct {
            return self.distinct_on(core, keys, select, place);
        }
        let mut clauses = self.clauses(core);
        let names = match names {
            Names::Unneeded => Vec::new(),
            Names::As(columns) => distinct_names(columns.iter().map(|column| column.name.as_str())),
        };
        let outputs: Vec<Sql> = core.projection.iter().map(|output| self.output(core, &output.expr)).collect();
        let keyword = if core.distinct == Distinct::Rows { "SELECT DISTINCT" } else { "SELECT" };
        clauses.insert(0, format!("{keyword} {}", named(outputs, &names).join(", ")));
        let mut query = Query { text: clauses.join(place.separator()), names, form: Form::Simple };
        self.close(&mut query, select, place);
        query
    }

    /// FROM to HAVING, each its own piece.
    fn clauses(&mut self, core: &Core) -> Vec<String> {
        let mut clauses = Vec::new();
        if let Some(from) = &core.from {
            clauses.push(format!("FROM {}", self.relations_of(from)));
        }
        if let Some(filter) = &core.filter {
            clauses.push(format!("WHERE {}", self.expr(filter).text));
        }
        if !core.group_by.is_empty() {
            let keys: Vec<String> = core.group_by.iter().map(|key| self.key(key)).collect();
            clauses.push(format!("GROUP BY {}", keys.join(", ")));
        }
        if let Some(having) = &core.having {
            clauses.push(format!("HAVING {}", self.expr(having).text));
        }
        clauses
    }

    /// SQLite takes HAVING without GROUP BY only beside an aggregate: an output without one is made to lean on one.
    fn output(&mut self, core: &Core, expr: &Expr) -> Sql {
        let output = self.expr(expr);
        if core.having.is_none() || !core.group_by.is_empty() || has_aggregate(expr) {
            return output;
        }
        Sql::primary(format!("CASE WHEN count(*) >= 0 THEN {} END", output.text))
    }

    /// ORDER BY, LIMIT and OFFSET.
    fn close(&mut self, query: &mut Query, select: &Select, place: Place) {
        let order = self.order_by(&select.order_by);
        let limit = self.limit(select);
        for clause in order.into_iter().chain(limit) {
            query.text.push_str(place.separator());
            query.text.push_str(&clause);
            query.form = Form::Closed;
        }
    }

    /// `ORDER BY ...`; none where nothing is left to order by.
    pub(super) fn order_by(&mut self, items: &[OrderItem]) -> Option<String> {
        let keys: Vec<String> = items.iter().filter_map(|item| self.order_item(item)).collect();
        (!keys.is_empty()).then(|| format!("ORDER BY {}", keys.join(", ")))
    }

    /// None of a constant, which orders nothing and would be read as a position.
    fn order_item(&mut self, item: &OrderItem) -> Option<String> {
        let key = match &item.expr.kind {
            ExprKind::Output(index) => (index + 1).to_string(),
            ExprKind::Literal(_) => return None,
            _ => self.key(&item.expr),
        };
        Some(format!("{key}{}", direction(item)))
    }

    /// An expression to group or order by. SQLite reads a number there as a position, also one that its parser makes
    /// of more (`x AND 0` is 0, `1 IS NULL` too): what may become one is wrapped.
    fn key(&mut self, expr: &Expr) -> String {
        let text = self.expr(expr).text;
        let is_number = matches!(expr.ty, Type::Integer | Type::Bigint | Type::Boolean);
        if is_number && may_become_constant(expr) { format!("CAST({text} AS INTEGER)") } else { text }
    }

    fn limit(&mut self, select: &Select) -> Option<String> {
        if select.limit.is_none() && select.offset.is_none() {
            return None;
        }
        let limit = match &select.limit {
            None => "-1".to_owned(),
            Some(limit) => self.count(limit, "limit_count", "-1"),
        };
        let offset = select.offset.as_ref().map(|offset| self.count(offset, "offset_count", "0"));
        Some(match offset {
            Some(offset) => format!("LIMIT {limit} OFFSET {offset}"),
            None => format!("LIMIT {limit}"),
        })
    }

    /// A count of rows: PostgreSQL takes null for none and refuses less than 0, SQLite does neither.
    fn count(&mut self, expr: &Expr, check: &str, of_null: &str) -> String {
        match &expr.kind {
            ExprKind::Literal(Value::Null) => of_null.to_owned(),
            ExprKind::Literal(Value::Integer(rows)) if *rows >= 0 => rows.to_string(),
            ExprKind::Cast(operand) if operand.ty == Type::Integer => self.count(operand, check, of_null),
            _ => call(check, [self.expr(expr)]).text,
        }
    }

    fn set_operation(
        &mut self,
        (operator, is_all): (SetOperator, bool),
        left: &Select,
        right: &Select,
        names: Names<'_>,
        place: Place,
    ) -> Query {
        let left = self.query(left, names, Place::Nested);
        let right = self.query(right, Names::Unneeded, Place::Nested);
        let keyword = match (operator, is_all) {
            (SetOperator::Union, true) => "UNION ALL",
            (SetOperator::Union, false) => "UNION",
            (SetOperator::Intersect, _) => "INTERSECT",
            (SetOperator::Except, _) => "EXCEPT",
        };
        let names = left.names.clone();
        let left = if left.form == Form::Closed { in_brackets(&left) } else { left.text };
        let right = if right.form == Form::Simple { right.text } else { in_brackets(&right) };
        let separator = place.separator();
        Query { text: format!("{left}{separator}{keyword}{separator}{right}"), names, form: Form::Compound }
    }

    fn values_query(&mut self, rows: &[Vec<Expr>], select: &Select, place: Place) -> Query {
        let width = rows.first().map_or(0, Vec::len);
        let names = (1..=width).map(|number| format!("column{number}")).collect();
        let text = self.values(rows);
        let mut query = Query { text, names, form: Form::Closed };
        if !select.order_by.is_empty() || select.limit.is_some() || select.offset.is_some() {
            query.text = in_brackets(&query);
            self.close(&mut query, select, place);
        }
        query
    }

    /// `VALUES (..), (..)`.
    pub(super) fn values(&mut self, rows: &[Vec<Expr>]) -> String {
        let rows: Vec<String> = rows.iter().map(|row| format!("({})", self.list(row))).collect();
        format!("VALUES {}", rows.join(", "))
    }

    /// The first row of each group, found by its number in the group.
    fn distinct_on(&mut self, core: &Core, keys: &[Expr], select: &Select, place: Place) -> Query {
        let clauses = self.clauses(core);
        let written: Vec<Sql> = core.projection.iter().map(|output| self.output(core, &output.expr)).collect();
        let outputs = core.projection.iter().map(|output| output.name.as_str());
        let orders = select.order_by.iter().map(|_| "order");
        let names = distinct_names(outputs.chain(orders).chain(["row_number"]));
        let of = |lowering: &mut Self, expr: &Expr| match &expr.kind {
            ExprKind::Output(index) => written.get(*index).map_or_else(|| "NULL".to_owned(), |sql| sql.text.clone()),
            _ => lowering.expr(expr).text,
        };
        let partition: Vec<String> = keys.iter().map(|key| of(self, key)).collect();
        let sorted: Vec<String> = select.order_by.iter().map(|item| of(self, &item.expr)).collect();
        let order: Vec<String> =
            select.order_by.iter().zip(&sorted).map(|(item, key)| format!("{key}{}", direction(item))).collect();
        let order = if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
        let number = Sql::primary(format!("row_number() OVER (PARTITION BY {}{order})", partition.join(", ")));
        let inner = written.iter().cloned().chain(sorted.iter().map(Sql::primary)).chain([number]).collect();
        let mut inside = vec![format!("SELECT {}", named(inner, &names).join(", "))];
        inside.extend(clauses);

        let width = core.projection.len();
        let (columns, rest) = names.split_at(width);
        let columns = columns.to_vec();
        let outer: Vec<String> = columns.iter().map(|column| name(column)).collect();
        let number = rest.last().map(|number| name(number)).unwrap_or_default();
        let mut text = [
            format!("SELECT {}", outer.join(", ")),
            format!("FROM ({})", inside.join(" ")),
            format!("WHERE {number} = 1"),
        ]
        .join(place.separator());
        let keys: Vec<String> =
            select.order_by.iter().zip(rest).map(|(item, key)| format!("{}{}", name(key), direction(item))).collect();
        if !keys.is_empty() {
            text.push_str(&format!("{}ORDER BY {}", place.separator(), keys.join(", ")));
        }
        if let Some(limit) = self.limit(select) {
            text.push_str(&format!("{}{limit}", place.separator()));
        }
        Query { text, names: columns, form: Form::Closed }
    }

    /// A subquery as a value. SQLite takes the first row of several, PostgreSQL refuses them: `single_value` does.
    pub(super) fn scalar(&mut self, select: &Select) -> Sql {
        if Self::is_single(select) {
            let query = self.query(select, Names::Unneeded, Place::Nested);
            return Sql::primary(format!("({})", query.text));
        }
        let query = self.query(select, Names::As(&select.columns), Place::Nested);
        let column = query.names.first().map(|column| name(column)).unwrap_or_default();
        Sql::primary(format!("(SELECT single_value({column}) FROM ({}))", query.text))
    }

    /// `EXISTS (...)`; what a plain query would give is of no interest.
    pub(super) fn exists(&mut self, select: &Select) -> Sql {
        let is_plain = match &select.body {
            Body::Core(core) => !core.is_grouped && core.distinct == Distinct::Keep && core.from.is_some(),
            _ => false,
        };
        let is_open = select.ctes.is_empty() && select.limit.is_none() && select.offset.is_none();
        if let (true, true, Body::Core(core)) = (is_plain, is_open, &select.body) {
            let once_around = std::mem::take(&mut self.once);
            let clauses = self.clauses(core);
            let once = std::mem::replace(&mut self.once, once_around);
            let with = if once.is_empty() { String::new() } else { with_clause(&once, Place::Nested) + " " };
            return Sql::primary(format!("EXISTS ({with}SELECT 1 {})", clauses.join(" ")));
        }
        let query = self.query(select, Names::Unneeded, Place::Nested);
        Sql::primary(format!("EXISTS ({})", query.text))
    }
}

/// Whether an aggregate of the query itself, not of one inside it, is in the expression.
fn has_aggregate(expr: &Expr) -> bool {
    let mut found = matches!(expr.kind, ExprKind::Aggregate { .. });
    expr.parts(&mut |part| match part {
        Part::Expr(part) => found = found || has_aggregate(part),
        Part::Select(_) => {}
    });
    found
}

/// `WITH ...`, one item a line at the top.
pub(super) fn with_clause(items: &[String], place: Place) -> String {
    let between = match place {
        Place::Top => ",\n     ",
        Place::Nested => ", ",
    };
    format!("WITH {}", items.join(between))
}

/// ASC or DESC and where nulls come, as far as SQLite's default (nulls are least) is not meant.
fn direction(item: &OrderItem) -> &'static str {
    match (item.is_descending, item.nulls_first, item.expr.is_nullable) {
        (false, false, true) => " NULLS LAST",
        (false, _, _) => "",
        (true, true, true) => " DESC NULLS FIRST",
        (true, _, _) => " DESC",
    }
}

/// `expr AS "name"`, or the bare column where that is its name.
fn named(outputs: Vec<Sql>, names: &[String]) -> Vec<String> {
    let written = |(index, output): (usize, Sql)| match names.get(index) {
        Some(column) if !output.text.ends_with(&format!("\".{}", name(column))) => {
            format!("{} AS {}", output.text, name(column))
        }
        _ => output.text,
    };
    outputs.into_iter().enumerate().map(written).collect()
}

fn in_brackets(query: &Query) -> String {
    format!("SELECT * FROM ({})", query.text)
}

fn may_become_constant(expr: &Expr) -> bool {
    let is_folded =
        |part: &Expr| matches!(part.kind, ExprKind::And(_) | ExprKind::IsNull { .. } | ExprKind::IsDistinct { .. });
    let is_column = |part: &Expr| matches!(part.kind, ExprKind::Column { .. });
    expr.any(&mut { is_folded }) || !expr.any(&mut { is_column })
}
