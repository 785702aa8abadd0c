//! One reload after another: compile, migrate, seed, replace; or leave the last good app serving and say why.

use crate::commands::{counts, load_served, migrate, seed, settings_text};
use crate::exit::Failure;
use crate::output::{self, Stream};
use crate::settings::{Settings, file};
use crate::watch::Watch;
use martlet_engine::Engine;
use martlet_server::ServerHandle;
use martlet_sql::App;
use std::sync::Arc;
use std::time::Instant;

/// What `:scale` is when an empty database is seeded.
const SCALE: f64 = 0.01;

/// Reloads the app of an engine.
pub(super) struct Reloader {
    settings: Settings,
    pub(super) engine: Arc<Engine>,
    server: Option<ServerHandle>,
    settings_text: String,
    /// Shown to pages once there is a server.
    error: Option<String>,
}

impl Reloader {
    pub(super) fn new(settings: Settings, engine: Arc<Engine>) -> Self {
        let settings_text = settings_text(settings.folder()).unwrap_or_default();
        Self { settings, engine, server: None, settings_text, error: None }
    }

    /// Tells this server of reloads from now on.
    pub(super) fn serve_with(&mut self, server: ServerHandle) {
        server.set_reload_error(self.error.clone());
        self.server = Some(server);
    }

    /// Reloads after each burst of saves, as long as the watch lives.
    pub(super) fn follow(mut self, mut watch: Watch) {
        while watch.wait() {
            let start = Instant::now();
            if self.reload() {
                output::note(&format!("reloaded in {:.0} ms", start.elapsed().as_secs_f64() * 1000.0));
            }
            self.tell_of_settings();
        }
    }

    /// Reads the folder and serves it, if it is good and the database can follow it. False: the error was told.
    pub(super) fn reload(&mut self) -> bool {
        let served = load_served(&self.settings).and_then(|(app, findings)| {
            output::note(output::diagnostics(&findings, Stream::Stderr).trim_end());
            self.serve(app)
        });
        match &served {
            Ok(()) => {
                self.show_error(None);
                if let Some(server) = &self.server {
                    server.reloaded();
                }
            }
            Err(failure) => {
                output::failure(failure);
                let found = Some(counts(&failure.diagnostics)).filter(|counts| !counts.is_empty());
                output::note(&format!(
                    "{}; what was good before goes on serving",
                    found.as_deref().unwrap_or("not reloaded")
                ));
                self.show_error(Some(plain(failure)));
            }
        }
        served.is_ok()
    }

    fn serve(&self, app: App) -> Result<(), Failure> {
        let store = self.engine.store();
        let start = Instant::now();
        let report = store.migrate(&app, false)?;
        if !report.applied.is_empty() {
            migrate::tell(&report, start);
        }
        if let Some(seed_file) = &app.seed
            && store.is_empty(&app)?
        {
            seed::fill(store, seed_file, SCALE).map_err(|failure| failure.context("cannot run seed.sql"))?;
        }
        Ok(self.engine.replace_app(app)?)
    }

    fn show_error(&mut self, error: Option<String>) {
        if let Some(server) = &self.server {
            server.set_reload_error(error.clone());
        }
        self.error = error;
    }

    /// Settings are read once, at the start; mistakes in them are told at once all the same.
    fn tell_of_settings(&mut self) {
        let text = settings_text(self.settings.folder()).unwrap_or_default();
        if text != self.settings_text {
            let mistakes = file::parse(&text).diagnostics;
            self.settings_text = text;
            output::note(output::diagnostics(&mistakes, Stream::Stderr).trim_end());
            output::note(&format!("{} was changed: start anew to use it", file::FILE));
        }
    }
}

fn plain(failure: &Failure) -> String {
    output::failure_text(failure, Stream::Plain)
}
