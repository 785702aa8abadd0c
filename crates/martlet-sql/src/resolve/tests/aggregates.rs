//! Aggregates and groups.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn aggregates() {
    let text = r"
        select count(*) as a, count(description) as b, count(distinct name) as c, sum(rooms) as d, sum(price_cents)::bigint as e, sum(weight) as f from room_types
        select avg(rooms)::double precision as a, avg(price_cents)::integer as b, avg(weight) as c, sum(price_cents)::double precision as d from room_types
        select min(name) as a, max(price_cents) as b, bool_and(is_open) as c, bool_or(is_open) as d, string_agg(name, ', ' order by name) as e from room_types
        select json_agg(name order by id desc) as a, jsonb_agg(data) as b, json_agg(json_build_object('id', id)) as c from room_types
        select count(*) filter (where is_open) as a, sum(rooms) filter (where is_open) as b, string_agg(distinct name, ',') as c from room_types
        select name, count(*), sum(rooms), min(price_cents), json_agg(description) from room_types group by name
        select name, sum(rooms) filter (where is_open), max(description) from room_types group by name
        select min(at) as a, max(at::date) as b from logs
    ";
    assert_snapshot!(meaning(text), @r"
    select count(*) as a, count(description) as b, count(distinct name) as c, sum(rooms) as d, sum(price_cents)::bigint as e, sum(weight) as f from room_types
        a bigint not null, b bigint not null, c bigint not null, d bigint null, e bigint null, f double precision null; reads room_types(description, name, price_cents, rooms, weight); rows <= 1
    select avg(rooms)::double precision as a, avg(price_cents)::integer as b, avg(weight) as c, sum(price_cents)::double precision as d from room_types
        a double precision null, b integer null, c double precision null, d double precision null; reads room_types(price_cents, rooms, weight); rows <= 1
    select min(name) as a, max(price_cents) as b, bool_and(is_open) as c, bool_or(is_open) as d, string_agg(name, ', ' order by name) as e from room_types
        a text null, b bigint null, c boolean null, d boolean null, e text null; reads room_types(is_open, name, price_cents); rows <= 1
    select json_agg(name order by id desc) as a, jsonb_agg(data) as b, json_agg(json_build_object('id', id)) as c from room_types
        a json null, b jsonb null, c json null; reads room_types(data, id, name); rows <= 1
    select count(*) filter (where is_open) as a, sum(rooms) filter (where is_open) as b, string_agg(distinct name, ',') as c from room_types
        a bigint not null, b bigint null, c text null; reads room_types(is_open, name, rooms); rows <= 1
    select name, count(*), sum(rooms), min(price_cents), json_agg(description) from room_types group by name
        name text not null, count bigint not null, sum bigint not null, min bigint not null, json_agg json not null; reads room_types(description, name, price_cents, rooms)
    select name, sum(rooms) filter (where is_open), max(description) from room_types group by name
        name text not null, sum bigint null, max text null; reads room_types(description, is_open, name, rooms)
    select min(at) as a, max(at::date) as b from logs
        a timestamptz null, b date null; reads logs(at); rows <= 1
    ");
}

