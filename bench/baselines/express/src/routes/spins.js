import { randomInt } from 'node:crypto';
import { database } from '../database.js';
import { read, spin } from '../input.js';
import { Problem } from '../problem.js';

const SYMBOLS = ['cherry', 'lemon', 'bell', 'plum', 'star', 'seven'];
const THREE_ALIKE = 12;
const TWO_ALIKE = 1.4;

export async function playSpin(request, response) {
  const { bet_cents } = read(spin, request.body);
  const { id } = request.caller;
  const symbols = draw();
  const payout_cents = payout(symbols, bet_cents);
  // One statement, so one transaction: without a covered bet no row of the others comes to be.
  const [wallet] = await database.$queryRaw`
    WITH paid AS (
      UPDATE wallets SET balance_cents = balance_cents + (${payout_cents}::int - ${bet_cents}::int)
      WHERE user_id = ${id}::int AND balance_cents >= ${bet_cents}::int
      RETURNING user_id, balance_cents
    ), round AS (
      INSERT INTO game_rounds (user_id, bet_cents, symbols, payout_cents)
      SELECT user_id, ${bet_cents}::int, ${symbols.join(' ')}::text, ${payout_cents}::int FROM paid
      RETURNING id, user_id
    ), movements AS (
      INSERT INTO transactions (user_id, round_id, kind, amount_cents)
      SELECT round.user_id, round.id, movement.kind, movement.amount FROM round
      CROSS JOIN (VALUES ('bet', -${bet_cents}::int), ('payout', ${payout_cents}::int)) AS movement (kind, amount)
      WHERE movement.amount <> 0
    )
    SELECT balance_cents::float8 AS balance_cents FROM paid`;
  if (wallet === undefined) throw new Problem(402, 'the balance does not cover the bet');
  response.json({ balance_cents: wallet.balance_cents, symbols, payout_cents });
}

function draw() {
  // One call of the system's generator for all three.
  const number = randomInt(SYMBOLS.length ** 3);
  return [number % 6, Math.floor(number / 6) % 6, Math.floor(number / 36)].map((at) => SYMBOLS[at]);
}

function payout(symbols, betCents) {
  const different = new Set(symbols).size;
  if (different === 1) return betCents * THREE_ALIKE;
  return different === 2 ? Math.floor(betCents * TWO_ALIKE) : 0;
}
