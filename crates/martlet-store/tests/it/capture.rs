//! What an observer is told of: every row that a commit has written, and nothing of what was rolled back.

use crate::support::{self, inputs, soon};
use martlet_core::{Change, SystemClock, Value};
use martlet_sql::dependency::Tracked;
use martlet_sql::{App, SourceFile, compile};
use martlet_store::{AnswerKeys, Changes, CommitObserver, Read, SqliteStore};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SCHEMA: &str = "
create table owners (id bigint primary key, name text not null, is_open boolean not null default false);
create table items (id bigint primary key, owner bigint not null references owners (id) on delete cascade,
  day date, note text, hidden bigint not null default 0, check (day <> '2026-12-31'));
create table plain (id bigint primary key, n bigint);
";
const QUERIES: [(&str, &str); 2] = [
    (
        "of_owner",
        "-- @param o bigint\nselect i.id, i.day, i.note, o.is_open from items i join owners o on o.id = i.owner where i.owner = :o",
    ),
    ("names", "-- @param i bigint\nselect o.name from items i join owners o on o.id = i.owner where i.id = :i"),
];
const ACTIONS: [(&str, &str); 8] = [
    ("own", "-- @param a bigint\ninsert into owners (id, name, is_open) values (:a, 'o', true)"),
    (
        "put",
        "-- @param a bigint\n-- @param o bigint\ninsert into items (id, owner, day, note) values (:a, :o, date '2026-01-05', 'n') on conflict (id) do update set owner = excluded.owner",
    ),
    ("hide", "-- @param a bigint\nupdate items set hidden = hidden + 1 where id = :a"),
    ("empty", "delete from items"),
    ("leave", "-- @param a bigint\ndelete from owners where id = :a"),
    (
        "try_put",
        "-- @param a bigint\n-- @param o bigint\ninsert into items (id, owner) values (:a, :o);\n-- @expect row else 409 nobody \"none\"\nselect 1 as one from owners where id = -1",
    ),
    ("midway", "insert into items (id, owner, day) values (90, 1, date '2026-01-01'), (91, 1, date '2026-12-31')"),
    ("plain", "insert into plain (id, n) values (1, 1)"),
];

#[derive(Debug, Default)]
struct Told(Mutex<Vec<Event>>);

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Begins(u64, Vec<Change>),
    Everything(u64),
    Ended(u64),
}

impl CommitObserver for Told {
    fn begins(&self, number: u64, changes: Changes<'_>) {
        self.0.lock().unwrap().push(match changes {
            Changes::Rows(changes) => Event::Begins(number, changes.to_vec()),
            Changes::Everything => Event::Everything(number),
        });
    }

    fn ended(&self, number: u64) {
        self.0.lock().unwrap().push(Event::Ended(number));
    }
}

