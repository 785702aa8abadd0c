//! Parameters, earlier statements' rows, and the caller.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn parameters() {
    let text = r"
        select :id as a, :n as b, :f as c, :t as d, :d as e, :ts as f, :u as g, :b as h, :j as i, :opt as j
        select :d - 31 as a, :n + :id as b, coalesce(:opt, 'x') as c, :j ->> 'k' as d
        select id from bookings where id = any(:ids) and not (status = any(:names)) and nights = any(:ids) and check_in = any(:days)
        select :booking.id as a, :booking.status as b
        select auth.uid() as a, auth.role() as b, auth.jwt() as c, auth.jwt() ->> 'sub' as d, auth.jwt() -> 'app_metadata' ->> 'x' as e
        select id from bookings where user_id = auth.uid() and (auth.jwt() ->> 'level')::integer > 1
    ";
    assert_snapshot!(meaning(text), @r"
    select :id as a, :n as b, :f as c, :t as d, :d as e, :ts as f, :u as g, :b as h, :j as i, :opt as j
        a bigint not null, b integer not null, c double precision not null, d text not null, e date not null, f timestamptz not null, g uuid not null, h boolean not null, i jsonb not null, j text null; rows <= 1
    select :d - 31 as a, :n + :id as b, coalesce(:opt, 'x') as c, :j ->> 'k' as d
        a date not null, b bigint not null, c text not null, d text null; rows <= 1
    select id from bookings where id = any(:ids) and not (status = any(:names)) and nights = any(:ids) and check_in = any(:days)
        id bigint not null; reads bookings(check_in, id, nights, status)
    select :booking.id as a, :booking.status as b
        a bigint null, b text null; rows <= 1
    select auth.uid() as a, auth.role() as b, auth.jwt() as c, auth.jwt() ->> 'sub' as d, auth.jwt() -> 'app_metadata' ->> 'x' as e
        a uuid null, b text not null, c jsonb null, d text null, e text null; rows <= 1
    select id from bookings where user_id = auth.uid() and (auth.jwt() ->> 'level')::integer > 1
        id bigint not null; reads bookings(id, user_id)
    ");
}

#[test]
fn parameters_refused() {
    let text = r"
        select :idd as a, :zzz as b, :booking as c
        select :bookin.id as a, :booking.idd as b, :booking.zzz as c, :other.id as d
        select :ids as a
        select id from bookings where id in (:ids)
        select id from bookings where id not in (:ids)
        select id from bookings where id = any(:n)
        select id from bookings where status = any(:ids)
        select id from bookings where id = any(:names)
        select id from bookings where created_at = any(:days)
        select id from bookings where id = any(array[1, 2])
        select id from bookings where id = any('{1,2}')
        select auth.email() as a, auth.users() as b, auth.uid(1) as c, session_user as d
        select d from bookings
    ";
    assert_snapshot!(meaning(text), @r"
    select :idd as a, :zzz as b, :booking as c
        unknown_parameter at `:idd`: there is no parameter `idd` -> did you mean `:id`?
        unknown_parameter at `:zzz`: there is no parameter `zzz` -> declare it above the statement: `-- @param zzz bigint`
        unknown_parameter at `:booking`: there is no parameter `booking` -> write `:booking.column` for a column of that statement
    select :bookin.id as a, :booking.idd as b, :booking.zzz as c, :other.id as d
        unknown_step at `:bookin.id`: no earlier statement is named `bookin` -> did you mean `:booking.id`?
        unknown_column at `:booking.idd`: `booking` has no column `idd` -> did you mean `:booking.id`?
        unknown_column at `:booking.zzz`: `booking` has no column `zzz` -> it gives id, status
        unknown_step at `:other.id`: no earlier statement is named `other` -> write `-- @name other` above an earlier statement
    select :ids as a
        list_as_value at `:ids`: `:ids` is a list of bigint -> write x = any(:ids), or from unnest(:ids) as u(x)
    select id from bookings where id in (:ids)
        list_as_value at `:ids`: `:ids` is a list -> write x = any(:ids)
    select id from bookings where id not in (:ids)
        list_as_value at `:ids`: `:ids` is a list -> write not (x = any(:ids))
    select id from bookings where id = any(:n)
        value_as_list at `:n`: `:n` is one value, not a list -> declare it as integer[]
    select id from bookings where status = any(:ids)
        type_mismatch at `status`: the two sides of any cannot be both text and a bigint -> write status::text
    select id from bookings where id = any(:names)
        type_mismatch at `id`: the two sides of any cannot be both a bigint and text -> write id::bigint
    select id from bookings where created_at = any(:days)
        type_mismatch at `created_at`: `:days` holds date values, but timestamptz is wanted -> declare the list as timestamptz[]
    select id from bookings where id = any(array[1, 2])
        not_portable at `id = any(array[1, 2])`: any of this is not in the portable subset -> declare a list parameter, `-- @param list bigint[]`
    select id from bookings where id = any('{1,2}')
        not_portable at `id = any('{1,2}')`: any of this is not in the portable subset -> write x = any(:list), or x in ('a', 'b')
    select auth.email() as a, auth.users() as b, auth.uid(1) as c, session_user as d
        not_portable at `auth.email()`: auth.email() is not in the portable subset -> write auth.jwt() ->> 'email'
        unknown_function at `auth.users()`: there is no function auth.users() -> the caller is auth.uid(), auth.role() and auth.jwt() ->> 'claim'
        arguments at `auth.uid(1)`: auth.uid does not take these arguments -> it takes none
        unknown_function at `session_user`: the function session_user is not in the portable subset -> write auth.uid()
    select d from bookings
        unknown_column at `d`: there is no column `d` -> the parameter is written `:d`
    ");
}
