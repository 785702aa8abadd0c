-- @allow anyone
-- @param id bigint
-- @name one
select id, small, amount, at, token, raw from things where id = :id;

insert into counters (key, hits, seen_on) select 'k' || :one.id::text, coalesce(:one.small, -1), :one.at::date where :one.id is not null;

-- @answer
select c.key, c.hits, c.seen_on, :one.amount * 2 as twice, :one.token as token, :one.raw as raw from counters c where c.hits = :one.small or c.key = 'home' order by c.key
