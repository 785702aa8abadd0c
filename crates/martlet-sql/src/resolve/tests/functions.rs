//! Functions: signatures, what they give, and what to write instead of others.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn text_functions() {
    let text = r"
        select lower(name) as a, upper(description) as b, length(name) as c, length(description) as d from room_types
        select substr(name, 2) as a, substr(name, 2, 3) as b, substring(name from 2 for 3) as c, substring(name, 2) as d from room_types
        select trim(name) as a, trim(both 'x' from name) as b, trim(leading 'x' from name) as c, ltrim(name, 'x') as d, btrim(name) as e, rtrim(name) as f from room_types
        select replace(name, 'a', 'b') as a, md5(name) as b, concat(name, description, rooms, null) as c from room_types
        select encode(sha256(convert_to(name, 'UTF8')), 'hex') as a, encode(sha256(convert_to(description, 'UTF8')), 'hex') as b from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select lower(name) as a, upper(description) as b, length(name) as c, length(description) as d from room_types
        a text not null, b text null, c integer not null, d integer null; reads room_types(description, name)
    select substr(name, 2) as a, substr(name, 2, 3) as b, substring(name from 2 for 3) as c, substring(name, 2) as d from room_types
        a text not null, b text not null, c text not null, d text not null; reads room_types(name)
    select trim(name) as a, trim(both 'x' from name) as b, trim(leading 'x' from name) as c, ltrim(name, 'x') as d, btrim(name) as e, rtrim(name) as f from room_types
        a text not null, b text not null, c text not null, d text not null, e text not null, f text not null; reads room_types(name)
    select replace(name, 'a', 'b') as a, md5(name) as b, concat(name, description, rooms, null) as c from room_types
        a text not null, b text not null, c text not null; reads room_types(description, name, rooms)
    select encode(sha256(convert_to(name, 'UTF8')), 'hex') as a, encode(sha256(convert_to(description, 'UTF8')), 'hex') as b from room_types
        a text not null, b text null; reads room_types(description, name)
    ");
}

