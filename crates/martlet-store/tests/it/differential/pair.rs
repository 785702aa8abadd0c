//! The same app on both engines, and one call compared.

use super::call::{Call, StepRow, inputs, literal, members};
use super::case::{Case, Group};
use super::compiled::{DUMP, compile_what_can_be};
use crate::oracle::{Fault, Oracle, Rows};
use crate::support::{settings, soon};
use martlet_core::{ParamType, SystemClock, Type, Value, limits};
use martlet_sql::{Action, App, Column, Expect, Param, Query, Returns, Span, Statement};
use martlet_store::canonical::canonical_json;
use martlet_store::{Read, SqliteStore, StoreSettings};
use std::sync::Arc;

/// An answer's body, or an error's code.
type Outcome = Result<String, String>;

pub(super) struct Pair<'o> {
    oracle: &'o Oracle,
    schema: String,
    app: App,
    store: SqliteStore,
    folder: tempfile::TempDir,
    compile_errors: Vec<String>,
}

impl<'o> Pair<'o> {
    /// Compiles the group's folder and fills both engines with its rows.
    pub(super) fn set_up(oracle: &'o Oracle, group: &Group, schema: &str) -> Result<Self, String> {
        let (app, compile_errors) = compile_what_can_be(group)?;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(roomy(&folder), Arc::new(SystemClock)).unwrap();
        store.migrate(&app, false).unwrap_or_else(|fault| panic!("{schema}: {fault:?}"));
        let pair = Self { oracle, schema: schema.to_owned(), app, store, folder, compile_errors };
        pair.set_up_postgres();
        pair.seed();
        Ok(pair)
    }

    pub(super) fn compile_errors(&self) -> Vec<String> {
        self.compile_errors.clone()
    }

    pub(super) fn app(&self) -> &App {
        &self.app
    }

    fn set_up_postgres(&self) {
        let schema = &self.schema;
        self.oracle.run(&format!("create schema {schema}; set search_path = {schema}, martlet, public")).unwrap();
        for migration in &self.app.migrations {
            for statement in &migration.postgres {
                self.oracle.run(statement).unwrap_or_else(|fault| panic!("{schema}: {fault:?} in {statement}"));
            }
        }
    }

    fn seed(&self) {
        let Some(seed) = &self.app.seed else { return };
        self.store.seed(seed, 1.0, &mut |_| {}).unwrap_or_else(|fault| panic!("{}: {fault:?}", self.schema));
        for statement in &seed.statements {
            let call = Call { params: &[], arguments: Arc::new([Value::Double(1.0)]), rows: Vec::new() };
            let types = [ParamType { base: Type::Double, is_list: false }];
            let literals = statement.postgres.binds.iter().map(|_| (types[0], literal(&call.arguments[0], types[0])));
            let run = self.execute(&statement.postgres.text, literals.collect());
            run.unwrap_or_else(|fault| panic!("{}: {fault:?} in {}", self.schema, statement.postgres.text));
        }
        self.move_counters();
    }

    /// Moves the counters of identity columns past the highest id, as seeding a database does.
    fn move_counters(&self) {
        for table in self.app.catalogue.tables.values() {
            for column in table.columns.iter().filter(|column| column.is_identity) {
                let (table, column) = (&table.name, &column.name);
                let sql = format!(
                    "select setval(pg_get_serial_sequence('{table}', '{column}'), greatest(max({column}), 1), \
                     max({column}) is not null) from {table}"
                );
                self.oracle.run(&sql).unwrap();
            }
        }
    }

    /// The parameters of a case; none where it does not compile.
    pub(super) fn params(&self, case: &Case) -> Option<&[Param]> {
        let query = self.app.queries.get(&case.name).map(|query| &query.declaration);
        let action = self.app.actions.get(&case.name).map(|action| &action.declaration);
        query.or(action).map(|declaration| &declaration.params[..])
    }

    /// Runs one call on both engines; whether it gave an answer, not an error.
    pub(super) fn compare(&self, case: &Case, arguments: &Arc<[Value]>) -> Result<bool, String> {
        if case.is_action {
            return self.compare_action(&self.app.actions[&case.name], arguments);
        }
        let query = &self.app.queries[&case.name];
        if query.page.is_some() {
            return self.compare_pages(query, arguments);
        }
        let call = Call { params: &query.declaration.params, arguments: Arc::clone(arguments), rows: Vec::new() };
        let postgres = self.postgres_query(query, &call);
        is_same(self.sqlite_query(&self.store, query, &call), postgres)
            .map_err(|difference| format!("{difference}\n  {}", query.statement.sqlite.text))
    }

