//! The dependencies of one answer: shapes with the values of its arguments and caller in them.

use crate::matching::may_meet;
use crate::packed::{self, Table, total_order};
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

/// What one answer rests on, as bytes: for each shape its number, how many keys and bytes follow, hashes of the key
/// values, sorted, and the table of its operands. Two hashes that collide only make an answer fall too often.
#[derive(Debug, Clone, Default)]
pub struct Bound {
    bytes: Box<[u8]>,
}

/// Number, count of keys, bytes of all that follows: four bytes each.
const HEAD_SIZE: usize = 12;

/// One shape of an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BoundShape<'a> {
    /// The shape's number.
    pub(crate) shape: u32,
    keys: &'a [u8],
    operands: &'a [u8],
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
        let mut bytes = Vec::with_capacity(128);
        for (index, shape) in dependencies.shapes.iter().enumerate() {
            let number = first + u32::try_from(index).ok()?;
            let mut operands = Vec::with_capacity(shape.residual.len());
            shape.residual.iter().try_for_each(|term| binder.operands(term, &mut operands))?;
            shapes.get(number)?.terms.as_ref()?;
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
                write_shape(number, &keys, &operands, &mut bytes)?;
            }
        }
        Some(Self { bytes: bytes.into() })
    }

    pub(crate) fn shapes(&self) -> impl Iterator<Item = BoundShape<'_>> {
        let mut rest = &*self.bytes;
        std::iter::from_fn(move || {
            let (head, after) = rest.split_at_checked(HEAD_SIZE)?;
            let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
            let (body, next) = after.split_at_checked(number(8)? as usize)?;
            let (keys, operands) = body.split_at_checked(8 * number(4)? as usize)?;
            rest = next;
            Some(BoundShape { shape: number(0)?, keys, operands })
        })
    }

    pub(crate) fn shape(&self, number: u32) -> Option<BoundShape<'_>> {
        self.shapes().find(|part| part.shape == number)
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// How many keys the answer rests on.
    pub(crate) fn keys(&self) -> usize {
        self.shapes().map(|part| part.keys.len() / 8).sum()
    }
}

/// None past what four bytes count.
fn write_shape(number: u32, keys: &[u64], operands: &[Value], bytes: &mut Vec<u8>) -> Option<()> {
    let head = bytes.len();
    bytes.extend_from_slice(&number.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(keys.len()).ok()?.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    keys.iter().for_each(|key| bytes.extend_from_slice(&key.to_le_bytes()));
    packed::write(operands, bytes);
    let size = u32::try_from(bytes.len() - head - HEAD_SIZE).ok()?;
    bytes[head + 8..head + HEAD_SIZE].copy_from_slice(&size.to_le_bytes());
    Some(())
}

impl<'a> BoundShape<'a> {
    /// Hashes of the keys, ascending.
    pub(crate) fn keys(self) -> impl Iterator<Item = u64> + 'a {
        self.keys.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes))
    }

    pub(crate) fn has_key(self, key: u64) -> bool {
        self.keys.as_chunks().0.binary_search_by_key(&key, |bytes| u64::from_le_bytes(*bytes)).is_ok()
    }

    pub(crate) fn operands(self, shape: &TrackedShape) -> Table<'a> {
        Table::new(shape.operands, self.operands)
    }

    /// Whether the residual terms may hold for a row.
    pub(crate) fn is_met_by(self, shape: &TrackedShape, row: &[Value]) -> bool {
        shape.terms.as_ref().is_none_or(|terms| may_meet(terms, self.operands(shape), row))
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

    /// Hashes of every combination, or none where they are too many. No row equals a null.
    fn given(&self, hasher: &DefaultHashBuilder, shape: u32, sources: &[Source]) -> Option<Option<Vec<u64>>> {
        let mut lists = Vec::with_capacity(sources.len());
        let mut count = 1usize;
        for source in sources {
            let mut values = self.values(source)?;
            values.retain(|value| *value != Value::Null);
            values.sort_by(total_order);
            values.dedup();
            count = count.saturating_mul(values.len());
            lists.push(values);
        }
        if count > KEYS_GIVEN_MAX {
            return Some(None);
        }
        let tuple = |number: usize| {
            let mut rest = number;
            lists.iter().map(move |values| {
                let value = &values[rest % values.len()];
                rest /= values.len();
                value
            })
        };
        Some(Some((0..count).map(|number| key_hash(hasher, shape, tuple(number))).collect()))
    }

    /// The operands of a term, in the order in which [`crate::shapes`] numbers them.
    fn operands(&self, term: &Term, operands: &mut Vec<Value>) -> Option<()> {
        match term {
            Term::Compare { operand, .. } => operands.push(self.operand(operand)?),
            Term::IsNull(_) => {}
            Term::Among { source, .. } => operands.push(Value::List(self.values(source)?.into())),
            Term::And(terms) | Term::Or(terms) => {
                terms.iter().try_for_each(|term| self.operands(term, operands))?;
            }
            Term::Not(term) => self.operands(term, operands)?,
        }
        Some(())
    }
}
