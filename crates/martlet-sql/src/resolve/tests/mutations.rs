//! Seeded mutations of statements: whatever is read, resolving ends with a tree or with reasons, never with a panic.

use super::{Context, resolve};
use crate::stack::with_deep_stack;

/// Rounds for each statement; `MARTLET_MUTATIONS` asks for more.
const ROUNDS: u64 = 60;

/// Pieces that mutations put in: each alone is right somewhere.
const PIECES: &[&str] = &[
    "null",
    "'x'",
    "1",
    "1.5",
    "-1",
    "9223372036854775807",
    ":id",
    ":ids",
    ":booking.id",
    "*",
    "()",
    "(",
    ")",
    ",",
    "::date",
    "::bigint",
    "::numeric",
    "::jsonb",
    "+",
    "-",
    "||",
    "->>",
    "and",
    "or",
    "not",
    "is null",
    "between 1 and 2",
    "in (1, 2)",
    "= any(:ids)",
    "like 'a%'",
    "count(*)",
    "sum(nights)",
    "avg(id)",
    "row_number() over (order by id)",
    "auth.uid()",
    "auth.jwt() ->> 'sub'",
    "now()",
    "interval '1 day'",
    "date '2026-01-31'",
    "(select 1)",
    "(select id from bookings)",
    "exists (select 1 from pairs)",
    "case when true then 1 end",
    "coalesce(a, b)",
    "extract(year from check_in)",
    "distinct",
    "distinct on (id)",
    "from bookings",
    "from bookings b",
    "join pairs p on true",
    "left join pairs p using (a)",
    "where",
    "group by 1",
    "having true",
    "order by 1",
    "limit 1",
    "offset :n",
    "union all select 1",
    "returning *",
    "for update",
    "as x",
    "with x as (select 1 as a)",
    "values (1)",
    "on conflict do nothing",
    "default",
    "jsonb_to_recordset(:j) as r(a integer)",
    "generate_series(1, 2) as g(i)",
    "open_types",
    "excluded.a",
    "filter (where true)",
    "\"Q\"",
    "ä",
    "''",
];

/// Statements to begin with: one of every kind.
const SEEDS: &[&str] = &[
    "select id, name, count(*) filter (where is_open) as n from room_types group by id order by 2 desc limit :n",
    "select b.id, rt.name from bookings b left join room_types rt on rt.id = b.room_type_id where b.user_id = auth.uid()",
    "select distinct on (a) a, b, note from pairs order by a, b desc nulls last",
    "select extract(epoch from created_at - check_in)::bigint as s, sum(nights) over (partition by status order by id) as r from bookings",
    "with x (k, n) as (select a, count(*) from pairs group by a) select k from x where n > 1 union select nights from bookings order by 1",
    "select json_agg(json_build_object('id', id, 'days', check_out - check_in) order by id) as j from bookings where id = any(:ids)",
    "select case status when 'a' then 1 else nights end as c, coalesce(:opt, 'x') as o from bookings where (check_in, id) > (:d, :id)",
    "select g.i, u.x, e.value ->> 'k' as k from generate_series(1, 3) as g(i), unnest(:names) as u(x), jsonb_array_elements(:j) as e",
    "select (select max(name) from room_types rt where rt.id = b.room_type_id) as m from bookings b where not exists (select 1 from guests g where g.booking = b.id)",
    "insert into pairs (a, b, note) values (1, 2, default) on conflict (a, b) do update set note = excluded.note returning *",
    "insert into logs (at, line) select created_at, status from bookings where id = :booking.id",
    "update bookings b set status = rt.name, nights = b.nights + 1 from room_types rt where rt.id = b.room_type_id returning b.id",
    "delete from bookings where check_in < current_date - 30 and id in (select booking from guests) returning id",
    "values (1, 'a'), (2, null)",
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }
}

/// Splits into words, texts and signs, so that mutations mostly still parse.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let signs = ["->>", "->", "||", "::", "<=", ">=", "<>"];
        let length = match first {
            '\'' => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            _ if is_of_word(first) => rest.find(|c| !is_of_word(c)).unwrap_or(rest.len()),
            _ => signs.iter().find(|sign| rest.starts_with(**sign)).map_or(first.len_utf8(), |sign| sign.len()),
        };
        words.push(rest[..length].to_owned());
        rest = rest[length..].trim_start();
    }
    words
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.')
}

