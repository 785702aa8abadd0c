//! INSERT, UPDATE, DELETE.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn inserts() {
    let text = r"
        insert into pairs (a, b) values (1, 2)
        insert into pairs values (1, 2, 'x'), (3, 4, null)
        insert into pairs values (1, 2)
        insert into bookings (user_id, room_type_id, check_in, check_out, nights, status) values (auth.uid(), :id, :d, :d + 1, 1, default) returning id, status
        insert into logs (at, line) values (:d, 'x'), (now(), null), ('2026-01-01', :t)
        insert into room_types (name, price_cents, rooms, weight) select status, nights, nights, nights from bookings
        insert into room_types (name, price_cents, rooms) select 'x', 1, 2 union all select 'y', 3, 4
        insert into logs select now(), null
        insert into pairs (a, b) select g.i, g.i from generate_series(1, 5) as g(i) returning *
        with x as (select a from pairs where b = 1) insert into pairs (a, b) select a, 5 from x
        insert into pairs (a, b, note) values (1, 2, 'x') on conflict do nothing
        insert into pairs as p (a, b, note) values (1, 2, 'x') on conflict (b, a) do update set note = excluded.note || p.note where p.note is distinct from excluded.note returning p.a
        insert into users (id, email) values (:u, 'x') on conflict (email) do update set name = 'y'
    ";
    assert_snapshot!(meaning(text), @r"
    insert into pairs (a, b) values (1, 2)
        writes pairs(a, b, note); rows <= 1
    insert into pairs values (1, 2, 'x'), (3, 4, null)
        writes pairs(a, b, note); rows <= 2
    insert into pairs values (1, 2)
        writes pairs(a, b, note); rows <= 1
    insert into bookings (user_id, room_type_id, check_in, check_out, nights, status) values (auth.uid(), :id, :d, :d + 1, 1, default) returning id, status
        id bigint not null, status text not null; writes bookings(check_in, check_out, created_at, id, nights, room_type_id, status, total_cents, user_id); rows <= 1
    insert into logs (at, line) values (:d, 'x'), (now(), null), ('2026-01-01', :t)
        writes logs(at, doc, line); rows <= 3; timed
    insert into room_types (name, price_cents, rooms, weight) select status, nights, nights, nights from bookings
        reads bookings(nights, status); writes room_types(data, description, id, is_open, name, price_cents, rooms, weight)
    insert into room_types (name, price_cents, rooms) select 'x', 1, 2 union all select 'y', 3, 4
        writes room_types(data, description, id, is_open, name, price_cents, rooms, weight); rows <= 2
    insert into logs select now(), null
        writes logs(at, doc, line); rows <= 1; timed
    insert into pairs (a, b) select g.i, g.i from generate_series(1, 5) as g(i) returning *
        a integer not null, b integer not null, note text null; writes pairs(a, b, note); rows <= 5
    with x as (select a from pairs where b = 1) insert into pairs (a, b) select a, 5 from x
        reads pairs(a, b); writes pairs(a, b, note)
    insert into pairs (a, b, note) values (1, 2, 'x') on conflict do nothing
        writes pairs(a, b, note); rows <= 1
    insert into pairs as p (a, b, note) values (1, 2, 'x') on conflict (b, a) do update set note = excluded.note || p.note where p.note is distinct from excluded.note returning p.a
        a integer not null; reads pairs(note); writes pairs(a, b, note); rows <= 1
    insert into users (id, email) values (:u, 'x') on conflict (email) do update set name = 'y'
        writes users(created_at, email, id, name); rows <= 1
    ");
}

