-- @allow user
-- @scan people "every night, by the office"
select count(*) as meetings
  from people p
  join orders o on o.placed_on = p.joined_on
