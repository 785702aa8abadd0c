SELECT array_to_string(text_agg(DISTINCT "p"."label" ORDER BY "p"."label"), '+') AS "labels", array_to_string(text_agg(DISTINCT "t"."note" ORDER BY "t"."note" DESC NULLS FIRST), '|') AS "notes"
FROM "parts" AS "p" JOIN "things" AS "t" ON "t"."id" = "p"."thing_id";
