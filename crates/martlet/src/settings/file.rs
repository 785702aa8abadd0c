//! `martlet.toml`: every mistake at its place, all at once.

use super::key::{ALL, Form, Key};
use super::value::{Raw, Value, named_time, read};
use martlet_core::nearest;
use martlet_sql::{Diagnostic, Severity, Span};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// The file's name in an app folder.
pub(crate) const FILE: &str = "martlet.toml";
/// Bytes of the file.
pub(crate) const FILE_SIZE_MAX: usize = 64 * 1024;

/// What the file says, checked.
#[derive(Debug, Default)]
pub(crate) struct FileSettings {
    /// Keys with their values.
    pub values: Vec<(&'static Key, Value)>,
    /// What is wrong, with places.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the text of `martlet.toml`. Never panics.
pub(crate) fn parse(text: &str) -> FileSettings {
    let mut settings = FileSettings::default();
    if text.len() > FILE_SIZE_MAX {
        let message = format!("the file is larger than {FILE_SIZE_MAX} bytes");
        settings.diagnostics.push(finding(text, 0..0, "too_large", message, "shorten it"));
        return settings;
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        settings.diagnostics.push(finding(text, span, "syntax", message, "see https://toml.io for the syntax"));
    }
    // What was recovered after a mistake of the syntax would only give rise to more.
    if !settings.diagnostics.is_empty() {
        return settings;
    }
    for (name, value) in table.get_ref() {
        read_entry(text, name.get_ref(), name.span(), value.get_ref(), value.span(), &mut settings);
    }
    settings.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    settings
}

fn read_entry(
    text: &str,
    name: &str,
    name_span: Range<usize>,
    value: &DeValue<'_>,
    span: Range<usize>,
    settings: &mut FileSettings,
) {
    if let Some(key) = find("", name) {
        return read_value(text, key, value, span, settings);
    }
    match value {
        DeValue::Table(table) if ALL.iter().any(|key| key.section == name) => {
            for (key_name, value) in table {
                match find(name, key_name.get_ref()) {
                    Some(key) => read_value(text, key, value.get_ref(), value.span(), settings),
                    None => settings.diagnostics.push(unknown(text, name, key_name.get_ref(), key_name.span())),
                }
            }
        }
        _ if ALL.iter().any(|key| key.section == name) => {
            let message = format!("`{name}` is a table");
            let hint = format!("write its keys under `[{name}]`");
            settings.diagnostics.push(finding(text, span, "not_a_table", message, &hint));
        }
        DeValue::Table(_) => settings.diagnostics.push(unknown_table(text, name, name_span)),
        _ => settings.diagnostics.push(unknown(text, "", name, name_span)),
    }
}

fn read_value(text: &str, key: &'static Key, value: &DeValue<'_>, span: Range<usize>, settings: &mut FileSettings) {
    if let (Form::Times { .. }, DeValue::Table(table)) = (key.form, value) {
        return read_times(text, key, table, settings);
    }
    match read(key.form, raw(value)) {
        Ok(value) => settings.values.push((key, value)),
        Err(refusal) => {
            let message = format!("`{}` {}", key.full_name(), refusal.message);
            settings.diagnostics.push(finding(text, span, "setting_value", message, &refusal.hint));
        }
    }
}

/// A table whose names are the author's.
fn read_times(text: &str, key: &'static Key, table: &DeTable<'_>, settings: &mut FileSettings) {
    let mut times = BTreeMap::new();
    for (name, value) in table {
        match named_time(key.form, name.get_ref(), raw(value.get_ref())) {
            Ok((name, time)) => drop(times.insert(name, time)),
            Err(refusal) => {
                let message = format!("`{}.{}` {}", key.full_name(), name.get_ref(), refusal.message);
                settings.diagnostics.push(finding(text, value.span(), "setting_value", message, &refusal.hint));
            }
        }
    }
    settings.values.push((key, Value::Times(times)));
}

fn raw<'a>(value: &'a DeValue<'_>) -> Raw<'a> {
    match value {
        DeValue::String(text) => Raw::Text(text),
        DeValue::Integer(integer) if integer.radix() == 10 => Raw::Integer(integer.as_str()),
        DeValue::Integer(_) => Raw::Other("a number in another base than 10"),
        DeValue::Float(_) => Raw::Other("a number with a point"),
        DeValue::Boolean(_) => Raw::Other("a boolean"),
        DeValue::Datetime(_) => Raw::Other("a date or time"),
        DeValue::Table(_) => Raw::Other("a table"),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned));
            texts.collect::<Option<Vec<_>>>().map_or(Raw::Other("a list of anything but texts"), Raw::List)
        }
    }
}

