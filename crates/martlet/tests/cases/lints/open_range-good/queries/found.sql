-- @allow user
-- @param since date  First day
-- @param days integer 1..31  How many
select count(*) as people
  from people
 where joined_on >= :since and joined_on < :since + :days
