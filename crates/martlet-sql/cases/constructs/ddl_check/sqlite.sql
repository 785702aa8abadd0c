INSERT INTO "shops" ("id", "code", "kind", "rank", "opened", "made_at", "key")
VALUES (9, ?1, ?2, ?3, '2024-01-01', '2024-01-01T00:00:00+00:00', '00000000-0000-4000-8000-000000000009');
-- ?1 is :code
-- ?2 is :kind
-- ?3 is :rank
