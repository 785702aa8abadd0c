//! Isolation in a group: random batches against a model that runs one action after the other in memory.
//!
//! Goal: nothing that one action does to itself, be it a deadline, a failed expectation, a violated constraint or
//! RAISE(ROLLBACK), costs its neighbours anything. Method: every batch is run as one group; afterwards each outcome,
//! the tables and the position are compared with the model's.

use super::super::authorizer::Role;
use super::super::{StoreSettings, Synchronous};
use super::*;
use crate::Demand;
use crate::sqlite::connection::Connection;
use martlet_core::{Identity, SystemClock, Timestamp, Type, Value};
use martlet_sql::{
    Column, Declaration, EngineText, ExpectedRows, Returns, Span, Statement, StatementKind, Step, Volatility,
};
use std::collections::BTreeMap;

/// No group of these tests takes so long.
const PATIENT: Duration = Duration::from_secs(60);
const BATCHES: u64 = 10_000;
const SEED: u64 = 0x6d61_7274_6c65_7431;

const SCHEMA: &str = "
    create table accounts (id integer primary key, name text not null unique, balance integer not null check (balance >= 0)) strict;
    create table log (id integer primary key autoincrement, account integer not null references accounts (id), note text not null) strict;
    create index log_account on log (account);
    create trigger log_rollback before insert on log when new.note = 'rollback' begin select raise(rollback, 'no'); end;
    create trigger log_abort before insert on log when new.note = 'abort' begin select raise(abort, 'no'); end;
    create trigger log_fail after insert on log when new.note = 'fail' begin select raise(fail, 'no'); end;";

const ENDLESS: &str = "with recursive endless (n) as (select 1 union all select n + 1 from endless)";

/// What an action of the test does.
#[derive(Debug, Clone)]
enum Deed {
    Open {
        id: i64,
        name: i64,
        balance: i64,
    },
    OpenTwo {
        first: i64,
        second: i64,
    },
    Transfer {
        from: i64,
        to: i64,
        amount: i64,
        note: &'static str,
    },
    Close {
        id: i64,
    },
    Purge {
        account: i64,
    },
    /// Opens an account, then answers with a row that must be the only one.
    Only {
        id: i64,
    },
    /// Opens an account, then reads without end.
    ReadForEver {
        id: i64,
    },
    /// Opens an account, then writes without end.
    WriteForEver {
        id: i64,
    },
}

/// What happens to the action besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Run,
    /// Its deadline has passed.
    Late,
    /// Its future called it off.
    CalledOff,
    /// Its future is gone.
    Dropped,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Model {
    accounts: BTreeMap<i64, (String, i64)>,
    log: BTreeMap<i64, (i64, String)>,
    last_log: i64,
}

impl Model {
    /// The body of the answer, or the code of the error; nothing is changed by an error.
    fn run(&mut self, deed: &Deed) -> Result<Option<String>, &'static str> {
        let mut after = self.clone();
        let body = after.apply(deed)?;
        *self = after;
        Ok(body)
    }

    fn apply(&mut self, deed: &Deed) -> Result<Option<String>, &'static str> {
        match *deed {
            Deed::Open { id, name, balance } => self.open(id, &format!("n{name}"), balance)?,
            Deed::OpenTwo { first, second } => {
                self.open(first, &format!("n{first}"), 10)?;
                self.open(second, &format!("n{second}"), 10)?;
            }
            Deed::Transfer { from, to, amount, note } => return self.transfer(from, to, amount, note).map(Some),
            Deed::Close { id } => {
                let is_there = self.accounts.remove(&id).is_some();
                if is_there && self.log.values().any(|(account, _)| *account == id) {
                    return Err("23503");
                }
                is_there.then_some(()).ok_or("not_there")?;
            }
            Deed::Purge { account } => self.log.retain(|_, (of, _)| *of != account),
            Deed::Only { id } => {
                self.open(id, &format!("n{id}"), 0)?;
                if self.accounts.len() > 1 {
                    return Err("MRT006");
                }
                return Ok(Some(format!("{{\"id\":{id}}}")));
            }
            Deed::ReadForEver { id } | Deed::WriteForEver { id } => {
                self.open(id, &format!("n{id}"), 0)?;
                return Err("57014");
            }
        }
        Ok(None)
    }

    fn open(&mut self, id: i64, name: &str, balance: i64) -> Result<(), &'static str> {
        if balance < 0 {
            return Err("23514");
        }
        if self.accounts.contains_key(&id) || self.accounts.values().any(|(other, _)| other == name) {
            return Err("23505");
        }
        self.accounts.insert(id, (name.to_owned(), balance));
        Ok(())
    }

    fn transfer(&mut self, from: i64, to: i64, amount: i64, note: &str) -> Result<String, &'static str> {
        let payer = self.accounts.get_mut(&from).ok_or("no_account")?;
        payer.1 -= amount;
        if payer.1 < 0 {
            return Err("23514");
        }
        let payee = self.accounts.get_mut(&to).ok_or("no_account")?;
        payee.1 += amount;
        if note != "plain" {
            return Err("P0001");
        }
        self.last_log += 1;
        self.log.insert(self.last_log, (to, note.to_owned()));
        Ok(format!("{{\"id\":{}}}", self.last_log))
    }

    fn dump(&self) -> String {
        let accounts = self.accounts.iter().map(|(id, (name, balance))| format!("{id} {name} {balance}"));
        let log = self.log.iter().map(|(id, (account, note))| format!("{id} {account} {note}"));
        accounts.chain(log).collect::<Vec<_>>().join(";")
    }
}

