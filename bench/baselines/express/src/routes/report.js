import { sendText } from '../answer.js';
import { database } from '../database.js';

export async function showReport(request, response) {
  // By day first: far fewer rows are then given the name of their month.
  const rows = await database.$queryRaw`
    WITH by_day AS (
      SELECT check_in, room_type_id, sum(total_cents) AS revenue, sum(nights) AS nights, count(*) AS bookings
      FROM bookings WHERE status = 'confirmed'
      GROUP BY check_in, room_type_id
    )
    SELECT to_char(check_in, 'YYYY-MM') AS month, room_type_id,
      sum(revenue)::float8 AS revenue_cents, sum(nights)::int AS nights, sum(bookings)::int AS bookings
    FROM by_day GROUP BY month, room_type_id ORDER BY month, room_type_id`;
  sendText(response, JSON.stringify(rows));
}
