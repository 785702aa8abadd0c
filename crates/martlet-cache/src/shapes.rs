//! The shapes of an app, numbered, and by table: what a change is looked up by.

use crate::matching::TrackedTerm;
use martlet_sql::dependency::{Dependencies, Shape, Term, Tracked};
use martlet_sql::ir::CompareOperator;
use std::sync::Arc;

/// A query whose answers are kept: its number among those that were given to [`crate::Cache::load`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryId(pub u32);

/// All shapes of an app.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    all: Vec<TrackedShape>,
    /// By tracked table: numbers of the shapes on it.
    by_table: Vec<Vec<u32>>,
    /// By query: the number of its first shape.
    first: Vec<u32>,
    /// By query: its dependencies.
    queries: Vec<Arc<Dependencies>>,
}

/// A shape in terms of the tracked columns.
#[derive(Debug, Default)]
pub(crate) struct TrackedShape {
    /// The table's index; none: the table is not tracked, for no answer that rests on it is kept.
    pub(crate) table: Option<usize>,
    /// Indexes into the table's tracked columns.
    pub(crate) key: Box<[usize]>,
    /// Indexes into the table's tracked columns.
    pub(crate) reads: Box<[usize]>,
    /// None: a column of them is not tracked.
    pub(crate) terms: Option<Box<[TrackedTerm]>>,
    /// How many operands the terms have.
    pub(crate) operands: usize,
    /// Of `column > operand`: the operand is the low end of an answer's range.
    pub(crate) low: Option<Axis>,
    /// Of `column < operand`: the operand is the high end.
    pub(crate) high: Option<Axis>,
}

/// A column that is compared with an end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) column: usize,
    pub(crate) operand: usize,
}

impl Shapes {
    pub(crate) fn new(tracked: &Tracked, queries: Vec<Arc<Dependencies>>) -> Self {
        let mut shapes = Self { by_table: vec![Vec::new(); tracked.tables.len()], queries, ..Self::default() };
        for dependencies in &shapes.queries {
            shapes.first.push(u32::try_from(shapes.all.len()).unwrap_or(u32::MAX));
            for shape in &dependencies.shapes {
                let number = u32::try_from(shapes.all.len()).unwrap_or(u32::MAX);
                let table = tracked.index(&shape.table);
                shapes.all.push(table.map_or_else(TrackedShape::default, |table| {
                    shapes.by_table[table].push(number);
                    TrackedShape::new(shape, table, &tracked.tables[table].columns)
                }));
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
    fn new(shape: &Shape, table: usize, columns: &[usize]) -> Self {
        let place = |column: &usize| columns.binary_search(column).ok();
        let mut numbering = Numbering { columns, operands: 0 };
        let terms: Option<Box<[TrackedTerm]>> = shape.residual.iter().map(|term| numbering.term(term)).collect();
        let compared = |is_end: fn(CompareOperator) -> bool| {
            terms.iter().flatten().filter_map(move |term| match *term {
                TrackedTerm::Compare { column, operator, operand } => {
                    is_end(operator).then_some(Axis { column, operand })
                }
                _ => None,
            })
        };
        let mut lows = compared(|it| matches!(it, CompareOperator::Greater | CompareOperator::GreaterOrEqual));
        let high = compared(|it| matches!(it, CompareOperator::Less | CompareOperator::LessOrEqual)).next();
        // A range of the row's own, `start < $to and end > $from`, tells more than one for a single column beside it.
        let is_other = |low: &Axis| high.is_some_and(|high| high.column != low.column);
        let low = lows.clone().find(is_other).or_else(|| lows.next());
        Self {
            table: Some(table),
            key: shape.key.iter().filter_map(place).collect(),
            reads: shape.reads.iter().filter_map(place).collect(),
            low,
            high,
            operands: numbering.operands,
            terms,
        }
    }
}

/// Numbers the operands of a shape's terms as they stand there.
struct Numbering<'a> {
    columns: &'a [usize],
    operands: usize,
}

impl Numbering<'_> {
    fn operand(&mut self) -> usize {
        self.operands += 1;
        self.operands - 1
    }

    fn term(&mut self, term: &Term) -> Option<TrackedTerm> {
        let place = |column: &usize| self.columns.binary_search(column).ok();
        Some(match term {
            Term::Compare { column, operator, .. } => {
                TrackedTerm::Compare { column: place(column)?, operator: *operator, operand: self.operand() }
            }
            Term::IsNull(column) => TrackedTerm::IsNull(place(column)?),
            Term::Among { column, .. } => TrackedTerm::Among { column: place(column)?, operand: self.operand() },
            Term::And(terms) => TrackedTerm::And(self.terms(terms)?),
            Term::Or(terms) => TrackedTerm::Or(self.terms(terms)?),
            Term::Not(term) => TrackedTerm::Not(Box::new(self.term(term)?)),
        })
    }

    fn terms(&mut self, terms: &[Term]) -> Option<Box<[TrackedTerm]>> {
        terms.iter().map(|term| self.term(term)).collect()
    }
}
