//! A cache over data in memory that commits change; what it gives is compared with the data.

use martlet_cache::{Cache, CacheSettings, Entry, QueryId, Resolve, Rule, Start, Weigh};
use martlet_core::{Change, Value};
use martlet_sql::dependency::{Dependencies, Tracked};
use martlet_sql::{App, Bind, SourceFile, compile};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

const SCHEMA: &str = "
create table items (id bigint primary key, owner bigint not null, day bigint, note text, hidden bigint not null);
create table owners (id bigint primary key, name text not null);
";

/// Each takes one number, and tells by its name how [`answer`] computes it.
pub(super) const QUERIES: [(&str, &str); 6] = [
    ("of_owner", "select id, note from items where owner = :n"),
    ("before", "select count(*) as n from items where day < :n + 1 and day > :n - 3"),
    ("undated", "select id from items where day is null and owner <> :n"),
    ("either", "select id from items where owner = :n or day = :n"),
    ("owner_of", "select o.name from items i join owners o on o.id = i.owner where i.id = :n"),
    ("all", "select count(*) as n from items where :n = :n"),
];

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) owner: i64,
    pub(super) day: Option<i64>,
    pub(super) note: i64,
    pub(super) hidden: i64,
}

/// The data after one commit.
#[derive(Debug, Clone, Default, PartialEq)]
struct Data {
    items: BTreeMap<i64, Item>,
    owners: BTreeMap<i64, i64>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    Put(i64, Item),
    Remove(i64),
    Rename(i64, i64),
    /// A commit that may have changed everything, and has.
    Everything,
    /// Another version of the app, whose answers are others.
    Load,
    Begin(usize, i64),
    Keep(usize),
    Get(usize, i64),
    /// Gets a handle, to give what it holds later.
    Hold(usize, i64),
}

/// What the protocol does not work without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mutant {
    Rule(Rule),
    /// The position of an answer is read after the answer.
    PositionAfterRead,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text(String);

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

static APP: LazyLock<App> = LazyLock::new(|| {
    let mut files = vec![SourceFile { path: "migrations/0001_all.sql".to_owned(), text: SCHEMA.to_owned() }];
    for (name, sql) in QUERIES {
        let text = format!("-- @allow anyone\n-- @param n bigint\n{sql}");
        files.push(SourceFile { path: format!("queries/{name}.sql"), text });
    }
    let compiled = compile(&files);
    compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
});

pub(super) struct World {
    mutant: Option<Mutant>,
    tracked: Arc<Tracked>,
    pub(super) cache: Cache<Text>,
    data: Data,
    commits: u64,
    /// Of the app.
    version: u32,
    fills: Vec<Fill>,
    held: Vec<(Arc<Entry<Text>>, usize, i64)>,
    pub(super) kept: u32,
    /// Answers that were given and are not the ones of the moment.
    pub(super) stale: Vec<String>,
}

/// A fill whose answer has been read.
struct Fill {
    start: Start,
    position: u64,
    query: usize,
    n: i64,
    answer: String,
    keys: Vec<Vec<Box<[Value]>>>,
}

impl World {
    pub(super) fn new(mutant: Option<Mutant>) -> Self {
        let rule = match mutant {
            Some(Mutant::Rule(rule)) => Some(rule),
            _ => None,
        };
        let tracked = Arc::new(Tracked::of(&APP));
        let settings = CacheSettings { entries_max: 16, bytes_max: 16_000, ..CacheSettings::default() };
        let world = Self {
            mutant,
            tracked,
            cache: Cache::without(settings, rule),
            data: Data::default(),
            commits: 0,
            version: 0,
            fills: Vec::new(),
            held: Vec::new(),
            kept: 0,
            stale: Vec::new(),
        };
        world.load();
        world
    }

    fn load(&self) {
        let of = |(name, _): (&str, &str)| Arc::new(APP.queries[name].dependencies.clone());
        let queries: Vec<Arc<Dependencies>> = QUERIES.into_iter().map(of).collect();
        self.cache.load(Arc::clone(&self.tracked), queries);
    }

    /// What the answer is now.
    fn answer(&self, query: usize, n: i64) -> String {
        format!("{}: {}", self.version, answer(&self.data, query, n))
    }

    fn compare(&mut self, what: &str, query: usize, n: i64, given: &str) {
        let now = self.answer(query, n);
        if given != now {
            self.stale.push(format!("{what}, {} of {n}: {given}, not {now}", QUERIES[query].0));
        }
    }

    fn get(&mut self, what: &str, query: usize, n: i64) {
        if let Some(entry) = self.cache.get(&key(query, n), Instant::now()) {
            entry.note_read();
            self.compare(what, query, n, &entry.value().0);
        }
    }

    /// What is there is right, and who holds what is not can tell.
    pub(super) fn look_at_everything(&mut self, what: &str) {
        for query in 0..QUERIES.len() {
            (0..5).for_each(|n| self.get(what, query, n));
        }
        for (entry, query, n) in self.held.clone() {
            if entry.is_alive() {
                self.compare("held", query, n, &entry.value().0);
            }
        }
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
        self.committed(after);
    }

    /// It can be seen, and who reads it may tell others; only then has it ended.
    fn committed(&mut self, after: Data) {
        self.data = after;
        self.look_at_everything("within a commit");
        self.commits += 1;
        self.cache.ended(self.commits);
    }

    pub(super) fn step(&mut self, step: Step) {
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
            Step::Everything => {
                after.items.clear();
                self.cache.begins_with_everything(self.commits + 1);
                self.committed(after);
            }
            Step::Load => {
                self.version += 1;
                self.load();
            }
            Step::Begin(query, n) => self.begin(query, n),
            Step::Keep(which) if !self.fills.is_empty() => {
                let fill = self.fills.swap_remove(which % self.fills.len());
                self.keep(fill);
            }
            Step::Keep(_) => {}
            Step::Get(query, n) => self.get("given", query, n),
            Step::Hold(query, n) => {
                let held = self.cache.get(&key(query, n), Instant::now());
                self.held.extend(held.map(|entry| (entry, query, n)));
            }
        }
    }

    fn begin(&mut self, query: usize, n: i64) {
        let start = self.cache.start();
        let keys = match QUERIES[query].0 {
            "owner_of" => {
                let owner = self.data.items.get(&n).map(|item| [Value::Integer(item.owner)].into());
                vec![owner.into_iter().collect()]
            }
            _ => Vec::new(),
        };
        let answer = self.answer(query, n);
        self.fills.push(Fill { start, position: self.commits, query, n, answer, keys });
    }

    fn keep(&mut self, fill: Fill) {
        let dependencies = &APP.queries[QUERIES[fill.query].0].dependencies;
        assert_eq!(fill.keys.len(), dependencies.keys.len());
        let bind = |bind: &Bind| (*bind == Bind::Parameter(0)).then_some(Value::Integer(fill.n));
        let resolve = Resolve { bind: &bind, keys: &fill.keys, values: &[] };
        let query = QueryId(u32::try_from(fill.query).unwrap());
        let is_late = self.mutant == Some(Mutant::PositionAfterRead);
        let position = if is_late { self.commits } else { fill.position };
        let (value, now) = (Text(fill.answer.clone()), Instant::now());
        let kept = self.cache.keep(fill.start, position, key(fill.query, fill.n), query, &resolve, value, None, now);
        if kept.is_ok() {
            self.kept += 1;
            self.compare("kept", fill.query, fill.n, &fill.answer);
        }
    }
}

pub(super) fn key(query: usize, n: i64) -> Box<[u8]> {
    format!("{query}/{n}").into_bytes().into()
}
