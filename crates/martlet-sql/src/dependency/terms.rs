//! From the conditions of the tree to terms over one row.
//!
//! A term may be weaker than its condition, never stronger: a row that fails the term fails the condition. Under a
//! negation it is the other way round, so there nothing may be left out of an AND.

use super::rule::{Rule, Rules};
use super::{Operand, Source, Term};
use crate::Bind;
use crate::ir::{BinaryOperator, CompareOperator, Expr, ExprKind, Function, RelationId};
use martlet_core::{Type, Value};

/// Whether equality is that of the canonical values, and order that of numbers or bytes.
pub(super) fn is_keyable(ty: Type) -> bool {
    match ty {
        Type::Integer | Type::Bigint | Type::Boolean | Type::Text | Type::Date | Type::Timestamptz | Type::Uuid => true,
        Type::Double | Type::Json | Type::Jsonb | Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => {
            false
        }
    }
}

/// A column of the relation, as it is or as a wider integer, which is the same number.
pub(super) fn column(expr: &Expr) -> Option<(RelationId, usize)> {
    match &expr.kind {
        ExprKind::Column { relation, column } if is_keyable(expr.ty) => Some((*relation, *column)),
        ExprKind::Cast(inner) if expr.ty == Type::Bigint && inner.ty == Type::Integer => column(inner),
        _ => None,
    }
}

/// Collects the values that a statement must compute, each once.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) exprs: Vec<Expr>,
    rules: Rules,
}

impl Values {
    pub(super) fn new(rules: Rules) -> Self {
        Self { exprs: Vec::new(), rules }
    }

    /// A value that is known before the query runs; none where a row, the time or chance has a part in it.
    pub(super) fn operand(&mut self, expr: &Expr) -> Option<Operand> {
        if !is_keyable(expr.ty) {
            return None;
        }
        self.direct(expr).or_else(|| self.computed(expr))
    }

    fn direct(&mut self, expr: &Expr) -> Option<Operand> {
        match &expr.kind {
            ExprKind::Literal(value) => Some(Operand::Constant(value.clone())),
            ExprKind::Parameter(index) => Some(Operand::Bind(Bind::Parameter(*index))),
            ExprKind::UserId => Some(Operand::Bind(Bind::UserId)),
            ExprKind::Role => Some(Operand::Bind(Bind::Role)),
            ExprKind::Claim(name) => Some(Operand::Bind(Bind::Claim(name.clone()))),
            ExprKind::Cast(inner) if expr.ty == Type::Bigint && inner.ty == Type::Integer => self.direct(inner),
            ExprKind::Binary { operator, left, right } => {
                let ExprKind::Literal(Value::Integer(number)) = literal(right) else { return None };
                let number = match operator {
                    BinaryOperator::IntegerAdd | BinaryOperator::BigintAdd | BinaryOperator::DateAddDays => *number,
                    BinaryOperator::IntegerSubtract
                    | BinaryOperator::BigintSubtract
                    | BinaryOperator::DateSubtractDays => number.checked_neg()?,
                    _ => return None,
                };
                Some(Operand::Plus(Box::new(self.direct(left)?), number))
            }
            _ => None,
        }
    }

    fn computed(&mut self, expr: &Expr) -> Option<Operand> {
        if expr.any(&mut |part| !is_closed(part)) {
            return None;
        }
        let known = self.exprs.iter().position(|known| known == expr);
        let column = known.unwrap_or_else(|| {
            self.exprs.push(expr.clone());
            self.exprs.len() - 1
        });
        Some(Operand::Computed { column, text: super::words::expression(expr) })
    }

    /// The term of a condition on one row of the relation; none where there is none that is useful.
    pub(super) fn term(&mut self, expr: &Expr, relation: RelationId) -> Option<Term> {
        self.translate(expr, relation, true)
    }

