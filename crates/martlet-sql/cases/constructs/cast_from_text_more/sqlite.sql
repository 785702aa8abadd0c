SELECT boolin(?1) AS "b", uuid_in(?2) AS "u", jsonb_in(?3) AS "j", timestamptz_in(?4) AS "a";
-- ?1 is :b
-- ?2 is :u
-- ?3 is :j
-- ?4 is :a
