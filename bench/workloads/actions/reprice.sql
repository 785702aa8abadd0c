-- Raises the price of a type of room: the one row stands in every answer of `availability`.
-- @allow service
-- @param room_type_id bigint               Which type of room
-- @param by_cents     integer -1000..1000  How much is added
-- @returns row
-- @expect row else 404 no_room_type "There is no such type of room."
update room_types set price_cents = price_cents + :by_cents where id = :room_type_id returning id, price_cents
