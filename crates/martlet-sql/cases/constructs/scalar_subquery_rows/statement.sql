-- @allow anyone
-- @param thing bigint
select (select p.label from parts p where p.thing_id = :thing) as label
