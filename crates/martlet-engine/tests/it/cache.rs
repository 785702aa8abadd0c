//! The engine asks the cache: what is given from memory is what the store would give now, to this caller.

use crate::support::{TestEngine, anonymous, app, body, call, role, user};
use martlet_core::{Caller, Timestamp};
use martlet_engine::{CacheSettings, Call, Clear, Demand, Extras, Form, Source};
use std::collections::BTreeMap;
use std::time::Duration;

const ITEMS: &[(&str, &str)] = &[
    (
        "migrations/0001_items.sql",
        "create table items (id bigint primary key, owner uuid, kind text, weight bigint not null);
         create index items_kind on items (kind);",
    ),
    ("queries/items.sql", "-- @allow anyone\nselect id, kind, weight from items order by id"),
    ("queries/item.sql", "-- @allow anyone\n-- @param id bigint\n-- @returns row\nselect kind, weight from items where id = :id"),
    (
        "queries/of_kind.sql",
        "-- @allow anyone\n-- @param kind text optional\nselect id, :kind as asked from items where kind = :kind or :kind is null order by id",
    ),
    ("queries/echo.sql", "-- @allow anyone\n-- @param text text\n-- @returns value\nselect :text as said"),
    ("queries/echo_both.sql", "-- @allow anyone\n-- @param a text\n-- @param b text\n-- @returns value\nselect :a || '/' || :b as said"),
    ("queries/mine.sql", "-- @allow user\nselect id from items where owner = auth.uid() order by id"),
    ("queries/whoami.sql", "-- @allow anyone\n-- @returns value\nselect auth.role() as role"),
    (
        "queries/page.sql",
        "-- @allow anyone\n-- @page by i.id desc size 2 max 10\nselect i.id from items i",
    ),
    ("queries/off.sql", "-- @allow anyone\n-- @cache off\nselect count(*) as n from items"),
    ("queries/strong.sql", "-- @allow anyone\n-- @cache strong\nselect count(*) as n from items"),
    ("queries/clock.sql", "-- @allow anyone\n-- @returns value\nselect now() as at"),
    ("queries/clock_for.sql", "-- @allow anyone\n-- @cache for 30s\n-- @returns value\nselect now() as at"),
    ("queries/clock_named.sql", "-- @allow anyone\n-- @cache named clocks\n-- @returns value\nselect now() as at"),
    (
        "actions/put.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @param kind text optional\n-- @param weight bigint\n-- @returns nothing\n
         insert into items (id, owner, kind, weight) values (:id, auth.uid(), :kind, :weight)
         on conflict (id) do update set kind = excluded.kind, weight = excluded.weight;",
    ),
    (
        "actions/put_and_fail.sql",
        "-- @allow anyone\n-- @param id bigint\n-- @returns nothing\n
         insert into items (id, kind, weight) values (:id, 'failed', 1);\n
         -- @expect none else 409 not_so \"Not so.\"\nselect id from items where id = :id;",
    ),
];

/// Where an answer came from, and its body.
async fn told(test: &TestEngine, caller: &Caller, name: &str, arguments: &str) -> (Source, String) {
    let outcome = test.answer(caller, name, arguments).await;
    let source = outcome.source;
    (source, body(outcome.result))
}

