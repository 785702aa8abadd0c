//! From settings to the settings of each library, and the parts put together.

use crate::exit::Failure;
use crate::settings::{Settings, key};
use martlet_core::{Clock, SystemClock};
use martlet_engine::history::{Bounds, History};
use martlet_engine::{AnswerCache, CacheSettings, EngineSettings};
use martlet_server::tokens::{KeySettings, Keys};
use martlet_server::{
    AddressRange, AdmissionSettings, BindError, HealthPart, HistorySettings, LiveSettings, ServerSettings,
};
use martlet_store::{CommitObserver, SqliteStore, StoreSettings, Synchronous};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

/// The clock of a running server.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// What keeps the answers of a server; none where that is off.
pub(crate) fn answer_cache(settings: &Settings) -> Option<Arc<AnswerCache>> {
    let is_on = settings.text(&key::CACHE_MODE) != Some("off");
    is_on.then(|| {
        let size = CacheSettings {
            bytes_max: settings.number(&key::CACHE_SIZE) as u64,
            entries_max: settings.number(&key::CACHE_ENTRIES_MAX),
            answer_size_max: settings.number(&key::CACHE_ANSWER_SIZE_MAX),
            ..CacheSettings::default()
        };
        let cache = AnswerCache::new(size, clock());
        cache.set_named(settings.times(&key::CACHE_NAMED));
        Arc::new(cache)
    })
}

/// Opens the database, takes its lock, and tells the cache of every commit.
pub(crate) fn open_store(settings: &Settings, cache: Option<&Arc<AnswerCache>>) -> Result<SqliteStore, Failure> {
    Ok(SqliteStore::open(store_settings(settings, cache), clock())?)
}

fn store_settings(settings: &Settings, cache: Option<&Arc<AnswerCache>>) -> StoreSettings {
    let synchronous = match settings.text(&key::SYNCHRONOUS) {
        Some("normal") => Synchronous::Normal,
        _ => Synchronous::Full,
    };
    let slow_statement = settings.duration_or_off(&key::SLOW_STATEMENT);
    StoreSettings {
        data: settings.data(),
        synchronous,
        readers: settings.number(&key::READERS),
        write_queue_max: settings.number(&key::WRITE_QUEUE_MAX),
        answer_rows_max: settings.number(&key::ANSWER_ROWS_MAX),
        answer_size_max: settings.number(&key::ANSWER_SIZE_MAX),
        observer: cache.map(|cache| Arc::clone(cache) as Arc<dyn CommitObserver>),
        slow_statement_ms: slow_statement.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
    }
}

pub(crate) fn engine_settings(settings: &Settings, keys: &Keys, cache: Option<Arc<AnswerCache>>) -> EngineSettings {
    EngineSettings {
        query_timeout: settings.duration(&key::QUERY_TIMEOUT),
        action_timeout: settings.duration(&key::ACTION_TIMEOUT),
        batch_queries_max: settings.number(&key::BATCH_QUERIES_MAX),
        cursor_key: keys.cursor_key(),
        cache,
        check_every: match settings.text(&key::CACHE_MODE) {
            Some("check") => 1,
            _ => settings.number(&key::CACHE_CHECK_EVERY) as u64,
        },
    }
}

pub(crate) fn server_settings(settings: &Settings, is_dev: bool) -> ServerSettings {
    let public = settings.folder().join("public");
    let proxies = settings.list(&key::TRUSTED_PROXIES).unwrap_or_default();
    ServerSettings {
        listen: settings.listen(),
        admin_listen: settings.address(&key::ADMIN_LISTEN),
        health_required: health_required(settings),
        // In `dev` the folder may be made later.
        public_dir: (is_dev || public.is_dir()).then_some(public),
        is_dev,
        body_size_max: settings.number(&key::BODY_SIZE_MAX),
        header_size_max: settings.number(&key::HEADER_SIZE_MAX),
        header_count_max: settings.number(&key::HEADER_COUNT_MAX),
        url_size_max: settings.number(&key::URL_SIZE_MAX),
        url_parameters_max: settings.number(&key::URL_PARAMETERS_MAX),
        header_timeout: settings.duration(&key::HEADER_TIMEOUT),
        idle_timeout: settings.duration(&key::IDLE_TIMEOUT),
        rate_min: settings.number(&key::RATE_MIN) as u64,
        rate_after: settings.duration(&key::RATE_AFTER),
        connections_max: settings.number(&key::CONNECTIONS_MAX),
        connections_per_address_max: settings.number(&key::CONNECTIONS_PER_ADDRESS_MAX),
        admission: admission(settings),
        rate_limit: settings.text(&key::RATE_LIMIT).and_then(|rate| rate.parse().ok()),
        batch_queries_max: settings.number(&key::BATCH_QUERIES_MAX),
        batch_answer_size_max: settings.number(&key::BATCH_ANSWER_SIZE_MAX),
        trusted_proxies: proxies.iter().filter_map(|range| range.parse::<AddressRange>().ok()).collect(),
        cors_origins: settings.list(&key::CORS_ORIGINS).unwrap_or_default().to_vec(),
        content_security_policy: settings.text(&key::CONTENT_SECURITY_POLICY).map(str::to_owned),
        live: LiveSettings {
            streams_max: settings.number(&key::LIVE_STREAMS_MAX),
            streams_per_user_max: settings.number(&key::LIVE_STREAMS_PER_USER_MAX),
            streams_per_address_max: settings.number(&key::LIVE_STREAMS_PER_ADDRESS_MAX),
            heartbeat: settings.duration(&key::LIVE_HEARTBEAT),
        },
        drain_delay: settings.duration(&key::DRAIN_DELAY),
        shutdown_grace: settings.duration(&key::SHUTDOWN_GRACE),
    }
}

