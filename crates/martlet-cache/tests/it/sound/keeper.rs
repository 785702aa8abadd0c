//! The cache as the engine uses it: answers under a number each, told of commits by the store.

use martlet_cache::{Cache, CacheSettings, QueryId, Resolve, Weigh};
use martlet_core::{Change, Value};
use martlet_sql::Bind;
use martlet_sql::dependency::{Dependencies, Tracked};
use martlet_store::{Answer, Changes, CommitObserver, Inputs};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What kept values are here: nothing; the answers are compared elsewhere.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Weigh for Nothing {
    fn weight(&self) -> usize {
        0
    }

    fn digest(&self) -> u64 {
        0
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Keeper {
    cache: Cache<Nothing>,
    /// What the last commit has changed; none: everything.
    last: Mutex<Option<Vec<Change>>>,
    fault: Fault,
}

/// A mistake in what is told of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The rows before are left out.
    OldRows,
    /// The rows after are left out.
    NewRows,
}

impl Keeper {
    pub(crate) fn new(fault: Fault) -> Self {
        let settings = CacheSettings { bytes_max: 64 << 20, entries_max: 100_000, ..CacheSettings::default() };
        Self { cache: Cache::new(settings), last: Mutex::default(), fault }
    }

    pub(crate) fn load(&self, tracked: Arc<Tracked>, queries: Vec<Arc<Dependencies>>) {
        self.cache.load(tracked, queries);
    }

    /// Keeps an answer; whether that could be.
    pub(crate) fn keep(&self, number: usize, query: u32, inputs: &Inputs, answer: &Answer) -> bool {
        let Some(keys) = &answer.keys else { return false };
        let bind = |bind: &Bind| value_of(bind, inputs);
        let resolve = Resolve { bind: &bind, keys: &keys.keys, values: &keys.values };
        let (start, now) = (self.cache.start(), Instant::now());
        let key = Box::from(number.to_le_bytes());
        self.cache.keep(start, answer.position.number, key, QueryId(query), &resolve, Nothing, None, now).is_ok()
    }

    /// Whether the answer that was kept is still given.
    pub(crate) fn has(&self, number: usize) -> bool {
        let entry = self.cache.get(&number.to_le_bytes(), Instant::now());
        // What nobody reads would not be kept for long.
        entry.inspect(|entry| entry.note_read()).is_some()
    }

    /// What the last commit has changed.
    pub(crate) fn take_last(&self) -> Option<Vec<Change>> {
        self.last.lock().unwrap().take()
    }
}

impl CommitObserver for Keeper {
    fn begins(&self, number: u64, changes: Changes<'_>) {
        let Changes::Rows(changes) = changes else {
            *self.last.lock().unwrap() = None;
            return self.cache.begins_with_everything(number);
        };
        *self.last.lock().unwrap() = Some(changes.to_vec());
        let told = changes.iter().map(|change| {
            let (old, new) = (change.old.clone(), change.new.clone());
            match self.fault {
                Fault::OldRows if new.is_some() => Change { old: None, ..change.clone() },
                Fault::NewRows if old.is_some() => Change { new: None, ..change.clone() },
                _ => change.clone(),
            }
        });
        self.cache.begins(number, &told.collect::<Vec<_>>());
    }

    fn ended(&self, number: u64) {
        self.cache.ended(number);
    }
}

fn value_of(bind: &Bind, inputs: &Inputs) -> Option<Value> {
    let text = |text: Option<&str>| Some(text.map_or(Value::Null, |text| Value::Text(text.into())));
    let claims = inputs.identity.claims();
    match bind {
        Bind::Parameter(index) => inputs.arguments.get(*index).cloned(),
        Bind::UserId => text(claims.and_then(|claims| claims.user_id.as_deref())),
        Bind::Role => text(Some(inputs.identity.role())),
        Bind::Claims => text(claims.map(|claims| claims.json.as_str())),
        Bind::Claim(name) => text(claims.and_then(|claims| claims.get(name)).as_deref()),
        Bind::Now | Bind::Today | Bind::StepColumn { .. } => None,
    }
}
