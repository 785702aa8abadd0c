//! What every request shares, and the services behind the first stage.

use crate::admission::{Admission, Turn};
use crate::alias::Aliases;
use crate::compression::Compressor;
use crate::cors::Cors;
use crate::dashboard::{FigureStreams, Looks, Samples};
use crate::dev::Dev;
use crate::early::Early;
use crate::health::Probe;
use crate::history::HistorySettings;
use crate::identity::Identities;
use crate::metrics::HttpStatistics;
use crate::openapi::Description;
use crate::rate_fields::AddressLimit;
use crate::request_id::RequestIds;
use crate::settings::ServerSettings;
use crate::static_files::PublicFolder;
use crate::streams::Streams;
use hyper::header::HeaderValue;
use martlet_core::Clock;
use martlet_engine::history::History;
use martlet_engine::{Engine, LimitState};
use std::io::Write as _;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long an answer that has ended may still take its place at most.
const SWEEP_EVERY: Duration = Duration::from_secs(10);

/// What every request shares.
pub(crate) struct Shared {
    pub(crate) settings: ServerSettings,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identities: Identities,
    pub(crate) cors: Cors,
    pub(crate) compressor: Compressor,
    pub(crate) request_ids: RequestIds,
    pub(crate) public: Option<PublicFolder>,
    pub(crate) dev: Arc<Dev>,
    pub(crate) probe: Probe,
    /// The general limit of each address.
    pub(crate) address_limit: Option<AddressLimit>,
    /// What requests are answered with early.
    pub(crate) aliases: Aliases,
    pub(crate) statistics: HttpStatistics,
    pub(crate) description: Description,
    pub(crate) streams: Arc<Streams>,
    pub(crate) admission: Admission,
    /// Looks at the database for the operator's pages.
    pub(crate) looks: Looks,
    /// What the charts of the last hour are drawn from.
    pub(crate) samples: Samples,
    pub(crate) figure_streams: FigureStreams,
    /// Threads that requests are answered on.
    pub(crate) workers: usize,
    pub(crate) started: Instant,
    /// Set before it serves.
    history: OnceLock<HistorySettings>,
    is_draining: AtomicBool,
}

impl Shared {
    /// Needs a runtime: it is what answers.
    pub(crate) fn new(
        settings: ServerSettings,
        engine: Arc<Engine>,
        identities: Identities,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let public = settings.public_dir.as_deref().map(|folder| PublicFolder::new(folder, &settings));
        let workers = tokio::runtime::Handle::current().metrics().num_workers();
        Self {
            admission: Admission::new(settings.admission, workers),
            workers,
            compressor: Compressor::new(),
            cors: Cors::new(&settings.cors_origins),
            request_ids: RequestIds::new(),
            public,
            dev: Arc::new(Dev::new()),
            probe: Probe::default(),
            address_limit: settings.rate_limit.map(AddressLimit::new),
            aliases: Aliases::new(),
            statistics: HttpStatistics::new(),
            description: Description::default(),
            streams: Arc::new(Streams::new(&settings)),
            looks: Looks::default(),
            samples: Samples::default(),
            figure_streams: FigureStreams::default(),
            started: Instant::now(),
            history: OnceLock::new(),
            is_draining: AtomicBool::new(false),
            settings,
            engine,
            clock,
            identities,
        }
    }

    /// Counts a request against the general limit of its address; none: there is no such limit.
    pub(crate) fn take_address(&self, address: IpAddr, now: Instant) -> Option<LimitState> {
        let limit = self.address_limit.as_ref()?;
        let standing = limit.take(address, self.clock.steady_at(now));
        Some(LimitState { name: Arc::clone(&limit.name), rate: limit.rate(), standing })
    }

    /// Keeps figures there from when it serves.
    pub(crate) fn keep_history(&self, settings: HistorySettings) {
        // The first one counts; there is no second.
        let _ = self.history.set(settings);
    }

