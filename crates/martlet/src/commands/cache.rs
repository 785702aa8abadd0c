//! `martlet cache`: what a running server keeps of answers; computing and dropping them; times of named caches.

use super::stats::{in_columns, written};
use super::{running, settle};
use crate::cli::{CacheClearArgs, CacheCommand, CacheStatsArgs, CacheTtlArgs, CacheWarmArgs};
use crate::exit::Failure;
use crate::output;
use crate::settings::value::{written_duration, written_size};
use anyhow::Context as _;
use serde_json::Value;
use std::time::Duration;

const PATH: &str = "/admin/v1/cache";
/// How long the server may take to compute what `@warm` names: it gives up before.
const WARM_PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn run(command: &CacheCommand) -> Result<(), Failure> {
    match command {
        CacheCommand::Stats(args) => stats(args),
        CacheCommand::Clear(args) => clear(args),
        CacheCommand::Warm(args) => warm(args),
        CacheCommand::Ttl(args) => set_time(args),
    }
}

fn stats(args: &CacheStatsArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let body = running::ask(&settings, "GET", PATH)?;
    if args.json {
        return Ok(output::data(&body)?);
    }
    Ok(output::data(&as_text(&read(&body)?))?)
}

fn clear(args: &CacheClearArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let which = match (&args.query, &args.named) {
        (Some(name), _) => format!("?query={}", encoded(name)),
        (None, Some(name)) => format!("?named={}", encoded(name)),
        (None, None) => String::new(),
    };
    let done = read(&running::ask(&settings, "DELETE", &format!("{PATH}{which}"))?)?;
    Ok(output::data(&format!("dropped: {}", answers(&done["cleared"])))?)
}

fn warm(args: &CacheWarmArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let which = args.query.as_deref().map(|name| format!("?query={}", encoded(name))).unwrap_or_default();
    let done = read(&running::ask_patiently(&settings, "POST", &format!("{PATH}{which}"), WARM_PATIENCE)?)?;
    Ok(output::data(&warmed(&done))?)
}

fn warmed(done: &Value) -> String {
    let count = |field: &str| done[field].as_u64().unwrap_or(0);
    let mut text =
        format!("computed: {} in {}", answers(&done["filled"]), written(done["took_s"].as_f64().unwrap_or(0.0)));
    for (field, words) in [("found", "there already"), ("failed", "not kept"), ("left", "left: they took too long")] {
        if count(field) > 0 {
            text.push_str(&format!("; {}: {}", words, count(field)));
        }
    }
    text
}

fn set_time(args: &CacheTtlArgs) -> Result<(), Failure> {
    let settings = settle(&args.folder, None)?;
    let (name, ms) = (encoded(&args.name), args.time.as_millis());
    let done = read(&running::ask(&settings, "PUT", &format!("{PATH}?named={name}&ttl_ms={ms}"))?)?;
    let time = written_duration(args.time);
    Ok(output::data(&format!("{}: {time} until the server ends; dropped: {}", args.name, answers(&done["cleared"])))?)
}

fn read(body: &str) -> Result<Value, Failure> {
    Ok(serde_json::from_str(body).context("the server's answer is no JSON")?)
}

fn answers(count: &Value) -> String {
    match count.as_u64().unwrap_or(0) {
        1 => "1 answer".to_owned(),
        count => format!("{count} answers"),
    }
}

/// As a query string takes it.
fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

const COLUMNS: [&str; 13] = [
    "name",
    "hits",
    "misses",
    "coalesced",
    "bypassed",
    "stale",
    "renewed",
    "entries",
    "size",
    "mean age",
    "invalidated",
    "useless",
    "evicted",
];

