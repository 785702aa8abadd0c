//! `martlet dev`: serve a folder while it is written.
//!
//! The server runs from the first moment, with an empty app if the folder is broken. A thread of its own waits for
//! saves and does the slow work (compile, migrate, prepare), so that no request ever waits for it.

mod examples;
mod reload;

use super::serve::{start_log, started, url_of};
use super::{keys, settle};
use crate::cli::DevArgs;
use crate::exit::Failure;
use crate::logging::Format;
use crate::settings::{Settings, key};
use crate::watch::Watch;
use crate::{output, wiring};
use martlet_engine::{AnswerCache, Engine};
use martlet_server::Server;
use martlet_server::tokens::Keys;
use martlet_sql::App;
use martlet_store::SqliteStore;
use reload::Reloader;
use std::sync::Arc;
use std::time::Instant;

pub(crate) fn run(args: &DevArgs, start: Instant) -> Result<(), Failure> {
    let settings = settle(&args.folder, args.listen)?;
    // A folder that is no app is no folder to wait in.
    martlet_engine::read_folder(settings.folder()).map_err(super::folder_failure)?;
    let _log = start_log(&settings, Format::Text);
    if settings.has_example_secret() {
        output::warning("`auth.jwt_secret` is an example: `martlet serve` refuses it");
    }
    if args.reset {
        set_aside(&settings)?;
    }
    let keys = wiring::keys(&settings)?;
    let cache = wiring::answer_cache(&settings);
    let store = wiring::open_store(&settings, cache.as_ref())?;
    let served = serve(&settings, &store, cache, keys, start);
    store.close();
    served
}

fn serve(
    settings: &Settings,
    store: &SqliteStore,
    cache: Option<Arc<AnswerCache>>,
    keys: Keys,
    start: Instant,
) -> Result<(), Failure> {
    let app = martlet_sql::compile(&[]).app.ok_or_else(|| Failure::new("cannot compile an empty app"))?;
    let engine_settings = wiring::engine_settings(settings, &keys, cache);
    let engine = Engine::new(app, store.clone(), engine_settings, wiring::clock())?;
    let mut reloader = Reloader::new(settings.clone(), Arc::new(engine));
    // The watch begins before the first look, or a save between the two would be missed.
    let watch = Watch::start(settings.folder(), &settings.data()).map_err(anyhow::Error::from)?;
    // A broken folder is no reason to end: the save that mends it is waited for.
    reloader.reload();
    let token = match settings.text(&key::DEV_USER) {
        Some(user) => Some(keys::user_token(&keys, user, "authenticated")?),
        None => None,
    };
    let runtime = wiring::runtime()?;
    runtime.block_on(async {
        let engine = Arc::clone(&reloader.engine);
        let server = Server::bind(wiring::server_settings(settings, true), engine, keys, wiring::clock()).await;
        let server = server.map_err(wiring::not_bound)?;
        wiring::history(settings).into_iter().for_each(|history| server.keep_history(history));
        let stop = wiring::stop_signal()?;
        store.announce(&url_of(server.local_addr()));
        let url = format!("http://{}", server.local_addr());
        output::data(&started(settings, &server.local_addr().to_string(), start))?;
        output::data(&to_try(settings, &reloader.engine.app(), &url, token.as_deref()))?;
        if watch.is_polling {
            output::warning("the system tells of no changes in this folder: it is looked through twice a second");
        }
        reloader.serve_with(server.handle());
        std::thread::Builder::new().name("watch".into()).spawn(move || reloader.follow(watch))?;
        server.serve(stop).await;
        Ok(())
    })
}

/// URLs to try: one for each query, and the page.
fn to_try(settings: &Settings, app: &App, url: &str, token: Option<&str>) -> String {
    let today = examples::day_of(wiring::clock().now());
    let mut text = String::new();
    if !app.queries.is_empty() {
        text.push_str("\nTry:\n");
    }
    for query in app.queries.values() {
        text.push_str(&examples::line(settings, &query.declaration, url, today));
    }
    if settings.folder().join("public/index.html").is_file() {
        match (token, settings.text(&key::DEV_USER)) {
            (Some(token), Some(user)) => {
                text.push_str(&format!("\nThe page, for one day as user {user}:\n  {url}/#access_token={token}\n"));
            }
            _ => text.push_str(&format!("\nThe page:\n  {url}/\n")),
        }
    }
    text
}

/// Begins with an empty database; the old one is kept beside it.
fn set_aside(settings: &Settings) -> Result<(), Failure> {
    match SqliteStore::set_aside(&settings.data(), &*wiring::clock())? {
        Some(copy) => output::note(&format!("the database was set aside as {}", copy.display())),
        None => output::note("there was no database to set aside"),
    }
    Ok(())
}
