-- @allow user
begin;
commit;
