//! Whether a row meets terms whose operands are known.
//!
//! SQL's three values, and a fourth: doubt, where a value is not of the kind that its column has. Doubt is never "no".

use martlet_core::Value;
use martlet_sql::ir::CompareOperator;
use std::cmp::Ordering;

/// A term with its operands computed. Columns are indexes into the tracked columns of the table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BoundTerm {
    Compare {
        column: usize,
        operator: CompareOperator,
        value: Value,
    },
    IsNull(usize),
    /// Sorted; whether null was among them.
    Among {
        column: usize,
        values: Box<[Value]>,
        has_null: bool,
    },
    And(Box<[BoundTerm]>),
    Or(Box<[BoundTerm]>),
    Not(Box<BoundTerm>),
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

impl BoundTerm {
    /// What it is for a row.
    pub(crate) fn of(&self, row: &[Value]) -> Truth {
        match self {
            BoundTerm::Compare { column, operator, value } => match row.get(*column) {
                None => Truth::Doubt,
                Some(cell) => compare(cell, *operator, value),
            },
            BoundTerm::IsNull(column) => row.get(*column).map_or(Truth::Doubt, |cell| Truth::of(*cell == Value::Null)),
            BoundTerm::Among { column, values, has_null } => {
                let Some(cell) = row.get(*column) else { return Truth::Doubt };
                if *cell == Value::Null {
                    return if values.is_empty() && !has_null { Truth::No } else { Truth::Unknown };
                }
                match values.binary_search_by(|value| total_order(value, cell)) {
                    Ok(_) => Truth::Yes,
                    Err(_) if values.first().is_some_and(|value| order(value, cell).is_none()) => Truth::Doubt,
                    Err(_) if *has_null => Truth::Unknown,
                    Err(_) => Truth::No,
                }
            }
            BoundTerm::And(terms) => all(terms.iter().map(|term| term.of(row))),
            BoundTerm::Or(terms) => all(terms.iter().map(|term| term.of(row).not())).not(),
            BoundTerm::Not(term) => term.of(row).not(),
        }
    }
}

/// AND: a "no" decides, then doubt, then what is unknown.
pub(crate) fn all(truths: impl Iterator<Item = Truth>) -> Truth {
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

fn compare(cell: &Value, operator: CompareOperator, value: &Value) -> Truth {
    if *cell == Value::Null || *value == Value::Null {
        return Truth::Unknown;
    }
    let Some(order) = order(cell, value) else { return Truth::Doubt };
    Truth::of(match operator {
        CompareOperator::Equal => order.is_eq(),
        CompareOperator::NotEqual => order.is_ne(),
        CompareOperator::Less => order.is_lt(),
        CompareOperator::LessOrEqual => order.is_le(),
        CompareOperator::Greater => order.is_gt(),
        CompareOperator::GreaterOrEqual => order.is_ge(),
    })
}

/// The order of two values of one kind, as both engines have it: numbers, bytes of texts, false before true.
pub(crate) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// [`order`], and some order between kinds.
pub(crate) fn total_order(left: &Value, right: &Value) -> Ordering {
    order(left, right).unwrap_or_else(|| kind(left).cmp(&kind(right)))
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) => 2,
        Value::Double(_) => 3,
        Value::Text(_) => 4,
        Value::List(_) => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn less(value: i64) -> BoundTerm {
        BoundTerm::Compare { column: 0, operator: CompareOperator::Less, value: Value::Integer(value) }
    }

    #[test]
    fn null_is_unknown_and_a_foreign_kind_is_doubt() {
        assert_eq!(less(5).of(&[Value::Integer(4)]), Truth::Yes);
        assert_eq!(less(5).of(&[Value::Integer(5)]), Truth::No);
        assert_eq!(less(5).of(&[Value::Null]), Truth::Unknown);
        assert_eq!(less(5).of(&[Value::Text("4".into())]), Truth::Doubt);
        assert_eq!(BoundTerm::Not(Box::new(less(5))).of(&[Value::Null]), Truth::Unknown);
        assert_eq!(BoundTerm::Not(Box::new(less(5))).of(&[Value::Text("4".into())]), Truth::Doubt);
        assert_eq!(less(5).of(&[]), Truth::Doubt);
    }

    #[test]
    fn or_and_and_are_kleenes() {
        let (yes, no, unknown) =
            (less(9), less(0), BoundTerm::Compare { column: 0, operator: CompareOperator::Equal, value: Value::Null });
        let row = [Value::Integer(4)];
        let or = |a: &BoundTerm, b: &BoundTerm| BoundTerm::Or([a.clone(), b.clone()].into()).of(&row);
        let and = |a: &BoundTerm, b: &BoundTerm| BoundTerm::And([a.clone(), b.clone()].into()).of(&row);
        assert_eq!((or(&yes, &unknown), or(&no, &unknown), or(&no, &no)), (Truth::Yes, Truth::Unknown, Truth::No));
        assert_eq!((and(&yes, &unknown), and(&no, &unknown), and(&yes, &yes)), (Truth::Unknown, Truth::No, Truth::Yes));
    }

    #[test]
    fn lists_know_null() {
        let among = |values: &[i64], has_null| BoundTerm::Among {
            column: 0,
            values: values.iter().map(|value| Value::Integer(*value)).collect(),
            has_null,
        };
        assert_eq!(among(&[1, 3], false).of(&[Value::Integer(3)]), Truth::Yes);
        assert_eq!(among(&[1, 3], false).of(&[Value::Integer(2)]), Truth::No);
        assert_eq!(among(&[1, 3], true).of(&[Value::Integer(2)]), Truth::Unknown);
        assert_eq!(among(&[1], false).of(&[Value::Null]), Truth::Unknown);
        assert_eq!(among(&[], false).of(&[Value::Null]), Truth::No);
        assert_eq!(among(&[1], false).of(&[Value::Text("1".into())]), Truth::Doubt);
    }
}
