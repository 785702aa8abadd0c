//! The dependencies of one answer: shapes with the values of its arguments and caller in them.

use crate::matching::{BoundTerm, total_order};
use crate::shapes::{QueryId, Shapes, TrackedShape};
use hashbrown::DefaultHashBuilder;
use martlet_core::{Date, Value};
use martlet_sql::Bind;
use martlet_sql::dependency::{Dependencies, KEYS_GIVEN_MAX, KEYS_SELECTED_MAX, Operand, Source, Term, Tuples};
use std::hash::{BuildHasher, Hash, Hasher};

/// What tells the values that an answer was made with.
pub struct Resolve<'a> {
    /// The value of a bind: an argument, or of the caller.
    pub bind: &'a dyn Fn(&Bind) -> Option<Value>,
    /// The rows of each keys-statement, in order.
    pub keys: &'a [Vec<Box<[Value]>>],
    /// The row of the values-statement.
    pub values: &'a [Value],
}

/// What one answer rests on.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    pub(crate) parts: Vec<BoundShape>,
}

/// One shape of an answer.
#[derive(Debug, Clone)]
pub(crate) struct BoundShape {
    /// The shape's number.
    pub(crate) shape: u32,
    /// Hashes of the key values, sorted. Two that collide only make an answer fall too often.
    pub(crate) keys: Box<[u64]>,
    pub(crate) residual: Box<[BoundTerm]>,
}

/// The hash of a key's values: of a shape, in the order of its key columns.
pub(crate) fn key_hash<'v>(hasher: &DefaultHashBuilder, shape: u32, values: impl Iterator<Item = &'v Value>) -> u64 {
    let mut state = hasher.build_hasher();
    shape.hash(&mut state);
    for value in values {
        match value {
            Value::Null => 0u8.hash(&mut state),
            Value::Boolean(value) => (1u8, value).hash(&mut state),
            Value::Integer(value) => (2u8, value).hash(&mut state),
            // Never a key.
            Value::Double(_) | Value::List(_) => 3u8.hash(&mut state),
            Value::Text(value) => (4u8, &**value).hash(&mut state),
        }
    }
    state.finish()
}

/// Stands for every key of a shape: for answers that rest on more keys than are worth telling apart.
pub(crate) fn any_key_hash(hasher: &DefaultHashBuilder, shape: u32) -> u64 {
    hasher.hash_one((shape, "any"))
}

impl Bound {
    /// None where a value that is needed cannot be known: then the answer cannot be kept.
    pub(crate) fn new(
        shapes: &Shapes,
        hasher: &DefaultHashBuilder,
        query: QueryId,
        resolve: &Resolve<'_>,
    ) -> Option<Self> {
        let (dependencies, first) = shapes.dependencies(query)?;
        let binder = Binder { dependencies, resolve };
        let mut parts = Vec::with_capacity(dependencies.shapes.len());
        for (index, shape) in dependencies.shapes.iter().enumerate() {
            let number = first + u32::try_from(index).ok()?;
            let tracked = shapes.get(number)?;
            let residual = shape.residual.iter().map(|term| binder.term(term, tracked)).collect::<Option<_>>()?;
            let keys = match &shape.tuples {
                Tuples::Given(sources) => binder.given(hasher, number, sources)?,
                Tuples::Selected(statement) => {
                    let rows = resolve.keys.get(*statement)?;
                    let known = rows.iter().filter(|row| row.iter().all(|value| *value != Value::Null));
                    let is_few = rows.len() <= KEYS_SELECTED_MAX;
                    is_few.then(|| known.map(|row| key_hash(hasher, number, row.iter())).collect())
                }
            };
            let mut keys = keys.unwrap_or_else(|| vec![any_key_hash(hasher, number)]);
            keys.sort_unstable();
            keys.dedup();
            if !keys.is_empty() {
                parts.push(BoundShape { shape: number, keys: keys.into(), residual });
            }
        }
        Some(Self { parts })
    }
}

impl Bound {
    /// How many keys the answer rests on.
    pub(crate) fn keys(&self) -> usize {
        self.parts.iter().map(|part| part.keys.len()).sum()
    }
}

struct Binder<'a> {
    dependencies: &'a Dependencies,
    resolve: &'a Resolve<'a>,
}

impl Binder<'_> {
    fn operand(&self, operand: &Operand) -> Option<Value> {
        match operand {
            Operand::Constant(value) => Some(value.clone()),
            Operand::Bind(bind) => (self.resolve.bind)(bind),
            Operand::Plus(base, number) => match self.operand(base)? {
                Value::Null => Some(Value::Null),
                Value::Integer(value) => Some(Value::Integer(value.checked_add(*number)?)),
                Value::Text(text) => {
                    let date = Date::parse(&text).ok()?.plus_days(*number).ok()?;
                    Some(Value::Text(date.to_string().into()))
                }
                _ => None,
            },
            Operand::Computed { column, .. } => {
                debug_assert!(self.dependencies.values.is_some());
                self.resolve.values.get(*column).cloned()
            }
        }
    }

    /// The values of a source, null included.
    fn values(&self, source: &Source) -> Option<Vec<Value>> {
        match source {
            Source::One(operand) => Some(vec![self.operand(operand)?]),
            Source::Any(operands) => operands.iter().map(|operand| self.operand(operand)).collect(),
            Source::List(parameter) => match (self.resolve.bind)(&Bind::Parameter(*parameter))? {
                Value::List(items) => Some(items.into_vec()),
                Value::Null => Some(Vec::new()),
                _ => None,
            },
        }
    }

    /// Every combination, or none where they are too many. No row equals a null.
    fn given(&self, hasher: &DefaultHashBuilder, shape: u32, sources: &[Source]) -> Option<Option<Vec<u64>>> {
        let mut tuples: Vec<Vec<Value>> = vec![Vec::with_capacity(sources.len())];
        for source in sources {
            let mut values = self.values(source)?;
            values.retain(|value| *value != Value::Null);
            values.sort_by(total_order);
            values.dedup();
            if tuples.len().saturating_mul(values.len()) > KEYS_GIVEN_MAX {
                return Some(None);
            }
            let with = |tuple: &Vec<Value>| {
                let extended = |value: &Value| tuple.iter().chain([value]).cloned().collect();
                values.iter().map(extended).collect::<Vec<Vec<Value>>>()
            };
            tuples = tuples.iter().flat_map(with).collect();
        }
        Some(Some(tuples.iter().map(|tuple| key_hash(hasher, shape, tuple.iter())).collect()))
    }

    fn term(&self, term: &Term, shape: &TrackedShape) -> Option<BoundTerm> {
        let place = |column: &usize| shape.places.get(*column).copied().flatten();
        let all = |terms: &[Term]| terms.iter().map(|term| self.term(term, shape)).collect::<Option<Box<[_]>>>();
        Some(match term {
            Term::Compare { column, operator, operand } => {
                BoundTerm::Compare { column: place(column)?, operator: *operator, value: self.operand(operand)? }
            }
            Term::IsNull(column) => BoundTerm::IsNull(place(column)?),
            Term::Among { column, source } => {
                let mut values = self.values(source)?;
                let count = values.len();
                values.retain(|value| *value != Value::Null);
                let has_null = values.len() < count;
                values.sort_by(total_order);
                values.dedup();
                BoundTerm::Among { column: place(column)?, values: values.into(), has_null }
            }
            Term::And(terms) => BoundTerm::And(all(terms)?),
            Term::Or(terms) => BoundTerm::Or(all(terms)?),
            Term::Not(term) => BoundTerm::Not(Box::new(self.term(term, shape)?)),
        })
    }
}
