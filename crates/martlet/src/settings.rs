//! Settings, read once at the start: a flag wins over the environment, that over `martlet.toml`, that over the default.
//!
//! Everything about a key stands in one table, [`key::ALL`]. The rest of the executable asks by key and gets a checked
//! value with where it came from.

pub(crate) mod document;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod key;
pub(crate) mod value;

use key::{Form, Key};
use martlet_sql::Diagnostic;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use value::Value;

/// Parts of secrets that documents of this and of other products print, in lower case.
const EXAMPLE_SECRETS: &[&str] = &[
    "super-secret-jwt-token",
    "reallyreallyreallyreallyverysafe",
    "at-least-256-bits-long",
    "your-256-bit-secret",
    "your-secret",
    "your_secret",
    "change-me",
    "changeme",
    "change_me",
];
/// Different characters of a secret: 32 hexadecimal digits by chance have fewer about once in a trillion times.
const SECRET_CHARACTERS_MIN: usize = 6;

/// Where a value came from; later ones win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The table of keys.
    Default,
    /// `martlet.toml`.
    File,
    /// This variable.
    Environment(String),
    /// This flag.
    Flag(&'static str),
}

/// Values given by flags.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags {
    pub listen: Option<SocketAddr>,
    pub admin_listen: Option<SocketAddr>,
    pub data: Option<PathBuf>,
}

/// All settings of an app folder, checked.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    folder: PathBuf,
    values: Vec<(Value, Source)>,
    /// What the operator should know, none of it a reason to stop.
    pub warnings: Vec<String>,
}

/// Why the settings are refused.
#[derive(Debug)]
pub(crate) struct Refused {
    /// Mistakes in `martlet.toml`.
    pub diagnostics: Vec<Diagnostic>,
    /// Mistakes in the environment: (message, hint).
    pub environment: Vec<(String, String)>,
}

impl Settings {
    /// Settles every key. `file` is the text of `martlet.toml`, empty without one.
    pub(crate) fn settle(
        folder: &Path,
        file: &str,
        variables: &BTreeMap<String, String>,
        flags: &Flags,
    ) -> Result<Self, Refused> {
        let file = file::parse(file);
        let environment = environment::parse(variables);
        if !file.diagnostics.is_empty() || !environment.errors.is_empty() {
            return Err(Refused { diagnostics: file.diagnostics, environment: environment.errors });
        }
        let processors = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
        let defaults = key::ALL.iter().map(|key| (value::default_of(key, processors), Source::Default));
        let mut settings =
            Self { folder: folder.to_owned(), values: defaults.collect(), warnings: environment.warnings };
        for (key, value) in file.values {
            settings.set(key, value, Source::File);
        }
        for (key, value, variable) in environment.values {
            settings.set(key, value, Source::Environment(variable));
        }
        if let Some(listen) = flags.listen {
            settings.set(&key::LISTEN, Value::Address(listen), Source::Flag("--listen"));
        }
        if let Some(listen) = flags.admin_listen {
            settings.set(&key::ADMIN_LISTEN, Value::Address(listen), Source::Flag("--admin-listen"));
        }
        if let Some(data) = &flags.data {
            settings.set(&key::DATA, Value::Text(data.to_string_lossy().into_owned()), Source::Flag("--data"));
        }
        Ok(settings)
    }

    /// A table gains what it does not have; all else is replaced.
    fn set(&mut self, key: &'static Key, value: Value, source: Source) {
        let kept = &mut self.values[index_of(key)];
        *kept = match (std::mem::replace(&mut kept.0, Value::Unset), value) {
            (Value::Times(mut times), Value::Times(more)) => {
                times.extend(more);
                (Value::Times(times), source)
            }
            (_, value) => (value, source),
        };
    }

    /// The value of a key and where it came from.
    pub(crate) fn get(&self, key: &'static Key) -> &(Value, Source) {
        &self.values[index_of(key)]
    }