#[test]
fn inserts_refused() {
    let text = r"
        insert into room_types default values
        insert into logs (at, line) values (check_in_missing, 'x')
        insert into nowhere (a) values (1)
        insert into open_types (id) values (1)
        insert into pairs (a, zzz) values (1, 2)
        insert into pairs (a, a) values (1, 2)
        insert into pairs (a) values (1)
        insert into pairs (a, b) values (1)
        insert into pairs (a, b) values (1, 2), (3)
        insert into pairs values (1, 2, 'x', 4)
        insert into pairs (a, b) values (:id, 2.5)
        insert into pairs (a, b) values ('x', true)
        insert into pairs (a, b, note) values (1, 2, 3)
        insert into pairs (a, b) select id, id from bookings
        insert into pairs (a, b, note) values (1, 2, default), (3, 4, 'x')
        insert into pairs (a, b) values (1, 2) on conflict (a) do nothing
        insert into pairs (a, b) values (1, 2) on conflict do update set note = 'x'
        insert into pairs (a, b) values (1, 2) on conflict on constraint pairs_pkey do nothing
        insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set note = note || 'x'
        insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set note = (select max(note) from pairs)
        insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set zzz = 1
        insert into logs (line) values ('x')
        insert into pairs (a, b) values (1, 2) returning a, (select count(*) from pairs) as n
        insert into pairs (a, b) values (1, 2) returning excluded.a
        insert into pairs (a, b) values (1, 2) returning count(*)
        insert into public.pairs (a, b) values (1, 2)
        insert into pairs set a = 1
        insert or replace into pairs (a, b) values (1, 2)
        insert into room_types (name, price_cents, rooms) values ('x', count(*), 1)
    ";
    assert_snapshot!(meaning(text), @r"
    insert into room_types default values
        missing_column at `insert into room_types`: `room_types` must have a value for name, price_cents, rooms -> give one, or declare a default
    insert into logs (at, line) values (check_in_missing, 'x')
        unknown_column at `check_in_missing`: there is no column `check_in_missing` -> there is no FROM here; a text is written in single quotes
    insert into nowhere (a) values (1)
        unknown_table at `nowhere`: there is no table `nowhere` -> a migration creates it: create table ..
    insert into open_types (id) values (1)
        not_portable at `open_types`: writing to the view `open_types` is not in the portable subset -> write to the tables that it reads
    insert into pairs (a, zzz) values (1, 2)
        unknown_column at `zzz`: `pairs` has no column `zzz` -> its columns: a, b, note
    insert into pairs (a, a) values (1, 2)
        duplicate_column at `a`: `a` is given twice -> give it once
    insert into pairs (a) values (1)
        missing_column at `insert into pairs (a) values (1)`: `pairs` must have a value for b -> give one, or declare a default
    insert into pairs (a, b) values (1)
        column_counts at `insert into pairs (a, b) values (1)`: 1 values are given for 2 columns -> name the columns: insert into t (a, b) ..
    insert into pairs (a, b) values (1, 2), (3)
        column_counts at `insert into pairs (a, b) values (1, 2), (3)`: the rows of VALUES differ in length -> give each as many values
    insert into pairs values (1, 2, 'x', 4)
        column_counts at `insert into pairs values (1, 2, 'x', 4)`: 4 values are given for 3 columns -> name the columns: insert into t (a, b) ..
    insert into pairs (a, b) values (:id, 2.5)
        type_mismatch at `:id`: `a` is integer, this value is bigint -> write :id::integer
        type_mismatch at `2.5`: `b` is integer, this value is numeric -> write 2.5::integer
    insert into pairs (a, b) values ('x', true)
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
        type_mismatch at `true`: `b` is integer, this value is boolean -> write true::integer
    insert into pairs (a, b, note) values (1, 2, 3)
        type_mismatch at `3`: `note` is text, this value is integer -> write '3'
    insert into pairs (a, b) select id, id from bookings
        type_mismatch at `id`: `a` is integer, this value is bigint -> write id::integer
    insert into pairs (a, b, note) values (1, 2, default), (3, 4, 'x')
        not_portable at `insert into pairs (a, b, note) values (1, 2, default), (3, 4, 'x')`: DEFAULT in some rows only is not in the portable subset -> write two statements, one without the column
    insert into pairs (a, b) values (1, 2) on conflict (a) do nothing
        conflict_target at `a`: these columns are no unique key of the table -> its keys are (a, b)
    insert into pairs (a, b) values (1, 2) on conflict do update set note = 'x'
        conflict_target at `insert into pairs (a, b) values (1, 2) on conflict do update set note = 'x'`: do update needs the columns of a key -> name the key: on conflict (id) do update set ..
    insert into pairs (a, b) values (1, 2) on conflict on constraint pairs_pkey do nothing
        not_portable at `insert into pairs (a, b) values (1, 2) on conflict on constraint pairs_pkey`: ON CONSTRAINT is not in the portable subset -> name the columns: on conflict (a, b)
    insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set note = note || 'x'
        ambiguous_column at `note`: `note` may mean several columns -> write pairs.note or excluded.note
    insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set note = (select max(note) from pairs)
        not_portable at `select max(note) from pairs`: a subquery here over the table written is not in the portable subset -> select it in a statement before, and use :step.column
    insert into pairs (a, b) values (1, 2) on conflict (a, b) do update set zzz = 1
        unknown_column at `zzz`: `pairs` has no column `zzz` -> its columns: a, b, note
    insert into logs (line) values ('x')
        missing_column at `insert into logs (line) values ('x')`: `logs` must have a value for at -> give one, or declare a default
    insert into pairs (a, b) values (1, 2) returning a, (select count(*) from pairs) as n
        not_portable at `select count(*) from pairs`: a subquery in RETURNING over the table written is not in the portable subset -> select it in a statement of its own, after this one
    insert into pairs (a, b) values (1, 2) returning excluded.a
        unknown_relation at `excluded.a`: `excluded` is not in FROM -> name a table or alias of this query's FROM
    insert into pairs (a, b) values (1, 2) returning count(*)
        aggregate_here at `count(*)`: count may not stand in RETURNING -> select it in a statement of its own, after this one
    insert into public.pairs (a, b) values (1, 2)
        not_portable at `public.pairs`: a schema before a table is not in the portable subset -> write the table's name alone
    insert into pairs set a = 1
        syntax at `a`: expected SELECT, VALUES, or a subquery in the query body, found a
    insert or replace into pairs (a, b) values (1, 2)
        not_portable at `insert or replace into pairs (a, b) values (1, 2)`: this form of INSERT is not in the portable subset -> write on conflict do nothing, or do update
    insert into room_types (name, price_cents, rooms) values ('x', count(*), 1)
        aggregate_here at `count(*)`: count may not stand in a value written -> write (select sum(x) from ..)
    ");
}

#[test]
fn updates() {
    let text = r"
        update room_types set name = 'x'
        update room_types set price_cents = price_cents + rooms, description = null where id = :id returning id, price_cents
        update room_types rt set rooms = rt.rooms + 1, (name, description) = ('a', 'b') where rt.is_open
        update bookings b set status = rt.name from room_types rt where rt.id = b.room_type_id and rt.is_open
        update bookings set total_cents = (select price_cents from room_types rt where rt.id = bookings.room_type_id) where id = 1
        with x as (select id from room_types) update bookings set status = 'x' from x where x.id = room_type_id
        update logs set at = check_in from bookings where line = status
    ";
    assert_snapshot!(meaning(text), @r"
    update room_types set name = 'x'
        writes room_types(name)
    update room_types set price_cents = price_cents + rooms, description = null where id = :id returning id, price_cents
        id bigint not null, price_cents bigint not null; reads room_types(id, price_cents, rooms); writes room_types(description, price_cents); rows <= 1
    update room_types rt set rooms = rt.rooms + 1, (name, description) = ('a', 'b') where rt.is_open
        reads room_types(is_open, rooms); writes room_types(description, name, rooms)
    update bookings b set status = rt.name from room_types rt where rt.id = b.room_type_id and rt.is_open
        reads bookings(room_type_id), room_types(id, is_open, name); writes bookings(status)
    update bookings set total_cents = (select price_cents from room_types rt where rt.id = bookings.room_type_id) where id = 1
        reads bookings(id, room_type_id), room_types(id, price_cents); writes bookings(total_cents); rows <= 1
    with x as (select id from room_types) update bookings set status = 'x' from x where x.id = room_type_id
        reads bookings(room_type_id), room_types(id); writes bookings(status)
    update logs set at = check_in from bookings where line = status
        reads bookings(check_in, status), logs(line); writes logs(at)
    ");
}

#[test]
fn updates_refused() {
    let text = r"
        update room_type set name = 'x'
        update open_types set name = 'x'
        update room_types set nme = 'x', name = 1, rooms = price_cents
        update room_types set name = 'x', name = 'y'
        update room_types set name = default
        update room_types set room_types.name = 'x'
        update room_types set (name, description) = (select 'a', 'b')
        update room_types rt set name = 'x' where room_types.id = 1
        update room_types set name = 'x' where id = 1 returning zzz
        update bookings b set status = rt.name from room_types rt where rt.id = b.room_type_id returning rt.name
        update bookings set status = 'x' from bookings where true
        update bookings set nights = count(*)
        update bookings set status = 'x' where count(*) = 1
        update bookings set status = 'x' returning id, (select count(*) from bookings) as n
        update bookings set status = 'x' order by id limit 1
    ";
    assert_snapshot!(meaning(text), @r"
    update room_type set name = 'x'
        unknown_table at `room_type`: there is no table `room_type` -> did you mean `room_types`?
    update open_types set name = 'x'
        not_portable at `open_types`: writing to the view `open_types` is not in the portable subset -> write to the tables that it reads
    update room_types set nme = 'x', name = 1, rooms = price_cents
        unknown_column at `nme`: `room_types` has no column `nme` -> did you mean `name`?
        type_mismatch at `1`: `name` is text, this value is integer -> write '1'
        type_mismatch at `price_cents`: `rooms` is integer, this value is bigint -> write price_cents::integer
    update room_types set name = 'x', name = 'y'
        duplicate_column at `name`: `name` is set twice -> set it once
    update room_types set name = default
        not_portable at `name`: DEFAULT in an assignment is not in the portable subset -> write the value; only INSERT takes default
    update room_types set room_types.name = 'x'
        not_portable at `room_types.name`: a table before an assigned column is not in the portable subset -> write the column's name alone
    update room_types set (name, description) = (select 'a', 'b')
        not_portable at `name, description) = (select 'a', 'b'`: this assignment of a row is not in the portable subset -> write a = x, b = y
    update room_types rt set name = 'x' where room_types.id = 1
        unknown_relation at `room_types.id`: `room_types` is not in FROM -> use its alias here; a subquery in FROM sees no other item of FROM
    update room_types set name = 'x' where id = 1 returning zzz
        unknown_column at `zzz`: there is no column `zzz` -> columns here: id, name, description, price_cents, rooms, weight, is_open, data
    update bookings b set status = rt.name from room_types rt where rt.id = b.room_type_id returning rt.name
        not_portable at `rt.name`: RETURNING of another table's column is not in the portable subset -> return the table's own columns; select the others in a statement of their own
    update bookings set status = 'x' from bookings where true
        duplicate_alias at `update bookings set status = 'x' from bookings where true`: `bookings` is the table written and stands in FROM too -> give it an alias there: bookings as other
    update bookings set nights = count(*)
        aggregate_here at `count(*)`: count may not stand in a value written -> write (select sum(x) from ..)
    update bookings set status = 'x' where count(*) = 1
        aggregate_here at `count(*)`: count may not stand in WHERE -> use HAVING, or a subquery
    update bookings set status = 'x' returning id, (select count(*) from bookings) as n
        not_portable at `select count(*) from bookings`: a subquery in RETURNING over the table written is not in the portable subset -> select it in a statement of its own, after this one
    update bookings set status = 'x' order by id limit 1
        syntax at `order`: unexpected `order`
    ");
}

#[test]
fn deletes() {
    let text = r"
        delete from pairs
        delete from pairs where a = 1 and b = 2 returning *
        delete from bookings b where not exists (select 1 from users u where u.id = b.user_id)
        delete from bookings where id in (select id from bookings where nights > 3)
    ";
    assert_snapshot!(meaning(text), @r"
    delete from pairs
        writes pairs(a, b, note)
    delete from pairs where a = 1 and b = 2 returning *
        a integer not null, b integer not null, note text null; reads pairs(a, b, note); writes pairs(a, b, note); rows <= 1
    delete from bookings b where not exists (select 1 from users u where u.id = b.user_id)
        reads bookings(user_id), users(id); writes bookings(check_in, check_out, created_at, id, nights, room_type_id, status, total_cents, user_id)
    delete from bookings where id in (select id from bookings where nights > 3)
        reads bookings(id, nights); writes bookings(check_in, check_out, created_at, id, nights, room_type_id, status, total_cents, user_id)
    ");
}

#[test]
fn deletes_refused() {
    let text = r"
        delete from nowhere
        delete from open_types
        delete from pairs using logs where note = line
        delete from pairs where zzz = 1
        delete from pairs returning note || 'x'
        delete from pairs limit 1
    ";
    assert_snapshot!(meaning(text), @r"
    delete from nowhere
        unknown_table at `nowhere`: there is no table `nowhere` -> a migration creates it: create table ..
    delete from open_types
        not_portable at `open_types`: writing to the view `open_types` is not in the portable subset -> write to the tables that it reads
    delete from pairs using logs where note = line
        not_portable at `delete from pairs using logs where note = line`: DELETE .. USING is not in the portable subset -> write where exists (select 1 from ..)
    delete from pairs where zzz = 1
        unknown_column at `zzz`: there is no column `zzz` -> columns here: a, b, note
    delete from pairs returning note || 'x'
        unnamed_column at `note || 'x'`: this column has no name -> write note || 'x' as name
    delete from pairs limit 1
        not_portable at `delete from pairs limit 1`: this form of DELETE is not in the portable subset -> write delete from t where .. returning ..
    ");
}

#[test]
fn other_statements() {
    let text = r"
        truncate pairs
        merge into pairs using logs on true when matched then delete
        create table x (a integer)
        call x()
    ";
    assert_snapshot!(meaning(text), @r"
    truncate pairs
        not_portable at `pairs`: TRUNCATE is not in the portable subset -> write delete from t
    merge into pairs using logs on true when matched then delete
        not_portable at `merge into pairs using logs on true when matched then delete`: MERGE is not in the portable subset -> write insert .. on conflict (key) do update set ..
    create table x (a integer)
        not_portable at `x (a`: this statement is not in the portable subset -> write select, insert, update or delete
    call x()
        not_portable at `x`: CALL is not in the portable subset -> write the statements into an action
    ");
}