    fn translate(&mut self, expr: &Expr, relation: RelationId, is_positive: bool) -> Option<Term> {
        let own = |expr: &Expr| column(expr).filter(|(of, _)| *of == relation).map(|(_, column)| column);
        match &expr.kind {
            ExprKind::Column { .. } if expr.ty == Type::Boolean => {
                let operand = Operand::Constant(Value::Boolean(true));
                Some(Term::Compare { column: own(expr)?, operator: CompareOperator::Equal, operand })
            }
            ExprKind::Compare { operator, left, right } => match (own(left), own(right)) {
                (Some(column), None) => {
                    Some(Term::Compare { column, operator: *operator, operand: self.operand(right)? })
                }
                (None, Some(column)) => {
                    Some(Term::Compare { column, operator: flipped(*operator), operand: self.operand(left)? })
                }
                _ => None,
            },
            ExprKind::RowCompare { operator, left, right } => self.rows(*operator, left, right, relation, is_positive),
            ExprKind::Between { operand, low, high, is_negated } => {
                let column = own(operand)?;
                let low = self.operand(low)?;
                let high = self.operand(high)?;
                let between = Term::And(vec![
                    Term::Compare { column, operator: CompareOperator::GreaterOrEqual, operand: low },
                    Term::Compare { column, operator: CompareOperator::LessOrEqual, operand: high },
                ]);
                Some(negated(between, *is_negated))
            }
            ExprKind::InList { operand, list, is_negated } => {
                let column = own(operand)?;
                let operands = list.iter().map(|item| self.operand(item)).collect::<Option<_>>()?;
                Some(negated(Term::Among { column, source: Source::Any(operands) }, *is_negated))
            }
            ExprKind::AnyList { operand, parameter, item } if is_keyable(*item) => {
                Some(Term::Among { column: own(operand)?, source: Source::List(*parameter) })
            }
            ExprKind::IsNull { operand, is_negated } => {
                let ExprKind::Column { relation: of, column } = operand.kind else { return None };
                (of == relation).then(|| negated(Term::IsNull(column), *is_negated))
            }
            ExprKind::And(items) => {
                let terms: Vec<_> = items.iter().map(|item| self.translate(item, relation, is_positive)).collect();
                if is_positive {
                    some_of(terms.into_iter().flatten().collect()).map(Term::And)
                } else {
                    terms.into_iter().collect::<Option<_>>().map(Term::And)
                }
            }
            ExprKind::Or(items) => {
                let terms: Vec<_> = items.iter().map(|item| self.translate(item, relation, is_positive)).collect();
                if is_positive && self.rules.hold(Rule::Branches) {
                    terms.into_iter().collect::<Option<Vec<_>>>().map(one_column)
                } else {
                    some_of(terms.into_iter().flatten().collect()).map(Term::Or)
                }
            }
            ExprKind::Not(inner) => {
                let is_positive = !is_positive || !self.rules.hold(Rule::Negation);
                Some(Term::Not(Box::new(self.translate(inner, relation, is_positive)?)))
            }
            _ => None,
        }
    }

    /// `(a, b) < (x, y)` is `a < x or (a = x and b < y)`.
    fn rows(
        &mut self,
        operator: CompareOperator,
        left: &[Expr],
        right: &[Expr],
        relation: RelationId,
        is_positive: bool,
    ) -> Option<Term> {
        let pair = |this: &mut Self, index: usize, operator: CompareOperator| {
            let (left, right) = (left.get(index)?.clone(), right.get(index)?.clone());
            let compare = ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) };
            let whole = Expr { kind: compare, ty: Type::Boolean, is_nullable: true, span: crate::Span::default() };
            this.translate(&whole, relation, is_positive)
        };
        let equal = CompareOperator::Equal;
        let last = left.len().checked_sub(1)?;
        let strict = match operator {
            CompareOperator::Equal | CompareOperator::NotEqual => {
                let all = (0..=last).map(|index| pair(self, index, equal)).collect::<Option<_>>().map(Term::And)?;
                return Some(negated(all, operator == CompareOperator::NotEqual));
            }
            CompareOperator::Less | CompareOperator::LessOrEqual => CompareOperator::Less,
            CompareOperator::Greater | CompareOperator::GreaterOrEqual => CompareOperator::Greater,
        };
        let mut branches = Vec::with_capacity(left.len());
        for index in 0..=last {
            let mut terms = (0..index).map(|before| pair(self, before, equal)).collect::<Option<Vec<_>>>()?;
            terms.push(pair(self, index, if index == last { operator } else { strict })?);
            branches.push(Term::And(terms));
        }
        Some(Term::Or(branches))
    }
}

