import { sendText } from '../answer.js';
import { cached } from '../cache.js';
import { database } from '../database.js';
import { eventToken, read } from '../input.js';

export async function showEvent(request, response) {
  const { token } = read(eventToken, request.params);
  // PostgreSQL writes the whole document: one statement, one text, nothing to assemble here.
  const text = await cached(`event:${token}`, async () => {
    const [found] = await database.$queryRaw`
      SELECT json_build_object(
        'id', e.id, 'title', e.title, 'created_at', e.created_at,
        'blocks', (
          SELECT json_agg(json_build_object(
            'id', b.id, 'starts_at', b.starts_at, 'ends_at', b.ends_at,
            'available', (SELECT count(*) FROM availabilities a WHERE a.block_id = b.id)) ORDER BY b.starts_at)
          FROM blocks b WHERE b.event_id = e.id),
        'participants', (
          SELECT json_agg(json_build_object('id', p.id, 'name', p.name) ORDER BY p.id)
          FROM participants p WHERE p.event_id = e.id)
      )::text AS document
      FROM events e WHERE e.token = ${token}`;
    return found === undefined ? null : found.document;
  });
  sendText(response, text);
}
