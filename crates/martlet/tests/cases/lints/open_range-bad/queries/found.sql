-- @allow user
-- @param since date  First day
select count(*) as people
  from people
 where joined_on >= :since