    pub(crate) fn history_settings(&self) -> Option<&HistorySettings> {
        self.history.get()
    }

    /// The figures of the last hour and of long ago; none where they are not kept.
    pub(crate) fn history(&self) -> Option<&History> {
        self.history.get().map(|settings| &*settings.history)
    }

    /// Lets go, now and then, what early answers hold on to in vain. Never ends.
    pub(crate) async fn sweep(&self) {
        loop {
            tokio::time::sleep(SWEEP_EVERY).await;
            self.aliases.sweep(Instant::now(), self.clock.now().micros().div_euclid(1_000_000));
        }
    }

    /// From now on every answer is the last of its connection, and event streams end.
    pub(crate) fn drain(&self) {
        self.streams.stop();
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

/// By which listener a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Everybody's.
    Public,
    /// Everybody's, under `martlet dev`, asked from this machine: what is the operator's is open.
    Local,
    /// The operator's: what is behind it is open.
    Admin,
}

/// The first stage's own state and the router behind it.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) router: axum::Router,
    pub(crate) door: Door,
    /// None behind the operator's door, where nobody is refused.
    pub(crate) early: Option<Arc<Early>>,
}

/// A request that has come in.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) id: HeaderValue,
    pub(crate) address: IpAddr,
    /// When its head had come, not when its turn did.
    pub(crate) at: Instant,
    pub(crate) waited: Duration,
    /// Nanoseconds in the engine and below; 0 where it was not asked.
    engine_ns: AtomicU64,
}

impl Arrived {
    pub(crate) fn new(id: HeaderValue, address: IpAddr, turn: &Turn) -> Self {
        let now = Instant::now();
        let at = turn.came().map_or(now, |came| came.min(now));
        Self { id, address, at, waited: now - at, engine_ns: AtomicU64::new(0) }
    }

    /// When its turn had come.
    pub(crate) fn turn_at(&self) -> Instant {
        self.at + self.waited
    }

    /// Runs a call into the engine and counts its time. Pinned by the caller, as for `catch_panic`.
    pub(crate) async fn timed<F: Future>(&self, call: Pin<&mut F>) -> F::Output {
        let began = Instant::now();
        let outcome = call.await;
        let spent = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.engine_ns.fetch_add(spent, Ordering::Relaxed);
        outcome
    }

    /// `Server-Timing`: milliseconds from the request's head to the answer's, and those of them below the server.
    pub(crate) fn timing(&self, now: Instant) -> HeaderValue {
        // On the stack: this is on every answer's way.
        let mut text = [0; 64];
        let mut rest = &mut text[..];
        let total_us = now.saturating_duration_since(self.at).as_micros();
        let _ = write!(rest, "total;dur={}.{:03}", total_us / 1000, total_us % 1000);
        let engine_us = self.engine_ns.load(Ordering::Relaxed).div_ceil(1000);
        if engine_us > 0 {
            let _ = write!(rest, ", db;dur={}.{:03}", engine_us / 1000, engine_us % 1000);
        }
        let length = 64 - rest.len();
        HeaderValue::from_bytes(&text[..length]).expect("made of visible characters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timing_tells_the_servers_share() {
        let turn = Turn::new(Admission::new(None, 1).line);
        let arrived = Arrived::new(HeaderValue::from_static("id"), IpAddr::from([127, 0, 0, 1]), &turn);
        let text = |arrived: &Arrived| arrived.timing(Instant::now()).to_str().unwrap().to_owned();
        assert!(text(&arrived).starts_with("total;dur=") && !text(&arrived).contains("db"));
        arrived.engine_ns.store(12_345_678, Ordering::Relaxed);
        assert!(text(&arrived).ends_with(", db;dur=12.346"), "{}", text(&arrived));
        arrived.engine_ns.store(u64::MAX, Ordering::Relaxed);
        assert!(text(&arrived).ends_with(", db;dur=18446744073709.552"), "the longest fits");
    }
}
