-- @allow user
-- @returns row
delete from items
