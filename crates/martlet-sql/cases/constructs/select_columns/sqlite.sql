SELECT "things"."id", "things"."name", "things"."note", "things"."small", "things"."big", "things"."amount", "things"."is_on", "things"."is_seen", "things"."day", "things"."at", "things"."token", "things"."doc", "things"."raw"
FROM "things"
ORDER BY 1;
