//! An engine over a store of its own, gone when dropped.

use martlet_core::{Caller, Claims, Error, Identity, TestClock, Timestamp};
use martlet_engine::{
    Answer, AnswerCache, Arguments, CacheSettings, Call, Demand, Engine, EngineSettings, Extras, Outcome,
    QueryCacheFigures,
};
use martlet_sql::{App, SourceFile, compile};
use martlet_store::{SqliteStore, StoreSettings, Synchronous};
use std::sync::Arc;
use std::time::Instant;

pub(crate) struct TestEngine {
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) cache: Arc<AnswerCache>,
    driver: Option<tokio::task::JoinHandle<()>>,
    _data: tempfile::TempDir,
}

impl TestEngine {
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self::new(app(files))
    }

    /// With a task that runs what is followed.
    pub(crate) fn driven(files: &[(&str, &str)]) -> Self {
        let mut test = Self::of(files);
        test.start_driver();
        test
    }

    pub(crate) fn start_driver(&mut self) {
        let drive = Arc::clone(&self.engine).drive();
        #[expect(clippy::disallowed_methods, reason = "no server whose shutdown could wait")]
        let driver = tokio::spawn(drive);
        self.driver = Some(driver);
    }

    /// As a server does that stops.
    pub(crate) fn stop_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.abort();
        }
    }

    pub(crate) fn new(app: App) -> Self {
        Self::with(app, CacheSettings::default())
    }

    pub(crate) fn with(app: App, cache_settings: CacheSettings) -> Self {
        Self::comparing(app, cache_settings, 0)
    }

    /// Of so many answers from memory one is compared.
    pub(crate) fn comparing(app: App, cache_settings: CacheSettings, check_every: u64) -> Self {
        let data = tempfile::tempdir().expect("make a folder");
        let now = Timestamp::parse("2026-07-01T12:00:00Z").expect("a time");
        let clock = Arc::new(TestClock::at(now));
        let cache = Arc::new(AnswerCache::new(cache_settings, clock.clone()));
        let settings = StoreSettings {
            synchronous: Synchronous::Normal,
            observer: Some(cache.clone()),
            ..StoreSettings::new(data.path())
        };
        let store = SqliteStore::open(settings, clock.clone()).expect("open the store");
        store.migrate(&app, false).expect("migrate");
        let settings = EngineSettings { cache: Some(Arc::clone(&cache)), check_every, ..EngineSettings::default() };
        let engine = Engine::new(app, store, settings, clock.clone()).expect("make the engine");
        Self { engine: Arc::new(engine), clock, cache, driver: None, _data: data }
    }

    pub(crate) async fn query(&self, caller: &Caller, name: &str, arguments: &str) -> Result<Answer, Error> {
        self.engine.run_query(call(caller, name, arguments)).await
    }

    /// A query's answer with where it came from.
    pub(crate) async fn answer(&self, caller: &Caller, name: &str, arguments: &str) -> Outcome {
        self.engine.answer(call(caller, name, arguments), Extras::default()).await
    }

    /// What the cache has done for a query.
    pub(crate) fn figures(&self, name: &str) -> QueryCacheFigures {
        self.engine.cache_figures().into_iter().find(|figures| figures.name == name).expect("a query of this name")
    }

    /// How often the store has run a query.
    pub(crate) fn runs(&self, name: &str) -> u64 {
        let plans = self.engine.store().figures().plans;
        plans.iter().filter(|plan| plan.name == name).map(|plan| plan.calls).sum()
    }

    pub(crate) async fn act(&self, caller: &Caller, name: &str, arguments: &str) -> Result<Answer, Error> {
        self.engine.run_action(call(caller, name, arguments)).await
    }
}

impl Drop for TestEngine {
    fn drop(&mut self) {
        self.stop_driver();
        self.engine.store().close();
    }
}

pub(crate) fn call<'a>(caller: &'a Caller, name: &'a str, arguments: &'a str) -> Call<'a> {
    Call {
        caller,
        name,
        arguments: Arguments::Json(arguments.as_bytes()),
        arrival: Instant::now(),
        demand: Demand::default(),
    }
}

/// Compiles a folder's files; shows what is wrong with them.
pub(crate) fn app(files: &[(&str, &str)]) -> App {
    let files: Vec<_> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    let compiled = compile(&files);
    compiled.app.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

pub(crate) fn anonymous() -> Caller {
    Caller::default()
}

/// A user's token with this number in its uuid.
pub(crate) fn user(number: u32) -> Caller {
    role(number, "authenticated")
}

pub(crate) fn role(number: u32, role: &str) -> Caller {
    let user_id = user_id(number);
    let json = format!(r#"{{"sub": "{user_id}", "role": "{role}"}}"#);
    let claims = Claims { role: role.into(), user_id: Some(user_id), json };
    Caller { identity: Identity::User(Arc::new(claims)), address: None }
}

pub(crate) fn user_id(number: u32) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

pub(crate) fn body(answer: Result<Answer, Error>) -> String {
    let bytes = answer.expect("an answer").body.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// `code: message`.
pub(crate) fn refusal(answer: Result<Answer, Error>) -> String {
    let error = answer.expect_err("an error");
    format!("{}: {}", error.code, error.message)
}
