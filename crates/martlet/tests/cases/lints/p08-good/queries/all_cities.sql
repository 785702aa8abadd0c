-- @allow user
-- @scan people "once a month, by the office"
select city, count(*) as people from people group by city order by city
