//! Whether a row meets terms whose operands are known.
//!
//! SQL's three values, and a fourth: doubt, where a value is not of the kind that its column has. Doubt is never "no".

use crate::packed::{Packed, Table};
use martlet_core::Value;
use martlet_sql::ir::CompareOperator;
use std::cmp::Ordering;

/// A term of a shape. Columns are indexes into the tracked columns of the table, operands into the table of those of
/// an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TrackedTerm {
    Compare { column: usize, operator: CompareOperator, operand: usize },
    IsNull(usize),
    Among { column: usize, operand: usize },
    And(Box<[TrackedTerm]>),
    Or(Box<[TrackedTerm]>),
    Not(Box<TrackedTerm>),
}

/// What a term is for a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Truth {
    Yes,
    No,
    Unknown,
    Doubt,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Truth::Yes } else { Truth::No }
    }

    /// Whether the row may matter.
    pub(crate) fn may_hold(self) -> bool {
        matches!(self, Truth::Yes | Truth::Doubt)
    }

    fn not(self) -> Self {
        match self {
            Truth::Yes => Truth::No,
            Truth::No => Truth::Yes,
            same => same,
        }
    }
}

/// Whether a row may meet all terms: it does not where one of them is known not to hold, or is null.
pub(crate) fn may_meet(terms: &[TrackedTerm], operands: Table<'_>, row: &[Value]) -> bool {
    terms.iter().all(|term| term.of(operands, row).may_hold())
}

impl TrackedTerm {
    /// What it is for a row.
    pub(crate) fn of(&self, operands: Table<'_>, row: &[Value]) -> Truth {
        match self {
            TrackedTerm::Compare { column, operator, operand } => match (row.get(*column), operands.get(*operand)) {
                (Some(cell), Some(value)) => compare(cell, *operator, value),
                _ => Truth::Doubt,
            },
            TrackedTerm::IsNull(column) => {
                row.get(*column).map_or(Truth::Doubt, |cell| Truth::of(*cell == Value::Null))
            }
            TrackedTerm::Among { column, operand } => match (row.get(*column), operands.get(*operand)) {
                (Some(cell), Some(Packed::List { has_null, items })) => among(cell, items, has_null),
                _ => Truth::Doubt,
            },
            TrackedTerm::And(terms) => all(terms.iter().map(|term| term.of(operands, row))),
            TrackedTerm::Or(terms) => all(terms.iter().map(|term| term.of(operands, row).not())).not(),
            TrackedTerm::Not(term) => term.of(operands, row).not(),
        }
    }
}

/// AND: a "no" decides, then doubt, then what is unknown.
fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut whole = Truth::Yes;
    for truth in truths {
        match truth {
            Truth::No => return Truth::No,
            Truth::Doubt => whole = Truth::Doubt,
            Truth::Unknown if whole == Truth::Yes => whole = Truth::Unknown,
            Truth::Unknown | Truth::Yes => {}
        }
    }
    whole
}

fn compare(cell: &Value, operator: CompareOperator, value: Packed<'_>) -> Truth {
    if *cell == Value::Null || matches!(value, Packed::Null) {
        return Truth::Unknown;
    }
    let Some(order) = value.order_of(cell) else { return Truth::Doubt };
    Truth::of(match operator {
        CompareOperator::Equal => order.is_eq(),
        CompareOperator::NotEqual => order.is_ne(),
        CompareOperator::Less => order.is_lt(),
        CompareOperator::LessOrEqual => order.is_le(),
        CompareOperator::Greater => order.is_gt(),
        CompareOperator::GreaterOrEqual => order.is_ge(),
    })
}

