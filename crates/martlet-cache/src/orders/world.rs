//! A database in memory behind a cache, and what its threads do.

use crate::rules::Rule;
use crate::{Cache, CacheSettings, Entry, QueryId, Resolve, Watcher, Weigh};
use martlet_core::{Change, Type, Value};
use martlet_sql::Bind;
use martlet_sql::dependency::{Dependencies, Operand, Shape, Source, Tracked, TrackedTable, Tuples};
use shuttle::sync::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Rows.
pub(super) const OWNERS: i64 = 32;

/// What the protocol does not work without.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mutant {
    Rule(Rule),
    /// The position of an answer is read after the answer.
    PositionAfterRead,
}

/// What was found wrong. Not shuttle's lock: it outlives the runs.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings(Arc<std::sync::Mutex<Vec<String>>>);

impl Findings {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// The number of an owner under a version of the app.
#[derive(Debug)]
pub(super) struct Number {
    app: u64,
    number: u64,
    size: AtomicUsize,
    /// As many of these as numbers.
    _token: Arc<()>,
}

impl Weigh for Number {
    fn weight(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    fn digest(&self) -> u64 {
        self.number
    }
}

/// What can be seen, and what has begun.
#[derive(Debug, Clone, Default)]
struct Data {
    /// By owner: what a reader gets.
    seen: [u64; OWNERS as usize],
    /// By owner: what the last commit that has begun writes.
    begun: [u64; OWNERS as usize],
    /// Commits that have ended.
    finished: u64,
    /// The version of the app that reads give answers of, and the one that is loaded.
    app: u64,
    loaded: u64,
}

/// An answer that is followed.
struct Followed {
    owner: i64,
    watcher: Watcher<Number>,
    is_due: bool,
    /// Its position, and the number.
    answer: (u64, u64),
}

pub(super) struct World {
    pub(super) cache: Arc<Cache<Number>>,
    mutant: Option<Mutant>,
    data: Mutex<Data>,
    findings: Findings,
    token: Arc<()>,
}

impl World {
    pub(super) fn new(mutant: Option<Mutant>, findings: Findings) -> Self {
        let rule = match mutant {
            Some(Mutant::Rule(rule)) => Some(rule),
            _ => None,
        };
        // Room for twenty.
        let settings = CacheSettings { bytes_max: 20_000, entries_max: 20, ..CacheSettings::default() };
        let cache = Arc::new(Cache::without(settings, rule));
        let world = Self { cache, mutant, data: Mutex::default(), findings, token: Arc::default() };
        world.load();
        world
    }

    fn load(&self) {
        let owner = Source::One(Operand::Bind(Bind::Parameter(0)));
        let shape = Shape { key: vec![0], tuples: Tuples::Given(vec![owner]), ..Shape::whole("items", [0, 1].into()) };
        let dependencies = Arc::new(Dependencies { shapes: vec![shape], ..Dependencies::default() });
        let table = TrackedTable { name: "items".to_owned(), columns: vec![0, 1], types: vec![Type::Bigint; 2] };
        self.cache.load(Arc::new(Tracked { tables: vec![table] }), vec![dependencies]);
    }

    /// A step of a thread: others may run before and after it.
    fn step<T>(&self, step: impl FnOnce(&mut Data) -> T) -> T {
        step(&mut self.data.lock().unwrap())
    }

    fn found(&self, is_right: bool, what: impl FnOnce() -> String) {
        if !is_right {
            // Without a mutant shuttle tells the order that this came from.
            assert!(self.mutant.is_some(), "{}", what());
            self.findings.0.lock().unwrap().push(what());
        }
    }

    pub(super) fn commit(&self, owner: i64) {
        self.commit_to(&[owner]);
    }

    /// One commit that writes a row of each of these.
    pub(super) fn commit_to(&self, owners: &[i64]) {
        let row =
            |owner: &i64| Change { table: 0, old: None, new: Some([Value::Integer(*owner), Value::Integer(0)].into()) };
        let number = self.step(|data| data.finished + 1);
        self.cache.begins(number, &owners.iter().map(row).collect::<Vec<_>>());
        self.step(|data| owners.iter().for_each(|owner| data.begun[*owner as usize] += 1));
        self.step(|data| data.seen = data.begun);
        self.step(|data| data.finished = number);
        self.cache.ended(number);
    }

    pub(super) fn commit_everything(&self) {
        let number = self.step(|data| data.finished + 1);
        self.cache.begins_with_everything(number);
        self.step(|data| data.begun.iter_mut().for_each(|number| *number += 1));
        self.step(|data| data.seen = data.begun);
        self.step(|data| data.finished = number);
        self.cache.ended(number);
    }

