//! What every request shares, and the services behind the first stage.

use crate::cors::Cors;
use crate::dev::Dev;
use crate::health::Probe;
use crate::identity::Identities;
use crate::request_id::RequestIds;
use crate::settings::ServerSettings;
use crate::static_files::PublicFolder;
use hyper::header::HeaderValue;
use martlet_core::Clock;
use martlet_engine::Engine;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// What every request shares.
pub(crate) struct Shared {
    pub(crate) settings: ServerSettings,
    pub(crate) engine: Arc<Engine>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identities: Identities,
    pub(crate) cors: Cors,
    pub(crate) request_ids: RequestIds,
    pub(crate) public: Option<PublicFolder>,
    pub(crate) dev: Arc<Dev>,
    pub(crate) probe: Probe,
    pub(crate) started: Instant,
    is_draining: AtomicBool,
}

impl Shared {
    pub(crate) fn new(
        settings: ServerSettings,
        engine: Arc<Engine>,
        identities: Identities,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let public = settings.public_dir.as_deref().map(|folder| PublicFolder::new(folder, &settings));
        Self {
            cors: Cors::new(&settings.cors_origins),
            request_ids: RequestIds::new(),
            public,
            dev: Arc::new(Dev::new()),
            probe: Probe::default(),
            started: Instant::now(),
            is_draining: AtomicBool::new(false),
            settings,
            engine,
            clock,
            identities,
        }
    }

    /// From now on every answer is the last of its connection.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }
}

/// The first stage's own state and the router behind it.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) router: axum::Router,
}

/// A request that has come in.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) id: HeaderValue,
    pub(crate) address: IpAddr,
    pub(crate) at: Instant,
}
