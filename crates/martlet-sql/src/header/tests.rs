use super::*;
use crate::{AccountEvent, Allow, Bound, ExpectedRows, LimitPer, Param, Returns, Rule, Severity, token};
use martlet_core::{ParamType, Value};
use proptest::prelude::*;

fn header(text: &str, kind: FileKind) -> (Header, Vec<Diagnostic>) {
    let source = Source::new("queries/x.sql", text);
    let mut sink = Vec::new();
    let file = token::split(&source, &mut sink);
    let header = read(&source, &file, kind, "x", &mut sink);
    (header, sink)
}

fn declared(lines: &str, kind: FileKind) -> Declaration {
    let (header, sink) = header(&format!("{lines}\nselect 1 as x"), kind);
    let errors: Vec<String> =
        sink.iter().filter(|found| found.severity == Severity::Error).map(Diagnostic::render).collect();
    assert_eq!(errors, Vec::<String>::new());
    header.declaration
}

fn param(rest: &str) -> Param {
    let earlier = "-- @param d date\n-- @param n bigint\n";
    declared(&format!("{earlier}-- @param p {rest}"), FileKind::Query).params.remove(2)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn the_header_of_the_design() {
    let declaration = declared(
        "-- Free rooms of every type for a stay of at most 30 nights.\n-- @allow anyone\n-- @param check_in  date  First night\n-- @param check_out date  check_in+1..check_in+30  Day of departure",
        FileKind::Query,
    );
    assert_eq!(declaration.description, "Free rooms of every type for a stay of at most 30 nights.");
    assert_eq!(declaration.allow, [Allow::Anyone]);
    assert_eq!(declaration.params[0].description, "First night");
    let bound = |offset| Some(Bound::Parameter { index: 0, offset });
    assert_eq!(declaration.params[1].rules, [Rule::Range { low: bound(1), high: bound(30) }]);
    assert_eq!(declaration.params[1].description, "Day of departure");
}

#[test]
fn who_may_call_is_a_list() {
    let allow = |list: &str| declared(&format!("-- @allow {list}"), FileKind::Query).allow;
    assert_eq!(allow("user, role admin"), [Allow::User, Allow::Role("admin".to_owned())]);
    assert_eq!(allow("role front-desk,service"), [Allow::Role("front-desk".to_owned()), Allow::Service]);
}

#[test]
fn every_type_and_list() {
    for (name, base) in param::TYPES {
        assert_eq!(param(name).ty, ParamType { base: *base, is_list: false });
        assert_eq!(param(&format!("{name}[]")).ty, ParamType { base: *base, is_list: true });
    }
}

#[test]
fn every_rule() {
    let range = |low, high| Rule::Range { low: Some(Bound::Literal(low)), high: Some(Bound::Literal(high)) };
    assert_eq!(param("integer 1..30").rules, [range(Value::Integer(1), Value::Integer(30))]);
    assert_eq!(param("bigint -5..+5").rules, [range(Value::Integer(-5), Value::Integer(5))]);
    assert_eq!(param("double 0.5..1e3").rules, [range(Value::Double(0.5), Value::Double(1000.0))]);
    assert_eq!(param("text 1..200 A name").rules, [range(Value::Integer(1), Value::Integer(200))]);
    assert_eq!(param("uuid[] 1..20").rules, [range(Value::Integer(1), Value::Integer(20))]);
    let days = range(text("2026-01-01"), text("2026-12-31"));
    assert_eq!(param("date '2026-01-01'..'2026-12-31'").rules, [days]);
    let low = Some(Bound::Literal(text("2026-01-01T00:00:00+00:00")));
    assert_eq!(param("timestamptz '2026-01-01'..").rules, [Rule::Range { low, high: None }]);
    let high = Some(Bound::Parameter { index: 1, offset: -3 });
    assert_eq!(param("bigint ..n-3").rules, [Rule::Range { low: None, high }]);
    let low = Some(Bound::Parameter { index: 0, offset: 0 });
    assert_eq!(param("date d..").rules, [Rule::Range { low, high: None }]);
    assert_eq!(param("text in ('a', 'b''c')").rules, [Rule::OneOf(vec![text("a"), text("b'c")])]);
    assert_eq!(param("bigint[] in (1,2)").rules, [Rule::OneOf(vec![Value::Integer(1), Value::Integer(2)])]);
    assert_eq!(param("text trim lower email").rules, [Rule::Trim, Rule::Lower, Rule::Email]);
    assert_eq!(param("text url optional").rules, [Rule::Url]);
    let pattern = Rule::Matches(r"^[a-z\/]+ x$".to_owned());
    assert_eq!(param(r"text matches /^[a-z\/]+ x$/ 1..9").rules[0], pattern);
}

#[test]
fn defaults_are_of_the_type_and_imply_optional() {
    let default = |rest: &str| {
        let param = param(rest);
        assert!(param.is_optional);
        param.default
    };
    assert_eq!(default("bigint 1..100 = 20 How many"), Some(Value::Integer(20)));
    assert_eq!(default("integer=-1"), Some(Value::Integer(-1)));
    assert_eq!(default("double = 1"), Some(Value::Double(1.0)));
    assert_eq!(default("boolean = false"), Some(Value::Boolean(false)));
    assert_eq!(default("text = 'it''s'"), Some(text("it's")));
    assert_eq!(default("text = ''"), Some(text("")));
    assert_eq!(default("date = null"), Some(Value::Null));
    assert_eq!(default("date = '2026-01-31'"), Some(text("2026-01-31")));
    assert_eq!(
        default("uuid = 'AAAAAAAA-0000-4000-8000-000000000000'"),
        Some(text("aaaaaaaa-0000-4000-8000-000000000000"))
    );
    assert_eq!(default("jsonb = '{\"bb\": 1, \"a\": 2}'"), Some(compact(text("{\"a\": 2, \"bb\": 1}"))));
    assert_eq!(default("text[] = '{a,\"b c\"}'"), Some(Value::List([text("a"), text("b c")].into())));
    assert_eq!(default("bigint[] = '{}'"), Some(Value::List([].into())));
    assert_eq!(param("text optional").default, None);
    assert!(param("text optional").is_optional && !param("text").is_optional);
}

/// As [`martlet_core::json::jsonb`] has it.
fn compact(value: Value) -> Value {
    match value {
        Value::Text(json) => text(&martlet_core::json::jsonb(&json).expect("JSON")),
        value => value,
    }
}

#[test]
fn the_other_tags_are_kept() {
    let query = declared(
        "-- @returns row\n-- @timeout 1500ms\n-- @param id bigint\n-- @cache for 30s stale 5s\n-- @page by lower(p.name), p.at desc, p.id desc size 10\n-- @limit 10/s per user \"Slow \"\"down\"\"\"\n-- @limit 1000/15m per id\n-- @route GET /api/x/{id} deprecated 2027-01-31\n-- @warm id=5\n-- @scan t \"few rows\"",
        FileKind::Query,
    );
    assert_eq!((query.returns, query.timeout_ms), (Returns::Row, Some(1500)));
    let cache = query.cache.expect("@cache");
    assert_eq!((cache.for_ms, cache.stale_ms), (Some(30_000), Some(5_000)));
    let adaptive = declared("-- @cache for 10s..2m stale 1s", FileKind::Query).cache.expect("@cache");
    assert_eq!((adaptive.from_ms, adaptive.for_ms, adaptive.stale_ms), (Some(10_000), Some(120_000), Some(1_000)));
    let page = query.page.expect("@page");
    let by: Vec<(&str, bool)> =
        page.by.iter().map(|(column, is_descending)| (column.as_str(), *is_descending)).collect();
    assert_eq!(by, [("lower(p.name)", false), ("p.at", true), ("p.id", true)]);
    assert_eq!((page.size, page.size_max), (10, 100));
    assert_eq!(query.limits[0].message.as_deref(), Some("Slow \"down\""));
    assert_eq!((query.limits[1].window_ms, &query.limits[1].per), (900_000, &LimitPer::Parameter(0)));
    assert_eq!(query.routes[0].deprecated.as_deref(), Some("2027-01-31"));
    assert_eq!(query.warm[0].arguments, [(0, Value::Integer(5))]);
    assert_eq!(query.scans[0].reason, "few rows");
    let action = declared("-- @on user_update\n-- @idempotent", FileKind::Action);
    assert_eq!((action.on, action.is_idempotent), (Some(AccountEvent::UserUpdate), true));
}

#[test]
fn statements_have_their_own() {
    let (header, sink) = header(
        "-- Books.\n-- @allow user\n\n-- Looks first.\n-- @name room\n-- @expect row else 404 no_room \"None.\"\nselect 1 as x;\n-- @expect 3 rows\nselect 2 as x;\n-- @answer\n-- @expect none\nselect 3 as x",
        FileKind::Action,
    );
    assert_eq!(sink, Vec::new());
    assert_eq!(header.declaration.description, "Books.");
    assert_eq!(header.steps[0].name.as_ref().map(|(name, _)| name.as_str()), Some("room"));
    let expect = |index: usize| header.steps[index].expect.as_ref().map(|(expect, _)| expect.clone()).expect("@expect");
    assert_eq!((expect(0).rows, expect(0).status, expect(0).code.as_str()), (ExpectedRows::Exactly(1), 404, "no_room"));
    assert_eq!((expect(1).rows, expect(1).status), (ExpectedRows::Exactly(3), 409));
    assert_eq!(expect(2).rows, ExpectedRows::None);
    assert!(header.steps[2].answer.is_some() && header.steps[1].answer.is_none());
}

const PIECES: &[&str] = &[
    "@allow ",
    "@param ",
    "@returns ",
    "@cache ",
    "@page by ",
    "@limit ",
    "@route ",
    "@timeout ",
    "@warm ",
    "@scan ",
    "@on ",
    "@name ",
    "@expect ",
    "@answer",
    "@",
    "user",
    "role ",
    "anyone",
    "a",
    "b ",
    "check_in",
    "bigint ",
    "text ",
    "date ",
    "[]",
    "..",
    "1",
    "-5",
    "+1",
    "1e9",
    "'x'",
    "'",
    "\"",
    "/",
    "/re/",
    "\\",
    "in (",
    ")",
    ",",
    "=",
    " = ",
    "null",
    "'{}'",
    "{a}",
    "optional ",
    "trim ",
    "matches ",
    "else 409 ",
    "code ",
    "GET ",
    "/api/{a}",
    "10/s ",
    "per ",
    "size 5 ",
    "max ",
    "desc",
    "for 3s ",
    "Ä",
    "🦀",
    "\t",
    " ",
    "99999999999999999999",
    "\u{0}",
    "\n-- ",
    "\n",
    ";",
    "select 1",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_header_makes_it_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40), is_action: bool) {
        let kind = if is_action { FileKind::Action } else { FileKind::Query };
        let (_, sink) = header(&format!("-- {}\nselect 1 as x", pieces.concat()), kind);
        for found in sink {
            found.render();
        }
    }
}
