//! Whatever the order of reads, fills and commits: what is given is the answer of the moment.
//!
//! The database is a list of rows for each commit; a fill reads at one of them and is kept later, with commits in
//! between. The queries are compiled ones, so their dependencies are those that the compiler finds.

use martlet_cache::{Cache, CacheSettings, QueryId, Resolve, Weigh};
use martlet_core::{Change, Value};
use martlet_sql::dependency::{Dependencies, Tracked};
use martlet_sql::{App, Bind, SourceFile, compile};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

const SCHEMA: &str = "
create table items (id bigint primary key, owner bigint not null, day bigint, note text, hidden bigint not null);
create table owners (id bigint primary key, name text not null);
";

/// Each takes one number, and tells by its name how [`answer`] computes it.
const QUERIES: [(&str, &str); 6] = [
    ("of_owner", "select id, note from items where owner = :n"),
    ("before", "select count(*) as n from items where day < :n + 1 and day > :n - 3"),
    ("undated", "select id from items where day is null and owner <> :n"),
    ("either", "select id from items where owner = :n or day = :n"),
    ("owner_of", "select o.name from items i join owners o on o.id = i.owner where i.id = :n"),
    ("all", "select count(*) as n from items where :n = :n"),
];

#[derive(Debug, Clone, PartialEq)]
struct Item {
    owner: i64,
    day: Option<i64>,
    note: i64,
    hidden: i64,
}

/// The data after one commit.
#[derive(Debug, Clone, Default, PartialEq)]
struct Data {
    items: BTreeMap<i64, Item>,
    owners: BTreeMap<i64, i64>,
}

#[derive(Debug, Clone)]
enum Step {
    Put(i64, Item),
    Remove(i64),
    Rename(i64, i64),
    Begin(usize, i64),
    Keep(usize),
    Get(usize, i64),
}

#[derive(Debug, Clone, PartialEq)]
struct Text(String);

impl Weigh for Text {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.hash(&mut hasher);
        hasher.finish()
    }
}

fn answer(data: &Data, query: usize, n: i64) -> String {
    let items = || data.items.iter();
    match QUERIES[query].0 {
        "of_owner" => {
            format!(
                "{:?}",
                items().filter(|(_, item)| item.owner == n).map(|(id, item)| (id, item.note)).collect::<Vec<_>>()
            )
        }
        "before" => {
            items().filter(|(_, item)| item.day.is_some_and(|day| day < n + 1 && day > n - 3)).count().to_string()
        }
        "undated" => {
            format!("{:?}", items().filter(|(_, i)| i.day.is_none() && i.owner != n).map(|it| it.0).collect::<Vec<_>>())
        }
        "either" => {
            format!(
                "{:?}",
                items().filter(|(_, i)| i.owner == n || i.day == Some(n)).map(|it| it.0).collect::<Vec<_>>()
            )
        }
        "owner_of" => format!("{:?}", data.items.get(&n).and_then(|item| data.owners.get(&item.owner))),
        _ => items().count().to_string(),
    }
}

struct World {
    app: App,
    tracked: Arc<Tracked>,
    cache: Cache<Text>,
    data: Data,
    commits: u64,
    fills: Vec<Fill>,
    kept: u32,
    given: u32,
}

/// A fill whose answer has been read.
struct Fill {
    start: martlet_cache::Start,
    position: u64,
    query: usize,
    n: i64,
    answer: String,
    keys: Vec<Vec<Box<[Value]>>>,
}

impl World {
    fn new() -> Self {
        let mut files = vec![SourceFile { path: "migrations/0001_all.sql".to_owned(), text: SCHEMA.to_owned() }];
        for (name, sql) in QUERIES {
            let text = format!("-- @allow anyone\n-- @param n bigint\n{sql}");
            files.push(SourceFile { path: format!("queries/{name}.sql"), text });
        }
        let compiled = compile(&files);
        let app = compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
        let tracked = Arc::new(Tracked::of(&app));
        let cache = Cache::new(CacheSettings { entries_max: 16, bytes_max: 16_000, ..CacheSettings::default() });
        let of = |(name, _): (&str, &str)| Arc::new(app.queries[name].dependencies.clone());
        let queries: Vec<Arc<Dependencies>> = QUERIES.into_iter().map(of).collect();
        cache.load(Arc::clone(&tracked), queries);
        Self { app, tracked, cache, data: Data::default(), commits: 0, fills: Vec::new(), kept: 0, given: 0 }
    }

    /// The tracked columns of a row that is given with all columns.
    fn tracked(&self, table: &str, row: Vec<Value>) -> (usize, Box<[Value]>) {
        let index = self.tracked.index(table).unwrap();
        let columns = &self.tracked.tables[index].columns;
        (index, columns.iter().map(|column| row[*column].clone()).collect())
    }

    fn item(&self, id: i64, item: &Item) -> (usize, Box<[Value]>) {
        let day = item.day.map_or(Value::Null, Value::Integer);
        let note = Value::Text(item.note.to_string().into());
        let row = vec![Value::Integer(id), Value::Integer(item.owner), day, note, Value::Integer(item.hidden)];
        self.tracked("items", row)
    }

    fn owner(&self, id: i64, name: i64) -> (usize, Box<[Value]>) {
        self.tracked("owners", vec![Value::Integer(id), Value::Text(name.to_string().into())])
    }

    /// A commit: what it touches has ended when it can be seen.
    fn commit(&mut self, old: Option<(usize, Box<[Value]>)>, new: Option<(usize, Box<[Value]>)>, after: Data) {
        let Some(table) = old.as_ref().or(new.as_ref()).map(|(table, _)| *table) else { return };
        let change = Change { table, old: old.map(|it| it.1), new: new.map(|it| it.1) };
        self.cache.begins(self.commits + 1, &[change]);
        self.data = after;
        self.commits += 1;
    }