    /// The text of a key that holds one; none where it is not set.
    pub(crate) fn text(&self, key: &'static Key) -> Option<&str> {
        match &self.get(key).0 {
            Value::Text(text) | Value::Secret(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the secret of tokens is one that documents print as an example, or hardly one: anybody can sign with it.
    pub(crate) fn has_example_secret(&self) -> bool {
        self.text(&key::JWT_SECRET).is_some_and(|secret| {
            let secret = secret.to_ascii_lowercase();
            let characters: BTreeSet<char> = secret.chars().collect();
            characters.len() < SECRET_CHARACTERS_MIN || EXAMPLE_SECRETS.iter().any(|example| secret.contains(example))
        })
    }

    /// The number or the bytes of a key that holds one.
    pub(crate) fn number(&self, key: &'static Key) -> usize {
        match self.get(key).0 {
            Value::Count(number) | Value::Size(number) => usize::try_from(number).unwrap_or(usize::MAX),
            _ => unreachable!("{} is no number", key.name),
        }
    }

    /// The time of a key that holds one; none for `off`.
    pub(crate) fn duration_or_off(&self, key: &'static Key) -> Option<Duration> {
        match self.get(key).0 {
            Value::Duration(time) => Some(time),
            _ => None,
        }
    }

    /// The time of a key that holds one.
    pub(crate) fn duration(&self, key: &'static Key) -> Duration {
        debug_assert!(matches!(key.form, Form::Duration { .. }), "{} may be off", key.name);
        self.duration_or_off(key).unwrap_or_default()
    }

    /// The items of a key that holds a list; none where it is not set.
    pub(crate) fn list(&self, key: &'static Key) -> Option<&[String]> {
        match &self.get(key).0 {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The time of each name, of a key that holds a table.
    pub(crate) fn times(&self, key: &'static Key) -> BTreeMap<String, Duration> {
        match &self.get(key).0 {
            Value::Times(times) => times.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// An address that may not be set.
    pub(crate) fn address(&self, key: &'static Key) -> Option<SocketAddr> {
        match self.get(key).0 {
            Value::Address(address) => Some(address),
            _ => None,
        }
    }

    /// Where to listen.
    pub(crate) fn listen(&self) -> SocketAddr {
        match self.get(&key::LISTEN).0 {
            Value::Address(address) => address,
            _ => unreachable!("the key has a default"),
        }
    }

    /// The app's folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The data folder. A path by flag counts from where the command runs, as paths in a shell do.
    pub(crate) fn data(&self) -> PathBuf {
        let path = Path::new(self.text(&key::DATA).unwrap_or("data"));
        match self.get(&key::DATA).1 {
            Source::Flag(_) => path.to_owned(),
            _ => self.folder.join(path),
        }
    }

    /// The app's name.
    pub(crate) fn name(&self) -> String {
        let folder_name = || {
            let whole = std::path::absolute(&self.folder).ok()?;
            Some(whole.file_name()?.to_string_lossy().into_owned())
        };
        self.text(&key::NAME).map(str::to_owned).or_else(folder_name).unwrap_or_else(|| "app".to_owned())
    }
}

fn index_of(key: &'static Key) -> usize {
    key::ALL.iter().position(|other| std::ptr::eq(*other, key)).expect("every key is in the table")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment_that_over_the_file_that_over_the_default() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nconnections_max = 7\n[log]\nlevel = \"warn\"\n";
        let variables =
            [("MARTLET_SERVER_LISTEN", "127.0.0.1:2"), ("MARTLET_LOG_LEVEL", "debug"), ("MARTLET_DATA", "elsewhere")];
        let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let flags = Flags { listen: Some("127.0.0.1:3".parse().unwrap()), ..Flags::default() };
        let settings = Settings::settle(Path::new("/apps/hotel"), file, &variables, &flags).unwrap();
        assert_eq!(settings.listen().port(), 3);
        assert_eq!(settings.get(&key::LISTEN).1, Source::Flag("--listen"));
        assert_eq!(settings.text(&key::LOG_LEVEL), Some("debug"));
        assert_eq!(settings.get(&key::CONNECTIONS_MAX), &(Value::Count(7), Source::File));
        assert_eq!(settings.get(&key::SYNCHRONOUS), &(Value::Text("full".into()), Source::Default));
        assert_eq!(settings.data(), Path::new("/apps/hotel/elsewhere"));
        assert_eq!(settings.name(), "hotel");
    }

    #[test]
    fn the_environment_adds_names_to_the_files_and_wins_for_its_own() {
        let file = "[cache.named]\nevent = \"2m\"\nuser = \"10m\"\n";
        let variables = [("MARTLET_CACHE_NAMED_EVENT", "5s"), ("MARTLET_CACHE_NAMED_SESSION", "5m")];
        let variables = variables.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let settings = Settings::settle(Path::new("/apps/hotel"), file, &variables, &Flags::default()).unwrap();
        assert_eq!(settings.get(&key::CACHE_NAMED).0.to_string(), "event=5s, session=5m, user=10m");
        assert_eq!(settings.times(&key::CACHE_NAMED)["user"], Duration::from_secs(600));
    }
}
