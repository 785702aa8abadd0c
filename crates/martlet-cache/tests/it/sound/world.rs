//! A store, a cache that is told of its commits, and queries that are asked again after each of them.

use super::keeper::Keeper;
use super::query::{Kind, Query};
use super::random::Random;
use super::schema::{self, TABLES, UUIDS, Write};
use martlet_core::{Claims, Identity, SystemClock, Timestamp, Value};
use martlet_sql::dependency::Tracked;
use martlet_sql::{Action, App, SourceFile, compile};
use martlet_store::{Answer, Demand, Inputs, Read, SqliteStore, StoreSettings, Synchronous};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Changes what was found of a query, to see that mistakes are noticed.
pub(crate) type Spoil<'a> = &'a (dyn Fn(&App, &SourceFile, &mut martlet_sql::Query) + Sync);

/// Queries of one app.
const QUERIES: usize = 20;
/// Sets of arguments that each is asked with.
const ASKED: usize = 2;
/// Changes of rows until there is another app.
const CHANGES: usize = 50;

/// What was seen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// A kept answer and a change.
    pub(crate) cases: usize,
    /// The change has altered the answer.
    pub(crate) altered: usize,
    /// The change has ended it.
    pub(crate) ended: usize,
    /// Answers that could not be kept.
    pub(crate) unkept: usize,
    /// Queries that were generated.
    pub(crate) queries: usize,
    /// Answers that were errors.
    pub(crate) errors: usize,
    /// Times that a narrower query's answer ended and the wider one's did not.
    pub(crate) widened: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Counts) {
        let Counts { cases, altered, ended, unkept, queries, errors, widened } = other;
        self.cases += cases;
        self.altered += altered;
        self.ended += ended;
        self.unkept += unkept;
        self.queries += queries;
        self.errors += errors;
        self.widened += widened;
    }
}

/// A query with arguments, and its last answer.
struct Asked {
    query: Arc<martlet_sql::Query>,
    text: String,
    /// Among all that the cache was given.
    number: u32,
    inputs: Inputs,
    answer: String,
    is_kept: bool,
}

pub(crate) struct World {
    store: SqliteStore,
    keeper: Arc<Keeper>,
    runtime: tokio::runtime::Runtime,
    schema: App,
    actions: BTreeMap<String, Arc<Action>>,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(keeper: Keeper) -> Self {
        let schema = app_of(&schema::files());
        let folder = tempfile::tempdir().unwrap();
        let keeper = Arc::new(keeper);
        let settings = StoreSettings {
            synchronous: Synchronous::Normal,
            readers: 1,
            observer: Some(Arc::clone(&keeper) as _),
            ..StoreSettings::new(folder.path().join("data"))
        };
        let store = SqliteStore::open(settings, Arc::new(SystemClock)).unwrap();
        store.migrate(&schema, false).unwrap();
        store.prepare(&schema).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let actions = schema.actions.clone();
        Self { store, keeper, runtime, schema, actions, _folder: folder }
    }

