-- @allow anyone
-- @param days date[]
-- @param flags boolean[]
-- @param amounts double[]
-- @param tokens uuid[]
-- @param smalls integer[]
select id, day = any(:days) as d, is_on = any(:flags) as f, amount = any(:amounts) as a, token = any(:tokens) as u, big = any(:smalls) as s
  from things
 order by id
