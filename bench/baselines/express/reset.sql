-- Takes back the bookings made since setup.sql. psql -v keep=200000 -f reset.sql DATABASE_URL
\set ON_ERROR_STOP on
DELETE FROM bookings WHERE id > :keep;
VACUUM (ANALYZE) bookings;
