//! The clauses around FROM: names of columns, order, limits, distinct, set operations, VALUES.

use super::{Context, meaning, meaning_in};
use insta::assert_snapshot;

#[test]
fn names() {
    let text = r#"
        select id, name, price_cents::text, lower(name), count(*) over_all from room_types group by id
        select count(*), max(id), 1::bigint, 'x'::text, date '2026-01-01', interval '1 day' is null as x from room_types
        select coalesce(name, ''), case when is_open then 1 else rooms end, nullif(name, ''), trim(name), substr(name, 1), exists (select 1) from room_types
        select (select name from room_types limit 1), extract(year from now())::integer, current_date, now()
        select case when is_open then 1 end, name as "Name" from room_types
    "#;
    assert_snapshot!(meaning(text), @r#"
    select id, name, price_cents::text, lower(name), count(*) over_all from room_types group by id
        id bigint not null, name text not null, price_cents text not null, lower text not null, over_all bigint not null; reads room_types(id, name, price_cents)
    select count(*), max(id), 1::bigint, 'x'::text, date '2026-01-01', interval '1 day' is null as x from room_types
        count bigint not null, max bigint null, int8 bigint not null, text text not null, date date not null, x boolean not null; reads room_types(id); rows <= 1
    select coalesce(name, ''), case when is_open then 1 else rooms end, nullif(name, ''), trim(name), substr(name, 1), exists (select 1) from room_types
        coalesce text not null, rooms integer not null, nullif text null, btrim text not null, substr text not null, exists boolean not null; reads room_types(is_open, name, rooms)
    select (select name from room_types limit 1), extract(year from now())::integer, current_date, now()
        name text null, extract integer not null, current_date date not null, now timestamptz not null; reads room_types(name); rows <= 1; timed
    select case when is_open then 1 end, name as "Name" from room_types
        case integer null, Name text not null; reads room_types(is_open, name)
    "#);
}

#[test]
fn names_refused() {
    let text = r#"
        select 1 + 1
        select id, name || 'x', 'x' from room_types
        select :n, auth.uid(), not true
        select id, id from room_types
        select a.*, b.* from pairs a join pairs b on a.a = b.a
        select name as x, rooms as x from room_types
        select extract(year from now()) as y, interval '1 day' as i, now()::timestamp as t
        select id as "" from room_types
    "#;
    assert_snapshot!(meaning(text), @r#"
    select 1 + 1
        unnamed_column at `1 + 1`: this column has no name -> write 1 + 1 as name
    select id, name || 'x', 'x' from room_types
        unnamed_column at `name || 'x'`: this column has no name -> write name || 'x' as name
        unnamed_column at `'x'`: this column has no name -> write 'x' as name
    select :n, auth.uid(), not true
        unnamed_column at `:n`: this column has no name -> write :n as name
        unnamed_column at `auth.uid()`: this column has no name -> write auth.uid() as name
        unnamed_column at `not true`: this column has no name -> write not true as name
    select id, id from room_types
        duplicate_column at `id`: two columns are named `id` -> give one another name with as
    select a.*, b.* from pairs a join pairs b on a.a = b.a
        duplicate_column at `b`: two columns are named `a` -> give one another name with as
        duplicate_column at `b`: two columns are named `b` -> give one another name with as
        duplicate_column at `b`: two columns are named `note` -> give one another name with as
    select name as x, rooms as x from room_types
        duplicate_column at `rooms`: two columns are named `x` -> give one another name with as
    select extract(year from now()) as y, interval '1 day' as i, now()::timestamp as t
        not_storable at `extract(year from now())`: a numeric cannot be given in a column -> write extract(year from now())::integer
    select id as "" from room_types
        unnamed_column at `id`: this column has no name -> write id as name
    "#);
}

#[test]
fn words_of_sql() {
    let text = r#"
        select id as "select", name as end, rooms day_of, 1 as year from room_types
        select id 'x', name as 'y' from room_types
        select id not, name year, rooms "all" from room_types
        select user, session_user, all, "name" from room_types
        select id from bookings not
        select id from room_types as all join pairs "all" on true
        with end as (select 1 as a) select a from end
        select s.a from (select 1) as s (desc)
        select (*) from pairs
        select distinct on () id from bookings order by id
        insert into pairs x (a, b) values (1, 2)
    "#;
    assert_snapshot!(meaning(text), @r#"
    select id as "select", name as end, rooms day_of, 1 as year from room_types
        select bigint not null, end text not null, day_of integer not null, year integer not null; reads room_types(id, name, rooms)
    select id 'x', name as 'y' from room_types
        quoted_name at `select id 'x', name as 'y' from room_types`: a name stands in double quotes, a text in single ones -> write "x", or without quotes
        quoted_name at `select id 'x', name as 'y' from room_types`: a name stands in double quotes, a text in single ones -> write "y", or without quotes
    select id not, name year, rooms "all" from room_types
        reserved_word at `not`: `not` is a word of SQL -> write `as not`
        reserved_word at `year`: `year` is a word of SQL -> write `as year`
    select user, session_user, all, "name" from room_types
        unknown_function at `user`: the function user is not in the portable subset -> write auth.uid()
        unknown_function at `session_user`: the function session_user is not in the portable subset -> write auth.uid()
        reserved_word at `all`: `all` is a word of SQL -> write it in double quotes, "all", or use another name
    select id from bookings not
        reserved_word at `not`: `not` is a word of SQL -> write it in double quotes, "not", or use another name
    select id from room_types as all join pairs "all" on true
        reserved_word at `all`: `all` is a word of SQL -> write it in double quotes, "all", or use another name
        duplicate_alias at `select id from room_types as all join pairs "all" on true`: `all` stands twice in FROM -> give one an alias: all as other
    with end as (select 1 as a) select a from end
        reserved_word at `end`: `end` is a word of SQL -> write it in double quotes, "end", or use another name
        reserved_word at `end`: `end` is a word of SQL -> write it in double quotes, "end", or use another name
    select s.a from (select 1) as s (desc)
        reserved_word at `desc`: `desc` is a word of SQL -> write it in double quotes, "desc", or use another name
    select (*) from pairs
        not_portable at `*`: * in brackets is not in the portable subset -> write * alone, or count(*)
    select distinct on () id from bookings order by id
        not_portable at `select distinct on () id from bookings order by id`: an empty distinct on is not in the portable subset -> write distinct, or name what to keep one row of
    insert into pairs x (a, b) values (1, 2)
        not_portable at `x`: an alias without AS here is not in the portable subset -> write insert into t as x
    "#);
}

#[test]
fn order() {
    let text = r"
        select id from bookings order by id
        select id, nights as n from bookings order by n desc, 1, status nulls first, check_in + 1 desc nulls last
        select nights as id from bookings order by id
        select id from room_types order by lower(name), data ->> 'x'
        select id as x, nights as x2 from bookings order by x + 1
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings order by id
        id bigint not null; reads bookings(id)
    select id, nights as n from bookings order by n desc, 1, status nulls first, check_in + 1 desc nulls last
        id bigint not null, n integer not null; reads bookings(check_in, id, nights, status)
    select nights as id from bookings order by id
        id integer not null; reads bookings(nights)
    select id from room_types order by lower(name), data ->> 'x'
        id bigint not null; reads room_types(data, id, name)
    select id as x, nights as x2 from bookings order by x + 1
        unknown_column at `x`: there is no column `x` -> columns here: id, user_id, room_type_id, check_in, check_out, nights, status, total_cents, created_at
    ");
}

#[test]
fn order_refused() {
    let text = r"
        select id from bookings order by 2
        select id from bookings order by 0
        select id from bookings order by 'id'
        select id from bookings order by zzz
        select id from room_types order by data
        select id from bookings order by avg(nights)
        select id, nights as k, status as k2 from bookings order by id using <
        select id as k, nights as k from bookings order by k
        select id from bookings order by all
    ";
    assert_snapshot!(meaning(text), @r#"
    select id from bookings order by 2
        unknown_position at `2`: ORDER BY has no column 2 -> positions are 1 to 1
    select id from bookings order by 0
        unknown_position at `0`: ORDER BY has no column 0 -> positions are 1 to 1
    select id from bookings order by 'id'
        not_portable at `'id'`: a constant in ORDER BY is not in the portable subset -> name a column, or a position from 1
    select id from bookings order by zzz
        unknown_column at `zzz`: there is no column `zzz` -> columns here: id, user_id, room_type_id, check_in, check_out, nights, status, total_cents, created_at
    select id from room_types order by data
        no_order at `data`: jsonb cannot be used in ORDER BY -> use a value in it, x ->> 'key', or x::text
    select id from bookings order by avg(nights)
        no_order at `avg(nights)`: a numeric cannot be used in ORDER BY -> cast it: x::double precision, or x::bigint
    select id, nights as k, status as k2 from bookings order by id using <
        not_portable at `id`: ORDER BY .. USING is not in the portable subset -> write asc or desc
    select id as k, nights as k from bookings order by k
        ambiguous_column at `k`: `k` may mean several columns of the result -> write the expression, or its position
    select id from bookings order by all
        reserved_word at `all`: `all` is a word of SQL -> write it in double quotes, "all", or use another name
    "#);
}

#[test]
fn limits() {
    let text = r"
        select id from bookings order by id limit 10
        select id from bookings order by id limit :n offset :id
        select id from bookings order by id limit all offset 5 rows
        select id from bookings order by id limit 2 + 3
        select id from bookings order by id limit null
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings order by id limit 10
        id bigint not null; reads bookings(id); rows <= 10
    select id from bookings order by id limit :n offset :id
        id bigint not null; reads bookings(id)
    select id from bookings order by id limit all offset 5 rows
        not_portable at `select id from bookings order by id limit all offset 5`: OFFSET .. ROWS is not in the portable subset -> write offset n
    select id from bookings order by id limit 2 + 3
        id bigint not null; reads bookings(id)
    select id from bookings order by id limit null
        id bigint not null; reads bookings(id)
    ");
}

#[test]
fn limits_refused() {
    let text = r"
        select id from bookings order by id offset 5 rows
        select id from bookings order by id limit -1
        select id from bookings order by id limit 'x'
        select id from bookings order by id limit nights
        select id from bookings order by id limit 1.5
        select id from bookings order by id offset -5
        select id from bookings order by id fetch first 5 rows only
        select id from bookings order by id limit :t
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings order by id offset 5 rows
        not_portable at `select id from bookings order by id offset 5`: OFFSET .. ROWS is not in the portable subset -> write offset n
    select id from bookings order by id limit -1
        negative_limit at `-1`: LIMIT is negative -> write 0 or more
    select id from bookings order by id limit 'x'
        invalid_literal at `'x'`: 'x' is not a bigint -> a bigint is written in at most 19 digits
    select id from bookings order by id limit nights
        unknown_column at `nights`: there is no column `nights` -> there is no FROM here; a text is written in single quotes
    select id from bookings order by id limit 1.5
        type_mismatch at `1.5`: this is a numeric, but a bigint is wanted -> write 1.5::bigint
    select id from bookings order by id offset -5
        negative_limit at `-5`: OFFSET is negative -> write 0 or more
    select id from bookings order by id fetch first 5 rows only
        not_portable at `select id from bookings order by id fetch first 5`: FETCH FIRST is not in the portable subset -> write limit n
    select id from bookings order by id limit :t
        type_mismatch at `:t`: this is text, but a bigint is wanted -> write :t::bigint
    ");
}

#[test]
fn distinct() {
    let text = r"
        select distinct status from bookings order by status
        select distinct lower(name) as l from room_types order by lower(name)
        select distinct on (room_type_id) room_type_id, check_in from bookings order by room_type_id, check_in desc
        select distinct on (a, b) a, b, note from pairs order by b, a, note
        select distinct on (1) a from pairs order by a
    ";
    assert_snapshot!(meaning(text), @r"
    select distinct status from bookings order by status
        status text not null; reads bookings(status)
    select distinct lower(name) as l from room_types order by lower(name)
        l text not null; reads room_types(name)
    select distinct on (room_type_id) room_type_id, check_in from bookings order by room_type_id, check_in desc
        room_type_id bigint not null, check_in date not null; reads bookings(check_in, room_type_id)
    select distinct on (a, b) a, b, note from pairs order by b, a, note
        a integer not null, b integer not null, note text null; reads pairs(a, b, note)
    select distinct on (1) a from pairs order by a
        a integer not null; reads pairs(a)
    ");
}

#[test]
fn distinct_refused() {
    let text = r"
        select distinct status from bookings order by nights
        select distinct data from room_types
        select distinct on (room_type_id) room_type_id, check_in from bookings order by check_in
        select distinct on (room_type_id) room_type_id, check_in from bookings
        select distinct on (a, b) a from pairs order by a
    ";
    assert_snapshot!(meaning(text), @r"
    select distinct status from bookings order by nights
        distinct_order at `nights`: with distinct, ORDER BY may name only what is selected -> select it too, or group by instead
    select distinct data from room_types
        no_order at `data`: jsonb cannot be used in distinct -> use a value in it, x ->> 'key', or x::text
    select distinct on (room_type_id) room_type_id, check_in from bookings order by check_in
        distinct_order at `room_type_id`: distinct on needs an ORDER BY that begins with it -> begin ORDER BY with the same expressions; what follows them decides which row stays
    select distinct on (room_type_id) room_type_id, check_in from bookings
        distinct_order at `room_type_id`: distinct on needs an ORDER BY that begins with it -> begin ORDER BY with the same expressions; what follows them decides which row stays
    select distinct on (a, b) a from pairs order by a
        distinct_order at `a`: distinct on needs an ORDER BY that begins with it -> begin ORDER BY with the same expressions; what follows them decides which row stays
    ");
}

#[test]
fn set_operations() {
    let text = r"
        select id, name from room_types union select nights, status from bookings order by id
        select id from room_types union all select id from bookings order by 1 limit 5
        select a from pairs intersect select nights from bookings
        select a from pairs except select nights from bookings order by a desc
        select null as a, 'x' as b, 1 as c union all select 5, null, 2.5::double precision
        (select id from bookings order by id limit 1) union all (select id from room_types order by id limit 2)
        select 1 as a union select 2 union select 3
        select check_in as d from bookings union select created_at from bookings
        select a from pairs union (select 1 intersect select 2)
    ";
    assert_snapshot!(meaning(text), @r"
    select id, name from room_types union select nights, status from bookings order by id
        id bigint not null, name text not null; reads bookings(nights, status), room_types(id, name)
    select id from room_types union all select id from bookings order by 1 limit 5
        id bigint not null; reads bookings(id), room_types(id); rows <= 5
    select a from pairs intersect select nights from bookings
        a integer not null; reads bookings(nights), pairs(a)
    select a from pairs except select nights from bookings order by a desc
        a integer not null; reads bookings(nights), pairs(a)
    select null as a, 'x' as b, 1 as c union all select 5, null, 2.5::double precision
        a integer null, b text null, c double precision not null; rows <= 2
    (select id from bookings order by id limit 1) union all (select id from room_types order by id limit 2)
        id bigint not null; reads bookings(id), room_types(id); rows <= 3
    select 1 as a union select 2 union select 3
        a integer not null; rows <= 3
    select check_in as d from bookings union select created_at from bookings
        d timestamptz not null; reads bookings(check_in, created_at)
    select a from pairs union (select 1 intersect select 2)
        a integer not null; reads pairs(a)
    ");
}

#[test]
fn set_operations_refused() {
    let text = r"
        select id from room_types union select id, name from room_types
        select id from room_types union select name from room_types
        select id from room_types intersect all select id from bookings
        select id from room_types except all select id from bookings
        select data from room_types union select data from room_types
        select id from room_types union all select id from bookings order by id + 1
        select id from room_types union all select id from bookings order by nme
        (select id from bookings) order by id
        select id as a from room_types union all select zzz from bookings
        select 1 union select 2
    ";
    assert_snapshot!(meaning(text), @r"
    select id from room_types union select id, name from room_types
        column_counts at `select id from room_types union select id, name from room_types`: the sides have 1 and 2 columns -> select as many on both sides
    select id from room_types union select name from room_types
        type_mismatch at `name`: a column of both sides cannot be both a bigint and text -> write name::bigint
    select id from room_types intersect all select id from bookings
        not_portable at `select id from room_types intersect all select id from bookings`: all here is not in the portable subset -> only union has all; leave it out
    select id from room_types except all select id from bookings
        not_portable at `select id from room_types except all select id from bookings`: all here is not in the portable subset -> only union has all; leave it out
    select data from room_types union select data from room_types
        no_order at `data`: jsonb cannot be used in a set operation without all -> use a value in it, x ->> 'key', or x::text
    select id from room_types union all select id from bookings order by id + 1
        order_of_result at `id + 1`: this query is ordered by columns of its result only -> name a column of the result, or order a select from this query
    select id from room_types union all select id from bookings order by nme
        order_of_result at `nme`: this query is ordered by columns of its result only -> name a column of the result, or order a select from this query
    (select id from bookings) order by id
        not_portable at `select id from bookings) order by id`: an order or limit on a query in brackets is not in the portable subset -> order and limit inside the brackets, or select from it
    select id as a from room_types union all select zzz from bookings
        unknown_column at `zzz`: there is no column `zzz` -> columns here: id, user_id, room_type_id, check_in, check_out, nights, status, total_cents, created_at
    select 1 union select 2
        unnamed_column at `1`: this column has no name -> write 1 as name
    ");
}

#[test]
fn values() {
    let text = r"
        values (1, 'a'), (2, null)
        select v.x, v.y from (values (1, 'a'), (2::bigint, null)) as v(x, y) order by x
        values (1), (1, 2)
        values (1), ('x')
        values (1.5)
    ";
    assert_snapshot!(meaning(text), @r"
    values (1, 'a'), (2, null)
        column1 integer not null, column2 text null; rows <= 2
    select v.x, v.y from (values (1, 'a'), (2::bigint, null)) as v(x, y) order by x
        x bigint not null, y text null; rows <= 2
    values (1), (1, 2)
        column_counts at `(1), (1, 2)`: the rows of VALUES differ in length -> give each as many values
    values (1), ('x')
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
    values (1.5)
        not_storable at `1.5`: a numeric cannot be given in a column -> write 1.5::double precision
    ");
}

#[test]
fn locks() {
    let text = r"
        select id from bookings where id = :id for update
        select b.id from bookings b join room_types r on r.id = b.room_type_id for update
        select count(*) from bookings for update
        select distinct status from bookings for update
        select s.id from (select id from bookings) as s for update
        select b.id from bookings b left join room_types r on r.id = b.room_type_id for update
        select id from bookings for update skip locked
        select id from bookings for share
        select 1 as a for update
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings where id = :id for update
        id bigint not null; reads bookings(id); rows <= 1
    select b.id from bookings b join room_types r on r.id = b.room_type_id for update
        id bigint not null; reads bookings(id, room_type_id), room_types(id)
    select count(*) from bookings for update
        not_portable at `select count(*) from bookings`: for update on this query is not in the portable subset -> lock rows of plain tables: select .. from t where .. for update
    select distinct status from bookings for update
        not_portable at `select distinct status from bookings`: for update on this query is not in the portable subset -> lock rows of plain tables: select .. from t where .. for update
    select s.id from (select id from bookings) as s for update
        not_portable at `select s.id from (select id from bookings) as s`: for update on this query is not in the portable subset -> lock rows of plain tables: select .. from t where .. for update
    select b.id from bookings b left join room_types r on r.id = b.room_type_id for update
        not_portable at `select b.id from bookings b left join room_types r on r.id = b.room_type_id`: for update on this query is not in the portable subset -> lock rows of plain tables: select .. from t where .. for update
    select id from bookings for update skip locked
        not_portable at `select id from bookings`: this kind of lock is not in the portable subset -> write for update
    select id from bookings for share
        not_portable at `select id from bookings`: this kind of lock is not in the portable subset -> write for update
    select 1 as a for update
        not_portable at `select 1 as a`: for update on this query is not in the portable subset -> lock rows of plain tables: select .. from t where .. for update
    ");
}

#[test]
fn other_clauses() {
    let text = r"
        select top 5 id from bookings
        select id into x from bookings
        table bookings
        select id from bookings where id = 1 and true limit 1 offset 0
    ";
    assert_snapshot!(meaning(text), @r"
    select top 5 id from bookings
        not_portable at `select top 5 id from bookings`: TOP is not in the portable subset -> write limit n at the end
    select id into x from bookings
        not_portable at `select id into x from bookings`: SELECT INTO is not in the portable subset -> write insert into t select ..
    table bookings
        syntax at `table`: expected an SQL statement, found table
    select id from bookings where id = 1 and true limit 1 offset 0
        id bigint not null; reads bookings(id); rows <= 1
    ");
}

#[test]
fn only_an_action_writes() {
    let text = r"
        select id from bookings where id = :id for update
        insert into pairs (a, b) values (1, 2)
        delete from pairs
        select id from pairs
    ";
    assert_snapshot!(meaning_in(Context::Query, text), @r"
    select id from bookings where id = :id for update
        not_portable at `select id from bookings where id = :id`: for update outside an action is not in the portable subset -> leave it out: a query only reads
    insert into pairs (a, b) values (1, 2)
        not_portable at `insert into pairs (a, b) values (1, 2)`: a statement that writes in a query is not in the portable subset -> move the file to actions/; a query is one select
    delete from pairs
        not_portable at `delete from pairs`: a statement that writes in a query is not in the portable subset -> move the file to actions/; a query is one select
    select id from pairs
        unknown_column at `id`: there is no column `id` -> the parameter is written `:id`
    ");
}

#[test]
fn a_view_knows_no_caller() {
    let text = r"
        select id from bookings where user_id = auth.uid()
        select id from bookings where id = :id
        select id, now() as t from bookings
    ";
    assert_snapshot!(meaning_in(Context::View, text), @r"
    select id from bookings where user_id = auth.uid()
        no_caller at `auth.uid()`: a view does not know who asks -> use auth.uid() in the queries and actions, for instance where user_id = auth.uid()
    select id from bookings where id = :id
        no_arguments at `:id`: :id is not known in a view -> it belongs to a query or an action; write it there
    select id, now() as t from bookings
        id bigint not null, t timestamptz not null; reads bookings(id); timed
    ");
}
