-- @allow user
-- @param limit bigint
-- @param cursor text
-- @param Big bigint
-- @param :id bigint
-- @param id bigint
-- @param id text
-- @param
-- @param 1a text
select :id as x
