//! Values as bytes: what an answer rests on takes little memory, and lies in one place when a change is tested.
//!
//! A table is the ends of its items, four bytes each, and then the items.

use martlet_core::Value;
use std::cmp::Ordering;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INTEGER: u8 = 3;
const DOUBLE: u8 = 4;
const TEXT: u8 = 5;
const LIST: u8 = 6;

/// Writes a table of values; lists sorted, without nulls and doubles of items.
pub(crate) fn write(values: &[Value], out: &mut Vec<u8>) {
    write_table(values.len(), out, |index, out| write_value(&values[index], out));
}

fn write_table(count: usize, out: &mut Vec<u8>, write_item: impl Fn(usize, &mut Vec<u8>)) {
    let ends = out.len();
    out.resize(ends + 4 * count, 0);
    let items = out.len();
    for index in 0..count {
        write_item(index, out);
        let end = u32::try_from(out.len() - items).unwrap_or(u32::MAX);
        out[ends + 4 * index..][..4].copy_from_slice(&end.to_le_bytes());
    }
}

fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(NULL),
        Value::Boolean(false) => out.push(FALSE),
        Value::Boolean(true) => out.push(TRUE),
        Value::Integer(value) => {
            out.push(INTEGER);
            out.extend_from_slice(&value.to_le_bytes());
        }
        Value::Double(_) => out.push(DOUBLE),
        Value::Text(text) => {
            out.push(TEXT);
            out.extend_from_slice(text.as_bytes());
        }
        Value::List(items) => {
            let mut known: Vec<&Value> = items.iter().filter(|item| **item != Value::Null).collect();
            let has_null = known.len() < items.len();
            known.sort_by(|left, right| total_order(left, right));
            known.dedup();
            out.extend_from_slice(&[LIST, u8::from(has_null)]);
            out.extend_from_slice(&u32::try_from(known.len()).unwrap_or(u32::MAX).to_le_bytes());
            write_table(known.len(), out, |index, out| write_value(known[index], out));
        }
    }
}

/// Some order of values: within a kind the one that both engines have, numbers, bytes of texts, false before true.
pub(crate) fn total_order(left: &Value, right: &Value) -> Ordering {
    let kind = |value: &Value| match value {
        Value::Null => 0,
        Value::Boolean(_) => 1,
        Value::Integer(_) => 2,
        Value::Double(_) => 3,
        Value::Text(_) => 4,
        Value::List(_) => 5,
    };
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => left.cmp(right),
        (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Value::Boolean(left), Value::Boolean(right)) => left.cmp(right),
        _ => kind(left).cmp(&kind(right)),
    }
}

/// A table of values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> Table<'a> {
    pub(crate) fn new(count: usize, bytes: &'a [u8]) -> Self {
        Self { count, bytes }
    }

    pub(crate) fn get(self, index: usize) -> Option<Packed<'a>> {
        let start = if index == 0 { 0 } else { self.end(index - 1)? };
        let items = self.bytes.get(4 * self.count..)?;
        let (kind, rest) = items.get(start..self.end(index)?)?.split_first()?;
        Some(match *kind {
            NULL => Packed::Null,
            FALSE | TRUE => Packed::Boolean(*kind == TRUE),
            INTEGER => Packed::Integer(i64::from_le_bytes(rest.try_into().ok()?)),
            TEXT => Packed::Text(rest),
            LIST => {
                let (head, items) = rest.split_at_checked(5)?;
                let count = u32::from_le_bytes(head.get(1..)?.try_into().ok()?);
                Packed::List { has_null: *head.first()? == 1, items: Table::new(count as usize, items) }
            }
            _ => Packed::Double,
        })
    }

    pub(crate) fn len(self) -> usize {
        self.count
    }

    fn end(self, index: usize) -> Option<usize> {
        let bytes = self.bytes.get(4 * index..4 * index + 4).filter(|_| index < self.count)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
    }
}

/// A value in a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packed<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Which one does not matter: doubles are not compared.
    Double,
    Text(&'a [u8]),
    /// Sorted, each once, without null.
    List {
        has_null: bool,
        items: Table<'a>,
    },
}

impl Packed<'_> {
    /// The order of a row's value and this one, where both are of one kind that has one.
    pub(crate) fn order_of(self, cell: &Value) -> Option<Ordering> {
        match (cell, self) {
            (Value::Integer(cell), Packed::Integer(value)) => Some(cell.cmp(&value)),
            (Value::Text(cell), Packed::Text(value)) => Some(cell.as_bytes().cmp(value)),
            (Value::Boolean(cell), Packed::Boolean(value)) => Some(cell.cmp(&value)),
            _ => None,
        }
    }

    /// The order of two values of one kind that has one.
    pub(crate) fn order(self, other: Packed<'_>) -> Option<Ordering> {
        match (self, other) {
            (Packed::Integer(one), Packed::Integer(other)) => Some(one.cmp(&other)),
            (Packed::Text(one), Packed::Text(other)) => Some(one.cmp(other)),
            (Packed::Boolean(one), Packed::Boolean(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let list = Value::List([Value::Integer(9), Value::Null, Value::Integer(-3), Value::Integer(9)].into());
        let values = [Value::Null, Value::Text("".into()), Value::Boolean(true), list, Value::Text("grün".into())];
        let mut bytes = Vec::new();
        write(&values, &mut bytes);
        let table = Table::new(values.len(), &bytes);
        assert!(matches!(table.get(0), Some(Packed::Null)));
        assert!(matches!(table.get(1), Some(Packed::Text(b""))));
        assert!(matches!(table.get(2), Some(Packed::Boolean(true))));
        let Some(Packed::List { has_null: true, items }) = table.get(3) else { panic!("{:?}", table.get(3)) };
        assert_eq!(items.len(), 2);
        assert!(matches!((items.get(0), items.get(1)), (Some(Packed::Integer(-3)), Some(Packed::Integer(9)))));
        assert!(items.get(2).is_none());
        assert!(matches!(table.get(4), Some(Packed::Text(text)) if text == "grün".as_bytes()));
        assert!(table.get(5).is_none());
    }

    #[test]
    fn only_values_of_one_kind_have_an_order() {
        assert_eq!(Packed::Integer(3).order_of(&Value::Integer(2)), Some(Ordering::Less));
        assert_eq!(Packed::Text(b"a").order_of(&Value::Text("b".into())), Some(Ordering::Greater));
        assert_eq!(Packed::Integer(3).order_of(&Value::Text("3".into())), None);
        assert_eq!(Packed::Double.order_of(&Value::Double(1.0)), None);
    }
}
