//! Constants in odd forms.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn forms() {
    let text = r#"
        select $$it's$$ as a, 'it''s' as b, 1000 as c, true as d, false as e
        select E'a\n' as a
        select B'1' as a, X'1F' as b
        select 0x1F as a, 1_000 as b
        select 1e400::double precision as a
        select U&'a' as a
        select N'a' as a
        select "room" as a
        select 1e40::double precision as a, 1e-40::double precision as b, .5::double precision as c, 5.::double precision as d
        select '2026-01-01'::date + 1 as a, date '0001-01-01' as b, date 'infinity' as c, timestamptz '9999-12-31 23:59:59.999999' as d
    "#;
    assert_snapshot!(meaning(text), @r#"
    select $$it's$$ as a, 'it''s' as b, 1000 as c, true as d, false as e
        a text not null, b text not null, c integer not null, d boolean not null, e boolean not null; rows <= 1
    select E'a\n' as a
        not_portable at `E'a\n'`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
    select B'1' as a, X'1F' as b
        not_portable at `B'1'`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
        not_portable at `X'1F'`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
    select 0x1F as a, 1_000 as b
        not_portable at `0x1F`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
        not_portable at `1_000`: this form of number is not in the portable subset -> write digits, with a point where needed
    select 1e400::double precision as a
        not_portable at `1e400`: this form of number is not in the portable subset -> write digits, with a point where needed
    select U&'a' as a
        not_portable at `U&'a'`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
    select N'a' as a
        not_portable at `N'a'`: this form of literal is not in the portable subset -> write a text in single quotes: 'text'
    select "room" as a
        unknown_column at `"room"`: there is no column `room` -> there is no FROM here; a text is written in single quotes
    select 1e40::double precision as a, 1e-40::double precision as b, .5::double precision as c, 5.::double precision as d
        a double precision not null, b double precision not null, c double precision not null, d double precision not null; rows <= 1
    select '2026-01-01'::date + 1 as a, date '0001-01-01' as b, date 'infinity' as c, timestamptz '9999-12-31 23:59:59.999999' as d
        a date not null, b date not null, c date not null, d timestamptz not null; rows <= 1
    "#);
}
