//! The history with a clock that the tests set.

use super::file::{HOUR_S, MINUTE_S, time_of};
use super::*;
use martlet_core::{Percentiles, TestClock};
use std::time::Duration;
use tempfile::TempDir;

const BOUNDS: Bounds = Bounds { minutes_max: 8 * 24 * 60, hours_max: 400 * 24, size_max: 64 << 20 };
/// A full hour, some day.
const START_S: i64 = 1_800_000_000;

struct Kept {
    folder: TempDir,
    clock: Arc<TestClock>,
    bounds: Bounds,
}

impl Kept {
    fn new(bounds: Bounds) -> Self {
        Self { folder: TempDir::new().unwrap(), clock: Arc::new(TestClock::at(time_of(START_S))), bounds }
    }

    fn open(&self) -> History {
        let history = History::new(self.folder.path(), self.bounds, Arc::clone(&self.clock) as Arc<dyn Clock>);
        history.begin();
        history
    }

    /// Records a part of the minute of this second, as at its end.
    fn record(&self, history: &History, at_s: i64, part: Period) {
        self.clock.set(time_of(at_s + MINUTE_S));
        history.record(part);
    }

    fn read(&self, step: Step) -> Vec<Period> {
        let far = Timestamp::from_micros(i64::MAX / 2);
        History::read(self.folder.path(), step, time_of(0), far).unwrap().unwrap()
    }
}

/// A minute with so many requests, each of which took the nanoseconds of its number.
fn part(at_s: i64, requests: u64) -> Period {
    let percentiles = Percentiles::default();
    (0..requests).for_each(|number| percentiles.observe(number * 1_000));
    let mut part = Period { observed: Duration::from_secs(60), ..Period::empty(time_of(at_s)) };
    part.durations = percentiles.spread();
    part.counts.set(Figure::Requests, requests);
    part.counts.set(Figure::MemoryBytes, requests * 10);
    part.add(&item(ItemKind::Query, "free", requests));
    part
}

fn item(kind: ItemKind, name: &str, calls: u64) -> Item {
    let percentiles = Percentiles::default();
    (0..calls).for_each(|number| percentiles.observe(number * 1_000));
    let mut counts = ItemCounts::default();
    counts.set(ItemFigure::Calls, calls);
    Item { kind, name: name.into(), counts, durations: percentiles.spread() }
}

#[test]
fn minutes_become_hours_exactly() {
    let kept = Kept::new(BOUNDS);
    let history = kept.open();
    let mut wanted = Period::empty(time_of(START_S));
    for minute in 0..60 {
        let at_s = START_S + minute * MINUTE_S;
        let part = part(at_s, 10 + minute as u64);
        wanted.merge(&part);
        kept.record(&history, at_s, part);
    }
    kept.record(&history, START_S + HOUR_S, part(START_S + HOUR_S, 7));
    let (minutes, hours) = (kept.read(Step::Minute), kept.read(Step::Hour));
    assert_eq!((minutes.len(), hours.len()), (61, 2));
    assert_eq!(minutes[3], part(START_S + 3 * MINUTE_S, 13));
    assert_eq!(hours[0], wanted);
    assert_eq!(hours[0].observed, Duration::from_secs(3_600));
    assert_eq!((hours[0].get(Figure::Requests), hours[0].get(Figure::MemoryBytes)), (2_370, 690), "a sum, a greatest");
    assert_eq!(hours[0].durations.count(), 2_370);
    assert_eq!(hours[1].get(Figure::Requests), 7);
    assert_eq!(history.last_hour().len(), 60);
    assert_eq!(history.last_hour().last().unwrap().get(Figure::Requests), 7);
}

#[test]
fn a_restart_goes_on_with_its_minute_and_remembers_the_hour() {
    let kept = Kept::new(BOUNDS);
    kept.record(&kept.open(), START_S, part(START_S + 10, 5));
    // Another process, in the same minute.
    let history = kept.open();
    assert_eq!(history.last_hour().iter().map(|it| it.get(Figure::Requests)).collect::<Vec<_>>(), [5]);
    kept.record(&history, START_S, part(START_S + 40, 6));
    let minutes = kept.read(Step::Minute);
    assert_eq!((minutes.len(), minutes[0].get(Figure::Requests)), (1, 11));
    assert_eq!(minutes[0].items[0].get(ItemFigure::Calls), 11);
    assert_eq!(minutes[0].at, time_of(START_S));
    assert_eq!(history.last_hour()[0].get(Figure::Requests), 11);
    // Two hours later nothing of it is of the last hour.
    kept.clock.set(time_of(START_S + 2 * HOUR_S));
    assert_eq!(kept.open().last_hour(), []);
    assert_eq!(kept.read(Step::Hour)[0].get(Figure::Requests), 11);
}

