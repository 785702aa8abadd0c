//! `@warm`: answers that are computed when the app is loaded, and when somebody says so.

use super::super::loaded::{Entry, Loaded};
use super::super::{Callable, Clear, Engine};
use super::{Pace, give_way};
use crate::Arguments;
use crate::answer_cache::{AnswerCache, CachePlan, Cause, Renewed};
use martlet_core::{Caller, Error, ParamType, Type, Value, code, limits};
use martlet_sql::{Declaration, Query, Warm};
use martlet_store::{Demand, Inputs};
use serde_json::{Map, Number};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What came of computing the answers that `@warm` names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WarmFigures {
    /// They were computed and are kept.
    pub filled: usize,
    /// They were there.
    pub found: usize,
    /// They could not be computed, or are not kept.
    pub failed: usize,
    /// Nothing was done for them: the time was over.
    pub left: usize,
    /// How long it took.
    pub took: Duration,
}

impl WarmFigures {
    fn count(&mut self, renewed: Renewed) {
        let count = match renewed {
            Renewed::Kept => &mut self.filled,
            Renewed::Found => &mut self.found,
            Renewed::Overtaken | Renewed::Unkept | Renewed::Failed | Renewed::Skipped | Renewed::Dropped => {
                &mut self.failed
            }
        };
        *count += 1;
    }
}

/// One line of `@warm`.
struct Line {
    entry: Arc<Entry>,
    query: Arc<Query>,
    inputs: Inputs,
}

/// The arguments of a line of `@warm`, as a caller would write them in JSON.
pub fn warm_arguments(declaration: &Declaration, warm: &Warm) -> String {
    let named = warm.arguments.iter().filter_map(|(index, value)| {
        let param = declaration.params.get(*index)?;
        Some((param.name.clone(), written(value, param.ty)))
    });
    serde_json::Value::Object(named.collect::<Map<_, _>>()).to_string()
}

fn written(value: &Value, ty: ParamType) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        // What is no number in JSON is a word.
        Value::Double(value) => {
            Number::from_f64(*value).map_or_else(|| value.to_string().into(), serde_json::Value::Number)
        }
        Value::Text(text) if ty.base == Type::Jsonb => serde_json::from_str(text).unwrap_or_default(),
        Value::Text(text) => text.as_ref().into(),
        Value::List(items) => items.iter().map(|item| written(item, ParamType { is_list: false, ..ty })).collect(),
    }
}

impl Engine {
    /// Computes what `@warm` names, of all queries or of one, where it is not there; what is left at the deadline is
    /// told. Without a cache nothing is done.
    ///
    /// Errors: MRT030 for a query that is not there or has no `@warm`.
    /// Needs a runtime with time enabled. Dropped at its await: nothing is left.
    pub async fn warm(&self, query: Option<&str>, deadline: Instant) -> Result<WarmFigures, Error> {
        let loaded = self.loaded.load_full();
        let has_warm = |entry: &Entry| !entry.callable.declaration().warm.is_empty();
        match query {
            Some(name) if loaded.get(name).is_none_or(|entry| entry.cache.is_none()) => {
                return Err(self.unknown_cache(Clear::Query(name)));
            }
            Some(name) if loaded.get(name).is_some_and(|entry| !has_warm(entry)) => {
                let error = Error::new(&code::UNKNOWN_CACHE, format!("the query {name} has no `@warm`"));
                return Err(error.hint("`-- @warm NAME=VALUE` above its statement says which answers to compute"));
            }
            _ => {}
        }
        let Some(cache) = &self.settings.cache else { return Ok(WarmFigures::default()) };
        let lines = self.lines(cache, &loaded, query);
        Ok(self.warm_lines(cache, lines, deadline, &|| false).await)
    }

