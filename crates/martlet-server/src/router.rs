//! What is not called by applications: one line a route, by who calls it.

use crate::admin;
use crate::dashboard;
use crate::dev;
use crate::front::{Door, Shared};
use crate::health;
use crate::metrics::RouteLabel;
use crate::openapi;
use crate::refusal;
use crate::static_files::{self, to_response};
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::Redirect;
use axum::routing::{MethodRouter, delete, get, post};
use hyper::header::HeaderMap;
use hyper::{Method, Uri};
use std::sync::Arc;

/// The paths of what is ours outside `/rest/v1`: also the labels of their metrics.
const LIVE: &str = "/livez";
const READY: &str = "/readyz";
const STARTED: &str = "/startupz";
const HEALTH: &str = "/health";
const HEALTH_OF_SEEDS: &str = "/api/health";
const METRICS: &str = "/metrics";
const STATISTICS: &str = "/admin/v1/stats";
const CACHE: &str = "/admin/v1/cache";
const HISTORY: &str = "/admin/v1/history";
/// A file of the app's.
pub(crate) const FILE: &str = "/{*path}";
/// What is tried: its name is no label.
const TRY: &str = "/_/try/";
const PATHS: [&str; 20] = [
    LIVE,
    READY,
    STARTED,
    HEALTH,
    HEALTH_OF_SEEDS,
    METRICS,
    STATISTICS,
    CACHE,
    HISTORY,
    dashboard::FIGURES_PATH,
    dashboard::FIGURES_OF_SEEDS,
    dashboard::FRONT_PATH,
    dashboard::PERFORMANCE_PATH,
    dashboard::TOKEN_PATH,
    dashboard::CSS_PATH,
    dashboard::SCRIPT_PATH,
    dashboard::ICON_PATH,
    openapi::PATH,
    dev::STATUS_PATH,
    dev::SCRIPT_PATH,
];

/// Whether the path is one that is called by those who watch over the server.
pub(crate) fn is_watched(path: &str) -> bool {
    let named = [LIVE, READY, STARTED, HEALTH, HEALTH_OF_SEEDS, METRICS, STATISTICS, CACHE, HISTORY];
    named.contains(&path)
        || [dashboard::FIGURES_PATH, dashboard::FIGURES_OF_SEEDS].contains(&path)
        || path.starts_with(dashboard::FRONT_PATH)
}

/// Whether a route's template is of what applications call: neither ours nor a file.
pub(crate) fn is_of_app(template: &str) -> bool {
    !PATHS.contains(&template) && ![dashboard::TRY_PATH, FILE].contains(&template)
}

/// The template of a path that no route of the app takes.
pub(crate) fn label_of(path: &str, door: Door) -> RouteLabel {
    match PATHS.iter().find(|ours| **ours == path) {
        Some(ours) => RouteLabel::Ours(ours),
        None if path.starts_with(TRY) => RouteLabel::Ours(dashboard::TRY_PATH),
        None if door == Door::Admin => RouteLabel::None,
        None => RouteLabel::File,
    }
}

pub(crate) fn router(shared: Arc<Shared>, door: Door) -> Router {
    let mut router = Router::new()
        // Called by those who watch over the server.
        .route(LIVE, get(health::get_liveness))
        .route(READY, get(health::get_readiness))
        .route(STARTED, get(health::get_startup))
        .route(HEALTH, operators(health::get_health))
        .route(HEALTH_OF_SEEDS, operators(health::get_health))
        .route(METRICS, operators(admin::get_metrics))
        .route(STATISTICS, operators(admin::get_statistics))
        .route(CACHE, operators(admin::get_cache).merge(cache_commands()))
        .route(HISTORY, operators(admin::get_history))
        .route(dashboard::FIGURES_PATH, get(dashboard::get_figures))
        .route(dashboard::FIGURES_OF_SEEDS, get(dashboard::get_figures))
        // Opened in a browser.
        .route(dashboard::FRONT_PATH, get(dashboard::get_front))
        .route(dashboard::TRY_PATH, get(dashboard::get_try))
        .route(dashboard::PERFORMANCE_PATH, get(dashboard::get_performance))
        .route(dashboard::TOKEN_PATH, post(dashboard::make_token))
        .route(dashboard::CSS_PATH, get(dashboard::get_style))
        .route(dashboard::SCRIPT_PATH, get(dashboard::get_script))
        .route(dashboard::ICON_PATH, get(dashboard::get_icon))
        .route("/_", get(async || Redirect::permanent(dashboard::FRONT_PATH)))
        .route(openapi::PATH, description());
    if door == Door::Admin {
        return router.fallback(refuse_path).method_not_allowed_fallback(refuse_method).with_state(shared);
    }
    if shared.settings.is_dev {
        // Called by pages under `martlet dev`.
        router = router.route(dev::STATUS_PATH, get(dev::get_status)).route(dev::SCRIPT_PATH, get(dev::get_script));
    }
    router.fallback(static_files::get_file).method_not_allowed_fallback(refuse_method).with_state(shared)
}

/// Nothing is behind the operator's listener but what is named above.
async fn refuse_path() -> axum::response::Response {
    to_response(refusal::file_unknown().into())
}

/// A path of ours by a method that it does not take; axum adds `Allow`.
async fn refuse_method(method: Method) -> axum::response::Response {
    to_response(refusal::method(method.as_str()).into())
}

/// A handler that must know by which door it was asked; the first stage tells it.
fn operators(handler: fn(&Shared, &HeaderMap, Door) -> axum::response::Response) -> MethodRouter<Arc<Shared>> {
    get(async move |State(shared): State<Arc<Shared>>, Extension(door): Extension<Door>, fields: HeaderMap| {
        handler(&shared, &fields, door)
    })
}

/// What changes what is kept: `DELETE` drops answers, `PUT` sets a time, `POST` computes answers beforehand.
fn cache_commands() -> MethodRouter<Arc<Shared>> {
    let command =
        async move |State(shared): State<Arc<Shared>>,
                    Extension(door): Extension<Door>,
                    method: Method,
                    uri: Uri,
                    fields: HeaderMap| { admin::change_cache(&shared, &method, uri.query(), &fields, door) };
    let warm =
        async move |State(shared): State<Arc<Shared>>,
                    Extension(door): Extension<Door>,
                    uri: Uri,
                    fields: HeaderMap| { admin::warm_cache(&shared, uri.query(), &fields, door).await };
    delete(command).put(command).post(warm)
}

fn description() -> MethodRouter<Arc<Shared>> {
    get(async move |State(shared): State<Arc<Shared>>, Extension(door): Extension<Door>, fields: HeaderMap| {
        openapi::get_openapi(&shared, &fields, door).await
    })
}