fn mutated(text: &str, random: &mut Random) -> String {
    let mut words = words(text);
    for _ in 0..=random.below(3) {
        let at = random.below(words.len());
        match random.below(5) {
            0 if words.len() > 1 => {
                words.remove(at);
            }
            1 => {
                let other = random.below(words.len());
                words.swap(at, other);
            }
            2 => {
                let copy = words[random.below(words.len())].clone();
                words.insert(at, copy);
            }
            3 => words[at] = PIECES[random.below(PIECES.len())].to_owned(),
            _ => words.insert(at, PIECES[random.below(PIECES.len())].to_owned()),
        }
    }
    // A colon belongs to what follows.
    words.join(" ").replace(": ", ":")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a longer run is asked for by hand")]
fn no_mutation_panics_and_every_refusal_has_a_reason() {
    let rounds = std::env::var("MARTLET_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let accepted = with_deep_stack(|| {
        let mut accepted = 0_u64;
        for (index, seed) in SEEDS.iter().enumerate() {
            assert!(resolve(seed, Context::Action).is_ok(), "{seed}");
            for round in 0..rounds {
                let mut random = Random(round * 1_000 + index as u64);
                let text = mutated(seed, &mut random);
                match resolve(&text, Context::Action) {
                    Ok(_) => accepted += 1,
                    Err(found) => {
                        let is_told =
                            found.iter().all(|found| !found.message.is_empty() && found.span.end <= text.len());
                        assert!(!found.is_empty() && is_told, "refused without a reason: {text}");
                    }
                }
            }
        }
        accepted
    });
    assert!(accepted.is_some_and(|accepted| accepted > 10), "mutations still give statements: {accepted:?}");
}

#[test]
fn deep_and_long_statements_are_bounded() {
    with_deep_stack(|| {
        let nested = |open: &str, close: &str, levels: usize| {
            format!("select {}1{} as x", open.repeat(levels), close.repeat(levels))
        };
        for text in [
            nested("(", ")", 60),
            nested("(", ")", 100_000),
            nested("abs(", ")", 60),
            nested("(select ", ")", 60),
            nested("case when true then ", " end", 60),
            nested("not ", "", 100_000),
            nested("- ", "", 100_000),
            format!("select {} as x", vec!["1"; 250].join(" + ")),
            format!("select {} as x", vec!["true"; 20_000].join(" and ")),
            format!("select {} as x", vec!["1"; 20_000].join(", ")),
            format!("select 1 as x from {}", (0..100).map(|n| format!("pairs p{n}")).collect::<Vec<_>>().join(", ")),
            format!("select 1 as x where 1 in ({})", vec!["2"; 50_000].join(", ")),
            format!("select a from pairs order by {}", vec!["a"; 5_000].join(", ")),
            format!("select {} from pairs", vec!["zzz"; 20_000].join(", ")),
            format!("insert into pairs (a, b) values {}", vec!["(1, 2)"; 20_000].join(", ")),
        ] {
            if let Err(found) = resolve(&text, Context::Action) {
                assert!(!found.is_empty() && found.len() <= 100, "{}", &text[..60]);
            }
        }
    })
    .expect("a thread");
}

#[test]
fn views_that_double_are_bounded() {
    let mut ddl = String::from("create table t (a integer not null);\ncreate view v0 as select a from t;\n");
    for level in 1..40 {
        let before = level - 1;
        ddl.push_str(&format!("create view v{level} as select x.a from v{before} x, v{before} y;\n"));
        let file = crate::SourceFile { path: "migrations/0001_x.sql".to_owned(), text: ddl.clone() };
        let compiled = crate::compile(&[file]);
        let is_refused = compiled.diagnostics.iter().any(|found| found.code == "too_complex");
        assert_eq!(is_refused, level > 4, "level {level}");
        if is_refused {
            return;
        }
    }
}
