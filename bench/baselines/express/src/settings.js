// All settings, read once from the environment and checked.
import { z } from 'zod';

const settings = z.object({
  DATABASE_URL: z.string().min(1),
  REDIS_URL: z.string().min(1),
  JWT_SECRET: z.string().min(32),
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().default(3000),
  DATABASE_CONNECTIONS: z.coerce.number().int().positive().default(20),
  // 0 sends every read to the database: both levels of the cache are off.
  CACHE: z.enum(['0', '1']).default('1'),
});

export default settings.parse(process.env);
