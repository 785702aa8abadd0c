//! Values of settings: read from their written form, checked against the key's form, and written again.

use super::key::{Default, Form, Key};
use martlet_engine::Rate;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Items of a list.
const ITEMS_MAX: usize = 100;
/// Bytes of a text.
const TEXT_SIZE_MAX: usize = 4096;

/// A checked value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nobody set it, and there is no default.
    Unset,
    /// A text, word, path or uuid.
    Text(String),
    /// A text that is never shown.
    Secret(String),
    /// A number or bytes.
    Count(u64),
    /// Bytes.
    Size(u64),
    /// A time.
    Duration(Duration),
    /// `off`.
    Off,
    /// A list.
    List(Vec<String>),
    /// A time for each name.
    Times(BTreeMap<String, Duration>),
    /// An address with a port.
    Address(SocketAddr),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Unset => f.write_str("not set"),
            Value::Text(text) => f.write_str(text),
            Value::Secret(_) => f.write_str("[redacted]"),
            Value::Count(count) => write!(f, "{count}"),
            Value::Size(bytes) => f.write_str(&written_size(*bytes)),
            Value::Duration(time) => f.write_str(&written_duration(*time)),
            Value::Off => f.write_str("off"),
            Value::List(items) => f.write_str(&items.join(", ")),
            Value::Times(times) => f.write_str(&written_times(times)),
            Value::Address(address) => write!(f, "{address}"),
        }
    }
}

/// A value in the form in which it came: a text everywhere, numbers and lists in martlet.toml only.
#[derive(Debug, Clone)]
pub(crate) enum Raw<'a> {
    Text(&'a str),
    Integer(&'a str),
    List(Vec<String>),
    /// A boolean, table, date or the like: its name.
    Other(&'static str),
}

/// Why a value is refused: what is wrong, and what to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub message: String,
    pub hint: String,
}

fn refusal<T>(message: impl Into<String>, hint: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { message: message.into(), hint: hint.into() })
}

/// Reads a value of this form.
pub(crate) fn read(form: Form, raw: Raw<'_>) -> Result<Value, Refusal> {
    if let Raw::Other(what) = raw {
        return refusal(format!("takes {}, not {what}", describe(form)), example(form));
    }
    match form {
        Form::Count { min, max } => match raw {
            Raw::Text(text) | Raw::Integer(text) => count(text, min, max),
            _ => refusal("takes a whole number", example(form)),
        },
        Form::Times { min_ms, max_ms } => match raw {
            Raw::Text(text) => times(text, min_ms, max_ms),
            _ => refusal(format!("takes {}", describe(form)), example(form)),
        },
        Form::Origins => match raw {
            Raw::List(items) => origins(items),
            Raw::Text(text) => origins(text.split(',').map(|item| item.trim().to_owned()).collect()),
            _ => refusal("takes a list of origins", example(form)),
        },
        Form::Networks => match raw {
            Raw::List(items) => networks(items),
            Raw::Text(text) => networks(text.split(',').map(|item| item.trim().to_owned()).collect()),
            _ => refusal("takes a list of addresses", example(form)),
        },
        _ => match raw {
            Raw::Text(text) => text_form(form, text),
            Raw::Integer(digits) => without_unit(form, digits),
            _ => refusal(format!("takes {}, not a list", describe(form)), example(form)),
        },
    }
}

/// The default of a key on a machine with so many processors.
pub(crate) fn default_of(key: &Key, processors: u64) -> Value {
    match key.default {
        Default::Written(text) => read(key.form, Raw::Text(text)).expect("a default is a value of its key: tested"),
        Default::Count(count) => Value::Count(count),
        Default::Size(bytes) => Value::Size(bytes),
        Default::Millis(millis) => Value::Duration(Duration::from_millis(millis)),
        Default::Unset(_) => Value::Unset,
        Default::PerProcessor(each) => Value::Count((each * processors).clamp(1, 256)),
    }
}

fn text_form(form: Form, text: &str) -> Result<Value, Refusal> {
    if text.len() > TEXT_SIZE_MAX {
        return refusal(format!("is longer than {TEXT_SIZE_MAX} bytes"), "shorten it");
    }
    if text.chars().any(char::is_control) {
        return refusal("holds a control character", "write it on one line");
    }
    match form {
        Form::Secret { bytes_min } if text.len() < bytes_min => refusal(
            format!("is too short: {} bytes, at least {bytes_min} are needed", text.len()),
            "make one with `openssl rand -base64 48`",
        ),
        Form::Secret { .. } => Ok(Value::Secret(text.to_owned())),
        Form::Text | Form::Path if text.trim().is_empty() => refusal("is empty", example(form)),
        Form::Text | Form::Path => Ok(Value::Text(text.to_owned())),
        Form::Duration { min_ms, max_ms } => duration(text, min_ms, max_ms),
        Form::DurationOrOff { .. } if text == "off" => Ok(Value::Off),
        Form::DurationOrOff { min_ms, max_ms } => duration(text, min_ms, max_ms),
        Form::RateOrOff if text == "off" => Ok(Value::Off),
        Form::RateOrOff => match text.parse::<Rate>() {
            Ok(_) => Ok(Value::Text(text.to_owned())),
            Err(_) => refusal(format!("`{text}` is not a rate"), example(form)),
        },
        Form::Size { min, max } => size(text, min, max),
        Form::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
        Form::Choice(_) => refusal(format!("cannot be `{text}`"), example(form)),
        Form::Address => match text.parse() {
            Ok(address) => Ok(Value::Address(address)),
            Err(_) => refusal(format!("`{text}` is not an address with a port"), example(form)),
        },
        Form::Uuid if is_uuid(text) => Ok(Value::Text(text.to_ascii_lowercase())),
        Form::Uuid => refusal(format!("`{text}` is not a uuid"), example(form)),
        Form::Count { .. } | Form::Times { .. } | Form::Origins | Form::Networks => {
            unreachable!("read above, with their own raw forms")
        }
    }
}