async fn put(test: &TestEngine, id: u32, kind: &str, weight: u32) {
    let arguments = format!(r#"{{"id":{id},"kind":"{kind}","weight":{weight}}}"#);
    test.act(&anonymous(), "put", &arguments).await.expect("a write");
}

#[tokio::test]
async fn a_read_after_a_write_is_fresh_and_what_was_not_touched_stays() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, 1, "a", 1).await;
    put(&test, 2, "b", 1).await;
    for (name, arguments) in [("items", ""), ("item", r#"{"id":1}"#), ("item", r#"{"id":2}"#)] {
        let (first, answer) = told(&test, &anyone, name, arguments).await;
        assert_eq!(first, Source::Store);
        assert_eq!(told(&test, &anyone, name, arguments).await, (Source::Memory, answer));
    }
    let written = test.act(&anyone, "put", r#"{"id":1,"kind":"a","weight":9}"#).await.unwrap();
    let outcome = test.answer(&anyone, "item", r#"{"id":1}"#).await;
    assert_eq!(outcome.source, Source::Store);
    assert_eq!(body(outcome.result), r#"{"kind":"a","weight":9}"#);
    // Another row's answer stays; it is told with the position of the commit that did not touch it.
    let outcome = test.answer(&anyone, "item", r#"{"id":2}"#).await;
    assert_eq!(outcome.source, Source::Memory);
    assert_eq!(outcome.result.unwrap().position, written.position);
    assert_eq!(told(&test, &anyone, "items", "").await.0, Source::Store);
    let figures = test.figures("item");
    assert_eq!((figures.hits, figures.misses, figures.coalesced, test.runs("item")), (3, 3, 0, 3));
}

#[tokio::test]
async fn abuse_cache_03_a_write_that_is_rolled_back_shows_nothing_and_drops_nothing() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, 1, "a", 1).await;
    let (_, before) = told(&test, &anyone, "items", "").await;
    let error = test.act(&anyone, "put_and_fail", r#"{"id":7}"#).await.unwrap_err();
    assert_eq!(error.code, "not_so");
    assert_eq!(told(&test, &anyone, "items", "").await, (Source::Memory, before));
}

#[tokio::test]
async fn abuse_cache_01_answers_of_callers_are_apart_where_the_query_tells_them_apart() {
    let test = TestEngine::of(ITEMS);
    test.act(&user(1), "put", r#"{"id":1,"kind":"a","weight":1}"#).await.unwrap();
    for _ in 0..2 {
        assert_eq!(body(test.query(&user(1), "mine", "").await), r#"[{"id":1}]"#);
        assert_eq!(body(test.query(&user(2), "mine", "").await), "[]");
        assert_eq!(body(test.query(&anonymous(), "whoami", "").await), r#""anon""#);
        assert_eq!(body(test.query(&user(1), "whoami", "").await), r#""authenticated""#);
        assert_eq!(body(test.query(&role(1, "admin"), "whoami", "").await), r#""admin""#);
        assert_eq!(body(test.query(&Caller::service(), "whoami", "").await), r#""service_role""#);
        // Who may not call is refused, whatever is kept.
        assert_eq!(test.query(&anonymous(), "mine", "").await.unwrap_err().code, "42501");
    }
    assert_eq!((test.figures("mine").hits, test.figures("whoami").hits), (2, 4));
    // A query that names no caller is shared by all of them.
    told(&test, &anonymous(), "items", "").await;
    assert_eq!(told(&test, &user(2), "items", "").await.0, Source::Memory);
    // Whose write it is decides nothing: it is the row that does.
    test.act(&user(2), "put", r#"{"id":2,"kind":"a","weight":1}"#).await.unwrap();
    assert_eq!(told(&test, &user(1), "mine", "").await.0, Source::Memory);
    assert_eq!(told(&test, &user(2), "mine", "").await, (Source::Store, r#"[{"id":2}]"#.to_owned()));
}

#[tokio::test]
async fn arguments_that_look_alike_are_apart() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, 1, "1", 1).await;
    put(&test, 2, "", 1).await;
    let asked = [
        ("", r#"[{"id":1,"asked":null},{"id":2,"asked":null}]"#),
        (r#"{"kind":""}"#, r#"[{"id":2,"asked":""}]"#),
        (r#"{"kind":"1"}"#, r#"[{"id":1,"asked":"1"}]"#),
        (r#"{"kind":"null"}"#, "[]"),
    ];
    for _ in 0..2 {
        for (arguments, answer) in asked {
            assert_eq!(told(&test, &anyone, "of_kind", arguments).await.1, answer, "{arguments}");
        }
        for text in ["a", "A", "a ", "\\u0000", "é", "e\\u0301"] {
            let arguments = format!(r#"{{"text":"{text}"}}"#);
            let answer = test.query(&anyone, "echo", &arguments).await;
            if text != "\\u0000" {
                let text = text.replace("\\u0301", "\u{301}");
                assert_eq!(body(answer), format!("\"{text}\""));
            }
        }
        for (a, b) in [("x/", "y"), ("x", "/y"), ("x/y", "")] {
            let arguments = format!(r#"{{"a":"{a}","b":"{b}"}}"#);
            assert_eq!(told(&test, &anyone, "echo_both", &arguments).await.1, format!("\"{a}/{b}\""));
        }
    }
    // What is absent is null, however it is said; and a number is one however it is spelt.
    assert_eq!(told(&test, &anyone, "of_kind", r#"{"kind":null}"#).await.0, Source::Memory);
    assert_eq!(told(&test, &anyone, "item", r#"{"id":1}"#).await.0, Source::Store);
    assert_eq!(told(&test, &anyone, "item", r#"{"id":"1"}"#).await.0, Source::Memory);
    let figures = test.figures("of_kind");
    assert_eq!((figures.hits, figures.misses), (5, 4));
}

#[tokio::test]
async fn forms_are_apart_and_demands_are_each_callers_own() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    test.act(&anyone, "put", r#"{"id":1,"weight":1}"#).await.unwrap();
    put(&test, 2, "b", 1).await;
    let ask = async |demand: Demand| {
        let outcome = test.engine.answer(Call { demand, ..call(&anyone, "items", "") }, Extras::default()).await;
        (outcome.source, outcome.result)
    };
    let form = |form| Demand { form, ..Demand::default() };
    for source in [Source::Store, Source::Memory] {
        for (form, answer) in [
            (form(Form::Canonical), r#"[{"id":1,"kind":null,"weight":1},{"id":2,"kind":"b","weight":1}]"#),
            (form(Form::WithoutNulls), r#"[{"id":1,"weight":1},{"id":2,"kind":"b","weight":1}]"#),
            (form(Form::Csv), "id,kind,weight\n1,,1\n2,b,1"),
        ] {
            let (came, answered) = ask(form).await;
            assert_eq!((came, body(answered).trim_end()), (source, answer));
        }
    }
    // Of two rows, however they come.
    for _ in 0..2 {
        let (_, single) = ask(Demand { is_single: true, ..Demand::default() }).await;
        assert_eq!(single.unwrap_err().code, "PGRST116");
        let (_, few) = ask(Demand { rows_max: Some(1), ..Demand::default() }).await;
        assert_eq!(few.unwrap_err().code, "PGRST124");
        let (source, enough) = ask(Demand { rows_max: Some(2), ..Demand::default() }).await;
        assert!(source == Source::Memory && enough.is_ok());
    }
    // One who demands what it is not computes for all.
    put(&test, 2, "c", 1).await;
    assert!(ask(Demand { is_single: true, ..Demand::default() }).await.1.is_err());
    assert_eq!(ask(Demand::default()).await.0, Source::Memory);
}

#[tokio::test]
async fn pages_are_kept_before_their_cursors_are_sealed() {
    let test = TestEngine::of(ITEMS);
    for id in 1..=5 {
        put(&test, id, "a", 1).await;
    }
    let page = async |caller: &Caller, arguments: &str| {
        let (source, answer) = told(&test, caller, "page", arguments).await;
        let parsed: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let ids: Vec<i64> =
            parsed["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
        (source, ids, parsed["next_cursor"].as_str().map(str::to_owned))
    };
    let (source, ids, cursor) = page(&user(1), "").await;
    assert_eq!((source, ids), (Source::Store, vec![5, 4]));
    let (source, ids, others) = page(&user(2), "").await;
    assert_eq!((source, ids), (Source::Memory, vec![5, 4]));
    let (cursor, others) = (cursor.unwrap(), others.unwrap());
    assert_ne!(cursor, others);
    // Each has a cursor of its own, that no other may use; what comes after is shared again.
    let after = |cursor: &str| format!(r#"{{"cursor":"{cursor}"}}"#);
    assert_eq!(test.query(&user(2), "page", &after(&cursor)).await.unwrap_err().code, "MRT010");
    let (source, ids, _) = page(&user(1), &after(&cursor)).await;
    assert_eq!((source, ids), (Source::Store, vec![3, 2]));
    let (source, ids, _) = page(&user(2), &after(&others)).await;
    assert_eq!((source, ids), (Source::Memory, vec![3, 2]));
    let (source, ids, _) = page(&user(2), r#"{"size":3}"#).await;
    assert_eq!((source, ids), (Source::Store, vec![5, 4, 3]));
    put(&test, 6, "a", 1).await;
    assert_eq!(page(&user(1), "").await.1, [6, 5]);
}

#[tokio::test]
async fn what_depends_on_the_time_is_kept_only_with_an_end() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    let at = |second: i64| Timestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000);
    let mut sources = Vec::new();
    test.cache.set_named(BTreeMap::from([("clocks".to_owned(), Duration::from_secs(10))]));
    for second in [0, 9, 11, 29, 31] {
        test.clock.set(at(second));
        for name in ["clock", "clock_for", "clock_named"] {
            sources.push((second, name, told(&test, &anyone, name, "").await.0));
        }
    }
    let of = |wanted: &str| -> Vec<i64> {
        sources.iter().filter(|(_, name, source)| *name == wanted && *source == Source::Store).map(|it| it.0).collect()
    };
    assert_eq!(of("clock"), [0, 9, 11, 29, 31]);
    assert_eq!(of("clock_for"), [0, 31]);
    assert_eq!(of("clock_named"), [0, 11, 29]);
    // A time that is set later counts for what is kept already.
    assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Memory);
    assert_eq!(test.engine.set_cache_time("clocks", Duration::from_secs(1)).unwrap(), 1);
    assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Store);
    test.clock.set(at(33));
    assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Store);
    assert_eq!(test.engine.named_caches(), BTreeMap::from([("clocks".to_owned(), Some(Duration::from_secs(1)))]));
    // Without a time for its name it would have no end.
    test.cache.set_named(BTreeMap::new());
    test.clock.set(at(100));
    for _ in 0..2 {
        assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Store);
    }
}

#[tokio::test]
async fn what_is_declared_off_or_strong_or_has_endless_arguments_is_not_kept() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    let long = format!(r#"{{"text":"{}"}}"#, "x".repeat(5_000));
    for (name, arguments) in [("off", ""), ("strong", ""), ("clock", ""), ("echo", long.as_str())] {
        for _ in 0..2 {
            assert_eq!(told(&test, &anyone, name, arguments).await.0, Source::Store, "{name}");
        }
        let figures = test.figures(name);
        assert_eq!((figures.hits, figures.misses, figures.bypassed), (0, 0, 2), "{name}");
        assert_eq!(figures.unkept.is_some(), name != "echo", "{name}");
    }
    assert_eq!(test.cache.figures().entries, 0);
}

#[tokio::test]
async fn what_is_cleared_is_computed_again_and_nothing_else() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    put(&test, 1, "a", 1).await;
    test.engine.set_cache_time("clocks", Duration::from_secs(60)).unwrap();
    for name in ["items", "whoami", "page", "clock_named"] {
        told(&test, &anyone, name, "").await;
    }
    assert_eq!(test.engine.clear_cache(Clear::Query("items")), Some(1));
    assert_eq!(test.engine.clear_cache(Clear::Query("items")), Some(0));
    assert_eq!(test.engine.clear_cache(Clear::Named("clocks")), Some(1));
    assert_eq!(test.engine.clear_cache(Clear::Query("nope")), None);
    assert_eq!(test.engine.clear_cache(Clear::Query("put")), None, "an action");
    assert_eq!(test.engine.clear_cache(Clear::Named("items")), None);
    for (name, source) in [("items", Source::Store), ("whoami", Source::Memory), ("clock_named", Source::Store)] {
        assert_eq!(told(&test, &anyone, name, "").await.0, source, "{name}");
    }
    assert_eq!(test.engine.clear_cache(Clear::All), Some(4));
    assert_eq!(told(&test, &anyone, "page", "").await.0, Source::Store);
}

#[tokio::test]
async fn abuse_cache_09_errors_are_not_kept() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    assert_eq!(test.query(&anyone, "item", r#"{"id":1}"#).await.unwrap_err().code, "PGRST116");
    assert_eq!(test.cache.figures().entries, 0);
    put(&test, 1, "a", 1).await;
    assert_eq!(told(&test, &anyone, "item", r#"{"id":1}"#).await.1, r#"{"kind":"a","weight":1}"#);
}

#[tokio::test]
async fn abuse_cache_05_an_app_with_other_rights_gives_no_answer_of_the_one_before() {
    let test = TestEngine::of(ITEMS);
    put(&test, 1, "a", 1).await;
    for caller in [anonymous(), user(1)] {
        assert!(!body(test.query(&caller, "whoami", "").await).is_empty());
        assert_eq!(told(&test, &caller, "items", "").await.1, r#"[{"id":1,"kind":"a","weight":1}]"#);
    }
    assert_eq!(told(&test, &anonymous(), "items", "").await.0, Source::Memory);
    // The same name now answers less, to fewer.
    let mut files = ITEMS.to_vec();
    files[1].1 = "-- @allow user\nselect id from items where owner = auth.uid() order by id";
    test.engine.replace_app(app(&files)).unwrap();
    assert_eq!(test.query(&anonymous(), "items", "").await.unwrap_err().code, "42501");
    assert_eq!(told(&test, &user(1), "items", "").await, (Source::Store, "[]".to_owned()));
    assert_eq!(told(&test, &user(1), "items", "").await.0, Source::Memory);
    // Changes are looked up among what the new app rests on.
    test.act(&user(1), "put", r#"{"id":2,"kind":"b","weight":1}"#).await.unwrap();
    assert_eq!(told(&test, &user(1), "items", "").await, (Source::Store, r#"[{"id":2}]"#.to_owned()));
    // What was counted goes on.
    assert_eq!(test.figures("items").misses, 3);
    // An app that cannot be served takes nothing away for good.
    let broken = app(&[
        ("migrations/0001_other.sql", "create table others (id bigint primary key);"),
        ("queries/others.sql", "-- @allow anyone\nselect id from others order by id"),
    ]);
    assert!(test.engine.replace_app(broken).is_err());
    assert_eq!(told(&test, &user(1), "items", "").await.0, Source::Store);
    assert_eq!(told(&test, &user(1), "items", "").await.0, Source::Memory);
    test.act(&user(1), "put", r#"{"id":3,"kind":"b","weight":1}"#).await.unwrap();
    assert_eq!(told(&test, &user(1), "items", "").await.1, r#"[{"id":2},{"id":3}]"#);
}

#[tokio::test]
async fn abuse_cache_13_endless_kinds_of_arguments_take_no_more_than_their_share() {
    let settings = CacheSettings { bytes_max: 200_000, entries_max: 200, ..CacheSettings::default() };
    let test = TestEngine::with(app(ITEMS), settings.clone());
    let anyone = anonymous();
    let mut from_memory = 0;
    for round in 0..3_000 {
        let arguments = format!(r#"{{"text":"{round}-{}"}}"#, "x".repeat(round % 300));
        assert_eq!(told(&test, &anyone, "echo", &arguments).await.0, Source::Store);
        let figures = test.cache.figures();
        assert!(figures.entries <= settings.entries_max && figures.bytes <= settings.bytes_max, "{figures:?}");
        // What is asked for again and again stays, however many others pass by.
        if round % 10 == 0 {
            let (source, _) = told(&test, &anyone, "items", "").await;
            from_memory += u32::from(source == Source::Memory);
        }
    }
    assert!(from_memory >= 290, "{from_memory} of 300");
    assert!(test.cache.figures().evicted > 2_000);
}

/// What a reload does before it serves the other app: in `dev` the old one goes on meanwhile, or for good.
#[tokio::test]
async fn abuse_cache_05_whatever_a_reload_gets_to_no_write_is_missed() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    let store = test.engine.store();
    let count = async |expected: usize| {
        // Twice: what was kept by the first is what would be stale.
        for _ in 0..2 {
            let (_, answer) = told(&test, &anyone, "items", "").await;
            let rows: Vec<serde_json::Value> = serde_json::from_str(&answer).unwrap();
            assert_eq!(rows.len(), expected);
        }
    };
    put(&test, 1, "a", 1).await;
    count(1).await;
    // A migration that was applied has been edited: refused.
    let mut edited = ITEMS.to_vec();
    edited[0].1 = "create table items (id bigint primary key, owner uuid, kind text, weight bigint not null);";
    assert!(store.migrate(&app(&edited), false).is_err());
    put(&test, 2, "a", 1).await;
    count(2).await;
    // One that fails midway.
    let mut failing = ITEMS.to_vec();
    failing.push((
        "migrations/0002_more.sql",
        "insert into items (id, weight) values (3, 1); insert into items (id, weight) values (1, 1);",
    ));
    assert!(store.migrate(&app(&failing), false).is_err());
    count(2).await;
    put(&test, 3, "a", 1).await;
    count(3).await;
    // One that works, of an app that is not served yet.
    let mut more = ITEMS.to_vec();
    more.push((
        "migrations/0002_more.sql",
        "create table others (id bigint primary key); insert into items (id, weight) values (4, 1);",
    ));
    more.push(("seed.sql", "insert into items (id, weight) values (10, 1);"));
    let more = app(&more);
    store.migrate(&more, false).unwrap();
    count(4).await;
    put(&test, 5, "a", 1).await;
    count(5).await;
    store.seed(more.seed.as_ref().unwrap(), 1.0, &mut |_| {}).unwrap();
    count(6).await;
    put(&test, 6, "a", 1).await;
    count(7).await;
    test.engine.replace_app(more).unwrap();
    count(7).await;
    put(&test, 7, "a", 1).await;
    count(8).await;
    assert_eq!(told(&test, &anyone, "items", "").await.0, Source::Memory);
}

#[tokio::test]
async fn the_operator_sees_the_cache_and_is_told_the_nearest_name() {
    let test = TestEngine::of(ITEMS);
    let anyone = anonymous();
    test.cache.set_named(BTreeMap::from([("unused".to_owned(), Duration::from_secs(1))]));
    put(&test, 1, "a", 1).await;
    told(&test, &anyone, "item", r#"{"id":1}"#).await;
    let overview = test.engine.cache().unwrap();
    assert_eq!((overview.figures.entries, overview.settings.entries_max), (1, CacheSettings::default().entries_max));
    let named: Vec<(&str, Option<u64>, usize)> = overview
        .named
        .iter()
        .map(|named| (named.name.as_str(), named.lives_for.map(|time| time.as_secs()), named.queries.len()))
        .collect();
    assert_eq!(named, [("clocks", None, 1), ("unused", Some(1), 0)]);
    let error = test.engine.unknown_cache(Clear::Query("itm"));
    assert_eq!((error.code.as_ref(), error.hint.as_deref()), ("MRT030", Some("did you mean item?")));

    // A time that is set at run time holds from the next call on, and what is kept by the old one is dropped.
    assert_eq!(test.engine.set_cache_time("clocks", Duration::from_secs(60)), Ok(0));
    told(&test, &anyone, "clock_named", "").await;
    assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Memory);
    assert_eq!(test.engine.set_cache_time("clocks", Duration::from_secs(5)), Ok(1));
    told(&test, &anyone, "clock_named", "").await;
    test.clock.set(Timestamp::parse("2026-07-01T12:00:06Z").unwrap());
    assert_eq!(told(&test, &anyone, "clock_named", "").await.0, Source::Store);
    for (name, time, code) in
        [("clock", 5, "MRT030"), ("unused", 5, "MRT030"), ("clocks", 0, "MRT001"), ("clocks", 366 * 86_400, "MRT001")]
    {
        let refused = test.engine.set_cache_time(name, Duration::from_secs(time)).unwrap_err();
        assert_eq!(refused.code, code, "{name} {time}");
    }
}
