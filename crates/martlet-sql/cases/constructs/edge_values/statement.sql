-- @allow anyone
-- @param t text
-- @param n bigint
-- @param d double
-- @param at timestamptz
-- @param doc jsonb
-- @returns row
select :t as t, length(:t) as characters, :t = lower(:t) as is_low, :n as n, :d as d, :at as at, :doc as doc, :doc ->> 'k' as k
