SELECT gen_random_uuid() LIKE '________-____-4___-____-____________' AS "is_v4", gen_random_uuid() <> gen_random_uuid() AS "differ";
