// Prisma over the pg driver. Every statement has a name, so that PostgreSQL parses and plans it once a connection.
import { PrismaPg } from '@prisma/adapter-pg';
import generated from '../generated/client/index.js';
import settings from './settings.js';

const statementNames = new Map();

function nameOf({ sql }) {
  const known = statementNames.get(sql);
  if (known !== undefined) return known;
  const name = `statement_${statementNames.size + 1}`;
  statementNames.set(sql, name);
  return name;
}

const adapter = new PrismaPg(
  { connectionString: settings.DATABASE_URL, max: settings.DATABASE_CONNECTIONS, statement_timeout: 30_000 },
  { statementNameGenerator: nameOf },
);

export const database = new generated.PrismaClient({ adapter });
