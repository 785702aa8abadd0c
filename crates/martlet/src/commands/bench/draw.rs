//! Arguments: drawn by the declared types and rules, or from values that are given.

use super::file::Given;
use super::rows;
use crate::exit::Failure;
use martlet_core::{Date, Timestamp, Type, Value};
use martlet_load::Random;
use martlet_sql::{Bound, Param, Rule};
use martlet_store::Shell;

/// Where one parameter's arguments come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// One of these.
    Values(Vec<Value>),
    /// Anything between, by the declared type.
    Between(Value, Value),
    /// By the declaration alone.
    Declared,
}

/// Items of a list that is drawn, where nothing says how many.
const LIST_ITEMS: i64 = 3;
/// How far a range goes that has one end only: days for a date.
const OPEN_RANGE: i64 = 99;
const OPEN_DAYS: i64 = 365;
/// Characters of a text that is drawn, beyond what it must have.
const TEXT_MORE: i64 = 12;

/// The source that `bench.toml` names.
pub(super) fn source_of(given: &Given, param: &Param, shell: &Shell) -> Result<Source, Failure> {
    let what = format!("`{}`", param.name);
    Ok(match given {
        Given::OneOf(values) if values.is_empty() => {
            return Err(Failure::new(format!("bench.toml: {what}: the list is empty")));
        }
        Given::OneOf(values) => Source::Values(values.iter().map(of_toml).collect()),
        Given::Always(value) => Source::Values(vec![of_toml(value)]),
        Given::Range(range) => Source::Between(of_toml(&range.from), of_toml(&range.to)),
        Given::Sql(select) => {
            let values = rows::first_column(shell, &select.sql, &what)?;
            Source::Values(values.into_iter().map(|value| fitted(value, param.ty.base)).collect())
        }
    })
}

fn of_toml(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Text(text.as_str().into()),
        toml::Value::Integer(integer) => Value::Integer(*integer),
        toml::Value::Float(double) => Value::Double(*double),
        toml::Value::Boolean(boolean) => Value::Boolean(*boolean),
        toml::Value::Datetime(time) => Value::Text(time.to_string().into()),
        toml::Value::Array(items) => Value::List(items.iter().map(of_toml).collect()),
        table @ toml::Value::Table(_) => Value::Text(serde_json::to_string(table).unwrap_or_default().into()),
    }
}

/// SQLite keeps a boolean as 0 or 1.
pub(super) fn fitted(value: Value, ty: Type) -> Value {
    match (value, ty) {
        (Value::Integer(bit), Type::Boolean) => Value::Boolean(bit != 0),
        (value, _) => value,
    }
}

/// One argument; none: it is left out. `earlier` are those above it, null where left out.
pub(super) fn draw(
    param: &Param,
    source: &Source,
    earlier: &[Value],
    today: Date,
    random: &mut Random,
) -> Option<Value> {
    let is_given = !matches!(source, Source::Declared);
    if param.is_optional && !is_given && random.below(2) == 0 {
        return None;
    }
    if !param.ty.is_list {
        return Some(item(param, source, earlier, today, random));
    }
    if let Source::Values(values) = source
        && values.iter().any(|value| matches!(value, Value::List(_)))
    {
        return Some(one_of(values, random));
    }
    let (low, high) = ends(param, earlier);
    let low = low.as_ref().and_then(integer).unwrap_or(1).max(0);
    let high = high.as_ref().and_then(integer).unwrap_or(low + LIST_ITEMS).min(low + LIST_ITEMS);
    let count = between(low, high, random);
    Some(Value::List((0..count).map(|_| item(param, source, &[], today, random)).collect()))
}

fn item(param: &Param, source: &Source, earlier: &[Value], today: Date, random: &mut Random) -> Value {
    if let Source::Values(values) = source {
        return one_of(values, random);
    }
    for rule in &param.rules {
        match rule {
            Rule::OneOf(choices) if matches!(source, Source::Declared) => return one_of(choices, random),
            Rule::Email => return Value::Text(format!("guest{}@example.test", random.below(1_000_000)).into()),
            Rule::Url => return Value::Text(format!("https://example.test/{}", random.below(1_000_000)).into()),
            _ => {}
        }
    }
    // A list's range is of its items' number.
    let (low, high) = match source {
        Source::Between(low, high) => (Some(low.clone()), Some(high.clone())),
        _ if param.ty.is_list => (None, None),
        _ => ends(param, earlier),
    };
    of_type(param.ty.base, low.as_ref(), high.as_ref(), today, random)
}

fn of_type(ty: Type, low: Option<&Value>, high: Option<&Value>, today: Date, random: &mut Random) -> Value {
    match ty {
        Type::Integer | Type::Bigint => {
            let (low, high) = (low.and_then(integer), high.and_then(integer));
            let low = low.unwrap_or_else(|| high.map_or(1, |high| high.min(1)));
            Value::Integer(between(low, high.unwrap_or(low.saturating_add(OPEN_RANGE)), random))
        }
        Type::Double => {
            let (low, high) = (low.and_then(double), high.and_then(double));
            let low = low.unwrap_or_else(|| high.map_or(0.0, |high| high.min(0.0)));
            Value::Double(low + random.unit() * (high.unwrap_or(low + 1.0) - low))
        }
        Type::Boolean => Value::Boolean(random.below(2) == 1),
        Type::Text => {
            let low = low.and_then(integer).unwrap_or(1).max(0);
            let length = between(low, high.and_then(integer).unwrap_or(i64::MAX).min(low + TEXT_MORE), random);
            let letter = |random: &mut Random| char::from(b'a' + u8::try_from(random.below(26)).unwrap_or(0));
            Value::Text((0..length).map(|_| letter(random)).collect::<String>().into())
        }
        Type::Date => Value::Text(day(low, high, today, random).to_string().into()),
        Type::Timestamptz => Value::Text(day(low, high, today, random).midnight().to_string().into()),
        Type::Uuid => Value::Text(uuid(random).into()),
        Type::Json | Type::Jsonb => Value::Text("{}".into()),
        Type::Numeric | Type::Timestamp | Type::Interval | Type::Unknown => Value::Null,
    }
}

