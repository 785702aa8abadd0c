-- 1
INSERT INTO "shops" ("code")
VALUES ('cc')
RETURNING "shops"."code", "shops"."kind", "shops"."opened" >= '2024-01-01' AS "is_new", "shops"."made_at" > '2024-01-01T00:00:00+00:00' AS "is_now", "shops"."rank", "shops"."meta", "shops"."key" IS NOT NULL AS "has_key";

-- 2
DELETE FROM "shops"
WHERE "shops"."code" = 'cc';
