//! Findings as a person sees them: the right place, and what to write instead.

use super::findings;
use insta::assert_snapshot;

#[test]
fn an_unknown_column() {
    let text = r"select rt.id, rt.nam from room_types rt where rt.rooms > 1";
    assert_snapshot!(findings(text), @r"
    error: there is no column `nam` in `rt`
     --> actions/x.sql:1:15
      |
    1 | select rt.id, rt.nam from room_types rt where rt.rooms > 1
      |               ^^^^^^
      = hint: did you mean `name`?
    ");
}

#[test]
fn several_findings_of_one_statement() {
    let text = r"select nam, rooms || 'x' as y from room_types where price_cents = 'many' order by zzz";
    assert_snapshot!(findings(text), @r"
    error: 'many' is not a bigint
     --> actions/x.sql:1:67
      |
    1 | select nam, rooms || 'x' as y from room_types where price_cents = 'many' order by zzz
      |                                                                   ^^^^^^
      = hint: a bigint is written in at most 19 digits

    error: there is no column `nam`
     --> actions/x.sql:1:8
      |
    1 | select nam, rooms || 'x' as y from room_types where price_cents = 'many' order by zzz
      |        ^^^
      = hint: did you mean `name`?

    error: there is no operator integer || text
     --> actions/x.sql:1:13
      |
    1 | select nam, rooms || 'x' as y from room_types where price_cents = 'many' order by zzz
      |             ^^^^^^^^^^^^
      = hint: write rooms::text
    ");
}

#[test]
fn a_call_is_marked_whole() {
    let text = r"select id, row_to_json(rt) as j from room_types rt";
    assert_snapshot!(findings(text), @r"
    error: the function row_to_json is not in the portable subset
     --> actions/x.sql:1:12
      |
    1 | select id, row_to_json(rt) as j from room_types rt
      |            ^^^^^^^^^^^^^^^
      = hint: write json_build_object('id', t.id, ...)
    ");
}

#[test]
fn a_finding_inside_a_view_points_to_its_use() {
    let text = r"select name from open_types where prise > 1";
    assert_snapshot!(findings(text), @r"
    error: there is no column `prise`
     --> actions/x.sql:1:35
      |
    1 | select name from open_types where prise > 1
      |                                   ^^^^^
      = hint: did you mean `price`?
    ");
}