fn among(cell: &Value, items: Table<'_>, has_null: bool) -> Truth {
    if *cell == Value::Null {
        return if items.len() == 0 && !has_null { Truth::No } else { Truth::Unknown };
    }
    let (mut from, mut to) = (0, items.len());
    while from < to {
        let middle = from.midpoint(to);
        match items.get(middle).and_then(|value| value.order_of(cell)) {
            // Another kind: all of a list are of one.
            None => return Truth::Doubt,
            Some(Ordering::Equal) => return Truth::Yes,
            Some(Ordering::Less) => to = middle,
            Some(Ordering::Greater) => from = middle + 1,
        }
    }
    if has_null { Truth::Unknown } else { Truth::No }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed;

    fn less() -> TrackedTerm {
        TrackedTerm::Compare { column: 0, operator: CompareOperator::Less, operand: 0 }
    }

    fn of(term: &TrackedTerm, operand: Value, row: &[Value]) -> Truth {
        let mut bytes = Vec::new();
        packed::write(&[operand], &mut bytes);
        term.of(Table::new(1, &bytes), row)
    }

    #[test]
    fn null_is_unknown_and_a_foreign_kind_is_doubt() {
        let less_than_5 = |row: &[Value]| of(&less(), Value::Integer(5), row);
        assert_eq!(less_than_5(&[Value::Integer(4)]), Truth::Yes);
        assert_eq!(less_than_5(&[Value::Integer(5)]), Truth::No);
        assert_eq!(less_than_5(&[Value::Null]), Truth::Unknown);
        assert_eq!(less_than_5(&[Value::Text("4".into())]), Truth::Doubt);
        assert_eq!(less_than_5(&[]), Truth::Doubt);
        let not = TrackedTerm::Not(Box::new(less()));
        assert_eq!(of(&not, Value::Integer(5), &[Value::Null]), Truth::Unknown);
        assert_eq!(of(&not, Value::Integer(5), &[Value::Text("4".into())]), Truth::Doubt);
    }

    #[test]
    fn or_and_and_are_kleenes() {
        let mut bytes = Vec::new();
        packed::write(&[Value::Integer(9), Value::Integer(0), Value::Null], &mut bytes);
        let table = Table::new(3, &bytes);
        let term = |operand| TrackedTerm::Compare { column: 0, operator: CompareOperator::Less, operand };
        let (yes, no, unknown) = (term(0), term(1), term(2));
        let row = [Value::Integer(4)];
        let or = |a: &TrackedTerm, b: &TrackedTerm| TrackedTerm::Or([a.clone(), b.clone()].into()).of(table, &row);
        let and = |a: &TrackedTerm, b: &TrackedTerm| TrackedTerm::And([a.clone(), b.clone()].into()).of(table, &row);
        assert_eq!((or(&yes, &unknown), or(&no, &unknown), or(&no, &no)), (Truth::Yes, Truth::Unknown, Truth::No));
        assert_eq!((and(&yes, &unknown), and(&no, &unknown), and(&yes, &yes)), (Truth::Unknown, Truth::No, Truth::Yes));
        // What is null does not hold, whatever the doubtful one is.
        let doubtful = TrackedTerm::Compare { column: 9, operator: CompareOperator::Less, operand: 0 };
        assert!(may_meet(&[yes.clone(), doubtful.clone()], table, &row));
        assert!(!may_meet(&[unknown, doubtful], table, &row));
    }

    #[test]
    fn lists_know_null() {
        let among = |values: &[i64], has_null: bool, cell: Value| {
            let items = values.iter().map(|value| Value::Integer(*value)).chain(has_null.then_some(Value::Null));
            of(&TrackedTerm::Among { column: 0, operand: 0 }, Value::List(items.collect()), &[cell])
        };
        assert_eq!(among(&[7, 3, 1, 5], false, Value::Integer(3)), Truth::Yes);
        assert_eq!(among(&[7, 3, 1, 5], false, Value::Integer(7)), Truth::Yes);
        assert_eq!(among(&[1, 3], false, Value::Integer(2)), Truth::No);
        assert_eq!(among(&[1, 3], true, Value::Integer(2)), Truth::Unknown);
        assert_eq!(among(&[1], false, Value::Null), Truth::Unknown);
        assert_eq!(among(&[], false, Value::Null), Truth::No);
        assert_eq!(among(&[1], false, Value::Text("1".into())), Truth::Doubt);
    }
}
