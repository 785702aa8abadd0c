//! FROM: joins, aliases, views, subqueries, functions; nullability by outer joins.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn tables_and_aliases() {
    let text = r#"
        select * from pairs
        select p.* from pairs p
        select p.a, q.a as b from pairs as p, pairs as q
        select "a" from PAIRS where A = 1
        select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id
        select b.id, rt.name, rt.description from bookings b left join room_types rt on rt.id = b.room_type_id
        select u.id, x.nights, y.name from users u left join (bookings x join room_types y on y.id = x.room_type_id) on x.user_id = u.id
        select count(*) from pairs cross join logs
        select a, p.note, q.note as other from pairs p join pairs q using (a, b)
        select * from pairs p left join pairs q using (a, b)
        select name, price from open_types
        select guest, booking from guests g where g.booking = 1
        select t.n from open_types as t (i, n, p)
    "#;
    assert_snapshot!(meaning(text), @r#"
    select * from pairs
        a integer not null, b integer not null, note text null; reads pairs(a, b, note)
    select p.* from pairs p
        a integer not null, b integer not null, note text null; reads pairs(a, b, note)
    select p.a, q.a as b from pairs as p, pairs as q
        a integer not null, b integer not null; reads pairs(a)
    select "a" from PAIRS where A = 1
        a integer not null; reads pairs(a)
    select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id
        id bigint not null, name text not null; reads bookings(id, room_type_id), room_types(id, name)
    select b.id, rt.name, rt.description from bookings b left join room_types rt on rt.id = b.room_type_id
        id bigint not null, name text null, description text null; reads bookings(id, room_type_id), room_types(description, id, name)
    select u.id, x.nights, y.name from users u left join (bookings x join room_types y on y.id = x.room_type_id) on x.user_id = u.id
        id uuid not null, nights integer null, name text null; reads bookings(nights, room_type_id, user_id), room_types(id, name), users(id)
    select count(*) from pairs cross join logs
        count bigint not null; reads logs(), pairs(); rows <= 1
    select a, p.note, q.note as other from pairs p join pairs q using (a, b)
        a integer not null, note text null, other text null; reads pairs(a, b, note)
    select * from pairs p left join pairs q using (a, b)
        duplicate_column at `*`: two columns are named `note` -> give one another name with as
    select name, price from open_types
        name text not null, price bigint not null; reads room_types(id, is_open, name, price_cents)
    select guest, booking from guests g where g.booking = 1
        guest text null, booking bigint not null; reads bookings(id, user_id), users(id, name)
    select t.n from open_types as t (i, n, p)
        n text not null; reads room_types(id, is_open, name, price_cents)
    "#);
}

