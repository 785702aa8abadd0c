//! The statements that give keys which stand in other rows.
//!
//! What is joined to a bounded relation by an equality is read at that relation's values only: changes of the relation
//! itself hit its own shape, and with its rows given, no other row of the joined table can matter. The statement reads
//! the rows that lead there, before any join that may take some away, each with its own conditions alone.

use super::analysis::{Analysis, Fixed, FixedValues, only_relation};
use super::rule::Rule;
use super::scope::Conjunct;
use super::{KEYS_SELECTED_MAX, KeysStatement, terms};
use crate::catalogue::Table;
use crate::ir::{
    self, Body, Command, CompareOperator, Core, Distinct, Expr, ExprKind, From, JoinKind, OrderItem, Output, Relation,
    RelationId, Select,
};
use crate::{Span, Volatility, lower};
use martlet_core::{Type, Value};
use std::collections::BTreeSet;

/// A column that equals one of another relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) column: usize,
    pub(super) other: RelationId,
    pub(super) other_column: usize,
}

/// The core that a shape is found for: where it ends by LIMIT, fewer keys may do.
pub(super) struct Cut<'c, 'a> {
    pub(super) core: &'a Core,
    pub(super) select: &'a Select,
    pub(super) relations: &'c [&'a Relation],
    pub(super) conjuncts: &'c [Conjunct<'a>],
}

/// The way to a relation's keys.
#[derive(Debug)]
pub(super) struct Chain {
    of: RelationId,
    /// The one whose values are the keys, the one that leads to it, and so on.
    through: Vec<RelationId>,
}

/// The statement of values that rest on no row.
pub(super) fn values_statement(values: Vec<Expr>) -> Option<KeysStatement> {
    (!values.is_empty()).then(|| statement(values, None, Vec::new(), Distinct::Keep, Vec::new(), None, &[]))
}

impl Chain {
    /// The way to the keys of a relation that has one.
    pub(super) fn of(analysis: &Analysis<'_>, relation: RelationId) -> Option<Self> {
        let mut through = Vec::new();
        let mut here = relation;
        while let Some(link) = analysis.facts.get(&here)?.chain.as_ref() {
            through.push(link.other);
            here = link.other;
        }
        Some(Self { of: relation, through })
    }

    /// The key columns and the statement of their values.
    pub(super) fn statement(&self, analysis: &Analysis<'_>, cut: &Cut<'_, '_>) -> Option<(Vec<usize>, KeysStatement)> {
        let nearest = *self.through.first()?;
        let mut links: Vec<&Link> =
            analysis.facts.get(&self.of)?.links.iter().filter(|link| link.other == nearest).collect();
        links.sort_by_key(|link| link.column);
        links.dedup_by_key(|link| link.column);
        let projection =
            links.iter().map(|link| column_of(analysis, nearest, link.other_column)).collect::<Option<Vec<_>>>()?;
        let columns = links.iter().map(|link| link.column).collect();
        let ctes: Vec<ir::Cte> = analysis.ctes.iter().map(|cte| (*cte).clone()).collect();
        if let Some((order_by, limit)) = self.end(analysis, cut) {
            let from = From::Relation(Box::new(analysis.facts.get(&nearest)?.relation?.clone()));
            let own = cut.conjuncts.iter().map(|conjunct| conjunct.expr);
            let filters = own.filter(|expr| only_relation(expr) == Some(nearest)).cloned().collect();
            let found = statement(projection, Some(from), filters, Distinct::Keep, order_by, Some(limit), &ctes);
            return Some((columns, found));
        }
        let (from, filters) = self.rows(analysis)?;
        let limit = number(i64::try_from(KEYS_SELECTED_MAX + 1).unwrap_or(i64::MAX));
        Some((columns, statement(projection, Some(from), filters, Distinct::Rows, Vec::new(), Some(limit), &ctes)))
    }