fn as_text(body: &Value) -> String {
    if body["mode"] != "on" {
        return "the cache is off (`cache.mode`)".to_owned();
    }
    let number = |of: &Value, field: &str| of[field].as_u64().unwrap_or(0);
    let size = |bytes: u64| if bytes < 10 << 10 { format!("{bytes} B") } else { rounded(bytes) };
    let mut parts = vec![format!(
        "{} of at most {}, {} of {}; {}",
        answers(&body["entries"]),
        number(body, "entries_max"),
        size(number(body, "bytes")),
        written_size(number(body, "bytes_max")),
        rate(number(body, "hits"), ["misses", "bypassed", "stale"].iter().map(|field| number(body, field)).sum()),
    )];
    let queries = body["queries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let calls = |query: &&Value| {
        ["hits", "misses", "bypassed", "stale", "entries"].iter().any(|field| number(query, field) > 0)
    };
    let called: Vec<&Value> = queries.iter().filter(calls).collect();
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    for query in &called {
        let count = |field: &str| number(query, field).to_string();
        rows.push([
            query["name"].as_str().unwrap_or_default().to_owned(),
            count("hits"),
            count("misses"),
            count("coalesced"),
            count("bypassed"),
            count("stale"),
            count("renewed"),
            count("entries"),
            size(number(query, "bytes")),
            written(query["age_mean_s"].as_f64().unwrap_or(0.0)),
            count("invalidated"),
            count("useless"),
            count("evicted"),
        ]);
    }
    parts.push(match called.is_empty() {
        true => "no query has been called".to_owned(),
        false => in_columns(&rows, 1),
    });
    let why: Vec<String> = called.iter().filter_map(|query| not_kept(query)).collect();
    if !why.is_empty() {
        parts.push(format!("not kept:\n{}", why.join("\n")));
    }
    let named = body["named"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !named.is_empty() {
        let lines: Vec<String> = named.iter().map(named_line).collect();
        parts.push(format!("named caches:\n{}", lines.join("\n")));
    }
    parts.join("\n\n")
}

/// Why answers of a query were not kept; none where all were.
fn not_kept(query: &Value) -> Option<String> {
    let name = query["name"].as_str().unwrap_or_default();
    if let Some(reason) = query["never_kept"].as_str() {
        return Some(format!("  {name}: never: {reason}"));
    }
    let counts = query["unkept"].as_object()?.iter();
    let reasons = counts.filter_map(|(reason, count)| Some((reason, count.as_u64().filter(|count| *count > 0)?)));
    let words = reasons.map(|(reason, count)| format!("{count} {}", in_words(reason)));
    let words = words.collect::<Vec<_>>().join(", ");
    (!words.is_empty()).then(|| format!("  {name}: {words}"))
}

fn in_words(reason: &str) -> &str {
    match reason {
        "replaced" => "of another version of the app",
        "overtaken" => "overtaken by a write while computed",
        "too_old" => "older than the writes that are remembered",
        "unbound" => "resting on a value that is not known",
        "too_large" => "larger than `cache.answer_size_max`",
        "unread" => "changed more often than read",
        other => other,
    }
}

fn named_line(named: &Value) -> String {
    let name = named["name"].as_str().unwrap_or_default();
    let queries = named["queries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let queries: Vec<&str> = queries.iter().filter_map(Value::as_str).collect();
    let time = named["ttl_ms"].as_u64().map(|ms| written_duration(Duration::from_millis(ms)));
    let queries = if queries.is_empty() { "no query names it".to_owned() } else { queries.join(", ") };
    format!("  {name}: {} ({queries})", time.as_deref().unwrap_or("no time set"))
}

fn rate(hits: u64, others: u64) -> String {
    match hits + others {
        0 => "no calls".to_owned(),
        calls => format!("{calls} calls, {:.1} % from memory", hits as f64 * 100.0 / calls as f64),
    }
}

/// To a tenth of the unit.
fn rounded(bytes: u64) -> String {
    let kib = bytes as f64 / 1024.0;
    if kib < 1024.0 { format!("{kib:.1} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_stand_in_columns_and_the_reasons_in_words() {
        let query = |name: &str, hits: u64| {
            serde_json::json!({"name": name, "never_kept": null, "hits": hits, "misses": hits / 10, "coalesced": 1,
                "bypassed": 0, "stale": 2, "renewed": 3, "entries": 3, "bytes": 20_480, "age_mean_s": 12.5, "invalidated": 7, "useless": 2,
                "evicted": 0, "unkept": {"overtaken": 2, "unread": 1, "replaced": 0}})
        };
        let mut never = query("now", 0);
        never["never_kept"] = "it depends on the time".into();
        never["bypassed"] = 4.into();
        let body = serde_json::json!({"mode": "on", "entries": 6, "entries_max": 1_000_000, "bytes": 40_960,
            "bytes_max": 104_857_600, "hits": 90, "misses": 9, "bypassed": 4, "stale": 2, "queries": [query("free", 90), never],
            "named": [{"name": "rates", "ttl_ms": 30_000, "queries": ["free"]}, {"name": "x", "ttl_ms": null, "queries": []}]});
        insta::assert_snapshot!(as_text(&body), @r"
        6 answers of at most 1000000, 40.0 KiB of 100MiB; 105 calls, 85.7 % from memory

        name  hits  misses  coalesced  bypassed  stale  renewed  entries      size  mean age  invalidated  useless  evicted
        free    90       9          1         0      2        3        3  20.0 KiB   12.50 s            7        2        0
        now      0       0          1         4      2        3        3  20.0 KiB   12.50 s            7        2        0

        not kept:
          free: 2 overtaken by a write while computed, 1 changed more often than read
          now: never: it depends on the time

        named caches:
          rates: 30s (free)
          x: no time set (no query names it)
        ");
        assert_eq!(as_text(&serde_json::json!({"mode": "off"})), "the cache is off (`cache.mode`)");
        assert_eq!(encoded("a b/ü"), "a%20b%2F%C3%BC");
        let done = |filled: u64, found: u64| {
            warmed(&serde_json::json!({"filled": filled, "found": found, "failed": 0, "left": 0, "took_s": 0.0125}))
        };
        assert_eq!(done(1, 0), "computed: 1 answer in 12.5 ms");
        assert_eq!(done(0, 3), "computed: 0 answers in 12.5 ms; there already: 3");
    }
}
