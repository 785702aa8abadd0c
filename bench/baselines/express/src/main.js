// One process: listens, forgets its cache on SIGHUP, ends on SIGTERM or SIGINT.
import http from 'node:http';
import { closeCache, forgetAll } from './cache.js';
import { database } from './database.js';
import { app } from './server.js';
import settings from './settings.js';

const IDLE_MS = 75_000;

await database.$connect();
const server = http.createServer({ keepAliveTimeout: IDLE_MS }, app);
server.listen(settings.PORT, settings.HOST, () => {
  console.log(`serving at http://${settings.HOST}:${server.address().port}`);
});

process.on('SIGHUP', () => {
  forgetAll().then(() => console.log('forgot all cached answers'), console.error);
});

function stop() {
  server.close(async () => {
    await database.$disconnect();
    closeCache();
  });
  server.closeAllConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
