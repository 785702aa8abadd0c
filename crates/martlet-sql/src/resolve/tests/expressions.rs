//! Operators, conditions and casts: types as PostgreSQL gives them, and what is refused.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn arithmetic() {
    let text = r"
        select 1 + 1 as a, 1 + id as b, id * 2 as c, nights / 2 as d, nights % 2 as e from bookings
        select weight * 2 as a, weight + price_cents as b, -weight as c, - rooms as d from room_types
        select 2147483647 as a, 2147483648 as b, -2147483648 as c, -5 as d, 9223372036854775807 as e
        select -9223372036854775808 as a, - -5 as b, -(2147483648) as c, -2147483649 as d, -(5::bigint) as e, -(-2147483648) as f
        select 1::bigint + 1 as a, 1.5::double precision * 2 as b, 1e3::double precision as c, -1.5::double precision as d
        select price_cents / rooms as a, price_cents - rooms as b, (rooms + 1) * price_cents as c from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select 1 + 1 as a, 1 + id as b, id * 2 as c, nights / 2 as d, nights % 2 as e from bookings
        a integer not null, b bigint not null, c bigint not null, d integer not null, e integer not null; reads bookings(id, nights)
    select weight * 2 as a, weight + price_cents as b, -weight as c, - rooms as d from room_types
        a double precision null, b double precision null, c double precision null, d integer not null; reads room_types(price_cents, rooms, weight)
    select 2147483647 as a, 2147483648 as b, -2147483648 as c, -5 as d, 9223372036854775807 as e
        a integer not null, b bigint not null, c integer not null, d integer not null, e bigint not null; rows <= 1
    select -9223372036854775808 as a, - -5 as b, -(2147483648) as c, -2147483649 as d, -(5::bigint) as e, -(-2147483648) as f
        a bigint not null, b integer not null, c integer not null, d bigint not null, e bigint not null, f bigint not null; rows <= 1
    select 1::bigint + 1 as a, 1.5::double precision * 2 as b, 1e3::double precision as c, -1.5::double precision as d
        a bigint not null, b double precision not null, c double precision not null, d double precision not null; rows <= 1
    select price_cents / rooms as a, price_cents - rooms as b, (rooms + 1) * price_cents as c from room_types
        a bigint not null, b bigint not null, c bigint not null; reads room_types(price_cents, rooms)
    ");
}

#[test]
fn arithmetic_refused() {
    let text = r"
        select -(-9223372036854775808) as a
        select 1.5 as a
        select weight * 1.5 as a from room_types
        select 1 + 1.5 as a
        select weight % 2 as a from room_types
        select 9223372036854775808 as a
        select name + 1 as a from room_types
        select name + name as a from room_types
        select '1' + '2' as a
        select true + 1 as a
        select -name as a from room_types
        select rooms ^ 2 as a from room_types
        select rooms & 1 as a from room_types
        select -true as a, -'1' as b, +rooms as c from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select -(-9223372036854775808) as a
        invalid_literal at `-9223372036854775808`: a bigint does not hold this number -> write a number from -9223372036854775808 to 9223372036854775807, or a text
    select 1.5 as a
        not_storable at `1.5`: a numeric cannot be given in a column -> write 1.5::double precision
    select weight * 1.5 as a from room_types
        numeric at `1.5`: a number with a point is numeric, which needs a cast -> write 1.5::double precision
    select 1 + 1.5 as a
        numeric at `1.5`: a number with a point is numeric, which needs a cast -> write 1.5::double precision
    select weight % 2 as a from room_types
        no_operator at `weight % 2`: there is no operator double precision % integer -> cast both sides to bigint
    select 9223372036854775808 as a
        invalid_literal at `9223372036854775808`: a bigint does not hold this number -> write a number from -9223372036854775808 to 9223372036854775807, or a text
    select name + 1 as a from room_types
        no_operator at `name + 1`: there is no operator text + integer -> write name::integer
    select name + name as a from room_types
        no_operator at `name + name`: there is no operator text + text -> texts are joined by ||
    select '1' + '2' as a
        untyped at `'1' + '2'`: neither side of + has a type -> write the type in front: date '2026-01-31', interval '1 day'
    select true + 1 as a
        no_operator at `true + 1`: there is no operator boolean + integer -> docs/sql.md has the operators and their types
    select -name as a from room_types
        no_operator at `-name`: there is no operator - text -> only numbers are negated
    select rooms ^ 2 as a from room_types
        not_portable at `rooms ^ 2`: the operator ^ is not in the portable subset -> multiply: x * x
    select rooms & 1 as a from room_types
        not_portable at `rooms & 1`: the operator & is not in the portable subset -> docs/sql.md has the operators
    select -true as a, -'1' as b, +rooms as c from room_types
        no_operator at `-true`: there is no operator - boolean -> only numbers are negated
        untyped at `-'1'`: this literal needs a type -> write the number without quotes
        not_portable at `+rooms`: a plus sign is not in the portable subset -> leave it out
    ");
}