impl Term {
    /// Whether a row of nothing but nulls fails it: then a row that an outer join left without a partner does.
    pub(super) fn rejects_nulls(&self) -> bool {
        self.of_nulls() != Some(true)
    }

    /// What it gives for a row of nulls; none is unknown.
    fn of_nulls(&self) -> Option<bool> {
        match self {
            Term::Compare { .. } | Term::Among { .. } => None,
            Term::IsNull(_) => Some(true),
            Term::And(terms) => conjunction(terms.iter().map(Term::of_nulls)),
            Term::Or(terms) => conjunction(terms.iter().map(|term| term.of_nulls().map(|it| !it))).map(|it| !it),
            Term::Not(term) => term.of_nulls().map(|it| !it),
        }
    }
}

/// AND of three values.
fn conjunction(values: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut whole = Some(true);
    for value in values {
        match value {
            Some(false) => return Some(false),
            None => whole = None,
            Some(true) => {}
        }
    }
    whole
}

fn is_closed(part: &Expr) -> bool {
    match &part.kind {
        ExprKind::Parameter(_)
        | ExprKind::UserId
        | ExprKind::Role
        | ExprKind::Claims
        | ExprKind::Claim(_)
        | ExprKind::Literal(_)
        | ExprKind::Cast(_)
        | ExprKind::Negate(_)
        | ExprKind::Binary { .. }
        | ExprKind::Coalesce(_)
        | ExprKind::NullIf(..)
        | ExprKind::Greatest(_)
        | ExprKind::Least(_) => true,
        ExprKind::Call { function, .. } => {
            !matches!(function, Function::Random | Function::RandomInt | Function::GenRandomUuid)
        }
        _ => false,
    }
}

/// The literal under a widening of its type.
fn literal(expr: &Expr) -> &ExprKind {
    match &expr.kind {
        ExprKind::Cast(inner) if expr.ty == Type::Bigint && inner.ty == Type::Integer => literal(inner),
        kind => kind,
    }
}

fn flipped(operator: CompareOperator) -> CompareOperator {
    match operator {
        CompareOperator::Less => CompareOperator::Greater,
        CompareOperator::LessOrEqual => CompareOperator::GreaterOrEqual,
        CompareOperator::Greater => CompareOperator::Less,
        CompareOperator::GreaterOrEqual => CompareOperator::LessOrEqual,
        same @ (CompareOperator::Equal | CompareOperator::NotEqual) => same,
    }
}

fn negated(term: Term, is_negated: bool) -> Term {
    if is_negated { Term::Not(Box::new(term)) } else { term }
}

fn some_of(terms: Vec<Term>) -> Option<Vec<Term>> {
    (!terms.is_empty()).then_some(terms)
}

/// `a = x or a = y` is `a in (x, y)`.
fn one_column(terms: Vec<Term>) -> Term {
    let mut columns = None;
    let mut operands = Vec::new();
    for term in &terms {
        match term {
            Term::Compare { column, operator: CompareOperator::Equal, operand }
                if columns.is_none_or(|known| known == *column) =>
            {
                columns = Some(*column);
                operands.push(operand.clone());
            }
            Term::Among { column, source: Source::Any(more) } if columns.is_none_or(|known| known == *column) => {
                columns = Some(*column);
                operands.extend(more.iter().cloned());
            }
            _ => return Term::Or(terms),
        }
    }
    match columns {
        Some(column) => Term::Among { column, source: Source::Any(operands) },
        None => Term::Or(terms),
    }
}