fn without_unit(form: Form, digits: &str) -> Result<Value, Refusal> {
    match form {
        Form::Duration { .. } | Form::DurationOrOff { .. } => {
            refusal("needs a unit", format!("write \"{digits}s\" for seconds, \"{digits}ms\" for milliseconds"))
        }
        Form::Size { .. } => {
            refusal("needs a unit", format!("write \"{digits}B\" for bytes, \"{digits}KiB\", \"{digits}MiB\""))
        }
        _ => refusal(format!("takes {}, not a number", describe(form)), example(form)),
    }
}

fn count(text: &str, min: u64, max: u64) -> Result<Value, Refusal> {
    match text.parse::<u64>() {
        Ok(count) if (min..=max).contains(&count) => Ok(Value::Count(count)),
        Ok(count) => refusal(format!("{count} is out of range"), format!("use a number from {min} to {max}")),
        Err(_) => refusal(format!("`{text}` is not a whole number"), format!("use a number from {min} to {max}")),
    }
}

/// Splits `15m` into 15 and `m`.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
}

fn duration(text: &str, min_ms: u64, max_ms: u64) -> Result<Value, Refusal> {
    const HINT: &str = "write a number with ms, s, m, h or d, such as \"500ms\", \"2s\", \"15m\"";
    let Some((number, unit)) = number_and_unit(text) else {
        return refusal(format!("`{text}` is not a time"), HINT);
    };
    let unit_ms = match unit {
        "" => return refusal("needs a unit", HINT),
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return refusal(format!("`{unit}` is not a unit of time"), HINT),
    };
    let range = || {
        let (min, max) = (Duration::from_millis(min_ms), Duration::from_millis(max_ms));
        format!("use a time from {} to {}", written_duration(min), written_duration(max))
    };
    match number.checked_mul(unit_ms) {
        Some(millis) if (min_ms..=max_ms).contains(&millis) => Ok(Value::Duration(Duration::from_millis(millis))),
        _ => refusal(format!("{text} is out of range"), range()),
    }
}

/// `event=2m, user=10m`
fn times(text: &str, min_ms: u64, max_ms: u64) -> Result<Value, Refusal> {
    let mut times = BTreeMap::new();
    for item in text.split(',').filter(|item| !item.trim().is_empty()) {
        let Some((name, time)) = item.split_once('=') else {
            return refusal(
                format!("`{}` is no name with its time", item.trim()),
                example(Form::Times { min_ms, max_ms }),
            );
        };
        let (name, time) = named_time(Form::Times { min_ms, max_ms }, name.trim(), Raw::Text(time.trim()))?;
        times.insert(name, time);
    }
    if times.len() > ITEMS_MAX {
        return refusal(format!("has {} items", times.len()), format!("list at most {ITEMS_MAX}"));
    }
    Ok(Value::Times(times))
}

/// One name of a key that takes times, with its time.
pub(crate) fn named_time(form: Form, name: &str, raw: Raw<'_>) -> Result<(String, Duration), Refusal> {
    let Form::Times { min_ms, max_ms } = form else {
        return refusal(format!("takes {}", describe(form)), example(form));
    };
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.bytes().all(is_name) {
        return refusal(format!("cannot have `{name}`"), "a name is of a-z, 0-9 and _, and begins with a letter");
    }
    match read(Form::Duration { min_ms, max_ms }, raw)? {
        Value::Duration(time) => Ok((name.to_owned(), time)),
        other => refusal(format!("cannot be `{other}`"), example(form)),
    }
}

fn written_times(times: &BTreeMap<String, Duration>) -> String {
    let written = times.iter().map(|(name, time)| format!("{name}={}", written_duration(*time)));
    written.collect::<Vec<_>>().join(", ")
}

