//! Any bytes are read or refused, never a panic; and what is read reads the same again.

use super::*;
use proptest::prelude::*;

fn every_type() -> CompiledParams {
    let bases = [
        Type::Integer,
        Type::Bigint,
        Type::Double,
        Type::Boolean,
        Type::Text,
        Type::Date,
        Type::Timestamptz,
        Type::Uuid,
        Type::Jsonb,
    ];
    let end = |offset| Some(Bound::Parameter { index: 5, offset });
    let mut params: Vec<Param> = Vec::new();
    for (index, base) in bases.into_iter().enumerate() {
        params.push(optional(param(&format!("p{index}"), base, vec![])));
    }
    params.push(optional(param("out", Type::Date, vec![Rule::Range { low: end(1), high: end(30) }])));
    for (index, base) in bases.into_iter().enumerate() {
        params.push(optional(list(&format!("l{index}"), base, vec![])));
    }
    let rules = vec![Rule::Trim, Rule::Lower, Rule::Email];
    params.push(optional(param("mail", Type::Text, rules)));
    params.push(optional(list("urls", Type::Text, vec![Rule::Url])));
    params.push(optional(param("word", Type::Text, vec![Rule::Matches("^(a|b)*$".into())])));
    compile(params)
}

const SEED: &str = r#"{"p0":-1,"p1":"9007199254740993","p2":1.5e3,"p3":true,"p4":"a\u00e9\n","p5":"2026-01-31",
"p6":"2026-01-31T12:00:00+02:00","p7":"00000000-0000-4000-8000-00000000000a","p8":{"a":[1,null,{"b":"c"}]},
"out":"2026-02-02","l0":[1,2],"l4":["a","b c"],"l8":[{},[]],"mail":" A@B.CD ","urls":["http://a.b"],"word":"abab"}"#;

const LITERAL: &str = r#"{a,"b \"c\" \\",NULL,d\,e}"#;

/// A byte to put in: those that mean something in JSON and lists come often.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), proptest::sample::select(br#"{}[]",:\-+.eE0159tfnu "#.to_vec())]
}

fn mutate(seed: &str, edits: &[(usize, u8, u8)]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for (place, edit, byte) in edits {
        let place = place % (bytes.len() + 1);
        match edit % 3 {
            0 => bytes.insert(place, *byte),
            1 if place < bytes.len() => bytes[place] = *byte,
            _ => bytes.truncate(place.max(bytes.len().saturating_sub(3))),
        }
    }
    bytes
}

fn edits() -> impl Strategy<Value = Vec<(usize, u8, u8)>> {
    proptest::collection::vec((any::<usize>(), any::<u8>(), byte()), 0..6)
}

#[test]
fn the_seed_is_read() {
    every_type().read(Arguments::Json(SEED.as_bytes())).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_bodies_never_panic(edits in edits()) {
        let body = mutate(SEED, &edits);
        match every_type().read(Arguments::Json(&body)) {
            Ok(values) => prop_assert_eq!(values.len(), every_type().params.len()),
            Err(error) => {
                prop_assert!(error.code == "PGRST102" || error.code == "MRT001");
                prop_assert_eq!(error.code == "MRT001", !error.details.is_empty());
            }
        }
        keys(Arguments::Json(&body), 10);
    }

    #[test]
    fn any_bytes_never_panic(body in proptest::collection::vec(byte(), 0..200)) {
        let _ = every_type().read(Arguments::Json(&body));
    }

    #[test]
    fn mutated_pairs_never_panic(edits in edits(), name in "[pl][0-8]|out|mail|urls|word|.{0,3}", any in ".{0,40}") {
        let literal = String::from_utf8_lossy(&mutate(LITERAL, &edits)).into_owned();
        for written in [literal, any] {
            let _ = every_type().read(Arguments::Url(&[(name.clone(), written)]));
        }
    }

    #[test]
    fn what_is_read_from_json_reads_the_same_from_a_url(number in any::<i64>(), text in "[^\0]{0,20}", flag in any::<bool>()) {
        let params = compile(vec![plain(Type::Bigint), param("t", Type::Text, vec![]), param("b", Type::Boolean, vec![])]);
        let body = serde_json::json!({"p": number, "t": text, "b": flag}).to_string();
        let pairs = [("b".into(), flag.to_string()), ("t".into(), text), ("p".into(), number.to_string())];
        prop_assert_eq!(params.read(Arguments::Json(body.as_bytes())), params.read(Arguments::Url(&pairs)));
    }

    #[test]
    fn any_texts_come_back_from_a_quoted_list(items in proptest::collection::vec("[^\0]{0,8}", 0..5)) {
        let quoted: Vec<_> = items.iter().map(|it| format!("\"{}\"", it.replace('\\', "\\\\").replace('"', "\\\""))).collect();
        let read = url_of(list("p", Type::Text, vec![]), &format!("{{{}}}", quoted.join(",")));
        prop_assert_eq!(read, Ok(Value::List(items.iter().map(|item| text(item)).collect())));
    }
}
