SELECT jsonb_build_object('ibdJ', 'id', "things"."id", 'b', "things"."is_on", 'aa', "things"."amount", 'c', jsonb_build_array('tib', "things"."name", "things"."small", "things"."is_seen")) AS "o"
FROM "things"
ORDER BY "things"."id";
