//! The tree beside a scan; how deep it is.

use super::*;
use proptest::prelude::*;

struct Intervals(Vec<(i64, i64)>);

impl Ends for Intervals {
    fn low(&self, member: u32) -> Packed<'_> {
        Packed::Integer(self.0[member as usize].0)
    }

    fn high(&self, member: u32) -> Packed<'_> {
        Packed::Integer(self.0[member as usize].1)
    }
}

fn found(tree: &Tree, ends: &Intervals, from: Option<i64>, to: Option<i64>) -> Vec<u32> {
    let (from, to) = (from.map(Value::Integer), to.map(Value::Integer));
    let mut found = Vec::new();
    tree.visit(Window { from: from.as_ref(), to: to.as_ref() }, ends, &mut |member| found.push(member));
    found.sort_unstable();
    found
}

fn end() -> impl Strategy<Value = Option<i64>> {
    proptest::option::weighted(0.8, -3..30i64)
}

proptest! {
    #[test]
    fn finds_what_a_scan_finds(
        intervals in proptest::collection::vec((0..25i64, 0..25i64), 1..60),
        steps in proptest::collection::vec((0..60usize, any::<bool>(), end(), end()), 1..120),
        seed: u64,
    ) {
        let ends = Intervals(intervals);
        let mut tree = Tree::new(seed);
        let mut there = vec![false; ends.0.len()];
        for (which, is_added, from, to) in steps {
            let which = which % ends.0.len();
            let member = u32::try_from(which).unwrap();
            match (is_added, there[which]) {
                (true, false) => tree.add(member, &ends),
                _ => tree.remove(member, &ends),
            }
            there[which] = is_added && !there[which];
            let overlaps = |(low, high): (i64, i64)| {
                from.is_none_or(|from| high >= from) && to.is_none_or(|to| low <= to)
            };
            let scanned = (0..ends.0.len()).filter(|it| there[*it] && overlaps(ends.0[*it]));
            let scanned: Vec<u32> = scanned.map(|it| u32::try_from(it).unwrap()).collect();
            prop_assert_eq!(found(&tree, &ends, from, to), scanned);
            prop_assert_eq!(tree.is_empty(), !there.contains(&true));
        }
    }
}

/// Were it a list, this would take minutes, or the stack.
#[test]
fn it_is_not_deep_however_it_is_filled() {
    let ends = Intervals((0..100_000).map(|low| (low, low + 3)).collect());
    let mut tree = Tree::new(0x1234_5678_9abc_def0);
    (0..100_000).for_each(|member| tree.add(member, &ends));
    assert_eq!(found(&tree, &ends, Some(50_000), Some(50_001)).len(), 5);
    let depth = (0..100_000u32).map(|member| depth_of(&tree, member, &ends)).max();
    assert!(depth < Some(80), "{depth:?}");
    (0..100_000).for_each(|member| tree.remove(member, &ends));
    assert!(tree.is_empty());
}

fn depth_of(tree: &Tree, member: u32, ends: &Intervals) -> usize {
    let (mut at, mut depth) = (tree.root.unwrap(), 0);
    while tree.nodes[at as usize].member != member {
        let node = tree.nodes[at as usize];
        at = if Place::of(member, ends).is_before(&node, ends) { node.left } else { node.right };
        depth += 1;
    }
    depth
}
