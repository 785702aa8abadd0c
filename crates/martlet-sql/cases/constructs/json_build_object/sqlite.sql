SELECT json_build_object('ibdttJjtit', 'id', "things"."id", 'b', "things"."is_on", 'a', "things"."amount", 'day', "things"."day", 'at', "things"."at", 'doc', "things"."doc", 'raw', "things"."raw", 'note', "things"."note", 'big', "things"."big", 'token', "things"."token") AS "o"
FROM "things"
ORDER BY "things"."id";
