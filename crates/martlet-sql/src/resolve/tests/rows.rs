//! How many rows a statement gives at most.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn bounded() {
    let text = r"
        select 1 as a
        select id from bookings where id = :id
        select id from bookings where id = :id and status = 'x' or false
        select id from bookings where :id = id and status = 'x'
        select note from pairs where a = 1 and b = 2
        select note from pairs where (a, b) = (1, 2)
        select note from pairs where a = 1
        select name from users where email = 'x'
        select id from bookings limit 7
        select id from bookings where id = 1 limit 7
        select count(*) from bookings
        select count(*) from bookings group by status
        select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id where b.id = 1
        select b.id, rt.name from bookings b left join room_types rt on rt.id = b.room_type_id where b.id = 1
        select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id where rt.id = 1
        select b.id from bookings b left join room_types rt on b.id = 1
        select p.note from pairs p join pairs q on q.a = p.b and q.b = p.a where p.a = 1 and p.b = 1
        select id from bookings where id = (select max(id) from bookings)
        select id from bookings where id = random_int(1, 5)
        select id from bookings where id = id
        select s.n from (select id as n from bookings limit 3) as s, (values (1), (2)) as v
        select g.i from generate_series(1, 10) as g(i)
        select id from bookings where id = 1 union all select id from room_types where id = 2
        values (1), (2), (3)
        with x as (select id from bookings limit 4) select id from x
        select price from open_types where id = 1
    ";
    assert_snapshot!(meaning(text), @r"
    select 1 as a
        a integer not null; rows <= 1
    select id from bookings where id = :id
        id bigint not null; reads bookings(id); rows <= 1
    select id from bookings where id = :id and status = 'x' or false
        id bigint not null; reads bookings(id, status)
    select id from bookings where :id = id and status = 'x'
        id bigint not null; reads bookings(id, status); rows <= 1
    select note from pairs where a = 1 and b = 2
        note text null; reads pairs(a, b, note); rows <= 1
    select note from pairs where (a, b) = (1, 2)
        note text null; reads pairs(a, b, note); rows <= 1
    select note from pairs where a = 1
        note text null; reads pairs(a, note)
    select name from users where email = 'x'
        name text null; reads users(email, name); rows <= 1
    select id from bookings limit 7
        id bigint not null; reads bookings(id); rows <= 7
    select id from bookings where id = 1 limit 7
        id bigint not null; reads bookings(id); rows <= 1
    select count(*) from bookings
        count bigint not null; reads bookings(); rows <= 1
    select count(*) from bookings group by status
        count bigint not null; reads bookings(status)
    select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id where b.id = 1
        id bigint not null, name text not null; reads bookings(id, room_type_id), room_types(id, name); rows <= 1
    select b.id, rt.name from bookings b left join room_types rt on rt.id = b.room_type_id where b.id = 1
        id bigint not null, name text null; reads bookings(id, room_type_id), room_types(id, name); rows <= 1
    select b.id, rt.name from bookings b join room_types rt on rt.id = b.room_type_id where rt.id = 1
        id bigint not null, name text not null; reads bookings(id, room_type_id), room_types(id, name)
    select b.id from bookings b left join room_types rt on b.id = 1
        id bigint not null; reads bookings(id), room_types()
    select p.note from pairs p join pairs q on q.a = p.b and q.b = p.a where p.a = 1 and p.b = 1
        note text null; reads pairs(a, b, note); rows <= 1
    select id from bookings where id = (select max(id) from bookings)
        id bigint not null; reads bookings(id); rows <= 1
    select id from bookings where id = random_int(1, 5)
        id bigint not null; reads bookings(id); volatile
    select id from bookings where id = id
        id bigint not null; reads bookings(id)
    select s.n from (select id as n from bookings limit 3) as s, (values (1), (2)) as v
        n bigint not null; reads bookings(id); rows <= 6
    select g.i from generate_series(1, 10) as g(i)
        i integer not null; rows <= 10
    select id from bookings where id = 1 union all select id from room_types where id = 2
        id bigint not null; reads bookings(id), room_types(id); rows <= 2
    values (1), (2), (3)
        column1 integer not null; rows <= 3
    with x as (select id from bookings limit 4) select id from x
        id bigint not null; reads bookings(id); rows <= 4
    select price from open_types where id = 1
        price bigint not null; reads room_types(id, is_open, name, price_cents)
    ");
}

#[test]
fn scalar_subqueries_are_null_without_a_row() {
    let text = r"
        select (select count(*) from pairs) as a, (select 1) as b, (select 1 where false) as c, (select a from pairs where a = 1 and b = 1) as d, (select count(*) from pairs limit 0) as e
    ";
    assert_snapshot!(meaning(text), @r"
    select (select count(*) from pairs) as a, (select 1) as b, (select 1 where false) as c, (select a from pairs where a = 1 and b = 1) as d, (select count(*) from pairs limit 0) as e
        a bigint not null, b integer not null, c integer null, d integer null, e bigint null; reads pairs(a, b); rows <= 1
    ");
}
