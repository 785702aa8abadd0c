//! Expressions of the schema: checks, predicates of indexes, defaults.

use super::{Context, expression};
use insta::assert_snapshot;
use martlet_core::Type;

#[test]
fn checks() {
    let text = r"
        rooms >= 0
        rooms between 1 and 30 and name <> '' or price_cents is null
        description in ('a', 'b')
        room_types.rooms > 1
        lower(name) = name
        rooms
        nme = 'x'
        created_at < now()
        random() < 0.5::double precision
        rooms > (select 1)
        name = :t
        user_id = auth.uid()
        count(*) > 1
        name = 1
    ";
    assert_snapshot!(expression(Context::Check, Type::Boolean, text), @r"
    rooms >= 0
        boolean not null
    rooms between 1 and 30 and name <> '' or price_cents is null
        boolean not null
    description in ('a', 'b')
        boolean null
    room_types.rooms > 1
        boolean not null
    lower(name) = name
        boolean not null
    rooms
        type_mismatch: this is an integer, but a boolean is wanted -> write rooms <> 0
    nme = 'x'
        unknown_column: there is no column `nme` -> did you mean `name`?
    created_at < now()
        unknown_column: there is no column `created_at` -> columns here: id, name, description, price_cents, rooms, weight, is_open, data
    random() < 0.5::double precision
        volatile: a check must give the same whenever it is asked -> leave out now(), current_date and random()
    rooms > (select 1)
        not_portable: a subquery in a check is not in the portable subset -> check it in the action that writes
    name = :t
        no_arguments: :t is not known in a check -> it belongs to a query or an action; write it there
    user_id = auth.uid()
        unknown_column: there is no column `user_id` -> columns here: id, name, description, price_cents, rooms, weight, is_open, data
    user_id = auth.uid()
        no_caller: a check does not know who asks -> use auth.uid() in the queries and actions, for instance where user_id = auth.uid()
    count(*) > 1
        aggregate_here: count may not stand in the schema -> check it in the action that writes
    name = 1
        type_mismatch: the two sides cannot be both text and an integer -> write '1'
    ");
}

#[test]
fn index_predicates() {
    let text = r"
        is_open and description is not null
        now() > now()
    ";
    assert_snapshot!(expression(Context::IndexPredicate, Type::Boolean, text), @r"
    is_open and description is not null
        boolean not null
    now() > now()
        volatile: an index's WHERE must give the same whenever it is asked -> leave out now(), current_date and random()
    ");
}

#[test]
fn defaults() {
    let text = r"
        now()
        '2026-01-01'
        current_date
        now() + interval '1 day'
        'soon'
        1
        created_at
        null
    ";
    assert_snapshot!(expression(Context::Default, Type::Timestamptz, text), @r"
    now()
        timestamptz not null
    '2026-01-01'
        timestamptz not null
    current_date
        timestamptz not null
    now() + interval '1 day'
        timestamptz not null
    'soon'
        invalid_literal: 'soon' is not a timestamptz -> a timestamptz is written '2026-01-31T12:00:00Z'
    1
        type_mismatch: this is an integer, but a timestamptz is wanted -> there is no cast from integer to timestamptz
    created_at
        unknown_column: there is no column `created_at` -> there is no FROM here; a text is written in single quotes
    null
        timestamptz null
    ");
}

#[test]
fn default_texts() {
    let text = r"
        'x'
        1
        md5('x')
        gen_random_uuid()::text
    ";
    assert_snapshot!(expression(Context::Default, Type::Text, text), @r"
    'x'
        text not null
    1
        type_mismatch: this is an integer, but text is wanted -> write '1'
    md5('x')
        text not null
    gen_random_uuid()::text
        text not null
    ");
}
