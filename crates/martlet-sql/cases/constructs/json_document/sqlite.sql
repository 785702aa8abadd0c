SELECT json_build_object('ij', 'id', "t"."id", 'parts', coalesce((SELECT json_agg('j', json_build_object('tb', 'label', "p"."label", 'is_many', "p"."quantity" > 1) ORDER BY "p"."id") FROM "parts" AS "p" WHERE "p"."thing_id" = "t"."id"), '[]')) AS "thing"
FROM "things" AS "t"
WHERE "t"."id" < 4
ORDER BY "t"."id";
