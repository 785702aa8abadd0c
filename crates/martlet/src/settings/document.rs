//! `docs/config.md`, written from the table of keys.

use super::key::{ALL, Default, Form, Key};
use super::value::{describe, written_duration, written_size};
use std::fmt::Write;
use std::time::Duration;

/// The whole of docs/config.md.
pub(crate) fn markdown() -> String {
    let mut text = String::from(
        "# Settings\n\n\
         <!-- Generated from crates/martlet/src/settings/key.rs by `cargo xtask generate`; do not edit. -->\n\n\
         A setting is written in `martlet.toml` as `key` under its `[section]`.\n\
         The variable `MARTLET_SECTION_KEY` wins over the file, a flag over both; `martlet config DIR` tells which won.\n\
         Times and sizes carry a unit: `500ms`, `2s`, `15m`, `1h`, `1d`; `16KiB`, `64MiB`.\n\
         A key that does not exist refuses to start.\n",
    );
    let mut section = None;
    for key in ALL {
        if section != Some(key.section) {
            section = Some(key.section);
            let title = if key.section.is_empty() { "Top level".into() } else { format!("`[{}]`", key.section) };
            let _ = write!(text, "\n## {title}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
        }
        let _ = writeln!(
            text,
            "| `{}`<br>`{}` | {} | {} | {} |",
            key.name,
            key.variable(),
            values(key),
            default(key),
            key.help
        );
    }
    text.push_str(
        "\n## Names of other documents\n\n\
         `CLIENT_URL` is taken as `cors.origins`, with a warning.\n\
         `CACHE_TTL_EVENTS`, `CACHE_TTL_SESSIONS`, `CACHE_TTL_USERS` and `CACHE_TTL_AVAILABILITY`, in milliseconds, are taken as \
         `cache.named.event`, `session`, `user` and `availability`, with a warning.\n\
         `ENABLE_PERFORMANCE_MONITORING` and `PERFORMANCE_LOG_LEVEL` are known and not yet in effect.\n\
         A variable that begins with `MARTLET_` and is near to a setting's name refuses to start; any other is ignored with a warning.\n",
    );
    text
}

fn values(key: &Key) -> String {
    match key.form {
        Form::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        form => describe(form),
    }
}

/// The default in words, the same on every machine.
pub(crate) fn default(key: &Key) -> String {
    match key.default {
        Default::Written(text) => format!("`{text}`"),
        Default::Count(count) => format!("`{count}`"),
        Default::Size(bytes) => format!("`{}`", written_size(bytes)),
        Default::Millis(millis) => format!("`{}`", written_duration(Duration::from_millis(millis))),
        Default::Unset(text) => text.to_owned(),
        Default::PerProcessor(each) => format!("{each} for each processor"),
    }
}
