-- @table s
-- @table a(id bigint)
-- @table t(id bigint, id text)
-- @table u(id varchar)
-- @table v(id bigint not null, words text)
-- @small
create virtual table v using fts5(words)
