// Answers in two levels: this process's memory, then Redis. Both hold the JSON text that is sent, so that a hit costs
// neither a parse nor a stringify. Writers delete the keys that they change.
import { Redis } from 'ioredis';
import NodeCache from 'node-cache';
import { cacheAnswers } from './metrics.js';
import settings from './settings.js';

const MEMORY_SECONDS = 30;
const REDIS_SECONDS = 300;
const MEMORY_KEYS_MAX = 1000;

const isOn = settings.CACHE === '1';
const redis = isOn ? new Redis(settings.REDIS_URL, { enableAutoPipelining: true }) : null;
const memory = new NodeCache({ stdTTL: MEMORY_SECONDS, maxKeys: MEMORY_KEYS_MAX, useClones: false, checkperiod: 10 });
// The road to the database under way for a key: those who ask meanwhile share it.
const fetching = new Map();

/** The text under `key`; `fetch` makes it where no level has it. `null` from `fetch` is not kept. */
export function cached(key, fetch) {
  if (!isOn) return fetch();
  const text = memory.get(key);
  if (text !== undefined) {
    cacheAnswers.inc({ level: 'memory' });
    return text;
  }
  const shared = fetching.get(key);
  if (shared !== undefined) return shared;
  const own = fromRedis(key, fetch).finally(() => {
    if (fetching.get(key) === own) fetching.delete(key);
  });
  fetching.set(key, own);
  return own;
}

/** Forgets keys in both levels. */
export async function forget(keys) {
  if (!isOn) return;
  for (const key of keys) fetching.delete(key);
  memory.del(keys);
  await redis.del(...keys);
}

/** Forgets everything: after the data were changed behind the server's back. */
export async function forgetAll() {
  if (!isOn) return;
  fetching.clear();
  memory.flushAll();
  await redis.flushdb();
}

export function closeCache() {
  memory.close();
  redis?.disconnect();
}

async function fromRedis(key, fetch) {
  const text = await redis.get(key);
  if (text !== null) {
    cacheAnswers.inc({ level: 'redis' });
    keepInMemory(key, text);
    return text;
  }
  cacheAnswers.inc({ level: 'database' });
  const made = await fetch();
  if (made === null) return null;
  await redis.set(key, made, 'EX', REDIS_SECONDS);
  keepInMemory(key, made);
  return made;
}

function keepInMemory(key, text) {
  try {
    memory.set(key, text);
  } catch {
    // node-cache evicts nothing: when it is full it throws, and the key lives in Redis alone.
  }
}
