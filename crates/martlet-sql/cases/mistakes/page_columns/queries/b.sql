-- @allow user
-- @page by price_cents desc, id
select id from items