struct World {
    app: App,
    store: SqliteStore,
    told: Arc<Told>,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let mut files = vec![SourceFile { path: "migrations/0001_all.sql".to_owned(), text: SCHEMA.to_owned() }];
        for (folder, all) in [("queries", &QUERIES[..]), ("actions", &ACTIONS[..])] {
            for (name, text) in all {
                let text = format!("-- @allow anyone\n{text}");
                files.push(SourceFile { path: format!("{folder}/{name}.sql"), text });
            }
        }
        let compiled = compile(&files);
        let app = compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
        let folder = tempfile::tempdir().unwrap();
        let told = Arc::new(Told::default());
        let mut settings = support::settings(&folder);
        settings.observer = Some(told.clone());
        let store = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap();
        store.migrate(&app, false).unwrap();
        store.prepare(&app).unwrap();
        let world = Self { app, store, told, folder };
        world.take();
        world
    }

    async fn act(&self, name: &str, arguments: &[i64]) -> Result<(), String> {
        let arguments: Vec<Value> = arguments.iter().copied().map(Value::Integer).collect();
        let done = self.store.transact(self.app.actions[name].clone(), inputs(&arguments), soon()).await;
        done.map(drop).map_err(|error| error.message)
    }

    async fn keys(&self, name: &str, argument: i64) -> Option<AnswerKeys> {
        let query = self.app.queries[name].clone();
        let read = Read { query, inputs: inputs(&[Value::Integer(argument)]), wants_keys: true };
        let mut snapshot = self.store.read(vec![read], soon()).await.unwrap();
        snapshot.answers.pop().unwrap().unwrap().keys.map(|keys| *keys)
    }

    /// What was told since.
    fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.told.0.lock().unwrap())
    }

    /// The rows of one commit that was told whole, as text: `items - -> 1,1,...`.
    fn rows(&self) -> Vec<String> {
        let events = self.take();
        let [Event::Begins(number, changes), Event::Ended(ended)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(number, ended);
        assert_eq!(self.store.position().number, *number);
        let tracked = Tracked::of(&self.app);
        let image = |row: &Option<Box<[Value]>>| match row {
            None => "-".to_owned(),
            Some(row) => row.iter().map(shown).collect::<Vec<_>>().join(","),
        };
        let text = |change: &Change| {
            format!("{} {} -> {}", tracked.tables[change.table].name, image(&change.old), image(&change.new))
        };
        changes.iter().map(text).collect()
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn each_row_is_told_with_the_columns_that_queries_read() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    assert_eq!(world.rows(), ["owners - -> 1,o,true"]);
    world.act("put", &[7, 1]).await.unwrap();
    assert_eq!(world.rows(), ["items - -> 7,1,2026-01-05,n"]);
    world.act("own", &[2]).await.unwrap();
    world.take();
    world.act("put", &[7, 2]).await.unwrap();
    assert_eq!(world.rows(), ["items 7,1,2026-01-05,n -> 7,2,2026-01-05,n"]);
}

#[tokio::test]
async fn cascades_and_emptied_tables_are_told_row_by_row() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    world.act("put", &[7, 1]).await.unwrap();
    world.act("put", &[8, 1]).await.unwrap();
    world.take();
    world.act("empty", &[]).await.unwrap();
    assert_eq!(world.rows(), ["items 7,1,2026-01-05,n -> -", "items 8,1,2026-01-05,n -> -"]);
    world.act("put", &[9, 1]).await.unwrap();
    world.take();
    world.act("leave", &[1]).await.unwrap();
    let mut rows = world.rows();
    rows.sort();
    assert_eq!(rows, ["items 9,1,2026-01-05,n -> -", "owners 1,o,true -> -"]);
}

#[tokio::test]
async fn what_no_query_reads_is_not_told_but_counts_as_a_commit() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    world.act("put", &[7, 1]).await.unwrap();
    world.take();
    world.act("hide", &[7]).await.unwrap();
    assert_eq!(world.rows(), [] as [&str; 0]);
    world.act("plain", &[]).await.unwrap();
    assert_eq!(world.rows(), [] as [&str; 0]);
    world.act("hide", &[404]).await.unwrap();
    assert_eq!(world.take(), [], "nothing was written");
}

#[tokio::test]
async fn what_was_rolled_back_is_not_told() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    world.take();
    assert_eq!(world.act("try_put", &[5, 1]).await, Err("none".to_owned()));
    assert!(world.act("midway", &[]).await.is_err());
    assert_eq!(world.take(), []);
    // In one group with others, too: all are asked for before the writer has its turn.
    let (kept, refused, other) =
        tokio::join!(world.act("put", &[1, 1]), world.act("try_put", &[2, 1]), world.act("put", &[3, 1]));
    assert!(kept.is_ok() && refused.is_err() && other.is_ok());
    let told: Vec<Change> = world
        .take()
        .into_iter()
        .flat_map(|event| match event {
            Event::Begins(_, changes) => changes,
            Event::Everything(_) | Event::Ended(_) => Vec::new(),
        })
        .collect();
    let ids: Vec<&Value> = told.iter().map(|change| &change.new.as_ref().unwrap()[0]).collect();
    assert_eq!(ids, [&Value::Integer(1), &Value::Integer(3)]);
}

