// What comes from outside, checked by zod.
import { z } from 'zod';
import { Problem } from './problem.js';

export const NIGHTS_MAX = 30;
const DAY_MS = 86_400_000;

export const dayNumber = (date) => Date.parse(date) / DAY_MS;
export const dayText = (number) => new Date(number * DAY_MS).toISOString().slice(0, 10);

const dates = { check_in: z.iso.date(), check_out: z.iso.date() };
const lasts = ({ check_in, check_out }) => {
  const nights = dayNumber(check_out) - dayNumber(check_in);
  return nights >= 1 && nights <= NIGHTS_MAX;
};
const wrongLength = `a stay has 1 to ${NIGHTS_MAX} nights`;

export const stay = z.object(dates).refine(lasts, wrongLength);
export const booking = z.object({ room_type_id: z.int().positive(), ...dates }).refine(lasts, wrongLength);
export const spin = z.object({ bet_cents: z.int().min(1).max(100_000) });
export const eventToken = z.object({ token: z.string().regex(/^[0-9a-f]{32}$/) });
export const page = z.object({ cursor: z.string().max(120).optional() });

export function read(schema, value) {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw new Problem(400, error.issues[0].message);
  return data;
}
