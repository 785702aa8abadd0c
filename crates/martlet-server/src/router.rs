//! What is not called by applications: one line a route, by who calls it.

use crate::dev;
use crate::front::Shared;
use crate::health;
use crate::static_files;
use axum::Router;
use axum::routing::get;
use std::sync::Arc;

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new()
        // Called by those who watch over the server.
        .route("/livez", get(health::get_liveness))
        .route("/readyz", get(health::get_readiness))
        .route("/startupz", get(health::get_startup))
        .route("/health", get(health::get_health))
        .route("/api/health", get(health::get_health));
    if shared.settings.is_dev {
        // Called by pages under `martlet dev`.
        router = router.route(dev::STATUS_PATH, get(dev::get_status)).route(dev::SCRIPT_PATH, get(dev::get_script));
    }
    router.fallback(static_files::get_file).with_state(shared)
}
