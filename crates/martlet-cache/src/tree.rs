//! An interval tree: of many intervals those that one interval may overlap, without looking at the others.
//!
//! A treap, ordered by the intervals' low ends; each node knows which member of its subtree reaches highest. The ends
//! are read where the members have them, but only where their beginnings, which the nodes have, do not tell two apart:
//! a member's ends lie in places of memory that are far from each other. Priorities are hashes under a seed that no
//! caller knows: nobody can make it deep by choosing what is added when.

mod beginning;
#[cfg(test)]
mod tests;

use crate::packed::Packed;
use beginning::Beginning;
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
    low: Beginning,
    high: Beginning,
    /// Of that of `highest`.
    highest_high: Beginning,
}

/// Where a member stands in the order.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    member: u32,
    low: Packed<'a>,
    beginning: Beginning,
}

impl<'a> Place<'a> {
    fn of(member: u32, ends: &'a impl Ends) -> Self {
        let low = ends.low(member);
        Self { member, low, beginning: Beginning::of(low) }
    }

    /// No two members stand at the same place.
    fn is_before(&self, node: &Node, ends: &impl Ends) -> bool {
        let order = self.beginning.cmp(&node.low);
        let order = order.then_with(|| self.low.order(ends.low(node.member)).unwrap_or(Ordering::Equal));
        order.then(self.member.cmp(&node.member)) == Ordering::Less
    }
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
        let place = Place::of(member, ends);
        let high = Beginning::of(ends.high(member));
        let node =
            Node { member, left: NONE, right: NONE, highest: member, low: place.beginning, high, highest_high: high };
        let index = self.free.pop().unwrap_or_else(|| {
            self.nodes.push(node);
            u32::try_from(self.nodes.len() - 1).expect("fewer nodes than records")
        });
        self.nodes[index as usize] = node;
        let root = self.insert(self.root.unwrap_or(NONE), index, place, ends);
        self.root = Some(root);
    }

    /// Takes a member out, if it is there.
    pub(crate) fn remove(&mut self, member: u32, ends: &impl Ends) {
        let Some(root) = self.root else { return };
        let root = self.take(root, Place::of(member, ends), ends);
        self.root = (root != NONE).then_some(root);
    }

    /// Calls `visit` with each member that overlaps the window.
    pub(crate) fn visit(&self, window: Window<'_>, ends: &impl Ends, visit: &mut impl FnMut(u32)) {
        let begun = |end: Option<&'_ Value>| end.map(Beginning::of_cell).unwrap_or_default();
        let beginnings = [begun(window.from), begun(window.to)];
        self.visit_below(self.root.unwrap_or(NONE), window, beginnings, ends, visit);
    }

    fn visit_below(
        &self,
        index: u32,
        window: Window<'_>,
        [from_begins, to_begins]: [Beginning; 2],
        ends: &impl Ends,
        visit: &mut impl FnMut(u32),
    ) {
        let Some(node) = self.nodes.get(index as usize) else { return };
        let is_low = |member: u32, high: Beginning| {
            window.from.is_some_and(|from| {
                let order = from_begins.cmp(&high);
                order.then_with(|| ends.high(member).order_of(from).unwrap_or(Ordering::Equal)) == Ordering::Greater
            })
        };
        if is_low(node.highest, node.highest_high) {
            return;
        }
        self.visit_below(node.left, window, [from_begins, to_begins], ends, visit);
        let is_after = |to: &Value| {
            let order = to_begins.cmp(&node.low);
            order.then_with(|| ends.low(node.member).order_of(to).unwrap_or(Ordering::Equal)) == Ordering::Less
        };
        if window.to.is_some_and(is_after) {
            return;
        }
        if !is_low(node.member, node.high) {
            visit(node.member);
        }
        self.visit_below(node.right, window, [from_begins, to_begins], ends, visit);
    }

    fn insert(&mut self, at: u32, new: u32, place: Place<'_>, ends: &impl Ends) -> u32 {
        if at == NONE {
            return new;
        }
        let here = self.nodes[at as usize];
        if self.priority(place.member) > self.priority(here.member) {
            let (left, right) = self.split(at, place, ends);
            let node = &mut self.nodes[new as usize];
            (node.left, node.right) = (left, right);
            self.renew(new, ends);
            return new;
        }
        match place.is_before(&here, ends) {
            true => self.nodes[at as usize].left = self.insert(here.left, new, place, ends),
            false => self.nodes[at as usize].right = self.insert(here.right, new, place, ends),
        }
        // Nobody has left: only the new one may reach higher.
        let added = self.nodes[new as usize];
        if reaches_higher((added.member, added.high), (here.highest, here.highest_high), ends) {
            let node = &mut self.nodes[at as usize];
            (node.highest, node.highest_high) = (added.member, added.high);
        }
        at
    }

    /// Those before a place, and the others.
    fn split(&mut self, at: u32, place: Place<'_>, ends: &impl Ends) -> (u32, u32) {
        if at == NONE {
            return (NONE, NONE);
        }
        let here = self.nodes[at as usize];
        let parts = match place.is_before(&here, ends) {
            false => {
                let (left, right) = self.split(here.right, place, ends);
                self.nodes[at as usize].right = left;
                (at, right)
            }
            true => {
                let (left, right) = self.split(here.left, place, ends);
                self.nodes[at as usize].left = right;
                (left, at)
            }
        };
        self.renew(at, ends);
        parts
    }

    fn take(&mut self, at: u32, place: Place<'_>, ends: &impl Ends) -> u32 {
        if at == NONE {
            return NONE;
        }
        let here = self.nodes[at as usize];
        if here.member == place.member {
            self.free.push(at);
            return self.merge(here.left, here.right, ends);
        }
        match place.is_before(&here, ends) {
            true => self.nodes[at as usize].left = self.take(here.left, place, ends),
            false => self.nodes[at as usize].right = self.take(here.right, place, ends),
        }
        // Whoever else reaches highest still does.
        if here.highest == place.member {
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
        let mut highest = (node.member, node.high);
        for child in [node.left, node.right] {
            if let Some(child) = self.nodes.get(child as usize)
                && reaches_higher((child.highest, child.highest_high), highest, ends)
            {
                highest = (child.highest, child.highest_high);
            }
        }
        let node = &mut self.nodes[at as usize];
        (node.highest, node.highest_high) = highest;
    }

    fn priority(&self, member: u32) -> u32 {
        // Each step can be undone: no two members have the same.
        let mut mixed = member ^ self.seed;
        mixed = (mixed ^ (mixed >> 16)).wrapping_mul(0x85eb_ca6b);
        mixed = (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35);
        mixed ^ (mixed >> 16)
    }
}

/// Whether the high end of one member lies beyond another's; both with how it begins.
fn reaches_higher(one: (u32, Beginning), other: (u32, Beginning), ends: &impl Ends) -> bool {
    let order = one.1.cmp(&other.1);
    order.then_with(|| ends.high(one.0).order(ends.high(other.0)).unwrap_or(Ordering::Equal)) == Ordering::Greater
}