    /// All relations on the way, joined, and their conditions.
    fn rows(&self, analysis: &Analysis<'_>) -> Option<(From, Vec<Expr>)> {
        let mut from: Option<From> = None;
        let mut filters = Vec::new();
        for id in &self.through {
            let facts = analysis.facts.get(id)?;
            let relation = From::Relation(Box::new(facts.relation?.clone()));
            from = Some(match from {
                None => relation,
                Some(left) => {
                    From::Join { kind: JoinKind::Inner, left: Box::new(left), right: Box::new(relation), on: None }
                }
            });
            filters.extend(facts.conditions.iter().map(|expr| (*expr).clone()));
            for (column, fixed) in facts.fixed.iter().filter(|(_, fixed)| fixed.is_derived) {
                filters.push(equality(column_of(analysis, *id, *column)?, fixed)?);
            }
            if let Some(chain) = &facts.chain {
                for link in facts.links.iter().filter(|link| link.other == chain.other) {
                    let (left, right) =
                        (column_of(analysis, *id, link.column)?, column_of(analysis, link.other, link.other_column)?);
                    filters.push(equal(left, right));
                }
            }
        }
        Some((from?, filters))
    }

    /// The order and limit of the core, where its rows are those of the nearest relation, one for one.
    fn end(&self, analysis: &Analysis<'_>, cut: &Cut<'_, '_>) -> Option<(Vec<OrderItem>, Expr)> {
        let [nearest] = self.through[..] else { return None };
        let limit = cut.select.limit.clone()?;
        let holds = analysis.rules.hold(Rule::Cut);
        let own = cut.relations.iter().find(|relation| relation.id == nearest)?;
        let is_plain = cut.select.offset.is_none() && !cut.core.is_grouped && cut.core.distinct == Distinct::Keep;
        let has_window = |expr: &Expr| expr.any(&mut |part| matches!(part.kind, ExprKind::Window { .. }));
        let is_limit_closed =
            !limit.any(&mut |part| matches!(part.kind, ExprKind::Column { .. } | ExprKind::Scalar(_)));
        if !is_plain || !is_limit_closed || cut.core.projection.iter().any(|output| has_window(&output.expr)) {
            return None;
        }
        let missing = super::analysis::outer_side(cut.core);
        let is_plain = cut.conjuncts.iter().all(|conjunct| is_harmless(conjunct, nearest));
        if holds && (missing.contains(&nearest) || !is_plain) {
            return None;
        }
        let others = cut.relations.iter().filter(|relation| relation.id != nearest);
        if holds && !others.into_iter().all(|other| is_one_for_one(analysis, other, own, missing.contains(&other.id))) {
            return None;
        }
        let mut order_by = Vec::new();
        for item in &cut.select.order_by {
            let expr = match item.expr.kind {
                ExprKind::Output(index) => &cut.core.projection.get(index)?.expr,
                _ => &item.expr,
            };
            if only_relation(expr) != Some(nearest) {
                return None;
            }
            order_by.push(OrderItem { expr: expr.clone(), ..item.clone() });
        }
        // Rows that compare equal could be others each time.
        let facts = analysis.facts.get(&nearest)?;
        let is_known = |column: &usize| {
            facts.fixed.contains_key(column)
                || order_by.iter().any(|item| terms::column(&item.expr) == Some((nearest, *column)))
        };
        let table = table_of(analysis, own)?;
        (unique_keys(table).any(|key| key.iter().all(is_known)) || !holds).then_some((order_by, limit))
    }
}

impl Analysis<'_> {
    /// Whether a statement of our own can read the relation's rows: nothing in it belongs to a query around it.
    pub(super) fn can_chain(&self, relation: RelationId) -> bool {
        let Some(relation) = self.facts.get(&relation).and_then(|facts| facts.relation) else { return false };
        match &relation.source {
            ir::Source::Table(_) | ir::Source::Function(_) => true,
            ir::Source::Subquery { query, .. } => is_closed(query),
            ir::Source::Cte(id) => self.ctes.iter().any(|cte| cte.id == *id && is_closed(&cte.query)),
        }
    }
}