fn find(section: &str, name: &str) -> Option<&'static Key> {
    ALL.iter().copied().find(|key| key.section == section && key.name == name)
}

fn unknown(text: &str, section: &str, name: &str, span: Range<usize>) -> Diagnostic {
    let here = ALL.iter().filter(|key| key.section == section).map(|key| key.name);
    let full = if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") };
    let elsewhere: Vec<String> = ALL.iter().filter(|key| key.name == name).map(|key| key.full_name()).collect();
    let hint = match (nearest(name, here), elsewhere.first()) {
        (_, Some(elsewhere)) => format!("did you mean `{elsewhere}`?"),
        (Some(near), None) => format!("did you mean `{near}`?"),
        (None, None) => "docs/config.md lists every setting, as does `martlet config DIR`".to_owned(),
    };
    finding(text, span, "unknown_setting", format!("there is no setting `{full}`"), &hint)
}

fn unknown_table(text: &str, name: &str, span: Range<usize>) -> Diagnostic {
    let sections = ALL.iter().map(|key| key.section).filter(|section| !section.is_empty());
    let hint = match nearest(name, sections) {
        Some(near) => format!("did you mean `[{near}]`?"),
        None => "docs/config.md lists every setting, as does `martlet config DIR`".to_owned(),
    };
    finding(text, span, "unknown_setting", format!("there is no table `[{name}]`"), &hint)
}

fn finding(text: &str, span: Range<usize>, code: &'static str, message: String, hint: &str) -> Diagnostic {
    let start = floor(text, span.start);
    let end = floor(text, span.end).max(start);
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let mut excerpt = text[line_start..].lines().next().unwrap_or_default().to_owned();
    if excerpt.contains("secret") {
        // All before the value may be shown, and no byte of it.
        let shown = excerpt.find(['=', '"', '\'']).unwrap_or(0);
        excerpt = format!("{}= [redacted]", &excerpt[..shown]);
    }
    Diagnostic {
        severity: Severity::Error,
        code,
        file: FILE.to_owned(),
        span: Span { start, end },
        line: text[..start].matches('\n').count() + 1,
        column: text[line_start..start].chars().count() + 1,
        message,
        label: String::new(),
        hint: Some(hint.to_owned()),
        excerpt,
    }
}

