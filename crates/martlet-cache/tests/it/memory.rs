//! What an entry costs beside its key and its body: counted, not computed.

use crate::small::tracked;
use allocation_counter::measure;
use martlet_cache::{Cache, CacheSettings, QueryId, Resolve, Weigh};
use martlet_core::Value;
use martlet_sql::Bind;
use martlet_sql::EngineText;
use martlet_sql::dependency::{Dependencies, KeysStatement, Operand, Shape, Source, Term, Tuples};
use martlet_sql::ir::CompareOperator;
use std::sync::Arc;
use std::time::Instant;

/// What an entry may cost, and each key that it rests on.
const ENTRY_SIZE_MAX: usize = 400;
const KEY_SIZE_MAX: usize = 64;
const BODY_SIZE: usize = 300;

/// As large as what the engine keeps: an answer's facts, a place for what a surface attaches, counters.
#[derive(Debug)]
struct Kept {
    body: Box<[u8]>,
    _facts: [u64; 14],
}

impl Weigh for Kept {
    fn weight(&self) -> usize {
        self.body.len()
    }

    fn digest(&self) -> u64 {
        0
    }
}

/// Dates, as an answer about a stay has them.
fn arguments(number: usize) -> [Value; 3] {
    let date =
        |day: usize| Value::Text(format!("20{:02}-{:02}-{:02}", day / 372, day / 31 % 12 + 1, day % 31 + 1).into());
    [Value::Integer(number as i64), date(number % 2_000), date(number % 2_000 + number % 7 + 1)]
}

/// Keeps many answers; bytes that each costs beside its key and body, and the bytes that it is counted for.
fn cost(entries: usize, shapes: Vec<Shape>, keys: impl Fn(usize) -> Vec<Vec<Box<[Value]>>>) -> (usize, usize) {
    let settings = CacheSettings { bytes_max: 1 << 30, entries_max: 10_000_000, ..CacheSettings::default() };
    let cache: Cache<Kept> = Cache::new(settings);
    let statement = KeysStatement { sqlite: EngineText { text: String::new(), binds: Vec::new() }, columns: vec![] };
    let dependencies = Dependencies { shapes, keys: vec![statement], ..Dependencies::default() };
    cache.load(Arc::new(tracked()), vec![Arc::new(dependencies)]);
    let key_size = 40;
    let used = measure(|| {
        for number in 0..entries {
            let arguments = arguments(number);
            let bind = |bind: &Bind| match bind {
                Bind::Parameter(index) => Some(arguments[*index].clone()),
                _ => None,
            };
            let keys = keys(number);
            let resolve = Resolve { bind: &bind, keys: &keys, values: &[] };
            let key = format!("{number:0key_size$}").into_bytes().into();
            let value = Kept { body: vec![0; BODY_SIZE].into(), _facts: [0; 14] };
            let kept = cache.keep(cache.start(), 0, key, QueryId(0), &resolve, value, None, Instant::now());
            assert!(kept.is_ok());
        }
    });
    assert_eq!(cache.figures().entries, entries);
    let used = usize::try_from(used.bytes_current).unwrap();
    (used / entries - key_size - BODY_SIZE, cache.figures().bytes as usize / entries - key_size - BODY_SIZE)
}

fn compare(column: usize, operator: CompareOperator, argument: usize) -> Term {
    Term::Compare { column, operator, operand: Operand::Bind(Bind::Parameter(argument)) }
}

/// A whole table, and the rows of another that overlap the stay.
fn availability() -> Vec<Shape> {
    let residual = vec![compare(0, CompareOperator::Less, 2), compare(1, CompareOperator::Greater, 1)];
    vec![Shape::whole("items", [0, 1].into()), Shape { residual, ..Shape::whole("items", [0, 1].into()) }]
}

#[test]
fn an_entry_is_small() {
    let (cost, counted) = cost(100_000, availability(), |_| Vec::new());
    assert!(cost <= ENTRY_SIZE_MAX + 2 * KEY_SIZE_MAX, "{cost} bytes");
    assert!(cost <= counted, "{cost} bytes, counted for {counted}");
    let own = Shape {
        key: vec![0],
        tuples: Tuples::Given(vec![Source::One(Operand::Bind(Bind::Parameter(0)))]),
        ..Shape::whole("items", [0, 1].into())
    };
    let (cost, counted) = self::cost(20_000, vec![own], |_| Vec::new());
    assert!(cost <= ENTRY_SIZE_MAX + KEY_SIZE_MAX, "{cost} bytes");
    assert!(cost <= counted, "{cost} bytes, counted for {counted}");
}

#[test]
fn a_key_is_small() {
    const KEYS: usize = 21;
    let selected = Shape { key: vec![0], tuples: Tuples::Selected(0), ..Shape::whole("items", [0, 1].into()) };
    // Some are shared by many answers, most are not.
    let keys = |number: usize| {
        let key = |of: usize| if of < 3 { of * 100 + number % 100 } else { 1_000 + number * KEYS + of };
        vec![(0..KEYS).map(|of| [Value::Integer(key(of) as i64)].into()).collect()]
    };
    let (cost, counted) = cost(20_000, vec![selected], keys);
    assert!(cost <= ENTRY_SIZE_MAX + KEYS * KEY_SIZE_MAX, "{cost} bytes");
    assert!(cost <= counted, "{cost} bytes, counted for {counted}");
}
