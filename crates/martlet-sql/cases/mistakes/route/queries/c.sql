-- @allow user
-- @param b text
-- @route GET /v/{b}
select :b as x