/// Whether a condition takes no row away but by the nearest relation's own columns, or joins another to it. Above an
/// outer join an equality takes away the rows without a partner.
fn is_harmless(conjunct: &Conjunct<'_>, nearest: RelationId) -> bool {
    if let ExprKind::Compare { operator: CompareOperator::Equal, left, right } = &conjunct.expr.kind
        && let (Some(left), Some(right)) = (terms::column(left), terms::column(right))
    {
        let is_above = [left.0, right.0].iter().any(|relation| conjunct.missing.contains(relation));
        return !is_above && (left.0 == nearest || right.0 == nearest);
    }
    only_relation(conjunct.expr) == Some(nearest)
}

/// Whether every column in a query is of a relation in it.
fn is_closed(select: &Select) -> bool {
    let mut defined = BTreeSet::new();
    define(select, &mut defined);
    !select.any(&mut |expr| matches!(&expr.kind, ExprKind::Column { relation, .. } if !defined.contains(relation)))
}

fn define(select: &Select, defined: &mut BTreeSet<RelationId>) {
    if let Body::Core(core) = &select.body
        && let Some(from) = &core.from
    {
        from.relations(&mut |relation| {
            defined.insert(relation.id);
        });
    }
    select.parts(&mut |part| define_part(part, defined));
}

fn define_part(part: ir::Part<'_>, defined: &mut BTreeSet<RelationId>) {
    match part {
        ir::Part::Select(select) => define(select, defined),
        ir::Part::Expr(expr) => expr.parts(&mut |part| define_part(part, defined)),
    }
}

/// Whether each row of `own` meets exactly one row of `other`: a unique key of it, which a foreign key promises to be
/// there or whose absence an outer join makes up for.
fn is_one_for_one(analysis: &Analysis<'_>, other: &Relation, own: &Relation, is_outer: bool) -> bool {
    let (Some(table), Some(own_table)) = (table_of(analysis, other), table_of(analysis, own)) else { return false };
    let Some(facts) = analysis.facts.get(&other.id) else { return false };
    let links: Vec<&Link> = facts.links.iter().filter(|link| link.other == own.id).collect();
    let is_unique =
        unique_keys(table).any(|key| key.iter().all(|column| links.iter().any(|link| link.column == *column)));
    let is_promised = || {
        own_table.foreign_keys.iter().any(|foreign| {
            let pairs: BTreeSet<(usize, &str)> =
                foreign.columns.iter().copied().zip(foreign.referenced.iter().map(String::as_str)).collect();
            foreign.table == table.name
                && foreign
                    .columns
                    .iter()
                    .all(|column| own_table.columns.get(*column).is_some_and(|column| !column.is_nullable))
                && links.len() == pairs.len()
                && links.iter().all(|link| {
                    let name = table.columns.get(link.column).map_or("", |column| column.name.as_str());
                    pairs.contains(&(link.other_column, name))
                })
        })
    };
    is_unique && (is_outer || is_promised())
}

fn unique_keys(table: &Table) -> impl Iterator<Item = &Vec<usize>> {
    let keys = std::iter::once(&table.primary_key).chain(&table.unique_keys);
    let is_not_null = |column: &usize| table.columns.get(*column).is_some_and(|column| !column.is_nullable);
    keys.filter(move |key| !key.is_empty() && key.iter().all(is_not_null))
}

fn table_of<'t>(analysis: &'t Analysis<'_>, relation: &Relation) -> Option<&'t Table> {
    match &relation.source {
        ir::Source::Table(name) => analysis.catalogue.table(name),
        _ => None,
    }
}

fn column_of(analysis: &Analysis<'_>, relation: RelationId, column: usize) -> Option<Expr> {
    let known = analysis.facts.get(&relation)?.relation?.columns.get(column)?;
    let kind = ExprKind::Column { relation, column };
    Some(Expr { kind, ty: known.ty, is_nullable: known.is_nullable, span: Span::default() })
}

