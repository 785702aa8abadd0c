//! The statements: those that Martlet makes of the app, in a human hand. An event takes three.

pub(crate) const PROFILE: &str = "SELECT id, email, name, avatar FROM users WHERE id = ?1";
pub(crate) const AVAILABILITY: &str = "SELECT rt.id, rt.name, rt.price_cents, rt.rooms - (SELECT count(*) FROM bookings b \
     WHERE b.room_type_id = rt.id AND b.status = 'confirmed' AND b.check_in < ?2 AND b.check_in > ?3 AND b.check_out > ?1) \
     FROM room_types rt ORDER BY rt.id";
pub(crate) const RECENT: &str = "SELECT p.song_id, s.title, s.artist, p.played_at, p.id FROM recently_played p \
     JOIN songs s ON s.id = p.song_id WHERE p.user_id = ?1 ORDER BY p.played_at DESC, p.id DESC LIMIT 21";
pub(crate) const RECENT_AFTER: &str = "SELECT p.song_id, s.title, s.artist, p.played_at, p.id FROM recently_played p \
     JOIN songs s ON s.id = p.song_id WHERE p.user_id = ?1 AND (p.played_at, p.id) < (?2, ?3) \
     ORDER BY p.played_at DESC, p.id DESC LIMIT 21";
pub(crate) const EVENT: &str = "SELECT id, title, created_at FROM events WHERE token = ?1";
pub(crate) const BLOCKS: &str = "SELECT b.id, b.starts_at, b.ends_at, (SELECT count(*) FROM availabilities a WHERE a.block_id = b.id) \
     FROM blocks b WHERE b.event_id = ?1 ORDER BY b.starts_at, b.id";
pub(crate) const PARTICIPANTS: &str = "SELECT id, name FROM participants WHERE event_id = ?1 ORDER BY id";
pub(crate) const REPORT: &str = "SELECT substr(d.check_in, 1, 7), d.room_type_id, sum(d.revenue), sum(d.nights), sum(d.bookings) FROM \
     (SELECT room_type_id, check_in, sum(total_cents) AS revenue, sum(nights) AS nights, count(*) AS bookings FROM bookings \
     WHERE status = 'confirmed' GROUP BY room_type_id, check_in) d GROUP BY 1, 2 ORDER BY 1, 2";
pub(crate) const BOOK: &str = "INSERT INTO bookings (user_id, room_type_id, check_in, nights, check_out, status, total_cents, created_at) \
     SELECT ?1, rt.id, ?3, ?5, ?4, 'confirmed', ?5 * rt.price_cents, ?7 FROM room_types rt WHERE rt.id = ?2 AND rt.rooms > \
     (SELECT count(*) FROM bookings b WHERE b.room_type_id = rt.id AND b.status = 'confirmed' \
     AND b.check_in < ?4 AND b.check_in > ?6 AND b.check_out > ?3) RETURNING id, total_cents";
