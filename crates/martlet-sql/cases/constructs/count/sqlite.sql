SELECT count(*) AS "rows", count("things"."note") AS "notes", count(DISTINCT "things"."small") AS "smalls"
FROM "things";
