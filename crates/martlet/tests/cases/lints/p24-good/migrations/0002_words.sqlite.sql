-- @table words(id bigint not null, word text)
create table words (id integer primary key, word text) strict;