#[test]
fn rows_are_bounded_and_the_oldest_go() {
    let kept = Kept::new(Bounds { minutes_max: 5, hours_max: 3, ..BOUNDS });
    let history = kept.open();
    for hour in 0..10 {
        let at_s = START_S + hour * HOUR_S;
        kept.record(&history, at_s, part(at_s, 1));
    }
    let begins = |step| kept.read(step).iter().map(|it| (it.at.micros() / 1_000_000 - START_S) / HOUR_S).collect();
    let (minutes, hours): (Vec<i64>, Vec<i64>) = (begins(Step::Minute), begins(Step::Hour));
    assert_eq!((minutes, hours), (vec![5, 6, 7, 8, 9], vec![7, 8, 9]));
    assert!(kept.read(Step::Minute).iter().all(|minute| minute.items.len() == 1), "items go with their minute");
}

#[test]
fn bytes_are_bounded_and_minutes_go_before_hours() {
    let size_max = 512 << 10;
    let kept = Kept::new(Bounds { size_max, ..BOUNDS });
    let history = kept.open();
    for minute in 0..240 {
        let at_s = START_S + minute * MINUTE_S;
        let mut part = part(at_s, 50);
        (0..100).for_each(|number| part.add(&item(ItemKind::Query, &format!("query_{number}"), 10)));
        kept.record(&history, at_s, part);
    }
    let size = std::fs::metadata(kept.folder.path().join(FILE)).unwrap().len();
    assert!(size <= size_max, "{size}");
    let (minutes, hours) = (kept.read(Step::Minute), kept.read(Step::Hour));
    assert!((20..240).contains(&minutes.len()), "{}", minutes.len());
    assert_eq!(hours.len(), 4);
    assert_eq!(minutes.last().unwrap().at, time_of(START_S + 239 * MINUTE_S));
}

#[test]
fn items_beyond_the_limit_are_counted_together() {
    let mut period = Period::empty(time_of(START_S));
    (0..1_000).for_each(|number| period.add(&item(ItemKind::Query, &format!("query_{number}"), 1)));
    (0..50).for_each(|number| period.add(&item(ItemKind::Route, &format!("GET /{number}"), 1)));
    let calls: u64 = period.items.iter().map(|item| item.get(ItemFigure::Calls)).sum();
    assert_eq!((period.items.len() <= ITEMS_MAX, calls), (true, 1_050));
    let others: Vec<_> = period.items.iter().filter(|item| &*item.name == OTHERS).map(|item| item.kind).collect();
    assert_eq!(others, [ItemKind::Query, ItemKind::Route]);
}

#[test]
fn what_is_counted_anew_is_no_negative_figure() {
    let (mut before, mut after) = (part(START_S, 100), part(START_S, 130));
    before.add(&item(ItemKind::Action, "book", 9));
    after.add(&item(ItemKind::Action, "book", 9));
    after.counts.set(Figure::MemoryBytes, 77);
    let since = after.since(&before);
    assert_eq!((since.get(Figure::Requests), since.get(Figure::MemoryBytes)), (30, 77), "a gauge is as it is");
    assert_eq!(since.durations.count(), 30);
    assert_eq!(since.items.len(), 1, "what was not called is not there");
    // The counts began anew, as after a reload that changed a query.
    let since = before.since(&after);
    assert_eq!((since.get(Figure::Requests), since.durations.count()), (100, 100));
    assert_eq!(since.items[0].get(ItemFigure::Calls), 100);
}

#[test]
fn a_clock_that_is_set_back_or_far_ahead_harms_nothing() {
    let kept = Kept::new(Bounds { minutes_max: 10, ..BOUNDS });
    let history = kept.open();
    for minute in 0..8 {
        kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 1));
    }
    // Back by three minutes: they are counted twice, and observed twice.
    kept.record(&history, START_S + 5 * MINUTE_S, part(START_S + 5 * MINUTE_S, 1));
    let minutes = kept.read(Step::Minute);
    assert_eq!((minutes.len(), minutes[5].get(Figure::Requests)), (8, 2));
    assert_eq!(minutes[5].observed, Duration::from_secs(120));
    // Years ahead for a while, and back: what is right is not dropped for it, and goes on being written.
    let ahead_s = START_S + 1_000 * 24 * HOUR_S;
    for minute in 0..4 {
        kept.record(&history, ahead_s + minute * MINUTE_S, part(ahead_s + minute * MINUTE_S, 1));
    }
    for minute in 8..14 {
        kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 1));
    }
    let begins: Vec<i64> =
        kept.read(Step::Minute).iter().map(|it| (it.at.micros() / 1_000_000 - START_S) / MINUTE_S).collect();
    assert_eq!(begins.len(), 10);
    assert_eq!(begins[begins.len() - 6..], [8, 9, 10, 11, 12, 13], "{begins:?}");
    assert!(history.last_hour().iter().all(|minute| minute.at < time_of(ahead_s)));
}