#[test]
fn text_functions_refused() {
    let text = r"
        select substr(name from 2) as a, substring(name from 2, 3) as b, substring(name, 2 for 3) as c from room_types
        select count((*)) as a from room_types
        select name not null as a from room_types
        select lower(rooms) as a, length(data) as b from room_types
        select substr(name, price_cents) as a, substr(name, 'x') as b, substr(name) as c from room_types
        select substring(name similar 'x' escape 'y') as a from room_types
        select concat(is_open) as a, concat() as b, concat(interval '1 day') as c from room_types
        select sha256(name) as a, encode(name, 'base64') as b, encode(sha256(convert_to(name, 'LATIN1')), 'hex') as c from room_types
        select char_length(name) as a, left(name, 2) as b, split_part(name, ',', 1) as c, initcap(name) as d from room_types
        select position('a' in name) as a, overlay(name placing 'a' from 1) as b from room_types
        select lowr(name) as a, frobnicate(name) as b, pg_sleep(1) as c from room_types
        select lower(distinct name) as a, lower(*) as b, lower(name order by name) as c from room_types
        select lower(x => name) as a, pg_catalog.lower(name) as b from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select substr(name from 2) as a, substring(name from 2, 3) as b, substring(name, 2 for 3) as c from room_types
        not_portable at `substr(name from 2)`: this form of substring is not in the portable subset -> write substr(text, start, length)
        not_portable at `substring(name from 2, 3)`: this form of substring is not in the portable subset -> write substr(text, start, length)
        not_portable at `substring(name, 2 for 3)`: this form of substring is not in the portable subset -> write substr(text, start, length)
    select count((*)) as a from room_types
        not_portable at `count((*))`: * in brackets is not in the portable subset -> write count(*)
    select name not null as a from room_types
        not_portable at `name`: x not null is not in the portable subset -> write x is not null
    select lower(rooms) as a, length(data) as b from room_types
        type_mismatch at `rooms`: this is an integer, but text is wanted -> write rooms::text
        type_mismatch at `data`: this is jsonb, but text is wanted -> write data::text
    select substr(name, price_cents) as a, substr(name, 'x') as b, substr(name) as c from room_types
        type_mismatch at `price_cents`: this is a bigint, but an integer is wanted -> write price_cents::integer
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
        not_portable at `substr(name)`: this form of substring is not in the portable subset -> write substr(text, start, length)
    select substring(name similar 'x' escape 'y') as a from room_types
        syntax at `similar`: expected IN or BETWEEN after NOT, found similar
    select concat(is_open) as a, concat() as b, concat(interval '1 day') as c from room_types
        type_mismatch at `is_open`: concat writes a boolean as t or f -> write is_open::text
        arguments at `concat()`: concat does not take these arguments -> concat(x, ...) -> text; never null; any type but boolean, json and jsonb
        type_mismatch at `interval '1 day'`: concat cannot take an interval -> write (interval '1 day')::text
    select sha256(name) as a, encode(name, 'base64') as b, encode(sha256(convert_to(name, 'LATIN1')), 'hex') as c from room_types
        unknown_function at `sha256(name)`: the function sha256 is not in the portable subset -> write encode(sha256(convert_to(x, 'UTF8')), 'hex')
        not_portable at `encode(name, 'base64')`: this use of encode is not in the portable subset -> the one form is encode(sha256(convert_to(x, 'UTF8')), 'hex')
        not_portable at `encode(sha256(convert_to(name, 'LATIN1')), 'hex')`: this use of encode is not in the portable subset -> the one form is encode(sha256(convert_to(x, 'UTF8')), 'hex')
    select char_length(name) as a, left(name, 2) as b, split_part(name, ',', 1) as c, initcap(name) as d from room_types
        unknown_function at `char_length(name)`: the function char_length is not in the portable subset -> write length(x)
        unknown_function at `left(name, 2)`: the function left is not in the portable subset -> write substr(x, 1, n)
        unknown_function at `split_part(name, ',', 1)`: the function split_part is not in the portable subset -> store the parts in columns of their own
        unknown_function at `initcap(name)`: the function initcap is not in the portable subset -> write upper(substr(x, 1, 1)) || substr(x, 2)
    select position('a' in name) as a, overlay(name placing 'a' from 1) as b from room_types
        not_portable at `position('a' in name)`: position is not in the portable subset -> use like, or x <> replace(x, 'part', '')
        not_portable at `name placing 'a' from 1`: overlay is not in the portable subset -> use substr and ||
    select lowr(name) as a, frobnicate(name) as b, pg_sleep(1) as c from room_types
        unknown_function at `lowr(name)`: the function lowr is not in the portable subset -> did you mean lower(..)?
        unknown_function at `frobnicate(name)`: the function frobnicate is not in the portable subset -> docs/sql.md has the functions
        unknown_function at `pg_sleep(1)`: the function pg_sleep is not in the portable subset -> nothing may wait inside a statement
    select lower(distinct name) as a, lower(*) as b, lower(name order by name) as c from room_types
        not_portable at `lower(distinct name)`: distinct, order by, filter or * in a function that is no aggregate is not in the portable subset -> leave it out
        not_portable at `lower(*)`: distinct, order by, filter or * in a function that is no aggregate is not in the portable subset -> leave it out
        not_portable at `lower(name order by name)`: distinct, order by, filter or * in a function that is no aggregate is not in the portable subset -> leave it out
    select lower(x => name) as a, pg_catalog.lower(name) as b from room_types
        not_portable at `lower(x => name)`: a named argument is not in the portable subset -> give the arguments in order
        not_portable at `pg_catalog.lower(name)`: a schema before a function's name is not in the portable subset -> write the name alone
    ");
}

