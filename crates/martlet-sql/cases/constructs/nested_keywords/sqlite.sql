SELECT "g"."order", "g"."My Column" AS "Select", "where"."order" AS "from"
FROM "group" AS "g" JOIN "group" AS "where" ON "where"."order" = int4pl("g"."order", 1)
ORDER BY "g"."order";
