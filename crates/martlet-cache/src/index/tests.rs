//! What the index finds is what a scan of all records finds: few under a key or many, with ranges or without.

use super::Index;
use crate::bound::{Bound, Resolve};
use crate::crowd::FEW_MAX;
use crate::shapes::{QueryId, Shapes};
use hashbrown::DefaultHashBuilder;
use martlet_core::{Change, Type, Value};
use martlet_sql::Bind;
use martlet_sql::dependency::{Dependencies, Operand, Shape, Source, Term, Tracked, TrackedTable, Tuples};
use martlet_sql::ir::CompareOperator;
use proptest::prelude::*;
use std::sync::Arc;

/// `t(k, low, high)`, and a query for each set of terms over the arguments `(k, from, to)`.
fn shapes() -> Shapes {
    let compare = |column, operator, argument| {
        let operand = Operand::Bind(Bind::Parameter(argument));
        Term::Compare { column, operator, operand }
    };
    let ends_after = compare(2, CompareOperator::Greater, 1);
    let starts_before = compare(1, CompareOperator::Less, 2);
    let residuals = [
        vec![ends_after.clone(), starts_before.clone()],
        vec![compare(1, CompareOperator::GreaterOrEqual, 1), compare(1, CompareOperator::LessOrEqual, 2)],
        vec![compare(1, CompareOperator::GreaterOrEqual, 1)],
        vec![compare(0, CompareOperator::NotEqual, 0), starts_before],
        vec![Term::Or(vec![ends_after, Term::IsNull(1)])],
        vec![],
    ];
    let query = |residual: &Vec<Term>, has_key: bool| {
        let key = Source::One(Operand::Bind(Bind::Parameter(0)));
        let (key, tuples) = match has_key {
            true => (vec![0], Tuples::Given(vec![key])),
            false => (vec![], Tuples::Given(vec![])),
        };
        let shape = Shape { key, tuples, residual: residual.clone(), ..Shape::whole("t", [0, 1, 2].into()) };
        Arc::new(Dependencies { shapes: vec![shape.clone(), shape], ..Dependencies::default() })
    };
    let queries = residuals.iter().flat_map(|residual| [query(residual, true), query(residual, false)]).collect();
    let table = TrackedTable { name: "t".to_owned(), columns: vec![0, 1, 2], types: vec![Type::Bigint; 3] };
    Shapes::new(&Tracked { tables: vec![table] }, queries)
}

const QUERIES: u32 = 12;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        20 => (0..30i64).prop_map(Value::Integer),
        1 => Just(Value::Null),
        1 => Just(Value::Text("12".into())),
        1 => Just(Value::Double(12.0)),
    ]
}

fn row() -> impl Strategy<Value = Box<[Value]>> {
    (0..2i64, value(), value()).prop_map(|(k, low, high)| [Value::Integer(k), low, high].into())
}

fn change() -> impl Strategy<Value = Change> {
    let image = || proptest::option::weighted(0.7, row());
    (image(), image()).prop_map(|(old, new)| Change { table: 0, old, new })
}

/// Records of one query come together, so that they crowd; some leave again.
#[derive(Debug, Clone)]
enum Step {
    Add(u32, Vec<Box<[Value]>>),
    Remove(Vec<prop::sample::Index>),
    Change(Change),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => (0..QUERIES, proptest::collection::vec(row(), 1..3 * FEW_MAX)).prop_map(|(query, rows)| Step::Add(query, rows)),
        1 => proptest::collection::vec(any::<prop::sample::Index>(), 1..2 * FEW_MAX).prop_map(Step::Remove),
        4 => change().prop_map(Step::Change),
    ];
    proptest::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn finds_what_a_scan_finds(steps in steps()) {
        let hasher = DefaultHashBuilder::default();
        let mut index = Index::new(hasher.clone(), Arc::new(shapes()));
        let mut records: Vec<(u32, Bound)> = Vec::new();
        for step in steps {
            match step {
                Step::Add(query, all) => for arguments in all {
                    let bind = |bind: &Bind| match bind {
                        Bind::Parameter(number) => arguments.get(*number).cloned(),
                        _ => None,
                    };
                    let resolve = Resolve { bind: &bind, keys: &[], values: &[] };
                    let bound = Bound::new(index.shapes(), &hasher, QueryId(query), &resolve).unwrap();
                    records.push((index.add(bound.clone(), ()), bound));
                },
                Step::Remove(which) => for which in which {
                    if !records.is_empty() {
                        let (number, _) = records.swap_remove(which.index(records.len()));
                        prop_assert!(index.remove(number).is_some());
                        prop_assert!(index.remove(number).is_none());
                    }
                },
                Step::Change(change) => {
                    let is_touched = |(_, bound): &&(u32, Bound)| index.touches(&change, bound);
                    let mut scanned: Vec<u32> = records.iter().filter(is_touched).map(|(number, _)| *number).collect();
                    scanned.sort_unstable();
                    prop_assert_eq!(index.touched(&[change]), scanned);
                }
            }
        }
        records.iter().for_each(|(number, _)| _ = index.remove(*number));
        prop_assert!(index.slots.is_empty() && index.items().next().is_none(), "something is left");
        prop_assert!(index.crowds.iter().all(Option::is_none));
    }
}