    /// Pages of three rows to the end, with the hidden columns, which tell where the next one begins.
    fn compare_pages(&self, query: &Query, arguments: &Arc<[Value]>) -> Result<bool, String> {
        let page = query.page.as_ref().unwrap();
        let shown = |statement: &Statement, hidden: &[ParamType]| {
            let mut query = Query { page: None, statement: statement.clone(), ..query.clone() };
            let key =
                |(index, key): (usize, &Column)| Column { name: format!("martlet_page_{}", index + 1), ..key.clone() };
            query.statement.columns.extend(page.keys.iter().enumerate().map(key));
            let like = |ty: &ParamType| Param {
                name: "hidden".to_owned(),
                ty: *ty,
                rules: Vec::new(),
                is_optional: true,
                default: None,
                description: String::new(),
                span: Span::default(),
            };
            query.declaration.params.extend(hidden.iter().map(like));
            Arc::new(query)
        };
        let scalar = |base| ParamType { base, is_list: false };
        let size = [scalar(Type::Bigint)];
        let keys: Vec<ParamType> = size.into_iter().chain(page.keys.iter().map(|key| scalar(key.ty))).collect();
        let (first, after) = (shown(&query.statement, &size), shown(&page.after, &keys));
        let mut given: Vec<Value> = arguments.iter().cloned().chain([Value::Integer(3)]).collect();
        let mut plan = first;
        loop {
            let call = Call { params: &plan.declaration.params, arguments: given.clone().into(), rows: Vec::new() };
            let sqlite = self.sqlite_query(&self.store, &plan, &call);
            let answer = sqlite.clone();
            is_same(sqlite, self.postgres_query(&plan, &call))
                .map_err(|difference| format!("{difference}\n  {}", plan.statement.sqlite.text))?;
            let Ok(answer) = answer else { return Ok(false) };
            let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
            let Some(last) = answer.as_array().and_then(|rows| rows.last()) else { return Ok(true) };
            given.truncate(arguments.len() + 1);
            given.extend((1..=page.keys.len()).map(|key| value_of(&last[format!("martlet_page_{key}")])));
            plan = Arc::clone(&after);
        }
    }

    /// The answers, and then what lies in every table; PostgreSQL's changes are undone.
    fn compare_action(&self, action: &Arc<Action>, arguments: &Arc<[Value]>) -> Result<bool, String> {
        let store = self.copied_store();
        let sqlite = self.sqlite_action(&store, action, arguments);
        self.oracle.run("begin").unwrap();
        let postgres = self.postgres_action(action, arguments);
        if postgres.is_err() {
            self.oracle.run("rollback; begin").unwrap();
        }
        let tables = self.compare_tables(&store);
        self.oracle.run("rollback").unwrap();
        self.move_counters();
        let is_upsert = action.steps.iter().any(|step| step.statement.postgres.text.contains("on conflict"));
        if is_upsert && sqlite.is_ok() && postgres == Err("21000".to_owned()) {
            // It met a key twice: docs/differences.md.
            return Ok(false);
        }
        let is_done_alike = sqlite.is_ok() == postgres.is_ok();
        let is_answer = is_same(sqlite, postgres)?;
        if is_done_alike {
            tables?;
        }
        Ok(is_answer)
    }

    /// Runs an action for good on both engines.
    pub(super) fn commit(&self, name: &str, values: &Arc<[Value]>) -> Result<(), String> {
        let action = &self.app.actions[name];
        let sqlite = self.sqlite_action(&self.store, action, values);
        self.oracle.run("begin").unwrap();
        let postgres = self.postgres_action(action, values);
        self.oracle.run(if postgres.is_ok() { "commit" } else { "rollback" }).unwrap();
        is_same(sqlite, postgres).map(drop).map_err(|difference| format!("{name} {values:?}\n{difference}"))
    }