fn equality(column: Expr, fixed: &Fixed) -> Option<Expr> {
    match &fixed.values {
        FixedValues::Exprs(values) => {
            let mut equalities: Vec<Expr> = values.iter().map(|value| equal(column.clone(), value.clone())).collect();
            match equalities.len() {
                0 => None,
                1 => equalities.pop(),
                _ => Some(boolean(ExprKind::Or(equalities))),
            }
        }
        FixedValues::List(parameter, item) => {
            let operand = Box::new(column);
            Some(boolean(ExprKind::AnyList { operand, parameter: *parameter, item: *item }))
        }
    }
}

fn equal(left: Expr, right: Expr) -> Expr {
    let (left, right) = if left.ty == right.ty { (left, right) } else { (widened(left), widened(right)) };
    let operator = CompareOperator::Equal;
    boolean(ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) })
}

/// An integer as a bigint.
fn widened(expr: Expr) -> Expr {
    if expr.ty != Type::Integer {
        return expr;
    }
    let (is_nullable, span) = (expr.is_nullable, expr.span);
    Expr { kind: ExprKind::Cast(Box::new(expr)), ty: Type::Bigint, is_nullable, span }
}

fn boolean(kind: ExprKind) -> Expr {
    Expr { kind, ty: Type::Boolean, is_nullable: true, span: Span::default() }
}

fn number(value: i64) -> Expr {
    let kind = ExprKind::Literal(Value::Integer(value));
    Expr { kind, ty: Type::Bigint, is_nullable: false, span: Span::default() }
}

fn statement(
    projection: Vec<Expr>,
    from: Option<From>,
    mut filters: Vec<Expr>,
    distinct: Distinct,
    order_by: Vec<OrderItem>,
    limit: Option<Expr>,
    ctes: &[ir::Cte],
) -> KeysStatement {
    let types: Vec<Type> = projection.iter().map(|expr| expr.ty).collect();
    let name = |index: usize| format!("k{index}");
    let columns: Vec<ir::RelationColumn> = projection
        .iter()
        .enumerate()
        .map(|(index, expr)| ir::RelationColumn { name: name(index), ty: expr.ty, is_nullable: true })
        .collect();
    let outputs = projection.into_iter().enumerate().map(|(index, expr)| Output { name: name(index), expr }).collect();
    let filter = match filters.len() {
        0 | 1 => filters.pop(),
        _ => Some(boolean(ExprKind::And(filters))),
    };
    let core =
        Core { distinct, projection: outputs, from, filter, group_by: Vec::new(), having: None, is_grouped: false };
    let mut select = Select {
        ctes: Vec::new(),
        body: Body::Core(Box::new(core)),
        order_by,
        limit,
        offset: None,
        columns: columns.clone(),
        is_locking: false,
        rows_max: None,
        volatility: Volatility::Immutable,
    };
    select.ctes = used(&select, ctes);
    let whole = ir::Statement {
        command: Command::Select(Box::new(select)),
        columns: Vec::new(),
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
        params_used: BTreeSet::new(),
        replacements: Vec::new(),
    };
    KeysStatement { sqlite: lower::statement(&whole), columns: types }
}

/// The WITH items that a query needs, also those that they need, in order.
fn used(select: &Select, ctes: &[ir::Cte]) -> Vec<ir::Cte> {
    let mut needed: BTreeSet<ir::CteId> = BTreeSet::new();
    names(select, &mut needed);
    for cte in ctes.iter().rev() {
        if needed.contains(&cte.id) {
            names(&cte.query, &mut needed);
        }
    }
    ctes.iter().filter(|cte| needed.contains(&cte.id)).cloned().collect()
}

fn names(select: &Select, needed: &mut BTreeSet<ir::CteId>) {
    if let Body::Core(core) = &select.body
        && let Some(from) = &core.from
    {
        from.relations(&mut |relation| {
            if let ir::Source::Cte(id) = relation.source {
                needed.insert(id);
            }
        });
    }
    select.parts(&mut |part| names_in(part, needed));
}

fn names_in(part: ir::Part<'_>, needed: &mut BTreeSet<ir::CteId>) {
    match part {
        ir::Part::Select(select) => names(select, needed),
        ir::Part::Expr(expr) => expr.parts(&mut |part| names_in(part, needed)),
    }
}