#[test]
fn literals_take_the_other_sides_type() {
    let text = r#"
        select rooms + '2' as a, weight * '1.5' as b, check_in - '2026-01-01' as c from room_types, bookings
        select id from bookings where check_in = '2026-01-31' and status = 'x' and user_id = '00000000-0000-4000-8000-000000000000'
        select id from bookings where check_in < 'tomorrow'
        select id from bookings where user_id = 'ana'
        select id from bookings where nights = '1.5'
        select id from room_types where is_open = 'yes' and data = '{"a": 1}'
        select id from room_types where data = '{a: 1}'
        select id from room_types where price_cents = '99999999999999999999'
    "#;
    assert_snapshot!(meaning(text), @r#"
    select rooms + '2' as a, weight * '1.5' as b, check_in - '2026-01-01' as c from room_types, bookings
        a integer not null, b double precision null, c integer not null; reads bookings(check_in), room_types(rooms, weight)
    select id from bookings where check_in = '2026-01-31' and status = 'x' and user_id = '00000000-0000-4000-8000-000000000000'
        id bigint not null; reads bookings(check_in, id, status, user_id)
    select id from bookings where check_in < 'tomorrow'
        invalid_literal at `'tomorrow'`: 'tomorrow' is not a date -> a date is written '2026-01-31'
    select id from bookings where user_id = 'ana'
        invalid_literal at `'ana'`: 'ana' is not a uuid -> a uuid is written '00000000-0000-4000-8000-000000000000'
    select id from bookings where nights = '1.5'
        invalid_literal at `'1.5'`: '1.5' is not an integer -> an integer is written in digits
    select id from room_types where is_open = 'yes' and data = '{"a": 1}'
        id bigint not null; reads room_types(data, id, is_open)
    select id from room_types where data = '{a: 1}'
        invalid_literal at `'{a: 1}'`: '{a: 1}' is not jsonb -> the text is not JSON
    select id from room_types where price_cents = '99999999999999999999'
        invalid_literal at `'99999999999999999999'`: '99999999999999999999' is not a bigint -> a bigint is written in at most 19 digits
    "#);
}

#[test]
fn dates() {
    let text = r"
        select check_in + 1 as a, 1 + check_in as b, check_in - 31 as c, check_out - check_in as d from bookings
        select (check_in + interval '1 month')::date as a, (check_in - interval '1 day')::timestamptz as b from bookings
        select created_at + interval '1 day' as a, interval '2 hours' + created_at as b, created_at - interval '1 day' as c from bookings
        select extract(epoch from created_at - check_in)::bigint as a from bookings
        select created_at + nights * interval '1 day' as a, created_at + interval '1 hour' * 1.5::double precision as b from bookings
        select id from bookings where created_at > now() - interval '7 days' and created_at - check_in > interval '1 day'
        select date '2026-01-31' as a, timestamptz '2026-01-31' as b, timestamptz '2026-01-31 10:00+02' as c
    ";
    assert_snapshot!(meaning(text), @r"
    select check_in + 1 as a, 1 + check_in as b, check_in - 31 as c, check_out - check_in as d from bookings
        a date not null, b date not null, c date not null, d integer not null; reads bookings(check_in, check_out)
    select (check_in + interval '1 month')::date as a, (check_in - interval '1 day')::timestamptz as b from bookings
        a date not null, b timestamptz not null; reads bookings(check_in)
    select created_at + interval '1 day' as a, interval '2 hours' + created_at as b, created_at - interval '1 day' as c from bookings
        a timestamptz not null, b timestamptz not null, c timestamptz not null; reads bookings(created_at)
    select extract(epoch from created_at - check_in)::bigint as a from bookings
        a bigint not null; reads bookings(check_in, created_at)
    select created_at + nights * interval '1 day' as a, created_at + interval '1 hour' * 1.5::double precision as b from bookings
        a timestamptz not null, b timestamptz not null; reads bookings(created_at, nights)
    select id from bookings where created_at > now() - interval '7 days' and created_at - check_in > interval '1 day'
        id bigint not null; reads bookings(check_in, created_at, id); timed
    select date '2026-01-31' as a, timestamptz '2026-01-31' as b, timestamptz '2026-01-31 10:00+02' as c
        a date not null, b timestamptz not null, c timestamptz not null; rows <= 1
    ");
}

#[test]
fn dates_refused() {
    let text = r"
        select check_in + interval '1 month' as a from bookings
        select created_at - created_at as a from bookings
        select check_in + nights::bigint as a from bookings
        select check_in + '1' as a from bookings
        select created_at + 1 as a from bookings
        select created_at + '1 day' as a from bookings
        select check_in + check_out as a from bookings
        select interval '1 day' / 2 as a
        select date '2026-02-30' as a
        select interval '1 fortnight' as a
        select interval '1' day as a
        select created_at at time zone 'Europe/Berlin' as a from bookings
        select timestamp '2026-01-01 10:00' as a
        select time '10:00' as a
    ";
    assert_snapshot!(meaning(text), @r"
    select check_in + interval '1 month' as a from bookings
        not_storable at `check_in + interval '1 month'`: a timestamp cannot be given in an answer -> write (check_in + interval '1 month')::timestamptz or (check_in + interval '1 month')::date
    select created_at - created_at as a from bookings
        not_storable at `created_at - created_at`: an interval cannot be given in an answer -> write extract(epoch from created_at - created_at)::bigint
    select check_in + nights::bigint as a from bookings
        no_operator at `check_in + nights::bigint`: there is no operator date + bigint -> write nights::bigint::integer
    select check_in + '1' as a from bookings
        untyped at `check_in + '1'`: the literal beside + needs a type -> write it in front: interval '1 day', or a number without quotes
    select created_at + 1 as a from bookings
        no_operator at `created_at + 1`: there is no operator timestamptz + integer -> write + n * interval '1 day', or another unit
    select created_at + '1 day' as a from bookings
        untyped at `created_at + '1 day'`: the literal beside + needs a type -> write it in front: interval '1 day', or a number without quotes
    select check_in + check_out as a from bookings
        no_operator at `check_in + check_out`: there is no operator date + date -> docs/sql.md has the operators and their types
    select interval '1 day' / 2 as a
        no_operator at `interval '1 day' / 2`: there is no operator interval / integer -> multiply by a fraction: x * 0.5::double precision
    select date '2026-02-30' as a
        invalid_literal at `date '2026-02-30'`: '2026-02-30' is not a date -> a date is written '2026-01-31'
    select interval '1 fortnight' as a
        invalid_literal at `interval '1 fortnight'`: '1 fortnight' is not an interval -> an interval is written '1 day', '2 hours 30 minutes' or '1 month'
    select interval '1' day as a
        not_portable at `interval '1'`: this form of interval is not in the portable subset -> write interval '1 day', or x * interval '1 day'
    select created_at at time zone 'Europe/Berlin' as a from bookings
        not_portable at `created_at at time zone 'Europe/Berlin'`: at time zone is not in the portable subset -> times are UTC here: x::timestamp, or add interval '1 hour' for a fixed offset
    select timestamp '2026-01-01 10:00' as a
        not_storable at `timestamp '2026-01-01 10:00'`: a timestamp cannot be given in an answer -> write (timestamp '2026-01-01 10:00')::timestamptz or (timestamp '2026-01-01 10:00')::date
    select time '10:00' as a
        unknown_type at `time '10:00'`: the type `time` is not portable -> write `integer` (minutes or seconds of the day), or `timestamptz`
    ");
}

#[test]
fn comparisons() {
    let text = r"
        select id from bookings where nights = id and nights < 1.5::double precision
        select id from bookings where check_in <= created_at and check_in <> check_out
        select id from room_types where name >= 'a' and is_open = true and data = data
        select id from bookings where (check_in, id) > (:d, :id)
        select id from bookings where (room_type_id, status) = (1, 'x') or (nights, nights) <> (1, 2)
        select rooms = 1 as a, description = 'x' as b, description is null as c, description is not null as d from room_types
        select description is distinct from name as a, data is not distinct from null as b from room_types
        select nights between 1 and 30 as a, check_in not between '2026-01-01' and check_out as b from bookings
        select name like 'a%' as a, description not ilike '%b' as b, name like description as c from room_types
        select id from bookings where status in ('a', 'b') and nights not in (1, 2) and id in (1, nights)
        select id from bookings where (nights, status) in ((1, 'a'), (2, 'b')) and (nights, status) not in ((3, 'c'))
        select not is_open as a, is_open and true as b, is_open or description is null as c, description = 'a' and is_open as d from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings where nights = id and nights < 1.5::double precision
        id bigint not null; reads bookings(id, nights)
    select id from bookings where check_in <= created_at and check_in <> check_out
        id bigint not null; reads bookings(check_in, check_out, created_at, id)
    select id from room_types where name >= 'a' and is_open = true and data = data
        id bigint not null; reads room_types(data, id, is_open, name)
    select id from bookings where (check_in, id) > (:d, :id)
        id bigint not null; reads bookings(check_in, id)
    select id from bookings where (room_type_id, status) = (1, 'x') or (nights, nights) <> (1, 2)
        id bigint not null; reads bookings(id, nights, room_type_id, status)
    select rooms = 1 as a, description = 'x' as b, description is null as c, description is not null as d from room_types
        a boolean not null, b boolean null, c boolean not null, d boolean not null; reads room_types(description, rooms)
    select description is distinct from name as a, data is not distinct from null as b from room_types
        a boolean not null, b boolean not null; reads room_types(data, description, name)
    select nights between 1 and 30 as a, check_in not between '2026-01-01' and check_out as b from bookings
        a boolean not null, b boolean not null; reads bookings(check_in, check_out, nights)
    select name like 'a%' as a, description not ilike '%b' as b, name like description as c from room_types
        a boolean not null, b boolean null, c boolean null; reads room_types(description, name)
    select id from bookings where status in ('a', 'b') and nights not in (1, 2) and id in (1, nights)
        id bigint not null; reads bookings(id, nights, status)
    select id from bookings where (nights, status) in ((1, 'a'), (2, 'b')) and (nights, status) not in ((3, 'c'))
        id bigint not null; reads bookings(id, nights, status)
    select not is_open as a, is_open and true as b, is_open or description is null as c, description = 'a' and is_open as d from room_types
        a boolean not null, b boolean not null, c boolean not null, d boolean null; reads room_types(description, is_open)
    ");
}

#[test]
fn comparisons_refused() {
    let text = r"
        select data is distinct from null is null as a, (data is distinct from null) is null as b, rooms is null is not distinct from true as c from room_types
        select id from bookings where status = 1
        select id from bookings where nights = status and check_in = nights
        select id from room_types where data < data
        select id from room_types where data = description
        select line from logs where doc = doc
        select id from bookings where 1 < nights < 5
        select id from bookings where (nights, status) = (1)
        select id from bookings where (nights, status) = (1, 2, 3)
        select id from bookings where (nights, status) = (1, 2)
        select id from bookings where nights
        select id from bookings where not status
        select id from bookings where status and nights
        select name ~ 'x' as a from room_types
        select name similar to 'x' as a from room_types
        select name like 'x!%' escape '!' as a from room_types
        select is_open is true as a, is_open is not false as b from room_types
        select nights in ('a', 'b') as a, status in (1) as b from bookings
        select nights in () as a from bookings
        select status between 1 and 2 as a from bookings
        select id = all(:ids) as a from bookings
        select id <> any(:ids) as a, id = some(:ids) as b from bookings
        select sum(nights) > 5 as a, sum(id) > 5 as b from bookings
        select id from bookings where nights > 1.5 and nights between 0.5 and 2 and nights in (1.5) and (nights, 1) = (1.5, 1)
        select data in ('{}') as a from room_types
        select data is distinct from interval '1 day' as a from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select data is distinct from null is null as a, (data is distinct from null) is null as b, rooms is null is not distinct from true as c from room_types
        not_portable at `data is distinct from null`: a chain of IS is not in the portable subset -> put one of them in brackets
        not_portable at `rooms is null is not distinct from true`: a chain of IS is not in the portable subset -> put one of them in brackets
    select id from bookings where status = 1
        type_mismatch at `1`: the two sides cannot be both text and an integer -> write '1'
    select id from bookings where nights = status and check_in = nights
        type_mismatch at `status`: the two sides cannot be both an integer and text -> write status::integer
        type_mismatch at `nights`: the two sides cannot be both a date and an integer -> there is no cast from integer to date
    select id from room_types where data < data
        no_order at `data`: jsonb cannot be used in a comparison -> use a value in it, x ->> 'key', or x::text
    select id from room_types where data = description
        type_mismatch at `description`: the two sides cannot be both jsonb and text -> write description::jsonb
    select line from logs where doc = doc
        no_order at `doc`: json cannot be used in a comparison -> cast it: x::text
    select id from bookings where 1 < nights < 5
        not_portable at `1 < nights < 5`: a chain of comparisons is not in the portable subset -> write a < b and b < c
    select id from bookings where (nights, status) = (1)
        not_portable at `(nights, status) = (1)`: a row beside a value is not in the portable subset -> compare (a, b) with (c, d)
    select id from bookings where (nights, status) = (1, 2, 3)
        row_length at `(nights, status) = (1, 2, 3)`: the rows have 2 and 3 values -> give both sides as many
    select id from bookings where (nights, status) = (1, 2)
        type_mismatch at `2`: the two sides cannot be both text and an integer -> write '2'
    select id from bookings where nights
        type_mismatch at `nights`: this is an integer, but a boolean is wanted -> write nights <> 0
    select id from bookings where not status
        type_mismatch at `status`: this is text, but a boolean is wanted -> write status::boolean
    select id from bookings where status and nights
        type_mismatch at `status`: this is text, but a boolean is wanted -> write status::boolean
        type_mismatch at `nights`: this is an integer, but a boolean is wanted -> write nights <> 0
    select name ~ 'x' as a from room_types
        not_portable at `name ~ 'x'`: the operator ~ is not in the portable subset -> use like or ilike
    select name similar to 'x' as a from room_types
        not_portable at `name similar to 'x'`: a pattern of this kind is not in the portable subset -> use like or ilike
    select name like 'x!%' escape '!' as a from room_types
        not_portable at `name like 'x!%'`: ESCAPE is not in the portable subset -> the escape is the backslash: like '50\%'
    select is_open is true as a, is_open is not false as b from room_types
        not_portable at `is_open`: is true is not in the portable subset -> write the condition itself, or x is not distinct from true
        not_portable at `is_open`: is not false is not in the portable subset -> write x is distinct from false
    select nights in ('a', 'b') as a, status in (1) as b from bookings
        invalid_literal at `'a'`: 'a' is not an integer -> an integer is written in digits
        invalid_literal at `'b'`: 'b' is not an integer -> an integer is written in digits
        type_mismatch at `1`: the values of IN cannot be both text and an integer -> write '1'
    select nights in () as a from bookings
        syntax at `)`: expected an expression, found )
    select status between 1 and 2 as a from bookings
        type_mismatch at `1`: the parts of BETWEEN cannot be both text and an integer -> write '1'
    select id = all(:ids) as a from bookings
        not_portable at `id = all(:ids)`: all (..) is not in the portable subset -> write not (x = any(:list)), or not exists (select ..)
    select id <> any(:ids) as a, id = some(:ids) as b from bookings
        not_portable at `id <> any(:ids)`: <> any is not in the portable subset -> write x = any(:list), or not (x = any(:list))
        not_portable at `id = some(:ids)`: some (..) is not in the portable subset -> write x = any(:list)
    select sum(nights) > 5 as a, sum(id) > 5 as b from bookings
        no_order at `sum(id)`: a numeric cannot be used in a comparison -> cast it: x::double precision, or x::bigint
    select id from bookings where nights > 1.5 and nights between 0.5 and 2 and nights in (1.5) and (nights, 1) = (1.5, 1)
        numeric at `1.5`: a number with a point is numeric, which needs a cast -> write 1.5::double precision
        numeric at `0.5`: a number with a point is numeric, which needs a cast -> write 0.5::double precision
        numeric at `1.5`: a number with a point is numeric, which needs a cast -> write 1.5::double precision
        numeric at `1.5`: a number with a point is numeric, which needs a cast -> write 1.5::double precision
    select data in ('{}') as a from room_types
        no_order at `data`: jsonb cannot be used in IN -> use a value in it, x ->> 'key', or x::text
    select data is distinct from interval '1 day' as a from room_types
        type_mismatch at `interval '1 day'`: the two sides cannot be both jsonb and an interval -> there is no cast from interval to jsonb
    ");
}

#[test]
fn casts() {
    let text = r#"
        select b.id::integer as a, nights::bigint as b, nights::double precision as c, weight::integer as d from bookings b, room_types
        select b.id::text as a, check_in::text as b, user_id::text as c, b.created_at::text as d, is_open::text as e, data::text as f from bookings b, room_types
        select name::integer as a, name::date as b, name::uuid as c, name::jsonb as d, name::boolean as e from room_types
        select check_in::timestamptz as a, created_at::date as b, is_open::integer as c, rooms::boolean as d, data::json as e from bookings, room_types
        select null::integer as a, '5'::integer as b, '5'::text as c, cast('x' as text) as d, null as e, 'x' as f
        select '{"a":1}'::jsonb as a, jsonb '[1]' as b, '[1]'::json as c, 'true'::boolean as d
        select (check_in::timestamp + interval '1 hour')::timestamptz as a from bookings
    "#;
    assert_snapshot!(meaning(text), @r#"
    select b.id::integer as a, nights::bigint as b, nights::double precision as c, weight::integer as d from bookings b, room_types
        a integer not null, b bigint not null, c double precision not null, d integer null; reads bookings(id, nights), room_types(weight)
    select b.id::text as a, check_in::text as b, user_id::text as c, b.created_at::text as d, is_open::text as e, data::text as f from bookings b, room_types
        a text not null, b text not null, c text not null, d text not null, e text not null, f text null; reads bookings(check_in, created_at, id, user_id), room_types(data, is_open)
    select name::integer as a, name::date as b, name::uuid as c, name::jsonb as d, name::boolean as e from room_types
        a integer not null, b date not null, c uuid not null, d jsonb not null, e boolean not null; reads room_types(name)
    select check_in::timestamptz as a, created_at::date as b, is_open::integer as c, rooms::boolean as d, data::json as e from bookings, room_types
        a timestamptz not null, b date not null, c integer not null, d boolean not null, e json null; reads bookings(check_in, created_at), room_types(data, is_open, rooms)
    select null::integer as a, '5'::integer as b, '5'::text as c, cast('x' as text) as d, null as e, 'x' as f
        a integer null, b integer not null, c text not null, d text not null, e text null, f text not null; rows <= 1
    select '{"a":1}'::jsonb as a, jsonb '[1]' as b, '[1]'::json as c, 'true'::boolean as d
        a jsonb not null, b jsonb not null, c json not null, d boolean not null; rows <= 1
    select (check_in::timestamp + interval '1 hour')::timestamptz as a from bookings
        a timestamptz not null; reads bookings(check_in)
    "#);
}

#[test]
fn casts_refused() {
    let text = r"
        select is_open::bigint as a from room_types
        select data::integer as a from room_types
        select check_in::integer as a from bookings
        select user_id::bigint as a from bookings
        select name::varchar(10) as a from room_types
        select name::numeric(10, 2) as a from room_types
        select name::numeric as a from room_types
        select name::money as a from room_types
        select id::integer[] as a from bookings
        select 'x'::integer as a, 'x'::date as b
        select now()::interval as a
        select avg(nights)::text as a from bookings
    ";
    assert_snapshot!(meaning(text), @r"
    select is_open::bigint as a from room_types
        no_cast at `is_open::bigint`: a boolean cannot be cast to bigint here -> there is no cast from boolean to bigint
    select data::integer as a from room_types
        no_cast at `data::integer`: jsonb cannot be cast to integer here -> take a value out with ->> 'key' and cast that
    select check_in::integer as a from bookings
        no_cast at `check_in::integer`: a date cannot be cast to integer here -> there is no cast from date to integer
    select user_id::bigint as a from bookings
        no_cast at `user_id::bigint`: a uuid cannot be cast to bigint here -> there is no cast from uuid to bigint
    select name::varchar(10) as a from room_types
        unknown_type at `name::varchar(10)`: the type `varchar(10)` is not portable -> write `text`, with `check (length(x) <= n)` where the length matters
    select name::numeric(10, 2) as a from room_types
        unknown_type at `name::numeric(10, 2)`: the type `numeric(10,2)` is not portable -> write `bigint` and count in minor units, such as cents
    select name::numeric as a from room_types
        no_cast at `name::numeric`: text cannot be cast to numeric here -> there is no cast from text to numeric
    select name::money as a from room_types
        unknown_type at `name::money`: the type `money` is not portable -> write `bigint` and count in minor units, such as cents
    select id::integer[] as a from bookings
        not_portable at `id::integer[]`: a list as a value is not in the portable subset -> lists are parameters: x = any(:list), unnest(:list)
    select 'x'::integer as a, 'x'::date as b
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
        invalid_literal at `'x'`: 'x' is not a date -> a date is written '2026-01-31'
    select now()::interval as a
        no_cast at `now()::interval`: a timestamptz cannot be cast to interval here -> write a number times interval '1 day'
    select avg(nights)::text as a from bookings
        no_cast at `avg(nights)::text`: a numeric cannot be cast to text here -> cast it to double precision or bigint first
    ");
}

#[test]
fn case_and_choice() {
    let text = r"
        select case when is_open then 1 else 0 end as a, case when is_open then 1 end as b, case rooms when 1 then 'a' else name end as c from room_types
        select case when is_open then rooms else price_cents end as a, case when is_open then null else 'x' end as b from room_types
        select coalesce(description, name) as a, coalesce(description, null) as b, coalesce(rooms, price_cents) as c, nullif(name, '') as d from room_types
        select greatest(rooms, price_cents, 1) as a, least(name, description) as b from room_types
        select coalesce(sum(total_cents), 0)::bigint as a, coalesce(avg(nights), 0)::double precision as b from bookings
        select case when rooms = 1 then sum(price_cents) else 0 end::bigint as a from room_types group by rooms
    ";
    assert_snapshot!(meaning(text), @r"
    select case when is_open then 1 else 0 end as a, case when is_open then 1 end as b, case rooms when 1 then 'a' else name end as c from room_types
        a integer not null, b integer null, c text not null; reads room_types(is_open, name, rooms)
    select case when is_open then rooms else price_cents end as a, case when is_open then null else 'x' end as b from room_types
        a bigint not null, b text null; reads room_types(is_open, price_cents, rooms)
    select coalesce(description, name) as a, coalesce(description, null) as b, coalesce(rooms, price_cents) as c, nullif(name, '') as d from room_types
        a text not null, b text null, c bigint not null, d text null; reads room_types(description, name, price_cents, rooms)
    select greatest(rooms, price_cents, 1) as a, least(name, description) as b from room_types
        a bigint not null, b text not null; reads room_types(description, name, price_cents, rooms)
    select coalesce(sum(total_cents), 0)::bigint as a, coalesce(avg(nights), 0)::double precision as b from bookings
        a bigint not null, b double precision not null; reads bookings(nights, total_cents); rows <= 1
    select case when rooms = 1 then sum(price_cents) else 0 end::bigint as a from room_types group by rooms
        a bigint not null; reads room_types(price_cents, rooms)
    ");
}

#[test]
fn case_and_choice_refused() {
    let text = r"
        select case null when is_open then 1 end as a, case 'x' when 1 then 1 end as b from room_types
        select case when rooms then 1 end as a from room_types
        select case rooms when 'x' then 1 end as a from room_types
        select case when is_open then 1 else 'x' end as a from room_types
        select case when is_open then rooms else name end as a from room_types
        select coalesce(rooms, name) as a, coalesce() as b from room_types
        select coalesce(weight, avg(rooms)) as a from room_types group by weight
        select nullif(rooms, price_cents) as a, nullif(rooms) as b from room_types
        select greatest(data, data) as a from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select case null when is_open then 1 end as a, case 'x' when 1 then 1 end as b from room_types
        type_mismatch at `is_open`: the values of CASE cannot be both text and a boolean -> write is_open::text
        type_mismatch at `1`: the values of CASE cannot be both text and an integer -> write '1'
    select case when rooms then 1 end as a from room_types
        type_mismatch at `rooms`: this is an integer, but a boolean is wanted -> write rooms <> 0
    select case rooms when 'x' then 1 end as a from room_types
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
    select case when is_open then 1 else 'x' end as a from room_types
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
    select case when is_open then rooms else name end as a from room_types
        type_mismatch at `name`: the results of CASE cannot be both an integer and text -> write name::integer
    select coalesce(rooms, name) as a, coalesce() as b from room_types
        type_mismatch at `name`: the arguments of coalesce cannot be both an integer and text -> write name::integer
        arguments at `coalesce()`: coalesce does not take these arguments -> coalesce(x, ...) -> their common type
    select coalesce(weight, avg(rooms)) as a from room_types group by weight
        type_mismatch at `avg(rooms)`: the arguments of coalesce cannot be both a double precision and a numeric -> cast the numeric: x::double precision
    select nullif(rooms, price_cents) as a, nullif(rooms) as b from room_types
        type_mismatch at `rooms`: nullif compares two different types -> write rooms::bigint
        arguments at `nullif(rooms)`: nullif does not take these arguments -> nullif(x, y) -> the type of x
    select greatest(data, data) as a from room_types
        no_order at `data`: jsonb cannot be used in greatest -> use a value in it, x ->> 'key', or x::text
    ");
}

#[test]
fn text_and_json_operators() {
    let text = r#"
        select name || ' ' || description as a, 'a' || 'b' as b, name || rooms::text as c from room_types
        select data -> 'a' as a, data ->> 'a' as b, data -> 0 as c, data -> 'a' ->> 'b' as d, data || '{"x":1}' as e from room_types
        select doc -> 'a' as a, doc ->> 0 as b from logs
        select (data ->> 'n')::integer + 1 as a from room_types
    "#;
    assert_snapshot!(meaning(text), @r#"
    select name || ' ' || description as a, 'a' || 'b' as b, name || rooms::text as c from room_types
        a text null, b text not null, c text not null; reads room_types(description, name, rooms)
    select data -> 'a' as a, data ->> 'a' as b, data -> 0 as c, data -> 'a' ->> 'b' as d, data || '{"x":1}' as e from room_types
        a jsonb null, b text null, c jsonb null, d text null, e jsonb null; reads room_types(data)
    select doc -> 'a' as a, doc ->> 0 as b from logs
        a json null, b text null; reads logs(doc)
    select (data ->> 'n')::integer + 1 as a from room_types
        a integer null; reads room_types(data)
    "#);
}

#[test]
fn text_and_json_operators_refused() {
    let text = r#"
        select name || rooms as a from room_types
        select rooms || rooms as a from room_types
        select name -> 'a' as a from room_types
        select data -> price_cents as a from room_types
        select '{}' -> 'a' as a
        select data #>> '{a,b}' as a, data @> '{}' as b, data ? 'a' as c from room_types
        select data['a'] as a from room_types
        select doc || doc as a from logs
        select name collate "C" as a from room_types
        select array[1, 2] as a
        select (1, 2) as a
        select row(1, 2) as a
    "#;
    assert_snapshot!(meaning(text), @r#"
    select name || rooms as a from room_types
        no_operator at `name || rooms`: there is no operator text || integer -> write rooms::text
    select rooms || rooms as a from room_types
        no_operator at `rooms || rooms`: there is no operator integer || integer -> it joins texts, or jsonb; cast both with ::text
    select name -> 'a' as a from room_types
        no_operator at `name -> 'a'`: there is no operator text -> text -> write name::jsonb
    select data -> price_cents as a from room_types
        no_operator at `data -> price_cents`: there is no operator jsonb -> bigint -> write price_cents::integer
    select '{}' -> 'a' as a
        untyped at `'{}' -> 'a'`: neither side of -> has a type -> write the type in front: date '2026-01-31', interval '1 day'
    select data #>> '{a,b}' as a, data @> '{}' as b, data ? 'a' as c from room_types
        not_portable at `data #>> '{a,b}'`: the operator #>> is not in the portable subset -> chain the steps: x -> 'a' ->> 'b'
        not_portable at `data @> '{}'`: the operator @> is not in the portable subset -> compare a value in it: x ->> 'key' = 'value'
        not_portable at `data ? 'a'`: the operator ? is not in the portable subset -> compare a value in it: x ->> 'key' = 'value'
    select data['a'] as a from room_types
        not_portable at `data['a']`: a subscript is not in the portable subset -> write x -> 'key' or x -> 0
    select doc || doc as a from logs
        no_operator at `doc || doc`: there is no operator json || json -> it joins texts, or jsonb; cast both with ::text
    select name collate "C" as a from room_types
        not_portable at `name collate "C"`: collate is not in the portable subset -> texts are ordered by code point; use lower(x)
    select array[1, 2] as a
        not_portable at `1, 2`: an array is not in the portable subset -> pass a list parameter, use in (..), or jsonb_build_array(..)
    select (1, 2) as a
        not_portable at `1, 2`: a row as a value is not in the portable subset -> compare it with another row: (a, b) = (c, d)
    select row(1, 2) as a
        unknown_function at `row(1, 2)`: the function row is not in the portable subset -> write (a, b)
    "#);
}
