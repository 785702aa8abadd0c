//! Settings from the environment: `MARTLET_SECTION_KEY`, and the names that other servers' documents use.

use super::key::{ALL, CORS_ORIGINS, Form, Key};
use super::value::{Raw, Value, read};
use martlet_core::nearest;
use std::collections::BTreeMap;

/// Variables of tools around Martlet, never settings.
const NOT_SETTINGS: &[&str] = &["MARTLET_TEST_"];

/// Names of documents for other servers: taken where their meaning is clear, with a warning that names ours.
const ALIASES: &[(&str, &Key)] = &[("CLIENT_URL", &CORS_ORIGINS)];

/// Names of the same documents for what this version does not do yet.
const NOT_YET: &[&str] = &[
    "CACHE_TTL_EVENTS",
    "CACHE_TTL_SESSIONS",
    "CACHE_TTL_USERS",
    "CACHE_TTL_AVAILABILITY",
    "ENABLE_PERFORMANCE_MONITORING",
    "PERFORMANCE_LOG_LEVEL",
];

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
        name.starts_with("MARTLET_") || NOT_YET.contains(&name) || ALIASES.iter().any(|(alias, _)| *alias == name)
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
    for name in NOT_YET {
        if variables.get(*name).is_some_and(|text| !text.is_empty()) {
            settings.warnings.push(format!("{name} is not yet in effect"));
        }
    }
    for (name, text) in variables.iter().filter(|(name, _)| name.starts_with("MARTLET_")) {
        match ALL.iter().find(|key| key.variable() == *name) {
            Some(key) if text.is_empty() && !matches!(key.form, Form::Secret { .. }) => {}
            Some(key) => settings.read(key, text, name),
            None if NOT_SETTINGS.iter().any(|prefix| name.starts_with(prefix)) => {}
            None => settings.unknown(name),
        }
    }
    settings
}

impl EnvironmentSettings {
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
    fn a_misspelt_name_refuses_and_a_foreign_one_warns() {
        insta::assert_snapshot!(told(&[("MARTLET_AUTH_JWT_SECRT", "x"), ("MARTLET_PORT_8080_TCP", "x"), ("MARTLET_TEST_X", "x")]), @r"
        warning: MARTLET_PORT_8080_TCP is no setting of Martlet's and is ignored
        error: there is no setting MARTLET_AUTH_JWT_SECRT; did you mean MARTLET_AUTH_JWT_SECRET?
        ");
    }

    #[test]
    fn names_of_other_documents_are_taken_where_they_are_clear() {
        insta::assert_snapshot!(told(&[("CLIENT_URL", "https://a.example/"), ("CACHE_TTL_USERS", "60000")]), @r"
        cors.origins = https://a.example from CLIENT_URL
        warning: CLIENT_URL is taken as `cors.origins`; write MARTLET_CORS_ORIGINS instead
        warning: CACHE_TTL_USERS is not yet in effect
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
