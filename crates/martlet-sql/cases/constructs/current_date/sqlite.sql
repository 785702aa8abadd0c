SELECT "things"."id", "things"."day" < ?1 AS "past", "things"."day" > date_pli(?1, 7) AS "far"
FROM "things"
ORDER BY 1;
-- ?1 is current_date