    /// A new app over the rows that are there, and changes of them. The first kept answer that is no longer the answer
    /// is told in words.
    pub(crate) fn batch(&self, random: &mut Random, kind: Kind, spoil: Spoil<'_>) -> (Counts, Option<String>) {
        let mut counts = Counts::default();
        let (app, queries) = self.app(random, kind, &mut counts);
        self.fill(random);
        let mut all = Vec::new();
        let mut asked: Vec<Asked> = Vec::new();
        for (place, (query, file)) in queries.iter().enumerate() {
            let Some(compiled) = app.queries.get(name_of(file)) else { continue };
            let mut compiled = (**compiled).clone();
            spoil(&app, file, &mut compiled);
            let first = u32::try_from(all.len()).unwrap();
            all.push(Arc::new(compiled.dependencies.clone()));
            all.extend(compiled.page.iter().map(|page| Arc::new(page.after_dependencies.clone())));
            let compiled = Arc::new(compiled);
            for index in 0..ASKED {
                let (inputs, is_after) = match asked.len().checked_sub(ASKED) {
                    // The narrower one of a pair is asked the same.
                    Some(other) if kind == Kind::Plain && place % 2 == 1 => (asked[other].inputs.clone(), false),
                    _ => inputs(query, index, random),
                };
                let number = first + u32::from(is_after);
                let (query, text) = (Arc::clone(&compiled), file.text.clone());
                asked.push(Asked { query, text, number, inputs, answer: String::new(), is_kept: false });
            }
        }
        self.keeper.load(Arc::new(Tracked::of(&app)), all);
        self.ask(&mut asked, &mut counts);
        for _ in 0..CHANGES {
            let write = schema::write(random);
            let before: Vec<(bool, String)> = asked.iter().map(|one| (one.is_kept, one.answer.clone())).collect();
            self.act(&write);
            let Some(changes) = self.keeper.take_last() else { continue };
            let ended: Vec<bool> = (0..asked.len()).map(|number| !self.keeper.has(number)).collect();
            self.ask(&mut asked, &mut counts);
            for (number, one) in asked.iter().enumerate().filter(|(number, _)| before[*number].0) {
                counts.cases += 1;
                counts.ended += usize::from(ended[number]);
                let is_same = before[number].1 == one.answer;
                counts.altered += usize::from(!is_same);
                if !is_same && !ended[number] {
                    let shapes = words(&app, one);
                    let told = format!(
                        "{}\n{shapes}\narguments {:?} of {:?}\nwas {}\nis  {}\nafter {write:?}: {changes:?}",
                        one.text, one.inputs.arguments, one.inputs.identity, before[number].1, one.answer
                    );
                    return (counts, Some(told));
                }
            }
            if kind == Kind::Plain {
                // An update may touch a column that only the narrower one reads.
                let is_row = changes.iter().all(|change| change.old.is_none() || change.new.is_none());
                for pair in (0..asked.len()).step_by(2 * ASKED).filter(|_| is_row) {
                    for index in pair..pair + ASKED {
                        let (wide, narrow) = (index, index + ASKED);
                        if before[wide].0 && before[narrow].0 && ended[narrow] && !ended[wide] {
                            counts.widened += 1;
                            let told = format!(
                                "widened by a term:\n{}\n{}\n{}\n{}\narguments {:?}\nafter {write:?}",
                                asked[wide].text,
                                words(&app, &asked[wide]),
                                asked[narrow].text,
                                words(&app, &asked[narrow]),
                                asked[wide].inputs.arguments
                            );
                            return (counts, Some(told));
                        }
                    }
                }
            }
        }
        (counts, None)
    }

    /// Compiles queries of a kind.
    fn app(&self, random: &mut Random, kind: Kind, counts: &mut Counts) -> (App, Vec<(Query, SourceFile)>) {
        let mut queries: Vec<(Query, SourceFile)> = Vec::new();
        let file = |number: usize, text: String| SourceFile { path: format!("queries/q{number:03}.sql"), text };
        while queries.len() < QUERIES {
            let query = Query::any(random, kind);
            let number = queries.len();
            queries.push((query.clone(), file(number, query.file(&query.sql))));
            if kind == Kind::Plain {
                let text = query.file(query.narrowed.as_ref().unwrap_or(&query.sql));
                queries.push((query, file(number + 1, text)));
            }
        }
        counts.queries += queries.len();
        let migration = schema::files().remove(0);
        let files: Vec<SourceFile> =
            std::iter::once(migration).chain(queries.iter().map(|(_, file)| file.clone())).collect();
        let app = App { actions: self.actions.clone(), migrations: self.schema.migrations.clone(), ..app_of(&files) };
        self.store.prepare(&app).unwrap_or_else(|error| {
            let told = error.operator.unwrap_or_default();
            let file = files.iter().find(|file| told.starts_with(&file.path));
            panic!("{told}\n{}", file.map_or("", |file| &file.text))
        });
        (app, queries)
    }

    /// Sees to it that there are rows.
    fn fill(&self, random: &mut Random) {
        for table in &TABLES {
            for _ in 0..4 {
                self.act(&schema::put(table, random));
            }
        }
    }

    /// Refused writes change nothing.
    fn act(&self, write: &Write) {
        let action = Arc::clone(&self.actions[&write.action]);
        let inputs = inputs_of(write.arguments.clone(), Identity::default());
        let _ = self.runtime.block_on(self.store.transact(action, inputs, soon()));
    }

