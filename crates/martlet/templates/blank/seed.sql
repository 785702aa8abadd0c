-- Rows for development and tests. `martlet dev` runs this on an empty database.
insert into notes (body) values
  ('This note is from seed.sql.'),
  ('Save queries/notes.sql and load the page again.');