#[test]
fn numbers() {
    let text = r"
        select abs(rooms) as a, abs(price_cents) as b, abs(weight) as c, floor(weight) as d, ceil(rooms) as e, ceiling(weight) as f, round(weight) as g from room_types
        select round(avg(rooms), 2)::double precision as a, round(sum(price_cents))::bigint as b, round(weight::numeric, 1)::double precision as c from room_types group by weight
        select random() as a, random_int(1, 6) as b, martlet.random_int(1, id) as c, gen_random_uuid() as d from bookings
        select floor(1.5)::integer as a, abs('-1') as b
    ";
    assert_snapshot!(meaning(text), @r"
    select abs(rooms) as a, abs(price_cents) as b, abs(weight) as c, floor(weight) as d, ceil(rooms) as e, ceiling(weight) as f, round(weight) as g from room_types
        a integer not null, b bigint not null, c double precision null, d double precision null, e double precision not null, f double precision null, g double precision null; reads room_types(price_cents, rooms, weight)
    select round(avg(rooms), 2)::double precision as a, round(sum(price_cents))::bigint as b, round(weight::numeric, 1)::double precision as c from room_types group by weight
        a double precision not null, b bigint not null, c double precision null; reads room_types(price_cents, rooms, weight)
    select random() as a, random_int(1, 6) as b, martlet.random_int(1, id) as c, gen_random_uuid() as d from bookings
        a double precision not null, b bigint not null, c bigint not null, d uuid not null; reads bookings(id); volatile
    select floor(1.5)::integer as a, abs('-1') as b
        a integer not null, b double precision not null; rows <= 1
    ");
}

#[test]
fn numbers_refused() {
    let text = r"
        select round(weight, 2) as a, round(name) as b, round(1.5) as c from room_types
        select power(rooms, 2) as a, sqrt(weight) as b, mod(rooms, 2) as c, trunc(weight) as d, sign(rooms) as e from room_types
        select random_int(1, weight) as a, random(1) as b from room_types
        select auth.random_int(1, 2) as a, other.random_int(1, 2) as b
    ";
    assert_snapshot!(meaning(text), @r"
    select round(weight, 2) as a, round(name) as b, round(1.5) as c from room_types
        type_mismatch at `weight`: this is a double precision, but a numeric is wanted -> write weight::numeric
        no_signature at `round(name)`: there is no round(text) -> there is round(double precision), round(numeric), round(numeric, integer)
        not_storable at `round(1.5)`: a numeric cannot be given in a column -> write round(1.5)::bigint or round(1.5)::double precision
    select power(rooms, 2) as a, sqrt(weight) as b, mod(rooms, 2) as c, trunc(weight) as d, sign(rooms) as e from room_types
        unknown_function at `power(rooms, 2)`: the function power is not in the portable subset -> multiply: x * x
        unknown_function at `sqrt(weight)`: the function sqrt is not in the portable subset -> compute it in the client
        unknown_function at `mod(rooms, 2)`: the function mod is not in the portable subset -> write a % b
        unknown_function at `trunc(weight)`: the function trunc is not in the portable subset -> write floor(x), or x::bigint
        unknown_function at `sign(rooms)`: the function sign is not in the portable subset -> write case when x < 0 then -1 when x > 0 then 1 else 0 end
    select random_int(1, weight) as a, random(1) as b from room_types
        type_mismatch at `weight`: this is a double precision, but a bigint is wanted -> write weight::bigint
        no_signature at `random(1)`: there is no random(integer) -> there is random()
    select auth.random_int(1, 2) as a, other.random_int(1, 2) as b
        arguments at `auth.random_int(1, 2)`: auth.random_int does not take these arguments -> it takes none
        not_portable at `other.random_int(1, 2)`: a schema before a function's name is not in the portable subset -> write the name alone
    ");
}

#[test]
fn times() {
    let text = r"
        select now() as a, current_date as b, date_trunc('month', check_in) as c, date_trunc('day', created_at)::date as d from bookings
        select date_trunc('hour', created_at::timestamp)::timestamptz as a, to_char(check_in, 'YYYY-MM') as b, to_char(created_at, 'YYYY') as c from bookings
        select extract(year from check_in)::integer as a, extract(dow from created_at)::bigint as b, extract(second from created_at)::double precision as c from bookings
        select extract(epoch from now())::bigint as a, extract(day from interval '3 days')::integer as b
    ";
    assert_snapshot!(meaning(text), @r"
    select now() as a, current_date as b, date_trunc('month', check_in) as c, date_trunc('day', created_at)::date as d from bookings
        a timestamptz not null, b date not null, c timestamptz not null, d date not null; reads bookings(check_in, created_at); timed
    select date_trunc('hour', created_at::timestamp)::timestamptz as a, to_char(check_in, 'YYYY-MM') as b, to_char(created_at, 'YYYY') as c from bookings
        a timestamptz not null, b text null, c text null; reads bookings(check_in, created_at)
    select extract(year from check_in)::integer as a, extract(dow from created_at)::bigint as b, extract(second from created_at)::double precision as c from bookings
        a integer not null, b bigint null, c double precision null; reads bookings(check_in, created_at)
    select extract(epoch from now())::bigint as a, extract(day from interval '3 days')::integer as b
        a bigint not null, b integer null; rows <= 1; timed
    ");
}

#[test]
fn times_refused() {
    let text = r"
        select date_trunc('day', null) as a, to_char('2026-01-01', 'YYYY') as b, extract(year from '2026-01-01')::integer as c
        select extract(year from check_in) as a from bookings
        select extract(hour from check_in)::integer as a, extract(dow from interval '1 day')::integer as b, extract(year from nights)::integer as c from bookings
        select extract(century from check_in)::integer as a, extract(timezone from now())::integer as b from bookings
        select extract(year from check_in) = 2026 as a, extract(year from check_in) + 1 as b from bookings
        select date_trunc('decade', now()) as a, date_trunc(status, now()) as b, date_trunc('day', nights) as c from bookings
        select to_char(check_in, 'DD.MM.YYYY') as a, to_char(nights, '999') as b, to_char(check_in, status) as c from bookings
        select current_timestamp as a, clock_timestamp() as b, date_part('year', now()) as c, age(now()) as d, to_timestamp(0) as e
        select make_date(2026, 1, 1) as a, to_date('2026', 'YYYY') as b, datetime('now') as c, strftime('%Y', now()) as d
    ";
    assert_snapshot!(meaning(text), @r"
    select date_trunc('day', null) as a, to_char('2026-01-01', 'YYYY') as b, extract(year from '2026-01-01')::integer as c
        untyped at `null`: this literal needs a type -> write it in front: date '2026-01-31'
        untyped at `'2026-01-01'`: this literal needs a type -> write it in front: date '2026-01-31'
        type_mismatch at `'2026-01-01'`: year cannot be extracted from a literal without a type -> there is no cast from unknown to timestamptz
    select extract(year from check_in) as a from bookings
        not_storable at `extract(year from check_in)`: a numeric cannot be given in a column -> write extract(year from check_in)::integer
    select extract(hour from check_in)::integer as a, extract(dow from interval '1 day')::integer as b, extract(year from nights)::integer as c from bookings
        type_mismatch at `check_in`: hour cannot be extracted from a date -> a date has no time of day
        type_mismatch at `interval '1 day'`: dow cannot be extracted from an interval -> an interval has no place in the calendar
        type_mismatch at `nights`: year cannot be extracted from an integer -> there is no cast from integer to timestamptz
    select extract(century from check_in)::integer as a, extract(timezone from now())::integer as b from bookings
        not_portable at `extract(century from check_in)`: extract of CENTURY is not in the portable subset -> write extract(field from x): epoch, year, quarter, month, week, day, dow, isodow, doy, isoyear, hour, minute, second
        not_portable at `extract(timezone from now())`: extract of TIMEZONE is not in the portable subset -> write extract(field from x): epoch, year, quarter, month, week, day, dow, isodow, doy, isoyear, hour, minute, second
    select extract(year from check_in) = 2026 as a, extract(year from check_in) + 1 as b from bookings
        no_order at `extract(year from check_in)`: a numeric cannot be used in a comparison -> cast it: x::double precision, or x::bigint
        numeric at `extract(year from check_in)`: this is a numeric, which needs a cast -> cast it at once: sum(x)::bigint, avg(x)::double precision, extract(..)::integer
    select date_trunc('decade', now()) as a, date_trunc(status, now()) as b, date_trunc('day', nights) as c from bookings
        arguments at `date_trunc('decade', now())`: date_trunc does not take these arguments -> the unit is one of 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'
        arguments at `date_trunc(status, now())`: date_trunc does not take these arguments -> the unit is one of 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'
        type_mismatch at `nights`: this is an integer, but a timestamptz is wanted -> there is no cast from integer to timestamptz
    select to_char(check_in, 'DD.MM.YYYY') as a, to_char(nights, '999') as b, to_char(check_in, status) as c from bookings
        arguments at `to_char(check_in, 'DD.MM.YYYY')`: to_char does not take these arguments -> to_char(date or timestamptz, 'YYYY' | 'MM' | 'YYYY-MM' | 'YYYY-MM-DD') -> text
        arguments at `to_char(nights, '999')`: to_char does not take these arguments -> to_char(date or timestamptz, 'YYYY' | 'MM' | 'YYYY-MM' | 'YYYY-MM-DD') -> text
        arguments at `to_char(check_in, status)`: to_char does not take these arguments -> to_char(date or timestamptz, 'YYYY' | 'MM' | 'YYYY-MM' | 'YYYY-MM-DD') -> text
    select current_timestamp as a, clock_timestamp() as b, date_part('year', now()) as c, age(now()) as d, to_timestamp(0) as e
        unknown_function at `current_timestamp`: the function current_timestamp is not in the portable subset -> write now()
        unknown_function at `clock_timestamp()`: the function clock_timestamp is not in the portable subset -> write now()
        unknown_function at `date_part('year', now())`: the function date_part is not in the portable subset -> write extract(field from x)::integer
        unknown_function at `age(now())`: the function age is not in the portable subset -> docs/sql.md has the functions
        unknown_function at `to_timestamp(0)`: the function to_timestamp is not in the portable subset -> write timestamptz '1970-01-01' + x * interval '1 second'
    select make_date(2026, 1, 1) as a, to_date('2026', 'YYYY') as b, datetime('now') as c, strftime('%Y', now()) as d
        unknown_function at `make_date(2026, 1, 1)`: the function make_date is not in the portable subset -> write text::date
        unknown_function at `to_date('2026', 'YYYY')`: the function to_date is not in the portable subset -> write x::date
        unknown_function at `datetime('now')`: the function datetime is not in the portable subset -> write x::timestamptz
        unknown_function at `strftime('%Y', now())`: the function strftime is not in the portable subset -> write to_char(x, 'YYYY-MM-DD') or extract(field from x)::integer
    ");
}

#[test]
fn json_constructors() {
    let text = r"
        select json_build_object('id', id, 'name', name, 'open', is_open, 'w', weight, 'd', data) as a, jsonb_build_array(1, 'x', null) as b from room_types
        select json_build_object() as a, json_build_array() as b, jsonb_build_object(name, 1) as c, jsonb_build_object('a', json_build_array(check_in)) as d from room_types, bookings
    ";
    assert_snapshot!(meaning(text), @r"
    select json_build_object('id', id, 'name', name, 'open', is_open, 'w', weight, 'd', data) as a, jsonb_build_array(1, 'x', null) as b from room_types
        a json not null, b jsonb not null; reads room_types(data, id, is_open, name, weight)
    select json_build_object() as a, json_build_array() as b, jsonb_build_object(name, 1) as c, jsonb_build_object('a', json_build_array(check_in)) as d from room_types, bookings
        a json not null, b json not null, c jsonb not null, d jsonb not null; reads bookings(check_in), room_types(name)
    ");
}

#[test]
fn json_constructors_refused() {
    let text = r"
        select json_build_object('a') as a, json_build_object(description, 1) as b, json_build_object(rooms, 1) as c from room_types
        select json_build_object('a', sum(price_cents)) as a, json_build_array(interval '1 day') as b, json_build_array(1.5) as c from room_types
        select to_json(name) as a, row_to_json(room_types) as b, jsonb_set(data, '{a}', '1') as c, json_object_agg(name, id) as d from room_types
        select room_types as a from room_types
    ";
    assert_snapshot!(meaning(text), @r"
    select json_build_object('a') as a, json_build_object(description, 1) as b, json_build_object(rooms, 1) as c from room_types
        arguments at `json_build_object('a')`: json_build_object does not take these arguments -> json_build_object('key', value, ...) -> json
        null_key at `description`: a key may not be null -> write coalesce(description, '')
        type_mismatch at `rooms`: this is an integer, but text is wanted -> write rooms::text
    select json_build_object('a', sum(price_cents)) as a, json_build_array(interval '1 day') as b, json_build_array(1.5) as c from room_types
        not_storable at `sum(price_cents)`: a numeric cannot be given in JSON -> write sum(price_cents)::bigint or sum(price_cents)::double precision
        not_storable at `interval '1 day'`: an interval cannot be given in JSON -> write extract(epoch from interval '1 day')::bigint
        not_storable at `1.5`: a numeric cannot be given in JSON -> write 1.5::double precision
    select to_json(name) as a, row_to_json(room_types) as b, jsonb_set(data, '{a}', '1') as c, json_object_agg(name, id) as d from room_types
        unknown_function at `to_json(name)`: the function to_json is not in the portable subset -> write json_build_object('key', x)
        unknown_function at `row_to_json(room_types)`: the function row_to_json is not in the portable subset -> write json_build_object('id', t.id, ...)
        unknown_function at `jsonb_set(data, '{a}', '1')`: the function jsonb_set is not in the portable subset -> write x || jsonb_build_object('key', value)
        unknown_function at `json_object_agg(name, id)`: the function json_object_agg is not in the portable subset -> use json_agg(json_build_object('key', k, 'value', v))
    select room_types as a from room_types
        not_portable at `room_types`: a whole row as a value is not in the portable subset -> name its columns: room_types.id, or json_build_object('id', room_types.id)
    ");
}
