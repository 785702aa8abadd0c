import { forget } from '../cache.js';
import { database } from '../database.js';
import { booking, read } from '../input.js';
import { Problem } from '../problem.js';
import { keysOfOverlapping } from './availability.js';

export async function bookRoom(request, response) {
  const { room_type_id, check_in, check_out } = read(booking, request.body);
  // One call, one round trip: the function locks, looks and books.
  const [booked] = await database.$queryRaw`
    SELECT id, total_cents
    FROM take_room(${request.caller.id}::int, ${room_type_id}::int, ${check_in}::date, ${check_out}::date)`;
  if (booked === undefined) throw new Problem(409, 'no room is free');
  await forget(keysOfOverlapping(check_in, check_out));
  response.status(201).json(booked);
}
