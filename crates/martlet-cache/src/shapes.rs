//! The shapes of an app, numbered, and by table: what a change is looked up by.

use martlet_sql::dependency::{Dependencies, Shape, Tracked};
use std::sync::Arc;

/// A query whose answers are kept: its number among those that were given to [`crate::Cache::load`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryId(pub u32);

/// All shapes of an app.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    pub(crate) tracked: Arc<Tracked>,
    all: Vec<TrackedShape>,
    /// By tracked table: numbers of the shapes on it.
    by_table: Vec<Vec<u32>>,
    /// By query: the number of its first shape.
    first: Vec<u32>,
    /// By query: its dependencies.
    queries: Vec<Arc<Dependencies>>,
}

/// A shape in terms of the tracked columns.
#[derive(Debug)]
pub(crate) struct TrackedShape {
    /// Indexes into the table's tracked columns.
    pub(crate) key: Box<[usize]>,
    /// Indexes into the table's tracked columns.
    pub(crate) reads: Box<[usize]>,
    /// For each of the table's columns its index among the tracked ones.
    pub(crate) places: Box<[Option<usize>]>,
}

impl Shapes {
    pub(crate) fn new(tracked: Arc<Tracked>, queries: Vec<Arc<Dependencies>>) -> Self {
        let mut shapes = Self { by_table: vec![Vec::new(); tracked.tables.len()], tracked, queries, ..Self::default() };
        for dependencies in &shapes.queries {
            shapes.first.push(u32::try_from(shapes.all.len()).unwrap_or(u32::MAX));
            for shape in &dependencies.shapes {
                // A query that is never kept tracks nothing.
                let Some(table) = shapes.tracked.index(&shape.table) else { continue };
                shapes.by_table[table].push(u32::try_from(shapes.all.len()).unwrap_or(u32::MAX));
                shapes.all.push(TrackedShape::new(shape, &shapes.tracked.tables[table].columns));
            }
        }
        shapes
    }

    pub(crate) fn of_table(&self, table: usize) -> impl Iterator<Item = (u32, &TrackedShape)> {
        let numbers = self.by_table.get(table).map_or(&[][..], Vec::as_slice);
        numbers.iter().filter_map(|number| Some((*number, self.all.get(*number as usize)?)))
    }

    pub(crate) fn get(&self, number: u32) -> Option<&TrackedShape> {
        self.all.get(number as usize)
    }

    /// How many queries there are.
    pub(crate) fn queries(&self) -> usize {
        self.queries.len()
    }

    pub(crate) fn dependencies(&self, query: QueryId) -> Option<(&Arc<Dependencies>, u32)> {
        let index = query.0 as usize;
        Some((self.queries.get(index)?, *self.first.get(index)?))
    }
}

impl TrackedShape {
    fn new(shape: &Shape, columns: &[usize]) -> Self {
        let place = |column: &usize| columns.binary_search(column).ok();
        let places_max = columns.last().map_or(0, |last| last + 1);
        Self {
            key: shape.key.iter().filter_map(place).collect(),
            reads: shape.reads.iter().filter_map(place).collect(),
            places: (0..places_max).map(|column| place(&column)).collect(),
        }
    }
}
