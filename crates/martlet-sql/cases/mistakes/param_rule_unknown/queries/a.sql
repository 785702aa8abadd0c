-- @allow user
-- @param a text emial
-- @param b text option
-- @param c bigint the number
-- @param d text Optional text
-- @param e bigint 5
select :d as x
