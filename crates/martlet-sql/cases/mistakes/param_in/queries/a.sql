-- @allow user
-- @param a text in card
-- @param b text in ('a', 'a')
-- @param c bigint in (1, '2')
-- @param d text in ('a' 'b')
-- @param e text in ()
-- @param f text in (null)
-- @param g text in ('a
select 1 as x