    pub(super) fn replace_app(&self) {
        self.cache.pause();
        let app = self.step(|data| {
            data.app += 1;
            data.app
        });
        self.load();
        self.step(|data| data.loaded = app);
    }

    /// Reads and keeps; the position of the read, and the number.
    fn read(&self, owner: i64) -> (u64, u64) {
        let start = self.cache.start();
        let is_late = self.mutant == Some(Mutant::PositionAfterRead);
        let early = self.step(|data| data.finished);
        let (app, number) = self.step(|data| (data.app, data.seen[owner as usize]));
        let position = if is_late { self.step(|data| data.finished) } else { early };
        let value = Number { app, number, size: AtomicUsize::new(100), _token: Arc::clone(&self.token) };
        let bind = |_: &Bind| Some(Value::Integer(owner));
        let resolve = Resolve { bind: &bind, keys: &[], values: &[] };
        _ = self.cache.keep(start, position, key(owner), QueryId(0), &resolve, value, None, Instant::now());
        (position, number)
    }

    pub(super) fn fill(&self, owner: i64) {
        self.read(owner);
    }

    fn get(&self, owner: i64) -> Option<Arc<Entry<Number>>> {
        let (begun, loaded) = self.step(|data| (data.begun[owner as usize], data.loaded));
        let entry = self.cache.get(&key(owner), Instant::now())?;
        entry.note_read();
        let Number { app, number, .. } = entry.value();
        self.found(*number >= begun, || format!("owner {owner}: {number} is given, {begun} had begun"));
        self.found(*app >= loaded, || format!("app {app} answers, {loaded} is loaded"));
        Some(entry)
    }

    pub(super) fn hit(&self, owner: i64) {
        self.get(owner);
    }

    /// Gets a handle, and gives what it holds later.
    pub(super) fn hold(&self, owner: i64) {
        self.fill(owner);
        let Some(entry) = self.get(owner) else { return };
        for _ in 0..3 {
            let begun = self.step(|data| data.begun[owner as usize]);
            let number = entry.value().number;
            if entry.is_alive() {
                self.found(number >= begun, || format!("owner {owner}: {number} is held, {begun} had begun"));
            }
        }
    }

    pub(super) fn grow(&self, owner: i64) {
        self.fill(owner);
        if let Some(entry) = self.get(owner) {
            entry.value().size.store(5_000, Ordering::Relaxed);
            self.cache.reweigh(&entry);
        }
    }

    /// Follows two answers that every commit touches, until they are the last ones: answers that hold are of one
    /// moment.
    pub(super) fn follow(&self, owners: [i64; 2], last: u64) {
        let watch = |owner| self.cache.watch(&key(owner), QueryId(0)).expect("an app is served");
        let mut followed = owners.map(|owner| Followed { owner, watcher: watch(owner), is_due: true, answer: (0, 0) });
        loop {
            for one in followed.iter_mut().filter(|one| one.is_due) {
                one.watcher.begin();
                let position = self.step(|data| data.finished);
                one.answer = match self.get(one.owner) {
                    Some(entry) => (position, entry.value().number),
                    None => self.read(one.owner),
                };
                one.is_due = !one.watcher.covers(one.answer.0);
            }
            let hold = self.cache.hold(followed.iter().map(|one| (&one.watcher, one.answer.0)));
            let numbers = followed.each_ref().map(|one| one.answer.1);
            if hold.iter().all(Option::is_some) {
                self.found(numbers[0] == numbers[1], || format!("{numbers:?} hold together"));
                if numbers == [last; 2] {
                    return;
                }
            }
            let told = if followed.iter().any(|one| one.is_due) {
                self.cache.take_told()
            } else {
                shuttle::future::block_on(self.cache.told())
            };
            for (number, _) in told.touched {
                let of_number = followed.iter_mut().filter(|one| one.watcher.number() == number);
                of_number.for_each(|one| one.is_due = true);
            }
        }
    }

    /// When nobody runs any more: what is there is there as a whole, and right; and nothing is left of what is not.
    pub(super) fn is_whole(&self) {
        (0..OWNERS).for_each(|owner| self.hit(owner));
        let kept = self.cache.validate();
        self.found(Arc::strong_count(&self.token) == kept + 1, || "a value has leaked".to_owned());
        self.found(self.cache.figures().groups == 0, || "a group has leaked".to_owned());
        self.cache.clear();
        assert_eq!(self.cache.validate(), 0);
        self.found(Arc::strong_count(&self.token) == 1, || "a value has leaked in the end".to_owned());
    }
}

fn key(owner: i64) -> Box<[u8]> {
    owner.to_le_bytes().into()
}