#[test]
fn tables_refused() {
    let text = r"
        select id from room_type
        select id from nowhere
        select nme from room_types
        select rt.nme, x.name from room_types rt
        select room_types.name from room_types rt
        select id from bookings b, room_types rt
        select 1 as a from pairs, pairs
        select 1 as a from pairs p join logs p on true
        select 1 as a from pairs p right join logs l on true
        select 1 as a from pairs p full join logs l on true
        select 1 as a from pairs natural join pairs q
        select 1 as a from pairs p join logs l
        select 1 as a from pairs p, logs l join users u on u.name = p.note
        select 1 as a from pairs p join pairs q using (c)
        select 1 as a from bookings b join room_types r using (name)
        select 1 as a from public.pairs
        select 1 as a from pairs as p (x, y)
        select 1 as a from pairs tablesample system (1)
        select public.pairs.a from pairs
        select x.* from pairs
        select * from nowhere
        select * from nowhere n join pairs p on p.a = n.a and p.zzz = 1
        select p.a from nowhere n join pairs p on p.zzz = n.a
        select *
        select :n as n, zzz
        select oid, ctid from pairs
    ";
    assert_snapshot!(meaning(text), @r"
    select id from room_type
        unknown_table at `room_type`: there is no table or view `room_type` -> did you mean `room_types`?
    select id from nowhere
        unknown_table at `nowhere`: there is no table or view `nowhere` -> a migration creates it: create table ..
    select nme from room_types
        unknown_column at `nme`: there is no column `nme` -> did you mean `name`?
    select rt.nme, x.name from room_types rt
        unknown_column at `rt.nme`: there is no column `nme` in `rt` -> did you mean `name`?
        unknown_relation at `x.name`: `x` is not in FROM -> name a table or alias of this query's FROM
    select room_types.name from room_types rt
        unknown_relation at `room_types.name`: `room_types` is not in FROM -> use its alias here; a subquery in FROM sees no other item of FROM
    select id from bookings b, room_types rt
        ambiguous_column at `id`: `id` may mean several columns -> write b.id or rt.id
    select 1 as a from pairs, pairs
        duplicate_alias at `select 1 as a from pairs, pairs`: `pairs` stands twice in FROM -> give one an alias: pairs as other
    select 1 as a from pairs p join logs p on true
        duplicate_alias at `select 1 as a from pairs p join logs p on true`: `p` stands twice in FROM -> give one an alias: p as other
    select 1 as a from pairs p right join logs l on true
        not_portable at `logs l`: RIGHT JOIN is not in the portable subset -> swap the two sides and write left join
    select 1 as a from pairs p full join logs l on true
        not_portable at `logs l`: FULL JOIN is not in the portable subset -> write a left join, union all the right rows without a partner
    select 1 as a from pairs natural join pairs q
        not_portable at `pairs q`: NATURAL JOIN is not in the portable subset -> name the columns: join t using (id)
    select 1 as a from pairs p join logs l
        no_condition at `logs l`: this join has no condition -> add on a.x = b.y
    select 1 as a from pairs p, logs l join users u on u.name = p.note
        unknown_relation at `p.note`: `p` is not in FROM -> did you mean `l`?
    select 1 as a from pairs p join pairs q using (c)
        unknown_column at `c`: one side of the join has no column `c` -> write on a.x = b.y
    select 1 as a from bookings b join room_types r using (name)
        unknown_column at `name`: one side of the join has no column `name` -> write on a.x = b.y
    select 1 as a from public.pairs
        not_portable at `public.pairs`: a schema before a table is not in the portable subset -> write the table's name alone
    select 1 as a from pairs as p (x, y)
        not_portable at `pairs as p (x, y`: new names for a table's columns is not in the portable subset -> name them with as in the select list
    select 1 as a from pairs tablesample system (1)
        not_portable at `pairs`: this item of FROM is not in the portable subset -> name a table, a view, a subquery or a function
    select public.pairs.a from pairs
        not_portable at `public.pairs.a`: a name of more than two parts is not in the portable subset -> write alias.column, without a schema
    select x.* from pairs
        unknown_relation at `x`: `x` is not in FROM -> name a table or alias of this query's FROM
    select * from nowhere
        unknown_table at `nowhere`: there is no table or view `nowhere` -> a migration creates it: create table ..
    select * from nowhere n join pairs p on p.a = n.a and p.zzz = 1
        unknown_table at `nowhere n`: there is no table or view `nowhere` -> a migration creates it: create table ..
        unknown_column at `p.zzz`: there is no column `zzz` in `p` -> columns here: a, b, note
    select p.a from nowhere n join pairs p on p.zzz = n.a
        unknown_table at `nowhere n`: there is no table or view `nowhere` -> a migration creates it: create table ..
        unknown_column at `p.zzz`: there is no column `zzz` in `p` -> columns here: a, b, note
    select *
        not_portable at `*`: * without FROM is not in the portable subset -> name the values
    select :n as n, zzz
        unknown_column at `zzz`: there is no column `zzz` -> there is no FROM here; a text is written in single quotes
    select oid, ctid from pairs
        unknown_column at `oid`: there is no column `oid` -> columns here: a, b, note
        unknown_column at `ctid`: there is no column `ctid` -> columns here: a, b, note
    ");
}

#[test]
fn subqueries_and_ctes() {
    let text = r"
        select s.n from (select count(*) as n from pairs) as s
        select s.x + 1 as y from (select a from pairs) as s (x)
        with open as (select id, name from room_types where is_open) select o.name from open o join bookings b on b.room_type_id = o.id
        with x (k, n) as (select a, count(*) from pairs group by a), y as (select n from x where k = 1) select * from y
        with r as materialized (select 1 as a) select a from r
        select r from (select random() as r) as s
        select (select name from room_types rt where rt.id = b.room_type_id) as name, (select max(nights) from bookings) as m, (select count(*) from pairs) as c from bookings b
        select id from bookings b where exists (select 1 from room_types rt where rt.id = b.room_type_id) and not exists (select * from pairs where a = b.nights)
        select id from bookings where room_type_id in (select id from room_types) and nights not in (select a from pairs) and id = any(select id from room_types)
        select id from bookings where (nights, status) in (select a, note from pairs)
        select s.x from (select 'a' as x, null as y union all select 'b', 1) as s
        select s.d from (select interval '1 day' as i, date '2026-01-01' as d) as s where now() + s.i > s.d
    ";
    assert_snapshot!(meaning(text), @r"
    select s.n from (select count(*) as n from pairs) as s
        n bigint not null; reads pairs(); rows <= 1
    select s.x + 1 as y from (select a from pairs) as s (x)
        y integer not null; reads pairs(a)
    with open as (select id, name from room_types where is_open) select o.name from open o join bookings b on b.room_type_id = o.id
        name text not null; reads bookings(room_type_id), room_types(id, is_open, name)
    with x (k, n) as (select a, count(*) from pairs group by a), y as (select n from x where k = 1) select * from y
        n bigint not null; reads pairs(a)
    with r as materialized (select 1 as a) select a from r
        a integer not null; rows <= 1
    select r from (select random() as r) as s
        r double precision not null; rows <= 1; volatile
    select (select name from room_types rt where rt.id = b.room_type_id) as name, (select max(nights) from bookings) as m, (select count(*) from pairs) as c from bookings b
        name text null, m integer null, c bigint not null; reads bookings(nights, room_type_id), pairs(), room_types(id, name)
    select id from bookings b where exists (select 1 from room_types rt where rt.id = b.room_type_id) and not exists (select * from pairs where a = b.nights)
        id bigint not null; reads bookings(id, nights, room_type_id), pairs(a, b, note), room_types(id)
    select id from bookings where room_type_id in (select id from room_types) and nights not in (select a from pairs) and id = any(select id from room_types)
        id bigint not null; reads bookings(id, nights, room_type_id), pairs(a), room_types(id)
    select id from bookings where (nights, status) in (select a, note from pairs)
        id bigint not null; reads bookings(id, nights, status), pairs(a, note)
    select s.x from (select 'a' as x, null as y union all select 'b', 1) as s
        x text not null; rows <= 2
    select s.d from (select interval '1 day' as i, date '2026-01-01' as d) as s where now() + s.i > s.d
        d date not null; rows <= 1; timed
    ");
}

#[test]
fn subqueries_and_ctes_refused() {
    let text = r"
        select s.n from (select count(*) as n from pairs)
        select s.m from (select count(*) as n from pairs) as s
        with recursive r as (select 1 as a union all select a + 1 from r) select a from r
        with x as (select 1 as a), x as (select 2 as a) select a from x
        with x (a, b) as (select 1) select a from x
        with r as not materialized (select random() as x) select x from r
        with x as (select zzz from pairs) select x.anything from x
        with x as (insert into pairs values (1, 2) returning a) select a from x
        select (select a, b from pairs) as x
        select (select a from pairs where zzz = 1) as x from logs
        select id from bookings where id in (select a, b from pairs)
        select id from bookings where id in (select note from pairs)
        select 1 as a from pairs p, (select p.a as x) as s
        select 1 as a from pairs p, lateral (select p.a) as s
        select s.a from (select sum(id) as a from bookings) as s
        select a from (select 1 as a union select 2 order by 1 limit 1) as s limit (select a from pairs)
        select s.x from (select :n) as s (x), (select s.x as y) as q
    ";
    assert_snapshot!(meaning(text), @r"
    select s.n from (select count(*) as n from pairs)
        no_alias at `select count(*) as n from pairs`: a subquery in FROM needs a name -> write (select ..) as s
    select s.m from (select count(*) as n from pairs) as s
        unknown_column at `s.m`: there is no column `m` in `s` -> did you mean `n`?
    with recursive r as (select 1 as a union all select a + 1 from r) select a from r
        not_portable at `with`: WITH RECURSIVE is not in the portable subset -> join as many levels as there are, or use generate_series
    with x as (select 1 as a), x as (select 2 as a) select a from x
        duplicate_alias at `x`: `x` stands twice in WITH -> rename one
    with x (a, b) as (select 1) select a from x
        column_names at `x`: `x` has 1 columns, but 2 names -> give it as many names as columns
    with r as not materialized (select random() as x) select x from r
        not_portable at `r`: a volatile WITH item that is not materialized is not in the portable subset -> leave out `not materialized`: its values must be drawn once
    with x as (select zzz from pairs) select x.anything from x
        unknown_column at `zzz`: there is no column `zzz` -> columns here: a, b, note
    with x as (insert into pairs values (1, 2) returning a) select a from x
        not_portable at `insert into pairs values (1, 2) returning a`: this statement inside another is not in the portable subset -> write select .., or a statement of its own
    select (select a, b from pairs) as x
        subquery_columns at `select a, b from pairs`: a subquery used as a value gives one column, this one 2 -> select one column
    select (select a from pairs where zzz = 1) as x from logs
        unknown_column at `zzz`: there is no column `zzz` -> columns here: a, b, note, at, line, doc
    select id from bookings where id in (select a, b from pairs)
        subquery_columns at `id in (select a, b from pairs)`: 1 values are looked for in 2 columns -> give both sides as many
    select id from bookings where id in (select note from pairs)
        type_mismatch at `id in (select note from pairs)`: the two sides of IN cannot be both a bigint and text -> write (id in (select note from pairs))::bigint
    select 1 as a from pairs p, (select p.a as x) as s
        unknown_relation at `p.a`: `p` is not in FROM -> name a table or alias of this query's FROM
    select 1 as a from pairs p, lateral (select p.a) as s
        not_portable at `select p.a) as s`: LATERAL is not in the portable subset -> join a subquery, or write (select ..) in the select list
    select s.a from (select sum(id) as a from bookings) as s
        not_storable at `sum(id)`: a numeric cannot be given in a column -> write sum(id)::bigint or sum(id)::double precision
    select a from (select 1 as a union select 2 order by 1 limit 1) as s limit (select a from pairs)
        a integer not null; reads pairs(a); rows <= 1
    select s.x from (select :n) as s (x), (select s.x as y) as q
        unknown_relation at `s.x`: `s` is not in FROM -> name a table or alias of this query's FROM
    ");
}

#[test]
fn functions_in_from() {
    let text = r"
        select g.i from generate_series(1, 10) as g(i)
        select g from generate_series(1, :id) as g
        select generate_series from generate_series(1, 10, 2)
        select g.t::date as day from generate_series(:d, :d, interval '1 day') as g(t)
        select u.x from unnest(:ids) as u(x)
        select unnest from unnest(:names)
        select e.value ->> 'a' as a from room_types rt, jsonb_array_elements(rt.data) as e
        select e.x -> 'a' as a from jsonb_array_elements('[1, 2]') as e(x)
        select r.a, r.b from jsonb_to_recordset(:j) as r(a integer, b text)
        select r.a, p.note from jsonb_to_recordset(:j) as r(a integer) left join pairs p on p.a = r.a
    ";
    assert_snapshot!(meaning(text), @r"
    select g.i from generate_series(1, 10) as g(i)
        i integer not null; rows <= 10
    select g from generate_series(1, :id) as g
        g bigint not null
    select generate_series from generate_series(1, 10, 2)
        generate_series integer not null
    select g.t::date as day from generate_series(:d, :d, interval '1 day') as g(t)
        day date not null
    select u.x from unnest(:ids) as u(x)
        x bigint null
    select unnest from unnest(:names)
        unnest text null
    select e.value ->> 'a' as a from room_types rt, jsonb_array_elements(rt.data) as e
        a text null; reads room_types(data)
    select e.x -> 'a' as a from jsonb_array_elements('[1, 2]') as e(x)
        a jsonb null
    select r.a, r.b from jsonb_to_recordset(:j) as r(a integer, b text)
        a integer null, b text null
    select r.a, p.note from jsonb_to_recordset(:j) as r(a integer) left join pairs p on p.a = r.a
        a integer null, note text null; reads pairs(a, note)
    ");
}

#[test]
fn functions_in_from_refused() {
    let text = r"
        select i from generate_series(1.5, 2) as g(i)
        select i from generate_series(:d, :d) as g(i)
        select i from generate_series(1) as g(i)
        select i from generate_series('a', 'b') as g(i)
        select x from unnest(:n) as u(x)
        select x from unnest(array[1, 2]) as u(x)
        select x from unnest(:ids, :names) as u(x, y)
        select x from unnest(:ids) with ordinality as u(x, n)
        select r.a from jsonb_to_recordset(:j) as r
        select r.a from jsonb_to_recordset(:j) as r(a)
        select r.a from jsonb_to_recordset(:j) as r(a interval)
        select r.a from jsonb_to_recordset(:t) as r(a integer)
        select x from json_each(:j) as x
        select generate_series(1, 2) as a, unnest(:ids) as b
        select i from generate_series(1, count(*)) as g(i)
    ";
    assert_snapshot!(meaning(text), @r"
    select i from generate_series(1.5, 2) as g(i)
        arguments at `generate_series(1.5, 2) as g(i`: generate_series does not take these arguments -> cast the arguments to bigint
    select i from generate_series(:d, :d) as g(i)
        arguments at `generate_series(:d, :d) as g(i`: generate_series does not take these arguments -> give a step: interval '1 day'
    select i from generate_series(1) as g(i)
        arguments at `generate_series(1) as g(i`: generate_series does not take these arguments -> from generate_series(start, stop [, step]) as g(i)
    select i from generate_series('a', 'b') as g(i)
        arguments at `generate_series('a', 'b') as g(i`: generate_series does not take these arguments -> cast the arguments to bigint
    select x from unnest(:n) as u(x)
        value_as_list at `:n`: `:n` is one value, not a list -> declare it as integer[]
    select x from unnest(array[1, 2]) as u(x)
        not_portable at `1, 2]) as u(x`: unnest of this is not in the portable subset -> write unnest(:list) as u(x) with one list parameter
    select x from unnest(:ids, :names) as u(x, y)
        not_portable at `:ids, :names) as u(x, y`: unnest of this is not in the portable subset -> write unnest(:list) as u(x) with one list parameter
    select x from unnest(:ids) with ordinality as u(x, n)
        not_portable at `:ids) with ordinality as u(x, n`: WITH ORDINALITY is not in the portable subset -> use row_number() over (order by ..)
    select r.a from jsonb_to_recordset(:j) as r
        no_alias at `jsonb_to_recordset(:j) as r`: jsonb_to_recordset needs its columns -> name the columns and their types: jsonb_to_recordset(x) as r(a integer, b text)
    select r.a from jsonb_to_recordset(:j) as r(a)
        no_type at `a`: this column has no type -> name the columns and their types: jsonb_to_recordset(x) as r(a integer, b text)
    select r.a from jsonb_to_recordset(:j) as r(a interval)
        not_storable at `a`: a column of interval cannot be read from JSON -> read it as text and cast it
    select r.a from jsonb_to_recordset(:t) as r(a integer)
        type_mismatch at `:t`: this is text, but jsonb is wanted -> write :t::jsonb
    select x from json_each(:j) as x
        not_portable at `json_each(:j) as x`: json_each in FROM is not in the portable subset -> generate_series, unnest(:list), jsonb_array_elements and jsonb_to_recordset may stand in FROM
    select generate_series(1, 2) as a, unnest(:ids) as b
        not_portable at `generate_series(1, 2)`: generate_series outside FROM is not in the portable subset -> write: from generate_series(..) as x(value)
        not_portable at `unnest(:ids)`: unnest outside FROM is not in the portable subset -> write: from unnest(..) as x(value)
    select i from generate_series(1, count(*)) as g(i)
        aggregate_here at `count(*)`: count may not stand in FROM -> write (select ..) as the argument
    ");
}
