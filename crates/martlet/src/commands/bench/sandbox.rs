//! The data that a load runs on: a folder of its own with a copy of the app's database, or a new one that seed.sql
//! fills. It goes when the load ends, also by a signal.

use super::super::{migrate, seed};
use crate::exit::Failure;
use crate::output;
use crate::settings::{Flags, Settings, environment};
use crate::wiring;
use anyhow::Context as _;
use martlet_server::tokens::Keys;
use martlet_sql::App;
use martlet_store::Shell;
use std::fmt::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The scale of a database that is made because the app has none yet; as `martlet seed` does.
const SCALE: f64 = 0.01;

/// Settings that the load's own server has other than the app's: (variable, value).
const OWN_SETTINGS: &[(&str, &str)] = &[
    // What is measured is the app; all callers are one address.
    ("MARTLET_SERVER_RATE_LIMIT", "off"),
    // A fixed one may be in use by the app's own server.
    ("MARTLET_SERVER_ADMIN_LISTEN", "127.0.0.1:0"),
    ("MARTLET_LOG_LEVEL", "warn"),
];
const SECRET_VARIABLE: &str = "MARTLET_AUTH_JWT_SECRET";

/// A data folder for one load.
#[derive(Debug)]
pub(super) struct Sandbox {
    pub folder: TemporaryFolder,
    pub keys: Keys,
    /// Variables of the load's own server.
    pub environment: Vec<(String, String)>,
}

/// A folder that goes with this value.
#[derive(Debug)]
pub(super) struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn make() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("martlet-bench-{}-{}", std::process::id(), &secret()?[..12]));
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is in the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Makes the folder, its database and its keys. `scale`: a new database, whatever the app has.
pub(super) fn make(
    settings: &Settings,
    settings_text: &str,
    app: &App,
    scale: Option<f64>,
    on_folder: impl FnOnce(&Path),
) -> Result<Sandbox, Failure> {
    let folder = TemporaryFolder::make()?;
    on_folder(folder.path());
    let secret = secret()?;
    let mut variables = environment::variables();
    let own = OWN_SETTINGS.iter().copied().chain([(SECRET_VARIABLE, secret.as_str())]);
    let own: Vec<(String, String)> = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    variables.extend(own.iter().cloned());
    let flags = Flags { data: Some(folder.path().to_owned()), ..Flags::default() };
    let own_settings = Settings::settle(settings.folder(), settings_text, &variables, &flags)
        .map_err(|_| Failure::new("the settings of the load's own server are refused"))?;
    let has_database = migrate::database_exists(settings);
    let seeds = match scale {
        None if has_database => {
            copy(settings, folder.path())?;
            None
        }
        scale => Some(scale.unwrap_or(SCALE)),
    };
    fill(&own_settings, app, seeds)?;
    let keys = wiring::keys(&own_settings)?;
    Ok(Sandbox { folder, keys, environment: own })
}

fn copy(settings: &Settings, target: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    let data = settings.data();
    let copied = Shell::open(&data, false)?.copy_to(&target.join("app.db")).map_err(anyhow::Error::from);
    copied.with_context(|| format!("cannot copy {}", data.join("app.db").display()))?;
    output::note(&format!("copied the database in {:.2} s", start.elapsed().as_secs_f64()));
    Ok(())
}

fn fill(settings: &Settings, app: &App, scale: Option<f64>) -> Result<(), Failure> {
    let store = wiring::open_store(settings, None)?;
    let filled = store.migrate(app, false).map_err(Failure::from).and_then(|report| {
        if scale.is_none() && !report.applied.is_empty() {
            output::note(&format!("applied to the copy: {}", report.applied.join(", ")));
        }
        match (scale, &app.seed) {
            (None, _) => Ok(()),
            (Some(scale), Some(rows)) => seed::fill(&store, rows, scale),
            (Some(_), None) => {
                output::warning("there is no seed.sql and no database: every table is empty");
                Ok(())
            }
        }
    });
    store.close();
    filled
}

/// 64 random hex digits.
fn secret() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| Failure::new(format!("no random numbers: {error}")))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
