SELECT json_build_array('itbdtj', "things"."id", "things"."name", "things"."is_on", "things"."amount", NULL, json_build_object('')) AS "a", jsonb_build_array('') AS "b"
FROM "things"
ORDER BY "things"."id";