    /// Asks all again, and keeps the answers that are not kept.
    fn ask(&self, asked: &mut [Asked], counts: &mut Counts) {
        let is_kept: Vec<bool> = (0..asked.len()).map(|number| self.keeper.has(number)).collect();
        let read = |(one, is_kept): (&Asked, &bool)| Read {
            query: Arc::clone(&one.query),
            inputs: one.inputs.clone(),
            wants_keys: !is_kept,
        };
        let reads = asked.iter().zip(&is_kept).map(read).collect();
        let snapshot = self.runtime.block_on(self.store.read(reads, soon())).unwrap();
        for (number, (one, answer)) in asked.iter_mut().zip(snapshot.answers).enumerate() {
            one.answer = match &answer {
                Ok(answer) => shown(answer),
                Err(error) => error.code.to_string(),
            };
            match answer {
                Ok(answer) if !is_kept[number] => {
                    one.is_kept = self.keeper.keep(number, one.number, &one.inputs, &answer);
                    counts.unkept += usize::from(!one.is_kept);
                }
                Ok(_) => {}
                Err(_) => {
                    one.is_kept = is_kept[number];
                    counts.errors += 1;
                }
            }
        }
    }
}

/// The app of these files: what is generated is what the compiler takes.
fn app_of(files: &[SourceFile]) -> App {
    let compiled = compile(files);
    compiled.app.unwrap_or_else(|| {
        let wrong = compiled.diagnostics.iter().find(|found| found.severity == martlet_sql::Severity::Error).unwrap();
        let file = files.iter().find(|file| file.path == wrong.file);
        panic!("{}\n{}", wrong.message, file.map_or("", |file| &file.text))
    })
}

fn name_of(file: &SourceFile) -> &str {
    file.path.trim_start_matches("queries/").trim_end_matches(".sql")
}

fn shown(answer: &Answer) -> String {
    let body = answer.body.as_ref().map_or_else(String::new, |body| String::from_utf8_lossy(body).into_owned());
    match &answer.last {
        Some(last) => format!("{body} more after {last:?}"),
        None => body,
    }
}

fn words(app: &App, one: &Asked) -> String {
    let dependencies = one.query.dependencies_of(one.inputs.arguments.len() - one.query.declaration.params.len());
    let mut told: Vec<String> = dependencies
        .shapes
        .iter()
        .map(|shape| format!("{} {:?}", shape.words(&app.catalogue, &one.query.declaration), shape.reads))
        .collect();
    told.extend(dependencies.keys.iter().map(|keys| format!("keys: {}", keys.sqlite.text)));
    told.join("\n")
}

fn soon() -> Instant {
    // A machine that stands still for a while is no answer that differs.
    Instant::now() + Duration::from_secs(3600)
}

fn inputs_of(arguments: Vec<Value>, identity: Identity) -> Inputs {
    let now = Timestamp::parse("2026-01-02T12:00:00Z").unwrap();
    Inputs { arguments: arguments.into(), identity, now, demand: Demand::default() }
}

/// Arguments for a query, and whether they are of what comes after a page.
fn inputs(query: &Query, index: usize, random: &mut Random) -> (Inputs, bool) {
    let mut arguments: Vec<Value> = query
        .params
        .iter()
        .map(|param| match param {
            _ if random.percent(4) => Value::Null,
            param if param.is_list => {
                let mut items: Vec<Value> = (0..1 + random.below(3)).map(|_| schema::value(param.ty, random)).collect();
                if random.percent(10) {
                    items.push(Value::Null);
                }
                Value::List(items.into())
            }
            param => schema::value(param.ty, random),
        })
        .collect();
    let mut is_after = false;
    if let Some((size, keys)) = &query.page {
        arguments.push(Value::Integer(*size));
        if index > 0 {
            is_after = true;
            arguments.extend(keys.iter().map(|ty| schema::value(*ty, random)));
        }
    }
    (inputs_of(arguments, identity(random)), is_after)
}

fn identity(random: &mut Random) -> Identity {
    if random.percent(20) {
        return Identity::Anonymous;
    }
    let user_id = (*random.choose(&UUIDS)).to_owned();
    let word = *random.choose(&["a", "b"]);
    let json = format!("{{\"sub\": \"{user_id}\", \"word\": \"{word}\"}}");
    Identity::User(Arc::new(Claims { role: "authenticated".to_owned(), user_id: Some(user_id), json }))
}
