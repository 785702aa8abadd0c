-- @allow anyone
-- @param t text
select :t::integer as i, :t::bigint as b, :t::double precision as d, (:t || '-01-01')::date as y
