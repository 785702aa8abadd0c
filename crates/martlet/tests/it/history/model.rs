//! The data of the histories' app in memory: what each action does, and what each query answers after it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// Keys of registers are below.
pub(crate) const REGISTERS: i64 = 24;
/// Ids of lists are below.
pub(crate) const LISTS: i64 = 12;
/// Users.
pub(crate) const OWNERS: i64 = 6;
/// Places of items are below.
pub(crate) const PLACES: i64 = 100;
/// Items of a page.
const PAGE: usize = 3;

/// A user's id.
pub(crate) fn owner_id(owner: i64) -> String {
    format!("00000000-0000-4000-8000-{owner:012x}")
}

/// What an action does, beside writing its tag into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Put { key: i64 },
    PutBoth { a: i64, b: i64 },
    Hide { key: i64 },
    MakeList { list: i64, owner: i64 },
    DropList { list: i64 },
    Append { list: i64, place: i64 },
    Remove { value: i64 },
    Shift { value: i64, list: i64, place: i64 },
    Mark { low: i64, high: i64 },
    Trick { key: i64, list: i64 },
}

/// A query with its arguments, and with the caller where it reads a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Ask {
    Register {
        key: i64,
    },
    /// As [`Ask::Register`], by a query with `@cache stale`.
    Lax {
        key: i64,
    },
    /// Four registers, this one first.
    Several {
        first: i64,
    },
    List {
        list: i64,
    },
    /// As [`Ask::List`], slowly.
    Heavy {
        list: i64,
    },
    Latest {
        list: i64,
    },
    Range {
        low: i64,
        high: i64,
    },
    Owned {
        owner: i64,
    },
    Counts {
        owner: i64,
    },
    Mine {
        owner: i64,
    },
    Empty {
        owner: i64,
    },
    /// The page of items with larger values.
    Page {
        list: i64,
        after: i64,
    },
    Tip,
    /// The register, by a query that tells its version.
    Versioned {
        key: i64,
        version: u32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Item {
    place: i64,
    mark: i64,
}

/// The items of a list by their values.
type Items = Arc<BTreeMap<i64, Item>>;

/// The data after a commit. A copy shares what is not altered.
#[derive(Debug, Clone)]
pub(crate) struct State {
    commits: u64,
    registers: Arc<[Option<i64>]>,
    /// Owner and name.
    lists: Arc<[Option<(i64, i64)>]>,
    items: Vec<Items>,
}

impl State {
    pub(crate) fn empty() -> Self {
        let size = |number: i64| usize::try_from(number).expect("small");
        Self {
            commits: 0,
            registers: vec![None; size(REGISTERS)].into(),
            lists: vec![None; size(LISTS)].into(),
            items: vec![Items::default(); size(LISTS)],
        }
    }

    /// The data after this action has committed.
    pub(crate) fn after(&self, tag: i64, op: Op) -> Self {
        let mut next = self.clone();
        next.commits += 1;
        match op {
            Op::Put { key } => next.put(key, tag),
            Op::PutBoth { a, b } => {
                for key in [a, b] {
                    if next.registers[index(key)].is_some() {
                        next.put(key, tag);
                    }
                }
            }
            Op::Hide { .. } => {}
            Op::MakeList { list, owner } => next.set_list(list, Some((owner, tag))),
            Op::DropList { list } => {
                next.set_list(list, None);
                next.items[index(list)] = Items::default();
            }
            Op::Append { list, place } => {
                Arc::make_mut(&mut next.items[index(list)]).insert(tag, Item { place, mark: 0 });
            }
            Op::Remove { value } => drop(next.take(value)),
            Op::Shift { value, list, place } => {
                if let Some(item) = next.take(value) {
                    Arc::make_mut(&mut next.items[index(list)]).insert(value, Item { place, ..item });
                }
            }
            Op::Mark { low, high } => {
                let is_in = |item: &Item| (low..high).contains(&item.place);
                for items in next.items.iter_mut().filter(|items| items.values().any(is_in)) {
                    Arc::make_mut(items).values_mut().filter(|item| is_in(item)).for_each(|item| item.mark = tag);
                }
            }
            Op::Trick { .. } => unreachable!("it never commits"),
        }
        next
    }

    fn put(&mut self, key: i64, value: i64) {
        Arc::make_mut(&mut self.registers)[index(key)] = Some(value);
    }

    fn set_list(&mut self, list: i64, to: Option<(i64, i64)>) {
        Arc::make_mut(&mut self.lists)[index(list)] = to;
    }

    fn take(&mut self, value: i64) -> Option<Item> {
        let items = self.items.iter_mut().find(|items| items.contains_key(&value))?;
        Arc::make_mut(items).remove(&value)
    }

    /// The lists of an owner: id and name.
    fn lists_of(&self, owner: i64) -> impl Iterator<Item = (usize, i64)> {
        let lists = self.lists.iter().enumerate();
        lists.filter_map(move |(id, list)| list.filter(|list| list.0 == owner).map(|list| (id, list.1)))
    }

    /// The answer's body.
    pub(crate) fn answer(&self, ask: Ask) -> String {
        let mut rows = Rows::default();
        match ask {
            Ask::Register { key } | Ask::Lax { key } => {
                if let Some(value) = self.registers[index(key)] {
                    rows.add(format_args!("\"key\":{key},\"value\":{value}"));
                }
            }
            Ask::Versioned { key, version } => {
                if let Some(value) = self.registers[index(key)] {
                    rows.add(format_args!("\"key\":{key},\"value\":{value},\"version\":{version}"));
                }
            }
            Ask::Several { first } => {
                for key in several(first) {
                    if let Some(value) = self.registers[index(key)] {
                        rows.add(format_args!("\"key\":{key},\"value\":{value}"));
                    }
                }
            }
            Ask::List { list } => {
                for (value, Item { place, mark }) in &*self.items[index(list)] {
                    rows.add(format_args!("\"value\":{value},\"place\":{place},\"mark\":{mark}"));
                }
            }
            Ask::Heavy { list } => {
                for value in self.items[index(list)].keys() {
                    rows.add(format_args!("\"value\":{value},\"steps\":30000"));
                }
            }
            Ask::Latest { list } => {
                for value in self.items[index(list)].keys().rev().take(3) {
                    rows.add(format_args!("\"value\":{value}"));
                }
            }
            Ask::Range { low, high } => {
                let all =
                    self.items.iter().enumerate().flat_map(|(list, items)| items.iter().map(move |it| (list, it)));
                let within = all.filter(|(_, (_, item))| (low..high).contains(&item.place));
                let sorted: BTreeMap<i64, usize> = within.map(|(list, (value, _))| (*value, list)).collect();
                for (value, list) in sorted {
                    rows.add(format_args!("\"value\":{value},\"list\":{list}"));
                }
            }
            Ask::Owned { owner } => {
                let of = |(id, name): (usize, i64)| self.items[id].keys().map(move |value| (*value, name));
                let sorted: BTreeMap<i64, i64> = self.lists_of(owner).flat_map(of).collect();
                for (value, name) in sorted {
                    rows.add(format_args!("\"name\":{name},\"value\":{value}"));
                }
            }
            Ask::Counts { owner } => {
                for (id, _) in self.lists_of(owner) {
                    let count = self.items[id].values().filter(|item| item.place < 50).count();
                    rows.add(format_args!("\"id\":{id},\"items\":{count}"));
                }
            }
            Ask::Mine { owner } => {
                for (id, name) in self.lists_of(owner) {
                    let last = self.items[id].keys().next_back().map_or("null".to_owned(), i64::to_string);
                    rows.add(format_args!("\"id\":{id},\"name\":{name},\"last\":{last}"));
                }
            }
            Ask::Empty { owner } => {
                for (id, _) in self.lists_of(owner).filter(|(id, _)| self.items[*id].is_empty()) {
                    rows.add(format_args!("\"id\":{id}"));
                }
            }
            Ask::Page { list, after } => return self.page(list, after),
            Ask::Tip => return self.commits.to_string(),
        }
        rows.end()
    }

    /// A page, with `C` for its cursor.
    fn page(&self, list: i64, after: i64) -> String {
        let mut rows = Rows::default();
        let mut rest = self.items[index(list)].range(after + 1..);
        for (value, item) in rest.by_ref().take(PAGE) {
            rows.add(format_args!("\"value\":{value},\"mark\":{}", item.mark));
        }
        let has_more = rest.next().is_some();
        let cursor = if has_more { "\"C\"" } else { "null" };
        format!("{{\"items\":{},\"next_cursor\":{cursor},\"has_more\":{has_more}}}", rows.end())
    }
}

/// The registers of [`Ask::Several`], in order.
pub(crate) fn several(first: i64) -> [i64; 4] {
    let mut keys = [0, 5, 10, 15].map(|step| (first + step) % REGISTERS);
    keys.sort_unstable();
    keys
}

fn index(number: i64) -> usize {
    usize::try_from(number).expect("never negative")
}

/// A list of objects, as the canonical writer writes it.
#[derive(Default)]
struct Rows(String);

impl Rows {
    fn add(&mut self, members: std::fmt::Arguments<'_>) {
        let before = if self.0.is_empty() { "[" } else { "," };
        write!(self.0, "{before}{{{members}}}").expect("write to a text");
    }

    fn end(mut self) -> String {
        self.0.push_str(if self.0.is_empty() { "[]" } else { "]" });
        self.0
    }
}