    fn step(&mut self, step: Step) {
        let mut after = self.data.clone();
        match step {
            Step::Put(id, item) => {
                let old = self.data.items.get(&id).map(|old| self.item(id, old));
                let new = Some(self.item(id, &item));
                after.items.insert(id, item);
                self.commit(old, new, after);
            }
            Step::Remove(id) => {
                let old = after.items.remove(&id).map(|old| self.item(id, &old));
                self.commit(old, None, after);
            }
            Step::Rename(id, name) => {
                let old = self.data.owners.get(&id).map(|old| self.owner(id, *old));
                let new = Some(self.owner(id, name));
                after.owners.insert(id, name);
                self.commit(old, new, after);
            }
            Step::Begin(query, n) => {
                let start = self.cache.start();
                let keys = match QUERIES[query].0 {
                    "owner_of" => {
                        let owner = self.data.items.get(&n).map(|item| [Value::Integer(item.owner)].into());
                        vec![owner.into_iter().collect()]
                    }
                    _ => Vec::new(),
                };
                let answer = answer(&self.data, query, n);
                self.fills.push(Fill { start, position: self.commits, query, n, answer, keys });
            }
            Step::Keep(which) if !self.fills.is_empty() => {
                let fill = self.fills.swap_remove(which % self.fills.len());
                self.keep(fill);
            }
            Step::Keep(_) => {}
            Step::Get(query, n) => {
                if let Some(entry) = self.cache.get(&key(query, n), Instant::now()) {
                    self.given += 1;
                    assert_eq!(entry.value().0, answer(&self.data, query, n), "{} of {n}", QUERIES[query].0);
                }
            }
        }
    }

    fn keep(&mut self, fill: Fill) {
        let dependencies = &self.app.queries[QUERIES[fill.query].0].dependencies;
        assert_eq!(fill.keys.len(), dependencies.keys.len());
        let bind = |bind: &Bind| (*bind == Bind::Parameter(0)).then_some(Value::Integer(fill.n));
        let resolve = Resolve { bind: &bind, keys: &fill.keys, values: &[] };
        let query = QueryId(u32::try_from(fill.query).unwrap());
        let kept = self.cache.keep(
            fill.start,
            fill.position,
            key(fill.query, fill.n),
            query,
            &resolve,
            Text(fill.answer.clone()),
            None,
            Instant::now(),
        );
        if kept.is_ok() {
            self.kept += 1;
            assert_eq!(fill.answer, answer(&self.data, fill.query, fill.n), "kept, but no longer true");
        }
    }
}

fn key(query: usize, n: i64) -> Box<[u8]> {
    format!("{query}/{n}").into_bytes().into()
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let small = 0..5i64;
    let item = (small.clone(), proptest::option::of(small.clone()), 0..3i64, 0..3i64)
        .prop_map(|(owner, day, note, hidden)| Item { owner, day, note, hidden });
    let query = 0..QUERIES.len();
    let step = prop_oneof![
        3 => (small.clone(), item).prop_map(|(id, item)| Step::Put(id, item)),
        1 => small.clone().prop_map(Step::Remove),
        1 => (small.clone(), 0..3i64).prop_map(|(id, name)| Step::Rename(id, name)),
        5 => (query.clone(), small.clone()).prop_map(|(query, n)| Step::Begin(query, n)),
        5 => (0..8usize).prop_map(Step::Keep),
        8 => (query, small).prop_map(|(query, n)| Step::Get(query, n)),
    ];
    proptest::collection::vec(step, 1..200)
}

proptest! {
    #[test]
    fn what_is_given_is_the_answer_of_the_moment(steps in steps()) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
    }
}

/// The test above would pass with a cache that keeps nothing, or drops everything at each commit.
#[test]
fn an_answer_outlives_the_commits_that_do_not_touch_it() {
    let mut world = World::new();
    let item = |owner, day| Item { owner, day, note: 0, hidden: 0 };
    world.step(Step::Put(1, item(1, Some(10))));
    world.step(Step::Rename(1, 7));
    for query in 0..QUERIES.len() {
        world.step(Step::Begin(query, 1));
        world.step(Step::Keep(0));
    }
    assert_eq!(world.kept, 6);
    let alive = |world: &World| {
        let of = |query: &usize| world.cache.get(&key(*query, 1), Instant::now()).is_some();
        (0..QUERIES.len()).filter(of).map(|query| QUERIES[query].0).collect::<Vec<_>>()
    };
    // A column that no query reads.
    world.step(Step::Put(1, Item { hidden: 2, ..item(1, Some(10)) }));
    assert_eq!(alive(&world).len(), 6);
    // Another owner's, on another day.
    world.step(Step::Put(2, item(2, Some(20))));
    assert_eq!(alive(&world), ["of_owner", "before", "undated", "either", "owner_of"]);
    world.step(Step::Rename(2, 9));
    assert_eq!(alive(&world).len(), 5);
    world.step(Step::Put(3, item(2, None)));
    assert_eq!(alive(&world), ["of_owner", "before", "either", "owner_of"]);
    world.step(Step::Rename(1, 8));
    assert_eq!(alive(&world), ["of_owner", "before", "either"]);
    world.step(Step::Put(3, item(2, Some(1))));
    assert_eq!(alive(&world), ["of_owner"]);
    assert_eq!(world.cache.figures().invalidated, 5);
}
