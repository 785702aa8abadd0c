//! The records under one key, where there are several: a list while they are few, else a tree of their ranges.

use crate::bound::Bound;
use crate::packed::Packed;
use crate::shapes::{Axis, TrackedShape};
use crate::tree::{Ends, Tree, Window};
use martlet_core::Value;

/// More records than these under one key are kept by their ranges.
pub(crate) const FEW_MAX: usize = 64;

/// Where records have what they rest on.
pub(crate) trait Records {
    fn bound(&self, record: u32) -> Option<&Bound>;
}

/// A shape, by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered<'a> {
    pub(crate) number: u32,
    pub(crate) shape: &'a TrackedShape,
}

/// The records under one key.
#[derive(Debug)]
pub(crate) enum Crowd {
    Few(Vec<u32>),
    Many(Box<Many>),
}

/// Records by the ranges that they have in one shape.
#[derive(Debug)]
pub(crate) struct Many {
    /// The number of the shape.
    shape: u32,
    /// Records whose ends are of these kinds.
    ranged: Tree,
    kinds: Option<[Kind; 2]>,
    /// All others: without a range, or of another shape whose key has the same hash.
    others: Tree,
    len: usize,
}

/// A kind of values that has an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The shape has no such end.
    Nothing,
    Boolean,
    Integer,
    Text,
}

impl Kind {
    fn of(value: Packed<'_>) -> Option<Self> {
        match value {
            Packed::Boolean(_) => Some(Kind::Boolean),
            Packed::Integer(_) => Some(Kind::Integer),
            Packed::Text(_) => Some(Kind::Text),
            Packed::Null | Packed::Double | Packed::List { .. } => None,
        }
    }

    fn is_of(self, cell: &Value) -> bool {
        matches!(
            (self, cell),
            (Kind::Boolean, Value::Boolean(_)) | (Kind::Integer, Value::Integer(_)) | (Kind::Text, Value::Text(_))
        )
    }
}

impl Crowd {
    pub(crate) fn add(&mut self, record: u32, of: Numbered<'_>, records: &impl Records, seed: u64) {
        match self {
            Crowd::Few(few) if few.len() < FEW_MAX => few.push(record),
            Crowd::Few(few) => {
                let empty = || Tree::new(seed);
                let mut many = Many { shape: of.number, ranged: empty(), kinds: None, others: empty(), len: 0 };
                few.iter().chain([&record]).for_each(|record| many.add(*record, of, records));
                *self = Crowd::Many(Box::new(many));
            }
            Crowd::Many(many) => many.add(record, of, records),
        }
    }

    /// Takes a record out; whether none is left. The record must still have what it rests on.
    pub(crate) fn remove(&mut self, record: u32, shape: Option<&TrackedShape>, records: &impl Records) -> bool {
        match self {
            Crowd::Few(few) => {
                if let Some(place) = few.iter().position(|known| *known == record) {
                    few.swap_remove(place);
                }
                few.is_empty()
            }
            Crowd::Many(many) => {
                many.remove(record, shape, records);
                many.len == 0
            }
        }
    }

    /// The shape by whose ranges the records are kept.
    pub(crate) fn shape(&self) -> Option<u32> {
        match self {
            Crowd::Few(_) => None,
            Crowd::Many(many) => Some(many.shape),
        }
    }

    /// Calls `visit` with each record whose terms in this shape may hold for a row, and perhaps with others.
    pub(crate) fn visit(&self, of: Numbered<'_>, row: &[Value], records: &impl Records, visit: &mut impl FnMut(u32)) {
        match self {
            Crowd::Few(few) => few.iter().for_each(|record| visit(*record)),
            Crowd::Many(many) => many.visit(of, row, records, visit),
        }
    }
}

impl Many {
    fn add(&mut self, record: u32, of: Numbered<'_>, records: &impl Records) {
        self.len += 1;
        let ends = OfShape { of, records };
        match ends.kinds(record) {
            Some(kinds) if of.number == self.shape && *self.kinds.get_or_insert(kinds) == kinds => {
                self.ranged.add(record, &ends);
            }
            _ => self.others.add(record, &NoEnds),
        }
    }

    fn remove(&mut self, record: u32, shape: Option<&TrackedShape>, records: &impl Records) {
        self.len -= 1;
        if let Some(shape) = shape {
            let ends = OfShape { of: Numbered { number: self.shape, shape }, records };
            if self.kinds.is_some() && ends.kinds(record) == self.kinds {
                self.ranged.remove(record, &ends);
            }
        }
        self.others.remove(record, &NoEnds);
    }

    fn visit(&self, of: Numbered<'_>, row: &[Value], records: &impl Records, visit: &mut impl FnMut(u32)) {
        self.others.visit(Window::default(), &NoEnds, visit);
        let ends = OfShape { of, records };
        let (Some([low, high]), true) = (self.kinds, of.number == self.shape) else {
            return self.ranged.visit(Window::default(), &NoEnds, visit);
        };
        let cell = |axis: Option<Axis>| row.get(axis?.column);
        let (to, from) = (cell(of.shape.low), cell(of.shape.high));
        // A comparison with null does not hold.
        if [to, from].contains(&Some(&Value::Null)) {
            return;
        }
        // A cell of another kind is compared by the terms, to doubt.
        let window = Window { from: from.filter(|it| high.is_of(it)), to: to.filter(|it| low.is_of(it)) };
        self.ranged.visit(window, &ends, visit);
    }
}

/// The ends that records have in one shape.
struct OfShape<'a, R> {
    of: Numbered<'a>,
    records: &'a R,
}

impl<R: Records> OfShape<'_, R> {
    fn end(&self, record: u32, axis: Option<Axis>) -> Packed<'_> {
        let Some(axis) = axis else { return Packed::Null };
        let part = self.records.bound(record).and_then(|bound| bound.shape(self.of.number));
        part.and_then(|part| part.operands(self.of.shape).get(axis.operand)).unwrap_or(Packed::Null)
    }

    /// None where a record has no range here.
    fn kinds(&self, record: u32) -> Option<[Kind; 2]> {
        let Numbered { number, shape } = self.of;
        self.records.bound(record)?.shape(number)?;
        let kind = |axis: Option<Axis>| match axis {
            None => Some(Kind::Nothing),
            Some(_) => Kind::of(self.end(record, axis)),
        };
        Some([kind(shape.low)?, kind(shape.high)?])
    }
}

impl<R: Records> Ends for OfShape<'_, R> {
    fn low(&self, member: u32) -> Packed<'_> {
        self.end(member, self.of.shape.low)
    }

    fn high(&self, member: u32) -> Packed<'_> {
        self.end(member, self.of.shape.high)
    }
}

/// Members without intervals: by number alone.
struct NoEnds;

impl Ends for NoEnds {
    fn low(&self, _: u32) -> Packed<'_> {
        Packed::Null
    }

    fn high(&self, _: u32) -> Packed<'_> {
        Packed::Null
    }
}