fn size(text: &str, min: u64, max: u64) -> Result<Value, Refusal> {
    const HINT: &str = "write a number with B, KiB, MiB or GiB, such as \"64MiB\"";
    let Some((number, unit)) = number_and_unit(text) else {
        return refusal(format!("`{text}` is not a size"), HINT);
    };
    let unit_bytes: u64 = match unit {
        "" => return refusal("needs a unit", HINT),
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return refusal(format!("`{unit}` is not a unit of size"), HINT),
    };
    match number.checked_mul(unit_bytes) {
        Some(bytes) if (min..=max).contains(&bytes) => Ok(Value::Size(bytes)),
        _ => {
            let hint = format!("use a size from {} to {}", written_size(min), written_size(max));
            refusal(format!("{text} is out of range"), hint)
        }
    }
}

fn origins(items: Vec<String>) -> Result<Value, Refusal> {
    if items.len() > ITEMS_MAX {
        return refusal(format!("has {} items", items.len()), format!("list at most {ITEMS_MAX}"));
    }
    match items.iter().find(|item| !is_origin(item)) {
        Some(item) => {
            let hint = example(Form::Origins) + "; scheme, host and port only, without a path or a slash at the end";
            refusal(format!("`{item}` is not an origin"), hint)
        }
        None => Ok(Value::List(items)),
    }
}

fn networks(items: Vec<String>) -> Result<Value, Refusal> {
    if items.len() > ITEMS_MAX {
        return refusal(format!("has {} items", items.len()), format!("list at most {ITEMS_MAX}"));
    }
    match items.iter().find(|item| !is_network(item)) {
        Some(item) => refusal(format!("`{item}` is not an address or a range of them"), example(Form::Networks)),
        None => Ok(Value::List(items)),
    }
}

fn is_network(text: &str) -> bool {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let Ok(address) = address.parse::<std::net::IpAddr>() else {
        return false;
    };
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    bits.is_none_or(|bits| bits.parse::<u8>().is_ok_and(|bits| bits <= bits_max))
}

/// As browsers send it: lower case, no path, no user.
fn is_origin(text: &str) -> bool {
    let Some(host) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-:[]".contains(&byte);
    !host.is_empty() && host.len() <= 260 && host.bytes().all(is_part)
}

fn is_uuid(text: &str) -> bool {
    let is_at = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_at)
}

/// What a form takes, in words.
pub(crate) fn describe(form: Form) -> String {
    match form {
        Form::Text => "a text".into(),
        Form::Secret { bytes_min } => format!("a secret of at least {bytes_min} bytes"),
        Form::Count { min, max } => format!("a number, {min} to {max}"),
        Form::Duration { min_ms, max_ms } => {
            let (min, max) = (Duration::from_millis(min_ms), Duration::from_millis(max_ms));
            format!("a time, {} to {}", written_duration(min), written_duration(max))
        }
        Form::RateOrOff => "a rate, or off".to_owned(),
        Form::DurationOrOff { min_ms, max_ms } => describe(Form::Duration { min_ms, max_ms }) + ", or off",
        Form::Times { min_ms, max_ms } => describe(Form::Duration { min_ms, max_ms }) + ", for each name",
        Form::Size { min, max } => format!("a size, {} to {}", written_size(min), written_size(max)),
        Form::Choice(words) => words.join(" or "),
        Form::Origins => "a list of origins".into(),
        Form::Networks => "a list of addresses and ranges".into(),
        Form::Address => "an address with a port".into(),
        Form::Path => "a path".into(),
        Form::Uuid => "a uuid".into(),
    }
}

fn example(form: Form) -> String {
    match form {
        Form::Text => "write a text, such as \"hotel\"".into(),
        Form::Secret { .. } => "make one with `openssl rand -base64 48`".into(),
        Form::Count { min, max } => format!("use a number from {min} to {max}"),
        Form::RateOrOff => "write a rate, such as \"100/s\" or \"1000/15m\", or \"off\"".into(),
        Form::Duration { .. } | Form::DurationOrOff { .. } => "write a time, such as \"2s\"".into(),
        Form::Times { .. } => "write a name and a time, such as \"event=2m\"".into(),
        Form::Size { .. } => "write a size, such as \"64MiB\"".into(),
        Form::Choice(words) => format!("use one of {}", words.join(", ")),
        Form::Origins => "write an origin as browsers send it, such as \"https://example.org\"".into(),
        Form::Networks => "write an address or a range, such as \"10.0.0.0/8\" or \"::1\"".into(),
        Form::Address => "write an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"".into(),
        Form::Path => "write a path, such as \"data\" or \"/var/lib/hotel\"".into(),
        Form::Uuid => "write a uuid, such as \"00000000-0000-4000-8000-000000000001\"".into(),
    }
}

/// In the largest unit that divides it: `15m`, `1500ms`.
pub(crate) fn written_duration(time: Duration) -> String {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let unit = units.into_iter().find(|(unit_ms, _)| millis >= *unit_ms && millis.is_multiple_of(*unit_ms));
    unit.map_or_else(|| format!("{millis}ms"), |(unit_ms, unit)| format!("{}{unit}", millis / unit_ms))
}

/// In the largest unit that divides it: `64MiB`, `1500B`.
pub(crate) fn written_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{bytes}B"), |(unit, name)| format!("{}{name}", bytes / unit))
}

#[cfg(test)]
mod tests;
