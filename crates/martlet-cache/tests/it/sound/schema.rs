//! The tables, the actions that change them by one row, and the few values that stand in them: few, so that conditions
//! are met often.

use super::random::Random;
use martlet_core::{Type, Value};
use martlet_sql::SourceFile;
use std::fmt::Write as _;

/// A column of a table or of a query's result.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) is_nullable: bool,
}

/// A table or view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// `name type`, with `?` behind the type where it may be null.
    columns: &'static [&'static str],
    /// How many of the columns, from the first, are the primary key; none of a view.
    pub(crate) key: usize,
}

pub(crate) const TABLES: [Table; 5] = [
    Table {
        name: "teams",
        columns: &["id bigint", "name text", "places integer?", "is_open boolean?", "since date?"],
        key: 1,
    },
    Table {
        name: "people",
        columns: &[
            "id bigint",
            "team bigint?",
            "age integer?",
            "name text",
            "born date?",
            "seen timestamptz?",
            "token uuid?",
            "is_on boolean",
            "score double?",
            "doc jsonb?",
        ],
        key: 1,
    },
    Table {
        name: "visits",
        columns: &[
            "id bigint",
            "person bigint",
            "team bigint?",
            "day date",
            "until date?",
            "at timestamptz",
            "kind text",
            "n integer?",
        ],
        key: 1,
    },
    Table { name: "marks", columns: &["person bigint", "tag text", "n integer?"], key: 2 },
    Table { name: "codes", columns: &["id uuid", "visit bigint?", "small integer", "word text?"], key: 1 },
];

pub(crate) const VIEWS: [Table; 5] = [
    Table { name: "open_teams", columns: &["id bigint", "name text", "places integer?"], key: 0 },
    Table { name: "totals", columns: &["person bigint", "visits bigint", "n bigint?", "newest date?"], key: 0 },
    Table { name: "ranked", columns: &["id bigint", "person bigint", "kind text", "place bigint"], key: 0 },
    Table { name: "newest", columns: &["person bigint", "id bigint", "day date"], key: 0 },
    Table { name: "first_two", columns: &["id bigint", "team bigint?", "name text"], key: 0 },
];

const SCHEMA: &str = "
create table teams (id bigint primary key, name text not null, places integer, is_open boolean, since date);
create table people (id bigint primary key, team bigint references teams (id) on delete set null, age integer,
  name text not null, born date, seen timestamptz, token uuid, is_on boolean not null, score double precision,
  doc jsonb);
create table visits (id bigint primary key, person bigint not null references people (id) on delete cascade,
  team bigint, day date not null, until date, at timestamptz not null, kind text not null, n integer);
create table marks (person bigint not null references people (id) on delete cascade, tag text not null, n integer,
  primary key (person, tag));
create table codes (id uuid primary key, visit bigint references visits (id) on delete set null,
  small integer not null, word text);
create index visits_by_person on visits (person, day);
create index people_by_team on people (team);
create view open_teams as select t.id, t.name, t.places from teams t where t.is_open;
create view totals as select v.person, count(*) as visits, sum(v.n) as n, max(v.day) as newest from visits v
  where v.kind <> 'b' group by v.person;
create view ranked as select v.id, v.person, v.kind,
  row_number() over (partition by v.kind order by v.day, v.id) as place from visits v;
create view newest as select distinct on (v.person) v.person, v.id, v.day from visits v
  order by v.person, v.day desc, v.id;
create view first_two as select p.id, p.team, p.name from people p where p.is_on order by p.name, p.id limit 2;
";

impl Table {
    pub(crate) fn columns(&self) -> Vec<Column> {
        let column = |text: &&str| {
            let (name, ty) = text.split_once(' ').expect("a name and a type");
            Column { name: name.to_owned(), ty: type_of(ty.trim_end_matches('?')), is_nullable: ty.ends_with('?') }
        };
        self.columns.iter().map(column).collect()
    }
}

fn type_of(name: &str) -> Type {
    match name {
        "integer" => Type::Integer,
        "bigint" => Type::Bigint,
        "boolean" => Type::Boolean,
        "text" => Type::Text,
        "date" => Type::Date,
        "timestamptz" => Type::Timestamptz,
        "uuid" => Type::Uuid,
        "double" => Type::Double,
        _ => Type::Jsonb,
    }
}

/// As headers name it.
pub(crate) fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Integer => "integer",
        Type::Bigint => "bigint",
        Type::Boolean => "boolean",
        Type::Text => "text",
        Type::Date => "date",
        Type::Timestamptz => "timestamptz",
        Type::Uuid => "uuid",
        Type::Double => "double",
        _ => "jsonb",
    }
}

const TEXTS: [&str; 4] = ["", "a", "b", "ä"];
const DATES: [&str; 4] = ["2026-01-01", "2026-01-02", "2026-01-03", "infinity"];
const TIMES: [&str; 4] =
    ["2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00", "2026-01-02T12:00:00.5+00:00", "infinity"];
const DOCUMENTS: [&str; 3] = ["{\"a\": \"b\"}", "[1, 2]", "\"a\""];
pub(crate) const UUIDS: [&str; 3] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-00000000000a",
    "10000000-0000-4000-8000-000000000001",
];

