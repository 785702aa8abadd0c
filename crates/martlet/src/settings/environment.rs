//! Settings from the environment: `MARTLET_SECTION_KEY`, and the names that other servers' documents use.

use super::key::{ALL, CACHE_NAMED, CORS_ORIGINS, Form, Key};
use super::value::{Raw, Value, named_time, read};
use martlet_core::nearest;
use std::collections::BTreeMap;

/// Variables of tools around Martlet, never settings.
const NOT_SETTINGS: &[&str] = &["MARTLET_TEST_"];

/// Names of documents for other servers: taken where their meaning is clear, with a warning that names ours.
const ALIASES: &[(&str, &Key)] = &[("CLIENT_URL", &CORS_ORIGINS)];

/// Times of named caches in the same documents, in milliseconds without a unit.
const CACHE_ALIASES: &[(&str, &str)] = &[
    ("CACHE_TTL_EVENTS", "event"),
    ("CACHE_TTL_SESSIONS", "session"),
    ("CACHE_TTL_USERS", "user"),
    ("CACHE_TTL_AVAILABILITY", "availability"),
];

/// Names of the same documents for what this version does not do yet.
const NOT_YET: &[&str] = &["ENABLE_PERFORMANCE_MONITORING", "PERFORMANCE_LOG_LEVEL"];

/// What the environment says, checked.
#[derive(Debug, Default)]
pub(crate) struct EnvironmentSettings {
    /// Keys with their values and the variable that they come from.
    pub values: Vec<(&'static Key, Value, String)>,
    /// What does not stop the start.
    pub warnings: Vec<String>,
    /// What does: (message, hint).
    pub errors: Vec<(String, String)>,
}

/// The variables of this process that can concern Martlet.
pub(crate) fn variables() -> BTreeMap<String, String> {
    let known = |name: &str| {
        let is_alias = ALIASES.iter().any(|(alias, _)| *alias == name);
        let is_cache_alias = CACHE_ALIASES.iter().any(|(alias, _)| *alias == name);
        name.starts_with("MARTLET_") || NOT_YET.contains(&name) || is_alias || is_cache_alias
    };
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    // A value that is not UTF-8 keeps a replacement character, which no setting but a name would take.
    all.filter(|(name, _)| known(name)).map(|(name, value)| (name, value.to_string_lossy().into_owned())).collect()
}

/// Reads the variables. An empty one counts as not set; an empty secret does not: somebody lost it on its way here.
pub(crate) fn parse(variables: &BTreeMap<String, String>) -> EnvironmentSettings {
    let mut settings = EnvironmentSettings::default();
    for (alias, key) in ALIASES {
        if let Some(text) = variables.get(*alias).filter(|text| !text.is_empty()) {
            let variable = key.variable();
            if variables.get(&variable).is_some_and(|own| !own.is_empty()) {
                settings.warnings.push(format!("{alias} is ignored: {variable} is set too"));
                continue;
            }
            settings.warnings.push(format!("{alias} is taken as `{}`; write {variable} instead", key.full_name()));
            // These documents end a URL with a slash at will; an origin has none.
            settings.read(key, text.trim_end_matches('/'), alias);
        }
    }
    for (alias, name) in CACHE_ALIASES {
        if let Some(text) = variables.get(*alias).filter(|text| !text.is_empty()) {
            let variable = format!("{}_{}", CACHE_NAMED.variable(), name.to_uppercase());
            if variables.get(&variable).is_some_and(|own| !own.is_empty()) {
                settings.warnings.push(format!("{alias} is ignored: {variable} is set too"));
                continue;
            }
            let full_name = CACHE_NAMED.full_name();
            let text = if text.bytes().all(|byte| byte.is_ascii_digit()) { format!("{text}ms") } else { text.clone() };
            settings
                .warnings
                .push(format!("{alias} is taken as `{full_name}.{name}`; write {variable}={text} instead"));
            settings.read_time(&CACHE_NAMED, name, &text, alias);
        }
    }
    for name in NOT_YET {
        if variables.get(*name).is_some_and(|text| !text.is_empty()) {
            settings.warnings.push(format!("{name} is not yet in effect"));
        }
    }
    for (name, text) in variables.iter().filter(|(name, _)| name.starts_with("MARTLET_")) {
        match ALL.iter().find(|key| key.variable() == *name) {
            Some(key) if text.is_empty() && !matches!(key.form, Form::Secret { .. }) => {}
            Some(key) => settings.read(key, text, name),
            None if let Some((key, part)) = part_of(name) => {
                if !text.is_empty() {
                    settings.read_time(key, &part, text, name);
                }
            }
            None if NOT_SETTINGS.iter().any(|prefix| name.starts_with(prefix)) => {}
            None => settings.unknown(name),
        }
    }
    settings
}

/// A key that takes a table, and the name in it: `MARTLET_CACHE_NAMED_EVENT` sets `event` of `cache.named`.
fn part_of(variable: &str) -> Option<(&'static Key, String)> {
    let tables = ALL.iter().copied().filter(|key| matches!(key.form, Form::Times { .. }));
    let part = |key: &Key| Some(variable.strip_prefix(&key.variable())?.strip_prefix('_')?.to_lowercase());
    tables.filter_map(|key| Some((key, part(key)?))).next()
}

impl EnvironmentSettings {
    fn read_time(&mut self, key: &'static Key, name: &str, text: &str, variable: &str) {
        match named_time(key.form, name, Raw::Text(text)) {
            Ok(time) => self.values.push((key, Value::Times(BTreeMap::from([time])), variable.to_owned())),
            Err(refusal) => self.errors.push((format!("{variable} {}", refusal.message), refusal.hint)),
        }
    }