/// The declared ends of a range, those by an earlier parameter put in.
fn ends(param: &Param, earlier: &[Value]) -> (Option<Value>, Option<Value>) {
    let end = |bound: &Option<Bound>| match bound.as_ref()? {
        Bound::Literal(value) => Some(value.clone()),
        Bound::Parameter { index, offset } => match earlier.get(*index)? {
            Value::Integer(integer) => Some(Value::Integer(integer.saturating_add(*offset))),
            Value::Double(double) => Some(Value::Double(double + *offset as f64)),
            Value::Text(text) => match Date::parse(text) {
                Ok(date) => Some(Value::Text(date.plus_days(*offset).ok()?.to_string().into())),
                Err(_) => Some(Value::Text(text.clone())),
            },
            _ => None,
        },
    };
    let ranges = param.rules.iter().filter_map(|rule| match rule {
        Rule::Range { low, high } => Some((end(low), end(high))),
        _ => None,
    });
    ranges.fold((None, None), |before, (low, high)| (low.or(before.0), high.or(before.1)))
}

fn day(low: Option<&Value>, high: Option<&Value>, today: Date, random: &mut Random) -> Date {
    let days = |value: Option<&Value>| match value {
        Some(Value::Text(text)) => {
            let date = Date::parse(text).ok().or_else(|| Timestamp::parse(text).ok().map(Timestamp::date));
            date.and_then(Date::days).map(i64::from)
        }
        _ => None,
    };
    let today = today.days().map_or(0, i64::from);
    let (low, high) = (days(low), days(high));
    let low = low.unwrap_or_else(|| high.map_or(today, |high| high - OPEN_DAYS));
    Date::from_days(between(low, high.unwrap_or(low + OPEN_DAYS), random)).unwrap_or(Date::MAX)
}

/// Both included; the low end where they are the wrong way round.
fn between(low: i64, high: i64, random: &mut Random) -> i64 {
    let count = u64::try_from(i128::from(high) - i128::from(low)).unwrap_or(0).saturating_add(1);
    low.saturating_add_unsigned(random.below(count))
}

fn one_of(values: &[Value], random: &mut Random) -> Value {
    let index = usize::try_from(random.below(values.len() as u64)).unwrap_or(0);
    values.get(index).cloned().unwrap_or_default()
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(integer) => Some(*integer),
        Value::Double(double) => Some(*double as i64),
        _ => None,
    }
}

fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(integer) => Some(*integer as f64),
        Value::Double(double) => Some(*double),
        _ => None,
    }
}

/// A random uuid of version 4.
pub(super) fn uuid(random: &mut Random) -> String {
    let (high, low) = (random.number(), random.number());
    let digits = format!("{:016x}{:016x}", high & !0xf000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use martlet_engine::{Arguments, CompiledParams, Folder, compile_folder};
    use martlet_sql::SourceFile;

    /// Draws of every type and rule are taken by the rules that the server has.
    #[test]
    fn what_is_drawn_is_accepted() {
        let text = "-- @allow anyone\n-- @param a integer 5..9\n-- @param b bigint\n-- @param c double 0..2\n\
            -- @param d boolean\n-- @param e text 3..4\n-- @param f text email\n-- @param g text url\n\
            -- @param h date\n-- @param i date h+1..h+30\n-- @param j timestamptz\n-- @param k uuid\n\
            -- @param l jsonb\n-- @param m text in ('x', 'y')\n-- @param n bigint[] 2..3\n-- @param o integer = 7\n\
            -- @param p text optional\nselect :a::integer as a, :b::bigint as b, :c::double precision as c, :d::boolean as d, \
            :e::text as e, :f::text as f, :g::text as g, :h::date as h, :i::date as i, :j::timestamptz as j, \
            :k::uuid as k, :l::jsonb as l, :m::text as m, 1 = any(:n) as n, :o::integer as o, :p::text as p";
        let file = SourceFile { path: "queries/all.sql".into(), text: text.into() };
        let compiled = compile_folder(&Folder { files: vec![file], ..Folder::default() });
        let app = compiled.app.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
        let declaration = &app.queries["all"].declaration;
        let rules = CompiledParams::new(declaration).unwrap();
        let (mut random, today) = (Random::new(1), Date::from_civil(2026, 1, 31).unwrap());
        for _ in 0..500 {
            let mut earlier = Vec::new();
            let mut body = serde_json::Map::new();
            for param in &declaration.params {
                let drawn = draw(param, &Source::Declared, &earlier, today, &mut random);
                if let Some(value) = &drawn {
                    body.insert(param.name.clone(), super::super::call::json(value, param.ty.base));
                }
                earlier.push(drawn.unwrap_or_default());
            }
            let body = serde_json::to_vec(&body).unwrap();
            let read = rules.read(Arguments::Json(&body));
            assert!(read.is_ok(), "{}: {:?}", String::from_utf8_lossy(&body), read.unwrap_err().details);
        }
    }
}
