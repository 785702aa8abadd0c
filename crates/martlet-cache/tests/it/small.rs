//! Two queries that rest on the rows of one owner, and answers of any size.

use martlet_cache::{Cache, CacheSettings, Entry, QueryId, Resolve, Start, Unkept, Weigh};
use martlet_core::{Change, Type, Value};
use martlet_sql::Bind;
use martlet_sql::dependency::{Dependencies, Operand, Shape, Source, Tracked, TrackedTable, Tuples};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// An answer that may grow.
#[derive(Debug)]
pub(crate) struct Body {
    digest: u64,
    size: AtomicUsize,
}

impl Body {
    pub(crate) fn new(digest: u64) -> Self {
        Self { digest, size: AtomicUsize::new(100) }
    }

    pub(crate) fn grow(&self, size: usize) {
        self.size.store(size, Ordering::Relaxed);
    }
}

impl Weigh for Body {
    fn weight(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    fn digest(&self) -> u64 {
        self.digest
    }
}

pub(crate) struct World {
    pub(crate) cache: Arc<Cache<Body>>,
    pub(crate) commits: u64,
    pub(crate) now: Instant,
}

impl World {
    pub(crate) fn new(settings: CacheSettings) -> Self {
        let world = Self { cache: Arc::new(Cache::new(settings)), commits: 0, now: Instant::now() };
        world.load();
        world
    }

    pub(crate) fn load(&self) {
        let owner = Source::One(Operand::Bind(Bind::Parameter(0)));
        let shape = Shape { key: vec![0], tuples: Tuples::Given(vec![owner]), ..Shape::whole("items", [0, 1].into()) };
        let dependencies = Arc::new(Dependencies { shapes: vec![shape], ..Dependencies::default() });
        self.cache.load(Arc::new(tracked()), vec![Arc::clone(&dependencies), dependencies]);
    }

    pub(crate) fn keep(&self, query: u32, owner: i64, body: Body) -> Result<Arc<Entry<Body>>, Unkept> {
        self.keep_from(self.cache.start(), self.commits, query, owner, body)
    }

    pub(crate) fn keep_from(
        &self,
        start: Start,
        position: u64,
        query: u32,
        owner: i64,
        body: Body,
    ) -> Result<Arc<Entry<Body>>, Unkept> {
        let bind = |_: &Bind| Some(Value::Integer(owner));
        let resolve = Resolve { bind: &bind, keys: &[], values: &[] };
        let (key, query) = (key(query, owner), QueryId(query));
        let kept = self.cache.keep(start, position, key, query, &resolve, body, None, self.now);
        kept.map_err(|(reason, _)| reason)
    }

    pub(crate) fn get(&self, query: u32, owner: i64) -> Option<Arc<Entry<Body>>> {
        self.cache.get(&key(query, owner), self.now)
    }

    /// A commit that writes a row of an owner.
    pub(crate) fn change(&mut self, owner: i64) {
        self.begin(owner);
        self.end();
    }

    pub(crate) fn begin(&mut self, owner: i64) {
        let row = [Value::Integer(owner), Value::Integer(1)];
        self.cache.begins(self.commits + 1, &[Change { table: 0, old: None, new: Some(row.into()) }]);
    }

    pub(crate) fn end(&mut self) {
        self.commits += 1;
        self.cache.ended(self.commits);
    }
}

/// One table of two columns.
pub(crate) fn tracked() -> Tracked {
    let table = TrackedTable { name: "items".to_owned(), columns: vec![0, 1], types: vec![Type::Bigint; 2] };
    Tracked { tables: vec![table] }
}

pub(crate) fn key(query: u32, owner: i64) -> Box<[u8]> {
    format!("{query}/{owner}").into_bytes().into()
}
