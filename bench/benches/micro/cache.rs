//! What the cache adds: to a commit, with many answers alive on its table, and to a read whose answer it keeps.

use super::HOTEL;
use divan::{Bencher, black_box};
use martlet_cache::{Cache, CacheSettings, QueryId, Resolve, Weigh};
use martlet_core::{Change, Date, Value};
use martlet_sql::dependency::Tracked;
use martlet_sql::{App, Bind, SourceFile, compile};
use std::cell::Cell;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

static HOTEL_APP: LazyLock<App> = LazyLock::new(|| compile(&HOTEL.files).app.unwrap());

/// What somebody has played, with the titles of up to twenty songs: as many keys as rows, and one.
static PLAYED_APP: LazyLock<App> = LazyLock::new(|| {
    let schema = "create table songs (id bigint primary key, title text not null);
                  create table played (id bigint primary key, user_id bigint not null, song_id bigint not null);";
    let query = "-- @allow anyone\n-- @param user_id bigint\n
                 select p.id, s.title from played p join songs s on s.id = p.song_id
                  where p.user_id = :user_id order by p.id desc limit 20";
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
    compile(&[file("migrations/0001_all.sql", schema), file("queries/recent.sql", query)]).app.unwrap()
});

/// An answer of 2.4 KB.
#[derive(Debug)]
struct Body(Box<[u8]>);

impl Body {
    fn new() -> Self {
        Self(vec![b'x'; 2_400].into())
    }
}

impl Weigh for Body {
    fn weight(&self) -> usize {
        self.0.len()
    }

    fn digest(&self) -> u64 {
        0
    }
}

/// The answers of one query.
struct Kept {
    cache: Cache<Body>,
    tracked: Arc<Tracked>,
    commits: Cell<u64>,
}

impl Kept {
    fn new(app: &App, query: &str) -> Self {
        let tracked = Arc::new(Tracked::of(app));
        let cache = Cache::new(CacheSettings { bytes_max: 1 << 30, ..CacheSettings::default() });
        cache.load(Arc::clone(&tracked), vec![Arc::new(app.queries[query].dependencies.clone())]);
        Self { cache, tracked, commits: Cell::new(0) }
    }

    fn keep(&self, key: Box<[u8]>, arguments: &[Value], keys: &[Vec<Box<[Value]>>], body: Body, now: Instant) {
        let bind = |bind: &Bind| match bind {
            Bind::Parameter(index) => arguments.get(*index).cloned(),
            _ => None,
        };
        let resolve = Resolve { bind: &bind, keys, values: &[] };
        let kept = self.cache.keep(self.cache.start(), self.commits.get(), key, QueryId(0), &resolve, body, None, now);
        // As if it had been read: a key that nobody reads is not kept for ever.
        kept.unwrap().note_read();
    }

    /// Answers for stays of 1 to 30 nights, of a year.
    fn stays(count: i64) -> Self {
        let kept = Self::new(&HOTEL_APP, "availability");
        (0..count).for_each(|number| kept.keep_stay(number, Body::new(), Instant::now()));
        assert_eq!(kept.cache.figures().entries as i64, count);
        kept
    }

    fn keep_stay(&self, number: i64, body: Body, now: Instant) {
        let [from, to] = stay(number);
        self.keep(number.to_le_bytes().into(), &[from, to], &[], body, now);
    }

    /// The change of a booking of one night.
    fn booking(&self, arrival: Date) -> Change {
        let table = self.tracked.index("bookings").unwrap();
        let columns = &HOTEL_APP.catalogue.table("bookings").unwrap().columns;
        let value = |column: &usize| match columns[*column].name.as_str() {
            "check_in" => text(arrival),
            "check_out" => text(arrival.plus_days(1).unwrap()),
            "status" => Value::Text("confirmed".into()),
            _ => Value::Integer(7),
        };
        Change { table, old: None, new: Some(self.tracked.tables[table].columns.iter().map(value).collect()) }
    }

    fn commit(&self, change: &[Change]) {
        self.commits.set(self.commits.get() + 1);
        self.cache.begins(self.commits.get(), change);
        self.cache.ended(self.commits.get());
    }
}

fn text(date: Date) -> Value {
    Value::Text(date.to_string().into())
}

fn stay(number: i64) -> [Value; 2] {
    let from = Date::from_civil(2026, 1, 1).unwrap().plus_days(number % 365).unwrap();
    [text(from), text(from.plus_days(number / 365 % 30 + 1).unwrap())]
}

/// A commit of one booking that touches no answer.
#[divan::bench(args = [0, 64, 1_000, 10_000])]
fn commit_beside(bencher: Bencher<'_, '_>, answers: i64) {
    let kept = Kept::stays(answers);
    let change = [kept.booking(Date::from_civil(2100, 1, 1).unwrap())];
    bencher.bench_local(|| kept.commit(black_box(&change)));
}

/// A commit of one booking that ends the answers for stays over its night: with 10,000 about 440.
#[divan::bench(args = [1_000, 10_000])]
fn commit_that_ends(bencher: Bencher<'_, '_>, answers: i64) {
    let kept = Kept::stays(answers);
    let change = [kept.booking(Date::from_civil(2026, 7, 1).unwrap())];
    let refill = || {
        let is_missing = |number: &i64| kept.cache.get(&number.to_le_bytes(), Instant::now()).is_none();
        (0..answers).filter(is_missing).for_each(|number| kept.keep_stay(number, Body::new(), Instant::now()));
    };
    bencher.with_inputs(refill).bench_local_values(|()| kept.commit(black_box(&change)));
}

/// Keeps an answer: a whole table and a range of another, beside others. Each under a key of its own.
#[divan::bench(args = [0, 10_000], sample_count = 100, sample_size = 1)]
fn keep_availability(bencher: Bencher<'_, '_>, answers: i64) {
    let kept = Kept::stays(answers);
    let (now, number) = (Instant::now(), Cell::new(answers));
    let inputs = || (Body::new(), number.replace(number.get() + 1));
    bencher.with_inputs(inputs).bench_local_values(|(body, number)| kept.keep_stay(number, body, now));
}

/// Keeps an answer with the keys of its rows.
#[divan::bench(args = [1, 20])]
fn keep_with_keys(bencher: Bencher<'_, '_>, rows: i64) {
    let kept = Kept::new(&PLAYED_APP, "recent");
    let now = Instant::now();
    let inputs = || {
        let row = |number: i64| [Value::Integer(number * 31)].into();
        (Body::new(), vec![(0..rows).map(row).collect::<Vec<Box<[Value]>>>()])
    };
    bencher.with_inputs(inputs).bench_local_values(|(body, keys)| {
        kept.keep(Box::from(*b"a key"), &[Value::Integer(7)], &keys, body, now);
    });
}
