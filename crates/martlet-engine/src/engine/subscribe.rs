//! Following an answer: it is given now, and again whenever its bytes differ.
//!
//! A subscription is pulled: nothing is queued for one who is slow, who gets the latest answer when it asks. Each
//! answer comes by the way of every read: the policy, the arguments, the cache, one computation for all who wait. A
//! commit that touches the answer wakes all who follow it; where the bytes are the same, nobody is told.

use super::read::{Cached, Found};
use super::{Callable, Engine, read_only};
use crate::OwnedArguments;
use crate::answer_cache::{Kept, Unwatched};
use crate::digest::Digest;
use martlet_cache::Watcher;
use martlet_core::{Caller, Error, code};
use martlet_store::{Answer, Demand};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Readings that may be in vain, because commits or other calls come between, before the store is taken to be busy.
const READINGS_MAX: usize = 8;
/// How long a subscription waits for another version of the app to be ready before it looks again.
const RELOAD_WAIT: Duration = Duration::from_millis(10);

/// What is followed.
#[derive(Debug, Clone)]
pub struct Subscribe {
    /// For whom.
    pub caller: Caller,
    /// The declared name of a query.
    pub name: String,
    /// As they came.
    pub arguments: OwnedArguments,
    /// What is demanded of each answer.
    pub demand: Demand,
}

/// Follows one answer. Dropped: it is not followed any more.
#[derive(Debug)]
pub struct Subscription {
    engine: Arc<Engine>,
    what: Subscribe,
    /// What tells of commits, and what it follows.
    watcher: Option<(Watcher<Kept>, Vec<u8>)>,
    /// The answer is to be read, whether or not anybody tells.
    is_due: bool,
    /// It counts against the caller's limits once.
    is_counted: bool,
    /// When the answer is to be read again although nothing has changed.
    ends_at: Option<tokio::time::Instant>,
    /// Of the last answer that was given.
    last: Option<[u8; 32]>,
}

impl Engine {
    /// Follows the answer of a query: [`Subscription::next`] gives it, and then each that differs.
    pub fn subscribe(self: &Arc<Self>, what: Subscribe) -> Subscription {
        let engine = Arc::clone(self);
        Subscription { engine, what, watcher: None, is_due: true, is_counted: false, ends_at: None, last: None }
    }
}

impl Subscription {
    /// The answer; after the first one, the next whose bytes differ from the one before. Between two calls, any
    /// number of answers may be passed over but the last.
    ///
    /// Errors: those of [`Engine::run_query`], as the app that is served says by then; MRT031 where the answers are
    /// not kept, MRT032 where as many are followed as may be. After an error the next call reads at once.
    /// Dropped at its await: nothing is lost. Needs a runtime with time enabled.
    pub async fn next(&mut self) -> Result<Answer, Error> {
        loop {
            self.wait().await;
            let (answer, digest) = self.read().await?;
            self.is_due = false;
            if self.last != Some(digest) {
                self.last = Some(digest);
                return Ok(answer);
            }
        }
    }

    /// Returns when the answer is to be read.
    async fn wait(&mut self) {
        if self.is_due {
            return;
        }
        if let Some((watcher, _)) = &mut self.watcher {
            let told = match self.ends_at {
                Some(ends_at) => tokio::time::timeout_at(ends_at, watcher.changed()).await.unwrap_or(Ok(())),
                None => watcher.changed().await,
            };
            if told.is_err() {
                self.watcher = None;
            }
        }
        self.is_due = true;
    }

    /// An answer of which the watcher will tell when it changes, and the digest of its bytes.
    async fn read(&mut self) -> Result<(Answer, [u8; 32]), Error> {
        let engine = Arc::clone(&self.engine);
        let arrival = Instant::now();
        let mut readings = 0;
        while readings < READINGS_MAX {
            let Subscribe { caller, name, arguments, demand } = &self.what;
            let arguments = arguments.get();
            // Each time: another version of the app may be served.
            let entry = engine.loaded.load().permitted(name, arguments, &caller.identity)?.clone();
            let Callable::Query(query) = &entry.callable else { return Err(read_only(name)) };
            let mut limits = Vec::new();
            let counted = if self.is_counted { None } else { Some(&mut limits) };
            let (inputs, page) = engine.inputs(&entry, caller, arguments, engine.clock.now(), *demand, counted)?;
            self.is_counted = true;
            let Some(Cached { cache, plan, generation, .. }) = engine.cached(&entry) else {
                let why = entry.cache.as_ref().and_then(|plan| plan.unkept());
                return Err(not_followed(name, why.unwrap_or("no answers are kept")));
            };
            let Ok(lives_for) = cache.lives_for(plan) else {
                return Err(not_followed(name, "it depends on the time"));
            };
            let Some(key) = cache.key(plan, generation, &inputs) else {
                return Err(not_followed(name, "the arguments are too long"));
            };
            let watcher = match &mut self.watcher {
                Some((watcher, known)) if *known == key => watcher,
                place => match cache.watch(plan, &key, &inputs) {
                    Ok(watcher) => &mut place.insert((watcher, key)).0,
                    Err(Unwatched::TooMany) => return Err(too_many(name)),
                    Err(Unwatched::Replaced) if arrival.elapsed() > engine.settings.query_timeout => {
                        return Err(Error::new(&code::DEADLINE, "another version of the app is still being loaded"));
                    }
                    Err(Unwatched::Replaced) => {
                        tokio::time::sleep(RELOAD_WAIT).await;
                        continue;
                    }
                },
            };
            readings += 1;
            watcher.begin();
            let deadline = arrival + engine.timeout(&entry.callable);
            let found = engine.read(&entry, query, inputs, deadline).await?;
            if !watcher.covers(found.answer.position.number) {
                continue;
            }
            self.ends_at = lives_for.map(|lives_for| tokio::time::Instant::now() + lives_for);
            // Before a page's cursor is sealed: no two seals are the same.
            let digest = digest_of(&found);
            let answer = match &page {
                Some(page) => engine.end_page(page, found.answer)?,
                None => found.answer,
            };
            return Ok((answer, digest));
        }
        Err(not_followed(&self.what.name, "what it rests on cannot be told"))
    }
}

fn digest_of(found: &Found) -> [u8; 32] {
    let body = found.answer.body.as_deref();
    let last = found.answer.last.as_deref().unwrap_or_default();
    Digest::new("subscription").bytes(body.unwrap_or_default()).values(last).finish()
}

fn not_followed(name: &str, why: &str) -> Error {
    Error::new(&code::NOT_FOLLOWED, format!("the answers of {name} cannot be followed: {why}"))
}

fn too_many(name: &str) -> Error {
    Error::new(&code::TOO_MANY_FOLLOWED, format!("as many answers are followed as may be; {name} is one too many"))
}