    /// A store on a copy of the database, so that the next case finds the rows as they were.
    fn copied_store(&self) -> SqliteStore {
        let mut own = roomy(&self.folder);
        let number = std::fs::read_dir(self.folder.path()).unwrap().count();
        own.data = self.folder.path().join(format!("copy-{number}"));
        std::fs::create_dir(&own.data).unwrap();
        let source = rusqlite::Connection::open(settings(&self.folder).data.join("app.db")).unwrap();
        // A CHECK may call our functions, and copying a row checks it.
        martlet_store::functions::register(&source, &Arc::default()).unwrap();
        source.execute("vacuum into ?1", [own.data.join("app.db").to_str().unwrap()]).unwrap();
        SqliteStore::open(own, Arc::new(SystemClock)).unwrap()
    }

    /// What differs in the tables as they are.
    pub(super) fn compare_all_tables(&self) -> Vec<String> {
        self.compare_tables(&self.store).err().into_iter().collect()
    }

    fn compare_tables(&self, store: &SqliteStore) -> Result<(), String> {
        for (name, query) in self.app.queries.iter().filter(|(name, _)| name.starts_with(DUMP)) {
            let call = Call { params: &[], arguments: Arc::new([]), rows: Vec::new() };
            let difference = is_same(self.sqlite_query(store, query, &call), self.postgres_query(query, &call));
            difference.map_err(|difference| format!("afterwards {name}:\n{difference}"))?;
        }
        Ok(())
    }

    fn sqlite_query(&self, store: &SqliteStore, query: &Arc<Query>, call: &Call<'_>) -> Outcome {
        let read = Read { query: Arc::clone(query), inputs: inputs(&call.arguments), wants_keys: false };
        let snapshot = self.oracle.block_on(store.read(vec![read], soon())).map_err(|fault| fault.code.to_string())?;
        outcome(snapshot.answers.into_iter().next().unwrap())
    }

    fn sqlite_action(&self, store: &SqliteStore, action: &Arc<Action>, arguments: &Arc<[Value]>) -> Outcome {
        outcome(self.oracle.block_on(store.transact(Arc::clone(action), inputs(arguments), soon())))
    }

    fn postgres_query(&self, query: &Query, call: &Call<'_>) -> Outcome {
        let (rows, _) = self.postgres_rows(&query.statement, call)?;
        shaped(query.declaration.returns, &query.statement, rows)
    }

    fn postgres_action(&self, action: &Action, arguments: &Arc<[Value]>) -> Outcome {
        let mut call = Call { params: &action.declaration.params, arguments: Arc::clone(arguments), rows: Vec::new() };
        let mut answer = None;
        for (index, step) in action.steps.iter().enumerate() {
            let (rows, affected) = self.postgres_rows(&step.statement, &call)?;
            if let Some(expect) = &step.expect {
                let count = if step.statement.columns.is_empty() { affected } else { rows.len() as u64 };
                meets(expect, count)?;
            }
            let first = rows.first().map(|row| {
                let columns = step.statement.columns.iter().map(|column| column.ty).collect();
                StepRow { row: row.clone(), columns }
            });
            if index == action.answer {
                answer = Some(shaped(action.declaration.returns, &step.statement, rows)?);
            }
            call.rows.push(first);
        }
        Ok(answer.unwrap())
    }

    /// The rows in canonical form, and how many were affected.
    fn postgres_rows(&self, statement: &Statement, call: &Call<'_>) -> Result<(Vec<String>, u64), String> {
        let text = &statement.postgres.text;
        let wrapped = match (statement.columns.is_empty(), statement.kind) {
            (true, _) => text.clone(),
            (false, martlet_sql::StatementKind::Select) => {
                format!("select row_to_json(oracle_row)::text from (\n{text}\n) as oracle_row")
            }
            (false, _) => {
                format!("with oracle_row as (\n{text}\n) select row_to_json(oracle_row)::text from oracle_row")
            }
        };
        let literals = statement.postgres.binds.iter().map(|bind| call.literal(bind)).collect();
        let (rows, affected) = self.execute(&wrapped, literals).map_err(|(sqlstate, message)| {
            // What the compiler has let through must run: a fault of the text is no outcome.
            assert!(!sqlstate.starts_with("42") || sqlstate == "42P10", "{message} in {text}");
            sqlstate
        })?;
        let canonical = |row: Option<String>| canonical_json(&row.unwrap()).unwrap();
        Ok((rows.into_iter().map(canonical).collect(), affected))
    }