#[tokio::test]
async fn the_write_of_another_process_counts_as_one_of_everything_and_ends_the_epoch() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    world.take();
    let epoch = world.store.position().epoch;
    let path = world.folder.path().join("data/app.db");
    let other = std::process::Command::new("python3")
        .arg("-c")
        .arg("import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('insert into plain values (5, 5)'); c.commit()")
        .arg(&path)
        .status()
        .unwrap();
    assert!(other.success());
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let told = world.take();
        if told.iter().any(|event| matches!(event, Event::Everything(_))) {
            break;
        }
        assert!(told.is_empty() && Instant::now() < until, "{told:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_ne!(world.store.position().epoch, epoch);
}

#[tokio::test]
async fn keys_come_with_the_answer() {
    let world = World::new();
    world.act("own", &[1]).await.unwrap();
    world.act("put", &[7, 1]).await.unwrap();
    let keys = world.keys("names", 7).await.unwrap();
    assert_eq!(keys.keys, [vec![Box::from([Value::Integer(1)])]]);
    assert_eq!(world.keys("names", 8).await.unwrap().keys, [Vec::new()] as [Vec<Box<[Value]>>; 1]);
    assert_eq!(world.keys("of_owner", 1).await.unwrap().keys, [] as [Vec<Box<[Value]>>; 0]);
}

#[tokio::test]
async fn a_migration_counts_as_a_change_of_everything() {
    let world = World::new();
    let text = SCHEMA.to_owned();
    let files = [
        SourceFile { path: "migrations/0001_all.sql".to_owned(), text },
        SourceFile {
            path: "migrations/0002_more.sql".to_owned(),
            text: "alter table items add column more text;".to_owned(),
        },
        SourceFile { path: "queries/of_owner.sql".to_owned(), text: format!("-- @allow anyone\n{}", QUERIES[0].1) },
        SourceFile { path: "actions/put.sql".to_owned(), text: format!("-- @allow anyone\n{}", ACTIONS[1].1) },
        SourceFile { path: "actions/own.sql".to_owned(), text: format!("-- @allow anyone\n{}", ACTIONS[0].1) },
    ];
    let app = compile(&files).app.unwrap();
    world.store.migrate(&app, false).unwrap();
    assert!(world.take().iter().any(|event| matches!(event, Event::Everything(_))));
    world.store.prepare(&app).unwrap();
    let world = World { app, ..world };
    world.act("own", &[1]).await.unwrap();
    world.act("put", &[7, 1]).await.unwrap();
    let told = world.take();
    let rows = |event: &&Event| matches!(event, Event::Begins(_, changes) if changes.len() == 1);
    assert_eq!(told.iter().filter(rows).count(), 2, "{told:?}");
}

#[tokio::test]
async fn what_is_written_between_a_migration_and_its_app_counts_as_a_change_of_everything() {
    let world = World::new();
    let migrations = [("0001_all", SCHEMA), ("0002_more", "alter table plain add column more text;")];
    let files =
        migrations.map(|(name, text)| SourceFile { path: format!("migrations/{name}.sql"), text: text.to_owned() });
    world.store.migrate(&compile(&files).app.unwrap(), false).unwrap();
    world.take();
    world.act("own", &[1]).await.unwrap();
    let told = world.take();
    assert!(matches!(&told[..], [Event::Everything(begun), Event::Ended(ended)] if begun == ended), "{told:?}");
}

#[tokio::test]
async fn what_did_not_change_the_tables_leaves_them_told_row_by_row() {
    let world = World::new();
    world.store.migrate(&world.app, true).unwrap();
    world.store.migrate(&world.app, false).unwrap();
    // A version of the app that another order of tables goes with, and that is refused.
    let mut other = world.app.clone();
    other.queries.retain(|name, _| name == "names");
    let mut unsound = (*other.queries["names"]).clone();
    unsound.statement.sqlite.text = "select name from nowhere where id = ?1".to_owned();
    other.queries.insert("names".to_owned(), Arc::new(unsound));
    world.store.prepare(&other).unwrap_err();
    world.take();
    world.act("own", &[1]).await.unwrap();
    assert_eq!(world.rows(), ["owners - -> 1,o,true"]);
    world.act("put", &[7, 1]).await.unwrap();
    assert_eq!(world.rows(), ["items - -> 7,1,2026-01-05,n"]);
}
