import { sendText } from '../answer.js';
import { cached } from '../cache.js';
import { database } from '../database.js';
import { NIGHTS_MAX, dayNumber, dayText, read, stay } from '../input.js';

export async function showAvailability(request, response) {
  const { check_in, check_out } = read(stay, request.query);
  const text = await cached(keyOf(check_in, check_out), async () => {
    const roomTypes = await database.$queryRaw`
      WITH taken AS (
        SELECT room_type_id, count(*)::int AS rooms FROM bookings
        WHERE stay && daterange(${check_in}::date, ${check_out}::date) AND status = 'confirmed'
        GROUP BY room_type_id
      )
      SELECT t.id, t.name, t.price_cents, t.rooms - coalesce(taken.rooms, 0) AS free
      FROM room_types t LEFT JOIN taken ON taken.room_type_id = t.id
      ORDER BY t.id`;
    return JSON.stringify(roomTypes);
  });
  sendText(response, text);
}

/** The keys of every stay that has a night in common with the given one. */
export function keysOfOverlapping(checkIn, checkOut) {
  const first = dayNumber(checkIn);
  const end = dayNumber(checkOut);
  const days = [];
  for (let day = first - NIGHTS_MAX + 1; day < end + NIGHTS_MAX; day += 1) days.push(dayText(day));
  const text = (day) => days[day - first + NIGHTS_MAX - 1];
  const keys = [];
  for (let from = first - NIGHTS_MAX + 1; from < end; from += 1) {
    for (let to = Math.max(from, first) + 1; to <= from + NIGHTS_MAX; to += 1) keys.push(keyOf(text(from), text(to)));
  }
  return keys;
}

function keyOf(checkIn, checkOut) {
  return `availability:${checkIn}:${checkOut}`;
}
