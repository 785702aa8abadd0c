SELECT ?1 AS "t", length(?1) AS "characters", ?1 = lower(?1) AS "is_low", ?2 AS "n", ?3 AS "d", ?4 AS "at", ?5 AS "doc", jsonb_object_field_text(?5, 'k') AS "k";
-- ?1 is :t
-- ?2 is :n
-- ?3 is :d
-- ?4 is :at
-- ?5 is :doc
