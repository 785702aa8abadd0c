-- @allow anyone
-- @param name text
-- @param small integer
-- @param big bigint
-- @param amount double
-- @param is_on boolean
-- @param day date
-- @param at timestamptz
-- @param token uuid
-- @param doc jsonb
insert into things (id, name, small, big, amount, is_on, day, at, token, doc, raw)
values (100, :name, :small, :big, :amount, :is_on, :day, :at, :token, :doc, '{"z": 1}')
returning name, small, big, amount, is_on, day, at, token, doc, raw