/// Where key figures are kept, and how many; none where that is off.
pub(crate) fn history(settings: &Settings) -> Option<HistorySettings> {
    let rows = |key, of_one: Duration| {
        let rows = settings.duration(key).as_secs().div_ceil(of_one.as_secs());
        usize::try_from(rows).unwrap_or(usize::MAX)
    };
    (settings.text(&key::HISTORY_MODE) != Some("off")).then(|| {
        let bounds = Bounds {
            minutes_max: rows(&key::HISTORY_MINUTES, Duration::from_secs(60)),
            hours_max: rows(&key::HISTORY_HOURS, Duration::from_secs(3_600)),
            size_max: settings.number(&key::HISTORY_SIZE_MAX) as u64,
        };
        let history = Arc::new(History::new(&settings.data(), bounds, clock()));
        HistorySettings { history, every: settings.duration(&key::HISTORY_EVERY) }
    })
}

fn admission(settings: &Settings) -> Option<AdmissionSettings> {
    (settings.text(&key::ADMISSION) != Some("off")).then(|| AdmissionSettings {
        target: settings.duration(&key::ADMISSION_TARGET),
        patience: settings.duration(&key::ADMISSION_PATIENCE),
        waiting_min: settings.number(&key::ADMISSION_WAITING_MIN),
        waiting_max: settings.number(&key::ADMISSION_WAITING_MAX),
    })
}

fn health_required(settings: &Settings) -> Vec<HealthPart> {
    let part = |word: &str| match word {
        "redis" => HealthPart::Redis,
        "search" => HealthPart::Search,
        _ => HealthPart::Database,
    };
    settings.text(&key::HEALTH_REQUIRED).unwrap_or_default().split(',').map(|word| part(word.trim())).collect()
}

/// Why no server could be bound.
pub(crate) fn not_bound(error: BindError) -> Failure {
    Failure::from(anyhow::Error::from(error)).hint("choose another address with --listen; port 0 takes a free one")
}

/// The keys in `DATA/keys.json`, made once.
pub(crate) fn keys(settings: &Settings) -> Result<Keys, Failure> {
    let data = settings.data();
    make_private(&data)?;
    let key_settings = KeySettings {
        jwt_secret: settings.text(&key::JWT_SECRET).map(|secret| secret.to_owned().into()),
        issuer: settings.text(&key::ISSUER).map(str::to_owned),
    };
    Ok(Keys::load_or_create(&data.join("keys.json"), &key_settings).map_err(anyhow::Error::from)?)
}

/// Makes the data folder, for its owner only.
fn make_private(data: &Path) -> Result<(), Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data);
    made.map_err(|error| {
        let message = format!("cannot make the data folder {}", data.display());
        anyhow::Error::from(error).context(message).into()
    })
}

/// A runtime with a worker for each processor.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(processors).thread_name("worker").enable_all();
    // What has come is looked for between so many turns: admission sees nothing sooner, and a turn may take a
    // millisecond. At a usual turn of some microseconds it costs nothing that can be measured.
    let runtime = builder.event_interval(16).build();
    Ok(runtime.map_err(|error| anyhow::Error::from(error).context("cannot start the runtime"))?)
}

/// Listens for signals to stop, from now on: one that comes before the server serves is not lost. Needs a runtime.
///
/// The future is done at the first signal; the second ends the process at once.
pub(crate) fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| anyhow::Error::from(error).context("cannot listen for signals"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    async fn either(terminate: &mut Signal, interrupt: &mut Signal) {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        // On a thread of its own: the runtime's workers may be what does not come to an end.
        std::thread::spawn(move || {
            let Ok(runtime) = Builder::new_current_thread().build() else { return };
            runtime.block_on(either(&mut terminate, &mut interrupt));
            std::process::exit(i32::from(crate::exit::Exit::Failed as u8));
        });
    })
}