    fn read(&mut self, key: &'static Key, text: &str, variable: &str) {
        match read(key.form, Raw::Text(text)) {
            Ok(value) => self.values.push((key, value, variable.to_owned())),
            Err(refusal) => self.errors.push((format!("{variable} {}", refusal.message), refusal.hint)),
        }
    }

    /// A misspelt key refuses to start; a name like none of ours only warns, since orchestrators set variables by a
    /// service's name (`MARTLET_SERVICE_HOST`, `MARTLET_PORT_8080_TCP`).
    fn unknown(&mut self, name: &str) {
        let known: Vec<String> = ALL.iter().map(|key| key.variable()).collect();
        match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => {
                self.errors.push((format!("there is no setting {name}"), format!("did you mean {near}?")));
            }
            None => self.warnings.push(format!("{name} is no setting of Martlet's and is ignored")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> String {
        let variables = variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let EnvironmentSettings { values, warnings, errors } = parse(&variables);
        let values = values.iter().map(|(key, value, from)| format!("{} = {value} from {from}\n", key.full_name()));
        let warnings = warnings.iter().map(|warning| format!("warning: {warning}\n"));
        let errors = errors.iter().map(|(message, hint)| format!("error: {message}; {hint}\n"));
        values.chain(warnings).chain(errors).collect()
    }

    #[test]
    fn names_come_from_the_table() {
        insta::assert_snapshot!(told(&[("MARTLET_SERVER_LISTEN", "[::]:80"), ("MARTLET_NAME", "x"), ("MARTLET_DATA", "")]), @r"
        name = x from MARTLET_NAME
        server.listen = [::]:80 from MARTLET_SERVER_LISTEN
        ");
    }

    #[test]
    fn a_name_of_a_table_is_part_of_the_variable() {
        insta::assert_snapshot!(told(&[("MARTLET_CACHE_NAMED_EVENT", "2m"), ("MARTLET_CACHE_NAMED_MY_NOTES", "5s"), ("MARTLET_CACHE_NAMED_OLD", "")]), @r"
        cache.named = event=2m from MARTLET_CACHE_NAMED_EVENT
        cache.named = my_notes=5s from MARTLET_CACHE_NAMED_MY_NOTES
        ");
        insta::assert_snapshot!(told(&[("MARTLET_CACHE_NAMED", "event=1m"), ("MARTLET_CACHE_NAMED_EVENT", "120"), ("MARTLET_CACHE_NAMED_7", "1s")]), @r#"
        cache.named = event=1m from MARTLET_CACHE_NAMED
        error: MARTLET_CACHE_NAMED_7 cannot have `7`; a name is of a-z, 0-9 and _, and begins with a letter
        error: MARTLET_CACHE_NAMED_EVENT needs a unit; write a number with ms, s, m, h or d, such as "500ms", "2s", "15m"
        "#);
    }

    #[test]
    fn a_misspelt_name_refuses_and_a_foreign_one_warns() {
        insta::assert_snapshot!(told(&[("MARTLET_AUTH_JWT_SECRT", "x"), ("MARTLET_PORT_8080_TCP", "x"), ("MARTLET_TEST_X", "x")]), @r"
        warning: MARTLET_PORT_8080_TCP is no setting of Martlet's and is ignored
        error: there is no setting MARTLET_AUTH_JWT_SECRT; did you mean MARTLET_AUTH_JWT_SECRET?
        ");
    }

    #[test]
    fn names_of_other_documents_are_taken_where_they_are_clear() {
        insta::assert_snapshot!(told(&[("CLIENT_URL", "https://a.example/"), ("CACHE_TTL_USERS", "60000"), ("CACHE_TTL_EVENTS", "2m"), ("MARTLET_CACHE_NAMED_EVENT", "3m"), ("PERFORMANCE_LOG_LEVEL", "x")]), @r"
        cors.origins = https://a.example from CLIENT_URL
        cache.named = user=1m from CACHE_TTL_USERS
        cache.named = event=3m from MARTLET_CACHE_NAMED_EVENT
        warning: CLIENT_URL is taken as `cors.origins`; write MARTLET_CORS_ORIGINS instead
        warning: CACHE_TTL_EVENTS is ignored: MARTLET_CACHE_NAMED_EVENT is set too
        warning: CACHE_TTL_USERS is taken as `cache.named.user`; write MARTLET_CACHE_NAMED_USER=60000ms instead
        warning: PERFORMANCE_LOG_LEVEL is not yet in effect
        ");
        insta::assert_snapshot!(told(&[("CLIENT_URL", "https://a.example"), ("MARTLET_CORS_ORIGINS", "https://b.example")]), @r"
        cors.origins = https://b.example from MARTLET_CORS_ORIGINS
        warning: CLIENT_URL is ignored: MARTLET_CORS_ORIGINS is set too
        ");
    }

    #[test]
    fn a_bad_value_names_its_variable() {
        insta::assert_snapshot!(told(&[("MARTLET_DATABASE_QUERY_TIMEOUT", "5"), ("MARTLET_AUTH_JWT_SECRET", "hunter2")]), @r#"
        error: MARTLET_AUTH_JWT_SECRET is too short: 7 bytes, at least 32 are needed; make one with `openssl rand -base64 48`
        error: MARTLET_DATABASE_QUERY_TIMEOUT needs a unit; write a number with ms, s, m, h or d, such as "500ms", "2s", "15m"
        "#);
    }
}