fn dump(connection: &Connection) -> String {
    let sql = "select id || ' ' || name || ' ' || balance from accounts order by id";
    let mut rows = texts(connection, sql);
    rows.extend(texts(connection, "select id || ' ' || account || ' ' || note from log order by id"));
    rows.join(";")
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.sqlite.prepare_cached(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn action_of(deed: &Deed) -> (Arc<Action>, Vec<Value>) {
    const OPEN: &str = "insert into accounts (id, name, balance) values (?1, 'n' || ?2, ?3)";
    let open = |id: i64| vec![id, id, 0];
    let (steps, arguments) = match *deed {
        Deed::Open { id, name, balance } => (vec![step(OPEN, 0)], vec![id, name, balance]),
        Deed::OpenTwo { first, second } => {
            let sql = "insert into accounts (id, name, balance) values (?1, 'n' || ?1, 10), (?2, 'n' || ?2, 10)";
            (vec![step(sql, 0)], vec![first, second])
        }
        Deed::Transfer { from, to, amount, note } => {
            let note = format!("insert into log (account, note) values (?2, '{note}') returning id");
            let steps = vec![
                expecting("update accounts set balance = balance - ?3 where id = ?1", "no_account"),
                expecting("update accounts set balance = balance + ?3 where id = ?2", "no_account"),
                step(&note, 1),
            ];
            (steps, vec![from, to, amount])
        }
        Deed::Close { id } => (vec![expecting("delete from accounts where id = ?1", "not_there")], vec![id]),
        Deed::Purge { account } => (vec![step("delete from log where account = ?1", 0)], vec![account]),
        Deed::Only { id } => (vec![step(OPEN, 0), step("select id from accounts order by id", 1)], open(id)),
        Deed::ReadForEver { id } => {
            let sql = format!("{ENDLESS} select n from endless where n < 0");
            (vec![step(OPEN, 0), step(&sql, 1)], open(id))
        }
        Deed::WriteForEver { id } => {
            let sql = format!("{ENDLESS} insert into log (account, note) select ?1, 'plain' from endless");
            (vec![step(OPEN, 0), step(&sql, 0)], open(id))
        }
    };
    (action(steps), arguments.into_iter().map(Value::Integer).collect())
}

fn action(steps: Vec<Step>) -> Arc<Action> {
    let declaration = Declaration { name: "deed".to_owned(), returns: Returns::Row, ..Declaration::default() };
    let answer = steps.len() - 1;
    Arc::new(Action { declaration, file: "actions/deed.sql".to_owned(), steps, answer })
}

fn step(sql: &str, columns: usize) -> Step {
    let column = Column { name: "id".to_owned(), ty: Type::Bigint, is_nullable: false };
    let placeholders = (1..=3).rev().find(|number| sql.contains(&format!("?{number}"))).unwrap_or(0);
    let statement = Statement {
        kind: StatementKind::Insert,
        span: Span::default(),
        sqlite: EngineText { text: sql.to_owned(), binds: (0..placeholders).map(Bind::Parameter).collect() },
        postgres: EngineText::default(),
        columns: vec![column; columns],
        reads: Vec::new(),
        writes: Vec::new(),
        volatility: Volatility::Immutable,
        rows_max: None,
        json: Vec::new(),
    };
    Step { statement, name: None, expect: None }
}

fn expecting(sql: &str, code: &str) -> Step {
    let expect = Expect { rows: ExpectedRows::Exactly(1), status: 409, code: code.to_owned(), message: String::new() };
    Step { expect: Some(expect), ..step(sql, 0) }
}

/// SplitMix64: enough for a test, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % end.unsigned_abs()).unwrap()
    }

    fn deed(&mut self) -> Deed {
        let id = self.below(8);
        match self.below(200) {
            0..60 => Deed::Open { id, name: self.below(10), balance: self.below(24) - 3 },
            60..75 => Deed::OpenTwo { first: id, second: self.below(8) },
            75..150 => {
                let note = ["plain", "plain", "plain", "plain", "rollback", "abort", "fail"];
                let note = note[usize::try_from(self.below(7)).unwrap()];
                Deed::Transfer { from: id, to: self.below(8), amount: self.below(10), note }
            }
            150..172 => Deed::Close { id },
            172..190 => Deed::Purge { account: id },
            190..197 => Deed::Only { id },
            197..198 => Deed::ReadForEver { id },
            _ => Deed::WriteForEver { id },
        }
    }

    fn fate(&mut self) -> Fate {
        match self.below(40) {
            0 => Fate::Late,
            1 => Fate::CalledOff,
            2 => Fate::Dropped,
            _ => Fate::Run,
        }
    }
}

