SELECT "things"."id", sha256hex("things"."name") AS "h"
FROM "things"
ORDER BY 1;
