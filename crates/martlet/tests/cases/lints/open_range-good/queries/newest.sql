-- @allow user
-- @param since date  First day
select id, joined_on from people where joined_on >= :since order by joined_on limit 20
