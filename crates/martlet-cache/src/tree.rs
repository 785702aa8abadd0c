//! An interval tree: of many intervals those that one interval may overlap, without looking at the others.
//!
//! A treap, ordered by the intervals' low ends; each node knows which member of its subtree reaches highest. A node is
//! 16 bytes, because the ends are read where the members have them. Priorities are hashes under a seed that no caller
//! knows: nobody can make it deep by choosing what is added when.

use crate::packed::Packed;
use martlet_core::Value;
use std::cmp::Ordering;

/// No node.
const NONE: u32 = u32::MAX;

/// Tells the ends of members. All low ends are of one kind that has an order, or all are [`Packed::Null`]; so are all
/// high ends.
pub(crate) trait Ends {
    fn low(&self, member: u32) -> Packed<'_>;
    fn high(&self, member: u32) -> Packed<'_>;
}

/// The members by their intervals.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    free: Vec<u32>,
    root: Option<u32>,
    seed: u32,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    member: u32,
    left: u32,
    right: u32,
    /// The member of this subtree with the highest high end.
    highest: u32,
}

/// What is looked for: intervals that end at or after `from` and begin at or before `to`; none: wherever they do.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window<'a> {
    pub(crate) from: Option<&'a Value>,
    pub(crate) to: Option<&'a Value>,
}

impl Tree {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: (seed >> 32) as u32, ..Self::default() }
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    pub(crate) fn add(&mut self, member: u32, ends: &impl Ends) {
        let node = Node { member, left: NONE, right: NONE, highest: member };
        let index = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(node);
            u32::try_from(self.nodes.len() - 1).expect("fewer nodes than records")
        });
        self.nodes[index as usize] = node;
        let root = self.insert(self.root.unwrap_or(NONE), index, ends.low(member), ends);
        self.root = Some(root);
    }

    /// Takes a member out, if it is there.
    pub(crate) fn remove(&mut self, member: u32, ends: &impl Ends) {
        let root = self.take(self.root.unwrap_or(NONE), member, ends.low(member), ends);
        self.root = (root != NONE).then_some(root);
    }

    /// Calls `visit` with each member that overlaps the window.
    pub(crate) fn visit(&self, window: Window<'_>, ends: &impl Ends, visit: &mut impl FnMut(u32)) {
        self.visit_below(self.root.unwrap_or(NONE), window, ends, visit);
    }

    fn visit_below(&self, index: u32, window: Window<'_>, ends: &impl Ends, visit: &mut impl FnMut(u32)) {
        let Some(node) = self.nodes.get(index as usize) else { return };
        let is_low =
            |member: u32| window.from.is_some_and(|from| ends.high(member).order_of(from) == Some(Ordering::Greater));
        if is_low(node.highest) {
            return;
        }
        self.visit_below(node.left, window, ends, visit);
        let is_after = |to: &Value| ends.low(node.member).order_of(to) == Some(Ordering::Less);
        if window.to.is_some_and(is_after) {
            return;
        }
        if !is_low(node.member) {
            visit(node.member);
        }
        self.visit_below(node.right, window, ends, visit);
    }

    fn insert(&mut self, at: u32, new: u32, low: Packed<'_>, ends: &impl Ends) -> u32 {
        if at == NONE {
            return new;
        }
        let (here, member) = (self.nodes[at as usize], self.nodes[new as usize].member);
        if self.priority(member) > self.priority(here.member) {
            let (left, right) = self.split(at, member, ends);
            let node = &mut self.nodes[new as usize];
            (node.left, node.right) = (left, right);
            self.renew(new, ends);
            return new;
        }
        match is_low_before((low, member), here.member, ends) {
            true => self.nodes[at as usize].left = self.insert(here.left, new, low, ends),
            false => self.nodes[at as usize].right = self.insert(here.right, new, low, ends),
        }
        // Nobody has left: only the new one may reach higher.
        if ends.high(member).order(ends.high(here.highest)) == Some(Ordering::Greater) {
            self.nodes[at as usize].highest = member;
        }
        at
    }

    /// Those before a member, and the others.
    fn split(&mut self, at: u32, member: u32, ends: &impl Ends) -> (u32, u32) {
        if at == NONE {
            return (NONE, NONE);
        }
        let here = self.nodes[at as usize];
        let parts = match is_before(here.member, member, ends) {
            true => {
                let (left, right) = self.split(here.right, member, ends);
                self.nodes[at as usize].right = left;
                (at, right)
            }
            false => {
                let (left, right) = self.split(here.left, member, ends);
                self.nodes[at as usize].left = right;
                (left, at)
            }
        };
        self.renew(at, ends);
        parts
    }

    fn take(&mut self, at: u32, member: u32, low: Packed<'_>, ends: &impl Ends) -> u32 {
        if at == NONE {
            return NONE;
        }
        let here = self.nodes[at as usize];
        if here.member == member {
            self.free.push(at);
            return self.merge(here.left, here.right, ends);
        }
        match is_low_before((low, member), here.member, ends) {
            true => self.nodes[at as usize].left = self.take(here.left, member, low, ends),
            false => self.nodes[at as usize].right = self.take(here.right, member, low, ends),
        }
        // Whoever else reaches highest still does.
        if here.highest == member {
            self.renew(at, ends);
        }
        at
    }

    fn merge(&mut self, left: u32, right: u32, ends: &impl Ends) -> u32 {
        if left == NONE || right == NONE {
            return if left == NONE { right } else { left };
        }
        let (before, after) = (self.nodes[left as usize], self.nodes[right as usize]);
        let root = match self.priority(before.member) > self.priority(after.member) {
            true => {
                self.nodes[left as usize].right = self.merge(before.right, right, ends);
                left
            }
            false => {
                self.nodes[right as usize].left = self.merge(left, after.left, ends);
                right
            }
        };
        self.renew(root, ends);
        root
    }

    /// Finds who reaches highest of a node and its children.
    fn renew(&mut self, at: u32, ends: &impl Ends) {
        let node = self.nodes[at as usize];
        let mut highest = node.member;
        for child in [node.left, node.right] {
            if let Some(child) = self.nodes.get(child as usize)
                && ends.high(child.highest).order(ends.high(highest)) == Some(Ordering::Greater)
            {
                highest = child.highest;
            }
        }
        self.nodes[at as usize].highest = highest;
    }

    fn priority(&self, member: u32) -> u32 {
        // Each step can be undone: no two members have the same.
        let mut mixed = member ^ self.seed;
        mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85eb_ca6b);
        mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
        mixed ^ (mixed >> 16)
    }
}

fn is_before(one: u32, other: u32, ends: &impl Ends) -> bool {
    is_low_before((ends.low(one), one), other, ends)
}

/// Of a member whose low end is at hand: to look one up costs more than to compare two.
fn is_low_before((low, one): (Packed<'_>, u32), other: u32, ends: &impl Ends) -> bool {
    let order = low.order(ends.low(other)).unwrap_or(Ordering::Equal);
    order.then(one.cmp(&other)) == Ordering::Less
}

#[cfg(test)]
mod tests {
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
            at = if is_before(member, node.member, ends) { node.left } else { node.right };
            depth += 1;
        }
        depth
    }
}
