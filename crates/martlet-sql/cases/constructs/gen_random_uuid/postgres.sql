select gen_random_uuid()::text like '________-____-4___-____-____________' as is_v4, gen_random_uuid() <> gen_random_uuid() as differ;
