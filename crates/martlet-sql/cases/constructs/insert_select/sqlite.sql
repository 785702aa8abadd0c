INSERT INTO "counters" ("key", "hits")
SELECT "p"."label", sum("p"."quantity")
FROM "parts" AS "p"
GROUP BY "p"."label"
ORDER BY "p"."label"
RETURNING "counters"."key", "counters"."hits";
