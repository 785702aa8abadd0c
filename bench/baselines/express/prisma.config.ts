import { defineConfig } from 'prisma/config';

// `prisma generate` opens no connection.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