struct Bench {
    shared: Shared,
    connection: Connection,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("app.db");
        let settings = StoreSettings {
            observer: None,
            data: folder.path().to_owned(),
            synchronous: Synchronous::Normal,
            readers: 1,
            write_queue_max: 1,
            answer_rows_max: 100,
            answer_size_max: 10_000,
            slow_statement_ms: None,
        };
        let maintenance = Connection::open(&database, Role::Maintenance, Synchronous::Normal).unwrap();
        maintenance.sqlite.execute_batch(SCHEMA).unwrap();
        let connection = Connection::open(&database, Role::Writer, Synchronous::Normal).unwrap();
        let shared = Shared::new(settings, Arc::new(SystemClock), database).unwrap();
        Self { shared, connection, _folder: folder }
    }

    /// Runs the batch as one group and gives each outcome; none: nobody was told.
    fn run(&self, batch: &[(Deed, Fate)], patience: Duration) -> Vec<Option<Result<Answer, Error>>> {
        let mut pending = Vec::new();
        let mut outcomes = Vec::new();
        for (deed, fate) in batch {
            let (reply, outcome) = oneshot::channel();
            let (action, arguments) = action_of(deed);
            let patience = match deed {
                _ if *fate == Fate::Late => Duration::ZERO,
                Deed::ReadForEver { .. } | Deed::WriteForEver { .. } => Duration::from_millis(2),
                _ => Duration::from_secs(60),
            };
            let ticket = Arc::new(Ticket::default());
            if *fate == Fate::CalledOff {
                assert!(ticket.cancel());
            }
            outcomes.push((*fate != Fate::Dropped).then_some(outcome));
            let now = Timestamp::from_micros(0);
            let inputs =
                Inputs { arguments: arguments.into(), identity: Identity::Anonymous, now, demand: Demand::default() };
            pending.push(Pending {
                action,
                inputs,
                once: None,
                deadline: Instant::now() + patience,
                wait: Wait::begin(),
                ticket,
                reply,
            });
        }
        assert_eq!(run(&self.shared, &self.connection, &mut Others::default(), pending, patience), Aftermath::Sound);
        assert!(self.connection.is_autocommit());
        outcomes.into_iter().map(|outcome| outcome.and_then(|mut outcome| outcome.try_recv().ok())).collect()
    }
}

