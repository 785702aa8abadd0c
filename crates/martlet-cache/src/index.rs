//! From a change to the answers that it touches: a hash of shape and key values, then each answer's own terms.

#[cfg(test)]
mod tests;

use crate::bound::{Bound, any_key_hash, key_hash};
use crate::crowd::{Crowd, Numbered, Records};
use crate::shapes::{Shapes, TrackedShape};
use hashbrown::{DefaultHashBuilder, HashMap, hash_map};
use martlet_core::{Change, Value};
use std::hash::BuildHasher;
use std::sync::Arc;

/// What is found by changes, by what it rests on. Under the apply lock.
#[derive(Debug)]
pub(crate) struct Index<T> {
    hasher: DefaultHashBuilder,
    shapes: Arc<Shapes>,
    /// By hash of shape and key.
    slots: HashMap<u64, Slot, DefaultHashBuilder>,
    crowds: Vec<Option<Crowd>>,
    free_crowds: Vec<u32>,
    records: List<T>,
    seed: u64,
}

/// By number; each with what it rests on.
#[derive(Debug)]
struct List<T> {
    all: Vec<Option<(Bound, T)>>,
    free: Vec<u32>,
}

impl<T> Records for List<T> {
    fn bound(&self, record: u32) -> Option<&Bound> {
        Some(&self.all.get(record as usize)?.as_ref()?.0)
    }
}

/// The number of a record; or, with the highest bit, of a crowd of them. Most keys have one answer.
#[derive(Debug, Clone, Copy)]
struct Slot(u32);

const CROWD: u32 = 1 << 31;

impl Slot {
    fn crowd(self) -> Option<usize> {
        (self.0 & CROWD != 0).then_some((self.0 & !CROWD) as usize)
    }
}

impl<T> Index<T> {
    pub(crate) fn new(hasher: DefaultHashBuilder, shapes: Arc<Shapes>) -> Self {
        let seed = hasher.hash_one("where a record stands in a tree");
        let slots = HashMap::with_hasher(hasher.clone());
        let records = List { all: Vec::new(), free: Vec::new() };
        Self { hasher, shapes, slots, crowds: Vec::new(), free_crowds: Vec::new(), records, seed }
    }

    /// Adds a record under all that it rests on; gives its number.
    pub(crate) fn add(&mut self, bound: Bound, item: T) -> u32 {
        let number = self.records.free.pop().unwrap_or_else(|| {
            self.records.all.push(None);
            u32::try_from(self.records.all.len() - 1).ok().filter(|it| it & CROWD == 0).expect("they fit in memory")
        });
        self.records.all[number as usize] = Some((bound, item));
        let Self { records, slots, crowds, free_crowds, shapes, seed, .. } = self;
        let Some(bound) = records.bound(number) else { return number };
        for part in bound.shapes() {
            let Some(shape) = shapes.get(part.shape) else { continue };
            let of = Numbered { number: part.shape, shape };
            for key in part.keys() {
                let mut slot = match slots.entry(key) {
                    hash_map::Entry::Occupied(slot) => slot,
                    hash_map::Entry::Vacant(slot) => {
                        slot.insert(Slot(number));
                        continue;
                    }
                };
                let index = slot.get().crowd().unwrap_or_else(|| {
                    let crowd = Some(Crowd::Few(vec![slot.get().0]));
                    let index = free_crowds.pop().unwrap_or_else(|| {
                        crowds.push(None);
                        u32::try_from(crowds.len() - 1).expect("fewer than records")
                    });
                    crowds[index as usize] = crowd;
                    *slot.get_mut() = Slot(index | CROWD);
                    index as usize
                });
                if let Some(crowd) = &mut crowds[index] {
                    crowd.add(number, of, &*records, *seed);
                }
            }
        }
        number
    }

