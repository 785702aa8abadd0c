-- @allow user
delete from items