#[test]
fn an_action_costs_its_neighbours_nothing() {
    let bench = Bench::new();
    let mut random = Random(SEED);
    let mut model = Model::default();
    let mut outcomes_by_code = BTreeMap::<String, u64>::new();
    for number in 0..BATCHES {
        let size = 1 + random.below(9);
        let batch: Vec<(Deed, Fate)> = (0..size).map(|_| (random.deed(), random.fate())).collect();
        let before = (model.clone(), bench.shared.position().number);
        // Every fourth batch is committed after each of its actions.
        let patience = if number % 4 == 0 { Duration::ZERO } else { PATIENT };
        let outcomes = bench.run(&batch, patience);
        let mut succeeded = 0;
        for ((deed, fate), outcome) in batch.iter().zip(outcomes) {
            let expected = match fate {
                Fate::Run => Some(model.run(deed)),
                Fate::Late => Some(Err("57014")),
                Fate::CalledOff | Fate::Dropped => None,
            };
            let told = outcome.map(|outcome| match outcome {
                Ok(answer) => {
                    let end = bench.shared.position();
                    assert!((before.1..=end.number).contains(&answer.position.number));
                    Ok(answer.body.map(|body| String::from_utf8(body.to_vec()).unwrap()))
                }
                Err(error) => Err(error.code.into_owned()),
            });
            succeeded += u64::from(matches!(told, Some(Ok(_))));
            let code = match &told {
                Some(Ok(_)) => "success",
                Some(Err(code)) => code,
                None => "not told",
            };
            *outcomes_by_code.entry(code.to_owned()).or_default() += 1;
            let expected = expected.map(|outcome| outcome.map_err(str::to_owned));
            // Its short deadline may pass before it finds that its account is there already.
            let is_endless = matches!(deed, Deed::ReadForEver { .. } | Deed::WriteForEver { .. });
            if is_endless && told == Some(Err("57014".to_owned())) {
                continue;
            }
            assert_eq!(told, expected, "seed {SEED:#x}, batch {number}: {deed:?} {fate:?} in {batch:?}");
        }
        assert_eq!(dump(&bench.connection), model.dump(), "seed {SEED:#x}, batch {number}: {batch:?}");
        if before.0 != model {
            assert!(bench.shared.position().number > before.1, "a change moves the position");
        }
        if succeeded == 0 {
            assert_eq!(bench.shared.position().number, before.1, "what was undone does not move the position");
        }
    }
    // The test is worth something only if everything happened often.
    for code in ["success", "not told", "23505", "23514", "23503", "P0001", "57014", "MRT006", "no_account"] {
        assert!(outcomes_by_code.get(code).is_some_and(|count| *count > 20), "{code}: {outcomes_by_code:?}");
    }
}

#[test]
fn an_action_runs_at_most_once_more_for_each_offender_behind_it() {
    let bench = Bench::new();
    let open = |id| (Deed::Open { id, name: id, balance: 1 }, Fate::Run);
    let offend = |id| (Deed::Transfer { from: id, to: id, amount: 0, note: "rollback" }, Fate::Run);
    let batch: Vec<_> = (0..8).flat_map(|id| [open(id), offend(id)]).collect();
    let outcomes = bench.run(&batch, PATIENT);
    let codes: Vec<bool> = outcomes.iter().map(|outcome| outcome.as_ref().unwrap().is_ok()).collect();
    assert_eq!(codes, [true, false].repeat(8));
    assert_eq!(bench.shared.position().number, 8, "each offender ends a commit of those before it");
}

#[test]
fn a_fault_of_the_plan_costs_only_its_action() {
    let bench = Bench::new();
    let (reply, mut outcome) = oneshot::channel();
    let missing = step("insert into accounts (id, name, balance) values (?1, 'x', ?2)", 0);
    let inputs = Inputs {
        arguments: [Value::Integer(1)].into(),
        identity: Identity::Anonymous,
        now: Timestamp::from_micros(0),
        demand: Demand::default(),
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let pending = Pending {
        action: action(vec![missing]),
        inputs,
        once: None,
        deadline,
        wait: Wait::begin(),
        ticket: Arc::default(),
        reply,
    };
    assert_eq!(run(&bench.shared, &bench.connection, &mut Others::default(), vec![pending], PATIENT), Aftermath::Sound);
    assert_eq!(outcome.try_recv().unwrap().unwrap_err().code, code::INTERNAL.code);
    assert_eq!(dump(&bench.connection), "");
}

#[test]
fn a_commit_that_fails_is_the_outcome_of_all_refusals_included() {
    let mut bench = Bench::new();
    bench.connection.sqlite.commit_hook(Some(|| true)).unwrap();
    let batch = [
        (Deed::Open { id: 1, name: 1, balance: 1 }, Fate::Run),
        (Deed::Close { id: 5 }, Fate::Run),
        (Deed::Open { id: 2, name: 2, balance: 1 }, Fate::Run),
        (Deed::Transfer { from: 1, to: 2, amount: 0, note: "rollback" }, Fate::Run),
        (Deed::Open { id: 3, name: 3, balance: 1 }, Fate::Run),
    ];
    for outcome in bench.run(&batch, PATIENT) {
        assert_eq!(outcome.unwrap().unwrap_err().code, code::INTERNAL.code);
    }
    assert_eq!(bench.shared.position().number, 0);
    bench.connection.sqlite.commit_hook(None::<fn() -> bool>).unwrap();
    assert_eq!(dump(&bench.connection), "");
    let codes = bench
        .run(&batch, PATIENT)
        .into_iter()
        .map(|outcome| outcome.unwrap().map_err(|error| error.code.into_owned()).err());
    assert_eq!(codes.collect::<Vec<_>>(), [None, Some("not_there".to_owned()), None, Some("P0001".to_owned()), None]);
}
