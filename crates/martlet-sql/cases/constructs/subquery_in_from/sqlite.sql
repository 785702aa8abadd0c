SELECT "s"."parity", count(*) AS "things"
FROM (SELECT "t"."id", "t"."id" % 2 AS "parity" FROM "things" AS "t" WHERE "t"."is_on") AS "s"
GROUP BY "s"."parity"
ORDER BY "s"."parity";
