//! Every function of ours against PostgreSQL's: the same inputs, the same texts and SQLSTATEs.

mod cases;

use crate::generate::Random;
use crate::oracle::{Oracle, quoted};
use cases::{CASES, Case};
use martlet_store::functions::register;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::sync::Arc;

/// Inputs of each function.
const INPUTS: usize = 400;
const SEED: u64 = 20_261_120;

/// A generated argument: as each engine's text has it.
struct Argument {
    sqlite: String,
    postgres: String,
}

fn typed(sqlite: String, text: &str, ty: &str) -> Argument {
    Argument { sqlite, postgres: format!("{}::{ty}", quoted(text)) }
}

/// An argument of the kind that a case's letter names; null one time in twenty.
fn argument(random: &mut Random, kind: char) -> Argument {
    let both = |text: String, ty: &str| typed(quoted(&text), &text, ty);
    let is_null = random.one_in(20);
    let argument = match kind {
        'i' => {
            let value = random.int4().to_string();
            typed(value.clone(), &value, "int4")
        }
        'I' => {
            let value = random.int8().to_string();
            typed(value.replace(&i64::MIN.to_string(), "(-9223372036854775807 - 1)"), &value, "int8")
        }
        // A small integer, for places and lengths.
        's' => {
            let value = (random.below(14) as i64 - 4).to_string();
            typed(value.clone(), &value, "int4")
        }
        'd' => {
            let value = random.double();
            let literal = if value.is_infinite() {
                format!("{}9e999", if value < 0.0 { "-" } else { "" })
            } else {
                format!("{value:e}")
            };
            typed(format!("cast({literal} as real)"), &martlet_core::float8::text(value), "float8")
        }
        'b' => {
            let value = random.below(2).to_string();
            typed(value.clone(), &value, "boolean")
        }
        't' => both(random.text(), "text"),
        // A pattern: letters of the texts with much % and _.
        'p' => {
            let text = random.text();
            let pattern: String = text
                .chars()
                .flat_map(|c| {
                    if random.one_in(3) {
                        vec!['%']
                    } else if random.one_in(4) {
                        vec!['_']
                    } else {
                        vec![c]
                    }
                })
                .collect();
            both(pattern, "text")
        }
        'D' => both(random.date(), "date"),
        'T' => both(random.timestamptz(), "timestamptz"),
        'S' => both(random.timestamptz().replace("+00:00", ""), "timestamp"),
        'v' => {
            let (months, days, micros) = random.interval();
            typed(
                quoted(&format!("{months} {days} {micros}")),
                &format!("{months} mons {days} days {micros} microseconds"),
                "interval",
            )
        }
        'u' => both(random.uuid(), "uuid"),
        'j' => both(random.json(3), "json"),
        'J' => {
            let text = random.json(3);
            typed(format!("jsonb_in({})", quoted(&text)), &text, "jsonb")
        }
        'n' => {
            let text = numeric(random);
            typed(format!("numeric_in({})", quoted(&text)), &text, "numeric")
        }
        'k' => both((*random.choose(&["a", "b", "aa", "ä", "", "x"])).to_owned(), "text"),
        'f' => {
            let fields: Vec<&str> = martlet_core::time::Field::ALL.iter().map(|(name, _)| *name).collect();
            let field = if random.one_in(20) { "fortnight" } else { *random.choose(&fields) };
            return both(field.to_owned(), "text");
        }
        // A text that may be read as some type.
        'x' => both(cases::written(random), "text"),
        'w' => both(cases::written_time(random), "text"),
        'y' => both(cases::written_interval(random), "text"),
        _ => unreachable!("no kind {kind}"),
    };
    if is_null && kind != 'f' {
        let ty = argument.postgres.rsplit_once("::").unwrap().1.to_owned();
        return Argument { sqlite: "null".to_owned(), postgres: format!("null::{ty}") };
    }
    argument
}

fn numeric(random: &mut Random) -> String {
    const EDGES: [&str; 10] =
        ["0", "0.5", "-0.5", "1.5", "2.50", "999.995", "-0.0", "1e-3", "9999.9999", "2147483647.5"];
    match random.below(3) {
        0 => (*random.choose(&EDGES)).to_owned(),
        1 => format!("{}.{}", random.int4(), random.below(100_000)),
        _ => format!("{}.5", random.int8()),
    }
}

/// Puts the arguments in the places `$1`, `$2`, ....
fn filled(template: &str, arguments: &[Argument], pick: impl Fn(&Argument) -> &str) -> String {
    let mut text = template.to_owned();
    for (index, argument) in arguments.iter().enumerate() {
        text = text.replace(&format!("${}", index + 1), pick(argument));
    }
    text
}

fn sqlite_answer(connection: &Connection, expression: &str) -> String {
    let answer = connection.query_row(&format!("select {expression}"), [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => "null".to_owned(),
            ValueRef::Integer(value) => value.to_string(),
            ValueRef::Real(value) => martlet_core::float8::text(value),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(_) => "a blob".to_owned(),
        })
    });
    answer.unwrap_or_else(|fault| {
        let message = match &fault {
            rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
            fault => fault.to_string(),
        };
        match message.strip_prefix('@').and_then(|message| message.split_once('@')) {
            Some((sqlstate, _)) => format!("!{sqlstate}"),
            None => panic!("{expression}: {message}"),
        }
    })
}

#[test]
fn functions_give_what_postgresql_gives() {
    let oracle = Oracle::start();
    let connection = Connection::open_in_memory().unwrap();
    register(&connection, &Arc::default()).unwrap();
    let mut report = String::new();
    for case in CASES {
        let mut random = Random::new(SEED);
        let inputs: Vec<Vec<Argument>> =
            (0..INPUTS).map(|_| case.arguments.chars().map(|kind| argument(&mut random, kind)).collect()).collect();
        let asked: Vec<String> = inputs
            .iter()
            .map(|inputs| case.result.of_postgres(&filled(case.postgres, inputs, |argument| &argument.postgres)))
            .collect();
        let expected = oracle.evaluate(&asked);
        let mut differences = 0;
        for ((inputs, asked), expected) in inputs.iter().zip(&asked).zip(&expected) {
            let expression = filled(case.sqlite, inputs, |argument| &argument.sqlite);
            let found = sqlite_answer(&connection, &expression);
            if !is_same(case, &found, expected) {
                differences += 1;
                if differences <= 4 {
                    report += &format!("  {expression}\n    = {found}\n  {asked}\n    = {expected}\n");
                }
            }
        }
        if differences > 0 {
            report += &format!("{}: {differences} of {INPUTS}\n\n", case.sqlite);
        }
    }
    assert!(report.is_empty(), "seed {SEED}\n{report}");
}

fn is_same(case: &Case, found: &str, expected: &str) -> bool {
    // Minus zero is zero; NaN and years beyond 9999 are refused; so are offsets, in other words: docs/differences.md.
    found == expected
        || (expected == "-0" && found == "0")
        || (expected.contains("NaN") && found == "!22003")
        || (expected == "!22009" && found == "!22008")
        || (case.result.is_time() && found == "!22008" && is_beyond_the_years(expected))
}

fn is_beyond_the_years(expected: &str) -> bool {
    expected.ends_with("BC") || expected.split('-').next().is_some_and(|year| year.len() > 4)
}