#[test]
fn aggregates_refused() {
    let text = r"
        select json_agg('x') as a, jsonb_agg(null) as b from room_types
        select sum(name) as a, sum(is_open) as b, avg(name) as c, min(is_open) as d, max(data) as e from room_types
        select sum(price_cents) as a, avg(rooms) as b from room_types
        select count() as a, sum() as b, sum(rooms, rooms) as c, count(name, name) as d from room_types
        select string_agg(name) as a, string_agg(rooms, ',') as b, string_agg(distinct name, description) as c from room_types
        select id from room_types where count(*) > 1
        select count(count(*)) as a from room_types
        select 1 as a from room_types a join room_types b on count(*) = 1
        select sum(distinct data) as a, count(distinct data) as b, count(distinct a, b) as c from room_types
        select sum(rooms order by id) as a, json_agg(distinct name order by id) as b, json_agg(name order by 1) as c from room_types
        select count(*) within group (order by id) as a, array_agg(id) as b, every(is_open) as c from room_types
        select (select sum(r.rooms) from bookings) as a from room_types r
        select sum('1') as a, min(null) as b
    ";
    assert_snapshot!(meaning(text), @r"
    select json_agg('x') as a, jsonb_agg(null) as b from room_types
        untyped at `'x'`: this literal needs a type -> write it in front: date '2026-01-31'
        untyped at `null`: this literal needs a type -> write it in front: date '2026-01-31'
    select sum(name) as a, sum(is_open) as b, avg(name) as c, min(is_open) as d, max(data) as e from room_types
        no_signature at `name`: sum does not take text -> write name::bigint
        no_signature at `is_open`: sum does not take a boolean -> write count(*) filter (where x)
        no_signature at `name`: avg does not take text -> write name::bigint
        no_signature at `is_open`: min does not take a boolean -> write bool_and(x) or bool_or(x)
        no_signature at `data`: max does not take jsonb -> write data::text
    select sum(price_cents) as a, avg(rooms) as b from room_types
        not_storable at `sum(price_cents)`: a numeric cannot be given in a column -> write sum(price_cents)::bigint or sum(price_cents)::double precision
        not_storable at `avg(rooms)`: a numeric cannot be given in a column -> write avg(rooms)::double precision
    select count() as a, sum() as b, sum(rooms, rooms) as c, count(name, name) as d from room_types
        arguments at `count()`: count does not take these arguments -> count(*), count(x), count(distinct x) -> bigint
        arguments at `sum()`: sum does not take these arguments -> sum(integer) -> bigint; sum(bigint) -> numeric, under a cast; sum(double precision)
        arguments at `sum(rooms, rooms)`: sum does not take these arguments -> sum(integer) -> bigint; sum(bigint) -> numeric, under a cast; sum(double precision)
        arguments at `count(name, name)`: count does not take these arguments -> count(*), count(x), count(distinct x) -> bigint
    select string_agg(name) as a, string_agg(rooms, ',') as b, string_agg(distinct name, description) as c from room_types
        arguments at `string_agg(name)`: string_agg does not take these arguments -> string_agg(text, separator [order by ..]) -> text
        type_mismatch at `rooms`: this is an integer, but text is wanted -> write rooms::text
        not_portable at `string_agg(distinct name, description)`: distinct with a computed separator is not in the portable subset -> write the separator as a text
    select id from room_types where count(*) > 1
        aggregate_here at `count(*)`: count may not stand in WHERE -> use HAVING, or a subquery
    select count(count(*)) as a from room_types
        aggregate_here at `count(*)`: count may not stand in another aggregate -> aggregate in a subquery first
    select 1 as a from room_types a join room_types b on count(*) = 1
        aggregate_here at `count(*)`: count may not stand in a join's condition -> join a subquery that aggregates
    select sum(distinct data) as a, count(distinct data) as b, count(distinct a, b) as c from room_types
        no_signature at `data`: sum does not take jsonb -> take a value out with ->> 'key' and cast that
        no_order at `data`: jsonb cannot be used in distinct -> use a value in it, x ->> 'key', or x::text
        unknown_column at `a`: there is no column `a` -> columns here: id, name, description, price_cents, rooms, weight, is_open, data
        unknown_column at `b`: there is no column `b` -> the parameter is written `:b`
    select sum(rooms order by id) as a, json_agg(distinct name order by id) as b, json_agg(name order by 1) as c from room_types
        not_portable at `sum(rooms order by id)`: an order in sum is not in the portable subset -> leave it out: it changes nothing
        distinct_order at `id`: with distinct only the argument can be ordered by -> order by the argument itself, or aggregate a subquery with select distinct
        not_portable at `1`: a constant in this order is not in the portable subset -> name a column; positions mean nothing here
    select count(*) within group (order by id) as a, array_agg(id) as b, every(is_open) as c from room_types
        not_portable at `count(*)`: this form of call is not in the portable subset -> write f(a, b)
        unknown_function at `array_agg(id)`: the function array_agg is not in the portable subset -> use json_agg(x order by ..)
        unknown_function at `every(is_open)`: the function every is not in the portable subset -> write bool_and(x)
    select (select sum(r.rooms) from bookings) as a from room_types r
        not_portable at `sum(r.rooms)`: an aggregate over an outer query's rows is not in the portable subset -> aggregate in the outer query, or use a column of this one
    select sum('1') as a, min(null) as b
        no_signature at `'1'`: sum does not take a literal without a type -> write a number without quotes
    ");
}

#[test]
fn groups() {
    let text = r"
        select name, rooms + 1 as more, count(*) from room_types group by name, rooms + 1
        select name as n, count(*) from room_types group by n
        select upper(name) as u, count(*) from room_types group by 1 order by 1 desc
        select id, name, description, count(*) from room_types group by id
        select rt.name, count(*) from room_types rt join bookings b on b.room_type_id = rt.id group by rt.id
        select rt.name, b.id, b.status from room_types rt join bookings b on b.room_type_id = rt.id group by rt.id, b.id
        select date_trunc('month', b.check_in)::date as month, sum(b.nights) as nights from bookings b group by date_trunc('month', b.check_in)::date order by month
        select status, count(*) from bookings group by status having count(*) > 1 and status <> 'x' order by count(*) desc, status
        select count(*) from bookings having count(*) > 1
        select note from pairs group by a, b
        select status, (select count(*) from room_types r where r.name = b.status) as n from bookings b group by status
        select distinct status, count(*) from bookings group by status, nights
        select status, sum(count(*)) over (order by status)::bigint as running from bookings group by status
    ";
    assert_snapshot!(meaning(text), @r"
    select name, rooms + 1 as more, count(*) from room_types group by name, rooms + 1
        name text not null, more integer not null, count bigint not null; reads room_types(name, rooms)
    select name as n, count(*) from room_types group by n
        n text not null, count bigint not null; reads room_types(name)
    select upper(name) as u, count(*) from room_types group by 1 order by 1 desc
        u text not null, count bigint not null; reads room_types(name)
    select id, name, description, count(*) from room_types group by id
        id bigint not null, name text not null, description text null, count bigint not null; reads room_types(description, id, name)
    select rt.name, count(*) from room_types rt join bookings b on b.room_type_id = rt.id group by rt.id
        name text not null, count bigint not null; reads bookings(room_type_id), room_types(id, name)
    select rt.name, b.id, b.status from room_types rt join bookings b on b.room_type_id = rt.id group by rt.id, b.id
        name text not null, id bigint not null, status text not null; reads bookings(id, room_type_id, status), room_types(id, name)
    select date_trunc('month', b.check_in)::date as month, sum(b.nights) as nights from bookings b group by date_trunc('month', b.check_in)::date order by month
        month date not null, nights bigint not null; reads bookings(check_in, nights)
    select status, count(*) from bookings group by status having count(*) > 1 and status <> 'x' order by count(*) desc, status
        status text not null, count bigint not null; reads bookings(status)
    select count(*) from bookings having count(*) > 1
        count bigint not null; reads bookings(); rows <= 1
    select note from pairs group by a, b
        note text null; reads pairs(a, b, note)
    select status, (select count(*) from room_types r where r.name = b.status) as n from bookings b group by status
        status text not null, n bigint not null; reads bookings(status), room_types(name)
    select distinct status, count(*) from bookings group by status, nights
        status text not null, count bigint not null; reads bookings(nights, status)
    select status, sum(count(*)) over (order by status)::bigint as running from bookings group by status
        status text not null, running bigint not null; reads bookings(status)
    ");
}

#[test]
fn groups_refused() {
    let text = r"
        select name, rooms from room_types group by name
        select name, count(*) from room_types
        select name from room_types having count(*) > 1
        select name, count(*) from room_types group by name order by rooms
        select name, count(*) from room_types group by name having rooms > 1
        select rooms + 2 as a from room_types group by rooms + 1
        select note from pairs group by a
        select status, (select count(*) from room_types r where r.id = b.room_type_id) as n from bookings b group by status
        select status, (select sum(r.rooms + b.nights) from room_types r) as n from bookings b group by status
        select name from room_types group by 2
        select name from room_types group by 'x'
        select 'x' as k, count(*) from room_types group by k
        select count(*) as c from room_types group by c
        select data, count(*) from room_types group by data
        select name, count(*) from room_types group by rollup (name)
        select name, count(*) from room_types group by grouping sets ((name), ())
        select * from room_types group by name
    ";
    assert_snapshot!(meaning(text), @r"
    select name, rooms from room_types group by name
        not_grouped at `rooms`: room_types.rooms is neither grouped by nor aggregated -> add room_types.rooms to GROUP BY, or take min(room_types.rooms)
    select name, count(*) from room_types
        not_grouped at `name`: room_types.name is neither grouped by nor aggregated -> add room_types.name to GROUP BY, or take min(room_types.name)
    select name from room_types having count(*) > 1
        not_grouped at `name`: room_types.name is neither grouped by nor aggregated -> add room_types.name to GROUP BY, or take min(room_types.name)
    select name, count(*) from room_types group by name order by rooms
        not_grouped at `rooms`: room_types.rooms is neither grouped by nor aggregated -> add room_types.rooms to GROUP BY, or take min(room_types.rooms)
    select name, count(*) from room_types group by name having rooms > 1
        not_grouped at `rooms`: room_types.rooms is neither grouped by nor aggregated -> add room_types.rooms to GROUP BY, or take min(room_types.rooms)
    select rooms + 2 as a from room_types group by rooms + 1
        not_grouped at `rooms`: room_types.rooms is neither grouped by nor aggregated -> add room_types.rooms to GROUP BY, or take min(room_types.rooms)
    select note from pairs group by a
        not_grouped at `note`: pairs.note is neither grouped by nor aggregated -> add pairs.note to GROUP BY, or take min(pairs.note)
    select status, (select count(*) from room_types r where r.id = b.room_type_id) as n from bookings b group by status
        not_grouped at `b.room_type_id`: b.room_type_id is neither grouped by nor aggregated -> add b.room_type_id to GROUP BY, or take min(b.room_type_id)
    select status, (select sum(r.rooms + b.nights) from room_types r) as n from bookings b group by status
        not_grouped at `b.nights`: b.nights is neither grouped by nor aggregated -> add b.nights to GROUP BY, or take min(b.nights)
    select name from room_types group by 2
        unknown_position at `2`: GROUP BY has no column 2 -> positions are 1 to 1
    select name from room_types group by 'x'
        not_portable at `'x'`: a constant in GROUP BY is not in the portable subset -> leave it out: it groups nothing
    select 'x' as k, count(*) from room_types group by k
        not_portable at `'x'`: a constant in GROUP BY is not in the portable subset -> leave it out: it groups nothing
    select count(*) as c from room_types group by c
        aggregate_here at `count(*)`: an aggregate may not stand in GROUP BY -> group by columns, or aggregate in a subquery
    select data, count(*) from room_types group by data
        no_order at `data`: jsonb cannot be used in GROUP BY -> use a value in it, x ->> 'key', or x::text
    select name, count(*) from room_types group by rollup (name)
        not_portable at `name`: grouping sets is not in the portable subset -> group by columns; join several queries by union all
    select name, count(*) from room_types group by grouping sets ((name), ())
        not_portable at `name`: grouping sets is not in the portable subset -> group by columns; join several queries by union all
    select * from room_types group by name
        not_grouped at `*`: room_types.id is neither grouped by nor aggregated -> add room_types.id to GROUP BY, or take min(room_types.id)
        not_grouped at `*`: room_types.description is neither grouped by nor aggregated -> add room_types.description to GROUP BY, or take min(room_types.description)
        not_grouped at `*`: room_types.price_cents is neither grouped by nor aggregated -> add room_types.price_cents to GROUP BY, or take min(room_types.price_cents)
        not_grouped at `*`: room_types.rooms is neither grouped by nor aggregated -> add room_types.rooms to GROUP BY, or take min(room_types.rooms)
        not_grouped at `*`: room_types.weight is neither grouped by nor aggregated -> add room_types.weight to GROUP BY, or take min(room_types.weight)
        not_grouped at `*`: room_types.is_open is neither grouped by nor aggregated -> add room_types.is_open to GROUP BY, or take min(room_types.is_open)
        not_grouped at `*`: room_types.data is neither grouped by nor aggregated -> add room_types.data to GROUP BY, or take min(room_types.data)
    ");
}
