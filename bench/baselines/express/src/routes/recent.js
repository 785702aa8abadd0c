import { sendText } from '../answer.js';
import { database } from '../database.js';
import { page, read } from '../input.js';
import { Problem } from '../problem.js';

const PAGE_ROWS = 20;

// Not cached: each play changes it, and a user reads it rarely twice in between.
export async function showRecent(request, response) {
  const { cursor } = read(page, request.query);
  const { id } = request.caller;
  // One row more than the page tells whether another page follows.
  const plays = cursor === undefined ? await firstPlays(id) : await playsAfter(id, positionOf(cursor));
  const isMore = plays.length > PAGE_ROWS;
  if (isMore) plays.length = PAGE_ROWS;
  const items = plays.map(({ song_id, title, artist, played_at }) => ({ song_id, title, artist, played_at }));
  sendText(response, JSON.stringify({ items, next_cursor: isMore ? cursorOf(plays[PAGE_ROWS - 1]) : null }));
}

function firstPlays(userId) {
  return database.$queryRaw`
    SELECT p.id, p.song_id, s.title, s.artist, p.played_at
    FROM recently_played p JOIN songs s ON s.id = p.song_id
    WHERE p.user_id = ${userId}::int
    ORDER BY p.played_at DESC, p.id DESC LIMIT 21`;
}

function playsAfter(userId, { playedAt, id }) {
  return database.$queryRaw`
    SELECT p.id, p.song_id, s.title, s.artist, p.played_at
    FROM recently_played p JOIN songs s ON s.id = p.song_id
    WHERE p.user_id = ${userId}::int AND (p.played_at, p.id) < (${playedAt}::timestamptz, ${id}::int)
    ORDER BY p.played_at DESC, p.id DESC LIMIT 21`;
}

function cursorOf({ played_at, id }) {
  return Buffer.from(JSON.stringify([played_at, id])).toString('base64url');
}

function positionOf(cursor) {
  try {
    const [playedAt, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Number.isInteger(id) && Number.isFinite(Date.parse(playedAt))) return { playedAt, id };
  } catch {
    // Told below, as every cursor that is none.
  }
  throw new Problem(400, 'the cursor is not one of ours');
}
