//! Window functions.

use super::meaning;
use insta::assert_snapshot;

#[test]
fn windows() {
    let text = r"
        select id, row_number() over (order by id) as n, rank() over (partition by status order by nights desc) as r from bookings
        select lag(nights) over (order by id) as a, lag(nights, 2) over (order by id) as b, lead(nights, 1, 0) over (order by id) as c, lag(status, 1, 'none') over w as d from bookings window w as (order by check_in, id)
        select sum(nights) over (order by id) as a, sum(nights) over () as b, sum(nights) over (order by id rows between 2 preceding and current row) as c, sum(id) over (order by id)::bigint as d from bookings
        select id from bookings order by row_number() over (order by id)
        select id, n from (select id, row_number() over (partition by status order by id) as n from bookings) as s where n <= 3
    ";
    assert_snapshot!(meaning(text), @r"
    select id, row_number() over (order by id) as n, rank() over (partition by status order by nights desc) as r from bookings
        id bigint not null, n bigint not null, r bigint not null; reads bookings(id, nights, status)
    select lag(nights) over (order by id) as a, lag(nights, 2) over (order by id) as b, lead(nights, 1, 0) over (order by id) as c, lag(status, 1, 'none') over w as d from bookings window w as (order by check_in, id)
        a integer null, b integer null, c integer not null, d text not null; reads bookings(check_in, id, nights, status)
    select sum(nights) over (order by id) as a, sum(nights) over () as b, sum(nights) over (order by id rows between 2 preceding and current row) as c, sum(id) over (order by id)::bigint as d from bookings
        a bigint not null, b bigint not null, c bigint null, d bigint not null; reads bookings(id, nights)
    select id from bookings order by row_number() over (order by id)
        id bigint not null; reads bookings(id)
    select id, n from (select id, row_number() over (partition by status order by id) as n from bookings) as s where n <= 3
        id bigint not null, n bigint not null; reads bookings(id, status)
    ");
}

#[test]
fn windows_refused() {
    let text = r"
        select id from bookings where row_number() over (order by id) = 1
        select row_number() as a, rank() as b, lag(id) as c from bookings
        select row_number() over () as a, lag(id) over (partition by status) as b from bookings
        select dense_rank() over (order by id) as a, count(*) over () as b, avg(nights) over () as c, first_value(id) over (order by id) as d from bookings
        select row_number(1) over (order by id) as a, lag() over (order by id) as b, lag(id, 'x') over (order by id) as c, lag(id, 1, 'x') over (order by id) as d from bookings
        select sum(id) over (order by id) as a, sum(status) over (order by id) as b from bookings
        select sum(nights) over w as a from bookings
        select sum(nights) over (w rows 1 preceding) as a from bookings window w as (order by id)
        select sum(nights) over (order by id range between 1 preceding and current row) as a, sum(nights) over (order by id groups current row) as b from bookings
        select sum(nights) over (order by id rows between current row and 1 preceding) as a, sum(nights) over (order by id rows between nights preceding and current row) as b from bookings
        select sum(nights) filter (where id > 1) over (order by id) as a, sum(distinct nights) over (order by id) as b, lag(id) ignore nulls over (order by id) as c from bookings
        select row_number() over (order by id rows 1 preceding) as a, row_number() over (order by 'x') as b from bookings
        select sum(row_number() over (order by id)) as a from bookings
        select status from bookings group by status, row_number() over (order by status)
    ";
    assert_snapshot!(meaning(text), @r"
    select id from bookings where row_number() over (order by id) = 1
        window_here at `row_number()`: a window function stands in the select list only -> compute it in a subquery: select .. from (select .., rank() over (..) as r from ..) as s
    select row_number() as a, rank() as b, lag(id) as c from bookings
        no_over at `row_number()`: row_number needs OVER -> write row_number(..) over (order by ..)
        no_over at `rank()`: rank needs OVER -> write rank(..) over (order by ..)
        no_over at `lag(id)`: lag needs OVER -> write lag(..) over (order by ..)
    select row_number() over () as a, lag(id) over (partition by status) as b from bookings
        window_order at `row_number()`: row_number needs an order -> write over (order by ..), with a key last, so that the order is one
        window_order at `lag(id)`: lag needs an order -> write over (order by ..), with a key last, so that the order is one
    select dense_rank() over (order by id) as a, count(*) over () as b, avg(nights) over () as c, first_value(id) over (order by id) as d from bookings
        not_portable at `dense_rank()`: dense_rank with OVER is not in the portable subset -> row_number, rank, lag, lead and sum have one; aggregate in a subquery for others
        not_portable at `count(*)`: distinct, order by, filter or * in a window function is not in the portable subset -> use it without, or aggregate in a subquery
        not_portable at `avg(nights)`: avg with OVER is not in the portable subset -> row_number, rank, lag, lead and sum have one; aggregate in a subquery for others
        not_portable at `first_value(id)`: first_value with OVER is not in the portable subset -> row_number, rank, lag, lead and sum have one; aggregate in a subquery for others
    select row_number(1) over (order by id) as a, lag() over (order by id) as b, lag(id, 'x') over (order by id) as c, lag(id, 1, 'x') over (order by id) as d from bookings
        arguments at `row_number(1)`: row_number does not take these arguments -> row_number() over (..) -> bigint
        arguments at `lag()`: lag does not take these arguments -> lag(x [, offset [, default]]) over (..) -> the type of x
        invalid_literal at `'x'`: 'x' is not an integer -> an integer is written in digits
        invalid_literal at `'x'`: 'x' is not a bigint -> a bigint is written in at most 19 digits
    select sum(id) over (order by id) as a, sum(status) over (order by id) as b from bookings
        not_storable at `sum(id)`: a numeric cannot be given in a column -> write sum(id)::bigint or sum(id)::double precision
        no_signature at `status`: sum does not take text -> write status::bigint
    select sum(nights) over w as a from bookings
        unknown_window at `w`: there is no window `w` -> write: window w as (order by ..)
    select sum(nights) over (w rows 1 preceding) as a from bookings window w as (order by id)
        not_portable at `sum(nights)`: a window made from another is not in the portable subset -> write it out: over (partition by ..)
    select sum(nights) over (order by id range between 1 preceding and current row) as a, sum(nights) over (order by id groups current row) as b from bookings
        not_portable at `sum(nights)`: this frame is not in the portable subset -> write rows between unbounded preceding and current row, or rows between 6 preceding and current row
        not_portable at `sum(nights)`: this frame is not in the portable subset -> write rows between unbounded preceding and current row, or rows between 6 preceding and current row
    select sum(nights) over (order by id rows between current row and 1 preceding) as a, sum(nights) over (order by id rows between nights preceding and current row) as b from bookings
        not_portable at `sum(nights)`: this frame is not in the portable subset -> write rows between unbounded preceding and current row, or rows between 6 preceding and current row
        not_portable at `sum(nights)`: this frame is not in the portable subset -> write rows between unbounded preceding and current row, or rows between 6 preceding and current row
    select sum(nights) filter (where id > 1) over (order by id) as a, sum(distinct nights) over (order by id) as b, lag(id) ignore nulls over (order by id) as c from bookings
        not_portable at `sum(nights)`: distinct, order by, filter or * in a window function is not in the portable subset -> use it without, or aggregate in a subquery
        not_portable at `sum(distinct nights)`: distinct, order by, filter or * in a window function is not in the portable subset -> use it without, or aggregate in a subquery
        not_portable at `lag(id)`: this form of call is not in the portable subset -> write f(a, b)
    select row_number() over (order by id rows 1 preceding) as a, row_number() over (order by 'x') as b from bookings
        not_portable at `row_number()`: a frame for row_number is not in the portable subset -> leave it out: it changes nothing
        not_portable at `'x'`: a constant in this order is not in the portable subset -> name a column; positions mean nothing here
    select sum(row_number() over (order by id)) as a from bookings
        window_here at `row_number()`: a window function stands in the select list only -> compute it in a subquery: select .. from (select .., rank() over (..) as r from ..) as s
    select status from bookings group by status, row_number() over (order by status)
        window_here at `row_number()`: a window function stands in the select list only -> compute it in a subquery: select .. from (select .., rank() over (..) as r from ..) as s
    ");
}
