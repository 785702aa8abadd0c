//! From a change to the answers that it touches: a hash of shape and key values, then each answer's own terms.

use crate::bound::{Bound, BoundShape, any_key_hash, key_hash};
use crate::entry::Entry;
use crate::matching::all;
use crate::shapes::{Shapes, TrackedShape};
use hashbrown::{DefaultHashBuilder, HashMap};
use martlet_core::{Change, Value};
use std::sync::Arc;

/// The entries by what they rest on. Under the apply lock.
#[derive(Debug)]
pub(crate) struct Index<V> {
    hasher: DefaultHashBuilder,
    shapes: Arc<Shapes>,
    /// By hash of shape and key: numbers of records.
    slots: HashMap<u64, Slot>,
    records: Vec<Option<Record<V>>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Record<V> {
    entry: Arc<Entry<V>>,
    parts: Box<[BoundShape]>,
    weight: usize,
}

/// Most keys have one answer.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "a slot is half as large with it, and most have one record")]
enum Slot {
    One(u32),
    Many(Box<Vec<u32>>),
}

impl Slot {
    fn records(&self) -> &[u32] {
        match self {
            Slot::One(record) => std::slice::from_ref(record),
            Slot::Many(records) => records,
        }
    }

    fn add(&mut self, record: u32) {
        match self {
            Slot::One(first) => *self = Slot::Many(Box::new(vec![*first, record])),
            Slot::Many(records) => records.push(record),
        }
    }

    /// Takes a record out; whether none is left.
    fn remove(&mut self, record: u32) -> bool {
        match self {
            Slot::One(first) => *first == record,
            Slot::Many(records) => {
                if let Some(place) = records.iter().position(|known| *known == record) {
                    records.swap_remove(place);
                }
                records.is_empty()
            }
        }
    }
}

impl<V> Index<V> {
    pub(crate) fn new(hasher: DefaultHashBuilder, shapes: Arc<Shapes>) -> Self {
        Self { hasher, shapes, slots: HashMap::new(), records: Vec::new(), free: Vec::new() }
    }

    /// Adds an entry under all that it rests on.
    pub(crate) fn add(&mut self, entry: Arc<Entry<V>>, bound: Bound, weight: usize) {
        let number = self.free.pop().unwrap_or_else(|| {
            self.records.push(None);
            u32::try_from(self.records.len() - 1).expect("fewer entries than bytes of memory")
        });
        entry.set_record(number);
        for key in bound.parts.iter().flat_map(|part| &part.keys) {
            match self.slots.entry(*key) {
                hashbrown::hash_map::Entry::Occupied(mut slot) => slot.get_mut().add(number),
                hashbrown::hash_map::Entry::Vacant(slot) => {
                    slot.insert(Slot::One(number));
                }
            }
        }
        self.records[number as usize] = Some(Record { entry, parts: bound.parts.into(), weight });
    }

    /// Takes an entry out; gives its weight if it was there.
    pub(crate) fn remove(&mut self, entry: &Entry<V>) -> Option<usize> {
        let number = entry.record();
        let record = self.records.get_mut(number as usize).and_then(Option::take)?;
        entry.set_record(u32::MAX);
        for key in record.parts.iter().flat_map(|part| &part.keys) {
            if let hashbrown::hash_map::Entry::Occupied(mut slot) = self.slots.entry(*key)
                && slot.get_mut().remove(number)
            {
                slot.remove();
            }
        }
        self.free.push(number);
        Some(record.weight)
    }

    /// Notes what an entry weighs from here on; gives what it weighed before, if it is there.
    pub(crate) fn set_weight(&mut self, entry: &Entry<V>, weight: usize) -> Option<usize> {
        let record = self.records.get_mut(entry.record() as usize)?.as_mut()?;
        Some(std::mem::replace(&mut record.weight, weight))
    }

    /// The entries that a commit touches; one may stand there several times.
    pub(crate) fn touched(&self, changes: &[Change]) -> Vec<Arc<Entry<V>>> {
        let mut touched = Vec::new();
        for change in changes {
            for (number, shape) in self.shapes.of_table(change.table) {
                self.images(change, number, shape, &mut |key, row| {
                    let Some(slot) = self.slots.get(&key) else { return };
                    for record in
                        slot.records().iter().filter_map(|number| self.records.get(*number as usize)?.as_ref())
                    {
                        if record.parts.iter().any(|part| part.shape == number && part.is_met_by(row)) {
                            touched.push(Arc::clone(&record.entry));
                        }
                    }
                });
            }
        }
        touched
    }

    /// Whether a change touches what an answer rests on.
    pub(crate) fn touches(&self, change: &Change, bound: &Bound) -> bool {
        bound.parts.iter().any(|part| {
            let Some(shape) = self.shapes.get(part.shape) else { return true };
            let is_of_table = self.shapes.of_table(change.table).any(|(number, _)| number == part.shape);
            let mut is_met = false;
            if is_of_table {
                self.images(change, part.shape, shape, &mut |key, row| {
                    is_met |= part.keys.binary_search(&key).is_ok() && part.is_met_by(row);
                });
            }
            is_met
        })
    }

    /// Calls `visit` with each row image of a change that a shape may care for, and the keys to look it up by.
    fn images(&self, change: &Change, number: u32, shape: &TrackedShape, visit: &mut dyn FnMut(u64, &[Value])) {
        if let (Some(old), Some(new)) = (&change.old, &change.new)
            && shape.reads.iter().all(|column| old.get(*column) == new.get(*column))
        {
            return;
        }
        for row in [&change.old, &change.new].into_iter().flatten() {
            let mut values = shape.key.iter().map(|column| row.get(*column).unwrap_or(&Value::Null));
            // No key equals a null.
            if !values.clone().any(|value| *value == Value::Null) {
                visit(key_hash(&self.hasher, number, &mut values), row);
            }
            visit(any_key_hash(&self.hasher, number), row);
        }
    }

    pub(crate) fn shapes(&self) -> &Arc<Shapes> {
        &self.shapes
    }

    pub(crate) fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    /// All entries.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Arc<Entry<V>>> {
        self.records.iter().flatten().map(|record| &record.entry)
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len() - self.free.len()
    }
}

impl BoundShape {
    fn is_met_by(&self, row: &[Value]) -> bool {
        all(self.residual.iter().map(|term| term.of(row))).may_hold()
    }
}
