-- @allow user
-- @param a text matches ^[a-z]+$
-- @param b text matches /^[a-z+$/
-- @param c text matches /^[a-z]+$
-- @param d text matches /(?=x)/
select 1 as x