/// The start of the character that this byte is in; the end for a place behind it.
fn floor(text: &str, place: usize) -> usize {
    let place = place.min(text.len());
    (0..=place).rev().find(|place| text.is_char_boundary(*place)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mistakes(text: &str) -> String {
        let lines = parse(text).diagnostics.into_iter().map(|diagnostic| {
            let Diagnostic { line, column, message, hint, .. } = diagnostic;
            format!("{line}:{column}: {message}; {}\n", hint.unwrap_or_default())
        });
        lines.collect()
    }

    #[test]
    fn a_good_file_has_its_values() {
        let settings = parse(
            "name = \"hotel\"\n[server]\nlisten = \"0.0.0.0:80\"\nconnections_max = 5_000\n[cors]\norigins = [\"https://a.example\"]\n",
        );
        assert!(settings.diagnostics.is_empty(), "{:?}", settings.diagnostics);
        let values: Vec<String> =
            settings.values.iter().map(|(key, value)| format!("{}={value}", key.full_name())).collect();
        assert_eq!(values.len(), 4, "{values:?}");
        assert!(values.contains(&"server.connections_max=5000".to_owned()), "{values:?}");
    }

    #[test]
    fn a_table_of_the_authors_names_has_a_time_for_each() {
        let settings = parse("[cache]\nsize = \"64MiB\"\n[cache.named]\nevent = \"2m\"\nuser = \"10m\"\n");
        assert!(settings.diagnostics.is_empty(), "{:?}", settings.diagnostics);
        let values: Vec<String> =
            settings.values.iter().map(|(key, value)| format!("{} {value}", key.full_name())).collect();
        assert!(values.contains(&"cache.named event=2m, user=10m".to_owned()), "{values:?}");
        insta::assert_snapshot!(mistakes("[cache]\nsize = \"1KiB\"\nentries_max = 0\n[cache.named]\nevent = 120\nuser = \"10 years\"\n\"a b\" = \"1s\"\nlong = \"366d\"\n"), @r#"
        2:8: `cache.size` 1KiB is out of range; use a size from 1MiB to 1024GiB
        3:15: `cache.entries_max` 0 is out of range; use a number from 100 to 100000000
        5:9: `cache.named.event` needs a unit; write "120s" for seconds, "120ms" for milliseconds
        6:8: `cache.named.user` `years` is not a unit of time; write a number with ms, s, m, h or d, such as "500ms", "2s", "15m"
        7:9: `cache.named.a b` cannot have `a b`; a name is of a-z, 0-9 and _, and begins with a letter
        8:8: `cache.named.long` 366d is out of range; use a time from 1ms to 365d
        "#);
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = "nmae = \"x\"\nlisten = \"0.0.0.0:80\"\nserver.lisen = \"a\"\n[databse]\nreaders = 1\n[cors]\norigins = true\n[log]\nlevel = \"loud\"\n[database]\nquery_timeout = 5\nreaders = -1\n";
        insta::assert_snapshot!(mistakes(text), @r#"
        1:1: there is no setting `nmae`; did you mean `name`?
        2:1: there is no setting `listen`; did you mean `server.listen`?
        3:8: there is no setting `server.lisen`; did you mean `listen`?
        4:2: there is no table `[databse]`; did you mean `[database]`?
        7:11: `cors.origins` takes a list of origins, not a boolean; write an origin as browsers send it, such as "https://example.org"
        9:9: `log.level` cannot be `loud`; use one of error, warn, info, debug, trace
        11:17: `database.query_timeout` needs a unit; write "5s" for seconds, "5ms" for milliseconds
        12:11: `database.readers` `-1` is not a whole number; use a number from 1 to 256
        "#);
    }

    #[test]
    fn a_broken_file_is_told_with_its_place() {
        insta::assert_snapshot!(mistakes("name = \n[server\n"), @r"
        2:8: unclosed table, expected `]`; see https://toml.io for the syntax
        1:8: string values must be quoted, expected literal string; see https://toml.io for the syntax
        ");
        insta::assert_snapshot!(mistakes("server = 1\nname = \"a\"\nname = \"b\"\n"), @"3:1: duplicate key; see https://toml.io for the syntax");
    }

    #[test]
    fn a_short_secret_is_not_shown() {
        let settings = parse("[auth]\njwt_secret = \"hunter2\"\n");
        assert!(!format!("{settings:?}").contains("hunter2"));
        for text in
            ["auth.jwt_secret = \"hunter2", "auth = { jwt_secret = \"hunter2\" }", "[auth]\njwt_secret = hunter2\n"]
        {
            let settings = parse(text);
            assert!(!settings.diagnostics.is_empty(), "{text}");
            assert!(!format!("{settings:?}").contains("hunter2"), "{settings:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z=\\[\\]\"\n.ü0-9 ]{0,80}") {
            parse(&text);
        }
    }
}