    /// Again for each version of the app that is served.
    pub(super) async fn warm_when_loaded(&self, cache: &AnswerCache, is_busy: &(impl Fn() -> bool + Sync)) {
        loop {
            cache.renewals.loaded.notified().await;
            let lines = self.lines(cache, &self.loaded.load_full(), None);
            if lines.is_empty() {
                continue;
            }
            let no_end = Instant::now() + Duration::from_secs(365 * 24 * 3_600);
            let WarmFigures { filled, found, failed, took, .. } = self.warm_lines(cache, lines, no_end, is_busy).await;
            tracing::info!(
                cache.warmed = filled + found,
                cache.failed = failed,
                duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "the answers that `@warm` names are in memory: {} of {}",
                filled + found,
                filled + found + failed,
            );
        }
    }

    async fn warm_lines(
        &self,
        cache: &AnswerCache,
        lines: Vec<Line>,
        deadline: Instant,
        is_busy: &(impl Fn() -> bool + Sync),
    ) -> WarmFigures {
        let began = Instant::now();
        let lines = Mutex::new((lines.into_iter(), WarmFigures::default()));
        let lock = || lines.lock().unwrap_or_else(PoisonError::into_inner);
        let work = async || {
            let mut pace = Pace::default();
            while Instant::now() < deadline {
                let Some(line) = lock().0.next() else { return };
                give_way(is_busy).await;
                let began = Instant::now();
                let renewed = self.warm_line(line, deadline).await;
                cache.renewals.count(Cause::Warm, renewed);
                lock().1.count(renewed);
                pace.used(began.elapsed()).await;
            }
        };
        tokio::join!(work(), work());
        let (left, figures) = lines.into_inner().unwrap_or_else(PoisonError::into_inner);
        WarmFigures { left: left.len(), took: began.elapsed(), ..figures }
    }

    async fn warm_line(&self, line: Line, deadline: Instant) -> Renewed {
        let Line { entry, query, inputs } = line;
        let Some(cached) = self.cached(&entry) else { return Renewed::Unkept };
        let deadline = deadline.min(Instant::now() + self.timeout(&entry.callable));
        for _ in 1..limits::CACHE_RENEWAL_TRIES {
            let renewed = self.fill(cached, &query, inputs.clone(), deadline, |_| true).await;
            if renewed != Renewed::Overtaken {
                return renewed;
            }
        }
        self.fill(cached, &query, inputs, deadline, |_| true).await
    }

    /// The lines of `@warm`, of all queries or of one; their answers are known as such from here on.
    fn lines(&self, cache: &AnswerCache, loaded: &Loaded, wanted: Option<&str>) -> Vec<Line> {
        let mut lines = Vec::new();
        for (name, entry) in loaded.named_entries() {
            let (Callable::Query(query), Some(plan)) = (&entry.callable, &entry.cache) else { continue };
            if query.declaration.warm.is_empty() || wanted.is_some_and(|wanted| wanted != name) {
                continue;
            }
            let inputs = query.declaration.warm.iter().map(|warm| self.inputs_of(entry, &query.declaration, warm));
            let (inputs, refused): (Vec<_>, Vec<_>) = inputs.partition(Result::is_ok);
            for error in refused.into_iter().filter_map(Result::err) {
                tracing::warn!(query = name, "an answer that `@warm` names cannot be computed: {}", error.message);
            }
            let inputs: Vec<Inputs> = inputs.into_iter().filter_map(Result::ok).collect();
            know(cache, plan, &inputs);
            let line = |inputs| Line { entry: Arc::clone(entry), query: Arc::clone(query), inputs };
            lines.extend(inputs.into_iter().map(line));
        }
        lines
    }

    /// Of nobody in particular: `check` refuses `@warm` where the answer is somebody's own.
    fn inputs_of(&self, entry: &Entry, declaration: &Declaration, warm: &Warm) -> Result<Inputs, Error> {
        let arguments = warm_arguments(declaration, warm);
        let arguments = Arguments::Json(arguments.as_bytes());
        let (inputs, _) =
            self.inputs(entry, &Caller::default(), arguments, self.clock.now(), Demand::default(), None)?;
        Ok(inputs)
    }
}

/// They are computed again when they end.
fn know(cache: &AnswerCache, plan: &CachePlan, inputs: &[Inputs]) {
    if let Some(generation) = plan.generation() {
        plan.set_warm(inputs.iter().filter_map(|inputs| cache.key(plan, generation, inputs)));
    }
}
