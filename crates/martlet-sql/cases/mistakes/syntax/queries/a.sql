-- @allow user
select from where