#[test]
fn a_broken_file_is_set_aside_and_begun_anew() {
    for broken in [b"this was never a database".repeat(50), vec![0; 10_000]] {
        let kept = Kept::new(BOUNDS);
        let path = kept.folder.path().join(FILE);
        std::fs::write(&path, &broken).unwrap();
        let history = kept.open();
        kept.record(&history, START_S, part(START_S, 3));
        assert_eq!(kept.read(Step::Minute)[0].get(Figure::Requests), 3);
        assert_eq!(std::fs::read(kept.folder.path().join("history.db.broken")).unwrap(), broken);
    }
}

#[test]
fn a_file_that_is_broken_while_it_is_open_is_begun_anew() {
    let kept = Kept::new(BOUNDS);
    let path = kept.folder.path().join(FILE);
    let history = kept.open();
    for minute in 0..100 {
        kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 9));
    }
    drop(history);
    let mut bytes = std::fs::read(&path).unwrap();
    let length = bytes.len();
    bytes[200..length].fill(0xa5);
    std::fs::write(&path, &bytes).unwrap();
    let history = kept.open();
    for minute in 100..103 {
        kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 4));
    }
    assert_eq!(kept.read(Step::Minute).len(), 3);
    // Of another program, or of a version to come.
    drop(history);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(History::read(kept.folder.path(), Step::Hour, time_of(0), time_of(1)).is_err());
    kept.record(&kept.open(), START_S, part(START_S, 1));
    assert_eq!(kept.read(Step::Minute).len(), 1);
}

#[test]
fn what_cannot_be_written_waits_in_memory_and_is_written_later() {
    let kept = Kept::new(BOUNDS);
    let path = kept.folder.path().join(FILE);
    std::fs::create_dir(&path).unwrap();
    let history = kept.open();
    for minute in 0..3 {
        kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 1));
    }
    assert_eq!(history.last_hour().len(), 3, "it is seen all the same");
    std::fs::remove_dir(&path).unwrap();
    kept.record(&history, START_S + 3 * MINUTE_S, part(START_S + 3 * MINUTE_S, 1));
    assert_eq!(kept.read(Step::Minute).len(), 4);
    // Taken away under a running server: another one is made.
    std::fs::remove_file(&path).unwrap();
    kept.record(&history, START_S + 4 * MINUTE_S, part(START_S + 4 * MINUTE_S, 1));
    assert_eq!(kept.read(Step::Minute).len(), 1);
    // At most an hour waits.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    (0..200)
        .for_each(|minute| kept.record(&history, START_S + minute * MINUTE_S, part(START_S + minute * MINUTE_S, 1)));
    std::fs::remove_dir(&path).unwrap();
    kept.record(&history, START_S + 200 * MINUTE_S, part(START_S + 200 * MINUTE_S, 1));
    assert_eq!(kept.read(Step::Minute).len(), MEMORY_MAX);
}

#[test]
fn names_that_nothing_has_are_forgotten_and_a_new_figure_gets_its_column() {
    let kept = Kept::new(Bounds { minutes_max: 2, hours_max: 1, ..BOUNDS });
    let history = kept.open();
    for hour in 0..4 {
        let mut part = part(START_S + hour * HOUR_S, 1);
        part.add(&item(ItemKind::Route, &format!("GET /{hour}"), 1));
        kept.record(&history, START_S + hour * HOUR_S, part);
    }
    let path = kept.folder.path().join(FILE);
    let names = || -> i64 {
        let sqlite = rusqlite::Connection::open(&path).unwrap();
        sqlite.query_one("SELECT count(*) FROM names", [], |row| row.get(0)).unwrap()
    };
    assert_eq!(names(), 5);
    history.writer().file.as_ref().unwrap().forget_names().unwrap();
    assert_eq!(names(), 3, "one query, the routes of two minutes");
    drop(history);
    rusqlite::Connection::open(&path).unwrap().execute_batch("ALTER TABLE minutes DROP COLUMN streams").unwrap();
    drop(kept.open());
    assert_eq!(kept.read(Step::Minute)[0].get(Figure::Streams), 0);
}