    /// Takes a record out.
    pub(crate) fn remove(&mut self, number: u32) -> Option<T> {
        let Self { records, slots, crowds, free_crowds, shapes, .. } = self;
        for key in records.bound(number)?.shapes().flat_map(|part| part.keys()) {
            let hash_map::Entry::Occupied(slot) = slots.entry(key) else { continue };
            let is_empty = match slot.get().crowd() {
                None => slot.get().0 == number,
                Some(index) => {
                    let shape = crowds[index].as_ref().and_then(Crowd::shape).and_then(|shape| shapes.get(shape));
                    let is_empty = crowds[index].as_mut().is_none_or(|crowd| crowd.remove(number, shape, &*records));
                    if is_empty {
                        crowds[index] = None;
                        free_crowds.push(u32::try_from(index).expect("it was one"));
                    }
                    is_empty
                }
            };
            if is_empty {
                slot.remove();
            }
        }
        self.records.free.push(number);
        self.records.all[number as usize].take().map(|(_, item)| item)
    }

    /// The numbers of the records that a commit touches, each once.
    pub(crate) fn touched(&self, changes: &[Change]) -> Vec<u32> {
        let mut touched = Vec::new();
        for change in changes {
            for (number, shape) in self.shapes.of_table(change.table) {
                let of = Numbered { number, shape };
                self.images(change, of, &mut |key, row| {
                    let mut visit = |record: u32| {
                        let part = self.records.bound(record).and_then(|bound| bound.shape(number));
                        if part.is_some_and(|part| part.is_met_by(shape, row)) {
                            touched.push(record);
                        }
                    };
                    let Some(slot) = self.slots.get(&key) else { return };
                    match slot.crowd() {
                        None => visit(slot.0),
                        Some(index) => {
                            if let Some(crowd) = &self.crowds[index] {
                                crowd.visit(of, row, &self.records, &mut visit);
                            }
                        }
                    }
                });
            }
        }
        touched.sort_unstable();
        touched.dedup();
        touched
    }

    /// Whether a change touches what an answer rests on.
    pub(crate) fn touches(&self, change: &Change, bound: &Bound) -> bool {
        bound.shapes().any(|part| {
            let Some(shape) = self.shapes.get(part.shape) else { return true };
            let mut is_met = false;
            if shape.table == Some(change.table) {
                self.images(change, Numbered { number: part.shape, shape }, &mut |key, row| {
                    is_met |= part.has_key(key) && part.is_met_by(shape, row);
                });
            }
            is_met
        })
    }

    /// Calls `visit` with each row image of a change that a shape may care for, and the keys to look it up by.
    fn images(&self, change: &Change, of: Numbered<'_>, visit: &mut dyn FnMut(u64, &[Value])) {
        let TrackedShape { reads, key, .. } = of.shape;
        if let (Some(old), Some(new)) = (&change.old, &change.new)
            && reads.iter().all(|column| old.get(*column) == new.get(*column))
        {
            return;
        }
        for row in [&change.old, &change.new].into_iter().flatten() {
            let mut values = key.iter().map(|column| row.get(*column).unwrap_or(&Value::Null));
            // No key equals a null.
            if !values.clone().any(|value| *value == Value::Null) {
                visit(key_hash(&self.hasher, of.number, &mut values), row);
            }
            visit(any_key_hash(&self.hasher, of.number), row);
        }
    }

    pub(crate) fn shapes(&self) -> &Arc<Shapes> {
        &self.shapes
    }

    pub(crate) fn hasher(&self) -> &DefaultHashBuilder {
        &self.hasher
    }

    pub(crate) fn bound(&self, number: u32) -> Option<&Bound> {
        self.records.bound(number)
    }

    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        Some(&self.records.all.get(number as usize)?.as_ref()?.1)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        Some(&mut self.records.all.get_mut(number as usize)?.as_mut()?.1)
    }

    /// All of them.
    pub(crate) fn items(&self) -> impl Iterator<Item = &T> {
        self.records.all.iter().flatten().map(|(_, item)| item)
    }
}