    /// Runs a text whose placeholders have these types and values.
    fn execute(&self, text: &str, literals: Vec<(ParamType, String)>) -> Result<Rows, Fault> {
        if literals.is_empty() {
            return self.oracle.run_counted(text);
        }
        let types: Vec<String> = literals.iter().map(|(ty, _)| ty.to_string()).collect();
        let values: Vec<String> = literals.into_iter().map(|(_, literal)| literal).collect();
        let _ = self.oracle.run("deallocate all");
        self.oracle.run(&format!("prepare statement ({}) as {text}", types.join(", ")))?;
        let answer = self.oracle.run_counted(&format!("execute statement ({})", values.join(", ")));
        // A failed transaction takes no command: `deallocate` then comes before the next `prepare`.
        let _ = self.oracle.run("deallocate all");
        answer
    }
}

/// Room for all rows of a table in one answer.
fn roomy(folder: &tempfile::TempDir) -> StoreSettings {
    StoreSettings {
        answer_rows_max: limits::ANSWER_ROWS_MAX,
        answer_size_max: limits::ANSWER_SIZE_MAX,
        ..settings(folder)
    }
}

fn outcome(answer: Result<martlet_store::Answer, martlet_core::Error>) -> Outcome {
    match answer {
        Ok(answer) => Ok(answer.body.map_or_else(String::new, |body| String::from_utf8(body.to_vec()).unwrap())),
        Err(fault) if fault.kind == martlet_core::Kind::Internal => Err(format!("{} {:?}", fault.code, fault.operator)),
        Err(fault) => Err(fault.code.into_owned()),
    }
}

fn meets(expect: &Expect, count: u64) -> Result<(), String> {
    let is_met = expect.rows.holds(count);
    if is_met { Ok(()) } else { Err(expect.code.clone()) }
}

fn shaped(returns: Returns, statement: &Statement, rows: Vec<String>) -> Outcome {
    if statement.columns.is_empty() {
        return Ok(String::new());
    }
    match returns {
        Returns::Rows => Ok(format!("[{}]", rows.join(","))),
        Returns::Row => rows.into_iter().next().ok_or_else(|| "PGRST116".to_owned()),
        Returns::Value => {
            let first = rows.first().map(|row| members(row)[0].to_owned());
            Ok(first.unwrap_or_else(|| "null".to_owned()))
        }
        Returns::Nothing => Ok(String::new()),
    }
}

/// Whether the two are an answer, or two errors of one code; what differs otherwise.
fn is_same(sqlite: Outcome, postgres: Outcome) -> Result<bool, String> {
    // Minus zero is zero, years end with 9999, NaN is refused: docs/differences.md.
    let without_minus_zero = |body: String| body.replace(":-0,", ":0,").replace(":-0}", ":0}");
    let (sqlite, postgres) = (sqlite.map(without_minus_zero), postgres.map(without_minus_zero));
    match (&sqlite, &postgres) {
        _ if sqlite == postgres => Ok(sqlite.is_ok()),
        (Err(code), Ok(body)) if code == "22008" && is_beyond_the_years(body) => Ok(false),
        (Err(code), Ok(body)) if code == "22003" && body.contains("\"NaN\"") => Ok(false),
        // Two faults at once: either may be told.
        (Err(limit), Err(offset)) if limit == "2201W" && offset == "2201X" => Ok(false),
        (Ok(a), Ok(b)) => {
            let place = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            Err(format!("  sqlite   ...{}\n  postgres ...{}", around(a, place), around(b, place)))
        }
        _ => Err(format!("  sqlite   {}\n  postgres {}", told(&sqlite), told(&postgres))),
    }
}

fn told(outcome: &Outcome) -> String {
    match outcome {
        Ok(body) => around(body, 0),
        Err(code) => format!("error {code}"),
    }
}

fn around(text: &str, place: usize) -> String {
    let start = (0..=place.saturating_sub(80)).rev().find(|start| text.is_char_boundary(*start)).unwrap_or(0);
    text[start..].chars().take(240).collect()
}

fn is_beyond_the_years(body: &str) -> bool {
    let is_long_year = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count() > 4 && text.contains('-');
    body.contains(" BC\"") || body.split('"').any(is_long_year)
}

/// A key of a page as it goes into the next one.
fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Bool(value) => Value::Boolean(*value),
        serde_json::Value::Number(number) => {
            number.as_i64().map_or_else(|| Value::Double(number.as_f64().unwrap()), Value::Integer)
        }
        serde_json::Value::String(text) => Value::Text(text.as_str().into()),
        other => panic!("{other} is no key of a page"),
    }
}
