-- @allow anyone
-- @param id bigint optional
insert into parts (id, thing_id, label) values (:id, 1, 'x') returning label
