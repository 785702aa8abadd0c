-- @allow user
-- @param a text
-- @route GET /v/{a}
select :a as x