/// A value of a type.
pub(crate) fn value(ty: Type, random: &mut Random) -> Value {
    let text = |texts: &[&str], random: &mut Random| Value::Text((*random.choose(texts)).into());
    match ty {
        Type::Integer => Value::Integer(random.below(3) as i64),
        Type::Bigint => Value::Integer(1 + random.below(4) as i64),
        Type::Boolean => Value::Boolean(random.percent(50)),
        Type::Text => text(&TEXTS, random),
        Type::Date => text(&DATES, random),
        Type::Timestamptz => text(&TIMES, random),
        Type::Uuid => text(&UUIDS, random),
        // Halves: sums of them are exact in any order.
        Type::Double => Value::Double(random.below(4) as f64 / 2.0),
        _ => text(&DOCUMENTS, random),
    }
}

/// A value of a column, at times null.
fn cell(column: &Column, random: &mut Random) -> Value {
    if column.is_nullable && random.percent(15) { Value::Null } else { value(column.ty, random) }
}

/// A value as SQL writes it.
pub(crate) fn literal(ty: Type, random: &mut Random) -> String {
    match (ty, value(ty, random)) {
        (Type::Bigint, Value::Integer(value)) => format!("{value}::bigint"),
        (_, Value::Integer(value)) => value.to_string(),
        (_, Value::Boolean(value)) => value.to_string(),
        (_, Value::Double(value)) => format!("{value:?}::double precision"),
        (Type::Text, Value::Text(value)) => format!("'{value}'"),
        (Type::Jsonb, Value::Text(value)) => format!("'{value}'::jsonb"),
        (ty, Value::Text(value)) => format!("{} '{value}'", type_name(ty)),
        (_, value) => unreachable!("{value:?}"),
    }
}

/// The files that every app here has: tables, and actions of one row.
pub(crate) fn files() -> Vec<SourceFile> {
    let mut files = vec![SourceFile { path: "migrations/0001_all.sql".to_owned(), text: SCHEMA.to_owned() }];
    for table in &TABLES {
        for (name, text) in actions(table) {
            files.push(SourceFile { path: format!("actions/{name}.sql"), text });
        }
    }
    files
}

fn actions(table: &Table) -> Vec<(String, String)> {
    let (name, columns) = (table.name, table.columns());
    let param = |column: &Column| format!("-- @param {} {} optional\n", column.name, type_name(column.ty));
    let list = |columns: &[Column], form: &dyn Fn(&str) -> String, between: &str| {
        columns.iter().map(|column| form(&column.name)).collect::<Vec<_>>().join(between)
    };
    let (key, rest) = columns.split_at(table.key);
    let all: String = columns.iter().map(param).collect();
    let insert = format!(
        "insert into {name} ({}) values ({}) on conflict ({}) do",
        list(&columns, &str::to_owned, ", "),
        list(&columns, &|name| format!(":{name}"), ", "),
        list(key, &str::to_owned, ", "),
    );
    let set = list(rest, &|name| format!("{name} = excluded.{name}"), ", ");
    let filter = list(key, &|name| format!("{name} = :{name}"), " and ");
    let keys: String = key.iter().map(param).collect();
    let mut actions = vec![
        (format!("add_{name}"), format!("-- @allow anyone\n{all}{insert} nothing")),
        (format!("put_{name}"), format!("-- @allow anyone\n{all}{insert} update set {set}")),
        (format!("drop_{name}"), format!("-- @allow anyone\n{keys}delete from {name} where {filter}")),
    ];
    for column in &columns {
        let mut text = format!("-- @allow anyone\n{keys}");
        writeln!(text, "-- @param new {} optional", type_name(column.ty)).expect("a string takes everything");
        write!(text, "update {name} set {} = :new where {filter}", column.name).expect("a string takes everything");
        actions.push((format!("set_{name}_{}", column.name), text));
    }
    actions
}

/// A change of one row: an action and its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    pub(crate) action: String,
    pub(crate) arguments: Vec<Value>,
}

/// Any of them; more of those that leave rows where they are.
pub(crate) fn write(random: &mut Random) -> Write {
    let table = random.choose(&TABLES);
    let columns = table.columns();
    let of = |columns: &[Column], random: &mut Random| columns.iter().map(|column| cell(column, random)).collect();
    let name = table.name;
    match random.below(10) {
        0 => Write { action: format!("add_{name}"), arguments: of(&columns, random) },
        1..=3 => Write { action: format!("put_{name}"), arguments: of(&columns, random) },
        4 => Write { action: format!("drop_{name}"), arguments: of(&columns[..table.key], random) },
        _ => {
            let column = random.choose(&columns).clone();
            let mut arguments: Vec<Value> = of(&columns[..table.key], random);
            arguments.push(cell(&column, random));
            Write { action: format!("set_{name}_{}", column.name), arguments }
        }
    }
}

/// Fills a table's row, for the start.
pub(crate) fn put(table: &Table, random: &mut Random) -> Write {
    let arguments = table.columns().iter().map(|column| cell(column, random)).collect();
    Write { action: format!("put_{}", table.name), arguments }
}
