//! `martlet serve`: production. Nothing is changed that was not asked for.

use super::{config, load_served, migrate, settle_with};
use crate::cli::ServeArgs;
use crate::exit::Failure;
use crate::logging::{self, Format, LogGuard};
use crate::settings::{Flags, Settings, key};
use crate::{output, surroundings, wiring};
use martlet_engine::Engine;
use martlet_server::Server;
use martlet_sql::Severity;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

pub(crate) fn run(args: &ServeArgs, start: Instant) -> Result<(), Failure> {
    let flags = Flags { listen: args.listen, admin_listen: args.admin_listen, data: None };
    let settings = settle_with(&args.folder, flags)?;
    if args.print_config {
        return Ok(output::data(&config::as_table(&settings))?);
    }
    if settings.has_example_secret() {
        return Err(Failure::new("`auth.jwt_secret` is an example: anybody can sign tokens with it")
            .hint("make one with `openssl rand -base64 48`"));
    }
    let _log = start_log(&settings, Format::Json);
    let (app, findings) = load_served(&settings)?;
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Warning) {
        tracing::warn!(file = finding.file, line = finding.line, code = finding.code, "{}", finding.message);
    }
    if !migrate::database_exists(&settings) {
        let all: Vec<String> = app.migrations.iter().map(|migration| migration.name.clone()).collect();
        migrate::refuse_if_missing(&settings, &app, &all)?;
    }
    let keys = wiring::keys(&settings)?;
    let cache = wiring::answer_cache(&settings);
    let store = wiring::open_store(&settings, cache.as_ref())?;
    let missing = store.migrate(&app, true)?.applied;
    migrate::refuse_if_missing(&settings, &app, &missing)?;
    let engine_settings = wiring::engine_settings(&settings, &keys, cache);
    let engine = Engine::new(app, store.clone(), engine_settings, wiring::clock())?;
    let runtime = wiring::runtime()?;
    let clean = runtime.block_on(async {
        let server_settings = wiring::server_settings(&settings, false);
        let server = Server::bind(server_settings, Arc::new(engine), keys, wiring::clock()).await;
        let server = server.map_err(wiring::not_bound)?;
        wiring::history(&settings).into_iter().for_each(|history| server.keep_history(history));
        let stop = wiring::stop_signal()?;
        let address = server.local_addr().to_string();
        // Whoever has read the line can ask.
        store.announce(&url_of(server.local_addr()));
        if let Some(address) = server.admin_addr() {
            tracing::info!(%address, "serving the operator");
        }
        output::data(&started(&settings, &address, start))?;
        tracing::info!(address, start_s = start.elapsed().as_secs_f64(), "serving");
        for warning in surroundings::warnings(&settings) {
            tracing::warn!("{warning}");
        }
        Ok::<_, Failure>(server.serve(stop).await)
    });
    store.close();
    let summary = clean?;
    tracing::info!(requests = summary.requests, connections = summary.connections, cut = summary.cut, "stopped");
    Ok(())
}

/// Where this machine can ask the server.
pub(super) fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// The one line: the URL and the time it took to start.
pub(super) fn started(settings: &Settings, address: &str, start: Instant) -> String {
    let millis = start.elapsed().as_secs_f64() * 1000.0;
    format!("{} at http://{address} (started in {millis:.0} ms)", settings.name())
}

/// Starts the log in the format that is set, or else this one.
pub(super) fn start_log(settings: &Settings, default: Format) -> LogGuard {
    let format = match settings.text(&key::LOG_FORMAT) {
        Some("json") => Format::Json,
        Some(_) => Format::Text,
        None => default,
    };
    logging::start(format, settings.text(&key::LOG_LEVEL).unwrap_or("info"))
}
