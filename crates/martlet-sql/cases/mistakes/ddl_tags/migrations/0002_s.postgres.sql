-- @table v(id bigint, words text)
create table v ()
