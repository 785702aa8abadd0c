SELECT "g"."value" AS "at"
FROM json_each(generate_series_timestamptz('2024-02-28T00:00:00+00:00', '2024-03-02T00:00:00+00:00', '0 0 43200000000')) AS "g"
ORDER BY "g"."value";
