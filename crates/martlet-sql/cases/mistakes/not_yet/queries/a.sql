-- @allow anyone
-- @param id bigint
-- @cache for 30s stale 5s
-- @limit 10/s per user "Slow down."
-- @route GET /api/items/{id} deprecated 2027-01-31
-- @warm id=1
-- @scan items "few"
select name from items where id = :id
